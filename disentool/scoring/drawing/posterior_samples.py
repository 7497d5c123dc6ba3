"""Metrics of samples of the posterior: of q(z|x) per image for ``likelihood``, else of q(z) over all images."""

from collections.abc import Callable, Iterator

import numpy as np

from disentool.errors import WrongUsage
from disentool.metrics.arrays import refuse_non_finite
from disentool.metrics.code_information import code_information
from disentool.metrics.constants.codes_alone import Tc
from disentool.metrics.constants.images import Likelihood
from disentool.metrics.facts import MetricFacts
from disentool.metrics.likelihood import Weighted, likelihood, prior_over_posterior, weighted
from disentool.metrics.marginal_kl import marginal_kl
from disentool.metrics.result import Result
from disentool.metrics.tc import tc
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import DataRows
from disentool.scoring.drawing.seeded_subset import SubsetDraw, draw_subset
from disentool.scoring.model_functions import ModelFunctions, required
from disentool.scoring.record import recorded_constants, with_details

BLOCK = 256  # samples decoded together

LogLikelihood = Callable[[np.ndarray, np.ndarray], np.ndarray]


def draw(
    facts: MetricFacts, data: DataRows, constants: Tc | Likelihood, seed: int, codes_ready: bool = False
) -> SubsetDraw[Tc | Likelihood]:
    """All rows for the mixture of q(z), which is of all the data by definition; else a seeded subset."""
    drawn = draw_subset(facts, data.n, constants, constants.rows, seed)
    if constants.protocol == "mixture" and constants.rows is not None:
        raise WrongUsage(f"{facts.name}, protocol mixture, is over all rows; leave out --set rows=")
    return drawn


def score(facts: MetricFacts, drawn: SubsetDraw[Tc | Likelihood], codes: Codes, functions: ModelFunctions) -> Result:
    """The estimate of the samples drawn from the posteriors of the rows drawn."""
    if facts.name == "likelihood":
        result = _likelihood(drawn, codes, functions)
    else:
        result = _of_aggregate(facts.name, drawn, codes, functions)
    return with_details(result, drawn.constants, recorded_constants(facts, drawn.constants), {"seed": drawn.seed})


def _posterior(
    drawn: SubsetDraw[Tc | Likelihood], codes: Codes, metric: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows, and mean and logvar float32 [n,D] of their posteriors."""
    at = codes.select(drawn.rows, drawn.n)
    mean, logvar = codes.mean[at], codes.require("logvar", metric)[at]
    refuse_non_finite(mean, "codes, mean")
    refuse_non_finite(logvar, "codes, logvar")
    return codes.rows[at], mean, logvar


def _of_aggregate(metric: str, drawn: SubsetDraw[Tc | Likelihood], codes: Codes, functions: ModelFunctions) -> Result:
    """Samples of q(z), and what the mixture and the discriminator say of them."""
    protocol, samples = drawn.constants.protocol, drawn.constants.samples
    _, mean, logvar = _posterior(drawn, codes, metric)
    rng = np.random.default_rng((drawn.seed, 5))
    picked = rng.integers(len(mean), size=samples)
    noise = rng.standard_normal((samples, mean.shape[1]))
    z = mean[picked] + np.exp(0.5 * logvar[picked].astype(np.float64)) * noise
    refuse_non_finite(z, "samples of q(z)")
    if protocol == "discriminator":
        required(
            functions.density_ratio,
            f"{metric}, protocol discriminator,",
            "a checkpoint with a discriminator (an exported model has none)",
        )
    log_ratio = log_q = None
    if protocol != "gaussian" and functions.density_ratio:
        log_ratio = functions.density_ratio(z.astype(np.float32))
    if protocol == "mixture" or (protocol == "discriminator" and metric != "tc"):
        mixture = required(functions.log_q, f"{metric}, protocol {protocol},", "a function for mixtures")
        log_q = mixture(z, mean, logvar, functions.progress)
    if metric == "tc":
        return tc(mean, logvar, log_q=log_q, log_ratio=log_ratio, protocol=protocol)
    function = code_information if metric == "code-information" else marginal_kl
    return function(mean, logvar, z=z, log_q=log_q, log_ratio=log_ratio, protocol=protocol)


def _likelihood(drawn: SubsetDraw[Tc | Likelihood], codes: Codes, functions: ModelFunctions) -> Result:
    """The samples are streamed, never held together."""
    log_likelihood = required(functions.log_likelihood, "likelihood", "the decoder of a checkpoint")
    rows, mean, logvar = _posterior(drawn, codes, "likelihood")
    samples = drawn.constants.samples
    estimates = Weighted(*np.empty((3, len(rows))))
    together = max(1, BLOCK // samples)
    for start in range(0, len(rows), together):
        part = slice(start, min(start + together, len(rows)))
        found = weighted(_log_weights(rows[part], mean[part], logvar[part], samples, drawn.seed, log_likelihood))
        for whole, some in zip(estimates, found, strict=True):
            whole[part] = some
        functions.progress(part.stop, len(rows))
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
