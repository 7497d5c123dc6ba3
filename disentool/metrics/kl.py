"""KL of the posterior to the prior, KL(q(z|x) || N(0, I)), averaged over images: nats per image.

Kingma & Welling, "Auto-Encoding Variational Bayes" (ICLR 2014), appendix B.
"""

import numpy as np

from disentool.contract.units import NATS_PER_IMAGE
from disentool.metrics.arrays import Array, Floats, refuse_non_finite
from disentool.metrics.intervals import mean_with_error
from disentool.metrics.result import Result

ACTIVE_ABOVE = 0.01  # nats per image: a dimension with less is collapsed to the prior


def kl_to_standard_normal(mean: Array, logvar: Array) -> Floats:
    """KL(N(mean, exp logvar) || N(0, 1)) of each element, in nats: float64 [n, D] from [n, D] and [n, D]."""
    mean, logvar = mean.astype(np.float64), logvar.astype(np.float64)
    with np.errstate(over="ignore"):  # infinite, which the caller refuses by name
        # expm1 keeps the digits that exp(logvar) - 1 - logvar loses near a collapsed posterior
        found: Floats = 0.5 * (mean**2 + np.expm1(logvar) - logvar)
        return found


def kl_of_rows(mean: Array, logvar: Array) -> Floats:
    """KL per image and dimension, float64 [n, D]; ``DataMismatch`` where it is not finite."""
    refuse_non_finite(mean, "codes, mean")
    refuse_non_finite(logvar, "codes, logvar")
    found = kl_to_standard_normal(mean, logvar)
    refuse_non_finite(found, "KL of the codes")
    return found


def kl(mean: Array, logvar: Array) -> Result:
    """Mean total KL over images, nats, from 0: of q(z|x) = N(mean, exp logvar), float [n,D] each.

    ``details``: the mean KL of each dimension, and which of them are active. Raises ``DataMismatch`` for arrays that
    are not finite.
    """
    each = kl_of_rows(mean, logvar)
    average, interval, error = mean_with_error(each.sum(axis=1))
    per_dimension = each.mean(axis=0)
    details = {
        "unit": NATS_PER_IMAGE,
        "kl_per_dimension": per_dimension.tolist(),
        "active_dimensions": np.flatnonzero(per_dimension > ACTIVE_ABOVE).tolist(),
        "active_above": ACTIVE_ABOVE,
        "rows": len(each),
        "standard_error": error,
        "interval_of": "mean ± 1.96 standard errors over images",
    }
    return Result(average, interval, {}, details)
