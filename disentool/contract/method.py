"""What a method must have, and what it may know of the data."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from disentool.contract.configuration import MethodConfig
from disentool.contract.stages import Networks, Stage

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class DataFacts:
    """What a method may know of the data when it builds its networks.

    ``rows``: how many it is trained on. ``class_factor``: the factor, or several joined by a plus, that the data itself
    takes for the class; empty where it names none.
    """

    rows: int
    channels: int
    height: int
    width: int
    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
    factor_names: tuple[str, ...] = ()
    factor_sizes: tuple[int, ...] = ()
    class_factor: str = ""


class Method(Protocol):
    """What every method has. Final classes satisfy it; none inherits another, and none need inherit from this.

    :mod:`disentool.contract.optional` says what a method may have beyond this. A class of the user's own, which no
    table names, also has ``Config``: its configuration's class (see :mod:`disentool.contract.configuration`).
    """

    config: MethodConfig
    facts: DataFacts

    def __init__(self, config: Any, facts: DataFacts) -> None:
        """Keep both. Raises DataMismatch, NoFactors or WrongUsage where the method cannot learn from such data."""

    def networks(self) -> dict[str, nn.Module]:
        """Freshly initialised networks by name; torch's global generator decides the weights."""

    def stages(self) -> tuple[Stage, ...]:
        """The stages of training, in order."""

    def codes(self) -> dict[str, int]:
        """What :meth:`encode` gives, by name, and how wide each is; ``mean`` is what :meth:`decode` takes."""

    def encode(self, networks: Networks, images: Tensor) -> dict[str, Tensor]:
        """images float32 [B,C,H,W] in 0..1 -> ``mean`` (and ``logvar``, where it has one) float32 [B,D]."""

    def decode(self, networks: Networks, codes: Tensor) -> Tensor:
        """codes float32 [B,D] -> images float32 [B,C,H,W] in 0..1."""


REQUIRED = tuple(name for name, member in vars(Method).items() if inspect.isfunction(member) and name[0] != "_")


def own_config(found: type) -> type | None:
    """The configuration's class of a method of the user's own; None where it has no dataclass ``Config``."""
    config = getattr(found, "Config", None)
    return config if isinstance(config, type) and dataclasses.is_dataclass(config) else None


def missing_parts(found: type) -> list[str]:
    """What a class of the user's own lacks to be a method, in words and in the contract's order; empty: nothing."""
    parts = [part for part in REQUIRED if not callable(getattr(found, part, None))]
    return parts if own_config(found) else ["Config (a frozen dataclass)", *parts]
