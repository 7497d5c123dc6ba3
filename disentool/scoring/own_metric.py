"""A metric of the user's own: a function of codes and factors, put into the form that the others have."""

import math
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.errors import DisentoolError, WrongUsage
from disentool.metrics.arrays import refuse_non_finite
from disentool.metrics.constants import Subset
from disentool.metrics.facts import MetricFacts
from disentool.metrics.result import Result
from disentool.scoring.codes import Codes
from disentool.scoring.drawing.rows import SubsetPlan, plan_subset
from disentool.scoring.lent_functions import LentFunctions
from disentool.scoring.points import Points
from disentool.scoring.scorer import Scorer


@dataclass(frozen=True, eq=False)
class Plan:
    """A subset of the rows, and the labels of exactly those: ``factors`` int [n,K], or None."""

    subset: SubsetPlan
    factors: np.ndarray | None

    @property
    def rows(self) -> np.ndarray | None:
        """The rows to encode; None: all."""
        return self.subset.rows

    @property
    def seed(self) -> int:
        """Of the draw of the rows."""
        return self.subset.seed


def scorer(name: str, function: Callable[[np.ndarray, np.ndarray | None], Any]) -> Scorer:
    """The scorer of ``function(codes float32 [n,D], factors int [n,K] or None)``.

    It returns a number, or a dict with ``score`` and, if it likes, ``per_factor`` (name -> number); the dict's other
    entries become details. It is given a seeded subset of 10,000 rows, all where there are no more.
    """
    if not callable(function):
        raise WrongUsage(
            f"--metric {name}: expected a function of codes and factors, found a {type(function).__name__}"
        )
    facts = MetricFacts(name, "the user's own", "", "neither", {"own": Subset("own")}, "own")

    def plan(points: Points, options: Subset, seed: int, codes_ready: bool = False) -> Plan:
        subset = plan_subset(facts, points.n, options, seed)
        factors = points.factors
        return Plan(subset, factors if factors is None or subset.rows is None else factors[subset.rows])

    def score(plan: Plan, codes: Codes, lent: LentFunctions) -> Result:
        subset = plan.subset
        mean = codes.mean[codes.select(subset.rows, subset.n)]
        refuse_non_finite(mean, "codes")
        try:
            factors = None if plan.factors is None else np.array(plan.factors)
            with redirect_stdout(sys.stderr):  # stdout is for records
                answer = function(np.array(mean), factors)  # copies: what it changes is its own
            answer = dict(answer) if isinstance(answer, dict) else {"score": answer}
            value = float(answer.pop("score"))
            per_factor = {str(key): float(number) for key, number in answer.pop("per_factor", {}).items()}
        except (Exception, SystemExit) as error:
            raise DisentoolError(
                f"metric {name} failed: {type(error).__name__}: {error} (--debug shows where)"
            ) from error
        if not math.isfinite(value):
            raise DisentoolError(f"metric {name} gave {value}, expected a finite number")
        if isinstance(answer.get("notes"), str):
            answer["notes"] = [answer["notes"]]
        details = {**_plain(answer), "rows": len(mean), "seed": subset.seed}
        return Result(value, None, per_factor, details, subset.options.protocol)

    return Scorer(facts, plan, score)


def _plain(value: Any) -> Any:
    """The same as JSON has it: arrays become lists, what is no number or text becomes text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
