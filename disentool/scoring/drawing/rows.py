"""Rows by their numbers: a seed that is one, a seeded subset, and the union of several draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.errors import UnknownName, WrongUsage
from disentool.metrics.bounds import Constants
from disentool.metrics.facts import MetricFacts


@dataclass(frozen=True, eq=False)
class SubsetPlan:
    """``rows`` to encode (int64, sorted; None: all ``n``), of which a metric takes all that there are."""

    rows: np.ndarray | None
    n: int
    options: Any
    seed: int


def plan_subset(facts: MetricFacts, n: int, options: Any, seed: int) -> SubsetPlan:
    """A seeded subset of ``n`` rows; all where there are no more than ``options.rows``, or that is None.

    Ready codes get the same rows as those that are still to be made, so that scores compare.
    """
    check_protocol(facts, options)
    seed = check_seed(seed)
    return SubsetPlan(None if options.rows is None else subset_rows(n, options.rows, seed), n, options, seed)


def check_protocol(facts: MetricFacts, options: Constants) -> None:
    """``UnknownName`` for constants of a protocol that the metric has not."""
    if options.protocol not in facts.protocols:
        raise UnknownName(f"protocol of metric {facts.name}", options.protocol, facts.protocols)


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
