"""Metrics of a table of codes: all its rows, or training and test rows, drawn as their protocol has it."""

import inspect
from typing import Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.metrics.facts import MetricFacts
from disentool.metrics.mig import mig_of_posteriors
from disentool.metrics.result import Result
from disentool.scoring.codes import Codes
from disentool.scoring.details import constants, told, values_of
from disentool.scoring.drawing import split
from disentool.scoring.drawing.split import Split, plan_split
from disentool.scoring.lent_functions import LentFunctions
from disentool.scoring.points import Points


def plan(facts: MetricFacts, points: Points, options: Any, seed: int, codes_ready: bool = False) -> Split:
    """The rows of the table; training and test rows for a metric whose constants have both."""
    if "train_rows" in values_of(options):
        return plan_split(facts, points, options, seed, options.train_rows, options.test_rows, with_test=True)
    return plan_split(facts, points, options, seed, options.rows)


def resample(plan: Split, rng: np.random.Generator) -> Split:
    """See :func:`disentool.scoring.drawing.split.resample`."""
    return split.resample(plan, rng)


def score(facts: MetricFacts, plan: Split, codes: Codes, lent: LentFunctions) -> Result:
    """The metric's function of the plan's rows of codes and factors."""
    result = (
        _of_posteriors(plan, codes, lent) if _is_of_posteriors(facts, plan) else _of_codes(facts, plan, codes, lent)
    )
    return told(result, plan.options, constants(facts, plan.options) | plan.details(), {}, plan.notes)


def _is_of_posteriors(facts: MetricFacts, plan: Split) -> bool:
    return facts.name == "mig" and not plan.options.bins


def _of_codes(facts: MetricFacts, plan: Split, codes: Codes, lent: LentFunctions) -> Result:
    function = facts.load()
    takes = inspect.signature(function).parameters
    train, test = plan.codes(codes)
    arrays = [train]
    # the other constants say which rows
    given: dict[str, Any] = {name: value for name, value in values_of(plan.options).items() if name in takes}
    if plan.factors is not None:
        arrays.append(plan.labels())
        given["factor_names"] = plan.names
        if plan.test is not None:
            arrays += [test, plan.labels("test")]
    for name, value in (("progress", lent.progress), ("seed", plan.seed)):
        if name in takes:
            given[name] = value
    result: Result = function(*arrays, **given)
    return result


def _of_posteriors(plan: Split, codes: Codes, lent: LentFunctions) -> Result:
    """MIG by Gaussian mixtures, of the factors that it is not to leave out."""
    options, labels = plan.options, plan.labels()
    mean = plan.codes(codes)[0]
    left = options.without.split(",")
    used = np.array([i for i, name in enumerate(plan.names) if name not in left], dtype=int)
    if not used.size:
        raise DataMismatch(f"metric mig: without {options.without} no factor is left; --set without=none keeps all")
    return mig_of_posteriors(
        mean,
        plan.codes(codes, "logvar")[0],
        labels[:, used],
        lent.require("log_q", "mig, protocol chen,", "a function for mixtures"),
        samples=options.samples,
        rng=np.random.default_rng((plan.seed, 3)),
        factor_names=[plan.names[i] for i in used],
        progress=lent.progress,
    )
