"""Content transfer: the content of one image on the class of another, against the true image of the two.

The experiment of Gabbay & Hoshen, "Demystifying Inter-Class Disentanglement" (LORD, ICLR 2020): for pairs (i, j) of
images of different class and content whose true image is known, with the class of i and every other factor of j, how
far is the decoder's image of i's class code and j's content code from it? ``score`` is the mean squared error over
pairs, pixels and channels (values in 0..1), or another measure: PSNR, SSIM, LPIPS where weights are given.

Beside it: the true images reconstructed from their own codes, which transfer hardly beats, and what copying i or j
would give. True images trained on, held out, and of classes never trained on are measured apart (``details.parts``).
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from disentool.errors import DataMismatch, UnknownName, WrongUsage
from disentool.metrics import true_pairs
from disentool.metrics.classes import IN_WORDS, PARTS, Labels, columns, cut, exchanged, labels
from disentool.metrics.result import (
    Callables,
    Codes,
    Result,
    check_at_least,
    constants,
    mean_with_error,
    refuse_non_finite,
)
from disentool.metrics.sampling import Points, check_seed
from disentool.metrics.similarity import measures
from disentool.metrics.true_pairs import TruePairs

NEEDS = frozenset({"factors", "model", "callables"})
BATCH = 256
MOST = 10_000_000  # pairs that are taken one by one
MEASURES = ("mse", "psnr", "ssim", "lpips")


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be."""

    protocol: str = "pairs"
    measure: Literal["mse", "psnr", "ssim", "lpips"] = "mse"  # which is the score
    pairs: int | None = 1_000  # of each part, drawn from all there are; None: all
    class_factor: str = "auto"  # names joined by a plus; auto: the artefact's own
    class_dims: str = "auto"  # such as 0-3,7: the dimensions of the class code; auto: the artefact's own

    def __post_init__(self):
        check_at_least(self, pairs=1)
        if self.measure not in MEASURES:
            raise WrongUsage(f"measure {self.measure}: expected {', '.join(MEASURES)}")


PROTOCOLS: dict[str, Options] = {"pairs": Options()}


@dataclass(frozen=True, eq=False)
class Plan:
    """``rows`` to encode: int64, sorted; ``parts``: name -> all its pairs, and the numbers int64 [P] of those drawn."""

    rows: np.ndarray
    n: int
    parts: dict[str, tuple[TruePairs, np.ndarray]]
    labels: Labels
    cutting: str | int
    options: Options
    seed: int


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Plan:
    """The pairs of each part: as many as asked for, drawn without replacement.

    Raises NoFactors, WrongUsage, DataMismatch: no class, no class code, or no pair with a true image.
    """
    if options.protocol not in PROTOCOLS:
        raise UnknownName("protocol of metric transfer", options.protocol, PROTOCOLS)
    seed = check_seed(seed)
    known = labels(points, options.class_factor, "transfer")
    cutting = columns(points.training, options.class_dims, "transfer")
    if not known.content_names:
        raise DataMismatch("metric transfer needs a factor besides the class: what else two images should share")
    contents = np.unique(known.contents, axis=0, return_inverse=True)[1].reshape(-1)
    rng = np.random.default_rng((seed, 0))
    parts, wanted = {}, [np.zeros(0, np.int64)]
    for number, name in enumerate(PARTS):
        pairs = true_pairs.find(known.classes, contents, np.flatnonzero(known.parts == number))
        if pairs.total:
            if (options.pairs or pairs.total) > MOST:
                raise WrongUsage(f"metric transfer: there are {pairs.total:,} pairs; --set pairs=N asks for fewer")
            drawn = pairs.draw(options.pairs, rng)
            parts[name] = (pairs, drawn)
            for start in range(0, len(drawn), 1 << 16):
                wanted.append(np.unique(np.concatenate(pairs.at(drawn[start : start + (1 << 16)]))))
    if not parts:
        raise DataMismatch(
            f"metric transfer finds no two images of different {known.factor.text} for which there is an image with the"
            f" {known.factor.text} of one and every other factor ({', '.join(known.content_names)}) of the other"
        )
    every = np.unique(np.concatenate(wanted))
    return Plan(every, points.n, parts, known, cutting, options, seed)


def score(plan: Plan, codes: Codes, callables: Callables) -> Result:
    """The measure's mean over the pairs of the first part there is, in the order of PARTS."""
    options = plan.options
    if options.measure == "lpips":
        callables.require("perceptual", "transfer", "LPIPS's weights (--lpips FILE)")
    table = codes.mean[codes.at(plan.rows)]
    refuse_non_finite(table, "codes")
    halves = cut(plan.cutting, table.shape[1])
    total, done = sum(len(drawn) for _, drawn in plan.parts.values()), 0
    parts, intervals = {}, {}
    for name, (pairs, drawn) in plan.parts.items():
        found: dict[tuple[str, str], list[np.ndarray]] = {}
        for start in range(0, len(drawn), BATCH):
            triples = pairs.at(drawn[start : start + BATCH])
            for key, values in _compared(plan, table, halves, callables, *triples).items():
                found.setdefault(key, []).append(values)
            done += len(triples[0])
            callables.progress(done, total)
        parts[name], intervals[name] = _told(name, pairs, found, options.measure)
    main = next(iter(parts))
    details = {
        **constants(options, PROTOCOLS),
        "class_factor": plan.labels.factor.text,
        "content_factors": list(plan.labels.content_names),
        "score_is": f"mean {options.measure} over pairs; true images: {IN_WORDS[main]}",
        "interval_of": "mean ± 1.96 standard errors over pairs: not over training runs",
        "class_dimensions": len(halves[0]),
        "content_dimensions": len(halves[1]),
        "parts": parts,
        "seed": plan.seed,
    }
    summary = {}
    for name, part in parts.items():
        for measure, value in part["transfer"].items():
            summary[f"{name} {measure}"] = value["mean"]
            summary[f"{name} {measure} of reconstruction"] = part["reconstruction"][measure]["mean"]
    return Result(parts[main]["transfer"][options.measure]["mean"], options.protocol, intervals[main], summary, details)


def _compared(
    plan: Plan, table: np.ndarray, halves: tuple, callables: Callables, i: np.ndarray, j: np.ndarray, t: np.ndarray
) -> dict[tuple[str, str], np.ndarray]:
    """Each measure, float64 [B], of what is made of the pairs, and of what it should be read beside."""
    class_at, content_at, true_at = (np.searchsorted(plan.rows, rows) for rows in (i, j, t))
    true = callables.images(t)
    candidates = {
        "transfer": exchanged(table, halves, callables, class_at, content_at, plan.rows),
        "reconstruction": exchanged(table, halves, callables, true_at, true_at, plan.rows),
        "copy_of_class_image": callables.images(i),
        "copy_of_content_image": callables.images(j),
    }
    out = {}
    for name, made in candidates.items():
        likeness = measures(made, true)
        if callables.perceptual is not None:
            likeness["lpips"] = callables.perceptual(made, true)
        for measure, values in likeness.items():
            refuse_non_finite(values, f"{measure} of {name.replace('_', ' ')}")
            out[name, measure] = values
    return out


def _told(name: str, pairs: TruePairs, found: dict, measure: str) -> tuple[dict[str, Any], Any]:
    """A part's entry in the record, and the interval of its score."""
    out: dict[str, Any] = {
        "what": IN_WORDS[name],
        "pairs": sum(map(len, found["transfer", "mse"])),
        "pairs_there_are": pairs.total,
        "true_images_there_are": int((np.diff(pairs.ends, prepend=0) > 0).sum()),
    }
    interval = None
    for (which, quantity), values in found.items():
        mean, between, error = mean_with_error(np.concatenate(values))
        out.setdefault(which, {})[quantity] = {"mean": mean, "standard_error": error}
        if (which, quantity) == ("transfer", measure):
            interval = between
    return out, interval
