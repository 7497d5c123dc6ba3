"""Options of the Ada-GVAE."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from disentool.config import opt
from disentool.contract.units import NATS_PER_IMAGE, NUMBER
from disentool.methods._vae.config import AutoencoderConfig, lower_beta


@dataclass(frozen=True, kw_only=True)
class AdaGVAEConfig(AutoencoderConfig):
    """Locatello et al. (2020); the networks are those of Kim & Mnih (2018)."""

    beta: float = opt(1.0, "weight of the KL term (values tried: 1 2 4 6 8 16)", low=0)
    changes: int | None = opt(
        None,
        "number of factors in which the images of a pair differ; none: drawn for each pair, from 1 to all but one",
        low=1,
    )
    divergence: Literal["one-way", "symmetric"] = opt(
        "one-way",
        "divergence that decides which dimensions are shared. one-way: KL of the first image's posterior to the"
        " second's, as in disentanglement_lib. symmetric: the mean of both directions",
    )
    batch_size: int = opt(64, "pairs of images in a batch", low=1, high=32768, group="Optimiser")

    UNITS: ClassVar[dict[str, str]] = AutoencoderConfig.UNITS | {
        "adagvae_loss": NATS_PER_IMAGE,
        "shared_dimensions": NUMBER,
    }
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "quick": {"initialisation": "he", "learning_rate": 1e-3, "steps": 1000},
    }

    @property
    def against_collapse(self) -> tuple[str, ...]:
        """As every autoencoder's; and a lower weight of the KL, where it is above that of the bound."""
        return super().against_collapse + lower_beta(self.beta)
