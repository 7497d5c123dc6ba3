"""Training and test rows of a table of codes, for metrics that are a function of the whole table or learn from it."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.metrics.facts import MetricFacts
from disentool.scoring.codes import Codes
from disentool.scoring.drawing.rows import check_protocol, check_seed, unique_rows
from disentool.scoring.points import Points, no_factors

SAMPLED = "dlib"  # the protocol that draws its rows as disentanglement_lib does, number for number, on a complete grid
BATCH = 16  # rows that library draws at a time


@dataclass(frozen=True, eq=False)
class Split:
    """Which rows train and which test. ``labels`` hold the factors that vary among the training rows."""

    metric: str
    n: int
    train: np.ndarray | None  # int64, repeats allowed; None: all n rows
    test: np.ndarray | None  # int64; None: the training rows
    with_test: bool
    factors: np.ndarray | None  # int [n, K], all of them
    all_names: tuple[str, ...]
    options: Any
    seed: int
    drawing: str  # in words
    usable: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))  # indices of the factors that vary
    left_out: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> np.ndarray | None:
        """int64, sorted, unique: what must be encoded; None: all ``n`` rows."""
        if self.train is None:
            return None
        return unique_rows(self.n, self.train, *([] if self.test is None else [self.test]))

    @property
    def names(self) -> tuple[str, ...]:
        """The factors that are scored."""
        return tuple(self.all_names[i] for i in self.usable)

    def labels(self, part: str = "train") -> np.ndarray:
        """int [n, K] of the training or the test rows."""
        if self.factors is None:
            raise no_factors(self.metric)
        rows = self.test if part == "test" and self.test is not None else self.train
        return (self.factors if rows is None else self.factors[rows])[:, self.usable]

    def codes(self, codes: Codes, array: str = "mean") -> tuple[np.ndarray, np.ndarray]:
        """float32 [n, D] of the training and of the test rows; the metric refuses what is not finite."""
        table = codes.require(array, self.metric)
        train = table[codes.select(None, self.n) if self.train is None else codes.at(self.train)]
        test = train if self.test is None else table[codes.at(self.test)]
        return train, test

    def details(self) -> dict[str, Any]:
        """What a record says of the rows."""
        count = self.n if self.train is None else len(self.train)
        told: dict[str, Any] = {"rows": count}
        if self.with_test:
            told = {"train_rows": count, "test_rows": count if self.test is None else len(self.test)}
        if self.factors is not None:
            told |= {"factors": list(self.names), "left_out": self.left_out}
        return told | {"drawing": self.drawing, "seed": self.seed}


def plan_split(
    facts: MetricFacts,
    points: Points,
    options: Any,
    seed: int,
    train: int | None,
    test: int | None = None,
    *,
    with_test: bool = False,
) -> Split:
    """Draw ``train`` and ``test`` rows (None: all of them; the training rows).

    ``SAMPLED`` draws with replacement, on a grid number for number as disentanglement_lib does: 16 combinations at a
    time, factor by factor, training points first. Every other protocol draws without, training and test rows apart.
    Raises ``NoFactors``, ``DataMismatch`` where no factor varies or rows are too few, ``WrongUsage`` for a bad seed.
    """
    metric, labelled = facts.name, "factors" in facts.needs
    check_protocol(facts, options)
    if labelled and points.factors is None:
        raise no_factors(metric)
    notes: list[str] = []
    train_rows = test_rows = None
    if options.protocol == SAMPLED and train is not None:
        seed = check_seed(seed, below=1 << 32)
        stream = np.random.RandomState(seed)
        train_rows = _draw(points, train, stream)
        test_rows = _draw(points, test, stream) if test is not None else None
        drawing = "rows with replacement, the random stream of disentanglement_lib"
        if not points.grid:
            notes.append("not a complete grid: rows are drawn uniformly, not as disentanglement_lib draws them")
    else:
        seed = check_seed(seed)
        drawing = "all rows" if train is None and test is None else "rows without replacement"
        if (train or 0) + (test or 0) > points.n or test == points.n:
            asked = " and ".join(f"{count:,}" for count in (train, test) if count is not None)
            raise DataMismatch(f"metric {metric}: {asked} rows were asked for, but the data has {points.n:,}")
        if train is not None or test is not None:
            order = np.random.default_rng(seed).permutation(points.n)
            first = points.n - (test or 0) if train is None else train
            train_rows = np.sort(order[:first])
            test_rows = None if test is None else np.sort(order[first : first + test])
    split = Split(
        metric=metric,
        n=points.n,
        train=train_rows,
        test=test_rows,
        with_test=with_test,
        factors=points.factors if labelled else None,
        all_names=points.names,
        options=options,
        seed=seed,
        drawing=drawing,
        notes=tuple(notes),
    )
    return settle(split)


def settle(split: Split) -> Split:
    """The same rows, with the factors that vary among the training rows; ``DataMismatch`` if none does."""
    if split.factors is None:
        return split
    usable, left_out = [], {}
    labels = split.factors if split.train is None else split.factors[split.train]
    for i, name in enumerate(split.all_names):
        column = labels[:, i]
        if (column == column[0]).all():
            left_out[name] = "only one value present"
        else:
            usable.append(i)
    if not usable:
        reasons = ", ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise DataMismatch(f"metric {split.metric} has no factor that varies ({reasons})")
    return replace(split, usable=np.array(usable), left_out=left_out)


def resample(split: Split, rng: np.random.Generator) -> Split:
    """A bootstrap draw: as many training and test rows, from those it has, with replacement."""
    train = np.arange(split.n) if split.train is None else split.train
    again = replace(
        split,
        train=train[rng.integers(len(train), size=len(train))],
        test=None if split.test is None else split.test[rng.integers(len(split.test), size=len(split.test))],
    )
    return settle(again)


def _draw(points: Points, count: int, stream: np.random.RandomState) -> np.ndarray:
    """int64 [count]: rows of random combinations on a grid, of random rows elsewhere."""
    if not points.grid:
        return stream.randint(points.n, size=count)
    sizes = np.array(points.sizes)
    whole, rest = divmod(count, BATCH)
    parts = []
    # ``randint`` with an array of bounds takes the same numbers from the stream as a call for each of them
    for batches, size in ((whole, BATCH), (1, rest)):
        if batches and size:
            drawn = stream.randint(np.repeat(sizes, size), size=(batches, len(sizes) * size))
            combinations = drawn.reshape(batches, len(sizes), size).transpose(0, 2, 1)
            parts.append(points.rows_of(combinations).ravel())
    return np.concatenate(parts)
