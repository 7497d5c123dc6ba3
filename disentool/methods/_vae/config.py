"""Options that every convolutional autoencoder of Kim & Mnih (2018), appendix A, shares."""

from dataclasses import dataclass
from typing import Literal

from disentool.config import opt


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig:
    """Networks and optimiser of the encoder and decoder; the defaults are the paper's for 2D Shapes."""

    latent_dim: int = opt(10, "number of latent dimensions", low=1, high=4096)
    hidden_units: int = opt(
        128, "width of the fully connected layer (paper: 128 for 2D Shapes, 256 for the others)", low=1, high=65536
    )
    likelihood: Literal["auto", "bernoulli", "gaussian"] = opt(
        "auto", "what the decoder assumes of a pixel; auto: what the data set states"
    )
    learning_rate: float = opt(1e-4, "Adam's step for encoder and decoder", above=0)
    beta1: float = opt(0.9, "Adam's first-moment decay for encoder and decoder", low=0, high=0.9999)
    beta2: float = opt(0.999, "Adam's second-moment decay for encoder and decoder", low=0, high=0.999999)
    batch_size: int = opt(64, "images a batch", low=1, high=65536)
    steps: int = opt(300_000, "training steps", low=0)
