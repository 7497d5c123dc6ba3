"""The rows a metric may draw from, and the ways of drawing them.

Everything here is decided from labels and a seed alone, before anything is encoded.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from disentool.datasets import factor_columns
from disentool.errors import DataMismatch, NoFactors, counted
from disentool.metrics import METRICS

# A factor with more distinct values than this, and more than half as many as there are rows, is no class label.
CONTINUOUS_ABOVE = 200
# Tables are as long as a factor's size; what a damaged file claims must not exhaust memory.
LARGEST_SIZE = 1 << 24


@dataclass(frozen=True, eq=False)
class TrainingFacts:
    """What an artefact says of its classes, its codes and its training.

    ``class_factor``: names of factors joined by a plus. ``class_width``: how many columns of ``mean``, from the left,
    are the class code. ``images``: int64 [classes], how many images of each were trained on. ``rows``: bool [n], which
    of them were trained on. ``noise``: standard deviation of the noise on the content code in training.
    """

    class_factor: str = ""
    class_width: int | None = None
    images: np.ndarray | None = None
    rows: np.ndarray | None = None
    noise: float | None = None


UNKNOWN = TrainingFacts()


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of rows that share the value of one factor."""

    rows: np.ndarray  # int64 [V, L]
    small: int  # how many of the V groups had fewer than L different rows to draw from


@dataclass(frozen=True, eq=False)
class DataRows:
    """Labelled rows.

    ``factors``: int [n, K], class indices 0..size-1, or None; ``names`` and ``sizes`` are of its columns. ``grid``:
    every combination of factor values occurs once, so that row and factors determine each other. ``order``: int64 [n],
    the row of each combination, row-major (last factor fastest); None: the rows have that order. ``training``: what a
    model with class and content codes was trained on. ``notes``: what was done to the factors. Make one with
    ``DataRows.from_factors``, or ``DataRows(n)`` where there are no factors.
    """

    n: int
    factors: np.ndarray | None = None
    names: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    grid: bool = False
    training: TrainingFacts = UNKNOWN
    notes: tuple[str, ...] = ()
    order: np.ndarray | None = None
    _by_value: dict = field(default_factory=dict, init=False, repr=False)  # factor -> (rows by value, starts, counts)

    @classmethod
    def from_factors(
        cls,
        factors: np.ndarray,
        names: Sequence[str] | None = None,
        sizes: Sequence[int] | None = None,
        grid: bool | None = None,
    ) -> "DataRows":
        """Check labels from anywhere and make them class indices.

        ``factors``: numbers [n, K]; a column that is not already 0..size-1 is replaced by the rank of its values. A
        measurement is cut into bins as ``prepare`` does, see :func:`disentool.datasets.factor_columns.from_numbers`,
        and a note says so.
        ``sizes``: how many values each factor has, where not all of them need occur. ``grid``: None looks whether the
        rows are a complete grid, in whatever order; True is a claim that is checked, and dropped if it does not hold
        (a subset of a file may have kept its attribute); False never takes the short cut. Raises ``NoFactors`` for no
        columns and ``DataMismatch`` for anything that cannot be read as classes.
        """
        factors = np.asarray(factors)
        if factors.ndim != 2:
            raise DataMismatch(f"factors have shape {list(factors.shape)}, expected [rows, factors]")
        n, k = factors.shape
        if k == 0:
            raise NoFactors("the factors array has no columns, so there is no factor to score against")
        if n == 0:
            raise DataMismatch("the factors array has no rows")
        if factors.dtype.kind not in "biuf":
            raise DataMismatch(f"factors are {factors.dtype}, expected numbers: one class index per factor")
        if factors.dtype.kind == "f" and not np.isfinite(factors).all():
            count = int((~np.isfinite(factors)).sum())
            raise DataMismatch(f"factors: {count} {'value is' if count == 1 else 'values are'} NaN or infinite")
        names = tuple(f"factor_{i}" for i in range(k)) if names is None else tuple(str(name) for name in names)
        if len(names) != k or len(set(names)) != k:
            raise DataMismatch(f"factors: expected {counted(k, 'different name')}, got {', '.join(names)}")
        if sizes is not None:
            sizes = tuple(int(size) for size in sizes)
            if len(sizes) != k or min(sizes) < 1 or max(sizes) > LARGEST_SIZE:
                raise DataMismatch(
                    f"factors: expected {counted(k, 'size')} from 1 to {LARGEST_SIZE}, got {list(sizes)}"
                )

        if factors.dtype.kind in "bu":
            factors = factors.astype(np.int64)
        cuts: list[str] = []
        if factors.dtype.kind == "f" and sizes is None:
            factors, cuts = _without_measurements(factors, names)

        columns, found = [], []
        for i in range(k):
            column, size = _as_classes(factors[:, i], names[i], None if sizes is None else sizes[i])
            columns.append(column)
            found.append(size)
        if any(column is not None for column in columns):
            factors = np.stack([factors[:, i] if c is None else c for i, c in enumerate(columns)], axis=1)
            factors = factors.astype(np.int64, copy=False)
        order = None if grid is False else _order_of_grid(factors, found)
        in_order = order is None or bool((np.diff(order) == 1).all())
        return cls(
            n, factors, names, tuple(found), order is not None, notes=tuple(cuts), order=None if in_order else order
        )

    @property
    def strides(self) -> np.ndarray:
        """int64 [K]: how far apart two rows of a grid are whose factor differs by one."""
        return np.cumprod([1, *self.sizes[:0:-1]], dtype=np.int64)[::-1]

    def rows_of(self, factor_rows: np.ndarray) -> np.ndarray:
        """Row numbers, int64 [...], of factor combinations, int [..., K]. Only for a grid."""
        if not self.grid:
            raise DataMismatch("rows follow from factors only on a complete grid, and this data is not one")
        cells = np.asarray(factor_rows) @ self.strides
        return cells if self.order is None else self.order[cells]

    def counts(self, factor: int) -> np.ndarray:
        """int64 [size]: how many rows have each value of a factor."""
        if self.grid:
            return np.full(self.sizes[factor], self.n // self.sizes[factor])
        return self._grouped(factor)[2]

    def votable(self, metric: str) -> tuple[np.ndarray, dict[str, str]]:
        """Factors that can be held fixed while others vary: their indices, and name -> reason for those left out.

        Raises ``NoFactors`` without labels, ``DataMismatch`` when no factor is left.
        """
        if self.factors is None:
            raise no_factors(metric)
        usable, left_out = [], {}
        for i, name in enumerate(self.names):
            counts = self.counts(i)
            if np.count_nonzero(counts) < 2:
                left_out[name] = "only one value present"
            elif counts.max() < 2:
                left_out[name] = "no two rows share a value"
            else:
                usable.append(i)
        if not usable:
            reasons = ", ".join(f"{name}: {reason}" for name, reason in left_out.items())
            raise DataMismatch(f"metric {metric} has no factor it could hold fixed ({reasons})")
        return np.array(usable), left_out

    def draw_groups(self, factors: np.ndarray, size: int, rng: np.random.Generator) -> Groups:
        """Draw ``size`` rows per group; the rows of group v share the value of factor ``factors[v]``.

        On a grid the other factors are uniform and independent. Elsewhere a value is chosen uniformly among those that
        at least two rows have (a single row repeated would vary in nothing and vote for nothing), and rows of that
        value are drawn without replacement, or with it where there are fewer than ``size``.
        """
        factors = np.asarray(factors)
        rows = np.empty((len(factors), size), dtype=np.int64)
        if self.grid:
            block = max(1, (1 << 20) // (size * len(self.sizes)))
            for start in range(0, len(factors), block):
                fixed = factors[start : start + block]
                combinations = rng.integers(self.sizes, size=(len(fixed), size, len(self.sizes)))
                each = np.arange(len(fixed))
                combinations[each, :, fixed] = combinations[each, :1, fixed]
                rows[start : start + block] = self.rows_of(combinations)
            return Groups(rows, self.small_groups(factors, size))
        small = 0
        for factor in np.unique(factors):
            ordered, starts, counts = self._grouped(int(factor))
            groups = np.flatnonzero(factors == factor)
            shared = np.flatnonzero(counts >= 2)
            values = shared[rng.integers(len(shared), size=len(groups))]
            available = counts[values]
            scarce = available < size
            picks = np.empty((len(groups), size), dtype=np.int64)
            picks[~scarce] = _without_replacement(available[~scarce], size, rng)
            picks[scarce] = rng.integers(available[scarce, None], size=(int(scarce.sum()), size))
            rows[groups] = ordered[starts[values][:, None] + picks]
            small += int(scarce.sum())
        return Groups(rows, small)

    def small_groups(self, factors: np.ndarray, size: int) -> int:
        """On a grid: of groups with these factors fixed, how many have fewer than ``size`` rows to draw from."""
        return int((self.n // np.array(self.sizes)[factors] < size).sum())

    def _grouped(self, factor: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if factor not in self._by_value:
            if self.factors is None:
                raise no_factors("of groups")
            column, size = self.factors[:, factor], self.sizes[factor]
            # numpy sorts 16-bit integers in linear time
            narrow = column.astype(np.uint16) if size <= 1 << 16 else column
            counts = np.bincount(column, minlength=size)
            self._by_value[factor] = (np.argsort(narrow, kind="stable"), np.cumsum(counts) - counts, counts)
        return self._by_value[factor]


def no_factors(metric: str) -> NoFactors:
    """What to raise where a metric needs labels and there are none."""
    alone = [name for name, facts in METRICS.items() if not facts.needs and not facts.by_name_only]
    return NoFactors(
        f"metric {metric} needs factors of variation and this data has none; "
        f"score data with labels, or choose a metric that needs codes alone ({', '.join(alone)})"
    )


def _as_classes(column: np.ndarray, name: str, size: int | None) -> tuple[np.ndarray | None, int]:
    """One factor as class indices, None where the column already is that, and its size."""
    n = len(column)
    whole = column.dtype.kind == "i" and column.min() >= 0
    classes = None
    if whole and column.max() < n:  # counting is much faster than sorting
        distinct = int(np.count_nonzero(np.bincount(column)))
    else:
        values, classes = np.unique(column, return_inverse=True)
        distinct = len(values)
    if distinct > CONTINUOUS_ABOVE and 2 * distinct > n:
        raise DataMismatch(
            f"factor {name} has {distinct} distinct values in {n} rows: it looks continuous or like an identifier; "
            "bin it into classes or leave it out"
        )
    if size is not None and distinct > size:
        raise DataMismatch(f"factor {name} is said to have {size} values but {distinct} occur")
    size = distinct if size is None else size
    if whole and column.max() < size:
        return None, size
    return np.unique(column, return_inverse=True)[1] if classes is None else classes, size


def _without_measurements(factors: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Floats [n, K] with the class indices of its bins for each column that is a measurement; and the rules."""
    columns = [factor_columns.from_numbers(name, column) for name, column in zip(names, factors.T, strict=True)]
    if not any(column.rule for column in columns):
        return factors, []
    told = [column.classes if column.rule else given for column, given in zip(columns, factors.T, strict=True)]
    return np.stack(told, axis=1), factor_columns.cuts(columns)


def _order_of_grid(factors: np.ndarray, sizes: Sequence[int]) -> np.ndarray | None:
    """int64 [n]: the row of each combination, row-major; None where some are missing or there more than once."""
    if math.prod(sizes) != len(factors):
        return None
    cells = np.ravel_multi_index(tuple(factors.T.astype(np.int64, copy=False)), tuple(sizes))
    order = np.full(len(factors), -1)
    order[cells] = np.arange(len(factors))
    return None if (order < 0).any() else order


def _without_replacement(available: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """``size`` different numbers below each of ``available`` [V]: int64 [V, size].

    Floyd's algorithm, all groups at once: a subset of any size costs ``size`` draws, however many it is taken from.
    """
    picks = np.empty((len(available), size), dtype=np.int64)
    for i in range(size):
        last = available - size + i
        pick = rng.integers(last + 1) if len(last) else last
        taken = (picks[:, :i] == pick[:, None]).any(axis=1)
        picks[:, i] = np.where(taken, last, pick)
    return picks
