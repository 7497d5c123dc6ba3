"""A metric with its way of drawing rows, and with the constants that a call chose."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from disentool.errors import WrongUsage
from disentool.metrics.bounds import Constants
from disentool.metrics.facts import MetricFacts, Need
from disentool.scoring import DRAWINGS
from disentool.scoring.lent_functions import LentFunctions
from disentool.scoring.points import Points


@dataclass(frozen=True)
class Scorer:
    """What :mod:`disentool.scoring` says of a way to draw rows, for one metric.

    ``draw(points, options, seed, codes_ready)`` -> plan; ``measure(plan, codes, lent)`` -> result, or a list of them;
    ``redraw(plan, rng)`` -> plan, None where rows are not drawn again.
    """

    facts: MetricFacts
    draw: Callable[[Points, Any, int, bool], Any]
    measure: Callable[[Any, Any, LentFunctions], Any]
    redraw: Callable[[Any, np.random.Generator], Any] | None = None

    @property
    def protocols(self) -> Mapping[str, Constants]:
        """The constants of each protocol, the default first."""
        return self.facts.protocols

    def plan(self, points: Points, options: Constants, seed: int, codes_ready: bool = False) -> Any:
        """What to draw; ``codes_ready``: the codes of all rows exist already."""
        return self.draw(points, options, seed, codes_ready)

    def score(self, plan: Any, codes: Any, lent: LentFunctions | None = None) -> Any:
        """The plan's result for these codes, with the functions that it is ``lent``."""
        return self.measure(plan, codes, lent or LentFunctions())


def scorer(facts: MetricFacts) -> Scorer:
    """The scorer of one of the toolkit's metrics, whose module of drawing is imported."""
    module = importlib.import_module(DRAWINGS[facts.drawing])
    redraw = module.resample if facts.drawing == "table" else None
    return Scorer(facts, partial(module.plan, facts), partial(module.score, facts), redraw)


@dataclass(frozen=True)
class Metric:
    """One metric with the constants of one protocol.

    ``encoded``: the options where codes must be made first. ``optional``: it came with ``all``, and is left out where
    it does not apply.
    """

    scorer: Scorer
    options: Any
    encoded: Any
    optional: bool = False

    @property
    def name(self) -> str:
        """As the command line has it."""
        return self.scorer.facts.name

    @property
    def facts(self) -> MetricFacts:
        """What is known of it before it is computed."""
        return self.scorer.facts

    def needs(self, what: Need) -> bool:
        """Whether ``what`` is among its needs."""
        return what in self.facts.needs

    def within(self, low: float, high: float) -> tuple[float, float]:
        """An interval cut to the range that a score can have."""
        least, most = self.facts.range
        return float(np.clip(low, least, most)), float(np.clip(high, least, most))

    def plans(self, points: Points, seed: int, repeats: int, codes_ready: bool) -> list[Any]:
        """A plan for every repetition: seeds ``seed``, ``seed + 1``, ..."""
        slow = self.optional and points.n > self.facts.slow_above
        options = self.options if codes_ready and not slow else self.encoded
        return [self.scorer.plan(points, options, seed + i, codes_ready) for i in range(repeats)]


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
