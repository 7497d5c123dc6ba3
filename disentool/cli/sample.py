"""``disentool sample``."""

from pathlib import Path

import click

from disentool.cli import options
from disentool.cli.progress import reporter


@click.command(epilog="Example: disentool sample ckpt.pt -n 100 -o samples.png")
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
@options.device
@options.trust
@options.overwrite
@options.quiet
def sample(checkpoint: Path, output: Path, count: int, quiet: bool, **settings) -> None:
    """Draw images from the prior of CKPT (default: ckpt.pt), and print the path of what was made.

    A data set keeps the codes beside the images. The n-th image depends on the seed and n only.
    """
    from disentool.stages.sample import sample as stage

    print(stage(checkpoint, output, count, report=reporter(quiet), **settings), flush=True)
