"""Options of the beta-TCVAE."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from disentool.config import opt
from disentool.contract.units import NATS_PER_IMAGE
from disentool.methods._vae.config import AutoencoderConfig, lower_beta


@dataclass(frozen=True, kw_only=True)
class BetaTCVAEConfig(AutoencoderConfig):
    """Chen et al. (2018); the networks are those of Kim & Mnih (2018)."""

    alpha: float = opt(1.0, "weight of the index-code mutual information", low=0)
    beta: float = opt(6.0, "weight of the total correlation (values tried: 1 2 4 6 8 10)", low=0)
    gamma: float = opt(1.0, "weight of the dimension-wise KL", low=0)
    estimator: Literal["weighted", "stratified", "analytic"] = opt(
        "weighted",
        "estimator of q(z) from a batch. weighted and stratified: the paper's two ways of sampling. analytic: the"
        " batch's own mixture, with the KL in closed form (disentanglement_lib's)",
    )
    batch_size: int = opt(64, "images in a batch; q(z) is estimated from them", low=2, high=65536, group="Optimiser")

    UNITS: ClassVar[dict[str, str]] = AutoencoderConfig.UNITS | {
        "betatcvae_loss": NATS_PER_IMAGE,
        "mutual_information": NATS_PER_IMAGE,
        "tc": NATS_PER_IMAGE,
        "dimension_kl": NATS_PER_IMAGE,
    }
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "quick": {"initialisation": "he", "learning_rate": 1e-3, "steps": 1000},
    }

    @property
    def against_collapse(self) -> tuple[str, ...]:
        """As every autoencoder's; and a lower weight of the KL, where it is above that of the bound."""
        return super().against_collapse + lower_beta(self.beta)
