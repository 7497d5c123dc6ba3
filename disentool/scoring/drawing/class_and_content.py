"""Class and content: which factor is the class, which columns of a code tell of it, and what was trained on."""

from dataclasses import dataclass

import numpy as np

from disentool.errors import DataMismatch, NoFactors, UnknownName, WrongUsage
from disentool.io.classes import ClassFactor, choose
from disentool.metrics.exchanged_images import Images
from disentool.metrics.parts import ALL_ROWS, HELD_OUT_CLASSES, HELD_OUT_ROWS, PARTS, TRAINING
from disentool.scoring.data_rows import DataRows, TrainingFacts
from disentool.scoring.model_functions import ModelFunctions, required


@dataclass(frozen=True, eq=False)
class Labels:
    """Each row's class int64 [n]; the other factors int [n,K], their names; and each row's part, an index of PARTS."""

    factor: ClassFactor
    classes: np.ndarray
    contents: np.ndarray
    content_names: tuple[str, ...]
    parts: np.ndarray


def labels(data: DataRows, class_factor: str, metric: str) -> Labels:
    """Read the class off the factors. ``class_factor``: names joined by a plus; ``auto``: as the artefact says.

    Raises NoFactors, WrongUsage or DataMismatch.
    """
    if data.factors is None:
        raise NoFactors(f"metric {metric} needs factors, one of which is the class, and this data has none")
    training = data.training
    known = ", ".join(data.names)
    spec = training.class_factor if class_factor == "auto" else class_factor
    if not spec and len(data.names) == 1:
        spec = data.names[0]
    if not spec:
        raise WrongUsage(f"metric {metric}: --set class_factor=NAME says which factor is the class; there are {known}")
    for name in [spec] if spec in data.names else spec.split("+"):
        if name not in data.names:
            raise UnknownName(f"class_factor of metric {metric}", name, data.names)
    factor = choose(spec, data.names, data.sizes)
    rest = [i for i in range(len(data.names)) if i not in factor.columns]
    classes = np.asarray(factor.of(data.factors.astype(np.int64)))
    parts = np.full(data.n, PARTS.index(ALL_ROWS if training.rows is None else HELD_OUT_ROWS), np.int8)
    if training.rows is not None:
        parts[training.rows] = PARTS.index(TRAINING)
    if training.images is not None and factor.text == training.class_factor:
        parts[training.images[classes] == 0] = PARTS.index(HELD_OUT_CLASSES)
    return Labels(factor, classes, data.factors[:, rest], tuple(data.names[i] for i in rest), parts)


def columns(training: TrainingFacts, class_dims: str, metric: str) -> str | int:
    """How the code is cut, checked as far as it can be before there are codes; :func:`cut` does it."""
    if class_dims != "auto":
        _numbers(class_dims)
        return class_dims
    if training.class_width is None:
        raise DataMismatch(
            f"metric {metric} needs a class code and a content code, which this does not have;"
            " --set class_dims=0-3 says which dimensions of a code are of the class"
        )
    return training.class_width


def cut(cutting: str | int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The columns of class and of content, int64, of a code of ``width`` dimensions."""
    chosen = np.arange(cutting) if isinstance(cutting, int) else np.array(_numbers(cutting))
    if chosen.max() >= width or len(chosen) == width:
        raise WrongUsage(
            f"--set class_dims={cutting}: the code has dimensions 0 to {width - 1}, some of which are content; name"
            " fewer"
        )
    return chosen, np.setdiff1d(np.arange(width), chosen)


def _numbers(text: str) -> list[int]:
    """``0-2,7`` -> [0, 1, 2, 7]."""
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)) or len(part) > 12:
            raise WrongUsage(f"--set class_dims={text}: expected dimensions such as 0-3 or 0,2,5")
        low, high = int(first), int(last or first)
        if not low <= high < 1 << 20:
            raise WrongUsage(f"--set class_dims={text}: expected dimensions such as 0-3 or 0,2,5")
        found |= set(range(low, high + 1))
    return sorted(found)


def images_of(
    functions: ModelFunctions, table: np.ndarray, halves: tuple[np.ndarray, np.ndarray], rows: np.ndarray
) -> Images | None:
    """What the model makes of the codes ``table`` float32 [n,D] of ``rows`` (int64 [n], of the data).

    ``halves``: their columns of class and of content. None where there is no model.
    """
    images = functions.images
    if images is None:
        return None

    def made(class_at: np.ndarray, content_at: np.ndarray) -> np.ndarray:
        if functions.transfer is not None:
            return functions.transfer(rows[class_at], rows[content_at])
        codes = table[content_at]
        codes[:, halves[0]] = table[class_at][:, halves[0]]
        return required(functions.decode, "of class and content", "a decoder")(codes)

    return Images(lambda at: images(rows[at]), made)
