"""Columns of labels as factors of variation: words and whole numbers are classes, measurements are cut into bins."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.errors import DataMismatch

BINS = 20
_FEW = 0.1  # of a column's words


@dataclass(frozen=True, eq=False)
class Factor:
    """One factor: ``classes`` int32 [N], 0..size-1, and what the classes stand for.

    ``values``: float64 [size], for numbers; a bin's value is the median of what fell into it. ``names``: a word for
    each class, for words. ``continuous``: float64 [N], the numbers before ``rule`` cut them into bins.
    """

    name: str
    classes: np.ndarray
    size: int
    values: np.ndarray | None = None
    names: tuple[str, ...] | None = None
    continuous: np.ndarray | None = None
    rule: str = ""


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key by which obj2 stands before obj10."""
    parts = re.split(r"([0-9]+)", text)
    return [(0, int(part), part) if part.isdecimal() and part.isascii() else (1, 0, part) for part in parts if part]


def from_column(name: str, words: Sequence[str], bins: int = BINS) -> Factor:
    """A column of a table: numbers where its words are numbers, else words.

    DataMismatch where nearly all are numbers and a few are not, such as NA: neither reading can be meant.
    """
    numbers = [_as_number(word) for word in words]
    others = [row for row, number in enumerate(numbers) if number is None]
    if not others:
        return from_numbers(name, np.array(numbers), bins)
    if len(others) < _FEW * len(words):
        raise DataMismatch(
            f"factor {name}: {len(words) - len(others):,} of {len(words):,} values are numbers, but"
            f" {words[others[0]]!r} (image {others[0] + 1}) is not; complete the column, or leave those images out"
        )
    return from_words(name, words)


def from_words(name: str, words: Sequence[str]) -> Factor:
    """A class for each different word, in natural order."""
    names = sorted(set(words), key=natural)
    index = {word: i for i, word in enumerate(names)}
    return Factor(name, np.array([index[word] for word in words], np.int32), len(names), names=tuple(names))


def from_numbers(name: str, numbers: np.ndarray, bins: int = BINS) -> Factor:
    """Numbers [N] as a factor.

    Whole numbers, and numbers with at most ``bins`` different values, are classes in ascending order. Others are a
    measurement: ``bins`` bins of equal count, bounded by quantiles. Equal numbers always share a bin, and a number that
    would fill one has it to itself. DataMismatch for what is not finite.
    """
    numbers = np.asarray(numbers).astype(np.float64)
    if not np.isfinite(numbers).all():
        bad = np.flatnonzero(~np.isfinite(numbers))
        raise DataMismatch(f"factor {name}: {len(bad)} values are NaN or infinite, the first in row {bad[0]}")
    values, classes, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    if len(values) <= bins or (values == np.round(values)).all():
        return Factor(name, classes.astype(np.int32), len(values), values=values)
    frequent = values[counts * bins >= len(numbers)]
    bounds = [np.quantile(numbers, np.arange(1, bins) / bins), frequent, np.nextafter(frequent, np.inf)]
    edges = np.unique(np.concatenate(bounds))  # between bins; a value at one is above it
    bin_of = np.searchsorted(edges, numbers, side="right")
    kept, classes = np.unique(bin_of, return_inverse=True)
    medians = np.array([np.median(numbers[bin_of == bin]) for bin in kept])
    rule = (
        f"{len(values)} different values cut into {len(kept)} bins of equal count ({bins}-quantiles; a number that"
        " would fill a bin has it alone); value: a bin's median"
    )
    return Factor(name, classes.astype(np.int32), len(kept), values=medians, continuous=numbers, rule=rule)


def facts(factors: Sequence[Factor]) -> dict[str, Any]:
    """The factors as the fields of a :class:`~disentool.datasets.source.Source`."""
    names = [factor.name for factor in factors]
    if len(set(names)) != len(names) or not all(names) or any("/" in name or name == "." for name in names):
        raise DataMismatch(f"factors need different names, none empty and none with a slash: {', '.join(names)}")
    table = np.stack([factor.classes for factor in factors], axis=1) if factors else None

    def rows_of(rows: np.ndarray | None) -> np.ndarray | None:
        return table if rows is None or table is None else table[rows]

    return {
        "factors": rows_of,
        "factor_names": tuple(names),
        "factor_sizes": tuple(factor.size for factor in factors),
        "factor_values": {f.name: f.values for f in factors if f.values is not None},
        "class_names": {f.name: f.names for f in factors if f.names is not None},
        "continuous": {f.name: f.continuous for f in factors if f.continuous is not None},
        "binning": {f.name: f.rule for f in factors if f.rule},
    }


def is_grid(factors: Mapping[str, Any]) -> bool:
    """Whether these :func:`facts` hold every combination of factor values once, row-major."""
    table, sizes = factors["factors"](None), factors["factor_sizes"]
    if table is None or int(np.prod(sizes, dtype=object)) != len(table):
        return False
    return np.array_equal(table, np.stack(np.unravel_index(np.arange(len(table)), sizes), axis=1))


def remarks(factors: Sequence[Factor]) -> list[str]:
    """What people should know of factors that can hardly be meant: constants, and a class for every image."""
    notes = [f"factor {factor.name} has one value only" for factor in factors if factor.size < 2]
    return notes + [
        f"factor {factor.name} has a class of its own for each image: an identifier, or free text?"
        for factor in factors
        if factor.size == len(factor.classes) > BINS
    ]


def cuts(factors: Sequence[Factor]) -> list[str]:
    """The rule of each factor that was cut into bins."""
    return [f"factor {factor.name}: {factor.rule}" for factor in factors if factor.rule]


def _as_number(word: str) -> float | None:
    """The finite number that a word is; None for any other."""
    try:
        number = float(word.replace("_", "x"))  # 1_000 is a number in Python only
    except ValueError:
        return None
    return number if math.isfinite(number) else None
