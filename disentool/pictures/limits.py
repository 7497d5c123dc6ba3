"""What a picture can be: its kinds by suffix, how many cells, frames and pixels it may have."""

from collections.abc import Sequence
from pathlib import Path

from disentool.errors import WrongUsage
from disentool.pictures import writing

MAX_BASES = 16  # images to start from in one picture
STEPS = 13  # values in a still, unasked
_MAX_PIXELS = 100_000_000  # of a picture's cells, or of all the different frames' cells


def is_still(output: Path) -> bool:
    """Whether it is one picture, by its suffix."""
    return output.suffix.lower() in writing.STILL


def is_page(output: Path) -> bool:
    """Whether it is a page for a browser, by its suffix."""
    return output.suffix.lower() == ".html"


def check_outputs(outputs: Sequence[Path]) -> None:
    """WrongUsage unless there are some, of known kinds, each once."""
    if not outputs:
        raise WrongUsage("nothing to write: name an output: -o FILE, --gif FILE or --html FILE")
    for output in outputs:
        writing.check_suffix(output, (*writing.STILL, *writing.MOVING, ".html"))
        if outputs.count(output) > 1:
            raise WrongUsage(f"{output}: named twice as an output")


def check_sizes(images: int | None, steps: int | None, frames: int, fps: float, size: int | None) -> None:
    """WrongUsage for numbers that no picture can have."""
    for name, value, low, high, meaning in (
        ("--images", images, 1, MAX_BASES, "images to start from"),
        ("--steps", steps, 2, 101, "values of a dimension"),
        ("--frames", frames, 2, 1000, "frames of a period"),
        ("--fps", fps, 1, writing.MAX_FPS, "frames a second"),
        ("--size", size, 16, 1024, "pixels of an image's longer side"),
    ):
        if value is not None and not low <= value <= high:
            raise WrongUsage(f"{name} {value:g}: expected {low} to {high} {meaning}")
    if frames % 2:
        raise WrongUsage(f"--frames {frames}: expected an even number, as many to as fro")


def check_pixels(output: Path, cells: int, height: int, width: int) -> None:
    """WrongUsage if so many cells are too large for one picture, or for all the different frames of an animation."""
    if cells * height * width > _MAX_PIXELS:
        raise WrongUsage(
            f"{output}: {cells:,} cells of {height}x{width} pixels are too many for one picture;"
            " name fewer --dims or images, or a smaller --size"
        )
