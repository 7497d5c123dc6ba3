"""Options of LORD."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from disentool.config import opt


@dataclass(frozen=True, kw_only=True)
class LORDConfig:
    """Gabbay & Hoshen (2020); the defaults are the recipe of the paper's account, the preset ``iclr``."""

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
        "decay", "what bounds the content: noise of fixed variance and decay, or a learned variance and KL (an ablation)"
    )
    noise: float = opt(1.0, "standard deviation of the noise on the content (decay); 0: none (an ablation)", low=0)
    content_dim: int = opt(128, "dimensions of the content code", low=1, high=65536)
    class_dim: int = opt(256, "dimensions of the class code", low=1, high=65536)
    width: int = opt(256, "channels of the generator's convolutions, and of the encoders' last", low=4, high=4096)
    reconstruction: Literal["auto", "perceptual", "pixel"] = opt(
        "auto", "loss: L1 of VGG16's features, or of pixels and their gradients; auto: perceptual where weights are found"
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
    code_learning_rate: float = opt(1e-3, "Adam's first step for the codes", above=0)
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
    amortize_length: float = opt(1.0, "second stage: steps, in lengths of the first", low=0, high=1000)
    early_stop: int | None = opt(
        100, "end the first stage when its loss has not fallen for so many epochs; none: at its last step", low=1
    )
    batch_size: int = opt(64, "images a batch", low=1, high=65536)
    steps: int | None = opt(None, "training steps of the first stage; none: --epochs, or the recipe's 200", low=0)

    EPOCHS: ClassVar[int] = 200  # of the first stage, where neither steps nor epochs are given

    # Options that a finished run may be resumed with, other than it was made with: a second stage is more steps.
    EXTENDS: ClassVar[frozenset[str]] = frozenset({"stage", "amortize_length"})

    PRESETS: ClassVar[dict[str, dict]] = {
        "iclr": {},
        # The released code meant ten times the rate for the codes, but their optimiser took the generator's.
        "tf": {
            "epochs": 1000,
            "learning_rate": 3e-4,
            "code_learning_rate": 3e-4,
            "final_code_learning_rate": 1e-5,
            "amortize_length": 0.2,
        },
        "torch": {
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
            "early_stop": None,
        },
        "small": {"width": 64, "learning_rate": 1e-3, "code_learning_rate": 1e-2},
    }

    @property
    def total_steps(self) -> int:
        """Steps of both stages."""
        return (self.steps or 0) + self.amortize_steps

    @property
    def amortize_steps(self) -> int:
        """Steps of the second stage."""
        return 0 if self.stage == "latent" else round(self.amortize_length * (self.steps or 0))
