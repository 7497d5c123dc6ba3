"""Columns of labels as factors of variation: words and whole numbers are classes, measurements are cut into bins."""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from disentool.datasets import missing_values
from disentool.errors import DataMismatch, counted
from disentool.io import class_words

BINS = 20
_FEW = 0.1  # of a column's words
_MARKS = 3  # different words, at most, that stand for a missing number in one column
_DIGITS = re.compile("[0-9]{1,400}")
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

    DataMismatch where numbers are meant and some are missing, and for what programs write for a missing value.
    """
    numbers = [_as_number(word) for word in words]
    others = [row for row, number in enumerate(numbers) if number is None]
    if not others and (note := _merged_by_zeros(words)):
        return replace(from_words(name, words), note=note)
    if not others:
        return _from_whole_numbers(name, words) or from_numbers(name, np.array(numbers), bins)
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
    return replace(factor, note="; ".join(filter(None, (note, factor.note))))


def _merged_by_zeros(words: Sequence[str]) -> str:
    """What to say of whole numbers of which some differ in their leading zeros only, as 01 and 1; else nothing."""
    first: dict[int, str] = {}
    for word in dict.fromkeys(words):
        if not _DIGITS.fullmatch(word):
            return ""
        first.setdefault(int(word), word)
    for word in dict.fromkeys(words):
        if (other := first[int(word)]) != word:
            return f"{other} and {word} differ in their leading zeros; taken for names, a class each, not for numbers"
    return ""


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
    return Factor(name, classes, len(names), names=tuple(names), note=_twins(names))


def _twins(names: Sequence[str]) -> str:
    """What to say of names that read alike: Cat and cat, or one accent that is composed in two ways; else nothing."""
    first: dict[str, str] = {}
    for name in names:
        plain = unicodedata.normalize("NFC", name)
        other = first.setdefault(unicodedata.normalize("NFC", " ".join(plain.casefold().split())), name)
        if other != name:
            alike = plain == unicodedata.normalize("NFC", other)
            what = "the bytes of their accents" if alike else "capitals or blanks"
            return f"{other[:40]!r} and {name[:40]!r} differ in {what} only; each is a class"
    return ""


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
    numbers = given.astype(np.float64)
    if not np.isfinite(numbers).all():
        bad = np.flatnonzero(~np.isfinite(numbers))
        raise DataMismatch(
            f"factor {name}: {counted(len(bad), 'value is', 'values are')} NaN or infinite, the first in row {bad[0]}"
        )
    values, classes, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    whole = bool((values == np.round(values)).all())
    if len(values) <= bins or whole or (counts[0] > 1 and (counts == counts[0]).all()):
        lost = given.dtype.kind == "f" and whole and np.abs(values).max() >= 2.0 ** (np.finfo(given.dtype).nmant + 1)
        note = (
            f"its numbers are so large that {given.dtype} does not tell neighbours apart; save integers" if lost else ""
        )
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
    notes = [f"factor {factor.name}: {factor.note}" for factor in factors if factor.note]
    notes += [f"factor {factor.name} has one value only" for factor in factors if factor.size < 2]
    return notes + [
        f"factor {factor.name} has a class of its own for each image: an identifier, or free text?"
        for factor in factors
        if factor.size == len(factor.classes) > BINS
    ]


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
