"""Words that differ in writing and are one number: names that must stay apart, or one number written twice.

The rule, for a column in which every word is a number. They are names, a class each, where the column looks like one of
codes:

- its words are two counts with a point between them, whether or not some are equal: see
  :mod:`~disentool.datasets.two_counts`;
- all are whole numbers without a sign, also with an exponent of digits alone, some are equal, and there are at least
  half as many words with a zero in front or an exponent as there are others that could have one: ids 01 and 1, codes
  1e1 and 10. One 05 among ages is a way of typing.

Any other column is one of numbers, and equal words are one class: 1.0 and 1, 2.50 and 2.5, +1 and 1. Both are told.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from disentool.datasets import two_counts
from disentool.io import class_words

_CODE = re.compile(r"[0-9]{1,400}(e[0-9]+)?", re.IGNORECASE)
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
    counts = two_counts.are_codes(numbers)
    if not counts and not (same and _are_codes(set(numbers))):
        return ""
    one, other = (words[numbers.index(number)][:_SHOWN] for number in same or two_counts.shown(numbers))
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
