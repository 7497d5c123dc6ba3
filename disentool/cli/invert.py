"""``disentool invert``."""

from pathlib import Path

import click

from disentool.arguments.bounds import IMAGES, INVERTED_PIXELS
from disentool.arguments.defaults import (
    INVERSION_LOSSES,
    INVERSION_PIXELS,
    INVERSION_RATE,
    INVERSION_STARTS,
    INVERSION_STEPS,
)
from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.progress import reporter
from disentool.cli.results import print_path
from disentool.directions.reconstruction import LOSSES
from disentool.errors import WrongUsage


def _pixels(text: str | None) -> list[float]:
    """``1,2.5`` as numbers."""
    try:
        return [float(part) for part in text.split(",")] if text else []
    except ValueError:
        raise WrongUsage(f"--sigma {text}: expected pixels separated by commas, such as 0.75,1.5,3") from None


@command(
    examples=(
        "disentool invert ckpt.pt --image a.png --image b.png -o found.png -o found.jsonl",
        "disentool invert ckpt.pt --rows 0,5,9 --loss mse -o found.h5",
    ),
    names={"Losses": list(LOSSES.items())},
)
@click.argument("generator", metavar="[GENERATOR]", default="ckpt.pt", callback=options.not_empty)
@option(
    "-o",
    "--output",
    "outputs",
    group="Output",
    metavar="FILE",
    type=options.path,
    multiple=True,
    help="A picture (.png .pdf .svg), a table (.jsonl) or the codes (.h5) to write. Repeatable.",
)
@option(
    "--size",
    group="Output",
    metavar="PIXELS",
    type=options.whole(INVERTED_PIXELS),
    default=INVERSION_PIXELS,
    show_default=True,
    help="About how many pixels the longer side of an image in the picture has.",
)
@options.lpips("Output", "Measure by LPIPS too, with")
@options.overwrite
@option(
    "--image",
    "image_files",
    group="Images",
    metavar="FILE|FOLDER",
    type=options.path,
    multiple=True,
    help="A picture to find the code of, or a folder: all pictures below it. Repeatable.",
)
@option(
    "--rows",
    group="Images",
    metavar="N,N-N",
    help="The rows to find the codes of, in the data of the checkpoint or in --data.",
)
@option(
    "--images",
    group="Images",
    metavar="N",
    type=options.whole(IMAGES),
    help="How many images of the checkpoint to use, where --image and --rows name none.  [default: 4]",
)
@options.data
@option(
    "--loss",
    "losses",
    group="Search",
    metavar="NAME,...",
    shell_complete=options.complete_from(lambda: LOSSES, listed=True),
    default=",".join(INVERSION_LOSSES),
    show_default=True,
    help="What to minimise: one search for each loss of the list.",
)
@option(
    "--sigma",
    "sigmas",
    group="Search",
    metavar="PIXELS,...",
    help="The standard deviations of the blur.  [default: 1.5, 3 and 6 for images of 128 pixels]",
)
@option(
    "--starts",
    group="Search",
    metavar="N",
    type=int,
    default=INVERSION_STARTS,
    show_default=True,
    help="Random codes to start from; the best result counts.",
)
@option(
    "--steps",
    group="Search",
    metavar="N",
    type=int,
    default=INVERSION_STEPS,
    show_default=True,
    help="Steps of Adam from each start.",
)
@option(
    "--learning-rate",
    group="Search",
    metavar="X",
    type=float,
    default=INVERSION_RATE,
    show_default=True,
    help="Adam's learning rate at the first step.",
)
@options.classes
@options.truncation
@options.space
@options.seed
@options.device
@options.trust
@options.quiet
def invert(
    generator: str,
    outputs: tuple[Path, ...],
    image_files: tuple[Path, ...],
    rows: str | None,
    data: str | None,
    images: int | None,
    losses: str,
    sigmas: str | None,
    starts: int,
    steps: int,
    learning_rate: float,
    classes: str | None,
    truncation: float | None,
    space: str | None,
    seed: int,
    size: int,
    lpips: tuple[Path, ...],
    device: str,
    trust: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Find codes z whose images G(z) are like the images that you name, and print the paths of the outputs.

    GENERATOR (default: ckpt.pt) is a checkpoint, weights that `export` wrote, or a folder with a BigGAN. With --trust
    it may also be module:name, a TorchScript file, a .pt2 file or the .pkl file of a StyleGAN. Without --image and
    --rows, the images are those that the checkpoint keeps.
    """
    from disentool.commands import invert as tool

    made = tool.invert(
        generator,
        outputs,
        image_files=image_files,
        rows=options.ranges(rows, "--rows") if rows else None,
        data=data,
        images=images,
        losses=[part.strip() for part in losses.split(",")],
        sigmas=_pixels(sigmas),
        starts=starts,
        steps=steps,
        learning_rate=learning_rate,
        classes=options.class_numbers(classes),
        truncation=truncation,
        space=space,
        seed=seed,
        size=size,
        lpips=lpips,
        device=device,
        trust=trust,
        overwrite=overwrite,
        report=reporter(quiet),
    )
    for path in made:
        print_path(path)
