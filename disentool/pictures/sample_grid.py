"""Samples of a model, row by row on one sheet."""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from disentool.models.label import Label
from disentool.pictures import layout, page, stills
from disentool.pictures.canvas import Sheet
from disentool.pictures.layout import Block
from disentool.pictures.limits import check_pixels


def factor_for(output: Path, count: int, height: int, width: int, size: int) -> int:
    """How many times images are enlarged so that their longer side has about ``size`` pixels.

    WrongUsage if ``count`` of them are then too many for one picture.
    """
    factor = layout.factor(height, width, size)
    check_pixels(
        count * height * factor * width * factor,
        f"{output}: {count:,} images are too many for one picture; name fewer, a smaller --size or .h5",
    )
    return factor


def write(output: Path, images: Iterable[np.ndarray], factor: int, *, overwrite: bool, comment: str) -> None:
    """Write images uint8 [b,H,W,C], which come batch by batch, as one picture; ``comment`` is kept in it.

    They stand row by row on a sheet about as wide as high, or wider.
    """
    every = np.concatenate(list(images))
    count, height, width, channels = every.shape
    columns = min(count, math.ceil(math.sqrt(count * height / width)))
    rows = math.ceil(count / columns)
    cells = np.full((rows * columns, height, width, channels), 255, np.uint8)
    cells[:count] = every
    sheet = Sheet([Block((Label(""),) * rows, (Label(""),) * columns, heads=False)], height, width, factor)
    grid = cells.reshape(rows, columns, height, width, channels)
    stills.write(output, sheet, [grid], dpi=page.on_a_page(sheet.shape), overwrite=overwrite, comment=comment)
