"""The kinds of pictures by suffix, and the most cells, frames and pixels that one may have."""

from collections.abc import Sequence
from pathlib import Path

from disentool.errors import WrongUsage
from disentool.io.call_checks import require_outputs_once
from disentool.pictures import writing

MAX_STARTS = 16  # images to start from in one picture
STEPS = 13  # values in a still, unasked
MAX_PIXELS = 100_000_000  # of a picture's cells, or of all the different frames' cells


def is_still(output: Path) -> bool:
    """Whether it is a picture for paper, by its suffix."""
    return output.suffix.lower() in writing.STILL


def is_moving(output: Path) -> bool:
    """Whether it is an animation, by its suffix."""
    return output.suffix.lower() in writing.MOVING


def is_page(output: Path) -> bool:
    """Whether it is a page for a browser, by its suffix."""
    return output.suffix.lower() == ".html"


def check_outputs(outputs: Sequence[Path]) -> None:
    """WrongUsage unless there are some, of known kinds, each once."""
    if not outputs:
        raise WrongUsage("nothing to write: name an output: -o FILE, --gif FILE or --html FILE")
    for output in outputs:
        writing.check_suffix(output, (*writing.STILL, *writing.MOVING, ".html"))
    require_outputs_once(outputs)


def check_range(option: str, value: float | None, low: float, high: float, meaning: str) -> None:
    """WrongUsage for a number that an option cannot have; None is the option's default."""
    if value is not None and not low <= value <= high:
        raise WrongUsage(f"{option} {value:g}: expected {low} to {high} {meaning}")


def check_sizes(images: int | None, steps: int | None, frames: int, fps: float, size: int | None) -> None:
    """WrongUsage for numbers that no picture of a traversal can have."""
    check_range("--images", images, 1, MAX_STARTS, "images to start from")
    check_range("--steps", steps, 2, 101, "values of a dimension")
    check_range("--frames", frames, 2, 1000, "frames of a period")
    check_fps(fps)
    check_size(size)
    if frames % 2:
        raise WrongUsage(f"--frames {frames}: expected an even number, because the movement goes there and back")


def check_fps(fps: float) -> None:
    """WrongUsage for frames a second that players do not show."""
    check_range("--fps", fps, 1, writing.MAX_FPS, "frames a second")


def check_size(size: int | None) -> None:
    """WrongUsage for a size that no cell of a picture can have."""
    check_range("--size", size, 16, 1024, "pixels of an image's longer side")


def check_starts(count: int) -> None:
    """WrongUsage if a picture cannot hold so many images to start from."""
    if count > MAX_STARTS:
        raise WrongUsage(f"{count} images to start from, but a picture holds at most {MAX_STARTS}; name fewer")


def check_pixels(pixels: float, refusal: str) -> None:
    """WrongUsage with the words of ``refusal`` if so many pixels are too many for one picture."""
    if pixels > MAX_PIXELS:
        raise WrongUsage(refusal)
