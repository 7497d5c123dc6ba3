"""The pictures of a swap: the inputs on the margins, and every content on every class between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from disentool.io.published_images import resized
from disentool.models.label import Label
from disentool.models.mixed_codes import CodePath
from disentool.models.swap_inputs import Input
from disentool.pictures.canvas import Sheet
from disentool.pictures.layout import Block

_COLUMNS = 8  # of an animation, side by side
_THUMBS = 9  # the most images that are shown for a class of several


@dataclass(frozen=True)
class Margin:
    """One side: its inputs, the way through their codes, and what the side is called."""

    inputs: Sequence[Input]
    path: CodePath
    caption: str


@dataclass(frozen=True)
class Grid:
    """The sides of a grid: a row for each code of ``left``, a column for each of ``top``.

    ``height``, ``width``: of an image in pixels, each of which is enlarged ``factor`` times.
    """

    left: Margin
    top: Margin
    height: int
    width: int
    factor: int


def still(grid: Grid) -> Block:
    """The inputs to the left and above, each beside its own codes; beside those in between nothing."""
    left, top = _places(grid, grid.left), _places(grid, grid.top)
    labels = tuple(
        grid.top.inputs[near].label if exact else Label("")
        for near, exact in zip(grid.top.path.nearest, grid.top.path.exact, strict=True)
    )
    return Block(
        rows=(Label(""),) * len(left),
        columns=labels,
        aside=(tuple(("" if row else grid.left.caption, image) for row, image in enumerate(left)),),
        heads=_any(labels),
        above=top,
        corner=grid.top.caption,
        thinned=False,
    )


def animation(grid: Grid, cells: np.ndarray, *, of_class: bool) -> list[np.ndarray]:
    """Frames uint8 [H,W,3]: to the left one input after another, above those of the other side, below them the cells.

    ``cells``: uint8 [p,q,H,W,C], a row for each code of the left side. It goes through the left side; ``of_class``:
    through the top one, which then stands to the left.
    """
    moving, resting = grid.left, grid.top
    if of_class:
        moving, resting, cells = resting, moving, cells.swapaxes(0, 1)
    shown, above = ([_image(grid, each) for each in side.inputs] for side in (moving, resting))
    parts = [slice(start, start + _COLUMNS) for start in range(0, len(above), _COLUMNS)]
    blocks = []
    for part in parts:
        labels = tuple(Label("") if of_class else each.label for each in resting.inputs[part])
        aside = (((moving.caption, None),),)
        blocks.append(
            Block((Label(""),), labels, aside, _any(labels), tuple(above[part]), resting.caption, thinned=False)
        )
    sheet = Sheet(blocks, grid.height, grid.width, grid.factor)
    frames = []
    for images, near in zip(cells, moving.path.nearest, strict=True):
        frame = sheet.draw([images[None, part] for part in parts])
        if shown[near] is not None:
            for block in range(len(blocks)):
                sheet.paste(frame, sheet.aside(block, 0, 0), shown[near])
        frames.append(frame)
    return frames


def _any(labels: Sequence[Label]) -> bool:
    return any(label.text or label.detail for label in labels)


def _places(grid: Grid, margin: Margin) -> tuple[np.ndarray | None, ...]:
    shown = [_image(grid, each) for each in margin.inputs]
    return tuple(
        shown[near] if exact else None for near, exact in zip(margin.path.nearest, margin.path.exact, strict=True)
    )


def _image(grid: Grid, each: Input) -> np.ndarray | None:
    """The picture of an input: its image; of several, small ones in a square, as large as a cell; None of none."""
    if len(each.images) < 2:
        return each.images[0] if len(each.images) else None
    side = 2 if len(each.images) <= 4 else 3
    some = each.images[np.unique(np.linspace(0, len(each.images) - 1, min(side**2, _THUMBS)).astype(np.int64))]
    height, width = grid.height * grid.factor, grid.width * grid.factor
    gap = max(1, min(height, width) // 48)
    size = (max(1, (height - gap * (side - 1)) // side), max(1, (width - gap * (side - 1)) // side))
    picture = np.full((height, width, some.shape[3]), 255, np.uint8)
    for index, image in enumerate(some):
        y, x = (size[0] + gap) * (index // side), (size[1] + gap) * (index % side)
        picture[y : y + size[0], x : x + size[1]] = resized(image, size)
    return picture
