"""A seeded subset of the rows, the check of a seed, and the union of several draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from disentool.errors import UnknownName, WrongUsage
from disentool.metrics.bounds import Constants
from disentool.metrics.facts import MetricFacts

_Constants = TypeVar("_Constants", bound=Constants)


@dataclass(frozen=True, eq=False)
class SubsetDraw(Generic[_Constants]):
    """``rows`` to encode (int64, sorted; None: all ``n``), of which a metric takes all that there are."""

    rows: np.ndarray | None
    n: int
    constants: _Constants
    seed: int


def draw_subset(
    facts: MetricFacts, n: int, constants: _Constants, count: int | None, seed: int
) -> SubsetDraw[_Constants]:
    """A seeded subset of ``count`` of ``n`` rows; all where there are no more than that, or it is None.

    Ready codes get the same rows as those that are still to be made, so that scores compare.
    """
    check_protocol(facts, constants)
    seed = check_seed(seed)
    return SubsetDraw(None if count is None else subset_rows(n, count, seed), n, constants, seed)


def check_protocol(facts: MetricFacts, constants: Constants) -> None:
    """``UnknownName`` for constants of a protocol that the metric has not."""
    if constants.protocol not in facts.protocols:
        raise UnknownName(f"protocol of metric {facts.name}", constants.protocol, facts.protocols)


def check_seed(seed: int, below: int | None = None) -> int:
    """The seed, or ``WrongUsage``: an integer of at least 0 (and less than ``below``)."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0 or (below and seed >= below):
        limit = f" and below {below}" if below else ""
        raise WrongUsage(f"seed {seed!r}: expected an integer of at least 0{limit}")
    return int(seed)


def subset_rows(n: int, count: int, seed: int | Sequence[int]) -> np.ndarray | None:
    """``count`` rows of ``n``, drawn without replacement: int64, sorted. None (all rows) where there are no more."""
    if count >= n:
        return None
    return np.sort(np.random.default_rng(seed).choice(n, count, replace=False))


def unique_rows(n: int, *rows: np.ndarray) -> np.ndarray:
    """The sorted, unique rows of several arrays of rows below ``n``."""
    wanted = np.zeros(n, dtype=bool)  # a flag per row: several times faster than sorting millions of draws
    for array in rows:
        wanted[array.ravel()] = True
    return np.flatnonzero(wanted)
