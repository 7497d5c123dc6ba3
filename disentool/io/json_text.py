"""JSON that others wrote: parsed, and not nested so deep that a later walk through it would fail."""

import json
from typing import Any

DEEPEST = 100  # levels of lists and objects; those that disentool writes have ten at most


def parse(text: str) -> Any:
    """What a JSON text holds.

    Raises json.JSONDecodeError, a ValueError, for anything else, and RecursionError where it is nested too deep.
    """
    value = json.loads(text)
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
