"""Log marginal likelihood, log p(x), by importance sampling: nats per image. Higher is better.

log 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x) with z_k ~ q(z|x): Burda et al., "Importance Weighted Autoencoders" (ICLR
2016), eq. 8. It is below log p(x) in expectation and rises to it with K; Kim & Mnih (2018) report it in appendix E.
"""

from dataclasses import dataclass

import numpy as np

from disentool.errors import UnknownName
from disentool.metrics.result import (
    Callables,
    Codes,
    Result,
    check_at_least,
    constants,
    mean_with_error,
    refuse_non_finite,
)
from disentool.metrics.sampling import Points, check_seed, subset_rows

NEEDS = frozenset({"logvar", "model", "callables"})
RANGE = (-np.inf, np.inf)
BLOCK = 256  # samples decoded together


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be."""

    protocol: str = "subset"
    samples: int = 100  # K: of q(z|x), per image
    rows: int | None = 1_000  # images; None: all

    def __post_init__(self):
        check_at_least(self, samples=1, rows=1)


PROTOCOLS: dict[str, Options] = {"subset": Options(), "exact": Options("exact", rows=None)}


@dataclass(frozen=True, eq=False)
class Plan:
    """``rows`` to encode (sorted; None: all ``n``)."""

    rows: np.ndarray | None
    n: int
    options: Options
    seed: int


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Plan:
    """A seeded subset of the rows, all where there are fewer."""
    if options.protocol not in PROTOCOLS:
        raise UnknownName("protocol of metric likelihood", options.protocol, PROTOCOLS)
    seed = check_seed(seed)
    rows = None if options.rows is None else subset_rows(points.n, options.rows, seed)
    return Plan(rows, points.n, options, seed)


def score(plan: Plan, codes: Codes, callables: Callables) -> Result:
    """Mean over images, with the standard error over images; the samples are streamed, never held together."""
    log_likelihood = callables.require("log_likelihood", "likelihood", "the decoder of a checkpoint")
    index = codes.select(plan.rows, plan.n)
    mean, logvar = codes.mean[index], codes.require("logvar", "likelihood")[index]
    refuse_non_finite(mean, "codes, mean")
    refuse_non_finite(logvar, "codes, logvar")
    rows, samples = codes.rows[index], plan.options.samples
    nats, effective, bound = np.empty((3, len(rows)))
    together = max(1, BLOCK // samples)
    for start in range(0, len(rows), together):
        part = slice(start, min(start + together, len(rows)))
        nats[part], effective[part], bound[part] = _images(
            rows[part], mean[part], logvar[part], samples, plan.seed, log_likelihood
        )
        callables.progress(part.stop, len(rows))
    refuse_non_finite(nats, "log likelihood")
    average, interval, error = mean_with_error(nats)
    details = {
        **constants(plan.options, PROTOCOLS),
        "unit": "nats per image",
        "rows": len(rows),
        "seed": plan.seed,
        "standard_error": error,
        "elbo": float(bound.mean()),  # of the same samples: K = 1
        "effective_samples": float(effective.mean()),
        "interval_of": "mean ± 1.96 standard errors over images; the estimate is below log p(x) by its bias in K",
        "notes": [],
    }
    return Result(average, plan.options.protocol, interval, {}, details)


def _images(rows, mean, logvar, samples, seed, log_likelihood) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per image, float64 [B]: log p(x), the effective number of samples, and the evidence lower bound."""
    # one generator per image: an image's samples do not depend on which others are scored, nor on the block size
    generators = [np.random.default_rng((seed, 4, int(row))) for row in rows]
    std = np.exp(0.5 * logvar.astype(np.float64))[:, None]
    top = np.full(len(rows), -np.inf)
    total, squares, linear = np.zeros((3, len(rows)))
    for start in range(0, samples, BLOCK):
        count = min(BLOCK, samples - start)
        noise = np.stack([rng.standard_normal((count, mean.shape[1])) for rng in generators])
        z = (mean[:, None] + std * noise).astype(np.float32)
        # log p(z) - log q(z|x): the constants cancel
        prior = (
            0.5 * (noise**2 - z.astype(np.float64) ** 2).sum(axis=2)
            + 0.5 * logvar.sum(axis=1, dtype=np.float64)[:, None]
        )
        weight = log_likelihood(rows, z) + prior
        refuse_non_finite(weight, "log likelihood")
        higher = np.maximum(top, weight.max(axis=1))
        shift = np.exp(top - higher)
        share = np.exp(weight - higher[:, None])
        total, squares = total * shift + share.sum(axis=1), squares * shift**2 + (share**2).sum(axis=1)
        linear += weight.sum(axis=1)
        top = higher
    return top + np.log(total / samples), total**2 / squares, linear / samples
