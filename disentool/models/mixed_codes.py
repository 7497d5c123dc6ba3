"""Codes that take some columns from one code and the others from another; and lines from one code to the next."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from disentool.contract import ClassLabels
from disentool.errors import WrongUsage
from disentool.io.call_checks import require_indices, require_once

STEPS = 7  # from one code to the next, unasked


@dataclass(frozen=True)
class CodePath:
    """Steps along codes in their order. ``codes`` float32 [p,D]; ``nearest`` int64 [p]: which code a step is near to.

    ``exact`` bool [p]: whether the step is that very code.
    """

    codes: np.ndarray
    nearest: np.ndarray
    exact: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)


def along(codes: np.ndarray, steps: int | None, *, closed: bool, whole: Sequence[int] = ()) -> CodePath:
    """The codes float32 [n,D] one after another; with ``steps``, straight lines of so many codes from each to the next.

    Both ends count among the ``steps``. ``closed``: a last line goes back to the first code, and ends before it.
    ``whole``: columns that hold the number of a class; there is nothing between two classes, so they change half-way.
    """
    count = len(codes)
    if steps is None or count == 1:
        return CodePath(codes, np.arange(count), np.ones(count, bool))
    lines = count if closed else count - 1
    place = np.arange(lines * (steps - 1) + (not closed)) / (steps - 1)
    start = np.minimum(place.astype(np.int64), lines - 1)
    share = (place - start)[:, None]
    end = (start + 1) % count
    between = ((1 - share) * codes[start] + share * codes[end]).astype(np.float32)
    nearest = np.where(share[:, 0] < 0.5, start, end)
    between[:, list(whole)] = codes[nearest][:, list(whole)]
    exact = np.isclose(place, np.round(place), rtol=0, atol=1e-9)
    between[exact] = codes[nearest[exact]]
    return CodePath(between, nearest, exact)


def columns(widths: dict[str, int], dims: Sequence[int] | None, what: str) -> np.ndarray:
    """The columns of ``mean`` that are the class's, int64: those of ``class_code``, which it begins with, or ``dims``.

    ``widths``: of the codes by name. WrongUsage names ``what`` where there is no class code, or no such dimension.
    """
    if dims is None:
        if "class_code" not in widths or "content_code" not in widths:
            raise WrongUsage(
                f"{what}: has no codes of class and content; --dims names the dimensions to take from the class side"
            )
        return np.arange(widths["class_code"])
    if not dims:
        raise WrongUsage("--dims: names no dimension")
    require_indices(dims, widths["mean"], "--dims", what, "dimensions")
    require_once(dims, "--dims")
    return np.asarray(dims, np.int64)


def product(content: np.ndarray, classes: np.ndarray, of_class: np.ndarray) -> np.ndarray:
    """Every content with every class: float32 [n,D] and [m,D] -> [n*m,D], all classes of the first content first.

    ``of_class``: the columns that the class gives.
    """
    out = np.repeat(content, len(classes), axis=0)
    out[:, of_class] = np.tile(classes[:, of_class], (len(content), 1))
    return out


def factors(content: np.ndarray, classes: np.ndarray, factor: ClassLabels) -> np.ndarray:
    """The factors of :func:`product`: the content's int [n,K], with the values of the class's factors int [m,K]."""
    out = np.repeat(content, len(classes), axis=0)
    own = list(factor.columns)
    out[:, own] = np.tile(classes[:, own], (len(content), 1))
    return out
