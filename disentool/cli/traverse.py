"""``disentool traverse``."""

from pathlib import Path

import click

from disentool.arguments.bounds import IMAGES
from disentool.arguments.defaults import FPS, FRAMES, PATHS, STRAIGHT, TRAVERSAL_EXTENT
from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.progress import reporter
from disentool.cli.results import print_path
from disentool.errors import WrongUsage


def _extent(text: str) -> float | tuple[float, float]:
    """``-3:3`` as a pair, ``3`` as a number."""
    try:
        return _spans((text,), "--range")[0] if ":" in text else float(text)
    except ValueError:
        raise WrongUsage(f"--range {text}: expected LOW:HIGH such as -3:3, or a number such as 3") from None


def _spans(given: tuple[str, ...], flag: str) -> list[tuple[float, float]]:
    """``-0.2:0.2`` words as pairs."""
    found = []
    for text in given:
        low, _, high = text.partition(":")
        try:
            found.append((float(low), float(high)))
        except ValueError:
            raise WrongUsage(f"{flag} {text}: expected LOW:HIGH, such as -0.2:0.2") from None
    return found


@command(
    examples=(
        "disentool traverse --gif out.gif -o grid.png --html explore.html",
        "disentool traverse ckpt.pt --direction dirs.h5:shift-x --t -0.1:0.1 --gif pan.gif",
    )
)
@click.argument("checkpoint", metavar="[CKPT]", type=options.path, default=Path("ckpt.pt"))
@option(
    "-o",
    "--output",
    "outputs",
    group="Output",
    metavar="FILE",
    type=options.path,
    multiple=True,
    help="A picture (.png .pdf .svg), an animation (.gif .webp .mp4 .webm) or a page with sliders (.html) to write."
    " Repeatable.",
)
@options.gif
@option(
    "--html",
    "pages",
    group="Output",
    metavar="FILE",
    type=options.path,
    multiple=True,
    help="A page with sliders to write; the same as -o FILE.html. Repeatable.",
)
@option(
    "--size",
    group="Output",
    metavar="PIXELS",
    type=int,
    help="About how many pixels the longer side of an image has.  [default: 128; 64 in animations, 384 on pages]",
)
@options.width
@options.height
@option(
    "--frames",
    group="Output",
    metavar="FRAMES",
    type=int,
    default=FRAMES,
    show_default=True,
    help="The length of one period of an animation.",
)
@option(
    "--fps",
    group="Output",
    metavar="FRAMES/S",
    type=float,
    default=FPS,
    show_default=True,
    help="The speed of an animation.",
)
@options.overwrite
@option(
    "--dims",
    group="Dimensions",
    metavar="N,N-N",
    help="Only these dimensions, in this order.  [default: all, in the order of their KL]",
)
@option(
    "--range",
    "extent",
    group="Dimensions",
    metavar="LOW:HIGH|X",
    help="Traverse from LOW to HIGH, or from -X to X, in standard deviations of the prior; of LORD and DrNet, which"
    f" have none, in those of the training images' codes.  [default: {TRAVERSAL_EXTENT:g}]",
)
@option(
    "--steps",
    group="Dimensions",
    metavar="N",
    type=int,
    help="How many values a dimension takes in a picture, or on a slider."
    "  [default: 13, or fewer where --width is small; 25 on a slider]",
)
@option(
    "--image",
    "image_files",
    group="Start",
    metavar="FILE|FOLDER",
    type=options.path,
    multiple=True,
    help="Start from the code of this picture, or of each picture below this folder. Repeatable.",
)
@option("--rows", group="Start", metavar="N,N-N", help="Start from these rows of the data, or of --codes.")
@option("--codes", group="Start", metavar="LATENTS", type=options.path, help="Start from the codes of a latents file.")
@option(
    "--images",
    group="Start",
    metavar="N",
    type=options.whole(IMAGES),
    help="How many images to start from.  [default: 1; 4 in animations and on pages]",
)
@options.data
@options.directions
@option(
    "--t",
    "ts",
    group="Directions",
    metavar="LOW:HIGH",
    multiple=True,
    help="Move images by t from LOW to HIGH, in the unit of the direction.  [default: the direction's valid range]",
)
@option(
    "--alpha",
    "alphas",
    group="Directions",
    metavar="LOW:HIGH",
    multiple=True,
    help="Move codes by alpha from LOW to HIGH, in standard deviations of the prior.",
)
@option(
    "--path",
    "way",
    group="Directions",
    type=click.Choice(PATHS),
    default=STRAIGHT,
    show_default=True,
    help="Move codes along the line of the direction, or along each image's own curve, which meets t better.",
)
@options.force
@options.classes
@options.seed
@options.device
@options.trust
@options.quiet
def traverse(
    checkpoint: Path,
    outputs: tuple[Path, ...],
    gifs: tuple[Path, ...],
    pages: tuple[Path, ...],
    image_files: tuple[Path, ...],
    rows: str | None,
    codes: Path | None,
    data: str | None,
    images: int | None,
    dims: str | None,
    extent: str | None,
    directions: tuple[str, ...],
    ts: tuple[str, ...],
    alphas: tuple[str, ...],
    way: str,
    steps: int | None,
    frames: int,
    fps: float,
    size: int | None,
    width: float | None,
    height: float | None,
    classes: str | None,
    seed: int,
    device: str,
    trust: bool,
    force: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Draw what each latent dimension of CKPT (default: ckpt.pt) does, and print the paths of the pictures.

    One dimension changes at a time; the others keep the code of an image. The dimensions stand in the order of their
    KL; of a method of class and content (LORD, ML-VAE, DrNet) those of the class stand first. The images to start from
    are those that the checkpoint keeps, unless --image, --rows or --codes names others.

    With --direction, images move along directions that `find-direction` found, in any generator. They start from codes
    drawn from the prior and placed at the middle of the range, unless you name others. Of a generator that is no
    checkpoint of ours (see `find-direction`), and without --direction, the dimensions that change its images most are
    drawn.

    A page (--html) is one file that a browser shows offline. It stays below 5 MB unless --images or --steps asks for
    more.
    """
    options.require_suffix(gifs, ".gif", "--gif")
    options.require_suffix(pages, ".html", "--html")
    every = [*outputs, *gifs, *pages]
    named_dims = None if dims is None else options.ranges(dims, "--dims")
    named_rows = None if rows is None else options.ranges(rows, "--rows")
    if not directions:
        options.require_no_directions(("--t", ts), ("--alpha", alphas), ("--force", force))
    from disentool.models.generator import is_foreign

    if directions or is_foreign(checkpoint):
        if directions and (dims is not None or extent is not None):
            raise WrongUsage("--dims and --range move dimensions; with --direction, use --t or --alpha")
        if ts and alphas:
            raise WrongUsage("--t and --alpha both say how far to move; give one of them")
        from disentool.commands.traverse_directions import traverse_directions
        from disentool.steering.along_direction import Span

        made = traverse_directions(
            str(checkpoint),
            directions,
            every,
            [Span(low, high, bool(alphas)) for low, high in _spans(ts, "--t") + _spans(alphas, "--alpha")],
            path=way,
            image_files=image_files,
            codes=codes,
            rows=named_rows,
            data=data,
            images=images,
            dims=named_dims,
            extent=TRAVERSAL_EXTENT if extent is None else _extent(extent),
            classes=options.class_numbers(classes),
            steps=steps,
            frames=frames,
            fps=fps,
            size=size,
            width=width,
            height=height,
            seed=seed,
            device=device,
            trust=trust,
            force=force,
            overwrite=overwrite,
            report=reporter(quiet),
        )
    else:
        options.require_no_directions(("--class", classes), ("--path", way != STRAIGHT))
        from disentool.commands import traverse as tool

        made = tool.traverse(
            checkpoint,
            every,
            image_files=image_files,
            codes=codes,
            rows=named_rows,
            data=data,
            images=images,
            dims=named_dims,
            extent=TRAVERSAL_EXTENT if extent is None else _extent(extent),
            steps=steps,
            frames=frames,
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
