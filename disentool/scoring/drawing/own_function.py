"""A metric of the user's own: a function of codes float32 [n,D] and factors int [n,K] (or None)."""

import math
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.errors import DisentoolError
from disentool.metrics.arrays import refuse_non_finite
from disentool.metrics.constants.images import Subset
from disentool.metrics.facts import MetricFacts
from disentool.metrics.result import Result
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import DataRows
from disentool.scoring.drawing.seeded_subset import SubsetDraw, draw_subset
from disentool.scoring.model_functions import ModelFunctions


@dataclass(frozen=True, eq=False)
class OwnDraw:
    """A subset of the rows, and the labels of exactly those: ``factors`` int [n,K], or None."""

    subset: SubsetDraw[Subset]
    factors: np.ndarray | None

    @property
    def rows(self) -> np.ndarray | None:
        """The rows to encode; None: all."""
        return self.subset.rows

    @property
    def seed(self) -> int:
        """Of the draw of the rows."""
        return self.subset.seed


def draw(facts: MetricFacts, data: DataRows, constants: Subset, seed: int, codes_ready: bool = False) -> OwnDraw:
    """A seeded subset of the rows; all where there are no more than ``constants.rows``."""
    subset = draw_subset(facts, data.n, constants, constants.rows, seed)
    factors = data.factors
    return OwnDraw(subset, factors if factors is None or subset.rows is None else factors[subset.rows])


def score(facts: MetricFacts, drawn: OwnDraw, codes: Codes, functions: ModelFunctions) -> Result:
    """What the user's function gives: a number, or a dict with ``score`` and, if it likes, ``per_factor``.

    ``per_factor`` is name -> number; the dict's other entries become details. Raises DisentoolError where the function
    fails or its score is not finite.
    """
    subset, function = drawn.subset, facts.load()
    mean = codes.mean[codes.select(subset.rows, subset.n)]
    refuse_non_finite(mean, "codes")
    try:
        factors = None if drawn.factors is None else np.array(drawn.factors)
        with redirect_stdout(sys.stderr):  # stdout is for records
            answer = function(np.array(mean), factors)  # copies: what it changes is its own
        answer = dict(answer) if isinstance(answer, dict) else {"score": answer}
        value = float(answer.pop("score"))
        per_factor = {str(key): float(number) for key, number in answer.pop("per_factor", {}).items()}
    except (Exception, SystemExit) as error:
        raise DisentoolError(
            f"metric {facts.name} failed: {type(error).__name__}: {error} (--debug shows where)"
        ) from error
    if not math.isfinite(value):
        raise DisentoolError(f"metric {facts.name} gave {value}, expected a finite number")
    if isinstance(answer.get("notes"), str):
        answer["notes"] = [answer["notes"]]
    details = {**_plain(answer), "rows": len(mean), "seed": subset.seed}
    return Result(value, None, per_factor, details, subset.constants.protocol)


def _plain(value: Any) -> Any:
    """The same as JSON has it: arrays become lists, what is no number or text becomes text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
