"""``disentool traverse``."""

from pathlib import Path

import click

from disentool.cli import options
from disentool.cli.progress import reporter
from disentool.errors import WrongUsage


def _numbers(text: str | None, flag: str) -> list[int] | None:
    """``0,3,7`` as whole numbers, in that order."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise WrongUsage(f"{flag} {text}: expected whole numbers separated by commas, such as 0,3,7")
    return [int(part) for part in parts]


@click.command(epilog="Example: disentool traverse --gif out.gif -o grid.png")
@click.argument("checkpoint", metavar="[CKPT]", type=options.path, default=Path("ckpt.pt"))
@click.option(
    "-o",
    "--output",
    "outputs",
    type=options.path,
    multiple=True,
    help="A picture (.png) or animation (.gif .webp .mp4 .webm) to write; may be given several times.",
)
@click.option("--gif", "gifs", type=options.path, multiple=True, help="A GIF to write; the same as -o FILE.gif.")
@click.option("--image", "image_files", type=options.path, multiple=True, help="Start from this picture's code.")
@click.option("--rows", metavar="N,N", help="Start from these rows of the data, or of --codes.")
@click.option("--codes", type=options.path, help="Start from the codes of a latents file.")
@click.option("--images", type=click.IntRange(1), help="How many images to start from.  [default: 1, animations 4]")
@click.option("--dims", metavar="N,N", help="Only these dimensions, in this order.  [default: all, by KL]")
@click.option(
    "--range", "extent", type=float, default=3.0, show_default=True, help="From -X to X prior std deviations."
)
@click.option("--steps", type=int, default=13, show_default=True, help="Values of each dimension in a picture.")
@click.option("--frames", type=int, default=40, show_default=True, help="Frames of one period of an animation.")
@click.option("--fps", type=float, default=20.0, show_default=True, help="Frames a second.")
@click.option("--size", type=int, help="About how many pixels wide an image is drawn.  [default: 128, animations 64]")
@options.data
@options.device
@options.trust
@options.overwrite
@options.quiet
def traverse(
    checkpoint: Path,
    outputs: tuple[Path, ...],
    gifs: tuple[Path, ...],
    rows: str | None,
    dims: str | None,
    quiet: bool,
    **settings,
) -> None:
    """Picture what each latent dimension of CKPT (default: ckpt.pt) does, and print the pictures' paths.

    One dimension moves at a time, the others keep an image's code. Dimensions stand in the order of their KL. The
    images kept in the checkpoint are the start, unless --image, --rows or --codes names others.
    """
    for gif in gifs:
        if gif.suffix.lower() != ".gif":
            raise WrongUsage(f"--gif {gif}: expected a name ending in .gif; -o takes the other kinds")
    from disentool.stages.traverse import traverse as stage

    rows, dims = _numbers(rows, "--rows"), _numbers(dims, "--dims")
    for path in stage(checkpoint, [*outputs, *gifs], rows=rows, dims=dims, report=reporter(quiet), **settings):
        print(path, flush=True)
