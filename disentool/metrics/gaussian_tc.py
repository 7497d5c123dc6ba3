"""Total correlation of the Gaussian that has the means' covariance: nats. No labels; 0 is uncorrelated, low is better.

1/2 (sum of log variances - log det of the covariance), as in Locatello et al., "Challenging Common Assumptions" (ICML
2019), appendix. It sees correlation and nothing else: ``tc`` sees every dependence, and the posterior's noise too.
"""

import numpy as np

from disentool.contract.units import NATS
from disentool.errors import DataMismatch
from disentool.metrics.arrays import Array, check_codes, note_categorical, varying_dimensions
from disentool.metrics.result import Result

SINGULAR = 1e-12  # a correlation matrix whose least eigenvalue is no more than this has no digits left


def gaussian_tc(codes: Array) -> Result:
    """Over the dimensions of float [n,D] that vary, nats. Infinite, with a note, where one is linear in others.

    Raises ``DataMismatch`` for codes that are not finite, or for no more rows than dimensions.
    """
    check_codes(codes)
    active, constant = varying_dimensions(codes)
    if len(codes) <= len(active):
        raise DataMismatch(
            f"metric gaussian-tc: the covariance of {len(active)} dimensions needs more rows than {len(codes)}"
        )
    notes = [*note_categorical(codes), *constant]
    value = 0.0
    if len(active) > 1:
        table = codes[:, active].astype(np.float64)
        table -= table.mean(axis=0)
        table /= np.sqrt((table**2).mean(axis=0))  # the score is that of the correlation matrix, and better conditioned
        eigenvalues = np.linalg.eigvalsh(table.T @ table / len(table))
        if eigenvalues[0] <= SINGULAR:
            value = float("inf")
            notes.append("a dimension is a linear function of others: total correlation is infinite (null in JSON)")
        else:
            value = max(float(-0.5 * np.log(eigenvalues).sum()), 0.0)
    else:
        notes.append("fewer than two dimensions vary: 0 by definition")
    return Result(value, details={"unit": NATS, "active_dimensions": active.tolist(), "notes": notes})
