"""Options of InfoGAN."""

from dataclasses import dataclass
from typing import Any, ClassVar

from disentool.config import opt
from disentool.contract.units import NATS, SHARE
from disentool.methods._infogan.config import AdversarialConfig


@dataclass(frozen=True, kw_only=True)
class InfoGANConfig(AdversarialConfig):
    """Chen et al. (2016); codes, noise and optimisers as theirs on MNIST."""

    learning_rate: float = opt(1e-3, "Adam's learning rate for the generator", above=0, group="Optimiser")
    discriminator_learning_rate: float = opt(
        2e-4, "Adam's learning rate for the discriminator and Q", above=0, group="Optimiser"
    )
    beta1: float = opt(0.5, "Adam's decay of the first moment", low=0, high=0.9999, group="Optimiser")
    beta2: float = opt(0.999, "Adam's decay of the second moment", low=0, high=0.999999, group="Optimiser")
    steps: int = opt(50_000, "training steps", low=0, group="Optimiser")

    UNITS: ClassVar[dict[str, str]] = AdversarialConfig.UNITS | {
        "discriminator_loss": NATS,
        "discriminator_accuracy": SHARE,
    }
    # quick: for MNIST and its like on a CPU. Little noise, so that classes are what images differ most by; a small
    # lambda, or the codes are told apart before the images look like anything.
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "quick": {
            "continuous": 0,
            "noise_dim": 8,
            "information_weight": 0.3,
            "discriminator_learning_rate": 5e-4,
            "steps": 1000,
        },
    }
