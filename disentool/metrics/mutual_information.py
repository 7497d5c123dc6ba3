"""Mean mutual information between pairs of code dimensions, binned: nats. No labels; 0 is independent, low is better.

As in Locatello et al., "Challenging Common Assumptions" (ICML 2019), appendix.
"""

from dataclasses import dataclass

import numpy as np

from disentool.errors import DataMismatch
from disentool.metrics.information import binned, mutual_information
from disentool.metrics.result import Codes, Result, check_at_least, constants
from disentool.metrics.sampling import Points
from disentool.metrics.split import Split, plan_split

NEEDS = frozenset()
RANGE = (0.0, np.inf)


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be."""

    protocol: str = "exact"
    bins: int = 20  # of equal width, per dimension
    rows: int | None = None  # None: all

    def __post_init__(self):
        check_at_least(self, bins=2, rows=2)


PROTOCOLS: dict[str, Options] = {"exact": Options(), "dlib": Options("dlib", rows=10_000)}
ENCODED = "dlib"  # the default where codes must be made first


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Split:
    """The rows of the table."""
    return plan_split("mutual-information", points, options, seed, PROTOCOLS, options.rows, labelled=False)


def score(plan: Split, codes: Codes) -> Result:
    """Mean over pairs of different dimensions; ``DataMismatch`` for a single one."""
    bins = binned(plan.codes(codes)[0], plan.options.bins)
    dimensions = bins.shape[1]
    if dimensions < 2:
        raise DataMismatch("metric mutual-information compares dimensions, and these codes have one")
    information = np.zeros((dimensions, dimensions))
    for i in range(dimensions - 1):
        information[i, i + 1 :] = mutual_information(bins[:, i : i + 1], bins[:, i + 1 :])
    information += information.T
    details = {
        **constants(plan.options, PROTOCOLS),
        **plan.details(),
        "unit": "nats",
        "mutual_information": information.tolist(),  # dimensions x dimensions, nats
        "notes": list(plan.notes),
    }
    return Result(float(information.sum() / (dimensions * (dimensions - 1))), plan.options.protocol, None, {}, details)
