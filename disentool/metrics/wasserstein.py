"""Squared 2-Wasserstein distance between the Gaussian of the means' covariance and its independent counterpart.

2 tr(C) - 2 tr((C diag(C))^(1/2)), as in Locatello et al., "Challenging Common Assumptions" (ICML 2019), appendix. No
labels; 0 is uncorrelated, low is better. In the codes' squared units; ``normalise`` divides by tr(C).
"""

from dataclasses import dataclass

import numpy as np

from disentool.metrics.result import Codes, Result, check_at_least, constants
from disentool.metrics.sampling import Points
from disentool.metrics.split import Split, note_categorical, plan_split

NEEDS = frozenset()
RANGE = (0.0, np.inf)


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be."""

    protocol: str = "exact"
    normalise: bool = False  # divide by the codes' total variance
    rows: int | None = None  # None: all

    def __post_init__(self):
        check_at_least(self, rows=2)


PROTOCOLS: dict[str, Options] = {"exact": Options(), "dlib": Options("dlib", rows=10_000)}
ENCODED = "dlib"  # the default where codes must be made first


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Split:
    """The rows of the table."""
    return plan_split("wasserstein", points, options, seed, PROTOCOLS, options.rows, labelled=False)


def score(plan: Split, codes: Codes) -> Result:
    """``details`` hold both the plain and the normalised distance."""
    mean = plan.codes(codes)[0]
    table = mean.astype(np.float64) - mean[0]
    table -= table.mean(axis=0)
    covariance = table.T @ table / max(len(table) - 1, 1)
    scale = np.sqrt(np.diag(covariance))
    # C diag(C) has the eigenvalues of the symmetric diag(C)^(1/2) C diag(C)^(1/2)
    eigenvalues = np.linalg.eigvalsh(scale[:, None] * covariance * scale)
    trace = float(np.trace(covariance))
    plain = max(2 * trace - 2 * float(np.sqrt(np.maximum(eigenvalues, 0)).sum()), 0.0)
    share = plain / trace if trace > 0 else 0.0
    notes = [*plan.notes, *note_categorical(mean)]
    if trace == 0:
        notes.append("every dimension is constant: 0 by definition")
    details = {
        **constants(plan.options, PROTOCOLS),
        **plan.details(),
        "unit": "share of the total variance" if plan.options.normalise else "squared units of the codes",
        "distance": plain,
        "normalised_distance": share,
        "notes": notes,
    }
    return Result(share if plan.options.normalise else plain, plan.options.protocol, None, {}, details)
