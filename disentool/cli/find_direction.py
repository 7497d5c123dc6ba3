"""``disentool find-direction``."""

from pathlib import Path

import click

from disentool.arguments.defaults import FOLLOWING_METHOD, SEARCH_LOSS, SEARCH_METHOD, SEARCH_STARTS
from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.progress import reporter
from disentool.cli.results import print_path
from disentool.directions import METHODS
from disentool.directions.reconstruction import LOSSES
from disentool.directions.transforms import TRANSFORMS
from disentool.errors import PartlyDone


@command(
    "find-direction",
    examples=(
        "disentool find-direction ckpt.pt --transform shift-x --transform zoom -o dirs.h5",
        "disentool find-direction ckpt.pt --transform brightness --method lm -o bright.h5",
    ),
    names={
        "Transforms, for t > 0": [(name, f"{t.summary}; t in {t.unit}") for name, t in TRANSFORMS.items()],
        "Methods": list(METHODS.items()),
        "Losses": list(LOSSES.items()),
    },
)
@click.argument("generator", metavar="[GENERATOR]", default="ckpt.pt", callback=options.not_empty)
@option(
    "--transform",
    "transforms",
    group="Search",
    metavar="NAME",
    multiple=True,
    shell_complete=options.complete_from(lambda: TRANSFORMS),
    help="The change of the image to find a direction for; see the list. Repeatable.",
)
@option(
    "--method",
    group="Search",
    type=click.Choice(list(METHODS)),
    help="How to find the direction; see the list."
    f"  [default: {SEARCH_METHOD}; with --range or --steps {FOLLOWING_METHOD}]",
)
@option(
    "--loss",
    group="Search",
    type=click.Choice(list(LOSSES)),
    default=SEARCH_LOSS,
    show_default=True,
    help="How to compare images; see the list.",
)
@option(
    "--sigma",
    group="Search",
    metavar="PIXELS",
    type=float,
    help="The standard deviation of the blur.  [default: 3 for images of 128 pixels, in proportion for others]",
)
@option(
    "--starts",
    group="Search",
    metavar="N",
    type=int,
    default=SEARCH_STARTS,
    show_default=True,
    help="Random codes to start from; the worst tenth is dropped.",
)
@option(
    "--range",
    "extent",
    group="Search",
    metavar="T",
    type=float,
    help="Change images by t from -T to T."
    "  [default: 0.2, or 18 for rotate; with --method paper 0.5, or 45 for rotate; tangent has none]",
)
@option(
    "--steps",
    group="Search",
    metavar="N",
    type=int,
    help="Target images on each side of t = 0.  [default: 2; with --method paper 5; tangent has none]",
)
@option(
    "-o",
    "--output",
    group="Output",
    metavar="FILE",
    type=options.path,
    default="dirs.h5",
    show_default=True,
    help="The file of directions to write.",
)
@option(
    "--force", group="Output", is_flag=True, help="Also write directions for changes that the generator cannot make."
)
@options.overwrite
@options.classes
@options.truncation
@options.space
@options.seed
@options.device
@options.trust
@options.quiet
def find_direction(
    generator: str,
    transforms: tuple[str, ...],
    output: Path,
    method: str | None,
    loss: str,
    sigma: float | None,
    starts: int,
    extent: float | None,
    steps: int | None,
    classes: str | None,
    truncation: float | None,
    space: str | None,
    seed: int,
    device: str,
    trust: bool,
    force: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Find directions of the latent space that shift, zoom, brighten or turn the image, and measure by how much.

    GENERATOR (default: ckpt.pt) is a checkpoint, weights that `export` wrote, or a folder with a BigGAN. With --trust
    it may also be module:name, a TorchScript file, a .pt2 file or the .pkl file of a StyleGAN. Several classes
    (--class) get a direction each, such as shift-x@14, and one for all of them together. A change that the generator
    cannot make is refused: the directions of the others are written, and the exit code is 1.
    """
    from disentool.commands import find_direction as tool

    try:
        made = tool.find_direction(
            generator,
            transforms,
            output,
            method=method,
            loss=loss,
            sigma=sigma,
            starts=starts,
            extent=extent,
            steps=steps,
            classes=options.class_numbers(classes),
            truncation=truncation,
            space=space,
            seed=seed,
            device=device,
            trust=trust,
            force=force,
            overwrite=overwrite,
            report=reporter(quiet),
        )
    except PartlyDone as error:
        print_path(error.written)
        raise
    print_path(made)
