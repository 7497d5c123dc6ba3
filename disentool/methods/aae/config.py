"""Options of the adversarial autoencoder."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from disentool.config import opt
from disentool.contract.units import NATS, NATS_PER_IMAGE, SHARE
from disentool.methods._vae.config import AutoencoderConfig


@dataclass(frozen=True, kw_only=True)
class AAEConfig(AutoencoderConfig):
    """Makhzani et al. (2015), as Kim & Mnih (2018), appendix F, put it; networks and optimisers as their FactorVAE."""

    prior_weight: float = opt(1.0, "weight of KL(q(z) || p(z))", low=0)
    posterior: Literal["gaussian", "deterministic"] = opt(
        "gaussian", "the code of an image: drawn from a Gaussian, or the encoder's output itself"
    )
    discriminator_learning_rate: float = opt(
        1e-4, "Adam's learning rate for the discriminator", above=0, group="Optimiser"
    )
    discriminator_beta1: float = opt(
        0.5, "Adam's decay of the first moment, for the discriminator", low=0, high=0.9999, group="Optimiser"
    )
    discriminator_beta2: float = opt(
        0.9, "Adam's decay of the second moment, for the discriminator", low=0, high=0.999999, group="Optimiser"
    )
    discriminator_units: int = opt(1000, "width of the discriminator's hidden layers", low=1, high=65536)
    discriminator_layers: int = opt(6, "hidden layers of the discriminator", low=1, high=64)

    UNITS: ClassVar[dict[str, str]] = {
        "reconstruction": NATS_PER_IMAGE,
        "autoencoder_loss": NATS_PER_IMAGE,
        "prior_kl": NATS_PER_IMAGE,
        "discriminator_loss": NATS,
        "discriminator_accuracy": SHARE,
    }
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "quick": {
            "learning_rate": 1e-3,
            "discriminator_learning_rate": 1e-3,
            "discriminator_units": 256,
            "discriminator_layers": 3,
            "steps": 1000,
        },
    }
