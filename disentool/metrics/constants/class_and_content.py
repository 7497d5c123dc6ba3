"""The constants of metrics of class and content; see :mod:`disentool.metrics.constants`."""

from dataclasses import dataclass
from typing import Literal

from disentool.config import opt
from disentool.errors import WrongUsage
from disentool.metrics.bounds import Constants


@dataclass(frozen=True)
class Leakage(Constants):
    """Of the probes, and of what they are trained on."""

    protocol: str = "probes"
    class_factor: str = opt("auto", "names joined by a plus; auto: the artefact's own")
    class_dims: str = opt("auto", "such as 0-3,7: the dimensions of the class code; auto: the artefact's own")
    noise: float | None = opt(
        None, "added to content codes, standard deviation; none: as in training, 1 where unknown", low=0
    )
    seeds: int = opt(3, "seeds of split, noise and probes", low=1)
    test_share: float = opt(0.2, "share of each class that tests")
    rows: int | None = opt(5_000, "rows of each part, at most; none: all", low=4)
    penalty: float = opt(
        1.0, "C of the logistic regression, the inverse weight of its squared coefficients", low=0, above=0
    )
    iterations: int = opt(200, "iterations of its L-BFGS, at most", low=1)
    units: int = opt(256, "units in each of the perceptron's two hidden layers", low=1)
    epochs: int = opt(100, "epochs of its training, at most", low=1)
    components: int = opt(10, "principal components of the content code, from which the class is read too", low=1)
    images: int = opt(500, "images reconstructed of each part, where there is a decoder", low=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.test_share < 1:
            raise WrongUsage(f"test_share {self.test_share}: expected more than 0 and less than 1")


@dataclass(frozen=True)
class Transfer(Constants):
    """Which measure is the score, and of how many pairs."""

    protocol: str = "pairs"
    measure: Literal["mse", "psnr", "ssim", "lpips"] = opt("mse", "which is the score: mse, psnr, ssim or lpips")
    pairs: int | None = opt(1_000, "pairs of each part, drawn from all there are; none: all", low=1)
    class_factor: str = opt("auto", "names joined by a plus; auto: the artefact's own")
    class_dims: str = opt("auto", "such as 0-3,7: the dimensions of the class code; auto: the artefact's own")
