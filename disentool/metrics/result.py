"""What comes out of a metric."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Progress = Callable[[int, int], None]  # (done, total), shown to people


def silent(done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Result:
    """One score. ``details`` is plain Python (str, int, float, bool, None, list, dict): it becomes JSON as it is.

    ``interval``: 95 %, None where it is not defined; ``details["interval_of"]`` says over what. ``per_factor``: factor
    -> number. ``protocol``: by which protocol the rows were drawn; empty where the caller gave them.
    """

    score: float
    interval: tuple[float, float] | None = None
    per_factor: dict[str, float] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    protocol: str = ""
