"""Samples of a model, row by row on one sheet."""

import math
from pathlib import Path

import numpy as np

from disentool.errors import WrongUsage
from disentool.models.label import Label
from disentool.pictures.canvas import Block, Sheet

_MAX_PIXELS = 100_000_000  # of a picture


def check_pixels(output: Path, count: int, height: int, width: int) -> None:
    """WrongUsage if so many images, as large as they are drawn, are too many for one picture."""
    if count * height * width > _MAX_PIXELS:
        raise WrongUsage(
            f"{output}: {count:,} images are too many for one picture; name fewer, a smaller --size or .h5"
        )


def grid(images: np.ndarray, factor: int) -> np.ndarray:
    """Images uint8 [n,H,W,C] row by row on a sheet about as wide as high, or wider."""
    count, height, width, channels = images.shape
    columns = min(count, math.ceil(math.sqrt(count * height / width)))
    rows = math.ceil(count / columns)
    cells = np.full((rows * columns, height, width, channels), 255, np.uint8)
    cells[:count] = images
    block = Block((Label(""),) * rows, (Label(""),) * columns, heads=False)
    return Sheet([block], height, width, factor).draw([cells.reshape(rows, columns, height, width, channels)])
