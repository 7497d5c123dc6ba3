"""The codes of a data set's rows, with the numbers of those rows."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from disentool.errors import DataMismatch, counted

Index = np.ndarray | slice
Name = Literal["mean", "logvar", "reconstruction_nats", "squared_error"]
_ROUNDING = 1e-5  # relative to the largest: batches of another size round another way
_MEANINGS = {
    "logvar": "the variance of the codes (logvar)",
    "reconstruction_nats": "the reconstruction error of the images (reconstruction_nats)",
    "squared_error": "the squared error of the images (squared_error)",
}


@dataclass(frozen=True, eq=False)
class Codes:
    """What the rows were encoded to.

    ``rows``: int64 [n], sorted and unique, the data set's row numbers. ``mean``, ``logvar``: float32 [n, D], the
    parameters of q(z|x) (values beyond float32 count as infinite). ``reconstruction_nats``: float64 [n], -log p(x|z)
    summed over pixels and channels, for one z drawn from q(z|x). ``squared_error``: float64 [n], mean over pixels and
    channels. ``categorical``: the dimensions of ``mean`` that the model declares to name classes. Raises
    ``DataMismatch`` when the arrays do not fit together.
    """

    rows: np.ndarray
    mean: np.ndarray
    logvar: np.ndarray | None = None
    reconstruction_nats: np.ndarray | None = None
    squared_error: np.ndarray | None = None
    categorical: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        rows = np.asarray(self.rows)
        if rows.ndim != 1 or rows.dtype.kind not in "iu" or not rows.size or rows[0] < 0 or (np.diff(rows) <= 0).any():
            raise DataMismatch("the row numbers of codes must be integers >= 0, at least one, sorted and unique")
        arrays = {"rows": rows.astype(np.int64, copy=False)}
        for name, given, ndim, dtype in (
            ("mean", self.mean, 2, np.float32),
            ("logvar", self.logvar, 2, np.float32),
            ("reconstruction_nats", self.reconstruction_nats, 1, np.float64),
            ("squared_error", self.squared_error, 1, np.float64),
        ):
            if given is None and name != "mean":
                continue
            array = np.asarray(given)
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
            raise DataMismatch(
                f"codes hold {counted(n, 'row')} and lack {missing.size} of those drawn (first: row {missing[0]})"
            )
        return index

    def of_one_model_with(self, other: "Codes") -> bool:
        """Whether both are of one model: equal parameters of q(z|x), but for rounding, of the rows that both hold."""
        rows = np.intersect1d(self.rows, other.rows)
        if not rows.size or self.mean.shape[1] != other.mean.shape[1]:
            return False
        pairs = [(self.mean, other.mean)]
        if self.logvar is not None and other.logvar is not None:
            pairs.append((self.logvar, other.logvar))
        here, there = self.at(rows), other.at(rows)
        return all(np.abs(a[here] - b[there]).max() <= _ROUNDING * np.abs(a).max() for a, b in pairs)

    def select(self, rows: np.ndarray | None, n: int) -> Index:
        """Index of the rows drawn; ``None`` means all ``n`` rows of the data, and then exactly those must be here."""
        if rows is not None:
            return self.at(rows)
        if len(self.rows) != n or self.rows[-1] != n - 1:
            raise DataMismatch(
                f"codes hold {counted(len(self.rows), 'row')}, but the data has {n:,}: they are of different data"
            )
        return slice(None)

    def require(self, name: Name, metric: str) -> np.ndarray:
        """The array of that name; ``DataMismatch`` if the codes came without it."""
        arrays: dict[Name, np.ndarray | None] = {
            "mean": self.mean,
            "logvar": self.logvar,
            "reconstruction_nats": self.reconstruction_nats,
            "squared_error": self.squared_error,
        }
        array = arrays[name]
        if array is None:
            raise DataMismatch(
                f"metric {metric} needs {_MEANINGS[name]}, which this does not have; choose another metric"
            )
        return array
