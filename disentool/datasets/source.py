"""What every reader and renderer of a data set hands to ``prepare``: facts, and images in blocks."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from disentool.errors import ForeignFile
from disentool.io import class_words

_BLOCK = 16 * 2**20  # bytes of the blocks that single images are gathered into
_PATIENCE = 0.5  # seconds after which a block is given on as it is, so that progress is seen


class Unreadable(ForeignFile):
    """Files of a source that turned out to be damaged when they were decoded, each with the reason."""

    def __init__(self, files: Sequence[tuple[Path, str]]):
        self.files = tuple(files)
        super().__init__(f"{files[0][1]} ({len(files)} in all)")


@dataclass(frozen=True)
class Source:
    """One data set, not yet in memory.

    ``images(rows)`` yields uint8 [n, H, W, C] blocks (values 0..255), in order, that together are exactly the images of
    ``rows`` (int64, ascending; ``None``: every row). A block is small enough that a few of them fit in 200 MB.
    ``factors(rows)`` gives the int32 [n, K] class index of every factor. ``grid`` says that every combination of factor
    values occurs once, row-major (last factor fastest), so that row and factors determine each other by arithmetic.

    ``images`` may raise :class:`Unreadable`, at the end and with every damaged file, where ``without`` is given: it
    makes the same source without those files. ``notes`` are lines for people, of what was passed over or changed;
    ``later_notes()`` are those that are known once every image was read.
    """

    name: str
    shape: tuple[int, int, int, int]  # N, H, W, C
    images: Callable[[np.ndarray | None], Iterator[np.ndarray]]
    factors: Callable[[np.ndarray | None], np.ndarray]
    factor_names: tuple[str, ...]
    factor_sizes: tuple[int, ...]
    factor_values: dict[str, np.ndarray] = field(default_factory=dict)  # name -> float64 [size], physical values
    class_names: dict[str, tuple[str, ...]] = field(default_factory=dict)  # name -> a word for each class
    continuous: dict[str, np.ndarray] = field(default_factory=dict)  # name -> float64 [N], what was cut into classes
    binning: dict[str, str] = field(default_factory=dict)  # name -> the rule it was cut by
    grid: bool = False
    likelihood: str = "bernoulli"  # what a decoder should assume of a pixel: "bernoulli" or "gaussian"
    source: str = ""  # where the pixels come from: "rendered", or the raw file's name and sha256
    made: str = ""  # what was done to the images: cropped, resized, made grey
    made_of: Callable[[np.ndarray], str] | None = None  # what was done to these rows, int64 [n], where that differs
    citation: str = ""
    licence: str = ""
    class_factor: str = ""  # the factor that methods with classes take for the class
    split: np.ndarray | None = None  # uint8 [N], 0 train, 1 test: where the data set is published with one
    split_rule: str = ""  # how it was made, of a split that is written again without being asked for
    notes: tuple[str, ...] = ()
    later_notes: Callable[[], Sequence[str]] = tuple
    without: Callable[[Sequence[tuple[Path, str]]], "Source"] | None = None
    class_numbers: bool = False  # people name its classes by their numbers 0..size-1, not by factor_values

    def named_by_value(self) -> tuple[str, ...]:
        """The factors whose classes people name by their values, as these are not 0..size-1.

        Not a measurement that was cut into bins: the numbers that it was cut from are in ``continuous``.
        """
        return tuple(
            name
            for name, values in self.factor_values.items()
            if not self.class_numbers and name not in self.class_names and name not in self.continuous
            if not np.array_equal(values, np.arange(len(values)))
        )

    def words(self) -> dict[str, tuple[str, ...]]:
        """What people call the classes of each factor: its words or its values, where it has some."""
        numbers = {name: class_words.numerals(self.factor_values[name]) for name in self.named_by_value()}
        return {**numbers, **self.class_names}


def ascending(rows: np.ndarray, total: int) -> np.ndarray:
    """``rows`` as int64, checked: within 0..total-1 and in order."""
    rows = np.asarray(rows, dtype=np.int64)
    if len(rows) and (rows[0] < 0 or rows[-1] >= total or (np.diff(rows) < 0).any()):
        raise ValueError(f"rows must ascend within 0..{total - 1}")
    return rows


def table(factors: np.ndarray) -> Callable[[np.ndarray | None], np.ndarray]:
    """``Source.factors`` of factors held in memory, int [N,K]."""
    factors = np.ascontiguousarray(factors, np.int32)

    def of(rows: np.ndarray | None) -> np.ndarray:
        return factors if rows is None else factors[ascending(rows, len(factors))]

    return of


def grid(sizes: tuple[int, ...]) -> np.ndarray:
    """Class indices of a whole grid, row-major: int32 [N,K]."""
    return np.stack(np.unravel_index(np.arange(int(np.prod(sizes))), sizes), axis=1).astype(np.int32)


def gathered(images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Single images uint8 [H,W,C] as blocks [n,H,W,C] of about 16 MB, or of what half a second has brought."""
    block: list[np.ndarray] = []
    began = time.monotonic()
    for image in images:
        block.append(image)
        if len(block) * image.nbytes >= _BLOCK or time.monotonic() - began > _PATIENCE:
            yield np.stack(block)
            block, began = [], time.monotonic()
    if block:
        yield np.stack(block)


def ranked(values: Iterable) -> tuple[np.ndarray, list]:
    """Each value's index among the distinct ones, sorted, and those."""
    values = list(values)
    known = sorted(set(values))
    index = {value: i for i, value in enumerate(known)}
    return np.array([index[value] for value in values], np.int32), known
