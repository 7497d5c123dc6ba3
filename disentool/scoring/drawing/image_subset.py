"""Means over images: a seeded subset of the rows, all where there are no more."""

from collections.abc import Callable
from typing import Any

from disentool.metrics.elbo import elbo
from disentool.metrics.facts import MetricFacts
from disentool.metrics.kl import kl
from disentool.metrics.reconstruction import reconstruction
from disentool.metrics.result import Result
from disentool.scoring.codes import Codes, Index
from disentool.scoring.details import told
from disentool.scoring.drawing.rows import SubsetPlan, plan_subset
from disentool.scoring.lent_functions import LentFunctions
from disentool.scoring.points import Points


def plan(facts: MetricFacts, points: Points, options: Any, seed: int, codes_ready: bool = False) -> SubsetPlan:
    """The rows of the subset."""
    return plan_subset(facts, points.n, options, seed)


def score(facts: MetricFacts, plan: SubsetPlan, codes: Codes, lent: LentFunctions) -> Result:
    """The mean over the plan's rows."""
    result = _OF[facts.name](codes, codes.select(plan.rows, plan.n))
    return told(result, plan.options, {}, {"seed": plan.seed})


def _kl(codes: Codes, at: Index) -> Result:
    return kl(codes.mean[at], codes.require("logvar", "kl")[at])


def _elbo(codes: Codes, at: Index) -> Result:
    nats = codes.require("reconstruction_nats", "elbo")[at]
    return elbo(nats, codes.mean[at], codes.require("logvar", "elbo")[at])


def _reconstruction(codes: Codes, at: Index) -> Result:
    squared_error = None if codes.squared_error is None else codes.squared_error[at]
    return reconstruction(codes.require("reconstruction_nats", "reconstruction")[at], squared_error)


_OF: dict[str, Callable[[Codes, Index], Result]] = {"kl": _kl, "elbo": _elbo, "reconstruction": _reconstruction}
