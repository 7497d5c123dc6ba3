"""Reading the pictures of users: the kinds that Pillow decodes by itself, as 8-bit grey or RGB."""

import ctypes
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from disentool.errors import DisentoolError, ForeignFile
from disentool.io import decoding_room, files, picture_bands, sixteen_bits

if TYPE_CHECKING:
    from PIL import Image

_COMMON = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif")
SUFFIXES = frozenset((*_COMMON, ".pgm", ".ppm", ".pbm", ".pnm", ".tga", ".jp2", ".ras", ".pcx", ".ico"))
# Others are not tried, whatever a file's name is: for PostScript, Pillow would start another program.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "PPM", "TGA", "JPEG2000", "SUN", "PCX", "ICO")
_ANIMATED = ("GIF", "PNG", "WEBP", "AVIF", "TIFF")  # an MPO's other pictures are previews, an ICO's other sizes
_MOST_PAGES = 10_000  # that are counted: Pillow's time grows with their square
MAX_PIXELS = 64_000_000  # a small file can claim any size
_GREY = ("1", "L", "LA", "La", "I")  # modes without colour, and all that begin with "I;"
_ORIENTATION, _SIDEWAYS = 0x0112, (5, 6, 7, 8)  # the EXIF tag, and its values that swap height and width
_WIDTH, _HEIGHT = 0x0100, 0x0101  # tags of a TIFF
_METADATA = ("exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp")  # where Pillow finds an orientation
_LATE = (b"eXIf", b"tEXt", b"zTXt", b"iTXt")  # chunks of a PNG that may hold one, also behind the pixels


class Header(NamedTuple):
    """What a picture says of itself: its size, upright, and whether it is grey."""

    height: int
    width: int
    grey: bool


class Picture(NamedTuple):
    """A picture that was read.

    ``pixels``: uint8 [H,W,C]. ``had``: the (height, width) of the file, upright. ``largest``: of a picture with more
    than 8 bits a pixel the largest value, as of 0..65535; None for any other. ``frames``: how many frames or pages the
    file has, of which this is the first. ``transparent``: whether some of it was laid on white.
    """

    pixels: np.ndarray
    had: tuple[int, int]
    largest: int | None
    frames: int
    transparent: bool


def header(path: Path) -> Header:
    """The size and kind of a picture, without decoding it where that is possible; raises MissingFile or ForeignFile."""
    with _opened(path) as image:
        size = (image.height, image.width)
        if image.format == "TIFF":  # newer versions of Pillow have turned its size already
            size = (image.tag_v2[_HEIGHT], image.tag_v2[_WIDTH])
        grey = image.mode in _GREY or image.mode.startswith("I;") or _is_grey_palette(image) or _is_deep_grey(image)
        # Pillow would decode every PNG to look for metadata behind its pixels.
        silent = image.format == "PNG" and not any(key in image.info for key in _METADATA) and not _has_late(path)
        if not silent and image.getexif().get(_ORIENTATION) in _SIDEWAYS:
            size = size[::-1]
        return Header(*size, grey)


def read(path: Path, channels: int, size: tuple[int, int]) -> tuple[np.ndarray, tuple[int, int]]:
    """The pixels of :func:`picture`, uint8 [H,W,C], and the (height, width) that it had."""
    found = picture(path, channels, size)
    return found.pixels, found.had


def picture(path: Path, channels: int, size: tuple[int, int]) -> Picture:
    """A picture with ``channels`` (1 or 3) of ``size`` (height, width); of several frames or pages, the first.

    A camera's rotation is applied, transparency is laid on white, 16 bits a pixel become 8, and palettes their colours.
    Another size is cropped about the centre to the shape asked for, then resized with antialiasing (Lanczos). Raises
    MissingFile or ForeignFile.
    """
    from PIL import ImageOps

    with _opened(path) as opened, decoding_room.room_for(opened, channels):
        frames = _frames(opened)
        deep = sixteen_bits.described(opened, path)  # decoding forgets how the file stores its pixels
        ImageOps.exif_transpose(opened, in_place=True)
        image, largest, transparent = picture_bands.flat(opened, channels, None if deep is None else deep.as_bytes)
        had = (image.height, image.width)
        pixels = np.asarray(fitted(image, size), dtype=np.uint8).reshape(*size, channels)
        return Picture(pixels, had, largest, frames, transparent)


def _frames(image: Any) -> int:
    """How many frames or pages an opened picture has, of a TIFF those up to the first that cannot be read."""
    if image.format != "TIFF":
        return image.n_frames if image.format in _ANIMATED else 1
    count = 1
    with suppress(Exception):  # the end, or a damaged page: the first one is read all the same
        while count < _MOST_PAGES:
            image.seek(count)
            count += 1
    image.seek(0)
    return count


def _is_grey_palette(image: "Image.Image") -> bool:
    if image.mode != "P":
        return False
    colours = np.array(image.getpalette("RGB") or [0, 0, 0]).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())


def _is_deep_grey(image: Any) -> bool:
    """Whether a picture is a PNG of grey and transparency, 16 bits each: Pillow opens it as RGB with transparency."""
    return image.format == "PNG" and any("LA;16B" in str(tile[3]) for tile in image.tile)


def _has_late(path: Path) -> bool:
    """Whether a PNG has metadata behind its pixels."""
    with open(path, "rb") as file:
        return any(kind in _LATE for kind in _behind_the_pixels(file))


def _behind_the_pixels(file: BinaryIO) -> Iterator[bytes]:
    """The kinds of a PNG's chunks after the first one with pixels; damage ends them, and is told when it is decoded."""
    file.seek(8)
    pixels = False
    while len(start := file.read(8)) == 8 and start[4:] != b"IEND":
        if pixels:
            yield start[4:]
        pixels = pixels or start[4:] == b"IDAT"
        file.seek(int.from_bytes(start[:4], "big") + 4, 1)


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
    if (wide, tall) != image.size:
        image = image.crop((left, top, left + wide, top + tall))
    return image.resize((width, height), Image.Resampling.LANCZOS)


@cache
def _silence_libtiff() -> None:
    """Libtiff, which Pillow is linked with, would print on stderr what is wrong; Pillow raises it, too."""
    from PIL import Image

    with suppress(OSError, AttributeError):  # a build of Pillow that has it under other names, or not at all
        library = ctypes.CDLL(Image.core.__file__)
        library.TIFFSetErrorHandler(None)
        library.TIFFSetWarningHandler(None)


@contextmanager
def _opened(path: Path) -> Iterator:
    """A picture whose header is read; whatever is wrong with it becomes ForeignFile."""
    from PIL import Image, UnidentifiedImageError

    files.require(path, "image file")
    _silence_libtiff()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on damaged metadata; whether it decodes is what counts
            Image.init()
            kinds = [name for name in _FORMATS if name in Image.OPEN]
            # From a path Pillow maps a TIFF's pixels into memory, and mistakes the rows of one that lies on its side.
            with open(path, "rb") as file, Image.open(file, formats=kinds) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise ForeignFile(
                        f"{path}: {image.height}x{image.width} pixels (height x width); crop or shrink it first"
                    )
                yield image
    except (DisentoolError, MemoryError):
        raise
    except Exception as error:  # on a damaged file Pillow's many readers may raise nearly anything
        unknown = "of no known kind" if path.stat().st_size else "an empty file"
        why = unknown if isinstance(error, UnidentifiedImageError) else "damaged"
        raise ForeignFile(f"{path}: not a picture that can be read ({why})") from error
