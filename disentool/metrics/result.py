"""What goes into a metric and what comes out: codes, what a stage lends, options, and a result."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from disentool.errors import DataMismatch, WrongUsage

RESAMPLES = 2000  # of a bootstrap
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Result:
    """One score. ``details`` is plain Python (str, int, float, bool, None, list, dict): it becomes JSON as it is."""

    score: float
    protocol: str
    interval: tuple[float, float] | None  # 95 %; None where it is not defined
    per_factor: dict[str, float] = field(default_factory=dict)
    details: dict = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Codes:
    """What the rows were encoded to.

    ``rows``: int64 [n], sorted and unique, the data set's row numbers. ``mean``, ``logvar``: float32 [n, D], the
    parameters of q(z|x) (values beyond float32 count as infinite). ``reconstruction_nats``: float64 [n],
    -log p(x|z) summed over pixels and channels, for one z drawn from q(z|x). ``squared_error``: float64 [n], mean over
    pixels and channels. Raises ``DataMismatch`` when the arrays do not fit together.
    """

    rows: np.ndarray
    mean: np.ndarray
    logvar: np.ndarray | None = None
    reconstruction_nats: np.ndarray | None = None
    squared_error: np.ndarray | None = None

    def __post_init__(self):
        rows = np.asarray(self.rows)
        if rows.ndim != 1 or rows.dtype.kind not in "iu" or not rows.size or rows[0] < 0 or (np.diff(rows) <= 0).any():
            raise DataMismatch("the row numbers of codes must be integers >= 0, at least one, sorted and unique")
        arrays = {"rows": rows.astype(np.int64, copy=False)}
        for name, ndim, dtype in (
            ("mean", 2, np.float32),
            ("logvar", 2, np.float32),
            ("reconstruction_nats", 1, np.float64),
            ("squared_error", 1, np.float64),
        ):
            array = getattr(self, name)
            if array is None and name != "mean":
                continue
            array = np.asarray(array)
            if array.ndim != ndim or array.dtype.kind not in "biuf" or len(array) != len(rows) or not array.size:
                expected = f"[{len(rows)}, D]" if ndim == 2 else f"[{len(rows)}]"
                raise DataMismatch(f"codes: {name} is {array.dtype} {list(array.shape)}, expected numbers {expected}")
            with np.errstate(over="ignore"):  # becomes infinite, which a metric then refuses by name
                arrays[name] = array.astype(dtype, copy=False)
        if "logvar" in arrays and arrays["logvar"].shape != arrays["mean"].shape:
            shapes = f"{list(arrays['logvar'].shape)} and {list(arrays['mean'].shape)}"
            raise DataMismatch(f"codes: logvar and mean differ in shape: {shapes}")
        for name, array in arrays.items():
            object.__setattr__(self, name, array)

    def at(self, rows: np.ndarray) -> np.ndarray:
        """Indices into the arrays of the data set's ``rows`` (any shape); ``DataMismatch`` if one is not here."""
        rows = np.asarray(rows)
        n = len(self.rows)
        if self.rows[-1] == n - 1:  # sorted, unique and >= 0, so these are rows 0..n-1
            if not rows.size or (rows.min() >= 0 and rows.max() < n):
                return rows
            index, here = rows, (rows >= 0) & (rows < n)
        else:
            index = np.searchsorted(self.rows, rows)
            here = self.rows[np.minimum(index, n - 1)] == rows
        if not here.all():
            missing = rows[~here]
            raise DataMismatch(f"codes hold {n} rows and lack {missing.size} of those drawn (first: row {missing[0]})")
        return index

    def select(self, rows: np.ndarray | None, n: int) -> np.ndarray | slice:
        """Index of a plan's rows; ``None`` means all ``n`` rows of the data, and then exactly those must be here."""
        if rows is not None:
            return self.at(rows)
        if len(self.rows) != n or self.rows[-1] != n - 1:
            raise DataMismatch(f"codes hold {len(self.rows)} rows, but the data has {n}: they are of different data")
        return slice(None)

    def require(self, name: str, metric: str) -> np.ndarray:
        """The optional array ``name``; ``DataMismatch`` if the codes came without it."""
        array = getattr(self, name)
        if array is None:
            raise DataMismatch(f"metric {metric} needs {name}, which these codes do not have; choose another metric")
        return array


def _silent(done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Callables:
    """What a stage lends to a metric whose ``NEEDS`` hold ``"callables"``: a model's functions, a device, progress.

    ``progress(done, total)``: shown to people. ``log_q(z, mean, logvar, progress)``: the log density, in nats, of z
    (float [M,D]) under the equal mixture of the Gaussians ``mean``, ``logvar`` (float32 [N,D]), streamed: the joint
    float64 [M] and the marginals float64 [M,D]. ``density_ratio(z)``: log q(z) - log prod_j q(z_j) in nats as the
    model's discriminator estimates it, float64 [M]. ``log_likelihood(rows, z)``: log p(x|z) in nats per image, float64
    [B,K], of the images ``rows`` (int64 [B]) for z float32 [B,K,D]. ``images(rows)``: those images, float32 [B,H,W,C]
    in 0..1. ``decode(z)``: codes float32 [B,D] -> such images. ``transfer(class_rows, content_rows)``: such images,
    each with the class of one row and the content of another, of a model that makes them of more than codes.
    ``perceptual(first, second)``: LPIPS, float64 [B], of such images. ``moved`` and ``coordinate``: see
    :func:`disentool.metrics.control.score`. None: there is none here.
    """

    progress: Callable[[int, int], None] = _silent
    log_q: Callable[..., tuple[np.ndarray, np.ndarray]] | None = None
    density_ratio: Callable[[np.ndarray], np.ndarray] | None = None
    log_likelihood: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    moved: Callable[[np.ndarray, np.ndarray, np.ndarray], Any] | None = None
    coordinate: Callable[[np.ndarray], np.ndarray] | None = None
    images: Callable[[np.ndarray], np.ndarray] | None = None
    decode: Callable[[np.ndarray], np.ndarray] | None = None
    transfer: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    perceptual: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None

    def require(self, name: str, metric: str, source: str) -> Callable:
        """The function ``name``; ``DataMismatch`` saying where there is one."""
        function = getattr(self, name)
        if function is None:
            raise DataMismatch(f"metric {metric} needs {source}, which is not here")
        return function


def check_at_least(options: Any, **least: float) -> None:
    """``WrongUsage`` for a constant below its least value, infinite or NaN; None is left alone."""
    for name, bound in least.items():
        value = getattr(options, name)
        if value is not None and not bound <= value < math.inf:
            raise WrongUsage(f"{name} {value}: expected at least {bound}")


def constants(options: Any, protocols: Mapping[str, Any]) -> dict[str, Any]:
    """Every constant of a score by name, and under ``changed_options`` those that differ from the protocol's."""
    values = dataclasses.asdict(options)
    usual = dataclasses.asdict(protocols[values.pop("protocol")])
    return values | {"changed_options": [name for name, value in values.items() if usual[name] != value]}


def refuse_non_finite(array: np.ndarray, what: str) -> None:
    """Raise ``DataMismatch`` saying how many rows of ``array`` [n] or [n, D] are not finite."""
    if np.isfinite(array).all():
        return
    bad = ~np.isfinite(array).reshape(len(array), -1).all(axis=1)
    raise DataMismatch(
        f"{what}: {int(bad.sum())} of {len(array)} rows hold NaN or infinity; "
        "the model diverged or the file is damaged: score another checkpoint"
    )


def mean_with_error(values: np.ndarray) -> tuple[float, tuple[float, float] | None, float | None]:
    """Mean of float64 [n], mean ± 1.96 standard errors, and the standard error; the last two are None for one value."""
    mean = float(values.mean())
    if len(values) < 2:
        return mean, None, None
    error = float(values.std(ddof=1) / np.sqrt(len(values)))
    return mean, (mean - 1.96 * error, mean + 1.96 * error), error


def mean_of_seeds(values: Sequence[float]) -> tuple[float, tuple[float, float] | None, float | None]:
    """Mean, Student's 95 % interval of it, and standard deviation (ddof 1); None where there is none.

    The interval is None for one value or equal ones, both for values that are not finite.
    """
    from scipy.stats import t

    array = np.asarray(values, np.float64)
    mean = float(array.mean())
    std = float(array.std(ddof=1)) if len(array) > 1 and np.isfinite(array).all() else None
    if not std:
        return mean, None, std
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(array) - 1)) * std / math.sqrt(len(array))
    return mean, (mean - half, mean + half), std


def above_chance(value: float, chance: float) -> float:
    """An accuracy rescaled so that chance is 0 and 1 stays 1; below chance is negative."""
    return (value - chance) / (1 - chance)


def interval_of_share(right: int, total: int, seed: int) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the share ``right / total`` of answers that were right.

    The answers are drawn again, the classifier stays: refitting it to each resample would add the optimism of one more
    fit, and shift the interval up.
    """
    shares = np.random.default_rng((seed, 2)).binomial(total, right / total, RESAMPLES) / total
    low, high = np.quantile(shares, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
