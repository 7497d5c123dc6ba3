"""``disentool sample``."""

from pathlib import Path

import click

from disentool.cli import options
from disentool.cli.progress import reporter
from disentool.errors import WrongUsage


@click.command(
    epilog="\b\nExamples:\n  disentool sample ckpt.pt -n 100 -o samples.png\n"
    "  disentool sample ckpt.pt --direction dirs.h5:shift-x --t uniform:-0.2,0.2 -n 1000 -o samples.h5",
)
@click.argument("checkpoint", metavar="[CKPT]", type=options.path, default=Path("ckpt.pt"))
@click.option("-n", "count", type=click.IntRange(1, 10_000_000), default=64, show_default=True, help="How many images.")
@click.option(
    "-o", "--output", type=options.path, required=True, help="A grid (.png), a data set (.h5), or a folder (no suffix)."
)
@options.seed
@click.option(
    "--size",
    type=click.IntRange(8, 1024),
    default=64,
    show_default=True,
    help="About how many pixels wide an image is drawn in a grid.",
)
@options.directions
@click.option(
    "--t",
    "laws",
    metavar="LAW",
    multiple=True,
    help="Law of each direction's t: uniform:LOW,HIGH, normal:MEAN,STD (cut to the valid range) or a number.",
)
@options.classes
@options.device
@options.trust
@options.force
@options.overwrite
@options.quiet
def sample(
    checkpoint: Path,
    output: Path,
    count: int,
    directions: tuple[str, ...],
    laws: tuple[str, ...],
    classes: str | None,
    force: bool,
    quiet: bool,
    **settings,
) -> None:
    """Draw images from the prior of CKPT (default: ckpt.pt), and print the path of what was made.

    A data set keeps the codes beside the images. The n-th image depends on the seed and n only.

    With --direction and --t, codes of any generator are moved along directions so that where they are on them, t,
    follows a law; a data set keeps t too.
    """
    settings |= {"report": reporter(quiet)}
    if directions:
        from disentool.commands.sample import sample_along

        chosen = options.ranges(classes, "--class") if classes else []
        made = sample_along(str(checkpoint), directions, laws, output, count, classes=chosen, force=force, **settings)
    else:
        for flag, given in (("--t", laws), ("--class", classes), ("--force", force)):
            if given:
                raise WrongUsage(f"{flag}: is of directions; --direction FILE:NAME names one")
        from disentool.commands.sample import sample as stage

        made = stage(checkpoint, output, count, **settings)
    print(made, flush=True)
