"""Columns of labels as factors of variation: words and whole numbers are classes, measurements are cut into bins."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from disentool.datasets import measurement_units, missing_values, same_numbers, word_remarks
from disentool.errors import DataMismatch, counted
from disentool.io import class_words

BINS = 20
_FEW = 0.1  # of a column's words
_MARKS = 3  # different words, at most, that stand for a missing number in one column
_SEVERAL = 3  # images, of which a value for each may be said
_EXACT = 2**53  # from here on float64 does not tell all integers apart


@dataclass(frozen=True, eq=False)
class Factor:
    """One factor: ``classes`` int32 [N], 0..size-1, and what the classes stand for.

    ``values``: float64 [size], for numbers; a bin's value is the median of what fell into it. ``names``: a word for
    each class, for words. ``continuous``: float64 [N], the numbers before ``rule`` cut them into bins. ``note``: what
    people should know of it.
    """

    name: str
    classes: np.ndarray
    size: int
    values: np.ndarray | None = None
    names: tuple[str, ...] | None = None
    continuous: np.ndarray | None = None
    rule: str = ""
    note: str = ""


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key by which obj2 stands before obj10."""
    parts = re.split(r"([0-9]+)", text)
    return [(0, int(part), part) if part.isdecimal() and part.isascii() else (1, 0, part) for part in parts if part]


def from_column(name: str, words: Sequence[str], bins: int = BINS) -> Factor:
    """A column of a table: numbers where its words are numbers, else words.

    Words that differ and are one number make one class, or names of the column: see
    :mod:`~disentool.datasets.same_numbers`. So do true, True and TRUE: see :mod:`~disentool.datasets.word_remarks`.
    DataMismatch where numbers are meant and some are missing, and for what programs write for a missing value.
    """
    words, truth = word_remarks.one_truth(words)
    numbers = [_as_number(word) for word in words]
    others = [row for row, number in enumerate(numbers) if number is None]
    if not others:
        same = same_numbers.pair(words)
        if names := same_numbers.names(words, words, same):
            return replace(from_words(name, words), note=names)
        column = _from_whole_numbers(name, words) or from_numbers(name, np.array(numbers), bins)
        return _noted(column, column.note, same_numbers.told_merged(same) if same else "")
    missing = [row for row in others if missing_values.of_programs(words[row])]
    gaps = [row for row in others if missing_values.among_numbers(words[row])]
    found = [number for number in numbers if number is not None]
    if found and (len(gaps) == len(others) or len(others) < _FEW * len(words) or _measured(found, words, others)):
        raise DataMismatch(
            f"factor {name}: {len(found):,} of {len(words):,} values"
            f" {'is a number' if len(found) == 1 else 'are numbers'}, but {len(others):,}"
            f" {'is' if len(others) == 1 else 'are'} not, the first {words[others[0]]!r} (image {others[0] + 1});"
            " complete the column, or leave those images out"
        )
    if missing and not found:
        raise DataMismatch(
            f"factor {name}: {len(missing):,} of {len(words):,} values {'is' if len(missing) == 1 else 'are'} missing,"
            f" the first {words[missing[0]]!r} (image {missing[0] + 1}), and that names no class; complete the column,"
            " leave those images out, or write another word"
        )
    factor = from_words(name, words)
    note = f"{words[gaps[0]]!r} is taken for the name of a class" if gaps else ""
    if found:
        number, word = next(word for row, word in enumerate(words) if row not in set(others)), words[others[0]]
        note = f"numbers and words, such as {number[:40]} and {word[:40]!r}: each is the name of a class"
    return _noted(factor, truth, note, factor.note, word_remarks.order(words), measurement_units.several(words))


def _noted(factor: Factor, *notes: str) -> Factor:
    return replace(factor, note="; ".join(filter(None, notes)))


def _measured(numbers: Sequence[float], words: Sequence[str], others: Sequence[int]) -> bool:
    """Whether a column is a measurement with gaps: most are numbers, with fractions, and few other words fill in."""
    fractions = any(number != int(number) for number in numbers)
    return fractions and len(numbers) > len(others) and len({words[row] for row in others}) <= _MARKS


def _from_whole_numbers(name: str, words: Sequence[str]) -> Factor | None:
    """Whole numbers of which some are too large for floats to tell apart, as a class each; None for any others."""
    exact = [class_words.number(word) for word in words]
    whole = [int(number) for number in exact if number is not None and number == number.to_integral_value()]
    if len(whole) < len(words) or max(map(abs, whole)) < _EXACT:
        return None
    note = "numbers beyond 2^53 that were written with an exponent may have lost digits" if _rounded(words) else ""
    return replace(_of_integers(name, whole), note=note)


def _rounded(words: Sequence[str]) -> bool:
    """Whether a program that writes large numbers with an exponent wrote the column."""
    return any("e" in word.lower() for word in words)


def from_words(name: str, words: Sequence[str]) -> Factor:
    """A class for each different word, in natural order."""
    names = sorted(set(words), key=natural)
    index = {word: i for i, word in enumerate(names)}
    classes = np.array([index[word] for word in words], np.int32)
    return Factor(name, classes, len(names), names=tuple(names), note=word_remarks.twins(names))


def from_numbers(name: str, numbers: np.ndarray, bins: int = BINS) -> Factor:
    """Numbers [N] as a factor.

    Whole numbers, numbers with at most ``bins`` different values, and levels (each value equally often, more than
    once) are classes in ascending order. Others are a measurement: ``bins`` bins of equal count, bounded by quantiles.
    Equal numbers always share a bin, and a number that would fill one has it to itself. Integers that float64 cannot
    tell apart are classes by name. DataMismatch for what is not finite.
    """
    given = np.asarray(numbers)
    if given.dtype.kind in "iu" and given.size and max(abs(int(given.min())), abs(int(given.max()))) >= _EXACT:
        return _of_integers(name, given.tolist())
    numbers = _as_written(given)
    if not np.isfinite(numbers).all():
        bad = np.flatnonzero(~np.isfinite(numbers))
        raise DataMismatch(
            f"factor {name}: {counted(len(bad), 'value is', 'values are')} NaN or infinite, the first in row {bad[0]}"
        )
    values, classes, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    whole = bool((values == np.round(values)).all())
    levels = bool(counts[0] > 1 and (counts == counts[0]).all())
    if len(values) <= bins or whole or levels:
        lost = given.dtype.kind == "f" and whole and np.abs(values).max() >= 2.0 ** (np.finfo(given.dtype).nmant + 1)
        note = (
            f"its numbers are so large that {given.dtype} does not tell neighbours apart; save integers" if lost else ""
        )
        if levels and not whole and len(values) > bins:
            note = f"its {len(values):,} values come equally often: levels, a class each, not cut into {bins:,} bins"
        return Factor(name, classes.astype(np.int32), len(values), values=values, note=note)
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


def _as_written(numbers: np.ndarray) -> np.ndarray:
    """Numbers as float64: those of fewer bits as their shortest decimals say, so that the float32 0.3 is 0.3."""
    if numbers.dtype.kind != "f" or numbers.dtype.itemsize >= 8:
        return numbers.astype(np.float64)
    different, place = np.unique(numbers, return_inverse=True)
    return different.astype(str).astype(np.float64)[place.reshape(numbers.shape)]


def _of_integers(name: str, numbers: Sequence[int]) -> Factor:
    """A class for each different integer, of any size, in ascending order."""
    known = sorted(set(numbers))
    index = {number: i for i, number in enumerate(known)}
    classes = np.array([index[number] for number in numbers], np.int32)
    return Factor(name, classes, len(known), names=tuple(map(str, known)))


def facts(factors: Sequence[Factor]) -> dict[str, Any]:
    """The factors as the fields of a :class:`~disentool.datasets.source.Source`."""
    names = [factor.name for factor in factors]
    if len(set(names)) != len(names) or not all(names) or any("/" in name or name == "." for name in names):
        raise _unfit(names)
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


def _unfit(names: Sequence[str]) -> DataMismatch:
    """The error for names that are there twice, or that no group of a file can have."""
    unfit = [name for name in dict.fromkeys(names) if names.count(name) > 1 or not name or "/" in name or name == "."]
    known = f"such as {unfit[0].replace('/', '_')}" if "/" in unfit[0] else "such as size"
    return DataMismatch(
        "factors need different names, none empty, none with a slash and none a dot:"
        f" {', '.join(map(repr, unfit))}; write another name, {known}"
    )


def is_grid(factors: Mapping[str, Any]) -> bool:
    """Whether these :func:`facts` hold every combination of factor values once, row-major."""
    table, sizes = factors["factors"](None), factors["factor_sizes"]
    if table is None or int(np.prod(sizes, dtype=object)) != len(table):
        return False
    return np.array_equal(table, np.stack(np.unravel_index(np.arange(len(table)), sizes), axis=1))


def remarks(factors: Sequence[Factor]) -> list[str]:
    """What people should know of factors that can hardly be meant: constants, and a value for every image."""
    notes = [f"factor {factor.name}: {factor.note}" for factor in factors if factor.note]
    notes += [f"factor {factor.name} has one value only" for factor in factors if factor.size < 2]
    return notes + [
        f"factor {factor.name} has a value of its own for each image: nothing can be learned of it (an identifier, or"
        " free text?)"
        for factor in factors
        if factor.size == len(factor.classes) >= _SEVERAL and not _has_fractions(factor)
    ]


def _has_fractions(factor: Factor) -> bool:
    """Whether a factor is a measurement, of which each image may well have a value of its own."""
    return factor.values is not None and bool((factor.values != np.round(factor.values)).any())


def cuts(factors: Sequence[Factor]) -> list[str]:
    """The rule of each factor that was cut into bins."""
    return [f"factor {factor.name}: {factor.rule}; {_more_bins(factor)}" for factor in factors if factor.rule]


def _more_bins(factor: Factor) -> str:
    """What ``--bins`` would do for a factor that was cut."""
    different = len(np.unique(factor.continuous)) if factor.continuous is not None else 0
    if 2 * different <= len(factor.classes):  # values that come again may be levels
        return f"--bins {different} gives each value its own class"
    return "--bins says how many"


def _as_number(word: str) -> float | None:
    """The finite number that a word is; None for any other."""
    try:
        number = float(word.replace("_", "x"))  # 1_000 is a number in Python only
    except ValueError:
        return None
    return number if math.isfinite(number) else None
