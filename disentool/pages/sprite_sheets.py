"""Many small frames in few pictures: what an explorer's page holds, and how much of it fits."""

import io
from collections.abc import Sequence

import numpy as np

from disentool.io import published_images
from disentool.pages.document import uri

MAX_SIDE = 256  # pixels of a frame's longer side
_LOSSY = 90  # WebP's quality
_PAGE = 2000  # pixels across a page


def fitted(frames: np.ndarray) -> np.ndarray:
    """Frames uint8 [n,H,W,C], made smaller where a side is longer than :data:`MAX_SIDE`."""
    height, width = frames.shape[1:3]
    longer = max(height, width)
    if longer <= MAX_SIDE:
        return frames
    size = (max(1, height * MAX_SIDE // longer), max(1, width * MAX_SIDE // longer))
    return np.stack([published_images.resized(frame, size) for frame in frames])


def sheet(rows: Sequence[np.ndarray], *, lossy: bool) -> str:
    """Rows of frames, each uint8 [n,H,W,C], as the ``data:`` address of one WebP; shorter rows end in black."""
    from PIL import Image

    columns = max(map(len, rows))
    height, width, channels = rows[0].shape[1:]
    out = np.zeros((len(rows), height, columns, width, channels), np.uint8)
    for row, frames in zip(out, rows, strict=True):
        row[:, : len(frames)] = frames.swapaxes(0, 1)
    picture = out.reshape(len(rows) * height, columns * width, channels)
    file = io.BytesIO()
    quality = {"quality": _LOSSY, "method": 4} if lossy else {"lossless": True, "quality": 80, "method": 4}
    Image.fromarray(picture if channels == 3 else picture.repeat(3, 2)).save(file, format="WEBP", **quality)
    return uri("image/webp", file.getvalue())


def reduced(png: bytes) -> str:
    """A large picture, a PNG, as the ``data:`` address of a lossy WebP that is as wide as a page at most."""
    from PIL import Image

    file = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        picture = image.convert("RGB")
        picture.thumbnail((_PAGE, 8 * _PAGE), Image.Resampling.LANCZOS)
        picture.save(file, format="WEBP", quality=_LOSSY, method=4)
    return uri("image/webp", file.getvalue())


def thumbnail(image: np.ndarray) -> str:
    """One image, uint8 [H,W,C], as the ``data:`` address of a PNG."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image).save(file, format="PNG", optimize=True)
    return uri("image/png", file.getvalue())
