"""``disentool find-direction``."""

from pathlib import Path

import click

from disentool.cli import options
from disentool.cli.progress import reporter
from disentool.directions import METHODS
from disentool.directions.reconstruction import LOSSES
from disentool.directions.transforms import TRANSFORMS

_METHODS = "\n".join(f"  {name:8} {text}" for name, text in METHODS.items())
_TRANSFORMS = "\n".join(f"  {name:11} {t.summary}; t in {t.unit}" for name, t in TRANSFORMS.items())
_LOSSES = "; ".join(f"{name}: {text}" for name, text in LOSSES.items())


@click.command(
    "find-direction",
    epilog=f"\b\nTransforms, for t > 0:\n{_TRANSFORMS}\n\n\b\nMethods:\n{_METHODS}\n\n"
    "Example: disentool find-direction ckpt.pt --transform shift-x --transform zoom -o dirs.h5",
)
@click.argument("generator", metavar="[GENERATOR]", default="ckpt.pt")
@click.option(
    "--transform",
    "transforms",
    metavar="NAME",
    multiple=True,
    shell_complete=options.complete_from(lambda: TRANSFORMS),
    help="The change of the image to find a direction for, see below; may be given several times.",
)
@click.option("-o", "--output", type=options.path, default="dirs.h5", show_default=True, help="The file to write.")
@click.option("--method", type=click.Choice(list(METHODS)), default="lm", show_default=True, help="See below.")
@click.option("--loss", type=click.Choice(list(LOSSES)), default="blur", show_default=True, help=f"{_LOSSES}.")
@click.option("--sigma", type=float, help="Of the blur, pixels.  [default: 3 at 128 pixels, in proportion]")
@click.option(
    "--starts", type=int, default=50, show_default=True, help="Random codes to begin from; the worst tenth is dropped."
)
@click.option(
    "--range",
    "extent",
    metavar="T",
    type=float,
    help="t goes from -T to T.  [default: 0.2, for rotate 18; with paper 0.5 and 45]",
)
@click.option("--steps", type=int, help="Targets on the way to each side.  [default: 2; with paper 5]")
@options.classes
@options.truncation
@options.space
@options.seed
@options.device
@options.trust
@click.option("--force", is_flag=True, help="Write directions that the generator cannot follow, too.")
@options.overwrite
@options.quiet
def find_direction(
    generator: str,
    transforms: tuple[str, ...],
    output: Path,
    classes: str | None,
    quiet: bool,
    **settings,
) -> None:
    """Find directions of the latent space that shift, zoom, brighten or turn the image, and by how much.

    GENERATOR (default: ckpt.pt) is a checkpoint, weights that `export` wrote, a folder with a BigGAN, or, with --trust,
    module:name, TorchScript, .pt2 or a StyleGAN's .pkl. With several --class there is a direction for each, such as
    shift-x@14, and one of all of them.
    """
    from disentool.commands.find_direction import find_direction as stage

    chosen = options.ranges(classes, "--class") if classes else []
    print(stage(generator, transforms, output, classes=chosen, report=reporter(quiet), **settings), flush=True)
