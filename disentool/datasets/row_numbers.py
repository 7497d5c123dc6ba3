"""Columns of a table that number its rows, and say nothing of the images."""

import re
from collections.abc import Sequence

_INDEX = re.compile(r"(unnamed: 0(\.\d+)?)?")  # what pandas calls the column of row numbers: nothing, then this
# Names of other columns that may number the rows, without blanks and marks between their parts.
_NUMBERS = {
    "#",
    "id",
    "idx",
    "index",
    "no",
    "nr",
    "sno",
    "row",
    "rowid",
    "rowno",
    "rownum",
    "rownumber",
    "rowindex",
} | {*("imageid", "imgid", "sampleid", "level0")}
_WHOLE = re.compile(r"[+-]?\d+")
_SEVERAL = 3  # rows, of which it can be told that they are numbered


def plain(name: str) -> str:
    """A name of a column in small letters, without blanks and marks between its parts: ``Image_ID`` is imageid."""
    return re.sub(r"[\s_.-]+", "", name.lower())


def numbers_rows(name: str, words: Sequence[str]) -> bool:
    """Whether a column numbers the rows.

    One that pandas named does with any different whole numbers; one that is called as row numbers are, such as ``id``,
    with 0, 1, 2, ... or 1, 2, 3, ...
    """
    if not all(map(_WHOLE.fullmatch, words)):
        return False
    if _INDEX.fullmatch(name.lower()):
        return len(set(words)) == len(words)
    if plain(name) not in _NUMBERS or len(words) < _SEVERAL:
        return False
    return int(words[0]) in (0, 1) and all(int(word) == i for i, word in enumerate(words, int(words[0])))
