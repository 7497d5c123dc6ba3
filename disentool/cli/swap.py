"""``disentool swap``."""

from pathlib import Path
from typing import get_args

import click

from disentool.arguments.bounds import CodesFrom, Side
from disentool.arguments.defaults import SWAP_FPS, SWAP_SECONDS
from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.progress import reporter
from disentool.cli.results import print_path


@command(
    examples=(
        "disentool swap lord.pt --content a.png --class b.png -o grid.png",
        "disentool swap lord.pt --content-rows 0-4 --class-rows 5,9 --gif swap.gif",
    )
)
@click.argument("artefact", metavar="[CKPT|LATENTS]", type=options.path, default=Path("ckpt.pt"))
@option(
    "-o",
    "--output",
    "outputs",
    group="Output",
    metavar="FILE|FOLDER",
    type=options.path,
    multiple=True,
    help="What to write: a grid (.png .pdf .svg), an animation (.gif .webp .mp4 .webm), a data set (.h5), or a folder"
    " of PNGs (a name without a suffix); for LATENTS, latents (.h5). Repeatable.",
)
@options.gif
@option(
    "--size",
    group="Output",
    metavar="PIXELS",
    type=int,
    help="About how many pixels the longer side of an image in a picture has.  [default: 128; 96 in animations]",
)
@options.width
@options.height
@option(
    "--fps",
    group="Output",
    metavar="FRAMES/S",
    type=float,
    help=f"The speed of an animation.  [default: {SWAP_FPS:g}; without --interpolate 1 to {SWAP_FPS:g}, so that all"
    f" contents take {SWAP_SECONDS:g} seconds]",
)
@options.overwrite
@option(
    "--content",
    "content_files",
    group="Content",
    metavar="FILE|FOLDER",
    type=options.path,
    multiple=True,
    help="Keep the content of this picture, or of each picture in this folder, in the order of their names."
    " Repeatable.",
)
@option(
    "--content-rows",
    "--content-row",
    group="Content",
    metavar="N,N-N",
    multiple=True,
    help="Keep the content of these rows of the data. Repeatable.",
)
@option(
    "--class",
    "class_files",
    group="Class",
    metavar="FILE|FOLDER",
    type=options.path,
    multiple=True,
    help="Take the class of this picture, or of each picture in this folder. The class need not be one that the model"
    " was trained on. Repeatable.",
)
@option(
    "--class-rows",
    "--class-row",
    group="Class",
    metavar="N,N-N",
    multiple=True,
    help="Take the class of these rows of the data. Repeatable.",
)
@option(
    "--class-label",
    "class_labels",
    group="Class",
    metavar="NAME",
    multiple=True,
    help="Take the class of this name: a word or a number. Where several factors make a class, or with --styles, the"
    " name is joined by +, such as obj2+0. Repeatable.",
)
@option(
    "--average",
    group="Class",
    is_flag=True,
    help="Make one class of several images: of the pictures of each --class FOLDER, of the rows of each --class-rows,"
    " and of all --class FILEs.",
)
@option(
    "--dims",
    group="Codes",
    metavar="N,N-N",
    help="For a model without codes of class and content: take these dimensions from the class side, and the others"
    " from the content side.",
)
@option(
    "--interpolate",
    group="Codes",
    type=click.Choice(get_args(Side)),
    help="Go through the codes of this side in straight lines, from one input to the next.",
)
@option(
    "--steps",
    group="Codes",
    metavar="N",
    type=int,
    help="With --interpolate: images from one input to the next, both counted.  [default: 7; 13 in animations]",
)
@options.data
@options.codes
@option(
    "--strict",
    group="Data",
    is_flag=True,
    help="Refuse pictures that are damaged, or of another size or colour than the model's images.",
)
@options.device
@options.trust
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
    average: bool,
    dims: str | None,
    interpolate: Side | None,
    steps: int | None,
    fps: float | None,
    size: int | None,
    width: float | None,
    height: float | None,
    strict: bool,
    data: str | None,
    codes: CodesFrom,
    device: str,
    trust: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Put the content of some images on the class of others, with the checkpoint CKPT (default: ckpt.pt).

    Prints the paths of the outputs. A grid has a row for each content and a column for each class; the inputs stand on
    its margins. An animation goes through the contents. If you name inputs for one side only, the other side uses the
    same inputs; if you name none, both use images that the checkpoint keeps.

    The rows of LATENTS (see `encode`) are put together without a model. The result is latents, which `decode` takes.
    """
    options.require_suffix(gifs, ".gif", "--gif")
    content_numbers = [options.ranges(text, "--content-rows") for text in content_rows]
    class_numbers = [options.ranges(text, "--class-rows") for text in class_rows]
    chosen = None if dims is None else options.ranges(dims, "--dims")
    from disentool.commands import swap as tool
    from disentool.models.swap_inputs import SideSelection

    made = tool.swap(
        artefact,
        [*outputs, *gifs],
        content=SideSelection(content_files, content_numbers),
        classes=SideSelection(class_files, class_numbers, class_labels),
        average=average,
        dims=chosen,
        interpolate=interpolate,
        steps=steps,
        codes=codes,
        data=data,
        strict=strict,
        fps=fps,
        size=size,
        width=width,
        height=height,
        device=device,
        trust=trust,
        overwrite=overwrite,
        report=reporter(quiet),
    )
    for path in made:
        print_path(path)
