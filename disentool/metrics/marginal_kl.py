"""KL of the aggregate posterior to the prior, KL(q(z) || N(0, I)): nats. 0 is the prior, low is better.

The KL term of the bound is I(x; z) + KL(q(z) || p(z)), and the latter is the total correlation plus the KL of each
dimension, sum_j KL(q(z_j) || p(z_j)) (Kim & Mnih, "Disentangling by Factorising", ICML 2018, section 2; Hoffman &
Johnson, 2016). q(z) is the mixture of q(z|x) over all N images. The estimates are those of the total correlation
(:mod:`disentool.metrics.tc`), of the same samples:

``mixture``: the truth. z is drawn from q(z), and log q(z) - log p(z) evaluated over all N posteriors.
``discriminator``: the discriminator's total correlation, plus the KL of each dimension's mixture.
``gaussian``: of the Gaussian with q(z)'s mean and covariance. Never above the truth, as no law of that covariance has a
larger entropy.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.contract.units import NATS
from disentool.metrics.arrays import Array, Floats, note_categorical, refuse_non_finite
from disentool.metrics.intervals import mean_with_error
from disentool.metrics.kl import kl_of_rows
from disentool.metrics.result import Result


@dataclass(frozen=True)
class Estimates:
    """KL(q(z) || p(z)) by protocol, each with interval and standard error (None: no samples), nats.

    ``kl``: the mean over images of KL(q(z|x) || p(z)), nats. ``details``: the terms that the samples give.
    """

    by_protocol: dict[str, tuple[float, tuple[float, float] | None, float | None]]
    kl: float
    details: dict[str, Any]

    def of(self, protocol: str, metric: str) -> tuple[float, tuple[float, float] | None, float | None]:
        """One of them; ``ValueError`` where its samples are missing."""
        if protocol not in self.by_protocol:
            raise ValueError(f"{metric}, protocol {protocol}: its samples are missing")
        return self.by_protocol[protocol]


def marginal_kl(
    mean: Array,
    logvar: Array,
    *,
    z: Floats | None = None,
    log_q: tuple[Floats, Floats] | None = None,
    log_ratio: Floats | None = None,
    protocol: str = "mixture",
) -> Result:
    """The estimate of ``protocol`` with its Monte Carlo error, nats; ``details`` hold the others that can be had.

    ``mean``, ``logvar``: of q(z|x), float [N,D]. ``z``: samples of q(z), float [M,D]; ``log_q`` and ``log_ratio`` of
    them as for :func:`disentool.metrics.tc.tc`. ``mixture`` takes ``log_q``, ``discriminator`` both, ``gaussian``
    neither. Raises ``DataMismatch`` for arrays that are not finite, ``ValueError`` where the protocol's are missing.
    """
    found = estimates(mean, logvar, z, log_q, log_ratio, protocol)
    value, interval, error = found.of(protocol, "marginal-kl")
    return Result(value, interval, {}, details_of(found, mean, error, lambda estimate: estimate))


def estimates(
    mean: Array,
    logvar: Array,
    z: Floats | None,
    log_q: tuple[Floats, Floats] | None,
    log_ratio: Floats | None,
    protocol: str,
) -> Estimates:
    """What the samples that there are give; the arguments are those of :func:`marginal_kl`.

    The mixture counts for protocol ``mixture`` alone: of a part of the images it is another law.
    """
    kl = float(kl_of_rows(mean, logvar).sum(axis=1).mean())
    found: dict[str, tuple[float, tuple[float, float] | None, float | None]] = {}
    found["gaussian"] = _gaussian(mean, logvar), None, None
    details: dict[str, Any] = {}
    if z is not None and log_q is not None:
        joint, marginals = log_q
        refuse_non_finite(joint, "log q(z)")
        refuse_non_finite(marginals, "log q(z_j)")
        prior = -0.5 * (np.square(z, dtype=np.float64) + math.log(2 * math.pi))
        of_dimensions = marginals - prior
        details = {"kl_of_dimensions": of_dimensions.mean(axis=0).tolist()}
        if protocol == "mixture":
            found["mixture"] = mean_with_error(joint - prior.sum(axis=1))
            details["total_correlation"] = float((joint - marginals.sum(axis=1)).mean())
        if log_ratio is not None:
            refuse_non_finite(log_ratio, "the discriminator's logits")
            found["discriminator"] = mean_with_error(log_ratio + of_dimensions.sum(axis=1))
    return Estimates(found, kl, details)


def details_of(found: Estimates, mean: Array, error: float | None, of: Callable[[float], float]) -> dict[str, Any]:
    """What a record holds beside the score; ``of(estimate)``: what the metric makes of KL(q(z) || p(z))."""
    known: dict[str, float | None] = {"mixture": None, "discriminator": None, "gaussian": None}
    return {
        "unit": NATS,
        "rows": len(mean),
        "kl": found.kl,
        "estimates": known | {name: float(of(value)) for name, (value, *_) in found.by_protocol.items()},
        **found.details,
        "standard_error": error,
        "interval_of": None if error is None else "mean ± 1.96 standard errors over samples of z",
        "notes": note_categorical(mean),
    }


def _gaussian(mean: Array, logvar: Array) -> float:
    """KL(N(m, C) || N(0, I)), nats, of q(z)'s mean and covariance; infinite where C is singular."""
    table = mean.astype(np.float64)
    centre = table.mean(axis=0)
    table -= centre
    covariance = table.T @ table / len(table) + np.diag(np.exp(logvar.astype(np.float64)).mean(axis=0))
    eigenvalues = np.linalg.eigvalsh(covariance)
    if not eigenvalues[0] > 0:
        return math.inf
    return float(0.5 * (eigenvalues.sum() + centre @ centre - len(centre) - np.log(eigenvalues).sum()))
