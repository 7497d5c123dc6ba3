"""A sheet as a file: PNG, or PDF and SVG with its words as text and its images embedded pixel by pixel."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from disentool.io import figure_files
from disentool.pictures import writing
from disentool.pictures.canvas import Sheet
from disentool.pictures.lettering import signed

_ALIGN = {"m": "center", "r": "right"}

Placed = tuple[int, int, np.ndarray]  # top and left pixel of an image uint8 [H,W,3]


def write(
    path: Path,
    sheet: Sheet,
    cells: Sequence[np.ndarray],
    *,
    overwrite: bool,
    comment: str,
    dpi: float = figure_files.PRINT,
) -> None:
    """Write the sheet with ``cells`` as :meth:`Sheet.draw` has them, in the form that the name's suffix says.

    ``dpi``: how many of its pixels are an inch on paper. ``comment``: what it is of, kept in the file.
    """
    if path.suffix.lower() == ".png":
        writing.write_png(path, sheet.draw(cells), overwrite=overwrite, comment=comment, dpi=dpi)
    else:
        _write_vector(path, sheet, cells, dpi, overwrite, comment)


def _write_vector(
    path: Path, sheet: Sheet, cells: Sequence[np.ndarray], dpi: float, overwrite: bool, comment: str
) -> None:
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    high, wide = sheet.shape
    with figure_files.text_as_text():
        figure = Figure(figsize=(wide / dpi, high / dpi), facecolor="white")
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        for rule in sheet.rules:
            left, top, right, bottom = rule.box
            size = (right - left + 1, bottom - top + 1)
            axes.add_patch(Rectangle((left, top), *size, facecolor=_grey(rule.ink), linewidth=0))
        for text in sheet.texts:
            words: dict[str, Any] = {"color": _grey(text.ink), "ha": _ALIGN[text.align], "va": "baseline"}
            axes.text(text.x, text.y, signed(text.text), fontsize=text.size * 72 / dpi, **words)
        for top, left, image in _images(sheet, cells):
            extent = (left, left + image.shape[1], top + image.shape[0], top)
            axes.imshow(image, extent=extent, interpolation="none", aspect="auto")
        axes.set_xlim(0, wide)
        axes.set_ylim(high, 0)
        figure_files.save(figure, path, dpi=dpi, overwrite=overwrite, told=comment)


def _images(sheet: Sheet, cells: Sequence[np.ndarray]) -> Iterator[Placed]:
    """Every image beside a block, and the cells of each block as one image, white between them."""
    blank = np.full((*sheet.shape, 3), 255, np.uint8)
    places = [[place] for place in sheet.beside()]
    places += [list(sheet.placed([np.empty((0, 0))] * index + [block])) for index, block in enumerate(cells)]
    for images in places:
        corners = np.array([corner for corner, _ in images])
        (top, left), (low, far) = corners.min(0).tolist(), corners.max(0).tolist()
        for corner, image in images:
            sheet.paste(blank, corner, image)
        yield top, left, blank[top : low + sheet.cell_height, left : far + sheet.cell_width].copy()


def _grey(level: int) -> str:
    return f"#{level:02x}{level:02x}{level:02x}"
