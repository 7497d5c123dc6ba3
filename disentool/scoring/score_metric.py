"""One metric on the codes of one artefact: its repetitions with other seeds, and its bootstrap."""

from dataclasses import dataclass, replace

import numpy as np

from disentool.errors import DataMismatch, WrongUsage
from disentool.io.directions_file import Direction
from disentool.metrics.intervals import percentiles
from disentool.metrics.result import Result
from disentool.reporting import Reporter
from disentool.scoring.codes import Codes
from disentool.scoring.metric import Draw, Metric
from disentool.scoring.model_functions import ModelFunctions, shown
from disentool.scoring.record import mean_of_repeats


@dataclass(frozen=True)
class Spread:
    """How the uncertainty of a score is measured: ``repeats`` with seeds of their own, or ``bootstrap`` resamples."""

    repeats: int = 1
    bootstrap: int = 0

    def __post_init__(self) -> None:
        if self.repeats < 1:
            raise WrongUsage(f"--repeats {self.repeats}: expected at least 1")
        if self.bootstrap and self.bootstrap < 10:
            raise WrongUsage(f"--bootstrap {self.bootstrap}: expected at least 10 resamples")
        if self.repeats > 1 and self.bootstrap:
            raise WrongUsage("--repeats and --bootstrap both make the interval; give one of them")


def score_metric(
    metric: Metric,
    draws: list[Draw],
    codes: Codes | Direction,
    functions: ModelFunctions,
    spread: Spread,
    report: Reporter,
) -> Result:
    """The metric's result; with repetitions their mean, with a bootstrap its interval.

    ``draws``: one for each repetition. ``codes``: a direction, for a metric of directions.
    """
    results = []
    for drawn in draws:
        with shown(functions, report, f"score {metric.name}") as shown_functions:
            results.append(metric.score(drawn, codes, shown_functions))
    result = results[0] if len(results) == 1 else mean_of_repeats(results, [drawn.seed for drawn in draws])
    if spread.bootstrap and not metric.resamples and not metric.optional:
        raise WrongUsage(f"--bootstrap: metric {metric.name} has an interval of its own; --repeats varies its seed")
    if spread.bootstrap and metric.resamples and np.isfinite(result.score):
        return _bootstrapped(metric, draws[0], codes, functions, spread.bootstrap, result, report)
    return result


def _bootstrapped(
    metric: Metric,
    drawn: Draw,
    codes: Codes | Direction,
    functions: ModelFunctions,
    count: int,
    result: Result,
    report: Reporter,
) -> Result:
    """The result with a percentile interval over resampled rows, shifted so that the resamples' mean is the score.

    A resample repeats rows, which makes information look larger and a fit look better; the shift takes that out.
    """
    rng = np.random.default_rng((drawn.seed, 6))
    scores: list[float] = []
    with report.task(f"bootstrap {metric.name}", count, "resamples") as task:
        for done in range(count):
            try:
                scores.append(metric.score(metric.resample(drawn, rng), codes, functions).score)
            except DataMismatch:  # a resample in which no factor varies
                continue
            finally:
                task.update(done + 1)
    scores = [score for score in scores if np.isfinite(score)]
    if len(scores) < 10:
        raise DataMismatch(f"metric {metric.name}: too few resamples can be scored; leave out --bootstrap")
    low, high = percentiles(np.array(scores)) - np.mean(scores) + result.score
    interval_of = f"95 % bootstrap over rows, {len(scores)} resamples, centred on the score: not over training runs"
    details = result.details | {"interval_of": interval_of}
    return replace(result, interval=metric.within(low, high), details=details)
