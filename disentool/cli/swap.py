"""``disentool swap``."""

from pathlib import Path

import click

from disentool.cli import options
from disentool.cli.progress import reporter
from disentool.errors import WrongUsage


@click.command(epilog="Example: disentool swap lord.pt --content a.png --class b.png -o grid.png")
@click.argument("artefact", metavar="[CKPT|LATENTS]", type=options.path, default=Path("ckpt.pt"))
@click.option(
    "-o",
    "--output",
    "outputs",
    type=options.path,
    multiple=True,
    help="A grid (.png), an animation (.gif .webp .mp4 .webm), a data set (.h5), or a folder of PNGs (no suffix); of"
    " LATENTS, latents (.h5). May be given several times.",
)
@click.option("--gif", "gifs", type=options.path, multiple=True, help="A GIF to write; the same as -o FILE.gif.")
@click.option(
    "--content",
    "content_files",
    metavar="FILE|FOLDER",
    type=options.path,
    multiple=True,
    help="Keep this picture's content; of a folder, that of all pictures in it, in the order of their names.",
)
@click.option(
    "--content-rows",
    "--content-row",
    metavar="N,N-N",
    multiple=True,
    help="Keep the content of these rows of data.",
)
@click.option(
    "--class",
    "class_files",
    metavar="FILE|FOLDER",
    type=options.path,
    multiple=True,
    help="Give it this picture's class, trained on or not; of a folder, that of each picture in it.",
)
@click.option("--class-rows", "--class-row", metavar="N,N-N", multiple=True, help="Give it the class of these rows.")
@click.option(
    "--class-label",
    "class_labels",
    metavar="NAME",
    multiple=True,
    help="Give it this class: a word or a number; of several factors joined, or with --styles: obj2+0.",
)
@click.option(
    "--average",
    is_flag=True,
    help="Images of one class: those of each --class FOLDER, those of each --class-rows, and all --class FILEs.",
)
@click.option(
    "--dims",
    metavar="N,N",
    help="Of any model: take these dimensions from the class side, the others from content.",
)
@click.option(
    "--interpolate",
    type=click.Choice(["content", "class"]),
    help="Go in straight lines through the codes of that side, from one input to the next.",
)
@click.option("--steps", type=int, help="Images from one input to the next, both counted.  [default: 7, animations 13]")
@click.option("--fps", type=float, default=12.0, show_default=True, help="Frames a second.")
@click.option("--size", type=int, help="About how many pixels an image's longer side is drawn with.  [default: 96]")
@click.option("--strict", is_flag=True, help="Refuse images of another size or kind than the model's, or damaged.")
@options.data
@options.codes
@options.device
@options.trust
@options.overwrite
@options.quiet
def swap(
    artefact: Path,
    outputs: tuple[Path, ...],
    gifs: tuple[Path, ...],
    content_files: tuple[Path, ...],
    content_rows: tuple[str, ...],
    class_files: tuple[Path, ...],
    class_rows: tuple[str, ...],
    class_labels: tuple[str, ...],
    dims: str | None,
    quiet: bool,
    **settings,
) -> None:
    """Put the content of some images on the class of others, with checkpoint CKPT (default: ckpt.pt).

    Prints the outputs' paths. A grid has a row for each content, a column for each class, and the inputs on its
    margins; an animation goes through the contents. A side that is not named has the inputs of the other one, or images
    kept in the checkpoint. The rows of LATENTS (`encode` makes one) are put together without any model: latents, for
    `decode`.
    """
    for gif in gifs:
        if gif.suffix.lower() != ".gif":
            raise WrongUsage(f"--gif {gif}: expected a name ending in .gif; -o takes the other kinds")
    content = (content_files, [options.ranges(text, "--content-rows") for text in content_rows])
    classes = (class_files, [options.ranges(text, "--class-rows") for text in class_rows], class_labels)
    chosen = None if dims is None else options.ranges(dims, "--dims")
    from disentool.commands.swap import swap as stage
    from disentool.models.swap_inputs import Wanted

    sides = {"content": Wanted(*content), "classes": Wanted(*classes)}
    for path in stage(artefact, [*outputs, *gifs], **sides, dims=chosen, report=reporter(quiet), **settings):
        print(path, flush=True)
