"""Stills and animations of images that change with one number at a time: a latent dimension, or t of a direction."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentool.models.label import Label
from disentool.pictures import canvas, writing
from disentool.pictures.canvas import Block, Sheet
from disentool.pictures.limits import check_pixels, is_still

_STILL_SIZE, _MOVING_SIZE = 128, 64  # pixels of an image's longer side: for print, for a screen

# Images with captions, from left to right, which stand to the left of the row of their start.
LeftImages = Sequence[tuple[str, np.ndarray]]


@dataclass(frozen=True)
class Variation:
    """What changes along one row of a still: one number of the code, in words and in numbers.

    ``values``: float64 [V], the values of that number. ``codes``: float32 [n,V,D], each of n starts at each value.
    """

    label: Label
    values: np.ndarray
    codes: np.ndarray


@dataclass(frozen=True)
class Traversal:
    """One output: every start at every value of every variation.

    ``height``, ``width``: of an image in pixels, each of which is enlarged ``factor`` times.
    """

    output: Path
    variations: list[Variation]
    height: int
    width: int
    factor: int

    @property
    def starts(self) -> int:
        """How many images are started from."""
        return len(self.variations[0].codes)

    @property
    def cells(self) -> int:
        """How many images are to be decoded."""
        return self.starts * sum(len(variation.values) for variation in self.variations)

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


def lay_out(output: Path, variations: list[Variation], height: int, width: int, size: int | None) -> Traversal:
    """Lay out one output; ``size``: about how many pixels an image's longer side gets (default: 128, animations 64).

    WrongUsage where that is too large for a picture.
    """
    factor = canvas.factor(height, width, size or (_STILL_SIZE if is_still(output) else _MOVING_SIZE))
    planned = Traversal(output, variations, height, width, factor)
    check_pixels(
        planned.cells * height * factor * width * factor,
        f"{output}: {planned.cells:,} cells of {height * factor}x{width * factor} pixels are too many for one picture;"
        " name fewer --dims or images, or a smaller --size",
    )
    return planned


def half_period(frames: int) -> np.ndarray:
    """The values of the first half of a period: float64 [frames/2+1] from -1 to 1, slower at both ends (a cosine)."""
    return -np.cos(2 * math.pi * np.arange(frames // 2 + 1) / frames)


def write_still(
    planned: Traversal,
    images: Sequence[np.ndarray],
    beside: Sequence[LeftImages],
    *,
    stacked: bool,
    comment: str,
    overwrite: bool,
) -> None:
    """Write a PNG: a block for each start, with a row for each variation and a column for each of its values.

    ``images``: uint8 [n,V,H,W,C] of each variation. Variations whose values differ stand in blocks of their own, one
    under another. ``beside``: the images to the left of each start's first block; ``stacked``: one under another,
    where the block is high enough. ``comment``: is kept in the file.
    """
    groups: dict[bytes, list[int]] = {}
    for place, variation in enumerate(planned.variations):
        groups.setdefault(variation.values.tobytes(), []).append(place)
    blocks, cells = [], []
    for start, left in enumerate(beside):
        for number, places in enumerate(groups.values()):
            labels = tuple(planned.variations[place].label for place in places)
            high = stacked and len(labels) > 2  # room for two images one under the other, with a caption between them
            aside = (tuple(left),) if high else tuple((entry,) for entry in left)
            heads = high or start == 0 or len(groups) > 1
            columns = _numbers(planned.variations[places[0]].values)
            blocks.append(Block(labels, columns, () if number else aside, heads=heads))
            cells.append(np.stack([images[place][start] for place in places]))
    picture = Sheet(blocks, planned.height, planned.width, planned.factor).draw(cells)
    writing.write_png(planned.output, picture, overwrite=overwrite, comment=comment)


def write_animation(
    planned: Traversal,
    images: Sequence[np.ndarray],
    inputs: np.ndarray | None,
    scale: tuple[np.ndarray, float] | None,
    *,
    fps: float,
    comment: str,
    overwrite: bool,
) -> None:
    """Write an animation of one period: a row for each start, a column for each variation.

    ``images``: uint8 [n,V,H,W,C] of each variation, for one way; the way back shows the same without either end.
    ``inputs``: uint8 [n,H,W,C], the starts' own images where known. ``scale``: float64 [V] and an extent: below the
    images a marker moves to these values on a scale from -extent to extent; None: no one scale is right for all
    variations. ``fps``: frames a second. ``comment``: is kept in a GIF.
    """
    columns = tuple(variation.label for variation in planned.variations)
    aside = () if inputs is None else (tuple(("" if i else "input", image) for i, image in enumerate(inputs)),)
    block = Block((Label(""),) * planned.starts, columns, aside)
    shown, extent = (None, None) if scale is None else scale
    sheet = Sheet([block], planned.height, planned.width, planned.factor, scale=extent)
    there = []
    for place in range(images[0].shape[1]):
        cells = np.stack([varied[:, place] for varied in images], 1)
        there.append(sheet.draw([cells], None if shown is None else shown[place]))
    frames = there + there[-2:0:-1]
    writing.write_animation(planned.output, frames, fps, overwrite=overwrite, comment=comment)


def _numbers(values: np.ndarray) -> tuple[Label, ...]:
    """Labels of numbers, with two decimals or as many more as make neighbours differ."""
    step = values[1] - values[0] if len(values) > 1 else 1.0
    decimals = max(2, math.ceil(-math.log10(step)))
    return tuple(Label(f"{round(float(value), decimals) + 0.0:g}") for value in values)
