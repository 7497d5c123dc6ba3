"""Means over images: a seeded subset of the rows, all where there are no more."""

from collections.abc import Callable

from disentool.metrics.constants.images import Subset
from disentool.metrics.elbo import elbo
from disentool.metrics.facts import MetricFacts
from disentool.metrics.kl import kl
from disentool.metrics.reconstruction import reconstruction
from disentool.metrics.result import Result
from disentool.scoring.codes import Codes, Index
from disentool.scoring.data_rows import DataRows
from disentool.scoring.drawing.seeded_subset import SubsetDraw, draw_subset
from disentool.scoring.model_functions import ModelFunctions
from disentool.scoring.record import with_details


def draw(
    facts: MetricFacts, data: DataRows, constants: Subset, seed: int, codes_ready: bool = False
) -> SubsetDraw[Subset]:
    """The rows of the subset."""
    return draw_subset(facts, data.n, constants, constants.rows, seed)


def score(facts: MetricFacts, drawn: SubsetDraw[Subset], codes: Codes, functions: ModelFunctions) -> Result:
    """The mean over the rows drawn."""
    result = _OF[facts.name](codes, codes.select(drawn.rows, drawn.n))
    return with_details(result, drawn.constants, {}, {"seed": drawn.seed})


def _kl(codes: Codes, at: Index) -> Result:
    return kl(codes.mean[at], codes.require("logvar", "kl")[at])


def _elbo(codes: Codes, at: Index) -> Result:
    nats = codes.require("reconstruction_nats", "elbo")[at]
    return elbo(nats, codes.mean[at], codes.require("logvar", "elbo")[at])


def _reconstruction(codes: Codes, at: Index) -> Result:
    squared_error = None if codes.squared_error is None else codes.squared_error[at]
    nats = codes.require("reconstruction_nats", "reconstruction")[at]
    return reconstruction(nats, squared_error, sampled=codes.logvar is not None)


_OF: dict[str, Callable[[Codes, Index], Result]] = {"kl": _kl, "elbo": _elbo, "reconstruction": _reconstruction}
