"""Evidence lower bound, E_q[log p(x|z)] - KL(q(z|x) || N(0, I)), averaged over images: nats per image.

Kingma & Welling, "Auto-Encoding Variational Bayes" (ICLR 2014), equation 3.
"""

from disentool.contract.units import NATS_PER_IMAGE
from disentool.metrics.arrays import Array, refuse_non_finite
from disentool.metrics.intervals import mean_with_error
from disentool.metrics.kl import kl_of_rows
from disentool.metrics.result import Result


def elbo(reconstruction_nats: Array, mean: Array, logvar: Array) -> Result:
    """Mean over images, nats; higher is better, and never above the log likelihood in expectation.

    ``reconstruction_nats``: -log p(x|z) of one z ~ q(z|x), float64 [n]. ``mean``, ``logvar``: of q(z|x), float [n,D].
    Raises ``DataMismatch`` for arrays that are not finite.
    """
    refuse_non_finite(reconstruction_nats, "reconstruction error")
    kl = kl_of_rows(mean, logvar)
    average, interval, error = mean_with_error(-(reconstruction_nats + kl.sum(axis=1)))
    details = {
        "unit": NATS_PER_IMAGE,
        "z": "one sample of q(z|x) per image",
        "reconstruction": float(reconstruction_nats.mean()),
        "kl": float(kl.sum(axis=1).mean()),
        "kl_per_dimension": kl.mean(axis=0).tolist(),
        "rows": len(reconstruction_nats),
        "standard_error": error,
        "interval_of": "mean ± 1.96 standard errors over images",
    }
    return Result(average, interval, {}, details)
