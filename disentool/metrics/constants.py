"""The constants of every metric: a frozen dataclass each, whose fields hold default, meaning and bounds.

A protocol is an instance. ``dataclasses.replace(METRICS["factor"].protocols["paper"], votes=100)`` is a variation, and
a record names what was changed. The functions of this package take their defaults from here, and refuse with it what
cannot be. NumPy-free, so that help is instant.
"""

from dataclasses import dataclass
from typing import Literal

from disentool.config import opt
from disentool.errors import UnknownName, WrongUsage
from disentool.metrics.bounds import Constants

# ---- votes


@dataclass(frozen=True)
class Factor(Constants):
    """Protocol ``dlib`` draws as disentanglement_lib does, number for number, on a complete grid."""

    protocol: str = "paper"
    votes: int = opt(800, "votes that make the majority", low=1)
    evaluation_votes: int = opt(0, "fresh votes that are scored; 0: score the votes that made the majority", low=0)
    group_size: int = opt(100, "L: rows of one vote", low=2)
    prune_std: float = opt(0.05, "dimensions of a smaller standard deviation are collapsed and get no vote", low=0)
    rescaled: bool = opt(False, "whether the score is rescaled so that chance is 0")
    scale_rows: int | None = opt(
        None, "rows for the standard deviations; none: all if codes are ready, else 10,000", low=2
    )


@dataclass(frozen=True)
class Higgins(Constants):
    """Classifier ``softmax``: unpenalised, by Adagrad, as in the paper; ``logistic``: scikit-learn's as it comes."""

    protocol: str = "paper"  # dlib draws as disentanglement_lib does, number for number, on a complete grid
    train_points: int = opt(10_000, "points that train the classifier", low=1)
    test_points: int = opt(5_000, "points that test it", low=1)
    pairs: int = opt(200, "L: pairs of one point", low=1)
    classifier: Literal["softmax", "logistic"] = opt("softmax", "softmax or logistic")
    classifier_steps: int = opt(10_000, "steps of Adagrad", low=1)
    classifier_batch: int = opt(10, "points of one step", low=1)
    classifier_learning_rate: float = opt(0.01, "learning rate of Adagrad", above=0)
    rescaled: bool = opt(False, "whether the score is rescaled so that chance is 0")
    classifier_accumulator: float = opt(0.1, "where Adagrad's sums of squares start", above=0)

    def __post_init__(self) -> None:
        if self.classifier not in ("softmax", "logistic"):
            raise UnknownName("classifier of metric higgins", self.classifier, ("softmax", "logistic"))
        super().__post_init__()


# ---- functions of a whole table


@dataclass(frozen=True)
class Mig(Constants):
    """Bins 0 are the Gaussian mixtures of Chen et al., who left the factor shape out."""

    protocol: str = "exact"
    bins: int = opt(20, "bins of equal width, per dimension; 0: the Gaussian mixtures of Chen et al.", low=0)
    rows: int | None = opt(None, "rows; none: all", low=2)
    samples: int = opt(10_000, "samples of z, for the mixtures' entropies", low=2)
    without: str = opt("shape", "factors that the mixtures leave out, separated by commas")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bins == 1:
            raise WrongUsage("bins 1: expected at least 2, or 0 for Gaussian mixtures")


@dataclass(frozen=True)
class Binned(Constants):
    """Of metrics that are functions of the mutual information of binned codes."""

    protocol: str = "exact"
    bins: int = opt(20, "bins of equal width, per dimension", low=2)
    rows: int | None = opt(None, "rows; none: all", low=2)


@dataclass(frozen=True)
class Irs(Constants):
    """Quantile 1 is the largest distance, as in the paper."""

    protocol: str = "exact"
    quantile: float = opt(0.99, "quantile of the distances within a group; 1: the largest", low=0)
    factor_bins: int = opt(20, "factors of more values are cut to so many of equal width; 0: never", low=0)
    rows: int | None = opt(None, "rows; none: all", low=2)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.quantile > 1:
            raise WrongUsage(f"quantile {self.quantile}: expected 0 to 1")


@dataclass(frozen=True)
class GaussianTc(Constants):
    """How many rows the covariance is of."""

    protocol: str = "exact"
    rows: int | None = opt(None, "rows; none: all", low=2)


@dataclass(frozen=True)
class Wasserstein(Constants):
    """Normalised, the distance is a share of the total variance."""

    protocol: str = "exact"
    normalise: bool = opt(False, "divide by the codes' total variance")
    rows: int | None = opt(None, "rows; none: all", low=2)


# ---- functions of training and test rows


@dataclass(frozen=True)
class Sap(Constants):
    """Mode ``discrete``: support vector machines; ``continuous``: squared correlations."""

    protocol: str = "exact"
    mode: Literal["discrete", "continuous"] = opt("discrete", "discrete or continuous")
    penalty: float = opt(0.01, "C of the support vector machine; its loss is summed over rows", low=1e-6)
    train_rows: int | None = opt(None, "training rows; none: all", low=2)
    test_rows: int | None = opt(None, "test rows; none: the training rows", low=1)


@dataclass(frozen=True)
class Explicitness(Constants):
    """Of the logistic regression."""

    protocol: str = "exact"
    penalty: float = opt(1.0, "C, the inverse weight of the squared coefficients", low=0, above=0)
    iterations: int = opt(100, "iterations of L-BFGS, at most", low=1)
    train_rows: int | None = opt(None, "training rows; none: all", low=2)
    test_rows: int | None = opt(None, "test rows; none: the training rows", low=1)


@dataclass(frozen=True)
class Dci(Constants):
    """Of boosted trees."""

    protocol: str = "dlib"
    rounds: int = opt(100, "rounds of boosting; each adds a tree per class", low=1)
    learning_rate: float = opt(0.1, "learning rate of boosting", low=1e-6)
    depth: int = opt(3, "depth of a tree", low=1)
    train_rows: int | None = opt(10_000, "training rows; none: all", low=2)
    test_rows: int | None = opt(5_000, "test rows; none: the training rows", low=1)


@dataclass(frozen=True)
class DciHist(Constants):
    """Of boosted trees on binned codes."""

    protocol: str = "dlib"
    rounds: int = opt(100, "rounds of boosting; each adds a tree per class", low=1)
    learning_rate: float = opt(0.1, "learning rate of boosting", low=1e-6)
    depth: int = opt(3, "depth of a tree", low=1)
    bins: int = opt(255, "bins per dimension, of equal numbers of rows", low=2, high=255)
    train_rows: int | None = opt(10_000, "training rows; none: all", low=2)
    test_rows: int | None = opt(5_000, "test rows; none: the training rows", low=1)


@dataclass(frozen=True)
class DciLasso(Constants):
    """Of Lasso regression."""

    protocol: str = "dlib"
    penalty: float = opt(0.02, "alpha, the weight of the coefficients' absolute sum", low=1e-9)
    train_rows: int | None = opt(10_000, "training rows; none: all", low=2)
    test_rows: int | None = opt(5_000, "test rows; none: the training rows", low=1)


# ---- means over images, posteriors, several models


@dataclass(frozen=True)
class Subset(Constants):
    """A seeded subset of the rows, all of them where there are fewer."""

    protocol: str = "subset"
    rows: int = opt(10_000, "images", low=1)


@dataclass(frozen=True)
class Likelihood(Constants):
    """Of importance sampling."""

    protocol: str = "subset"
    samples: int = opt(100, "K: samples of q(z|x), per image", low=1)
    rows: int | None = opt(1_000, "images; none: all", low=1)


@dataclass(frozen=True)
class Tc(Constants):
    """Rows are of the means for protocol ``gaussian``; z comes from them for ``discriminator``."""

    protocol: str = "mixture"
    samples: int = opt(2_000, "samples of z ~ q(z)", low=2)
    rows: int | None = opt(None, "images; none: all", low=2)


@dataclass(frozen=True)
class Udr(Constants):
    """Of the comparison of two models' dimensions."""

    protocol: str = "lasso"
    similarity: Literal["lasso", "spearman"] = opt("lasso", "lasso or spearman")
    penalty: float = opt(0.1, "alpha of the Lasso", low=0)
    zero_kl: float = opt(0.01, "nats: a dimension with no more is set to zero", low=0)
    keep_kl: float | None = opt(0.01, "nats: a dimension with no more is left out of the means; none: all stay", low=0)
    rows: int | None = opt(1_000, "images; none: all", low=2)


# ---- class and content


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


# ---- directions


@dataclass(frozen=True)
class Control(Constants):
    """``measure``: ``objects`` (barycenter and area of a bright object), ``registration`` (of anything), ``auto``
    (objects where all images show one), or the user's ``module:function``.
    """

    protocol: str = "grid"
    measure: str = opt("auto", "auto, objects, registration or module:function")
    starts: int = opt(100, "codes from the prior", low=5)
    levels: int = opt(21, "values of alpha, evenly from -extent to extent", low=5)
    extent: float = opt(3.0, "standard deviations of the prior", low=0.1)
    samples: int = opt(500, "images to check the law of t with", low=20)
    baseline: int = opt(6, "random directions", low=2)
    baseline_starts: int = opt(25, "codes from the prior, for each random direction", low=5)
    resamples: int = opt(1000, "resamples of the starts", low=50)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.levels % 2 == 0:
            raise WrongUsage(f"levels {self.levels}: expected an odd number, so that alpha = 0 is among them")
