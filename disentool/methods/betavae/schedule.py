"""Weights that follow the step, as device tensors: no branch, no fetch."""

from torch import Tensor


def linear(step: Tensor, start: float, end: float, over: int) -> Tensor:
    """From ``start`` at step 0 to ``end`` at step ``over`` and after; ``step`` and the result are scalar tensors."""
    return start + (end - start) * (step / over).clamp(0, 1)
