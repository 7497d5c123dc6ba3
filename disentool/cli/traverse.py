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


@click.command(
    epilog="\b\nExamples:\n  disentool traverse --gif out.gif -o grid.png --html explore.html\n"
    "  disentool traverse ckpt.pt --direction dirs.h5:shift-x --t -0.2:0.2 --gif pan.gif",
)
@click.argument("checkpoint", metavar="[CKPT]", type=options.path, default=Path("ckpt.pt"))
@click.option(
    "-o",
    "--output",
    "outputs",
    type=options.path,
    multiple=True,
    help="A picture (.png), animation (.gif .webp .mp4 .webm) or page with sliders (.html) to write; may be given"
    " several times.",
)
@click.option("--gif", "gifs", type=options.path, multiple=True, help="A GIF to write; the same as -o FILE.gif.")
@click.option(
    "--html", "pages", type=options.path, multiple=True, help="A page with sliders to write; the same as -o FILE.html."
)
@click.option("--image", "image_files", type=options.path, multiple=True, help="Start from this picture's code.")
@click.option("--rows", metavar="N,N", help="Start from these rows of the data, or of --codes.")
@click.option("--codes", type=options.path, help="Start from the codes of a latents file.")
@click.option("--images", type=click.IntRange(1), help="How many images to start from.  [default: 1, elsewhere 4]")
@click.option("--dims", metavar="N,N", help="Only these dimensions, in this order.  [default: all, by KL]")
@click.option(
    "--range", "extent", type=float, help="From -X to X prior std deviations.  [default: 3; not with --direction]"
)
@options.directions
@click.option(
    "--t",
    "ts",
    metavar="LOW:HIGH",
    multiple=True,
    help="Along directions: move the image by so much, in the direction's unit.  [default: its valid range]",
)
@click.option(
    "--alpha", "alphas", metavar="LOW:HIGH", multiple=True, help="The same in the code's units, prior std deviations."
)
@click.option(
    "--steps", type=int, help="Values of each dimension in a picture or of a slider.  [default: 13, sliders 25]"
)
@click.option("--frames", type=int, default=40, show_default=True, help="Frames of one period of an animation.")
@click.option("--fps", type=float, default=20.0, show_default=True, help="Frames a second.")
@click.option(
    "--size", type=int, help="About how many pixels wide an image is drawn.  [default: 128, animations 64, pages 384]"
)
@options.data
@options.classes
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, help="Seed of codes from the prior.")
@options.device
@options.trust
@options.force
@options.overwrite
@options.quiet
def traverse(
    checkpoint: Path,
    outputs: tuple[Path, ...],
    gifs: tuple[Path, ...],
    pages: tuple[Path, ...],
    rows: str | None,
    dims: str | None,
    extent: float | None,
    directions: tuple[str, ...],
    ts: tuple[str, ...],
    alphas: tuple[str, ...],
    classes: str | None,
    seed: int,
    force: bool,
    quiet: bool,
    **settings,
) -> None:
    """Picture what each latent dimension of CKPT (default: ckpt.pt) does, and print the pictures' paths.

    One dimension moves at a time, the others keep an image's code. Dimensions stand in the order of their KL. The
    images kept in the checkpoint are the start, unless --image, --rows or --codes names others.

    With --direction, images move along directions that `find-direction` made, of any generator: codes from the prior
    (of --seed, placed at the middle of the range), unless others are named.

    A page (--html) is one file for a browser, offline: sliders over frames that are decoded now. It stays below 5 MB
    unless --images or --steps asks for more.
    """
    for gif in gifs:
        if gif.suffix.lower() != ".gif":
            raise WrongUsage(f"--gif {gif}: expected a name ending in .gif; -o takes the other kinds")
    for page in pages:
        if page.suffix.lower() != ".html":
            raise WrongUsage(f"--html {page}: expected a name ending in .html; -o takes the other kinds")
    settings |= {"rows": _numbers(rows, "--rows"), "report": reporter(quiet)}
    every = [*outputs, *gifs, *pages]
    if directions:
        if dims is not None or extent is not None:
            raise WrongUsage("--dims and --range are of dimensions; along a --direction --t or --alpha says how far")
        if ts and alphas:
            raise WrongUsage("--t and --alpha both say how far; give one of them")
        from disentool.commands.traverse import traverse_directions
        from disentool.steering.along_direction import Span

        spans = [Span(*pair, bool(alphas)) for pair in _spans(ts, "--t") + _spans(alphas, "--alpha")]
        chosen = options.ranges(classes, "--class") if classes else []
        made = traverse_directions(
            str(checkpoint), directions, every, spans, classes=chosen, seed=seed, force=force, **settings
        )
    else:
        for flag, given in (("--t", ts), ("--alpha", alphas), ("--class", classes), ("--force", force)):
            if given:
                raise WrongUsage(f"{flag}: is of directions; --direction FILE:NAME names one")
        from disentool.commands.traverse import traverse as stage

        extent = 3.0 if extent is None else extent
        made = stage(checkpoint, every, dims=_numbers(dims, "--dims"), extent=extent, **settings)
    for path in made:
        print(path, flush=True)
