"""Metrics that compare models: the same images of all of them."""

from collections.abc import Sequence

import numpy as np

from disentool.metrics.constants import Udr
from disentool.metrics.facts import MetricFacts
from disentool.metrics.result import Result
from disentool.metrics.udr import udr
from disentool.scoring.codes import Codes
from disentool.scoring.details import constants, told
from disentool.scoring.drawing.rows import SubsetPlan, plan_subset
from disentool.scoring.lent_functions import LentFunctions
from disentool.scoring.points import Points


def plan(facts: MetricFacts, points: Points, options: Udr, seed: int, codes_ready: bool = False) -> SubsetPlan:
    """The rows, from their number and the seed alone, so that every model of the data gets the same."""
    return plan_subset(facts, points.n, options, seed)


def score(facts: MetricFacts, plan: SubsetPlan, codes: Sequence[Codes], lent: LentFunctions) -> list[Result]:
    """One result per model, in order; ``DataMismatch`` for fewer than two."""
    options: Udr = plan.options
    means: list[np.ndarray] = []
    logvars: list[np.ndarray | None] = []
    for one in codes:
        at = one.select(plan.rows, plan.n)
        means.append(one.mean[at])
        logvars.append(None if one.logvar is None else one.logvar[at])
    results = udr(
        means,
        logvars,
        similarity=options.similarity,
        penalty=options.penalty,
        zero_kl=options.zero_kl,
        keep_kl=options.keep_kl,
        progress=lent.progress,
    )
    return [told(result, options, constants(facts, options), {"seed": plan.seed}) for result in results]
