"""Squared 2-Wasserstein distance between the Gaussian of the means' covariance and its independent counterpart.

2 tr(C) - 2 tr((C diag(C))^(1/2)), as in Locatello et al., "Challenging Common Assumptions" (ICML 2019), appendix. No
labels; 0 is uncorrelated, low is better. In the codes' squared units; ``normalise`` divides by tr(C).
"""

import numpy as np

from disentool.metrics.arrays import Array, check_codes, note_categorical
from disentool.metrics.constants.codes_alone import Wasserstein
from disentool.metrics.result import Result


def wasserstein(codes: Array, *, normalise: bool = Wasserstein.normalise) -> Result:
    """The distance of float [n,D]; ``details`` hold both the plain and the normalised one.

    Raises ``DataMismatch`` for codes that are not finite.
    """
    check_codes(codes)
    table = codes.astype(np.float64) - codes[0]
    table -= table.mean(axis=0)
    covariance = table.T @ table / max(len(table) - 1, 1)
    scale = np.sqrt(np.diag(covariance))
    # C diag(C) has the eigenvalues of the symmetric diag(C)^(1/2) C diag(C)^(1/2)
    eigenvalues = np.linalg.eigvalsh(scale[:, None] * covariance * scale)
    trace = float(np.trace(covariance))
    plain = max(2 * trace - 2 * float(np.sqrt(np.maximum(eigenvalues, 0)).sum()), 0.0)
    share = plain / trace if trace > 0 else 0.0
    notes = note_categorical(codes)
    if trace == 0:
        notes.append("every dimension is constant: 0 by definition")
    details = {
        "unit": "share of the total variance" if normalise else "squared units of the codes",
        "distance": plain,
        "normalised_distance": share,
        "notes": notes,
    }
    return Result(share if normalise else plain, details=details)
