"""Samples of a model, row by row on one sheet."""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from disentool.models.label import Label
from disentool.pictures import canvas, writing
from disentool.pictures.canvas import Block, Sheet
from disentool.pictures.limits import check_pixels


def factor_for(output: Path, count: int, height: int, width: int, size: int) -> int:
    """How many times images are enlarged so that their longer side has about ``size`` pixels.

    WrongUsage if ``count`` of them are then too many for one picture.
    """
    factor = canvas.factor(height, width, size)
    check_pixels(
        count * height * factor * width * factor,
        f"{output}: {count:,} images are too many for one picture; name fewer, a smaller --size or .h5",
    )
    return factor


def write(output: Path, images: Iterable[np.ndarray], factor: int, *, overwrite: bool, comment: str) -> None:
    """Write images uint8 [b,H,W,C], which come batch by batch, as one picture; ``comment`` is kept in it."""
    picture = grid(np.concatenate(list(images)), factor)
    writing.write_png(output, picture, overwrite=overwrite, comment=comment)


def grid(images: np.ndarray, factor: int) -> np.ndarray:
    """Images uint8 [n,H,W,C] row by row on a sheet about as wide as high, or wider."""
    count, height, width, channels = images.shape
    columns = min(count, math.ceil(math.sqrt(count * height / width)))
    rows = math.ceil(count / columns)
    cells = np.full((rows * columns, height, width, channels), 255, np.uint8)
    cells[:count] = images
    block = Block((Label(""),) * rows, (Label(""),) * columns, heads=False)
    return Sheet([block], height, width, factor).draw([cells.reshape(rows, columns, height, width, channels)])
