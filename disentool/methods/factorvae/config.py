"""Options of FactorVAE."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from disentool.config import opt
from disentool.contract.units import NATS, NATS_PER_IMAGE, SHARE
from disentool.methods._vae.config import AutoencoderConfig


@dataclass(frozen=True, kw_only=True)
class FactorVAEConfig(AutoencoderConfig):
    """Kim & Mnih (2018); the defaults are the paper's for 2D Shapes."""

    gamma: float = opt(40.0, "weight of the total-correlation penalty (values tried: 5 10 20 30 40 50 100)", low=0)
    discriminator_learning_rate: float = opt(
        1e-4,
        "Adam's learning rate for the discriminator (paper: 1e-5 for Chairs, Faces and CelebA)",
        above=0,
        group="Optimiser",
    )
    discriminator_beta1: float = opt(
        0.5, "Adam's decay of the first moment, for the discriminator", low=0, high=0.9999, group="Optimiser"
    )
    discriminator_beta2: float = opt(
        0.9, "Adam's decay of the second moment, for the discriminator", low=0, high=0.999999, group="Optimiser"
    )
    discriminator_units: int = opt(1000, "width of the discriminator's hidden layers", low=1, high=65536)
    discriminator_layers: int = opt(
        6, "hidden layers of the discriminator (some read the paper's '6 layers' as 5)", low=1, high=64
    )
    discriminator_initialisation: Literal["torch", "he", "glorot"] | None = opt(
        None, "law of the discriminator's first weights, where it is not that of --initialisation"
    )

    BEGINS: ClassVar[frozenset[str]] = AutoencoderConfig.BEGINS | {"discriminator_initialisation"}
    UNITS: ClassVar[dict[str, str]] = AutoencoderConfig.UNITS | {
        "vae_loss": NATS_PER_IMAGE,
        "tc": NATS_PER_IMAGE,
        "discriminator_loss": NATS,
        "discriminator_accuracy": SHARE,
    }
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "quick": {
            "initialisation": "he",
            "learning_rate": 1e-3,
            "discriminator_learning_rate": 1e-3,
            "steps": 1000,
        },
    }
