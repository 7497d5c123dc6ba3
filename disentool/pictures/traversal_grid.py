"""Images that change with one number at a time, a latent dimension or t of a direction, laid out for one output."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from disentool.models.label import Label
from disentool.pictures import layout, printing
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
    blocks = [block for block, _ in blocks_of(planned, [[(caption, None) for caption in captions]] * planned.starts)]
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


def blocks_of(planned: Traversal, beside: Sequence[LeftImages]) -> Iterator[tuple[Block, list[int]]]:
    """The blocks of a still from above, start by start, and which variations are the rows of each."""
    for start, left in enumerate(beside):
        for number, places in enumerate(planned.groups):
            variations = [planned.variations[place] for place in places]
            labels = tuple(variation.beside for variation in variations)
            if not left and planned.starts > 1:  # no image beside them tells the starts apart
                labels = tuple(_numbered(label, start + 1) for label in labels)
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


def _numbered(label: Label, start: int) -> Label:
    """A label of a row that says the number of its start too."""
    return replace(label, detail=", ".join(filter(None, [label.detail, f"start {start}"])))


def _decimals(most: float) -> int:
    """Of a value that glides: two digits of the largest."""
    return max(0, 1 - math.floor(math.log10(most))) if most > 0 else 0
