"""Stills and animations of one model or generator: all are laid out, then decoded and written one after another."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentool.errors import WrongUsage
from disentool.models.generator import require_there
from disentool.models.label import Label
from disentool.models.model import Checkpoint
from disentool.pictures import printing, stills, traversal_grid, writing
from disentool.pictures.canvas import Sheet
from disentool.pictures.layout import Block
from disentool.pictures.limits import STEPS, check_outputs, check_sizes, is_still
from disentool.pictures.printing import Paper
from disentool.pictures.traversal_grid import LeftImages, Traversal, Variation
from disentool.reporting import Reporter, Silent, counted

_FEWER_STEPS = (9, 7, 5)  # values in a still whose paper is narrow; odd, so that the middle one stays


@dataclass(frozen=True)
class Style:
    """How they are drawn.

    ``height``, ``width``: of an image in pixels. ``steps``: values in a still, None: as many as its paper has room
    for, at most the usual number. ``size``: about how many pixels its longer side gets, None: the usual
    number. ``paper``: the size of a still in mm. ``captions``: of the images that stand to the left of each start.
    ``stacked``: whether these stand one under another. ``fps``: frames a second of an animation. ``comment``: is kept
    in the files.
    """

    height: int
    width: int
    steps: int | None
    size: int | None
    paper: Paper
    captions: Sequence[str]
    stacked: bool
    fps: float
    comment: str


def check(
    source: Checkpoint,
    outputs: Sequence[Path],
    paper: Paper,
    *,
    images: int | None,
    steps: int | None,
    frames: int,
    fps: float,
    size: int | None,
) -> None:
    """WrongUsage for what no traversal can be drawn to or with; of no outputs first what is wrong with ``source``."""
    check_sizes(images, steps, frames, fps, size)
    paper.check()
    if not outputs:
        require_there(source)  # the wrong file is what to say first
    check_outputs(outputs)
    printing.require_still(outputs, paper)


def write(
    outputs: Sequence[Path],
    style: Style,
    variations_of: Callable[[Path, int], list[Variation]],
    decoded: Callable[[Traversal], Iterable[np.ndarray]],
    left_of: Callable[[int], Sequence[LeftImages]],
    inputs: np.ndarray | None,
    *,
    label: str,
    overwrite: bool,
    report: Reporter,
) -> Iterator[Path]:
    """Write each of ``outputs``; yields its path when it is complete.

    ``variations_of``: an output's, in a still with so many values. ``decoded``: the images of a traversal's codes,
    uint8 [b,H,W,C] batch by batch. ``left_of``: the images to the left of the first so many starts of a still.
    ``inputs``: uint8 [n,H,W,C], the starts' own images where known. WrongUsage where one is too large for a picture,
    before any image is decoded.
    """
    planned = [_planned(output, style, variations_of, report) for output in outputs]
    done = 0
    with report.task(label, sum(each.cells for each in planned), "images") as task:
        for each in planned:
            cells = each.by_variation(counted(decoded(each), task, done))
            done += each.cells
            if is_still(each.output):
                left = left_of(each.starts)
                write_still(each, cells, left, comment=style.comment, overwrite=overwrite)
            else:
                write_animation(each, cells, inputs, fps=style.fps, comment=style.comment, overwrite=overwrite)
            yield each.output


def _planned(
    output: Path, style: Style, variations_of: Callable[[Path, int], list[Variation]], report: Reporter
) -> Traversal:
    """One output laid out. Where nobody said how many values, a still has fewer if its images would be too small."""

    def laid_out(steps: int, report: Reporter) -> Traversal:
        return traversal_grid.lay_out(
            output=output,
            variations=variations_of(output, steps),
            height=style.height,
            width=style.width,
            size=style.size,
            paper=style.paper,
            captions=style.captions,
            stacked=style.stacked,
            report=report,
        )

    if style.steps or not is_still(output) or not style.paper.asked:
        return laid_out(style.steps or STEPS, report)
    sides: dict[int, float] = {}  # of an image, in mm
    for steps in (STEPS, *_FEWER_STEPS):
        try:
            sides[steps] = laid_out(steps, Silent()).printed.side(style.height, style.width)
        except WrongUsage:  # the labels do not fit
            continue
        if sides[steps] >= printing.CLEAR:
            break
    steps = max(sides, key=lambda each: (round(sides[each], 1), each), default=STEPS)
    if steps < STEPS:
        report.note(f"{output}: {steps} values instead of {STEPS}, so that images are larger; --steps {STEPS} has all")
    return laid_out(steps, report)


def write_still(
    planned: Traversal, images: Sequence[np.ndarray], beside: Sequence[LeftImages], *, comment: str, overwrite: bool
) -> None:
    """Write a PNG, PDF or SVG: a block for each start, with a row for each variation and a column for each value.

    ``images``: uint8 [n,V,H,W,C] of each variation. Variations whose values differ stand in blocks of their own, one
    under another. ``beside``: the images to the left of each start's first block. ``comment``: is kept in the file.
    """
    blocks, cells = [], []
    for number, (block, places) in enumerate(traversal_grid.blocks_of(planned, beside)):
        blocks.append(block)
        start = number // (len(planned.groups))
        cells.append(np.stack([images[place][start] for place in places]))
    printed = planned.printed
    sheet = Sheet(blocks, planned.height, planned.width, printed.factor, **printed.letters)
    stills.write(planned.output, sheet, cells, dpi=printed.dpi, overwrite=overwrite, comment=comment)


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
