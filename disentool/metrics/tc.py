"""Total correlation of the aggregate posterior, KL(q(z) || prod_j q(z_j)): nats. 0 is independent, low is better.

q(z) is the mixture of q(z|x) over all N images (Kim & Mnih, "Disentangling by Factorising", ICML 2018, figure 7). Three
estimates of it, each a protocol, and all that can be had in every record:

``mixture``: the truth. z is drawn from q(z), and log q(z) - sum_j log q(z_j) evaluated over all N posteriors.
``discriminator``: E[log D / (1 - D)] of the checkpoint's discriminator (eq. 3), on the same z.
``gaussian``: of the Gaussian with q(z)'s covariance, that of the means plus the mean posterior variance.

A minibatch in place of the N posteriors gives nonsense, so there is no such protocol.
"""

from dataclasses import dataclass

import numpy as np

from disentool.errors import UnknownName, WrongUsage
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
from disentool.metrics.split import note_categorical

NEEDS = frozenset({"logvar", "callables"})
RANGE = (-np.inf, np.inf)  # an estimate may fall below 0 by its error


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be."""

    protocol: str = "mixture"
    samples: int = 2_000  # of z ~ q(z)
    rows: int | None = None  # images: of the means (gaussian), or that z comes from (discriminator); None: all

    def __post_init__(self):
        check_at_least(self, samples=2, rows=2)


PROTOCOLS: dict[str, Options] = {
    "mixture": Options(),
    "discriminator": Options("discriminator", samples=10_000, rows=10_000),
    "gaussian": Options("gaussian", rows=10_000),
}


@dataclass(frozen=True, eq=False)
class Plan:
    """``rows`` to encode (sorted; None: all ``n``)."""

    rows: np.ndarray | None
    n: int
    options: Options
    seed: int


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Plan:
    """All rows for the mixture, which is of all the data by definition; else a subset where codes must be made."""
    if options.protocol not in PROTOCOLS:
        raise UnknownName("protocol of metric tc", options.protocol, PROTOCOLS)
    seed = check_seed(seed)
    rows = options.rows
    if options.protocol == "mixture" and rows is not None:
        raise WrongUsage("tc, protocol mixture, is over all rows; leave out --set rows=")
    return Plan(None if rows is None else subset_rows(points.n, rows, seed), points.n, options, seed)


def score(plan: Plan, codes: Codes, callables: Callables) -> Result:
    """The protocol's estimate with its Monte Carlo error; ``details`` hold the other estimates that can be had."""
    options, protocol = plan.options, plan.options.protocol
    index = codes.select(plan.rows, plan.n)
    mean, logvar = codes.mean[index], codes.require("logvar", "tc")[index]
    refuse_non_finite(mean, "codes, mean")
    refuse_non_finite(logvar, "codes, logvar")
    rng = np.random.default_rng((plan.seed, 5))
    picked = rng.integers(len(mean), size=options.samples)
    noise = rng.standard_normal((options.samples, mean.shape[1]))
    z = mean[picked] + np.exp(0.5 * logvar[picked].astype(np.float64)) * noise
    refuse_non_finite(z, "samples of q(z)")

    estimates: dict[str, float | None] = dict.fromkeys(PROTOCOLS)
    estimates["gaussian"] = _gaussian(mean, logvar)
    value, interval, error = estimates["gaussian"], None, None
    notes = note_categorical(mean)
    if protocol == "discriminator":
        callables.require(
            "density_ratio", "tc, protocol discriminator,", "a checkpoint whose method has a discriminator"
        )
    if protocol != "gaussian" and callables.density_ratio:
        ratio = callables.density_ratio(z.astype(np.float32))
        refuse_non_finite(ratio, "the discriminator's logits")
        value, interval, error = mean_with_error(ratio)
        estimates["discriminator"] = value
    extra = {}
    if protocol == "mixture":
        log_q = callables.require("log_q", "tc, protocol mixture,", "a function for mixtures")
        joint, marginals = log_q(z, mean, logvar, callables.progress)
        refuse_non_finite(joint, "log q(z)")
        refuse_non_finite(marginals, "log q(z_j)")
        value, interval, error = mean_with_error(joint - marginals.sum(axis=1))
        estimates["mixture"] = value
        extra = {"entropy": float(-joint.mean()), "marginal_entropies": (-marginals.mean(axis=0)).tolist()}
    if not np.isfinite(value):
        notes.append("a dimension is a linear function of others: infinite (null in JSON)")
    details = {
        **constants(options, PROTOCOLS),
        "unit": "nats",
        "rows": len(mean),
        "seed": plan.seed,
        "estimates": estimates,
        **extra,
        "standard_error": error,
        "interval_of": None if error is None else "mean ± 1.96 standard errors over samples of z",
        "notes": notes,
    }
    return Result(float(value), protocol, interval, {}, details)


def _gaussian(mean: np.ndarray, logvar: np.ndarray) -> float:
    """-1/2 log det of the correlations of q(z); infinite where they are singular."""
    table = mean.astype(np.float64)
    table -= table.mean(axis=0)
    covariance = table.T @ table / len(table) + np.diag(np.exp(logvar.astype(np.float64)).mean(axis=0))
    scale = np.sqrt(np.diag(covariance))
    if not (scale > 0).all():
        return float("inf")
    eigenvalues = np.linalg.eigvalsh(covariance / scale[:, None] / scale)
    return float(-0.5 * np.log(eigenvalues).sum()) if eigenvalues[0] > 0 else float("inf")
