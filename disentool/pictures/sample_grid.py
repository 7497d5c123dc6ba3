"""Samples of a model, row by row on one sheet."""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from disentool.models.label import Label
from disentool.pictures import layout, printing, stills
from disentool.pictures.canvas import Sheet
from disentool.pictures.layout import Block
from disentool.pictures.limits import check_pixels
from disentool.pictures.printing import Paper
from disentool.reporting import Reporter


def check(output: Path, count: int, height: int, width: int, size: int) -> None:
    """WrongUsage if ``count`` images, enlarged to about ``size`` pixels, are too many for one picture."""
    factor = layout.factor(height, width, size)
    check_pixels(
        count * height * factor * width * factor,
        f"{output}: {count:,} images are too many for one picture; name fewer, a smaller --size or .h5",
    )


def shape(count: int, height: int, width: int) -> tuple[int, int]:
    """How many rows and columns a sheet of ``count`` images has, so that it is about as wide as high, or wider."""
    columns = min(count, math.ceil(math.sqrt(count * height / width)))
    return math.ceil(count / columns), columns


def write(
    output: Path,
    images: Iterable[np.ndarray],
    size: int,
    *,
    paper: Paper,
    apart: bool = False,
    overwrite: bool,
    comment: str,
    report: Reporter,
) -> None:
    """Write images uint8 [b,H,W,C], which come batch by batch, as one picture; ``comment`` is kept in it.

    They stand row by row on a sheet about as wide as high, or wider. ``size``: about how many pixels an image's longer
    side gets. ``paper``: the size of the sheet in mm. ``apart``: each row is one content, and each
    column one class; the labels say so.
    """
    every = np.concatenate(list(images))
    count, height, width, channels = every.shape
    rows, columns = shape(count, height, width)
    cells = np.full((rows * columns, height, width, channels), 255, np.uint8)
    cells[:count] = every
    block = Block((Label(""),) * rows, (Label(""),) * columns, heads=False)
    if apart:
        contents, classes = (
            [Label(f"{what} {i + 1}") for i in range(n)] for what, n in (("content", rows), ("class", columns))
        )
        block = Block(tuple(contents), tuple(classes))
    printed = printing.fit(output, [block], height, width, size, size, paper=paper, dpi=printing.SCREEN, report=report)
    sheet = Sheet([block], height, width, printed.factor, **printed.letters)
    grid = cells.reshape(rows, columns, height, width, channels)
    stills.write(output, sheet, [grid], dpi=printed.dpi, overwrite=overwrite, comment=comment)
