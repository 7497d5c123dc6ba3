"""Metrics of samples of the posterior: of q(z) over all images for ``tc``, of q(z|x) per image for ``likelihood``."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from disentool.errors import WrongUsage
from disentool.metrics.arrays import refuse_non_finite
from disentool.metrics.facts import MetricFacts
from disentool.metrics.likelihood import Weighted, likelihood, prior_over_posterior, weighted
from disentool.metrics.result import Result
from disentool.metrics.tc import tc
from disentool.scoring.codes import Codes
from disentool.scoring.details import constants, told
from disentool.scoring.drawing.rows import SubsetPlan, plan_subset
from disentool.scoring.lent_functions import LentFunctions
from disentool.scoring.points import Points

BLOCK = 256  # samples decoded together

LogLikelihood = Callable[[np.ndarray, np.ndarray], np.ndarray]


def plan(facts: MetricFacts, points: Points, options: Any, seed: int, codes_ready: bool = False) -> SubsetPlan:
    """All rows for the mixture of tc, which is of all the data by definition; else a seeded subset."""
    drawn = plan_subset(facts, points.n, options, seed)
    if options.protocol == "mixture" and options.rows is not None:
        raise WrongUsage("tc, protocol mixture, is over all rows; leave out --set rows=")
    return drawn


def score(facts: MetricFacts, plan: SubsetPlan, codes: Codes, lent: LentFunctions) -> Result:
    """The estimate of the samples drawn from the posteriors of the plan's rows."""
    result = _tc(plan, codes, lent) if facts.name == "tc" else _likelihood(plan, codes, lent)
    return told(result, plan.options, constants(facts, plan.options), {"seed": plan.seed})


def _posterior(plan: SubsetPlan, codes: Codes, metric: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows, and mean and logvar float32 [n,D] of their posteriors."""
    at = codes.select(plan.rows, plan.n)
    mean, logvar = codes.mean[at], codes.require("logvar", metric)[at]
    refuse_non_finite(mean, "codes, mean")
    refuse_non_finite(logvar, "codes, logvar")
    return codes.rows[at], mean, logvar


def _tc(plan: SubsetPlan, codes: Codes, lent: LentFunctions) -> Result:
    """Samples of q(z), and what the mixture and the discriminator say of them."""
    protocol, samples = plan.options.protocol, plan.options.samples
    _, mean, logvar = _posterior(plan, codes, "tc")
    rng = np.random.default_rng((plan.seed, 5))
    picked = rng.integers(len(mean), size=samples)
    noise = rng.standard_normal((samples, mean.shape[1]))
    z = mean[picked] + np.exp(0.5 * logvar[picked].astype(np.float64)) * noise
    refuse_non_finite(z, "samples of q(z)")
    if protocol == "discriminator":
        lent.require("density_ratio", "tc, protocol discriminator,", "a checkpoint whose method has a discriminator")
    log_ratio = log_q = None
    if protocol != "gaussian" and lent.density_ratio:
        log_ratio = lent.density_ratio(z.astype(np.float32))
    if protocol == "mixture":
        mixture = lent.require("log_q", "tc, protocol mixture,", "a function for mixtures")
        log_q = mixture(z, mean, logvar, lent.progress)
    return tc(mean, logvar, log_q=log_q, log_ratio=log_ratio, protocol=protocol)


def _likelihood(plan: SubsetPlan, codes: Codes, lent: LentFunctions) -> Result:
    """The samples are streamed, never held together."""
    log_likelihood = lent.require("log_likelihood", "likelihood", "the decoder of a checkpoint")
    rows, mean, logvar = _posterior(plan, codes, "likelihood")
    samples = plan.options.samples
    estimates = Weighted(*np.empty((3, len(rows))))
    together = max(1, BLOCK // samples)
    for start in range(0, len(rows), together):
        part = slice(start, min(start + together, len(rows)))
        found = weighted(_log_weights(rows[part], mean[part], logvar[part], samples, plan.seed, log_likelihood))
        for whole, some in zip(estimates, found, strict=True):
            whole[part] = some
        lent.progress(part.stop, len(rows))
    return likelihood(*estimates)


def _log_weights(
    rows: np.ndarray, mean: np.ndarray, logvar: np.ndarray, samples: int, seed: int, log_likelihood: LogLikelihood
) -> Iterator[np.ndarray]:
    """log p(x|z) p(z) / q(z|x) in blocks of samples, float64 [B,k]."""
    # one generator per image: an image's samples do not depend on which others are scored, nor on the block size
    generators = [np.random.default_rng((seed, 4, int(row))) for row in rows]
    std = np.exp(0.5 * logvar.astype(np.float64))[:, None]
    for start in range(0, samples, BLOCK):
        count = min(BLOCK, samples - start)
        noise = np.stack([rng.standard_normal((count, mean.shape[1])) for rng in generators])
        z = (mean[:, None] + std * noise).astype(np.float32)
        yield log_likelihood(rows, z) + prior_over_posterior(z, noise, logvar)
