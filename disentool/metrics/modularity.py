"""Modularity: Ridgeway & Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss" (NeurIPS 2018).

A code dimension is modular if it tells of one factor and of no other. Its score is 1 - (the squared information about
the other factors) / (the squared information about the best one, times K - 1); the metric is the mean over dimensions.
A dimension that tells of nothing scores 0; one that tells almost nothing still counts fully.
"""

from dataclasses import dataclass

import numpy as np

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
    return plan_split("modularity", points, options, seed, PROTOCOLS, options.rows)


def score(plan: Split, codes: Codes) -> Result:
    """Mean over dimensions; ``details["per_dimension"]`` holds each one's."""
    information = mutual_information(binned(plan.codes(codes)[0], plan.options.bins), plan.labels())
    squares = information**2
    best, others = squares.max(axis=1), squares.shape[1] - 1
    notes = list(plan.notes)
    if others:
        rest = squares.sum(axis=1) - best
        each = np.where(best > 0, 1 - rest / np.where(best > 0, best * others, 1), 0.0)
    else:
        each = (best > 0).astype(float)
        notes.append("one factor only: any dimension that tells of it scores 1")
    dead = np.flatnonzero(best == 0)
    if dead.size:
        notes.append(f"dimensions {', '.join(map(str, dead))} tell of no factor and score 0")
    details = {
        **constants(plan.options, PROTOCOLS),
        **plan.details(),
        "per_dimension": each.tolist(),
        "mutual_information": information.tolist(),  # dimensions x factors, nats
        "best_factor": [plan.names[k] if mass else None for k, mass in zip(squares.argmax(1), best, strict=True)],
        "notes": notes,
    }
    return Result(float(each.mean()), plan.options.protocol, None, {}, details)
