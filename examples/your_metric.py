"""A metric of your own: disentool score --metric your_metric:best_correlation ckpt.pt

A function of the codes, float32 [n,D], and the factors, int [n,K] (None where the data has none), of up to 10,000 rows.
It returns the score, or a dict with ``score`` and whatever else the record should hold.
"""

import numpy as np


def best_correlation(codes: np.ndarray, factors: np.ndarray | None) -> dict:
    """The strongest |correlation| of each factor with any one dimension, averaged over the factors: 0..1.

    1 if every factor is a linear function of one dimension; those without an order (shapes) count too.
    """
    if factors is None:
        raise ValueError("needs data with factors")
    z, f = (x - x.mean(axis=0) for x in (codes.astype(np.float64), factors.astype(np.float64)))
    scale = np.outer(np.linalg.norm(z, axis=0), np.linalg.norm(f, axis=0))
    table = np.abs(z.T @ f) / np.where(
        scale > 0, scale, np.inf
    )  # dimensions x factors; constants correlate with nothing
    return {
        "score": table.max(axis=0).mean(),
        "per_factor": {f"factor {k}": value for k, value in enumerate(table.max(axis=0))},
        "best_dimension": table.argmax(axis=0),
    }
