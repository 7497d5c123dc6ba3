"""Columns of numbers as people and programs write them: units, decimal commas, marks of thousands, other minuses."""

import re
from collections.abc import Sequence
from itertools import compress
from operator import not_
from pathlib import Path

from disentool.datasets import measurement_units, missing_values, same_numbers
from disentool.errors import DataMismatch

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?\d+")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(e[+-]?\d+)?", re.IGNORECASE)
_MINUS = re.compile("^[\u2212\u2013](?=[\\d.,])")  # the minus of typesetters, and the dash that is taken for it
_ONE_MARK = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")  # one number with a decimal comma, another with a mark of thousands
_ONE_POINT = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")  # the same with a point
# Ways to mark thousands: the marks, a number with them, the decimal sign, a number without them.
_POINT, _COMMA = r"(\.\d+)?", r"(,\d+)?"
_WAYS = tuple(
    (marks, re.compile(rf"[+-]?{grouped}{decimals}"), decimal, re.compile(rf"[+-]?\d+{decimals}"))
    for marks, grouped, decimal, decimals in (
        (",", r"[1-9]\d{0,2}(,\d{3})+", ".", _POINT),
        (",", r"[1-9]\d?(,\d\d)*,\d{3}", ".", _POINT),  # as in India: 12,34,567
        (".", r"[1-9]\d{0,2}(\.\d{3})+", ",", _COMMA),
        (" \u00a0\u2009\u202f", "[1-9]\\d{0,2}([ \u00a0\u2009\u202f]\\d{3})+", ".", _POINT),
        (" \u00a0\u2009\u202f", "[1-9]\\d{0,2}([ \u00a0\u2009\u202f]\\d{3})+", ",", _COMMA),
        ("'\u2019", "[1-9]\\d{0,2}(['\u2019]\\d{3})+", ".", _POINT),
        ("'\u2019", "[1-9]\\d{0,2}(['\u2019]\\d{3})+", ",", _COMMA),
    )
)


def without(path: Path, name: str, words: list[str], *, decimal_commas: bool | None = False) -> tuple[list[str], str]:
    """A column of the table ``path`` with plain numbers for others, and what was done; any other column as it is.

    ``decimal_commas``: the table has decimal commas, so that 1,234 is less than 2 and 1.234 more than 1000; None: it
    may have them. DataMismatch where all its words are numbers, but not in one way, or in several ways that differ.
    """
    gaps = [missing_values.among_numbers(word) for word in words]
    if any(gaps) and not all(gaps):
        there, said = without(path, name, list(compress(words, map(not_, gaps))), decimal_commas=decimal_commas)
        rest = iter(there)
        return [word if gap else next(rest) for word, gap in zip(words, gaps, strict=True)], said
    unsigned = [_MINUS.sub("-", word) for word in words]
    unit = "" if all(map(_is_number, set(unsigned))) else measurement_units.common(unsigned)
    numbers = [word.removeprefix(unit).removesuffix(unit).strip() for word in unsigned]
    if not all(map(_is_number, set(numbers))):
        return words, ""
    numbers, marks = _unmarked(path, name, numbers, decimal_commas)
    same = same_numbers.pair(numbers) if unit or marks else None  # columns of plain words are asked where all are read
    names = same_numbers.names(numbers, words, same) if unit or marks else ""
    # What has a unit, or marks of thousands, without which it is shorter, is no code, whatever it looks like.
    measured = any(len(number) < len(word) for number, word in zip(numbers, words, strict=True))
    if names and not measured:
        return words, f"factor {name}: {names}"
    done = [
        f"factor {name}: the sign \u2212 read as a minus" if unsigned != words else "",
        f"factor {name}: read as numbers without their {unit}" if unit else "",
        marks,
    ]
    if measured and (same or names):
        done += [same_numbers.told_merged(same)] if same else []
        numbers = same_numbers.one_writing(numbers)
    return numbers, "; ".join(filter(None, done))


def _unmarked(path: Path, name: str, words: list[str], decimal_commas: bool | None) -> tuple[list[str], str]:
    """Numbers in any one way of writing as plain numbers, and what was done."""
    different = sorted(set(words))
    odd = [word for word in different if not _PLAIN.fullmatch(word)]
    points = [word for word in different if "." in word]
    if not odd:
        groups = all(_ONE_POINT.fullmatch(word) or _WHOLE.fullmatch(word) for word in different)
        if decimal_commas is False or not points or not groups:
            return words, ""
        if decimal_commas is None:
            raise _ambiguous(path, name, points[0], points[0], points[0].replace(".", ""))
    elif all(_DECIMAL_COMMA.fullmatch(word) or _WHOLE.fullmatch(word) for word in different):
        if not decimal_commas and all(_ONE_MARK.fullmatch(word) for word in odd):
            raise _ambiguous(path, name, odd[0], odd[0].replace(",", "."), odd[0].replace(",", ""))
        return [word.replace(",", ".") for word in words], f"factor {name}: decimal commas read, such as {odd[0]}"
    ways = [way for way in _WAYS if _fits(different, way)]
    if decimal_commas:
        ways = [way for way in ways if way[2] == ","] or ways
    readings = {tuple(_read(word, *way) for word in different): way for way in ways}
    if not readings:
        raise DataMismatch(
            f"{path}: factor {name}: its numbers are written in several ways, such as {odd[0]!r}; write decimal points,"
            " and no marks of thousands"
        )
    if len(readings) > 1:
        first, second = list(readings)[:2]
        at = next(i for i, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1])
        raise _ambiguous(path, name, different[at], first[at], second[at])
    ((read, way),) = readings.items()
    unmarked = dict(zip(different, read, strict=True))
    marked = next(word for word in different if way[1].fullmatch(word))
    return [unmarked[word] for word in words], f"factor {name}: marks of thousands left out, such as {marked}"


_Way = tuple[str, re.Pattern, str, re.Pattern]


def _is_number(word: str) -> bool:
    known = (_PLAIN, _DECIMAL_COMMA, *(grouped for _, grouped, _, _ in _WAYS))
    return any(pattern.fullmatch(word) for pattern in known)


def _fits(words: Sequence[str], way: _Way) -> bool:
    """Whether all words are numbers of one way to mark thousands, and one has marks."""
    _, grouped, _, bare = way
    marked = [bool(grouped.fullmatch(word)) for word in words]
    return any(marked) and all(found or bare.fullmatch(word) for found, word in zip(marked, words, strict=True))


def _read(word: str, marks: str, grouped: re.Pattern, decimal: str, bare: re.Pattern) -> str:
    """A number without its marks of thousands, and with a decimal point."""
    for mark in marks if grouped.fullmatch(word) else "":
        word = word.replace(mark, "")
    return word.replace(decimal, ".")


def _ambiguous(path: Path, name: str, word: str, one: str, other: str) -> DataMismatch:
    how = "write decimal points, and no marks of thousands"
    if word == one:  # it has a point: that the columns have commas between them says that it is a decimal one
        how = "write no marks of thousands; for decimal points, separate the columns by commas"
    return DataMismatch(f"{path}: factor {name}: {word!r} is {one} or {other}; {how}")
