"""Leakage: what probes read of the class in the content code, and of the content in the class code.

The classification experiment of Gabbay & Hoshen, "Demystifying Inter-Class Disentanglement" (LORD, ICLR 2020):
logistic regression and a 256-256 perceptron on standardised codes, trained on 80 % of the rows of each class and tested
on the rest. ``score`` is the accuracy of class from content, of clean codes, by the better probe: lower is better, down
to ``chance``. It is the mean over ``seeds`` of split, noise and probe; the interval is Student's of that mean.

A dead content code leaks nothing and is worth nothing: content from content, the code's variance and the
reconstruction, with the image's own content code and with another's, stand beside the score.

Rows trained on, other rows of the same classes, and classes never trained on are measured apart (``details.parts``).
Probes of the rows trained on are tested on the held-out rows; held-out classes get probes of their own.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.errors import DataMismatch, UnknownName, WrongUsage
from disentool.metrics.classes import HELD_OUT_ROWS, IN_WORDS, PARTS, Labels, columns, cut, exchanged, labels
from disentool.metrics.probing import PROBES, accuracies, fits
from disentool.metrics.result import (
    Callables,
    Codes,
    Result,
    above_chance,
    check_at_least,
    constants,
    mean_of_seeds,
    refuse_non_finite,
)
from disentool.metrics.sampling import Points, check_seed
from disentool.metrics.similarity import measures

NEEDS = frozenset({"factors", "callables"})
RANGE = (0.0, 1.0)
DEAD_BELOW = 0.05  # of the way from guessing to certainty
LEAST = 10  # images of a class that stay when rows must be few
BATCH = 256


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be."""

    protocol: str = "probes"
    class_factor: str = "auto"  # names joined by a plus; auto: the artefact's own
    class_dims: str = "auto"  # such as 0-3,7: the dimensions of the class code; auto: the artefact's own
    noise: float | None = None  # added to content codes, standard deviation; None: as in training, 1 where unknown
    seeds: int = 3  # of split, noise and probes
    test_share: float = 0.2  # of each class
    rows: int | None = 5_000  # of each part, at most; None: all
    penalty: float = 1.0  # C of the logistic regression, the inverse weight of its squared coefficients
    iterations: int = 200  # of its L-BFGS, at most
    units: int = 256  # in each of the perceptron's two hidden layers
    epochs: int = 100  # of its training, at most
    images: int = 500  # reconstructed of each part, where there is a decoder

    def __post_init__(self):
        check_at_least(self, noise=0, seeds=1, rows=4, penalty=0, iterations=1, units=1, epochs=1, images=1)
        if self.penalty == 0:
            raise WrongUsage("penalty 0: expected more than 0")
        if not 0 < self.test_share < 1:
            raise WrongUsage(f"test_share {self.test_share}: expected more than 0 and less than 1")


PROTOCOLS: dict[str, Options] = {"probes": Options()}


@dataclass(frozen=True, eq=False)
class Plan:
    """``rows`` to encode: int64, sorted; ``parts``: name -> those of each part, whose classes have enough images."""

    rows: np.ndarray
    n: int
    parts: dict[str, np.ndarray]
    labels: Labels
    cutting: str | int
    noise: float | None
    options: Options
    seed: int
    left_out: dict[str, int]  # part -> classes of too few images
    alone: list[str]  # parts that are left out because they have one class


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Plan:
    """Rows of each part: all, or as many as ``options.rows``, as evenly over the classes as they come.

    Raises NoFactors, WrongUsage, DataMismatch: no class, no class code, or no two classes with two images.
    """
    if options.protocol not in PROTOCOLS:
        raise UnknownName("protocol of metric leakage", options.protocol, PROTOCOLS)
    seed = check_seed(seed)
    known = labels(points, options.class_factor, "leakage")
    cutting = columns(points.training, options.class_dims, "leakage")
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
            parts[name] = _balanced(rows, known.classes, options.rows, rng)
        elif len(rows):
            alone.append(name)
    if not parts:
        raise DataMismatch(
            f"metric leakage needs at least two classes of {known.factor.text} with at least two images each"
        )
    every = np.unique(np.concatenate(list(parts.values())))
    return Plan(every, points.n, parts, known, cutting, points.training.noise, options, seed, left_out, alone)


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


def score(plan: Plan, codes: Codes, callables: Callables) -> Result:
    """Accuracies of every direction, part by part; the score is of the first part there is, in the order of PARTS."""
    at = codes.at(plan.rows)
    table = codes.mean[at]
    refuse_non_finite(table, "codes")
    halves = cut(plan.cutting, table.shape[1])
    logvar = None if codes.logvar is None else codes.logvar[at]
    if logvar is not None:
        refuse_non_finite(logvar, "logvar of the codes")
    noise, noise_is = _noise(plan, logvar, halves[1])
    parts = _measured(plan, table, halves, noise, callables)
    main = next(iter(parts))
    leak = parts[main]["class_from_content"]
    best = max(PROBES, key=lambda probe: leak["clean"][probe]["mean"])
    value, interval, _ = mean_of_seeds(leak["clean"][best]["seeds"])
    options = plan.options
    details = {
        **constants(options, PROTOCOLS),
        "class_factor": plan.labels.factor.text,
        "score_is": f"accuracy of class from clean content codes by {best}, the better probe, on {IN_WORDS[main]}",
        "chance": leak["chance"],
        "interval_of": f"mean of {options.seeds} seeds of split, noise and probe, Student's t: not over training runs",
        "noise_is": noise_is,
        "class_dimensions": len(halves[0]),
        "content_dimensions": len(halves[1]),
        "classes_left_out": plan.left_out,
        "parts": parts,
        "seed": plan.seed,
        "notes": _notes(plan, parts, callables),
    }
    if interval:
        interval = (max(interval[0], 0.0), min(interval[1], 1.0))
    return Result(value, options.protocol, interval, _summary(parts), details)


def _noise(plan: Plan, logvar: np.ndarray | None, content: np.ndarray) -> tuple[np.ndarray | float, str]:
    """Standard deviation of the noise on content codes, a number or float [n,E], and what it is in words."""
    if plan.options.noise is not None:
        return plan.options.noise, f"standard deviation {plan.options.noise:g}, as asked"
    if plan.noise is not None:
        return plan.noise, f"standard deviation {plan.noise:g}, as in training"
    if logvar is not None:
        return np.exp(0.5 * logvar[:, content]), "a draw of the posterior"
    return 1.0, "standard deviation 1: nothing says what training had"


def _measured(
    plan: Plan, table: np.ndarray, halves: tuple, noise: np.ndarray | float, callables: Callables
) -> dict[str, dict[str, Any]]:
    """Every part's measurements. ``table``: the codes float32 [n,D] of the plan's rows."""
    known, options = plan.labels, plan.options
    classes, contents = known.classes[plan.rows], known.contents[plan.rows]
    places = {name: np.searchsorted(plan.rows, rows) for name, rows in plan.parts.items()}
    held_out = None if next(iter(places)) == HELD_OUT_ROWS else places.pop(HELD_OUT_ROWS, None)
    varying = {name: _varying(classes[rows], contents[rows]) for name, rows in places.items()}
    total = sum(fits(len(factors), options.seeds) for factors in varying.values())
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        callables.progress(done, total)

    codes = {"class": table[:, halves[0]], "content": table[:, halves[1]]}
    out = {}
    for number, (name, rows) in enumerate(places.items()):
        others = held_out if number == 0 else None
        if others is not None:
            others = others[np.isin(classes[others], classes[rows])]
            others = others if len(others) else None
        asked = {
            "class": {known.factor.text: classes},
            "content": {known.content_names[k]: contents[:, k] for k in varying[name]},
        }
        found = accuracies(codes, noise, asked, rows, others, options, plan.seed, step)
        share = f"{100 * (1 - options.test_share):g} %"
        their = {name: (rows, f"{share} of these rows")}
        if others is not None:
            their[HELD_OUT_ROWS] = (others, f"{share} of the {IN_WORDS[name]}")
        for (part, (rows_of_part, trained_on)), accuracy in zip(their.items(), found, strict=True):
            out[part] = {
                "what": IN_WORDS[part],
                "rows": len(rows_of_part),
                "classes": len(np.unique(classes[rows_of_part])),
                "probes_trained_on": trained_on,
                **accuracy,
                "content_code": spread(codes["content"][rows_of_part], classes[rows_of_part]),
                "class_code": spread(codes["class"][rows_of_part], classes[rows_of_part]),
                "reconstruction": _reconstructed(plan, table, halves, rows_of_part, classes, callables),
            }
    return {name: out[name] for name in PARTS if name in out}


def _varying(classes: np.ndarray, contents: np.ndarray) -> list[int]:
    """Columns of ``contents`` int [n,K] that vary within a class: what follows from the class is no content."""
    order = np.argsort(classes, kind="stable")
    same = classes[order][1:] == classes[order][:-1]
    return np.flatnonzero(((np.diff(contents[order], axis=0) != 0) & same[:, None]).any(axis=0)).tolist()


def spread(code: np.ndarray, classes: np.ndarray) -> dict[str, Any]:
    """How a code float [n,W] varies: its standard deviation (root mean square over dimensions), how many dimensions
    vary at all, and which share of its variance lies between the classes int [n]."""
    values = code.astype(np.float64) - code.mean(axis=0, dtype=np.float64)
    total = np.square(values).mean(axis=0)
    _, which, counts = np.unique(classes, return_inverse=True, return_counts=True)
    means = np.zeros((len(counts), values.shape[1]))
    np.add.at(means, which, values)
    between = (np.square(means / counts[:, None]) * counts[:, None]).sum() / len(values)
    return {
        "std": float(np.sqrt(total.mean())),
        "varying_dimensions": int((code != code[0]).any(axis=0).sum()),
        "between_classes": float(between / total.sum()) if total.sum() > 0 else None,
    }


def _reconstructed(
    plan: Plan, table: np.ndarray, halves: tuple, rows: np.ndarray, classes: np.ndarray, callables: Callables
) -> dict[str, float] | None:
    """Mean likeness of some images to what is made of their codes, and with another's content code of their class."""
    if callables.images is None:
        return None
    rng = np.random.default_rng((plan.seed, 1))
    some = np.sort(rng.permutation(rows)[: plan.options.images])
    shuffled = rng.permutation(rows)
    shuffled = shuffled[np.argsort(classes[shuffled], kind="stable")]
    other = np.roll(shuffled, 1)  # the one before it, of the same class but for a class's first
    other = np.where(classes[other] == classes[shuffled], other, -1)
    partner = np.full(len(table), -1)
    partner[shuffled] = other
    found: dict[str, list[np.ndarray]] = {name: [] for name in ("mse", "psnr", "ssim", "mse_with_other_content")}
    for start in range(0, len(some), BATCH):
        part = some[start : start + BATCH]
        true = callables.images(plan.rows[part])
        made = exchanged(table, halves, callables, part, part, plan.rows)
        for name, values in measures(made, true).items():
            found[name].append(values)
        pairs = partner[part] >= 0
        if pairs.any():
            swapped = exchanged(table, halves, callables, part[pairs], partner[part[pairs]], plan.rows)
            found["mse_with_other_content"].append(measures(swapped, true[pairs])["mse"])
    told = {name: float(np.concatenate(values).mean()) for name, values in found.items() if values}
    return told | {"images": len(some)}


def _summary(parts: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Each direction's accuracy by its better probe, of clean codes; and class from noisy content."""
    out = {}
    for name, part in parts.items():
        for direction in part:
            if "_from_" in direction:
                for kind in ("clean", "noisy") if direction == "class_from_content" else ("clean",):
                    label = f"{name} {direction}" + (" noisy" if kind == "noisy" else "")
                    out[label] = max(cell["mean"] for cell in part[direction][kind].values())
    return out


def _notes(plan: Plan, parts: dict[str, dict[str, Any]], callables: Callables) -> list[str]:
    notes = []
    for name, count in plan.left_out.items():
        classes = "1 class" if count == 1 else f"{count} classes"
        notes.append(f"{classes} with a single image among the {IN_WORDS[name]} left out")
    notes += [f"{name}: left out: of one class, so that there is nothing to tell it from" for name in plan.alone]
    for name, part in parts.items():
        made, content = part["reconstruction"], part.get("content_from_content")
        ignored = made and made.get("mse_with_other_content", np.inf) < 1.05 * made["mse"]
        if part["content_code"]["varying_dimensions"] == 0:
            notes.append(f"{name}: the content code is constant: it leaks nothing and is worth nothing")
        elif ignored:
            notes.append(f"{name}: images are made as well with another image's content code: the decoder ignores it")
        if not content:
            notes.append(f"{name}: no other factor varies within a class, so that content cannot be read off any code")
            continue
        guess = max(content["chance"], content["majority"])
        best = max(cell["mean"] for cell in content["clean"].values())
        if above_chance(best, guess) < DEAD_BELOW:
            meaning = "a dead code" if ignored or not made else "or its factors mean something else in each class"
            notes.append(
                f"{name}: probes read next to nothing of the content off the content code (accuracy {best:.2f},"
                f" guessing {guess:.2f}): {meaning}"
            )
    if callables.images is None:
        notes.append("reconstruction is unknown: score the checkpoint; without it a low score may be of a dead code")
    return notes
