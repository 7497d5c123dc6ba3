"""What a call names: rows, dimensions and classes are there, and nothing is named twice; else WrongUsage."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from disentool.errors import WrongUsage


def require_once(names: Iterable[object], flag: str) -> None:
    """Refuse a call in which ``flag`` (``--dims``) has one of ``names`` twice."""
    twice = _first_twice(names)
    if twice is not None:
        raise WrongUsage(f"{flag} {twice}: named twice")


def require_outputs_once(outputs: Iterable[Path]) -> None:
    """Refuse a call that names an output twice."""
    twice = _first_twice(outputs)
    if twice is not None:
        raise WrongUsage(f"{twice}: named twice as an output")


def require_indices(indices: Iterable[int], total: int, flag: str, owner: object, what: str) -> None:
    """Refuse an index outside 0..total-1; ``owner`` (a file) has the ``what`` (rows) that ``flag`` names."""
    for index in indices:
        if not 0 <= index < total:
            raise WrongUsage(f"{flag} {index}: {owner} has {what} 0 to {total - 1:,}")


def checked_rows(rows: Sequence[int], total: int, path: Path, flag: str = "--rows") -> np.ndarray:
    """``rows`` as int64 [n], where each is a row of a file with ``total`` of them, and there is one at least."""
    if not rows:
        raise WrongUsage(f"{flag}: names no row")
    require_indices(rows, total, flag, path, "rows")
    return np.asarray(rows, np.int64)


def _first_twice(names: Iterable[object]) -> object | None:
    seen: set[object] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
