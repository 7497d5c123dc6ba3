"""``disentool invert``."""

from pathlib import Path

import click

from disentool.cli import options
from disentool.cli.progress import reporter
from disentool.errors import WrongUsage


def _pixels(text: str | None) -> list[float]:
    """``1,2.5`` as numbers."""
    try:
        return [float(part) for part in text.split(",")] if text else []
    except ValueError:
        raise WrongUsage(f"--sigma {text}: expected pixels separated by commas, such as 0.75,1.5,3") from None


@click.command(epilog="Example: disentool invert ckpt.pt --image a.png --image b.png -o found.png -o found.jsonl")
@click.argument("generator", metavar="[GENERATOR]", default="ckpt.pt")
@click.option(
    "-o",
    "--output",
    "outputs",
    type=options.path,
    multiple=True,
    help="A picture (.png), the table (.jsonl) or the codes (.h5); may be given several times.",
)
@click.option("--image", "image_files", type=options.path, multiple=True, help="A picture to find.")
@click.option("--rows", metavar="N,N", help="Find these rows of the checkpoint's data, or of --data.")
@options.data
@click.option("--images", type=click.IntRange(1), help="How many, where they are not named.  [default: 4]")
@click.option("--loss", "losses", default="mse,dssim,blur", show_default=True, help="What is made small, one by one.")
@click.option("--sigma", "sigmas", metavar="X,X", help="Of the blur, pixels.  [default: 1.5, 3 and 6 at 128 pixels]")
@click.option("--starts", type=int, default=16, show_default=True, help="Random codes to begin from; the best counts.")
@click.option("--steps", type=int, default=200, show_default=True, help="Adam's steps from each of them.")
@click.option("--learning-rate", type=float, default=0.1, show_default=True, help="Adam's, at first.")
@options.classes
@options.truncation
@options.space
@options.seed
@click.option(
    "--size",
    type=click.IntRange(16, 1024),
    default=128,
    show_default=True,
    help="About how many pixels wide an image is drawn.",
)
@options.device
@options.trust
@options.overwrite
@options.quiet
def invert(
    generator: str,
    outputs: tuple[Path, ...],
    rows: str | None,
    losses: str,
    sigmas: str | None,
    classes: str | None,
    quiet: bool,
    **settings,
) -> None:
    """Find z with G(z) like each image, and print the paths of what was made.

    GENERATOR (default: ckpt.pt) is a checkpoint, weights that `export` wrote, a folder with a BigGAN, or, with --trust,
    module:name, TorchScript, .pt2 or a StyleGAN's .pkl. The images are those kept in the checkpoint, unless --image or
    --rows names others.
    """
    from disentool.commands.invert import invert as stage

    named = options.ranges(rows, "--rows") if rows else None
    chosen = options.ranges(classes, "--class") if classes else []
    kinds = [part.strip() for part in losses.split(",")]
    settings |= {"rows": named, "classes": chosen, "losses": kinds, "sigmas": _pixels(sigmas)}
    for path in stage(generator, outputs, report=reporter(quiet), **settings):
        print(path, flush=True)
