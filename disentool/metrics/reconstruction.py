"""Reconstruction error: -log p(x|z), summed over pixels and channels, averaged over images: nats per image.

The first term of equation 3 of Kingma & Welling, "Auto-Encoding Variational Bayes" (ICLR 2014), with its sign turned.
"""

from disentool.contract.units import NATS_PER_IMAGE
from disentool.metrics.arrays import Array, refuse_non_finite
from disentool.metrics.intervals import mean_with_error
from disentool.metrics.result import Result


def reconstruction(reconstruction_nats: Array, squared_error: Array | None = None, *, sampled: bool = True) -> Result:
    """Mean over images, nats; lower is better. ``details["mse"]``: the mean over images, pixels and channels.

    ``reconstruction_nats``: -log p(x|z), float64 [n]: of one z ~ q(z|x), or, where nothing was ``sampled``, of a code
    without variance. ``squared_error``: mean over an image's pixels and channels, float64 [n]. Raises ``DataMismatch``
    for arrays that are not finite.
    """
    refuse_non_finite(reconstruction_nats, "reconstruction error")
    average, interval, error = mean_with_error(reconstruction_nats)
    mse = None
    if squared_error is not None:
        refuse_non_finite(squared_error, "squared error")
        mse = float(squared_error.mean())
    details = {
        "unit": NATS_PER_IMAGE,
        "z": "one sample of q(z|x) per image" if sampled else "the code of each image, which has no variance",
        "mse": mse,
        "rows": len(reconstruction_nats),
        "standard_error": error,
        "interval_of": "mean ± 1.96 standard errors over images",
    }
    return Result(average, interval, {}, details)
