"""Options that the InfoGAN family shares: its codes, its networks, and how it is trained."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from disentool.config import opt
from disentool.contract.units import NATS
from disentool.errors import WrongUsage

MOST_CLASSES = 4096  # of one categorical code, as a one-hot vector


@dataclass(frozen=True, kw_only=True)
class AdversarialConfig:
    """Chen et al. (2016), "InfoGAN": the options of both its original and its Wasserstein form."""

    categorical: str | None = opt(
        "10",
        "number of classes of each categorical code, joined by +: 10, or 3+4 for two codes; none: no categorical code",
        placeholder="N+N",
    )
    continuous: int = opt(2, "number of continuous codes", low=0, high=4096)
    continuous_law: Literal["uniform", "normal"] = opt(
        "uniform", "prior of the continuous codes: uniform in -1..1, or standard normal"
    )
    noise_dim: int = opt(62, "number of noise dimensions (standard normal), which Q need not recover", low=0, high=4096)
    information_weight: float = opt(1.0, "lambda, the weight of the mutual information of codes and images", low=0)
    recogniser: Literal["shared", "own"] = opt(
        "shared", "convolutions of Q: shared with the discriminator (or critic), or Q's own"
    )
    architecture: Literal["standard", "large"] = opt(
        "standard",
        "size of the networks. standard: convolutions of 32, 32, 64, 64 channels and 128 units, as the autoencoders"
        " have (Kim & Mnih, appendix A). large: 64, 128, 256, 256 channels and 1024 units (InfoGAN, appendix C)",
    )
    early_stop: int | None = opt(
        None,
        "stop when the mutual information of codes and images has not risen for N steps, as in a GAN that has"
        " collapsed. The checkpoint is of the last step; --keep-every keeps earlier ones. none: train to the last step",
        low=1,
        group="Optimiser",
    )
    batch_size: int = opt(64, "images in a batch", low=1, high=65536, group="Optimiser")

    UNITS: ClassVar[dict[str, str]] = {"information": NATS}

    def __post_init__(self) -> None:
        """WrongUsage unless the codes make sense."""
        if not self.categories and not self.continuous:
            raise WrongUsage("--categorical none --continuous 0: no code is left to learn; ask for one of them")

    @property
    def categories(self) -> tuple[int, ...]:
        """The number of classes of each categorical code; WrongUsage if the text does not say it."""
        if self.categorical is None:
            return ()
        parts = self.categorical.split("+")
        if not all(p.isascii() and p.isdecimal() and len(p) < 6 and 2 <= int(p) <= MOST_CLASSES for p in parts):
            raise WrongUsage(
                f"--categorical {self.categorical}: expected numbers of classes from 2 to {MOST_CLASSES}, joined by +,"
                " such as 10 or 3+4; or none"
            )
        return tuple(map(int, parts))
