"""Options of LORD."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from disentool.config import opt
from disentool.errors import WrongUsage

# For CPUs: few channels, small batches, fast codes; the penalty at which photographs leaked least for what they cost.
_SMALL = {
    "width": 64,
    "batch_size": 16,
    "learning_rate": 1e-3,
    "code_learning_rate": 0.1,
    "final_code_learning_rate": 0.01,
    "penalty_weight": 0.04,
    "amortize_learning_rate": 1e-3,
    "amortize_schedule": "cosine",
    "latent_share": 0.6,
    "steps": 2500,
}


@dataclass(frozen=True, kw_only=True)
class LORDConfig:
    """Gabbay & Hoshen (2020); the defaults are the recipe of the paper's account, with the steps of Cars3D.

    The preset ``iclr`` is the same in epochs of any data.

    The public code of ``iclr`` and ``tf`` also ends the first stage when its loss has not fallen for 100 epochs; here
    it goes to its last step.
    """

    class_factor: str = opt("auto", "factor that is the class, or several joined by +; auto: the one the data names")
    styles: int = opt(
        1, "clusters of each class's images, by k-means, that become classes of their own", low=1, high=1000
    )
    stage: Literal["both", "latent", "amortize"] = opt(
        "both",
        "latent: the codes of each class and image, and the generator; amortize (with --resume, after latent): encoders"
        " for images never seen",
    )
    content: Literal["optimised", "amortised"] = opt(
        "optimised", "content codes of the first stage: a free one for each image, or an encoder's (an ablation)"
    )
    regularisation: Literal["decay", "kl"] = opt(
        "decay",
        "what bounds the content: noise of fixed variance and decay, or a learned variance and KL (an ablation)",
    )
    noise: float = opt(1.0, "standard deviation of the noise on the content, of decay; 0: none (an ablation)", low=0)
    content_dim: int = opt(128, "dimensions of the content code", low=1, high=65536)
    class_dim: int = opt(256, "dimensions of the class code", low=1, high=65536)
    width: int = opt(256, "channels of the generator's convolutions, and of the encoders' last", low=4, high=4096)
    reconstruction: Literal["auto", "perceptual", "pixel"] = opt(
        "auto",
        "loss: L1 of VGG16's features, or of pixels and their gradients; auto: perceptual where weights are found",
    )
    vgg: str | None = opt(
        None, "file of VGG16's weights (torchvision's vgg16-397923af.pth); none: looked for in torch's hub cache"
    )
    loss_input: Literal["normalised", "raw"] = opt(
        "normalised",
        "normalised: mean of the layers, in grey levels of 255; raw: pixels in 0..1, sum of the layers, and pixel L1",
    )
    penalty_weight: float = opt(1e-3, "weight of the content's penalty", low=0)
    penalty: Literal["sum", "noisy-mean"] = opt(
        "sum", "squared length of the content: summed over the batch; or with its noise, averaged over the batch"
    )
    learning_rate: float = opt(1e-4, "Adam's first step for the generator; it falls along a cosine", above=0)
    final_learning_rate: float = opt(1e-5, "its last", above=0)
    code_learning_rate: float = opt(1e-3, "Adam's first step for the codes that are optimised", above=0)
    final_code_learning_rate: float = opt(1e-4, "its last", above=0)
    decay_every: Literal["epoch", "step"] = opt("epoch", "how often the steps of the optimiser become smaller")
    beta1: float = opt(0.5, "Adam's first-moment decay", low=0, high=0.9999)
    beta2: float = opt(0.999, "Adam's second-moment decay", low=0, high=0.999999)
    epsilon: float = opt(1e-7, "Adam's epsilon", above=0)
    slope: float = opt(0.3, "slope of the leaky ReLUs", low=0, high=1)
    initialisation: Literal["glorot", "torch"] = opt(
        "glorot", "first weights: Glorot's uniform ones and codes in -.05..05; or torch's, and codes from N(0, I)"
    )
    normalisation: Literal["std", "variance"] = opt(
        "std", "what keeps AdaIN finite: 1e-7 added to the standard deviation, or 1e-5 to the variance"
    )
    amortize_weight: float = opt(1e4, "second stage: weight of the squared distance of both codes", low=0)
    amortize_learning_rate: float = opt(1e-4, "second stage: Adam's first step", above=0)
    amortize_schedule: Literal["plateau", "cosine"] = opt(
        "plateau", "second stage: halve the step where the loss stays, or a cosine to a tenth of it"
    )
    latent_share: float = opt(
        0.5,
        "share of --steps that is the first stage's; a smaller one keeps its length where a run gets more steps",
        above=0,
        high=1,
    )
    batch_size: int = opt(64, "images a batch", low=1, high=65536)
    steps: int = opt(97_800, "training steps of both stages (200 epochs of Cars3D each), whatever --stage", low=0)

    # A run may be resumed with other values of these: the next stage, longer, or with its weights' file moved.
    EXTENDS: ClassVar[frozenset[str]] = frozenset({"stage", "latent_share", "vgg"})

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "iclr": {"epochs": 400},
        # The released code meant ten times the rate for the codes, but their optimiser took the generator's.
        "tf": {
            "epochs": 1200,
            "learning_rate": 3e-4,
            "code_learning_rate": 3e-4,
            "final_code_learning_rate": 1e-5,
            "latent_share": 5 / 6,
        },
        "torch": {
            "epochs": 400,
            "batch_size": 128,
            "learning_rate": 3e-4,
            "code_learning_rate": 3e-3,
            "final_code_learning_rate": 1e-5,
            "decay_every": "step",
            "epsilon": 1e-8,
            "penalty_weight": 1e-4,
            "penalty": "noisy-mean",
            "loss_input": "raw",
            "slope": 0.01,
            "initialisation": "torch",
            "normalisation": "variance",
            "amortize_weight": 10.0,
            "amortize_schedule": "cosine",
        },
        "small": _SMALL,
        "quick": _SMALL | {"steps": 1000},
    }

    def __post_init__(self) -> None:
        if self.reconstruction == "pixel" and self.vgg is not None:
            raise WrongUsage(f"--reconstruction pixel needs no --vgg {self.vgg}; give one of the two")
        if self.regularisation == "kl" and self.noise != 1:
            raise WrongUsage(f"--noise {self.noise:g}: --regularisation kl learns the noise's variance; leave it out")

    @property
    def latent_steps(self) -> int:
        """Steps of the first stage."""
        return round(self.latent_share * self.steps)

    @property
    def total_steps(self) -> int:
        """The step this command goes to."""
        return self.latent_steps if self.stage == "latent" else self.steps

    @property
    def needed_steps(self) -> int:
        """The steps that a checkpoint must have behind it before this command goes on with it."""
        return self.latent_steps if self.stage == "amortize" else 0
