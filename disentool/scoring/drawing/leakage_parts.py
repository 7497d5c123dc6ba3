"""The rows of the metric leakage: trained on, held out, and of classes never trained on, as evenly over the classes."""

from dataclasses import dataclass, replace

import numpy as np

from disentool.errors import DataMismatch, counted
from disentool.metrics.arrays import refuse_non_finite
from disentool.metrics.constants.class_and_content import Leakage
from disentool.metrics.facts import MetricFacts
from disentool.metrics.leakage import leakage
from disentool.metrics.parts import HELD_OUT_ROWS, IN_WORDS, PARTS
from disentool.metrics.result import Result
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import DataRows
from disentool.scoring.drawing.class_and_content import Labels, columns, cut, images_of, labels
from disentool.scoring.drawing.seeded_subset import check_protocol, check_seed
from disentool.scoring.model_functions import ModelFunctions
from disentool.scoring.record import recorded_constants, with_details

LEAST = 10  # images of a class that stay when rows must be few


@dataclass(frozen=True, eq=False)
class LeakageRows:
    """``rows`` to encode: int64, sorted; ``parts``: name -> those of each part, whose classes have enough images."""

    rows: np.ndarray
    n: int
    parts: dict[str, np.ndarray]
    labels: Labels
    cutting: str | int
    noise: float | None
    constants: Leakage
    seed: int
    left_out: dict[str, int]  # part -> classes of too few images
    alone: list[str]  # parts that are left out because they have one class


def draw(facts: MetricFacts, data: DataRows, constants: Leakage, seed: int, codes_ready: bool = False) -> LeakageRows:
    """Rows of each part: all, or as many as ``constants.rows``, as evenly over the classes as they come.

    Raises NoFactors, WrongUsage, DataMismatch: no class, no class code, or no two classes with two images.
    """
    check_protocol(facts, constants)
    seed = check_seed(seed)
    known = labels(data, constants.class_factor, "leakage")
    cutting = columns(data.training, constants.class_dims, "leakage")
    rng = np.random.default_rng((seed, 0))
    parts: dict[str, np.ndarray] = {}
    left_out: dict[str, int] = {}
    alone = []
    for number, name in enumerate(PARTS):
        rows = np.flatnonzero(known.parts == number)
        # held-out rows are read by probes of the rows before them, where there are any
        least = 1 if name == HELD_OUT_ROWS and parts else 2
        counts = np.bincount(known.classes[rows]) if len(rows) else np.zeros(0, np.int64)
        few = (counts > 0) & (counts < least)
        if few.any():
            left_out[name] = int(few.sum())
            rows = rows[~few[known.classes[rows]]]
        if len(rows) and (least == 1 or (counts >= least).sum() > 1):
            parts[name] = _balanced(rows, known.classes, constants.rows, rng)
        elif len(rows):
            alone.append(name)
    if not parts:
        raise DataMismatch(
            f"metric leakage needs at least two classes of {known.factor.text} with at least two images each"
        )
    every = np.unique(np.concatenate(list(parts.values())))
    return LeakageRows(every, data.n, parts, known, cutting, data.training.noise, constants, seed, left_out, alone)


def _balanced(rows: np.ndarray, classes: np.ndarray, limit: int | None, rng: np.random.Generator) -> np.ndarray:
    """At most ``limit`` of the rows: the same number of each class as far as it has them, at least ``LEAST``.

    Where that is still too many, some classes.
    """
    if limit is None or len(rows) <= limit:
        return rows
    order = rng.permutation(rows)
    order = order[np.argsort(classes[order], kind="stable")]
    _, starts, counts = np.unique(classes[order], return_index=True, return_counts=True)
    low, high = LEAST, int(counts.max())
    while low < high:  # the most images of a class with which they are few enough
        middle = (low + high + 1) // 2
        low, high = (middle, high) if np.minimum(counts, middle).sum() <= limit else (low, middle - 1)
    kept = np.minimum(counts, low)
    chosen = rng.permutation(len(counts))
    chosen = chosen[: max(2, int((np.cumsum(kept[chosen]) <= limit).sum()))]
    return np.sort(np.concatenate([order[starts[c] : starts[c] + kept[c]] for c in chosen]))


def score(facts: MetricFacts, drawn: LeakageRows, codes: Codes, functions: ModelFunctions) -> Result:
    """The accuracies of probes, part by part. Raises ``DataMismatch`` for codes that are not finite or lack rows."""
    at = codes.at(drawn.rows)
    table = codes.mean[at]
    refuse_non_finite(table, "codes")
    halves = cut(drawn.cutting, table.shape[1])
    logvar = None if codes.logvar is None else codes.logvar[at]
    if logvar is not None:
        refuse_non_finite(logvar, "logvar of the codes")
    noise, noise_is = _noise(drawn, logvar, halves[1])
    known = drawn.labels
    result = leakage(
        table,
        *halves,
        known.classes[drawn.rows],
        known.contents[drawn.rows],
        {name: np.searchsorted(drawn.rows, rows) for name, rows in drawn.parts.items()},
        noise=noise,
        class_factor=known.factor.text,
        content_names=known.content_names,
        constants=drawn.constants,
        seed=drawn.seed,
        images=images_of(functions, table, halves, drawn.rows),
        progress=functions.progress,
    )
    if result.interval:
        low, high = facts.range
        result = replace(result, interval=(max(result.interval[0], low), min(result.interval[1], high)))
    after = {"noise_is": noise_is, "classes_left_out": drawn.left_out, "seed": drawn.seed}
    return with_details(result, drawn.constants, recorded_constants(facts, drawn.constants), after, _notes(drawn))


def _noise(drawn: LeakageRows, logvar: np.ndarray | None, content: np.ndarray) -> tuple[np.ndarray | float, str]:
    """Standard deviation of the noise on content codes, a number or float [n,E], and what it is in words."""
    if drawn.constants.noise is not None:
        return drawn.constants.noise, f"standard deviation {drawn.constants.noise:g}, as asked"
    if drawn.noise is not None:
        return drawn.noise, f"standard deviation {drawn.noise:g}, as in training"
    if logvar is not None:
        return np.exp(0.5 * logvar[:, content]), "a draw of the posterior"
    return 1.0, "standard deviation 1: nothing says what training had"


def _notes(drawn: LeakageRows) -> list[str]:
    """What is left out of which part."""
    notes = []
    for name, count in drawn.left_out.items():
        classes = counted(count, "class", "classes")
        notes.append(f"{classes} with a single image among the {IN_WORDS[name]} left out")
    return notes + [f"{name}: left out: of one class, so that there is nothing to tell it from" for name in drawn.alone]
