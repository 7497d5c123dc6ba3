"""What a generator of other people's code says of itself: an object that is called with z, with attributes beside.

Such an object may take its attributes from anywhere, so they are asked for by name: here, and nowhere else.
"""

from collections.abc import Iterable
from typing import Any


def stated(found: object, names: Iterable[str]) -> dict[str, Any]:
    """The attributes among ``names`` that the object has, by name."""
    return {name: getattr(found, name) for name in names if hasattr(found, name)}
