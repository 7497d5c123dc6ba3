"""The units of scores and of what a training run logs, in words."""

from collections.abc import Mapping
from typing import ClassVar, Protocol, runtime_checkable

NATS, NATS_PER_IMAGE = "nats", "nats per image"
SHARE, NUMBER = "share", "number"


@runtime_checkable
class UnitsConfig(Protocol):
    """A configuration that says in which units the terms of its history are."""

    UNITS: ClassVar[Mapping[str, str]]  # by term; terms that have no unit are left out


def units_of(config: type) -> Mapping[str, str]:
    """The units, by term, that a configuration's class declares; empty: none are known."""
    return config.UNITS if isinstance(config, UnitsConfig) else {}
