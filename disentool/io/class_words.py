"""The words that name the classes of a factor, some of which are numbers: which class a text means."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_WHOLE = re.compile(_NUMBER, re.ASCII)
_RANGE = re.compile(f"({_NUMBER})-({_NUMBER})", re.ASCII)
_LONGEST = 400  # characters of a number


def number(text: str) -> Decimal | None:
    """The number that a text is, exactly; None for any other text."""
    return Decimal(text) if len(text) <= _LONGEST and _WHOLE.fullmatch(text) else None


def interval(text: str) -> tuple[Decimal, Decimal] | None:
    """The ends of a range of numbers, such as 1-4 or -0.5-2, in order; None for any other text."""
    found = _RANGE.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    low, high = Decimal(found[1]), Decimal(found[2])
    return (low, high) if low <= high else None


def numerals(values: Iterable[float]) -> tuple[str, ...]:
    """Finite numbers as people write them: 4 for 4.0, and 0.5; no two are written alike."""
    return tuple(str(int(value)) if value == int(value) else repr(float(value)) for value in values)


def any_number(words: Sequence[str]) -> bool:
    """Whether some of the words are numbers, so that a number means such a word and never the place in the list."""
    return any(number(word) is not None for word in words)


def find(words: Sequence[str], text: str) -> int | None:
    """The place of the word that a text means; None if there is none.

    The same text; else the only number that is equal, or the only word that differs in case alone.
    """
    if text in words:
        return list(words).index(text)
    wanted = number(text)
    equal = [place for place, word in enumerate(words) if wanted is not None and number(word) == wanted]
    if not equal:
        equal = [place for place, word in enumerate(words) if word.casefold() == text.casefold()]
    return equal[0] if len(equal) == 1 else None


def within(words: Sequence[str], low: Decimal, high: Decimal) -> list[int]:
    """The places of the words that are numbers from ``low`` to ``high``, both counted."""
    return [place for place, word in enumerate(words) if (value := number(word)) is not None and low <= value <= high]
