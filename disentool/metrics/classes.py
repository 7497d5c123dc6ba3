"""Class and content: which factor is the class, which columns of a code tell of it, and what was trained on."""

from dataclasses import dataclass

import numpy as np

from disentool.errors import DataMismatch, NoFactors, UnknownName, WrongUsage
from disentool.io.classes import ClassFactor, choose
from disentool.metrics.result import Callables
from disentool.metrics.sampling import Points
from disentool.metrics.trained_on import Training

# What a row, or the true image of a pair, is to the model; scores of different parts are never averaged.
TRAINING, HELD_OUT_ROWS, HELD_OUT_CLASSES, ALL_ROWS = "training", "held_out_rows", "held_out_classes", "all_rows"
PARTS = (TRAINING, ALL_ROWS, HELD_OUT_ROWS, HELD_OUT_CLASSES)  # the first that is there makes the score
IN_WORDS = {
    TRAINING: "rows trained on",
    ALL_ROWS: "all rows (nothing says which were trained on)",
    HELD_OUT_ROWS: "rows not trained on, of classes that were",
    HELD_OUT_CLASSES: "classes never trained on",
}


@dataclass(frozen=True, eq=False)
class Labels:
    """Each row's class int64 [n]; the other factors int [n,K], their names; and each row's part, an index of PARTS."""

    factor: ClassFactor
    classes: np.ndarray
    contents: np.ndarray
    content_names: tuple[str, ...]
    parts: np.ndarray


def labels(points: Points, class_factor: str, metric: str) -> Labels:
    """Read the class off the factors. ``class_factor``: names joined by a plus; ``auto``: as the artefact says.

    Raises NoFactors, WrongUsage or DataMismatch.
    """
    if points.factors is None:
        raise NoFactors(f"metric {metric} needs factors, one of which is the class, and this data has none")
    training = points.training
    known = ", ".join(points.names)
    spec = training.class_factor if class_factor == "auto" else class_factor
    if not spec and len(points.names) == 1:
        spec = points.names[0]
    if not spec:
        raise WrongUsage(f"metric {metric}: --set class_factor=NAME says which factor is the class; there are {known}")
    for name in [spec] if spec in points.names else spec.split("+"):
        if name not in points.names:
            raise UnknownName(f"class_factor of metric {metric}", name, points.names)
    factor = choose(spec, points.names, points.sizes)
    rest = [i for i in range(len(points.names)) if i not in factor.columns]
    classes = np.asarray(factor.of(points.factors.astype(np.int64)))
    parts = np.full(points.n, PARTS.index(ALL_ROWS if training.rows is None else HELD_OUT_ROWS), np.int8)
    if training.rows is not None:
        parts[training.rows] = PARTS.index(TRAINING)
    if training.images is not None and factor.text == training.class_factor:
        parts[training.images[classes] == 0] = PARTS.index(HELD_OUT_CLASSES)
    return Labels(factor, classes, points.factors[:, rest], tuple(points.names[i] for i in rest), parts)


def columns(training: Training, class_dims: str, metric: str) -> str | int:
    """How the code is cut, checked as far as it can be before there are codes; :func:`cut` does it."""
    if class_dims != "auto":
        _numbers(class_dims)
        return class_dims
    if training.class_width is None:
        raise DataMismatch(
            f"metric {metric} needs a class code and a content code, which this has not;"
            " --set class_dims=0-3 says which dimensions of a code are of the class"
        )
    return training.class_width


def cut(cutting: str | int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The columns of class and of content, int64, of a code of ``width`` dimensions."""
    chosen = np.arange(cutting) if isinstance(cutting, int) else np.array(_numbers(cutting))
    if chosen.max() >= width or len(chosen) == width:
        raise WrongUsage(f"class_dims {cutting}: the code has dimensions 0 to {width - 1}, some of which are content")
    return chosen, np.setdiff1d(np.arange(width), chosen)


def _numbers(text: str) -> list[int]:
    """``0-2,7`` -> [0, 1, 2, 7]."""
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)) or len(part) > 12:
            raise WrongUsage(f"class_dims {text}: expected dimensions such as 0-3 or 0,2,5")
        low, high = int(first), int(last or first)
        if not low <= high < 1 << 20:
            raise WrongUsage(f"class_dims {text}: expected dimensions such as 0-3 or 0,2,5")
        found |= set(range(low, high + 1))
    return sorted(found)


def exchanged(
    table: np.ndarray,
    halves: tuple[np.ndarray, np.ndarray],
    callables: Callables,
    class_at: np.ndarray,
    content_at: np.ndarray,
    rows: np.ndarray,
) -> np.ndarray:
    """Images float32 [B,H,W,C] with the class of some rows and the content of others, as the model makes them.

    ``table``: the codes float32 [n,D] of ``rows`` (int64 [n], of the points); ``class_at``, ``content_at``: int64 [B],
    indices of it.
    """
    if callables.transfer is not None:
        return callables.transfer(rows[class_at], rows[content_at])
    codes = table[content_at]
    codes[:, halves[0]] = table[class_at][:, halves[0]]
    return callables.decode(codes)
