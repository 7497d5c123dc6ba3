"""What a method may have beyond the required: a group of members each, and what holds for a method without them.

A method has a group by having its members; it inherits nothing. A caller asks for a group by ``isinstance``, or by one
of the functions below, which say what holds where the group is missing. No code looks for a member by its name. The
groups of methods with class and content are in :mod:`disentool.contract.class_content`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from disentool.contract.method import Method
from disentool.contract.stages import Networks
from disentool.errors import DataMismatch

if TYPE_CHECKING:
    from torch import Tensor, nn


# ---- codes that are optimised for each row, before an encoder is trained to predict them (LORD)


@runtime_checkable
class RowCodes(Protocol):
    """A method that first optimises codes of the rows it is trained on, and trains its encoders in a later stage."""

    def row_codes(
        self, networks: Networks, rows: Tensor, factors: Tensor, images: Tensor | None = None
    ) -> dict[str, Tensor]:
        """The optimised codes, as ``encode`` gives them, of rows int64 [B] counted within the training rows.

        ``factors``: theirs, int64 [B,K]. ``images``: theirs, float32 [B,C,H,W] in 0..1, where they are at hand.
        """

    def encoders_ready(self, step: int) -> bool:
        """Whether the stage that trains the encoders has begun by ``step``."""


def encoders_ready(method: Method, step: int) -> bool:
    """Whether ``encode`` can be asked at ``step``; of a method that optimises no codes: always."""
    return not isinstance(method, RowCodes) or method.encoders_ready(step)


# ---- a prior of its own (InfoGAN, InfoWGAN-GP, DrNet, LORD); without: N(0, I), as wide as ``mean``


@dataclass(frozen=True)
class ClassSupport:
    """The values of a code dimension that names a class: 0..count-1, whole numbers."""

    count: int


@dataclass(frozen=True)
class IntervalSupport:
    """The values of a code dimension that is uniform from ``low`` to ``high``."""

    low: float
    high: float


Support: TypeAlias = ClassSupport | IntervalSupport | None  # None: a standard normal


@runtime_checkable
class NonNormalCodes(Protocol):
    """A method with code dimensions that are not standard normals."""

    def supports(self) -> tuple[Support, ...]:
        """The values that each column of ``mean`` takes."""


def categorical_dimensions(method: Method) -> tuple[int, ...]:
    """The columns of ``mean`` that name a class; empty where the method declares none."""
    supports = method.supports() if isinstance(method, NonNormalCodes) else ()
    return tuple(i for i, support in enumerate(supports) if isinstance(support, ClassSupport))


@runtime_checkable
class OwnPrior(Protocol):
    """A method whose decoder takes draws of another prior than N(0, I)."""

    def prior(self, normals: Tensor) -> Tensor:
        """Standard normals float32 [n,W] -> draws of the prior, which ``decode`` takes, of the same shape."""


@runtime_checkable
class WiderPrior(Protocol):
    """A method whose decoder takes noise beside ``mean``."""

    @property
    def prior_width(self) -> int:
        """W, the width of a draw from the prior: that of ``mean``, or more."""


@runtime_checkable
class FittedPrior(Protocol):
    """A method that has no loss that draws its codes to a prior."""

    @property
    def fits_prior(self) -> bool:
        """Whether codes are drawn from a normal law that is fitted to those of the data."""


@runtime_checkable
class WithoutPrior(Protocol):
    """A method without a prior that says itself what its samples are drawn from."""

    @property
    def without_prior(self) -> str:
        """What codes are drawn from instead, to follow "codes are drawn from"."""


def prior_width(method: Method) -> int:
    """The width of a draw from the prior: that of ``mean`` where the method names no other."""
    return method.prior_width if isinstance(method, WiderPrior) else method.codes()["mean"]


def fits_prior(method: Method) -> bool:
    """Whether codes are drawn from a normal law that is fitted to those of the data."""
    return isinstance(method, FittedPrior) and method.fits_prior


def without_prior(method: Method) -> str | None:
    """What the codes of a method that has no prior are drawn from instead; None where there is a prior."""
    if isinstance(method, WithoutPrior):
        return method.without_prior
    fitted = "independent normal laws with the mean and standard deviation of the training images' codes"
    return fitted if fits_prior(method) else None


def from_prior(method: Method, normals: Tensor) -> Tensor:
    """Standard normals float32 [n,W] -> what ``decode`` takes: they themselves, or what the method makes of them."""
    return method.prior(normals) if isinstance(method, OwnPrior) else normals


# ---- training


@runtime_checkable
class StopsEarly(Protocol):
    """A method that can tell from its losses that more training is of no use."""

    def stop_early(self, history: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the history's lines so far (``step`` and each logged term) are reason to stop."""


@runtime_checkable
class FrozenNetworks(Protocol):
    """A method whose losses use networks that nothing updates, beside its own."""

    def frozen(self) -> dict[str, nn.Module]:
        """Those networks by name. Asked for once, to train; no checkpoint keeps them."""


@runtime_checkable
class TrainingNetworks(Protocol):
    """A method some of whose networks are of use only to its losses (a discriminator, a critic)."""

    training_networks: tuple[str, ...]  # their names; an exported model has none of them


@runtime_checkable
class NamedLoss(Protocol):
    """A method with several reconstruction losses; a run must not change from one to another."""

    @property
    def reconstruction_loss(self) -> str:
        """The word for the loss in use, such as ``perceptual`` or ``pixel``; empty: the method's own."""


def stops_early(method: Method, history: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the method sees in the history's lines a reason to stop before the last step."""
    return isinstance(method, StopsEarly) and method.stop_early(history)


def frozen_networks(method: Method) -> dict[str, nn.Module]:
    """The networks by name that the losses of the method use and that nothing updates."""
    return method.frozen() if isinstance(method, FrozenNetworks) else {}


def training_networks(method: Method) -> tuple[str, ...]:
    """The names of the networks that only the losses of the method use; a model without them encodes and decodes."""
    return method.training_networks if isinstance(method, TrainingNetworks) else ()


def reconstruction_loss(method: Method) -> str:
    """The word for the reconstruction loss in use; empty: the method's own."""
    return method.reconstruction_loss if isinstance(method, NamedLoss) else ""


# ---- what scores are computed from


@runtime_checkable
class Reconstructs(Protocol):
    """A method with a reconstruction error."""

    def reconstruction(self, networks: Networks, codes: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """-log p(images | codes) in nats per image [B], and the decoded images float32 [B,C,H,W] in 0..1."""


def reconstructing(method: Method) -> Reconstructs:
    """The method itself; DataMismatch where it has no reconstruction error."""
    if not isinstance(method, Reconstructs):
        raise DataMismatch(f"{type(method).__name__} has no reconstruction error, which this needs")
    return method


@runtime_checkable
class DensityRatio(Protocol):
    """A method with a discriminator that estimates the total correlation of its codes (FactorVAE)."""

    def density_ratio(self, networks: Networks, codes: Tensor) -> Tensor:
        """codes float32 [B,D] -> log q(z) - log prod_j q(z_j) in nats [B]."""
