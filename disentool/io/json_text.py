"""JSON that others wrote: parsed, and not nested so deep that a later walk through it would fail."""

import json
from typing import Any

_LONGEST = 300  # digits of a whole number, which a float can still hold
DEEPEST = 100  # levels of lists and objects; those that disentool writes have ten at most


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def parse(text: str) -> Any:
    """What a JSON text holds.

    Raises json.JSONDecodeError or another ValueError for anything else, and for whole numbers that no float can hold;
    RecursionError where it is nested too deep.
    """
    value = json.loads(text, parse_int=_whole)
    level = [value]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        if not inner:
            return value
        level = inner
    raise RecursionError(f"nested deeper than {DEEPEST} levels")
