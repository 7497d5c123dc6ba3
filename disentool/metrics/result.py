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
    -> number. ``protocol``: by which protocol the rows were drawn; empty where the caller gave them. ``baseline``: the
    result of the same model with fresh weights, where that was asked for.
    """

    score: float
    interval: tuple[float, float] | None = None
    per_factor: dict[str, float] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    protocol: str = ""
    baseline: "Result | None" = None

    def __repr__(self) -> str:
        interval = f", 95 % interval {self.interval[0]:.4g} .. {self.interval[1]:.4g}" if self.interval else ""
        compared = f" (untrained {self.baseline.score:.4g})" if self.baseline else ""
        held = [name for name, there in (("per_factor", self.per_factor), ("details", self.details)) if there]
        held_too = f"; {' and '.join(held)} hold more" if held else ""
        return f"<disentool.Result {self.score:.4g}{compared}{interval}, protocol {self.protocol or 'none'}{held_too}>"
