"""One metric on codes: its repetitions with other seeds, its bootstrap, and remarks on the codes."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from disentool.errors import DataMismatch, WrongUsage
from disentool.metrics.intervals import mean_of_seeds, percentiles
from disentool.metrics.result import Result
from disentool.reporting import Reporter
from disentool.scoring.lent_functions import LentFunctions, shown
from disentool.scoring.scorer import Metric, Spread

_CLASSES = 20  # a dimension with at most so many different whole numbers may be a class
_ROUNDING = 1e-14


def measure(
    metric: Metric, planned: list[Any], codes: Any, lent: LentFunctions, spread: Spread, report: Reporter
) -> Result:
    """The metric's result; with repetitions their mean, with a bootstrap its interval.

    ``codes``: what the metric's way of drawing takes, ``scoring.codes.Codes`` or a direction.
    """
    results = [_score(metric, plan, codes, lent, report) for plan in planned]
    result: Result = results[0] if len(results) == 1 else repeated(results, [plan.seed for plan in planned])
    if spread.bootstrap and metric.scorer.redraw is None and not metric.optional:
        raise WrongUsage(f"--bootstrap: metric {metric.name} has an interval of its own; --repeats varies its seed")
    if spread.bootstrap and metric.scorer.redraw is not None and np.isfinite(result.score):
        return _bootstrapped(metric, planned[0], codes, lent, spread.bootstrap, result, report)
    return result


def measure_set(
    metric: Metric, planned: list[Any], codes: list[Any], lent: LentFunctions, report: Reporter
) -> list[Result]:
    """The results, one for each model's codes, of a metric that compares them."""
    each: list[list[Result]] = [_score(metric, plan, codes, lent, report) for plan in planned]
    if len(each) == 1:
        return each[0]
    return [repeated(list(results), [plan.seed for plan in planned]) for results in zip(*each, strict=True)]


def remarks(mean: np.ndarray) -> list[str]:
    """What any score of codes [n,D] should be read with: too few rows, constant dimensions, classes as numbers."""
    rows, dimensions = mean.shape
    notes = []
    if dimensions > rows:
        notes.append(f"{dimensions} dimensions for {rows} rows: what learns from the codes can tell each row apart")
    constant = np.flatnonzero((mean == mean[0]).all(axis=0)).tolist()
    if constant and rows > 1:
        notes.append(f"constant dimensions: {_few(constant)}")
    some = mean[:1000]  # whole numbers in them all, and few different ones
    whole = [d for d in np.flatnonzero((some == np.round(some)).all(axis=0)).tolist() if d not in constant]
    classes = [
        d for d in whole if len(np.unique(some[:, d])) <= _CLASSES and (mean[:, d] == np.round(mean[:, d])).all()
    ]
    if classes:
        notes.append(f"dimensions of few whole numbers, taken for quantities even if they are classes: {_few(classes)}")
    return notes


def _few(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:10])) + (", ..." if len(numbers) > 10 else "")


def with_notes(result: Result, notes: list[str]) -> Result:
    """The result with more notes; a score that is zero but for rounding is zero."""
    score = 0.0 if abs(result.score) < _ROUNDING else result.score
    if not notes:
        return replace(result, score=score)
    return replace(result, score=score, details=result.details | {"notes": [*result.details.get("notes", []), *notes]})


def repeated(results: list[Result], seeds: list[int]) -> Result:
    """The mean over seeds, with Student's interval of that mean; details are the first one's."""
    scores = [result.score for result in results]
    mean, interval, std = mean_of_seeds(scores)
    notes = list(results[0].details.get("notes", []))
    if std is None:
        notes.append("not finite for every seed: their mean has no interval")
    elif std == 0:
        notes.append("the same for every seed: nothing is drawn that could spread the score")
    names = [name for name in results[0].per_factor if all(name in result.per_factor for result in results)]
    details = results[0].details | {
        "repeats": {"seeds": seeds, "scores": scores, "std": std},
        "interval_of": f"mean of {len(scores)} seeds, Student's t; the other details are of the first",
        "notes": notes,
    }
    per_factor = {name: float(np.mean([result.per_factor[name] for result in results])) for name in names}
    return Result(mean, interval, per_factor, details, results[0].protocol)


def _score(metric: Metric, plan: Any, codes: Any, lent: LentFunctions, report: Reporter) -> Any:
    with without_remarks_of_sklearn(), shown(lent, report, f"score {metric.name}") as lent_here:
        return metric.scorer.score(plan, codes, lent_here)


@contextmanager
def without_remarks_of_sklearn() -> Iterator[None]:
    """Its remarks on odd labels and solvers are left out; what matters of them is in the records."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"sklearn\.")
        yield


def _bootstrapped(
    metric: Metric, plan: Any, codes: Any, lent: LentFunctions, count: int, result: Result, report: Reporter
) -> Result:
    """The result with a percentile interval over resampled rows, shifted so that the resamples' mean is the score.

    A resample repeats rows, which makes information look larger and a fit look better; the shift takes that out.
    """
    redraw = metric.scorer.redraw
    if redraw is None:
        raise ValueError(f"the rows of metric {metric.name} are not drawn again")
    rng = np.random.default_rng((plan.seed, 6))
    scores: list[float] = []
    with report.task(f"bootstrap {metric.name}", count, "resamples") as task:
        for done in range(count):
            try:
                scores.append(metric.scorer.score(redraw(plan, rng), codes, lent).score)
            except DataMismatch:  # a resample in which no factor varies
                continue
            finally:
                task.update(done + 1)
    scores = [score for score in scores if np.isfinite(score)]
    if len(scores) < 10:
        raise DataMismatch(f"metric {metric.name}: too few resamples can be scored; leave out --bootstrap")
    low, high = percentiles(np.array(scores)) - np.mean(scores) + result.score
    told = f"95 % bootstrap over rows, {len(scores)} resamples, centred on the score: not over training runs"
    details = result.details | {"interval_of": told}
    return replace(result, interval=metric.within(low, high), details=details)
