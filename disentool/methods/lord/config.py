"""Options of LORD."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from disentool.config import opt
from disentool.errors import WrongUsage

# For CPUs: few channels, small batches, fast codes; chosen by trials on three small sets (recipes/README.md).
_SMALL = {
    "width": 64,
    "batch_size": 16,
    "modulation": "identity",
    "cross_entropy": 0.5,
    "penalty": "mean",
    "learning_rate": 1e-3,
    "code_learning_rate": 0.1,
    "final_code_learning_rate": 0.01,
    "penalty_weight": 0.064,
    "amortize_learning_rate": 1e-3,
    "amortize_schedule": "cosine",
    "latent_share": 0.6,
    "steps": 2500,
}

_STOPS = {"least_fall": 1.0, "stop_after": 40}  # in the second stage of the code of ``iclr`` and ``tf``


@dataclass(frozen=True, kw_only=True)
class LORDConfig:
    """Gabbay & Hoshen (2020); the defaults are the recipe of the paper's account, with the steps of Cars3D.

    The preset ``iclr`` is the same in epochs of any data.

    The public code of ``iclr`` and ``tf`` also ends the first stage when its loss has not fallen for 100 epochs; here
    it goes to its last step. That of the second stage ends it after 40, which these presets do too.
    """

    class_factor: str = opt(
        "auto",
        "the factor that is the class, or several factors joined by +; auto: the factor that the data set names",
        placeholder="FACTOR",
    )
    styles: int = opt(
        1, "clusters that k-means makes of the images of each class; each becomes a class of its own", low=1, high=1000
    )
    stage: Literal["both", "latent", "amortize"] = opt(
        "both",
        "what to train. latent: the codes of each class and each image, and the generator. amortize (with --resume,"
        " after latent): encoders for new images. both: one after the other",
    )
    content: Literal["optimised", "amortised"] = opt(
        "optimised", "content codes of the first stage: optimised for each image, or given by an encoder (an ablation)"
    )
    regularisation: Literal["decay", "kl"] = opt(
        "decay",
        "what limits the content. decay: noise of fixed variance, and decay. kl: a learned variance, and KL (an"
        " ablation)",
    )
    noise: float = opt(
        1.0, "for decay: the standard deviation of the noise on the content; 0: no noise (an ablation)", low=0
    )
    content_dim: int = opt(128, "number of dimensions of the content code", low=1, high=65536)
    class_dim: int = opt(256, "number of dimensions of the class code", low=1, high=65536)
    width: int = opt(
        256, "channels of the generator's convolutions, and of the last convolution of each encoder", low=4, high=4096
    )
    reconstruction: Literal["auto", "perceptual", "pixel"] = opt(
        "auto",
        "loss of an image. perceptual: L1 of VGG16's features. pixel: L1 of pixels and their gradients. auto:"
        " perceptual if VGG16's weights are found",
    )
    vgg: str | None = opt(
        None,
        "file of VGG16's weights (torchvision's vgg16-397923af.pth); none: the file in torch's hub cache",
        placeholder="FILE",
    )
    loss_input: Literal["normalised", "raw"] = opt(
        "normalised",
        "input and sum of the perceptual loss. normalised: grey levels of 255, mean of the layers. raw: pixels in 0..1,"
        " sum of the layers, and L1 of pixels",
    )
    cross_entropy: float = opt(
        0.0,
        "share of the pixels' cross-entropy, on logits, in the loss of data whose likelihood is bernoulli; the rest is"
        " --reconstruction. Without it, images of small bright shapes may stay dark for ever",
        low=0,
        high=1,
    )
    penalty_weight: float = opt(1e-3, "weight of the penalty on the content", low=0)
    penalty: Literal["sum", "noisy-mean", "mean"] = opt(
        "sum",
        "squared length of the content. sum: without noise, summed over the batch. noisy-mean: with noise, averaged"
        " over the batch. mean: without noise, averaged over the batch, so that its weight suits batches of any size",
    )
    learning_rate: float = opt(
        1e-4,
        "Adam's learning rate for the generator at the first step; it falls along a cosine",
        above=0,
        group="Optimiser",
    )
    final_learning_rate: float = opt(
        1e-5, "Adam's learning rate for the generator at the last step", above=0, group="Optimiser"
    )
    code_learning_rate: float = opt(
        1e-3,
        "Adam's learning rate for the optimised codes at the first step; it falls along a cosine",
        above=0,
        group="Optimiser",
    )
    final_code_learning_rate: float = opt(
        1e-4, "Adam's learning rate for the optimised codes at the last step", above=0, group="Optimiser"
    )
    decay_every: Literal["epoch", "step"] = opt("epoch", "how often the learning rates fall", group="Optimiser")
    beta1: float = opt(0.5, "Adam's decay of the first moment", low=0, high=0.9999, group="Optimiser")
    beta2: float = opt(0.999, "Adam's decay of the second moment", low=0, high=0.999999, group="Optimiser")
    epsilon: float = opt(1e-7, "Adam's epsilon", above=0, group="Optimiser")
    slope: float = opt(0.3, "slope of the leaky ReLUs below 0", low=0, high=1)
    initialisation: Literal["glorot", "torch"] = opt(
        "glorot",
        "first weights. glorot: Glorot's uniform weights. torch: torch's own. The codes begin in -0.05..0.05 with both",
    )
    modulation: Literal["drawn", "identity"] = opt(
        "drawn",
        "first weights of AdaIN's modulation. drawn: as those of other layers, so that each channel begins with a small"
        " scale of either sign. identity: scales begin at 1 and shifts at 0",
    )
    normalisation: Literal["std", "variance"] = opt(
        "std",
        "what is added in AdaIN so that no division is by 0: 1e-7 to the standard deviation, or 1e-5 to the variance",
    )
    amortize_weight: float = opt(1e4, "second stage: the weight of the squared distance of both codes", low=0)
    amortize_learning_rate: float = opt(
        1e-4, "second stage: Adam's learning rate at the first step", above=0, group="Optimiser"
    )
    amortize_schedule: Literal["plateau", "cosine"] = opt(
        "plateau",
        "second stage: plateau: halve the learning rate when the loss stops falling. cosine: let it fall to a tenth",
        group="Optimiser",
    )
    least_fall: float = opt(
        0.0,
        "second stage: a fall of the loss that is not larger counts as none, for plateau and --stop-after",
        low=0,
        group="Optimiser",
    )
    stop_after: int = opt(
        0,
        "second stage: epochs without a fall of the loss after which training ends; 0: never",
        low=0,
        group="Optimiser",
    )
    latent_share: float = opt(
        0.5,
        "share of --steps that the first stage takes; to train longer afterwards, raise --steps and lower this",
        above=0,
        high=1,
        group="Optimiser",
    )
    batch_size: int = opt(64, "images in a batch", low=1, high=65536, group="Optimiser")
    steps: int = opt(
        97_800,
        "training steps of both stages together, whatever --stage is (200 epochs of Cars3D for each stage)",
        low=0,
        group="Optimiser",
    )

    # A run may be resumed with other values of these: the next stage, longer, or with its weights' file moved.
    EXTENDS: ClassVar[frozenset[str]] = frozenset({"stage", "latent_share", "stop_after", "vgg"})
    # What presets have changed: a run that is resumed with its preset goes on as it began.
    BEGINS: ClassVar[frozenset[str]] = frozenset(
        {"cross_entropy", "least_fall", "modulation", "penalty", "penalty_weight", "stop_after"}
    )

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "iclr": {"epochs": 400, **_STOPS},
        # The released code meant ten times the rate for the codes, but their optimiser took the generator's.
        "tf": {
            "epochs": 1200,
            "learning_rate": 3e-4,
            "code_learning_rate": 3e-4,
            "final_code_learning_rate": 1e-5,
            "latent_share": 5 / 6,
            **_STOPS,
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
    def style_weights(self) -> Path | None:
        """The file of VGG16 where the loss is perceptual; None: where it is of pixels."""
        # Imported here: it needs torch.
        from disentool.io import vgg

        return vgg.choose(self.reconstruction, self.vgg)

    @property
    def likelihood(self) -> str:
        """``auto``: the data's likelihood decides whether the loss has a cross-entropy; else it decides nothing."""
        return "auto" if self.cross_entropy else "gaussian"

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
