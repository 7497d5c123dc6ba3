"""Options of the plain VAE."""

from dataclasses import dataclass
from typing import Any, ClassVar

from disentool.contract.units import NATS_PER_IMAGE
from disentool.methods._vae.config import AutoencoderConfig


@dataclass(frozen=True, kw_only=True)
class VAEConfig(AutoencoderConfig):
    """Kingma & Welling (2014), with the networks of Kim & Mnih (2018)."""

    UNITS: ClassVar[dict[str, str]] = AutoencoderConfig.UNITS | {"vae_loss": NATS_PER_IMAGE}
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "quick": {"initialisation": "he", "learning_rate": 1e-3, "steps": 1000},
    }
