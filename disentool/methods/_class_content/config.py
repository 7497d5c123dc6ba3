"""Options that the baselines of class and content share: what the class is, and what a reconstruction costs."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from disentool.config import opt
from disentool.errors import WrongUsage


@dataclass(frozen=True, kw_only=True)
class ClassConfig:
    """For comparison with LORD they can be trained with its reconstruction loss."""

    class_factor: str = opt(
        "auto",
        "the factor that is the class, or several factors joined by +; auto: the factor that the data set names",
        placeholder="FACTOR",
    )
    reconstruction: Literal["native", "pixel", "perceptual"] = opt(
        "native",
        "loss of an image. native: the method's own. pixel and perceptual are LORD's: L1 of pixels and their gradients,"
        " and L1 of VGG16's features (their means, for values in 0..1)",
    )
    vgg: str | None = opt(
        None,
        "file of VGG16's weights for the perceptual loss (torchvision's vgg16-397923af.pth); none: the file in torch's"
        " hub cache",
        placeholder="FILE",
    )

    EXTENDS: ClassVar[frozenset[str]] = frozenset({"vgg"})  # a run may be resumed with its weights' file moved

    def __post_init__(self) -> None:
        """WrongUsage where weights are named and not needed."""
        if self.vgg is not None and self.reconstruction != "perceptual":
            raise WrongUsage(f"--reconstruction {self.reconstruction} needs no --vgg {self.vgg}; give one of the two")
