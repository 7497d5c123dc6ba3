"""Metrics of directions."""

from math import inf

from disentool.metrics.constants import directions
from disentool.metrics.facts import MetricFacts, protocols

DIRECTIONS: tuple[MetricFacts, ...] = (
    MetricFacts(
        "control",
        "share of a property's variance that the position along a direction (dirs.h5) explains: R^2",
        'Plumerault et al., "Controlling generative models with continuous factors of variations" (ICLR 2020)',
        "higher",
        protocols(
            directions.Control(),
            directions.Control("quick", starts=30, levels=13, samples=100, baseline_starts=10, resamples=500),
        ),
        "control",
        frozenset({"directions"}),
        range=(-inf, 1.0),
        by_name_only="needs directions",
        title="R² of control",
    ),
)
