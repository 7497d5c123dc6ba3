"""Sheets of image cells with labels, drawn for print: crisp pixels, anti-aliased type, everything else white."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from disentool.models.label import Label
from disentool.pictures import lettering
from disentool.pictures.layout import Block, Layout
from disentool.pictures.lettering import FAINT, INK, SOFT, Rule, Text, width


class Sheet(Layout):
    """A layout that is drawn: what does not change is drawn once; :meth:`draw` fills in the cells.

    ``texts`` and ``rules`` are what is on it beside images.
    """

    def __init__(self, *layout: Any, **options: Any):
        super().__init__(*layout, **options)
        self.texts, self.rules = self._lettered()
        self._background = self._draw_background()

    def draw(self, cells: Sequence[np.ndarray], value: float | None = None, amounts: Sequence[str] = ()) -> np.ndarray:
        """The sheet as uint8 [H,W,3], with the cells uint8 [rows,columns,H,W,C] of each block; marker at ``value``.

        ``amounts``: a text under each column.
        """
        picture = self._background.copy()
        if amounts:
            under = lettering.painted(self.shape, self.under_columns(amounts), ())
            picture = np.minimum(picture, under)
        for corner, image in self.placed(cells):
            self.paste(picture, corner, image)
        if value is not None:
            y, x = self.marker(value)
            lettering.paint_dot(picture, y, x, self.font * 0.42)
        return picture

    def placed(self, cells: Sequence[np.ndarray]) -> Iterator[tuple[tuple[int, int], np.ndarray]]:
        """Every cell's corner and its image, of cells as :meth:`draw` has them."""
        for index, images in enumerate(cells):
            for row, column in np.ndindex(images.shape[:2]):
                yield self.cell(index, row, column), images[row, column]

    def beside(self) -> Iterator[tuple[tuple[int, int], np.ndarray]]:
        """The corner of every image to the left of a block or above it, and the image."""
        for index, block in enumerate(self.blocks):
            places = [(self.above(index, column), image) for column, image in enumerate(block.above)]
            for i, column in enumerate(block.aside):
                places += [(self.aside(index, i, row), image) for row, (_, image) in enumerate(column)]
            yield from ((corner, image) for corner, image in places if image is not None)

    def under_columns(self, amounts: Sequence[str]) -> list[Text]:
        """A text under each column of the last block."""
        last = len(self.blocks) - 1
        y = self.cell(last, len(self.blocks[last].rows) - 1, 0)[0] + self.cell_height + self._pad + self._small
        middle = self.cell_width / 2
        return [
            Text(self.cell(last, 0, column)[1] + middle, y, text, self._small, INK, "m")
            for column, text in enumerate(amounts)
        ]

    def paste(self, picture: np.ndarray, corner: tuple[int, int], image: np.ndarray) -> None:
        """Put an image uint8 [H,W,C], enlarged to a cell if it is not as large, into a picture, its corner there."""
        y, x = corner
        picture[y : y + self.cell_height, x : x + self.cell_width] = self.enlarged(image)

    def enlarged(self, image: np.ndarray) -> np.ndarray:
        """An image uint8 [H,W,C] as large as a cell; one channel spreads over three when it is pasted."""
        if image.shape[:2] == (self.cell_height, self.cell_width):
            return image
        return image.repeat(self.factor, axis=0).repeat(self.factor, axis=1)

    def _draw_background(self) -> np.ndarray:
        picture = lettering.painted(self.shape, self.texts, self.rules)
        for corner, image in self.beside():
            self.paste(picture, corner, image)
        return picture

    def _lettered(self) -> tuple[list[Text], list[Rule]]:
        found: list[Text] = []
        for index, block in enumerate(self.blocks):
            if block.heads:
                found += self._head_texts(index, block)
            if block.heads or block.above:
                found += self._captions(index, block)
            for row, label in enumerate(block.rows):
                found += self._row_label(self.cell(index, row, 0)[0] + self.cell_height / 2, label)
        if self.scale is None:
            return found, []
        marks, rules = self._axis_marks(self.scale)
        return found + marks, rules

    def _head_texts(self, index: int, block: Block) -> list[Text]:
        heads, found = self._heads[index], []
        base = self.above(index, 0)[0] - self._pad
        small = max(map(len, heads.details), default=0) * self._small_line
        for column, (label, lines, details) in enumerate(zip(block.columns, heads.texts, heads.details, strict=True)):
            x = self.cell(index, 0, column)[1] + self.cell_width / 2
            ink, soft = (FAINT, FAINT) if label.muted else (INK, SOFT)
            for n, line in enumerate(lines, 1 - len(lines)):
                found.append(Text(x, base - small + n * self._line, line, self.font, ink, "m"))
            for n, line in enumerate(details):
                found.append(Text(x, base - small + (n + 1) * self._small_line, line, self._small, soft, "m"))
        x = (self.cell(index, 0, 0)[1] + self.cell(index, 0, len(block.columns) - 1)[1] + self.cell_width) / 2
        for n, line in enumerate(heads.axis):
            found.append(Text(x, self._tops[index] + self._small + n * self._small_line, line, self._small, SOFT, "m"))
        return [text for text in found if text.text]

    def _captions(self, index: int, block: Block) -> list[Text]:
        found = []
        for i, column in enumerate(block.aside):
            for row, (caption, _) in enumerate(column):
                top, left = self.aside(index, i, row)
                found.append(Text(left + self.cell_width / 2, top - self._pad, caption, self._caption, INK, "m"))
        y = self.above(index, 0)[0] + self.cell_height / 2 + 0.35 * self.font
        found.append(Text(self._left - self._wide, y, block.corner, self._caption, INK, "r"))
        return [text for text in found if text.text]

    def _row_label(self, middle: float, label: Label) -> list[Text]:
        x = self._left - self._pad
        ink, soft = (FAINT, FAINT) if label.muted else (INK, SOFT)
        capital = 0.7 * self.font  # height of a digit above its baseline
        base = middle + capital / 2
        if not label.detail:
            return [Text(x, base, label.text, self.font, ink, "r")] if label.text else []
        if self._one_line:
            before = x - width(label.detail, self._small) - self._pad
            return [
                Text(before, base, label.text, self.font, ink, "r"),
                Text(x, base, label.detail, self._small, soft, "r"),
            ]
        base -= self._small_line / 2
        return [
            Text(x, base, label.text, self.font, ink, "r"),
            Text(x, base + self._small_line, label.detail, self._small, soft, "r"),
        ]

    def _axis_marks(self, extent: float) -> tuple[list[Text], list[Rule]]:
        left, right, y, _ = self._axis
        tick = round(self.font * 0.3)
        rules, texts, below = [Rule((left, y, right, y), FAINT)], [], y + 1.7 * self.font
        for value, text in zip((-extent, 0.0, extent), self._scale_numbers, strict=True):
            x = round(self.marker(value)[1])
            rules.append(Rule((x, y - tick, x, y + tick), FAINT))
            texts.append(Text(x, below, text, self._small, SOFT, "m"))
        for n, line in enumerate(self._unit_lines):
            lower = below + (n + 1) * self._small_line
            texts.append(Text((left + right) / 2, lower, line, self._small, SOFT, "m"))
        return texts, rules
