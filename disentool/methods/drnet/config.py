"""Options of DrNet."""

from dataclasses import dataclass
from typing import Any, ClassVar

from disentool.config import opt
from disentool.contract.units import NATS, SHARE
from disentool.methods._class_content.config import ClassConfig


@dataclass(frozen=True, kw_only=True)
class DrNetConfig(ClassConfig):
    """Denton & Birodkar (2017), with the sizes and optimisers of their code."""

    class_dim: int = opt(128, "number of dimensions of the class code (the paper's content)", low=1, high=4096)
    content_dim: int = opt(10, "number of dimensions of the content code (the paper's pose)", low=1, high=4096)
    skip: bool = opt(
        True,
        "give the decoder the class image's features at every size too, as the original does; with --no-skip an image"
        " is made of its two codes alone",
    )
    similarity_weight: float = opt(1.0, "weight of the distance between class codes of the same class", low=0)
    adversary_weight: float = opt(
        0.1,
        "weight of the adversary, which keeps the class out of the content code (the authors' code has 1e-4; its effect"
        " is small)",
        low=0,
    )
    width: int = opt(64, "channels of the first convolution; the others have two, four and eight times as many", low=1)
    discriminator_units: int = opt(100, "width of the discriminator's two hidden layers", low=1, high=65536)
    learning_rate: float = opt(
        2e-3, "Adam's learning rate for the encoders and the decoder", above=0, group="Optimiser"
    )
    discriminator_learning_rate: float = opt(
        2e-3, "Adam's learning rate for the discriminator", above=0, group="Optimiser"
    )
    beta1: float = opt(0.5, "Adam's decay of the first moment", low=0, high=0.9999, group="Optimiser")
    beta2: float = opt(0.999, "Adam's decay of the second moment", low=0, high=0.999999, group="Optimiser")
    batch_size: int = opt(
        100, "groups in a batch; a group is four images of one class", low=2, high=16384, group="Optimiser"
    )
    steps: int = opt(120_000, "training steps, each of two updates", low=0, group="Optimiser")

    UNITS: ClassVar[dict[str, str]] = {"discriminator_loss": NATS, "discriminator_accuracy": SHARE}
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "code": {"adversary_weight": 1e-4},
        "quick": {"width": 32, "batch_size": 24, "steps": 1000},
    }
