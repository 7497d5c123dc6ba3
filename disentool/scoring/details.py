"""What a record tells beside the score: the constants, how the rows were drawn, and notes of both."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from disentool.metrics.bounds import Constants
from disentool.metrics.facts import MetricFacts
from disentool.metrics.result import Result


def constants(facts: MetricFacts, options: Constants) -> dict[str, Any]:
    """Every constant of a score by name, and under ``changed_options`` those that differ from the protocol's."""
    return values_of(options) | {"changed_options": changed(facts, options)}


def values_of(options: Constants) -> dict[str, Any]:
    """Every constant by name, but the protocol's name."""
    return {name: value for name, value in dataclasses.asdict(options).items() if name != "protocol"}


def changed(facts: MetricFacts, options: Constants) -> list[str]:
    """The names of the constants that differ from the protocol's."""
    usual = facts.protocols[options.protocol]
    return [name for name, value in values_of(options).items() if getattr(usual, name) != value]


def told(
    result: Result, options: Constants, before: Mapping[str, Any], after: Mapping[str, Any], notes: Sequence[str] = ()
) -> Result:
    """The result with its protocol, with details ``before`` and ``after`` its own, and with ``notes`` before its own.

    There are no ``notes`` in the details where neither has any and the metric keeps none.
    """
    details = {**before, **result.details}
    own = details.pop("notes", None)
    details |= after
    if own is not None or notes:
        details["notes"] = [*notes, *(own or [])]
    return dataclasses.replace(result, protocol=options.protocol, details=details)
