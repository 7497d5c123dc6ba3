"""Total correlation of the Gaussian that has the means' covariance: nats. No labels; 0 is uncorrelated, low is better.

1/2 (sum of log variances - log det of the covariance), as in Locatello et al., "Challenging Common Assumptions" (ICML
2019), appendix. It sees correlation and nothing else: ``tc`` sees every dependence, and the posterior's noise too.
"""

from dataclasses import dataclass

import numpy as np

from disentool.errors import DataMismatch
from disentool.metrics.result import Codes, Result, check_at_least, constants
from disentool.metrics.sampling import Points
from disentool.metrics.split import Split, note_categorical, plan_split

NEEDS = frozenset()
RANGE = (0.0, np.inf)
SINGULAR = 1e-12  # a correlation matrix whose least eigenvalue is no more than this has no digits left


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be."""

    protocol: str = "exact"
    rows: int | None = None  # None: all

    def __post_init__(self):
        check_at_least(self, rows=2)


PROTOCOLS: dict[str, Options] = {"exact": Options(), "dlib": Options("dlib", rows=10_000)}
ENCODED = "dlib"  # the default where codes must be made first


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Split:
    """The rows of the table."""
    return plan_split("gaussian-tc", points, options, seed, PROTOCOLS, options.rows, labelled=False)


def score(plan: Split, codes: Codes) -> Result:
    """Over the dimensions that vary. Infinite, with a warning, where one is a linear function of others."""
    mean = plan.codes(codes)[0]
    active = np.flatnonzero((mean != mean[0]).any(axis=0))
    if len(mean) <= len(active):
        raise DataMismatch(
            f"metric gaussian-tc: the covariance of {len(active)} dimensions needs more rows than {len(mean)}"
        )
    notes = [*plan.notes, *note_categorical(mean)]
    if len(active) < mean.shape[1]:
        constant = np.setdiff1d(np.arange(mean.shape[1]), active)
        notes.append(f"constant dimensions {', '.join(map(str, constant))} are left out")
    value = 0.0
    if len(active) > 1:
        table = mean[:, active].astype(np.float64)
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
    details = {
        **constants(plan.options, PROTOCOLS),
        **plan.details(),
        "unit": "nats",
        "active_dimensions": active.tolist(),
        "notes": notes,
    }
    return Result(value, plan.options.protocol, None, {}, details)
