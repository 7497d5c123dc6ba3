"""Stills and animations of images that change with one number at a time: a latent dimension, or t of a direction."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from disentool.models.label import Label
from disentool.pictures import layout, printing, stills, writing
from disentool.pictures.canvas import Sheet
from disentool.pictures.layout import Block
from disentool.pictures.lettering import numbers
from disentool.pictures.limits import check_pixels, is_still
from disentool.pictures.printing import Paper, Print
from disentool.reporting import Reporter

_STILL_SIZE, _MOVING_SIZE = 128, 64  # pixels of an image's longer side: for print, for a screen

# Images with captions, from left to right, which stand to the left of the row of their start.
LeftImages = Sequence[tuple[str, np.ndarray | None]]


@dataclass(frozen=True)
class Variation:
    """What changes along one row of a still: one number of the code, in words and in numbers.

    ``values``: float64 [V], the values of that number. ``codes``: float32 [n,V,D], each of n starts at each value.
    ``axis``: what the values are, such as standard deviations of the prior, and ``symbol`` what one of them is called.
    """

    label: Label
    values: np.ndarray
    codes: np.ndarray
    axis: str
    symbol: str = ""

    @property
    def beside(self) -> Label:
        """Its label beside a row, which does not repeat what the axis says."""
        return replace(self.label, detail="") if self.label.detail in self.axis else self.label

    @property
    def amounts(self) -> list[str]:
        """What each value is called below a picture of it."""
        whole = bool((self.values == self.values.round()).all())  # classes
        texts = numbers(self.values, 0 if whole else _decimals(float(np.abs(self.values).max())))
        return [f"{self.symbol} = {text}" if self.symbol else text for text in texts]


@dataclass(frozen=True)
class Traversal:
    """One output: every start at every value of every variation.

    ``height``, ``width``: of an image in pixels. ``stacked``: of a still, whether images to the left of a block stand
    one under another, where it is high enough.
    """

    output: Path
    variations: list[Variation]
    height: int
    width: int
    printed: Print
    stacked: bool = False

    @property
    def starts(self) -> int:
        """How many images are started from."""
        return len(self.variations[0].codes)

    @property
    def cells(self) -> int:
        """How many images are to be decoded."""
        return self.starts * sum(len(variation.values) for variation in self.variations)

    @property
    def groups(self) -> list[list[int]]:
        """Which variations have the same values of the same kind, in the order of the first of each."""
        found: dict[tuple[bytes, str], list[int]] = {}
        for place, variation in enumerate(self.variations):
            found.setdefault((variation.values.tobytes(), variation.axis), []).append(place)
        return list(found.values())

    @property
    def codes(self) -> np.ndarray:
        """The codes to decode, float32 [cells,D]: variation by variation, in each start by start."""
        return np.concatenate([each.codes.reshape(-1, each.codes.shape[2]) for each in self.variations])

    @property
    def start_of_codes(self) -> np.ndarray:
        """The number of the start that each of :attr:`codes` belongs to, int64 [cells]."""
        return np.concatenate([np.repeat(np.arange(self.starts), len(each.values)) for each in self.variations])

    def by_variation(self, images: Iterable[np.ndarray]) -> list[np.ndarray]:
        """Images of :attr:`codes`, uint8 [b,H,W,C] batch by batch -> for each variation uint8 [n,V,H,W,C]."""
        shapes = [each.codes.shape[:2] for each in self.variations]
        parts = np.split(np.concatenate(list(images)), np.cumsum([n * values for n, values in shapes])[:-1])
        return [part.reshape(*shape, *part.shape[1:]) for part, shape in zip(parts, shapes, strict=True)]


def lay_out(
    output: Path,
    variations: list[Variation],
    height: int,
    width: int,
    size: int | None,
    *,
    paper: Paper,
    captions: Sequence[str],
    stacked: bool,
    report: Reporter,
) -> Traversal:
    """Lay out one output; ``size``: about how many pixels an image's longer side gets (default: 128, animations 64).

    ``paper``: the size of a still in mm. ``captions``: of the images that will stand to the left of each start.
    ``stacked``: one under another. WrongUsage where that is too large for a picture.
    """
    still = is_still(output)
    usual = _STILL_SIZE if still else _MOVING_SIZE
    planned = Traversal(output, variations, height, width, Print(layout.factor(height, width, size or usual)), stacked)
    _check(planned)
    if not still:
        return planned
    blocks = [block for block, _ in _blocks(planned, [[(caption, None) for caption in captions]] * planned.starts)]
    planned = replace(
        planned, printed=printing.fit(output, blocks, height, width, size, usual, paper=paper, report=report)
    )
    _check(planned)
    return planned


def _check(planned: Traversal) -> None:
    height, width = planned.height * planned.printed.factor, planned.width * planned.printed.factor
    check_pixels(
        planned.cells * height * width,
        f"{planned.output}: {planned.cells:,} cells of {height}x{width} pixels are too many for one picture;"
        " name fewer --dims or images, or a smaller --size",
    )


def half_period(frames: int) -> np.ndarray:
    """The values of the first half of a period: float64 [frames/2+1] from -1 to 1, slower at both ends (a cosine)."""
    return -np.cos(2 * math.pi * np.arange(frames // 2 + 1) / frames)


def write_still(
    planned: Traversal, images: Sequence[np.ndarray], beside: Sequence[LeftImages], *, comment: str, overwrite: bool
) -> None:
    """Write a PNG, PDF or SVG: a block for each start, with a row for each variation and a column for each value.

    ``images``: uint8 [n,V,H,W,C] of each variation. Variations whose values differ stand in blocks of their own, one
    under another. ``beside``: the images to the left of each start's first block. ``comment``: is kept in the file.
    """
    blocks, cells = [], []
    for number, (block, places) in enumerate(_blocks(planned, beside)):
        blocks.append(block)
        start = number // (len(planned.groups))
        cells.append(np.stack([images[place][start] for place in places]))
    sheet = Sheet(blocks, planned.height, planned.width, planned.printed.factor, font=planned.printed.font)
    stills.write(planned.output, sheet, cells, dpi=planned.printed.dpi, overwrite=overwrite, comment=comment)


def _blocks(planned: Traversal, beside: Sequence[LeftImages]) -> Iterator[tuple[Block, list[int]]]:
    """The blocks of a still from above, start by start, and which variations are the rows of each."""
    for start, left in enumerate(beside):
        for number, places in enumerate(planned.groups):
            variations = [planned.variations[place] for place in places]
            labels = tuple(variation.beside for variation in variations)
            high = planned.stacked and len(labels) > 2  # room for two images, with a caption between them
            aside = (tuple(left),) if high else tuple((entry,) for entry in left)
            heads = high or start == 0 or len(planned.groups) > 1
            yield (
                Block(
                    rows=labels,
                    columns=tuple(map(Label, numbers(variations[0].values))),
                    aside=() if number else aside,
                    heads=heads,
                    axis=variations[0].axis if heads else "",
                    joined=number > 0,
                ),
                places,
            )


def write_animation(
    planned: Traversal,
    images: Sequence[np.ndarray],
    inputs: np.ndarray | None,
    *,
    fps: float,
    comment: str,
    overwrite: bool,
) -> None:
    """Write an animation of one period: a row for each start, a column for each variation, and where each is.

    Below the images a marker moves along one axis, where all variations take the same values of one kind, which lie to
    either side of 0; else each value stands below its column. ``images``: uint8 [n,V,H,W,C] of each variation, for one
    way; the way back shows the same without either end. ``inputs``: uint8 [n,H,W,C], the starts' own images where
    known. ``fps``: frames a second. ``comment``: is kept in a GIF.
    """
    columns = tuple(variation.label for variation in planned.variations)
    aside = () if inputs is None else (tuple(("" if i else "input", image) for i, image in enumerate(inputs)),)
    block = Block((Label(""),) * planned.starts, columns, aside, thinned=False)
    first, size = planned.variations[0], (planned.height, planned.width, planned.printed.factor)
    if len(planned.groups) == 1 and first.values.min() < 0 < first.values.max():
        sheet = Sheet([block], *size, scale=float(np.abs(first.values).max()), unit=first.axis)
        places: list[tuple[float | None, list[str]]] = [(float(value), []) for value in first.values]
    else:
        amounts = [variation.amounts for variation in planned.variations]
        sheet = Sheet([block], *size, amounts=[text for each in amounts for text in each])
        places = [(None, list(texts)) for texts in zip(*amounts, strict=True)]
    there = []
    for place, (value, texts) in enumerate(places):
        cells = np.stack([varied[:, place] for varied in images], 1)
        there.append(sheet.draw([cells], value, texts))
    frames = there + there[-2:0:-1]
    writing.write_animation(planned.output, frames, fps, overwrite=overwrite, comment=comment)


def _decimals(most: float) -> int:
    """Of a value that glides: two digits of the largest."""
    return max(0, 1 - math.floor(math.log10(most))) if most > 0 else 0
