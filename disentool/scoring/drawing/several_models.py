"""Metrics that compare models: the same images of all of them."""

from collections.abc import Sequence

import numpy as np

from disentool.metrics.constants.codes_alone import Udr
from disentool.metrics.facts import MetricFacts
from disentool.metrics.result import Result
from disentool.metrics.udr import udr
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import DataRows
from disentool.scoring.drawing.seeded_subset import SubsetDraw, draw_subset
from disentool.scoring.model_functions import ModelFunctions
from disentool.scoring.record import recorded_constants, with_details


def draw(facts: MetricFacts, data: DataRows, constants: Udr, seed: int, codes_ready: bool = False) -> SubsetDraw[Udr]:
    """The rows, from their number and the seed alone, so that every model of the data gets the same."""
    return draw_subset(facts, data.n, constants, constants.rows, seed)


def score(
    facts: MetricFacts, drawn: SubsetDraw[Udr], codes: Sequence[Codes], functions: ModelFunctions
) -> list[Result]:
    """One result per model, in order; ``DataMismatch`` for fewer than two."""
    constants = drawn.constants
    means: list[np.ndarray] = []
    logvars: list[np.ndarray | None] = []
    for one in codes:
        at = one.select(drawn.rows, drawn.n)
        means.append(one.mean[at])
        logvars.append(None if one.logvar is None else one.logvar[at])
    results = udr(
        means,
        logvars,
        similarity=constants.similarity,
        penalty=constants.penalty,
        zero_kl=constants.zero_kl,
        keep_kl=constants.keep_kl,
        average=constants.average,
        progress=functions.progress,
    )
    return [
        with_details(result, constants, recorded_constants(facts, constants), {"seed": drawn.seed})
        for result in results
    ]
