"""Total correlation of the aggregate posterior, KL(q(z) || prod_j q(z_j)): nats. 0 is independent, low is better.

q(z) is the mixture of q(z|x) over all N images (Kim & Mnih, "Disentangling by Factorising", ICML 2018, figure 7). Three
estimates of it, each a protocol, and all that can be had in every record:

``mixture``: the truth. z is drawn from q(z), and log q(z) - sum_j log q(z_j) evaluated over all N posteriors.
``discriminator``: E[log D / (1 - D)] of the checkpoint's discriminator (eq. 3), on the same z.
``gaussian``: of the Gaussian with q(z)'s covariance, that of the means plus the mean posterior variance.

A minibatch in place of the N posteriors gives nonsense, so there is no such protocol.
"""

from typing import Any

import numpy as np

from disentool.contract.units import NATS
from disentool.metrics.arrays import Array, Floats, note_categorical, refuse_non_finite
from disentool.metrics.intervals import mean_with_error
from disentool.metrics.result import Result


def tc(
    mean: Array,
    logvar: Array,
    *,
    log_q: tuple[Floats, Floats] | None = None,
    log_ratio: Floats | None = None,
    protocol: str = "mixture",
) -> Result:
    """The estimate of ``protocol`` with its Monte Carlo error, nats; ``details`` hold the others that can be had.

    ``mean``, ``logvar``: of q(z|x), float [N,D]. Of samples z ~ q(z): ``log_q``, the joint float64 [M] and the
    marginals float64 [M,D] of log q, nats; ``log_ratio``, log q(z) - sum_j log q(z_j) as a discriminator estimates it,
    float64 [M]. ``mixture`` takes the former, ``discriminator`` the latter, ``gaussian`` neither. Raises
    ``DataMismatch`` for arrays that are not finite, ``ValueError`` where the protocol's array is missing.
    """
    refuse_non_finite(mean, "codes, mean")
    refuse_non_finite(logvar, "codes, logvar")
    estimates: dict[str, float | None] = {"mixture": None, "discriminator": None, "gaussian": None}
    found: dict[str, tuple[float, tuple[float, float] | None, float | None]] = {}
    found["gaussian"] = gaussian_estimate(mean, logvar), None, None
    extra: dict[str, Any] = {}
    if log_ratio is not None:
        refuse_non_finite(log_ratio, "the discriminator's logits")
        found["discriminator"] = mean_with_error(log_ratio)
    if log_q is not None:
        joint, marginals = log_q
        refuse_non_finite(joint, "log q(z)")
        refuse_non_finite(marginals, "log q(z_j)")
        found["mixture"] = mean_with_error(joint - marginals.sum(axis=1))
        extra = {"entropy": float(-joint.mean()), "marginal_entropies": (-marginals.mean(axis=0)).tolist()}
    if protocol not in found:
        raise ValueError(f"tc, protocol {protocol}: its samples are missing")
    value, interval, error = found[protocol]
    notes = note_categorical(mean)
    if not np.isfinite(value):
        notes.append("a dimension is a linear function of others: infinite (null in JSON)")
    details = {
        "unit": NATS,
        "rows": len(mean),
        "estimates": estimates | {name: estimate for name, (estimate, *_) in found.items()},
        **extra,
        "standard_error": error,
        "interval_of": None if error is None else "mean ± 1.96 standard errors over samples of z",
        "notes": notes,
    }
    return Result(float(value), interval, {}, details)


def gaussian_estimate(mean: Array, logvar: Array) -> float:
    """-1/2 log det of the correlations of q(z), nats; infinite where they are singular."""
    table = mean.astype(np.float64)
    table -= table.mean(axis=0)
    covariance = table.T @ table / len(table) + np.diag(np.exp(logvar.astype(np.float64)).mean(axis=0))
    scale = np.sqrt(np.diag(covariance))
    if not (scale > 0).all():
        return float("inf")
    eigenvalues = np.linalg.eigvalsh(covariance / scale[:, None] / scale)
    return float(-0.5 * np.log(eigenvalues).sum()) if eigenvalues[0] > 0 else float("inf")
