"""What a data set holds, in one line."""

import math
from collections.abc import Sequence

import numpy as np

_NAMED = 8  # of the factors
_LARGE = 10**15  # combinations: from here on their order of magnitude is told


def summary(
    shape: Sequence[int],
    names: Sequence[str],
    sizes: Sequence[int],
    factors: np.ndarray | None,
    grid: bool,
    split: np.ndarray | None,
    class_factor: str = "",
    made: str = "",
) -> str:
    """Images with their ``shape`` [N,H,W,C], factors int [N,K] with names and sizes, and split uint8 [N].

    ``class_factor``: the factor that is the class; ``made``: what was done to the images.
    """
    count, height, width, channels = shape
    parts = [f"{count:,} image{'' if count == 1 else 's'} {height}x{width}x{channels}"]
    if factors is None or not names:
        parts.append("no factors")
    else:
        named = ", ".join(f"{name} {size:,}" for name, size in zip(names[:_NAMED], sizes, strict=False))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        kind = "a whole grid" if grid else _part_of_grid(factors, sizes)
        parts.append(f"factors {named}{more}, {kind}" if len(names) > 1 else f"factor {named}")
    if class_factor not in ("", "class"):
        parts.append(f"the class is {class_factor}")
    if split is not None:
        test = int(split.sum())
        parts.append(f"split into {count - test:,} for training and {test:,} for testing")
    parts += [made] if made else []
    return "; ".join(parts)


def _part_of_grid(factors: np.ndarray, sizes: Sequence[int]) -> str:
    """How many of the combinations there are, int [N,K]; or that they are all there once, though not in their order."""
    total = math.prod(map(int, sizes))
    found = _combinations(factors, sizes, total)
    if found == total == len(factors):
        return "a whole grid, its rows in another order"
    all_of_them = f"{total:,}" if total < _LARGE else f"10^{sum(map(math.log10, sizes)):.0f}"
    return f"{found:,} of {all_of_them} combinations"


def _combinations(factors: np.ndarray, sizes: Sequence[int], total: int) -> int:
    """How many different rows there are."""
    if total < 1 << 62:
        return len(np.unique(np.ravel_multi_index(tuple(factors.T.astype(np.int64)), tuple(sizes))))
    return len(np.unique(factors, axis=0))
