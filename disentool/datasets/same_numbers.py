"""Numbers that are codes, such as versions and ids, and words that differ in writing and are one number.

The rule, for a column in which every word is a number. They are names, a class each, where the column looks like one of
codes:

- its words are two counts with a point between them, such as versions and the cells of a grid: see below;
- all are whole numbers without a sign, also with an exponent of digits alone, some are equal, and there are at least
  half as many words with a zero in front or an exponent as there are others that could have one: ids 01 and 1, codes
  1e1 and 10. One 05 among ages is a way of typing.

Any other column is one of numbers, and equal words are one class: 1.0 and 1, 2.50 and 2.5, +1 and 1. Both are told.

Words are two counts each, whether or not some are equal, where all of this is so of the counts behind the points, none
of which begins with a zero:

- some have one digit, some have more. Of those with more, some end in zero and some do not: no program writes numbers
  so, and a zero alone that people wrote behind 3.5 proves nothing;
- of 10, 11, 12, ... up to the largest, half are there;
- they lie at least twice as close together as counts than as decimals: 9, 10, 11 are neighbours, .9, .10, .11 are not.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from disentool.io import class_words

_CODE = re.compile(r"[0-9]{1,400}(e[0-9]+)?", re.IGNORECASE)
_COUNTS = re.compile(r"([0-9]{1,400})(?:\.(0|[1-9][0-9]{0,8}))?")  # a whole number says nothing for or against it
_CLOSER = 2
_END_ZEROS = re.compile(r"^([+-]?[0-9]*\.[0-9]*[1-9])0+$")
_SHOWN = 40  # characters of a number in a note


class Pair(NamedTuple):
    """Two words that are one number."""

    one: str
    other: str


def pair(words: Iterable[str]) -> Pair | None:
    """The first two different words that are one number; None where there are none. All words are numbers."""
    first: dict[Decimal | float, str] = {}
    for word in dict.fromkeys(words):
        other = first.setdefault(_exact(word), word)
        if other != word:
            return Pair(other, word)
    return None


def names(numbers: Sequence[str], words: Sequence[str], same: Pair | None) -> str:
    """What to say of a column of numbers that are names by the rule of this module; nothing where they are numbers.

    ``words``: the numbers as the table writes them. ``same``: the :func:`pair` of the numbers.
    """
    counts = _are_two_counts(numbers)
    if not counts and not (same and _are_codes(set(numbers))):
        return ""
    one, other = (words[numbers.index(number)][:_SHOWN] for number in same or _versions(numbers))
    if same is None:
        return (
            f"numbers such as {one} and {other} look like versions; taken for names, a class each, in natural order,"
            " not for numbers (to have numbers, write as many digits behind each point)"
        )
    what = "are one number in two writings" if "e" in (one + other).lower() else "differ in their zeros only"
    return (
        f"{one} and {other} {what}; taken for names, a class each, not for numbers (to have numbers, write each in one"
        " way)"
    )


def _are_codes(different: Iterable[str]) -> bool:
    """Whether different words, some of which are equal, are codes of digits: see the rule of this module."""
    different = list(different)
    if not all(map(_CODE.fullmatch, different)):
        return False
    exponents = [word for word in different if not word.isdigit()]
    padded = [word for word in different if word.isdigit() and word[0] == "0" and len(word) > 1]
    longest = max(map(len, padded), default=0)
    could = [
        word
        for word in different
        if word.isdigit() and not (word[0] == "0" and len(word) > 1) and (exponents or len(word) < longest)
    ]
    return 2 * (len(exponents) + len(padded)) >= len(could)


def _are_two_counts(words: Iterable[str]) -> bool:
    """Whether words look like versions or cells of a grid, such as 3.9 and 3.10: see the rule of this module."""
    behind = set()
    for word in set(words):
        found = _COUNTS.fullmatch(word)
        if not found:
            return False
        behind.add(found[2] or "")
    behind.discard("")
    long = [int(count) for count in behind if len(count) > 1]
    if not long or len(long) == len(behind) or len({count % 10 == 0 for count in long}) < 2:
        return False
    if 2 * len(long) < max(long) - 9:
        return False
    width = max(map(len, behind))
    counts, decimals = {int(count) for count in behind}, {int(count.ljust(width, "0")) for count in behind}
    return _share(counts) >= _CLOSER * _share(decimals)


def _versions(words: Iterable[str]) -> tuple[str, str]:
    """Two of the words, which :func:`_are_two_counts`: a small one, and one whose zero at the end counts."""
    pairs = sorted(
        (int(count), int(first), word) for word in words for first, _, count in [word.partition(".")] if count
    )
    return pairs[0][2], next(word for count, _, word in pairs if count > 9 and count % 10 == 0)


def _share(counts: set[int]) -> float:
    """How many there are of the whole numbers from the smallest to the largest."""
    return len(counts) / (max(counts) - min(counts) + 1)


def one_writing(words: Sequence[str]) -> list[str]:
    """The words, each in the first writing of its number, without zeros at its end that could make it a code."""
    first: dict[Decimal | float, str] = {}
    return [first.setdefault(_exact(word), _END_ZEROS.sub(r"\1", word)) for word in words]


def told_merged(pair: Pair) -> str:
    """What to say where the words are one class."""
    return f"{pair.one[:_SHOWN]} and {pair.other[:_SHOWN]} are one number, and one class"


def _exact(word: str) -> Decimal | float:
    """The number as a column has it: whole ones of any size, others as floats."""
    found = class_words.number(word)
    return float(word) if found is None or found != found.to_integral_value() else found
