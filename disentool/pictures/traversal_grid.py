"""Stills and animations of images that change with one number at a time: a latent dimension, or t of a direction."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentool.models.label import Label
from disentool.pictures import canvas, writing
from disentool.pictures.canvas import Block, Sheet
from disentool.pictures.limits import check_pixels, is_still
from disentool.reporting import Task, counted

_STILL_SIZE, _MOVING_SIZE = 128, 64  # pixels of an image's longer side: for print, for a screen

# Images with captions that stand to the left of what starts from them, from left to right.
Beside = Sequence[tuple[str, np.ndarray]]


@dataclass(frozen=True)
class Axis:
    """What changes: ``values`` float64 [V], and ``codes`` float32 [n,V,D] of each of n starts at each of them."""

    label: Label
    values: np.ndarray
    codes: np.ndarray


@dataclass(frozen=True)
class Traversal:
    """One output: every start at every value of every axis.

    ``height``, ``width``: of an image in pixels, each of which is enlarged ``factor`` times.
    """

    output: Path
    axes: list[Axis]
    height: int
    width: int
    factor: int

    @property
    def starts(self) -> int:
        """How many images are started from."""
        return len(self.axes[0].codes)

    @property
    def cells(self) -> int:
        """How many images are to be decoded."""
        return self.starts * sum(len(axis.values) for axis in self.axes)


def plan(output: Path, axes: list[Axis], height: int, width: int, size: int | None) -> Traversal:
    """Lay out one output; ``size``: about how many pixels an image's longer side gets (default: 128, animations 64).

    WrongUsage where that is too large for a picture.
    """
    factor = canvas.factor(height, width, size or (_STILL_SIZE if is_still(output) else _MOVING_SIZE))
    planned = Traversal(output, axes, height, width, factor)
    check_pixels(
        planned.cells * height * factor * width * factor,
        f"{output}: {planned.cells:,} cells of {height * factor}x{width * factor} pixels are too many for one picture;"
        " name fewer --dims or images, or a smaller --size",
    )
    return planned


def to_and_fro(frames: int) -> np.ndarray:
    """The different values of one period, there: float64 [frames/2+1] from -1 to 1, slower at both ends (a cosine)."""
    return -np.cos(2 * math.pi * np.arange(frames // 2 + 1) / frames)


def decoded(
    planned: Traversal,
    decode: Callable[[np.ndarray, np.ndarray], Iterable[np.ndarray]],
    task: Task,
    done: int,
) -> list[np.ndarray]:
    """For each axis the images uint8 [n,V,H,W,C]; ``task`` counts them, ``done`` before the first.

    ``decode``: codes float32 [k,D] and the starts that they belong to (int64 [k]) -> uint8 [b,H,W,C], batch by batch.
    """
    shapes = [axis.codes.shape[:2] for axis in planned.axes]
    codes = np.concatenate([axis.codes.reshape(-1, axis.codes.shape[2]) for axis in planned.axes])
    starts = np.concatenate([np.repeat(np.arange(n), values) for n, values in shapes])
    images = np.concatenate(list(counted(decode(codes, starts), task, done)))
    parts = np.split(images, np.cumsum([n * values for n, values in shapes])[:-1])
    return [part.reshape(*shape, *part.shape[1:]) for part, shape in zip(parts, shapes, strict=True)]


def still(planned: Traversal, images: Sequence[np.ndarray], beside: Sequence[Beside], *, stacked: bool) -> np.ndarray:
    """uint8 [H,W,3]: a block for each start, with a row for each axis and a column for each of its values.

    Axes whose values differ stand in blocks of their own, one under another. ``beside``: the images to the left of each
    start's first block; ``stacked``: one under another, where the block is high enough.
    """
    groups: dict[bytes, list[int]] = {}
    for place, axis in enumerate(planned.axes):
        groups.setdefault(axis.values.tobytes(), []).append(place)
    blocks, cells = [], []
    for start, left in enumerate(beside):
        for number, places in enumerate(groups.values()):
            labels = tuple(planned.axes[place].label for place in places)
            high = stacked and len(labels) > 2  # room for two images one under the other, with a caption between them
            aside = (tuple(left),) if high else tuple((entry,) for entry in left)
            heads = high or start == 0 or len(groups) > 1
            columns = _numbers(planned.axes[places[0]].values)
            blocks.append(Block(labels, columns, () if number else aside, heads=heads))
            cells.append(np.stack([images[place][start] for place in places]))
    return Sheet(blocks, planned.height, planned.width, planned.factor).draw(cells)


def animation(
    planned: Traversal,
    images: Sequence[np.ndarray],
    inputs: np.ndarray | None,
    shown_values: np.ndarray | None,
    extent: float | None,
) -> list[np.ndarray]:
    """Frames uint8 [H,W,3] of one period: a row for each start, a column for each axis.

    The way back is shown without either end. ``inputs``: uint8 [n,H,W,C], the starts' own images where known.
    ``shown_values`` [V] move on a scale from -``extent`` to ``extent``; None: no one scale is right for all axes.
    """
    columns = tuple(axis.label for axis in planned.axes)
    aside = () if inputs is None else (tuple(("" if i else "input", image) for i, image in enumerate(inputs)),)
    block = Block((Label(""),) * planned.starts, columns, aside)
    sheet = Sheet([block], planned.height, planned.width, planned.factor, scale=extent)
    there = []
    for place in range(images[0].shape[1]):
        cells = np.stack([of_axis[:, place] for of_axis in images], 1)
        there.append(sheet.draw([cells], None if shown_values is None else shown_values[place]))
    return there + there[-2:0:-1]


def write_all(
    planned: Sequence[Traversal],
    decode: Callable[[np.ndarray, np.ndarray], Iterable[np.ndarray]],
    draw: Callable[[Traversal, list[np.ndarray]], np.ndarray | list[np.ndarray]],
    task: Task,
    *,
    fps: float,
    comment: str,
    overwrite: bool,
) -> Iterator[Path]:
    """Decode, draw and write one output after another; yields each as it is complete.

    ``draw``: a plan and its images -> a still's picture, or an animation's frames. ``comment``: kept in the file.
    """
    done = 0
    for each in planned:
        made = draw(each, decoded(each, decode, task, done))
        done += each.cells
        if isinstance(made, np.ndarray):
            writing.write_png(each.output, made, overwrite=overwrite, comment=comment)
        else:
            writing.write_animation(each.output, made, fps, overwrite=overwrite, comment=comment)
        yield each.output


def _numbers(values: np.ndarray) -> tuple[Label, ...]:
    """Labels with as many decimals as tell neighbours apart, two at least."""
    step = values[1] - values[0] if len(values) > 1 else 1.0
    decimals = max(2, math.ceil(-math.log10(step)))
    return tuple(Label(f"{round(float(value), decimals) + 0.0:g}") for value in values)
