"""Options that every convolutional autoencoder of Kim & Mnih (2018), appendix A, shares."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from disentool.config import opt
from disentool.contract.units import NATS_PER_IMAGE


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig:
    """Networks and optimiser of the encoder and decoder; the defaults are the paper's for 2D Shapes."""

    latent_dim: int = opt(10, "number of latent dimensions", low=1, high=4096)
    hidden_units: int = opt(
        128, "width of the fully connected layer (paper: 128 for 2D Shapes, 256 for the others)", low=1, high=65536
    )
    likelihood: Literal["auto", "bernoulli", "gaussian"] = opt(
        "auto", "law of a pixel in the decoder; auto: the law that the data set states"
    )
    BEGINS: ClassVar[frozenset[str]] = frozenset({"initialisation"})
    UNITS: ClassVar[dict[str, str]] = {"reconstruction": NATS_PER_IMAGE, "kl": NATS_PER_IMAGE}

    initialisation: Literal["torch", "he", "glorot"] = opt(
        "torch",
        "law of the networks' first weights. torch: torch's own. glorot: Glorot's uniform weights. he: He's normal"
        " weights. With either of these two, training starts sooner",
    )
    learning_rate: float = opt(1e-4, "Adam's learning rate for encoder and decoder", above=0, group="Optimiser")
    beta1: float = opt(
        0.9, "Adam's decay of the first moment, for encoder and decoder", low=0, high=0.9999, group="Optimiser"
    )
    beta2: float = opt(
        0.999, "Adam's decay of the second moment, for encoder and decoder", low=0, high=0.999999, group="Optimiser"
    )
    schedule: Literal["constant", "cosine"] = opt(
        "constant",
        "the learning rates over the run. cosine: from the given rates to a hundredth of them, along half a cosine",
        group="Optimiser",
    )
    batch_size: int = opt(64, "images in a batch", low=1, high=65536, group="Optimiser")
    steps: int = opt(300_000, "training steps", low=0, group="Optimiser")

    @property
    def against_collapse(self) -> tuple[str, ...]:
        """Weights with which training starts sooner, where these are others."""
        return () if self.initialisation == "he" else ("--initialisation he",)


def lower_beta(beta: float) -> tuple[str, ...]:
    """What may help against a collapse: a lower weight of the KL, where it is above that of the bound."""
    return ("a lower --beta",) if beta > 1 else ()
