"""Log marginal likelihood, log p(x), by importance sampling: nats per image. Higher is better.

log 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x) with z_k ~ q(z|x): Burda et al., "Importance Weighted Autoencoders" (ICLR
2016), eq. 8. It is below log p(x) in expectation and rises to it with K; Kim & Mnih (2018) report it in appendix E.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from disentool.contract.units import NATS_PER_IMAGE
from disentool.metrics.arrays import Array, Floats, refuse_non_finite
from disentool.metrics.intervals import mean_with_error
from disentool.metrics.result import Result


class Weighted(NamedTuple):
    """Of each image, float64 [B]: log p(x), the effective number of samples, and the evidence lower bound (K = 1)."""

    nats: Floats
    effective: Floats
    bound: Floats


def prior_over_posterior(z: Array, noise: Array, logvar: Array) -> Floats:
    """log p(z) - log q(z|x) float64 [B,K] of z [B,K,D] = mean + std * ``noise``; ``logvar``: [B,D]."""
    found: Floats = (
        0.5 * (noise**2 - z.astype(np.float64) ** 2).sum(axis=2) + 0.5 * logvar.sum(axis=1, dtype=np.float64)[:, None]
    )
    return found


def weighted(blocks: Iterable[Floats]) -> Weighted:
    """The estimates of log weights, log p(x|z) p(z) / q(z|x): float64 [B,k] in blocks of samples, never held together.

    Raises ``DataMismatch`` for weights that are not finite, ``ValueError`` for no block.
    """
    samples, top, total, squares, linear = 0, np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0)
    for log_weights in blocks:
        if not samples:
            top = np.full(len(log_weights), -np.inf)
            total, squares, linear = np.zeros((3, len(log_weights)))
        refuse_non_finite(log_weights, "log likelihood")
        higher = np.maximum(top, log_weights.max(axis=1))
        shift = np.exp(top - higher)
        share = np.exp(log_weights - higher[:, None])
        total, squares = total * shift + share.sum(axis=1), squares * shift**2 + (share**2).sum(axis=1)
        linear += log_weights.sum(axis=1)
        top, samples = higher, samples + log_weights.shape[1]
    if not samples:
        raise ValueError("importance weighting needs samples")
    return Weighted(top + np.log(total / samples), total**2 / squares, linear / samples)


def likelihood(nats: Floats, effective: Floats, bound: Floats) -> Result:
    """Mean over images with the standard error over images, nats; the arrays are those of :class:`Weighted`.

    Raises ``DataMismatch`` where an estimate is not finite.
    """
    refuse_non_finite(nats, "log likelihood")
    average, interval, error = mean_with_error(nats)
    details = {
        "unit": NATS_PER_IMAGE,
        "rows": len(nats),
        "standard_error": error,
        "elbo": float(bound.mean()),  # of the same samples: K = 1
        "effective_samples": float(effective.mean()),
        "interval_of": "mean ± 1.96 standard errors over images; the estimate is below log p(x) by its bias in K",
        "notes": [],
    }
    return Result(average, interval, {}, details)
