"""Reading the pictures of users: any kind that Pillow knows, as 8-bit grey or RGB."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from disentool.errors import DisentoolError, ForeignFile
from disentool.io import files

if TYPE_CHECKING:
    from PIL import Image

_COMMON = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif")
SUFFIXES = frozenset((*_COMMON, ".pgm", ".ppm", ".pbm", ".pnm", ".tga", ".jp2", ".ras", ".pcx", ".ico"))
_MAX_PIXELS = 64_000_000  # a small file can claim any size
_GREY = ("1", "L", "LA", "La", "I")  # modes without colour, and all that begin with "I;"
_ORIENTATION, _SIDEWAYS = 0x0112, (5, 6, 7, 8)  # the EXIF tag, and its values that swap height and width


class Header(NamedTuple):
    """What a picture says of itself: its size, upright, and whether it is grey."""

    height: int
    width: int
    grey: bool


def header(path: Path) -> Header:
    """The size and kind of a picture, without decoding it; raises MissingFile or ForeignFile."""
    with _opened(path) as image:
        size = (image.height, image.width)
        # Where a PNG has no EXIF before its pixels, Pillow would decode it all to look behind them.
        if (image.format != "PNG" or "exif" in image.info) and image.getexif().get(_ORIENTATION) in _SIDEWAYS:
            size = size[::-1]
        return Header(*size, image.mode in _GREY or image.mode.startswith("I;") or _is_grey_palette(image))


def read(path: Path, channels: int, size: tuple[int, int]) -> tuple[np.ndarray, tuple[int, int]]:
    """A picture as uint8 [H,W,C] of ``channels`` (1 or 3) and ``size`` (height, width), and the size it had.

    A camera's rotation is applied, transparency is laid on white, 16 bits a pixel become 8, and palettes their colours.
    Another size is cropped about the centre to the shape asked for, then resized with antialiasing (Lanczos). Raises
    MissingFile or ForeignFile.
    """
    from PIL import Image, ImageOps

    with _opened(path) as opened:
        image = ImageOps.exif_transpose(opened)
        if image.mode == "F" or (image.mode == "I" and opened.format != "PNG"):
            kind = "floating-point" if image.mode == "F" else "32-bit"
            raise ForeignFile(f"{path}: holds {kind} pixels, expected 8 or 16 bits; convert it first")
        if image.mode.startswith("I"):  # 16 bits a pixel, which Pillow would cut off at 255
            image = Image.fromarray((np.asarray(image).astype(np.int64) // 257).clip(0, 255).astype(np.uint8))
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = image.convert("L" if channels == 1 else "RGB")
        had = (image.height, image.width)
        return np.asarray(fitted(image, size), dtype=np.uint8).reshape(*size, channels), had


def _is_grey_palette(image: "Image.Image") -> bool:
    if image.mode != "P":
        return False
    colours = np.array(image.getpalette("RGB") or [0, 0, 0]).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())


def fitted(image: "Image.Image", size: tuple[int, int]) -> "Image.Image":
    """A Pillow image cropped about its centre to the shape of ``size`` (height, width) and resized to it."""
    from PIL import Image

    height, width = size
    if (image.height, image.width) == size:
        return image
    # Cropped first, so that no pixel from outside the crop has a part in its edge.
    tall = max(1, min(image.height, round(image.width * height / width)))
    wide = max(1, min(image.width, round(image.height * width / height)))
    left, top = (image.width - wide) // 2, (image.height - tall) // 2
    return image.crop((left, top, left + wide, top + tall)).resize((width, height), Image.Resampling.LANCZOS)


@contextmanager
def _opened(path: Path) -> Iterator:
    """A picture whose header is read; whatever is wrong with it becomes ForeignFile."""
    from PIL import Image

    files.require(path, "image file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on damaged metadata; whether it decodes is what counts
            with Image.open(path) as image:
                if image.width * image.height > _MAX_PIXELS:
                    raise ForeignFile(f"{path}: {image.width}x{image.height} pixels; crop or shrink it first")
                yield image
    except (DisentoolError, MemoryError):
        raise
    except Exception as error:  # on a damaged file Pillow's many readers may raise nearly anything
        raise ForeignFile(f"{path}: not a picture that can be read ({' '.join(str(error).split())[:120]})") from None
