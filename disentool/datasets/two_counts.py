"""Columns of two counts with a point between them, such as versions and the cells of a grid: 3.9 stands before 3.10.

The words are codes, not numbers, where all of this is so of the counts behind the points, none of which begins with a
zero:

- some have one digit, some have more. Of those with more, some end in zero and some do not: no program writes numbers
  so, and a zero alone that people wrote behind 3.5 proves nothing;
- of 10, 11, 12, ... up to the largest, half are there;
- they lie at least twice as close together as counts than as decimals: 9, 10, 11 are neighbours, .9, .10, .11 are not.
"""

import re
from collections.abc import Iterable

_WORD = re.compile(r"([0-9]+)(?:\.(0|[1-9][0-9]{0,8}))?")  # a whole number says nothing for or against it
_CLOSER = 2


def are_codes(words: Iterable[str]) -> bool:
    """Whether words look like two counts each: see the rule of this module."""
    behind = set()
    for word in set(words):
        found = _WORD.fullmatch(word)
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


def shown(words: Iterable[str]) -> tuple[str, str]:
    """Two of the words, which :func:`are_codes`: a small one, and one whose zero at the end counts."""
    pairs = sorted(
        (int(count), int(first), word) for word in words for first, _, count in [word.partition(".")] if count
    )
    return pairs[0][2], next(word for count, _, word in pairs if count > 9 and count % 10 == 0)


def _share(counts: set[int]) -> float:
    """How many there are of the whole numbers from the smallest to the largest."""
    return len(counts) / (max(counts) - min(counts) + 1)
