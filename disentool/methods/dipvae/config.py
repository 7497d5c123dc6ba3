"""Options of the DIP-VAE."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from disentool.config import opt
from disentool.contract.units import NATS_PER_IMAGE
from disentool.methods._vae.config import AutoencoderConfig


@dataclass(frozen=True, kw_only=True)
class DIPVAEConfig(AutoencoderConfig):
    """Kumar et al. (2018); the networks are those of Kim & Mnih (2018)."""

    variant: Literal["i", "ii"] = opt(
        "i", "covariance that the penalty pulls to the identity. i: that of the posterior means. ii: that of the codes"
    )
    lambda_od: float = opt(10.0, "weight of the off-diagonal covariances (values tried: 1 2 5 10 20 50)", low=0)
    lambda_d: float | None = opt(
        None, "weight of the distance of the diagonal to 1; none: 10 times lambda-od for i, lambda-od for ii", low=0
    )

    UNITS: ClassVar[dict[str, str]] = AutoencoderConfig.UNITS | {"dipvae_loss": NATS_PER_IMAGE}
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "quick": {"initialisation": "he", "learning_rate": 1e-3, "steps": 1000},
    }
