"""Words that differ in writing and are one number: names that must stay apart, or one number written twice.

The rule, for a column in which every word is a number and some different words are equal. They are names, a class
each, where the column looks like one of codes:

- all its words are whole numbers without a sign, also with an exponent of digits alone: 01 and 1, 1e1 and 10;
- all its words are two counts with a point between them, such as versions and the cells of a grid: 1.1 and 1.10. No
  count behind the point begins with a zero, and the largest is at most five times as large as there are different
  ones: counts are dense, hundredths are not.

Any other column is one of numbers, and the words are one class: 1.0 and 1, 2.50 and 2.5, +1 and 1. Both are told.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from disentool.io import class_words

_CODE = re.compile(r"[0-9]{1,400}(e[0-9]+)?", re.IGNORECASE)
_TWO_COUNTS = re.compile(r"[0-9]+\.(0|[1-9][0-9]{0,8})")
_DENSE = 5  # the largest count of a column, at most, for each different one
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


def are_names(words: Sequence[str]) -> bool:
    """Whether numbers, some of which are equal in different words, look like codes: see the rule of this module."""
    different = set(words)
    if all(map(_CODE.fullmatch, different)):
        return True
    counts = {int(found[1]) for word in different if (found := _TWO_COUNTS.fullmatch(word))}
    return all(map(_TWO_COUNTS.fullmatch, different)) and max(counts) <= _DENSE * len(counts)


def one_writing(words: Sequence[str]) -> list[str]:
    """The words, each in the first writing of its number."""
    first: dict[Decimal | float, str] = {}
    return [first.setdefault(_exact(word), word) for word in words]


def told_apart(pair: Pair) -> str:
    """What to say where the words stay names."""
    exponents = any("e" in word.lower() for word in pair)
    what = "are one number in two writings" if exponents else "differ in their zeros only"
    return (
        f"{pair.one[:_SHOWN]} and {pair.other[:_SHOWN]} {what}; taken for names, a class each, not for numbers (to have"
        " numbers, write each in one way)"
    )


def told_merged(pair: Pair) -> str:
    """What to say where the words are one class."""
    return f"{pair.one[:_SHOWN]} and {pair.other[:_SHOWN]} are one number, and one class"


def _exact(word: str) -> Decimal | float:
    """The number as a column has it: whole ones of any size, others as floats."""
    found = class_words.number(word)
    return float(word) if found is None or found != found.to_integral_value() else found
