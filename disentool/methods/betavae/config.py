"""Options of the beta-VAE."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from disentool.config import opt
from disentool.contract.units import NATS_PER_IMAGE
from disentool.methods._vae.config import AutoencoderConfig, lower_beta


@dataclass(frozen=True, kw_only=True)
class BetaVAEConfig(AutoencoderConfig):
    """Higgins et al. (2017); with ``objective=burgess`` the capacity schedule of Burgess et al. (2018)."""

    beta: float = opt(4.0, "weight of the KL term (best on 2D Shapes: 4; values tried: 1 2 4 6 8 16)", low=0)
    objective: Literal["higgins", "burgess"] = opt(
        "higgins", "penalty. higgins: beta * KL. burgess: capacity-weight * |KL - C|, where C rises linearly"
    )
    capacity: float = opt(25.0, "for burgess: the final capacity C, in nats", low=0)
    capacity_steps: int = opt(100_000, "for burgess: the number of steps over which C rises from 0", low=1)
    capacity_weight: float = opt(1000.0, "for burgess: the weight of |KL - C|", low=0)

    UNITS: ClassVar[dict[str, str]] = AutoencoderConfig.UNITS | {
        "betavae_loss": NATS_PER_IMAGE,
        "capacity": NATS_PER_IMAGE,
    }
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "quick": {"initialisation": "he", "learning_rate": 1e-3, "steps": 1000, "capacity_steps": 500},
    }

    @property
    def against_collapse(self) -> tuple[str, ...]:
        """As every autoencoder's; and a lower weight of the KL, or a capacity that is reached sooner."""
        found = super().against_collapse
        if self.objective == "burgess":
            return (*found, "fewer --capacity-steps") if self.capacity_steps > self.steps else found
        return found + lower_beta(self.beta)
