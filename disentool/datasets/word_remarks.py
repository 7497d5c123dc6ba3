"""What people should know of a column of words: names that read alike, and an order that is not that of the text."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

_SHOWN = 3  # groups of words that a note names
_LONG = 40  # characters of a word in a note
_TRUE, _FALSE = "true", "false"
_TRUTH = {_TRUE: _TRUE, _FALSE: _FALSE, "1": _TRUE, "0": _FALSE}
_MONTHS = (
    "jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?"
    "|dec(ember)?"
)
# Dates that the order of text does not sort: the day or the month first. A year first, as in 2024-09-01, it sorts.
_DATES = (
    re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{4}\b.*"),
    re.compile(r"\d{1,2}/\d{1,2}/\d{2}\b.*"),
    re.compile(rf"([a-z]{{3,9}},? +)?\d{{1,4}}[ ./-]*({_MONTHS})[ ,./-]*(\d[\d :,./-]*)?", re.IGNORECASE),
    # The month first: mar1 is no date, Mar 1 and Mar2024 are.
    re.compile(rf"([a-z]{{3,9}},? +)?({_MONTHS})([ ,./-]+(?=\d)|(?=\d{{4}}\b))\d[\d :,./-]*", re.IGNORECASE),
)
_TWELVE_HOURS = re.compile(r"\d{1,2}(:\d{2}){0,2}\s*[ap]\.?m\.?", re.IGNORECASE)


def one_truth(words: Sequence[str]) -> tuple[Sequence[str], str]:
    """Words of truth, each in the first writing of its kind, and what was done; any other column as it is.

    true, TRUE and True are one class; so is 1 where both words of truth are there, and nothing else.
    """
    different = dict.fromkeys(words)
    folded = {word.casefold() for word in different}
    if not folded <= ({_TRUE, _FALSE} if not {_TRUE, _FALSE} <= folded else set(_TRUTH)):
        return words, ""
    kinds: dict[str, list[str]] = defaultdict(list)
    for word in sorted(different, key=str.isdigit):  # stable: the class is called by a word, not by 1
        kinds[_TRUTH[word.casefold()]].append(word)
    several = [writings for writings in kinds.values() if len(writings) > 1]
    if not several:
        return words, ""
    note = "; ".join(f"{_listed(writings)} are one class, {writings[0]}" for writings in several)
    return [kinds[_TRUTH[word.casefold()]][0] for word in words], note


def twins(names: Iterable[str]) -> str:
    """What to say of names that read alike: Cat and cat, or one accent that is composed in two ways; else nothing."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[_composed(" ".join(_composed(name).casefold().split()))].append(name)
    alike = [group for group in groups.values() if len(group) > 1]
    if not alike:
        return ""
    accents = all(len(set(map(_composed, group))) == 1 for group in alike)
    what = "the bytes of their accents" if accents else "capitals or blanks"
    more = f"; and {len(alike) - _SHOWN} more" if len(alike) > _SHOWN else ""
    return f"{'; '.join(map(_listed, alike[:_SHOWN]))}{more} differ in {what} only; each is a class"


def order(words: Iterable[str]) -> str:
    """What to say of dates and times whose order is not that of their text; else nothing."""
    different = sorted(set(words))
    if len(different) < 2:
        return ""
    for what, meant, patterns in (
        ("dates", "the year, the month, the day, such as 2024-09-01", _DATES),
        ("times", "24 hours, such as 13:30", (_TWELVE_HOURS,)),
    ):
        if all(any(pattern.fullmatch(word) for pattern in patterns) for word in different):
            shown = f"{what} such as {different[0][:_LONG]!r} are words, in the order of their text, not of time"
            return f"{shown}; for that order, write {meant}"
    return ""


def _listed(words: Sequence[str]) -> str:
    shown = [repr(word[:_LONG]) for word in words]
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
