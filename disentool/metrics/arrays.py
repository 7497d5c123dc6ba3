"""What the arrays must be that a metric is a function of, and what is odd about them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentool.errors import DataMismatch, NoFactors, counted

Array = NDArray[Any]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CATEGORIES = 20  # whole numbers with no more different values than this look like a categorical code


def check_codes(codes: Array) -> None:
    """``DataMismatch`` unless codes are finite numbers [n,D], n and D at least 1."""
    if codes.ndim != 2 or codes.dtype.kind not in "biuf" or not codes.size:
        raise DataMismatch(f"codes are {codes.dtype} {list(codes.shape)}, expected numbers [rows, dimensions]")
    refuse_non_finite(codes, "codes")


def check_table(codes: Array, factors: Array, *, vary: bool = True) -> None:
    """``DataMismatch`` unless codes are finite numbers [n,D] and factors are class numbers int [n,K], each from 0.

    ``vary``: each factor must have two values or more. ``NoFactors`` for K = 0.
    """
    check_codes(codes)
    if factors.ndim != 2 or factors.dtype.kind not in "biu" or len(factors) != len(codes):
        raise DataMismatch(
            f"factors are {factors.dtype} {list(factors.shape)}, expected class numbers [{len(codes)}, factors]"
        )
    if not factors.shape[1]:
        raise NoFactors("the factors array has no columns, so there is no factor to score against")
    if factors.dtype.kind == "i" and factors.min() < 0:
        raise DataMismatch("factors hold negative numbers, expected class numbers from 0")
    if vary and (constant := np.flatnonzero((factors == factors[0]).all(axis=0))).size:
        raise DataMismatch(f"factors {', '.join(map(str, constant))} have one value only, so nothing can tell of them")


def check_drawn(codes: Array, rows: Array, shared: Array, metric: str) -> None:
    """DataMismatch unless ``rows`` int [V,L] are rows of codes [n,D] and ``shared`` int [V] are factors, 0 and up."""
    if rows.ndim != 2 or shared.shape != rows.shape[:1] or not rows.size:
        raise DataMismatch(
            f"metric {metric}: rows {list(rows.shape)} and factors {list(shared.shape)}, expected [V,L] and [V]"
        )
    if rows.dtype.kind not in "iu" or shared.dtype.kind not in "iu" or rows.min() < 0 or shared.min() < 0:
        raise DataMismatch(f"metric {metric}: expected whole numbers, 0 and up, for rows and for factors")
    if rows.max() >= len(codes):
        raise DataMismatch(
            f"metric {metric}: row {rows.max():,} was drawn, the codes have rows 0 to {len(codes) - 1:,}"
        )


def check_split(
    codes: Array, factors: Array, test_codes: Array | None, test_factors: Array | None
) -> tuple[Array, Array]:
    """The test rows, which are the training rows where none are given; both tables are checked."""
    check_table(codes, factors)
    if test_codes is None or test_factors is None:
        return codes, factors
    check_table(test_codes, test_factors, vary=False)
    if test_codes.shape[1] != codes.shape[1] or test_factors.shape[1] != factors.shape[1]:
        raise DataMismatch("training and test rows differ in how many dimensions or factors they have")
    return test_codes, test_factors


def names_of(factor_names: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """The factors' names, ``factor_0`` and so on where none are given; ``DataMismatch`` for another number of them."""
    names = tuple(f"factor_{i}" for i in range(count)) if factor_names is None else tuple(map(str, factor_names))
    if len(names) != count or len(set(names)) != count:
        raise DataMismatch(f"factors: expected {counted(count, 'different name')}, got {', '.join(names)}")
    return names


def refuse_non_finite(array: Array, what: str) -> None:
    """Raise ``DataMismatch`` saying how many rows of ``array`` [n] or [n, D] are not finite."""
    if np.isfinite(array).all():
        return
    bad = ~np.isfinite(array).reshape(len(array), -1).all(axis=1)
    raise DataMismatch(
        f"{what}: {int(bad.sum())} of {len(array)} rows hold NaN or infinity; "
        "the model diverged or the file is damaged: score another checkpoint"
    )


def standardised(train: Array, test: Array) -> tuple[Floats, Floats]:
    """Both float64 [n,D], by the training rows' mean and standard deviation (ddof 0); a constant column is 0.

    Where ``test`` is ``train``, so are the results.
    """
    first = train[0].astype(np.float64)
    shifted = train.astype(np.float64) - first  # exact zeros for a constant, whatever its value
    mean, std = shifted.mean(axis=0), shifted.std(axis=0)
    scale = np.where(std > 0, std, 1)
    ready: Floats = (shifted - mean) / scale
    if test is train:
        return ready, ready
    return ready, np.where(std > 0, (test.astype(np.float64) - first - mean) / scale, 0)


def varying_dimensions(codes: Array) -> tuple[Integers, list[str]]:
    """The dimensions of codes [n,D] that are not constant, and a note of those that are."""
    active = np.flatnonzero((codes != codes[0]).any(axis=0))
    if len(active) == codes.shape[1]:
        return active, []
    constant = np.setdiff1d(np.arange(codes.shape[1]), active)
    return active, [f"constant dimensions {', '.join(map(str, constant))} are left out"]


def categorical(codes: Array) -> list[int]:
    """Dimensions of codes [n,D] that hold a few whole numbers only, two to ``CATEGORIES``: such as an argmax."""

    def few_numbers(column: Array) -> bool:
        whole = all((part == np.rint(part)).all() for part in (column[:1000], column))  # the first rows tell most
        return whole and 1 < len(np.unique(column)) <= CATEGORIES

    return [j for j in range(codes.shape[1]) if few_numbers(codes[:, j])]


def note_categorical(codes: Array) -> list[str]:
    """The note on dimensions of codes [n,D] that look like class numbers; empty where there are none."""
    found = categorical(codes)
    if not found:
        return []
    return [f"dimensions of few whole numbers, taken for quantities even if they are classes: {few(found)}"]


def few(numbers: Sequence[int]) -> str:
    """The numbers as a list in words, the first ten at most."""
    return ", ".join(map(str, numbers[:10])) + (", ..." if len(numbers) > 10 else "")
