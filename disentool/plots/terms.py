"""The units of the terms that a training history logs."""

from collections.abc import Iterable
from typing import Any

_NATS = "nats per image"
# What these terms are in whichever method has them.
_UNITS = {
    "kl": _NATS,
    "class_kl": _NATS,
    "content_kl": _NATS,
    "prior_kl": _NATS,
    "dimension_kl": _NATS,
    "mutual_information": _NATS,
    "tc": _NATS,
    "total_correlation": _NATS,
    "capacity": _NATS,
    "information": "nats",
    "shared_dimensions": "number",
    "discriminator_accuracy": "share",
    "discriminator_loss": "nats",
}
# Methods whose reconstruction error is a negative log-likelihood, unless a run took another loss.
_BOUNDS = frozenset({"vae", "betavae", "factorvae", "betatcvae", "dipvae", "adagvae", "mlvae", "aae"})


def unit_of(term: str, method: str | None, reconstruction_loss: str) -> str:
    """The unit of a term; empty where it has none, or where it is not known.

    ``method``: of the run, None where it is not known. ``reconstruction_loss``: as in its checkpoint.
    """
    if term in _UNITS:
        return _UNITS[term]
    likelihood = method in _BOUNDS and reconstruction_loss in ("", "native")
    return _NATS if likelihood and (term == "reconstruction" or term.endswith("loss")) else ""


def unit_of_all(term: str, runs: Iterable[dict[str, Any] | None]) -> str:
    """The unit that a term has in all of these runs (what their checkpoints say); empty where they differ."""
    units = {
        unit_of(term, None, "") if run is None else unit_of(term, run["method"], run.get("reconstruction_loss") or "")
        for run in runs
    }
    return units.pop() if len(units) == 1 else ""
