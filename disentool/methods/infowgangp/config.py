"""Options of InfoWGAN-GP."""

from dataclasses import dataclass
from typing import Any, ClassVar

from disentool.config import opt
from disentool.methods._infogan.config import AdversarialConfig


@dataclass(frozen=True, kw_only=True)
class InfoWGANGPConfig(AdversarialConfig):
    """Kim & Mnih (2018), appendix G; codes as theirs on 2D Shapes, the critic as Gulrajani et al. (2017)."""

    categorical: str | None = opt(
        "3",
        "number of classes of each categorical code, joined by +: 3, or 3+4 for two codes; none: no categorical code",
        placeholder="N+N",
    )
    continuous: int = opt(
        4, "number of continuous codes (values tried: 4 beside a 3-way code, or 5 alone)", low=0, high=4096
    )
    noise_dim: int = opt(
        10,
        "number of noise dimensions (standard normal), which Q need not recover (values tried: 5 10 20 40 80 160)",
        low=0,
        high=4096,
    )
    information_weight: float = opt(
        1.0, "lambda, the weight of the mutual information of codes and images (values tried: 0 0.1 ... 1)", low=0
    )
    penalty_weight: float = opt(10.0, "weight of the gradient penalty", low=0)
    critic_steps: int = opt(5, "updates of the critic for each of the generator", low=1, high=100, group="Optimiser")
    learning_rate: float = opt(
        1e-4, "Adam's learning rate for the generator (values tried: 1e-3 1e-4)", above=0, group="Optimiser"
    )
    critic_learning_rate: float = opt(
        1e-4, "Adam's learning rate for the critic and Q (values tried: 1e-4 1e-5)", above=0, group="Optimiser"
    )
    beta1: float = opt(0.5, "Adam's decay of the first moment", low=0, high=0.9999, group="Optimiser")
    beta2: float = opt(0.9, "Adam's decay of the second moment", low=0, high=0.999999, group="Optimiser")
    steps: int = opt(300_000, "training steps, each of critic_steps + 1 updates", low=0, group="Optimiser")

    # quick: for MNIST and its like on a CPU. Two dimensions of noise, so that classes are what images differ most by:
    # with 8 the noise makes the digits, and classes come to mean small differences of each.
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "quick": {
            "categorical": "10",
            "continuous": 0,
            "noise_dim": 2,
            "information_weight": 0.1,
            "critic_steps": 3,
            "learning_rate": 5e-4,
            "critic_learning_rate": 1e-3,
            "batch_size": 32,
            "steps": 1000,
        },
    }
