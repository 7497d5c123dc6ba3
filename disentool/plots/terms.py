"""The units of the terms that a training history logs, as the methods' configurations declare them."""

import functools
import math
from collections.abc import Iterable, Mapping
from typing import Any

from disentool import named_code
from disentool.contract.units import NATS_PER_IMAGE, units_of
from disentool.methods import METHODS

PROGRESS_NAMES = {"rec": "reconstruction", "D acc": "discriminator_accuracy"}  # as lines of progress print terms


# Of which no value can be below 0: closed forms of divergences, negative logarithms of probabilities, squares.
_NEVER_BELOW_ZERO = ("reconstruction", "kl", "class_kl", "content_kl", "discriminator_loss")


def range_of(term: str) -> tuple[float, float]:
    """The lowest and the highest value that a term can have."""
    if term.endswith("_accuracy"):
        return 0.0, 1.0
    return (0.0 if term in _NEVER_BELOW_ZERO else -math.inf), math.inf


def unit_of(term: str, method: str | None, reconstruction_loss: str) -> str:
    """The unit of a term; empty where it has none, or where it is not known.

    ``method``: of the run, None where it is not known; then, and of a method of the user's own, the unit that the term
    has wherever it is declared. ``reconstruction_loss``: as in the run's checkpoint; other losses than a method's own
    are no likelihoods, so that neither they nor what they are added to is in nats.
    """
    declared = _declared()
    units = (
        {declared[method].get(term, "")} if method in declared else {u[term] for u in declared.values() if term in u}
    )
    unit = units.pop() if len(units) == 1 else ""
    likelihood = method in declared and reconstruction_loss in ("", "native")
    lost = unit == NATS_PER_IMAGE and (term == "reconstruction" or term.endswith("_loss"))
    return "" if lost and not likelihood else unit


def unit_of_all(term: str, runs: Iterable[dict[str, Any] | None]) -> str:
    """The unit that a term has in all of these runs (what their checkpoints say); empty where they differ."""
    units = {
        unit_of(term, None, "") if run is None else unit_of(term, run["method"], run.get("reconstruction_loss") or "")
        for run in runs
    }
    return units.pop() if len(units) == 1 else ""


def has_unit(term: str) -> bool:
    """Whether any method declares a unit of it."""
    return any(term in units for units in _declared().values())


@functools.cache
def _declared() -> dict[str | None, Mapping[str, str]]:
    """The units of each method's terms."""
    return {name: units_of(named_code.load(entry.config)) for name, entry in METHODS.items()}
