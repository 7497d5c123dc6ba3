"""The options of method skeleton."""

from dataclasses import dataclass
from typing import Any, ClassVar

from disentool.config import opt
from disentool.contract.units import NATS_PER_IMAGE


@dataclass(frozen=True, kw_only=True)
class SkeletonConfig:
    """The defaults are those of the paper, section n."""

    latent_dim: int = opt(10, "number of latent dimensions", low=1, high=4096)
    learning_rate: float = opt(1e-3, "Adam's learning rate", above=0)
    batch_size: int = opt(64, "images in a batch", low=1, high=65536)
    steps: int = opt(10_000, "training steps", low=0)

    # The unit of each term of the history. The engine logs each phase's loss as the phase's name and "_loss".
    UNITS: ClassVar[dict[str, str]] = {"reconstruction": NATS_PER_IMAGE, "autoencoder_loss": NATS_PER_IMAGE}
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"paper": {}, "quick": {"steps": 1000}}
