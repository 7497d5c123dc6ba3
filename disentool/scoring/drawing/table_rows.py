"""Metrics of a table of codes: all its rows, or training and test rows, drawn as their protocol has it."""

import inspect
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.metrics.bounds import Constants
from disentool.metrics.constants.disentanglement import Mig
from disentool.metrics.facts import MetricFacts
from disentool.metrics.mig import mig_of_posteriors
from disentool.metrics.result import Result
from disentool.scoring.codes import Codes, Name
from disentool.scoring.data_rows import DataRows, no_factors
from disentool.scoring.drawing.seeded_subset import check_protocol, check_seed, unique_rows
from disentool.scoring.model_functions import ModelFunctions, required
from disentool.scoring.record import recorded_constants, values_of, with_details

SAMPLED = "dlib"  # the protocol that draws its rows as disentanglement_lib does, number for number, on a complete grid
BATCH = 16  # rows that library draws at a time


@dataclass(frozen=True, eq=False)
class TableRows:
    """Which rows train and which test. ``labels`` hold the factors that vary among the training rows."""

    metric: str
    n: int
    train: np.ndarray | None  # int64, repeats allowed; None: all n rows
    test: np.ndarray | None  # int64; None: the training rows
    with_test: bool
    factors: np.ndarray | None  # int [n, K], all of them
    all_names: tuple[str, ...]
    constants: Constants
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

    def codes(self, codes: Codes, array: Name = "mean") -> tuple[np.ndarray, np.ndarray]:
        """float32 [n, D] of the training and of the test rows; the metric refuses what is not finite."""
        table = codes.require(array, self.metric)
        train = table[codes.select(None, self.n) if self.train is None else codes.at(self.train)]
        test = train if self.test is None else table[codes.at(self.test)]
        return train, test

    def details(self) -> dict[str, Any]:
        """What a record says of the rows."""
        count = self.n if self.train is None else len(self.train)
        details: dict[str, Any] = {"rows": count}
        if self.with_test:
            details = {"train_rows": count, "test_rows": count if self.test is None else len(self.test)}
        if self.factors is not None:
            details |= {"factors": list(self.names), "left_out": self.left_out}
        return details | {"drawing": self.drawing, "seed": self.seed}


def draw(facts: MetricFacts, data: DataRows, constants: Constants, seed: int, codes_ready: bool = False) -> TableRows:
    """The rows of the table; training and test rows for a metric whose constants have both."""
    values = values_of(constants)
    if "train_rows" in values:
        return _draw_table(facts, data, constants, seed, values["train_rows"], values["test_rows"], with_test=True)
    return _draw_table(facts, data, constants, seed, values["rows"])


def score(facts: MetricFacts, drawn: TableRows, codes: Codes, functions: ModelFunctions) -> Result:
    """The metric's function of the codes and factors of the rows drawn."""
    constants = drawn.constants
    if isinstance(constants, Mig) and not constants.bins:
        result = _mig_of_posteriors(drawn, constants, codes, functions)
    else:
        result = _of_codes(facts, drawn, codes, functions)
    return with_details(result, constants, recorded_constants(facts, constants) | drawn.details(), {}, drawn.notes)


def _of_codes(facts: MetricFacts, drawn: TableRows, codes: Codes, functions: ModelFunctions) -> Result:
    function = facts.load()
    takes = inspect.signature(function).parameters
    train, test = drawn.codes(codes)
    arrays = [train]
    # the other constants say which rows
    given: dict[str, Any] = {name: value for name, value in values_of(drawn.constants).items() if name in takes}
    if drawn.factors is not None:
        arrays.append(drawn.labels())
        given["factor_names"] = drawn.names
        if drawn.test is not None:
            arrays += [test, drawn.labels("test")]
    for name, value in (("progress", functions.progress), ("seed", drawn.seed)):
        if name in takes:
            given[name] = value
    result: Result = function(*arrays, **given)
    return result


def _mig_of_posteriors(drawn: TableRows, constants: Mig, codes: Codes, functions: ModelFunctions) -> Result:
    """MIG by Gaussian mixtures, of the factors that it is not to leave out."""
    if codes.logvar is None:
        raise DataMismatch(
            f"metric mig: bins {constants.bins} means Gaussian mixtures, which need logvar, and these codes have none;"
            " bins of 2 or more need the means alone"
        )
    labels = drawn.labels()
    mean = drawn.codes(codes)[0]
    left = constants.without.split(",")
    used = np.array([i for i, name in enumerate(drawn.names) if name not in left], dtype=int)
    if not used.size:
        raise DataMismatch(f"metric mig: without {constants.without} no factor is left; --set without=none keeps all")
    return mig_of_posteriors(
        mean,
        drawn.codes(codes, "logvar")[0],
        labels[:, used],
        required(functions.log_q, "mig, protocol chen,", "a function for mixtures"),
        samples=constants.samples,
        rng=np.random.default_rng((drawn.seed, 3)),
        factor_names=[drawn.names[i] for i in used],
        progress=functions.progress,
    )


def _draw_table(
    facts: MetricFacts,
    data: DataRows,
    constants: Constants,
    seed: int,
    train: int | None,
    test: int | None = None,
    *,
    with_test: bool = False,
) -> TableRows:
    """Draw ``train`` and ``test`` rows (None: all of them; the training rows).

    ``SAMPLED`` draws with replacement, on a grid number for number as disentanglement_lib does: 16 combinations at a
    time, factor by factor, training points first. Every other protocol draws without, training and test rows apart.
    Raises ``NoFactors``, ``DataMismatch`` where no factor varies or rows are too few, ``WrongUsage`` for a bad seed.
    """
    metric, labelled = facts.name, "factors" in facts.needs
    check_protocol(facts, constants)
    if labelled and data.factors is None:
        raise no_factors(metric)
    notes: list[str] = []
    train_rows = test_rows = None
    if constants.protocol == SAMPLED and train is not None:
        seed = check_seed(seed, below=1 << 32)
        stream = np.random.RandomState(seed)
        train_rows = _draw_as_dlib(data, train, stream)
        test_rows = _draw_as_dlib(data, test, stream) if test is not None else None
        drawing = "rows with replacement, the random stream of disentanglement_lib"
        if not data.grid:
            notes.append("not a complete grid: rows are drawn uniformly, not as disentanglement_lib draws them")
    else:
        seed = check_seed(seed)
        drawing = "all rows" if train is None and test is None else "rows without replacement"
        if (train or 0) + (test or 0) > data.n or test == data.n:
            asked = " and ".join(f"{count:,}" for count in (train, test) if count is not None)
            raise DataMismatch(f"metric {metric}: {asked} rows were asked for, but the data has {data.n:,}")
        if train is not None or test is not None:
            order = np.random.default_rng(seed).permutation(data.n)
            first = data.n - (test or 0) if train is None else train
            train_rows = np.sort(order[:first])
            test_rows = None if test is None else np.sort(order[first : first + test])
    drawn = TableRows(
        metric=metric,
        n=data.n,
        train=train_rows,
        test=test_rows,
        with_test=with_test,
        factors=data.factors if labelled else None,
        all_names=data.names,
        constants=constants,
        seed=seed,
        drawing=drawing,
        notes=tuple(notes),
    )
    return _with_usable_factors(drawn)


def _with_usable_factors(drawn: TableRows) -> TableRows:
    """The same rows, with the factors that vary among the training rows; ``DataMismatch`` if none does."""
    if drawn.factors is None:
        return drawn
    usable, left_out = [], {}
    labels = drawn.factors if drawn.train is None else drawn.factors[drawn.train]
    for i, name in enumerate(drawn.all_names):
        column = labels[:, i]
        if (column == column[0]).all():
            left_out[name] = "only one value present"
        else:
            usable.append(i)
    if not usable:
        reasons = ", ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise DataMismatch(f"metric {drawn.metric} has no factor that varies ({reasons})")
    return replace(drawn, usable=np.array(usable), left_out=left_out)


def resample(drawn: TableRows, rng: np.random.Generator) -> TableRows:
    """A bootstrap draw: as many training and test rows, from those it has, with replacement."""
    train = np.arange(drawn.n) if drawn.train is None else drawn.train
    again = replace(
        drawn,
        train=train[rng.integers(len(train), size=len(train))],
        test=None if drawn.test is None else drawn.test[rng.integers(len(drawn.test), size=len(drawn.test))],
    )
    return _with_usable_factors(again)


def _draw_as_dlib(data: DataRows, count: int, stream: np.random.RandomState) -> np.ndarray:
    """int64 [count]: rows of random combinations on a grid, of random rows elsewhere."""
    if not data.grid:
        return stream.randint(data.n, size=count)
    sizes = np.array(data.sizes)
    whole, rest = divmod(count, BATCH)
    parts = []
    # ``randint`` with an array of bounds takes the same numbers from the stream as a call for each of them
    for batches, size in ((whole, BATCH), (1, rest)):
        if batches and size:
            values = stream.randint(np.repeat(sizes, size), size=(batches, len(sizes) * size))
            combinations = values.reshape(batches, len(sizes), size).transpose(0, 2, 1)
            parts.append(data.rows_of(combinations).ravel())
    return np.concatenate(parts)
