"""``disentool sample``."""

from functools import partial
from pathlib import Path

import click

from disentool.arguments.bounds import DRAWS, GRID_PIXELS
from disentool.arguments.defaults import SAMPLE_PIXELS, SAMPLES
from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.progress import reporter
from disentool.cli.results import print_path


@command(
    examples=(
        "disentool sample ckpt.pt -n 100 -o samples.png",
        "disentool sample ckpt.pt --direction dirs.h5:shift-x --t uniform:-0.1,0.1 -n 1000 -o samples.h5",
    )
)
@click.argument("checkpoint", metavar="[CKPT]", type=options.path, default=Path("ckpt.pt"))
@option(
    "-o",
    "--output",
    group="Output",
    metavar="FILE|FOLDER",
    type=options.path,
    required=True,
    help="What to write: a grid (.png .pdf .svg), a data set (.h5), or a folder of PNGs (a name without a suffix).",
)
@option(
    "-n",
    "count",
    group="Output",
    metavar="N",
    type=options.whole(DRAWS),
    default=SAMPLES,
    show_default=True,
    help="How many images to draw.",
)
@option(
    "--size",
    group="Output",
    metavar="PIXELS",
    type=options.whole(GRID_PIXELS),
    default=SAMPLE_PIXELS,
    show_default=True,
    help="About how many pixels the longer side of an image in a grid has.",
)
@options.width
@options.height
@options.overwrite
@options.directions
@option(
    "--t",
    "laws",
    group="Directions",
    metavar="LAW",
    multiple=True,
    help="The law that t of a direction follows: LOW:HIGH (uniform:LOW,HIGH is the same), normal:MEAN,STD (cut to the"
    " valid range) or a number. Give one --t for each --direction.",
)
@options.force
@options.classes
@options.seed
@options.device
@options.trust
@options.quiet
def sample(
    checkpoint: Path,
    output: Path,
    count: int,
    seed: int,
    size: int,
    width: float | None,
    height: float | None,
    directions: tuple[str, ...],
    laws: tuple[str, ...],
    classes: str | None,
    device: str,
    trust: bool,
    force: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Draw images from the prior of CKPT (default: ckpt.pt), and print the path of the output.

    A data set holds the images and their codes. The n-th image depends on the seed and on n only. Of a method of class
    and content (LORD, ML-VAE, DrNet) a grid has one content in each row and one class in each column. LORD and DrNet
    have no prior: a note says what their codes are drawn from.

    With --direction and --t, the position t of the codes along each direction follows a law. A data set then holds t
    too. CKPT may also be any generator that `find-direction` takes.
    """
    if directions:
        from disentool.commands import sample as tool

        made = tool.sample_along(
            str(checkpoint),
            directions,
            laws,
            output,
            count,
            classes=options.class_numbers(classes),
            seed=seed,
            size=size,
            width=width,
            height=height,
            device=device,
            trust=trust,
            force=force,
            overwrite=overwrite,
            report=reporter(quiet),
        )
    else:
        options.require_no_directions(("--t", laws), ("--force", force))
        from disentool.commands import sample as tool
        from disentool.models.generator import is_foreign

        if is_foreign(checkpoint):
            draw = partial(tool.sample_along, str(checkpoint), (), (), classes=options.class_numbers(classes))
        else:
            options.require_no_directions(("--class", classes))
            draw = partial(tool.sample, checkpoint)
        made = draw(
            output=output,
            count=count,
            seed=seed,
            size=size,
            width=width,
            height=height,
            device=device,
            trust=trust,
            overwrite=overwrite,
            report=reporter(quiet),
        )
    print_path(made)
