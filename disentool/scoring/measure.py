"""One metric on codes: its plans, its repetitions with other seeds, its bootstrap."""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from disentool.errors import DataMismatch, WrongUsage
from disentool.metrics.result import CONFIDENCE, Callables, Codes, Result, mean_of_seeds
from disentool.metrics.sampling import Points
from disentool.metrics.split import Split, resample
from disentool.reporting import Reporter
from disentool.scoring.callables import shown

_CLASSES = 20  # a dimension with at most so many different whole numbers may be a class
_ROUNDING = 1e-14


@dataclass(frozen=True)
class Metric:
    """One metric with the constants of one protocol.

    ``encoded``: the options where codes must be made first. ``optional``: it came with ``all``, and is left out where
    it does not apply.
    """

    name: str
    module: Any
    options: Any
    encoded: Any
    optional: bool = False

    def needs(self, what: str) -> bool:
        """Whether ``what`` is among its needs."""
        return what in self.module.NEEDS


@dataclass(frozen=True)
class Spread:
    """How the uncertainty of a score is measured: ``repeats`` with seeds of their own, or ``bootstrap`` resamples."""

    repeats: int = 1
    bootstrap: int = 0

    def __post_init__(self):
        if self.repeats < 1:
            raise WrongUsage(f"--repeats {self.repeats}: expected at least 1")
        if self.bootstrap and self.bootstrap < 10:
            raise WrongUsage(f"--bootstrap {self.bootstrap}: expected at least 10 resamples")
        if self.repeats > 1 and self.bootstrap:
            raise WrongUsage("--repeats and --bootstrap both make the interval; give one of them")


def plans(metric: Metric, points: Points, seed: int, spread: Spread, codes_ready: bool) -> list[Any]:
    """A plan for every repetition: seeds ``seed``, ``seed + 1``, ..."""
    slow = metric.optional and points.n > getattr(metric.module, "SLOW_ABOVE", np.inf)
    options = metric.options if codes_ready and not slow else metric.encoded
    return [metric.module.plan(points, options, seed + i, codes_ready) for i in range(spread.repeats)]


def measure(
    metric: Metric, planned: list[Any], codes: Codes, callables: Callables, spread: Spread, report: Reporter
) -> Result:
    """The metric's result; with repetitions their mean, with a bootstrap its interval."""
    results = [_score(metric, plan, codes, callables, report) for plan in planned]
    result = results[0] if len(results) == 1 else repeated(results, [plan.seed for plan in planned])
    if spread.bootstrap and not isinstance(planned[0], Split) and not metric.optional:
        raise WrongUsage(f"--bootstrap: metric {metric.name} has an interval of its own; --repeats varies its seed")
    if spread.bootstrap and isinstance(planned[0], Split) and np.isfinite(result.score):
        return _bootstrapped(metric, planned[0], codes, callables, spread.bootstrap, result, report)
    return result


def measure_set(
    metric: Metric, planned: list[Any], codes: list[Codes], callables: Callables, report: Reporter
) -> list[Result]:
    """The results, one for each model's codes, of a metric that compares them."""
    each = [_score(metric, plan, codes, callables, report) for plan in planned]
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
    return Result(
        mean,
        results[0].protocol,
        interval,
        {name: float(np.mean([result.per_factor[name] for result in results])) for name in names},
        details,
    )


def _score(metric: Metric, plan: Any, codes: Any, callables: Callables, report: Reporter) -> Any:
    with warnings.catch_warnings():
        # Its remarks on odd labels and solvers; what matters of them is in the records.
        warnings.filterwarnings("ignore", module=r"sklearn\.")
        return _scored(metric, plan, codes, callables, report)


def _scored(metric: Metric, plan: Any, codes: Any, callables: Callables, report: Reporter) -> Any:
    if not metric.needs("callables"):
        return metric.module.score(plan, codes)
    with shown(callables, report, f"score {metric.name}") as lent:
        return metric.module.score(plan, codes, lent)


def _bootstrapped(
    metric: Metric, plan: Split, codes: Codes, callables: Callables, count: int, result: Result, report: Reporter
) -> Result:
    """The result with a percentile interval over resampled rows, shifted so that the resamples' mean is the score.

    A resample repeats rows, which makes information look larger and a fit look better; the shift takes that out.
    """
    rng = np.random.default_rng((plan.seed, 6))
    scores = []
    with report.task(f"bootstrap {metric.name}", count, "resamples") as task:
        for done in range(count):
            quiet = (callables,) if metric.needs("callables") else ()
            try:
                scores.append(metric.module.score(resample(plan, rng), codes, *quiet).score)
            except DataMismatch:  # a resample in which no factor varies
                continue
            finally:
                task.update(done + 1)
    scores = [score for score in scores if np.isfinite(score)]
    if len(scores) < 10:
        raise DataMismatch(f"metric {metric.name}: too few resamples can be scored; leave out --bootstrap")
    low, high = np.quantile(scores, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]) - np.mean(scores) + result.score
    least, most = getattr(metric.module, "RANGE", (-np.inf, np.inf))
    interval = (float(np.clip(low, least, most)), float(np.clip(high, least, most)))
    told = f"95 % bootstrap over rows, {len(scores)} resamples, centred on the score: not over training runs"
    return replace(result, interval=interval, details=result.details | {"interval_of": told})
