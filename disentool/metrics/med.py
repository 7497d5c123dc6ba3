"""MED: Cao et al., "An Empirical Study on Disentanglement of Negative-free Contrastive Learning" (NeurIPS 2022).

DCI's disentanglement with mutual information in place of a learned importance: nothing is fitted, nothing is random.
The information of dimension i about factor j, of binned codes, is divided by the factor's sum over dimensions.
"""

from dataclasses import dataclass

import numpy as np

from disentool.metrics.importance import completeness, disentanglement
from disentool.metrics.information import binned, mutual_information
from disentool.metrics.result import Codes, Result, check_at_least, constants
from disentool.metrics.sampling import Points
from disentool.metrics.split import Split, plan_split

NEEDS = frozenset({"factors"})
RANGE = (0.0, 1.0)


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
    return plan_split("med", points, options, seed, PROTOCOLS, options.rows)


def score(plan: Split, codes: Codes) -> Result:
    """Disentanglement; ``per_factor`` and ``details`` hold the completeness."""
    information = mutual_information(binned(plan.codes(codes)[0], plan.options.bins), plan.labels())
    mass = information.sum(axis=0)
    importance = information / np.where(mass > 0, mass, 1)
    value, per_dimension = disentanglement(importance)
    complete, per_factor = completeness(importance)
    notes = list(plan.notes)
    if not mass.any():
        notes.append("no dimension tells of any factor: score 0")
    if len(plan.names) == 1:
        notes.append("one factor only: disentanglement is 1 by definition")
    details = {
        **constants(plan.options, PROTOCOLS),
        **plan.details(),
        "disentanglement": value,
        "completeness": complete,
        "per_dimension": per_dimension.tolist(),
        "per_factor_is": "completeness",
        "importance": importance.tolist(),  # dimensions x factors, each factor's sum is 1
        "mutual_information": information.tolist(),  # nats
        "notes": notes,
    }
    return Result(value, plan.options.protocol, None, dict(zip(plan.names, per_factor.tolist(), strict=True)), details)
