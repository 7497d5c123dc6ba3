"""Pictures of a foreign data set as pixels: decoded from bytes, cropped and made smaller without aliasing."""

import io
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from disentool.errors import ForeignFile
from disentool.io import decoding_room, picture_bands, read_images

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".pgm", ".ppm")
LIMIT = 32 * 2**20  # bytes of one picture file
_FORMATS = ("JPEG", "PNG", "BMP", "PPM")


def foreign(path: Path, name: str, problem: str) -> ForeignFile:
    """What to raise where the file ``name`` in the download ``path`` is not what was published."""
    return ForeignFile(f"{path}: {name}: {problem}; download it again")


@contextmanager
def decoded(
    data: bytes, path: Path, name: str, channels: int, *, expected: tuple[int, int] | None = None
) -> Iterator[np.ndarray]:
    """A picture file's bytes as uint8 [H,W,channels] (1 or 3); transparency is laid on white.

    Large pictures of other threads wait until it is left. ``expected``: the (height, width) that it must have. Raises
    ForeignFile, which names ``name`` in ``path``.
    """
    with ExitStack() as room:
        yield _decode(data, path, name, channels, expected, room)


def _decode(
    data: bytes, path: Path, name: str, channels: int, expected: tuple[int, int] | None, room: ExitStack
) -> np.ndarray:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(io.BytesIO(data), formats=_FORMATS)
            if expected and (image.height, image.width) != expected:
                raise foreign(
                    path,
                    name,
                    f"is {image.height}x{image.width} pixels (height x width), expected {expected[0]}x{expected[1]}",
                )
            if image.width * image.height > read_images.MAX_PIXELS:
                raise foreign(path, name, f"claims {image.height}x{image.width} pixels (height x width)")
            room.enter_context(decoding_room.room_for(image, channels))
            image.load()
        if image.mode.startswith("I") or image.mode == "F":
            raise foreign(path, name, f"has pixels of mode {image.mode}, expected 8 bits a channel")
        image = picture_bands.flat(image, channels)[0]
        return np.asarray(image, dtype=np.uint8).reshape(image.height, image.width, channels)
    except ForeignFile:
        raise
    except Exception as error:  # a damaged picture can raise nearly anything
        why = "of no known kind" if isinstance(error, UnidentifiedImageError) else "damaged"
        raise foreign(path, name, f"not a picture that can be read ({why})") from error


def centre(image: np.ndarray, side: int) -> np.ndarray:
    """The square of ``side`` pixels in the middle of uint8 [H,W,C]; a view."""
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    return image[top : top + side, left : left + side]


def resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 [H,W,C] (C 1 or 3) cropped about its centre to the shape of ``size`` (height, width), and resized to it.

    Antialiased: Lanczos with the support of the coarser grid.
    """
    from PIL import Image

    if image.shape[:2] == size:
        return image
    picture = Image.fromarray(np.ascontiguousarray(image[:, :, 0] if image.shape[2] == 1 else image))
    return np.asarray(read_images.fitted(picture, size), np.uint8).reshape(*size, image.shape[2])


def fitted(image: np.ndarray, size: tuple[int, int], channels: int) -> np.ndarray:
    """uint8 [H,W,C] as one of ``size`` (height, width) and ``channels`` (1 or 3): see :func:`resized`.

    Colour becomes grey as Rec. 601 luma.
    """
    from PIL import Image

    if image.shape[2] != channels:
        picture = Image.fromarray(np.ascontiguousarray(image[:, :, 0] if image.shape[2] == 1 else image))
        image = np.asarray(picture.convert("L" if channels == 1 else "RGB"), np.uint8)
        image = image.reshape(*image.shape[:2], channels)
    return resized(image, size)
