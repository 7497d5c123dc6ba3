"""Options of the ML-VAE."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from disentool.config import opt
from disentool.contract.units import NATS_PER_IMAGE
from disentool.errors import WrongUsage
from disentool.methods._class_content.config import ClassConfig


@dataclass(frozen=True, kw_only=True)
class MLVAEConfig(ClassConfig):
    """Bouchacourt et al. (2018); the networks are those of Kim & Mnih (2018)."""

    class_dim: int = opt(10, "number of dimensions of the class code", low=1, high=4096)
    content_dim: int = opt(10, "number of dimensions of the content code", low=1, high=4096)
    beta: float = opt(1.0, "weight of both KL terms (the paper's bound: 1)", low=0)
    group_size: int = opt(
        8,
        "images of one class in a group, which give one class code together; a batch holds several groups",
        low=1,
        high=4096,
    )
    hidden_units: int = opt(256, "width of the fully connected layer", low=1, high=65536)
    likelihood: Literal["auto", "bernoulli", "gaussian"] = opt(
        "auto", "law of a pixel in the decoder; auto: the law that the data set states"
    )
    learning_rate: float = opt(1e-3, "Adam's learning rate", above=0, group="Optimiser")
    beta1: float = opt(0.9, "Adam's decay of the first moment", low=0, high=0.9999, group="Optimiser")
    beta2: float = opt(0.999, "Adam's decay of the second moment", low=0, high=0.999999, group="Optimiser")
    batch_size: int = opt(64, "images in a batch, a multiple of --group-size", low=1, high=65536, group="Optimiser")
    steps: int = opt(100_000, "training steps", low=0, group="Optimiser")

    UNITS: ClassVar[dict[str, str]] = {
        "reconstruction": NATS_PER_IMAGE,
        "mlvae_loss": NATS_PER_IMAGE,
        "class_kl": NATS_PER_IMAGE,
        "content_kl": NATS_PER_IMAGE,
    }
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"paper": {}, "quick": {"steps": 1000}}

    def __post_init__(self) -> None:
        """WrongUsage unless groups fill a batch, or as :class:`ClassConfig`."""
        super().__post_init__()
        if self.batch_size % self.group_size:
            raise WrongUsage(
                f"--batch-size {self.batch_size}: expected a multiple of --group-size {self.group_size}, as a batch is"
                " made of whole groups"
            )

    @property
    def groups(self) -> int:
        """Groups a batch."""
        return self.batch_size // self.group_size

    @property
    def against_collapse(self) -> tuple[str, ...]:
        """A lower weight of both KL terms, where it is above that of the bound."""
        return ("a lower --beta",) if self.beta > 1 else ()
