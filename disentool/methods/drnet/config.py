"""Options of DrNet."""

from dataclasses import dataclass
from typing import Any, ClassVar

from disentool.config import opt
from disentool.methods._class_content.config import ClassConfig


@dataclass(frozen=True, kw_only=True)
class DrNetConfig(ClassConfig):
    """Denton & Birodkar (2017), with the sizes and optimisers of their code."""

    class_dim: int = opt(128, "number of dimensions of the class code (the paper's content)", low=1, high=4096)
    content_dim: int = opt(10, "number of dimensions of the content code (the paper's pose)", low=1, high=4096)
    skip: bool = opt(
        True,
        "whether the decoder is also given the class image's features at every size, as the original; without, an image"
        " is made of its two codes alone [default: skip]",
    )
    similarity_weight: float = opt(1.0, "weight of the distance between the class codes of a class", low=0)
    adversary_weight: float = opt(
        0.1,
        "weight of what keeps the class from the content code (the original's code: 1e-4, which does little)",
        low=0,
    )
    width: int = opt(64, "channels of the first convolution; the next have twice, four and eight times as many", low=1)
    discriminator_units: int = opt(100, "width of the discriminator's two hidden layers", low=1, high=65536)
    learning_rate: float = opt(2e-3, "Adam's step for encoders and decoder", above=0)
    discriminator_learning_rate: float = opt(2e-3, "Adam's step for the discriminator", above=0)
    beta1: float = opt(0.5, "Adam's first-moment decay", low=0, high=0.9999)
    beta2: float = opt(0.999, "Adam's second-moment decay", low=0, high=0.999999)
    batch_size: int = opt(100, "groups of four images of one class a batch", low=2, high=16384)
    steps: int = opt(120_000, "training steps, each of two updates", low=0)

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {},
        "code": {"adversary_weight": 1e-4},
        "quick": {"width": 32, "batch_size": 24, "steps": 1000},
    }
