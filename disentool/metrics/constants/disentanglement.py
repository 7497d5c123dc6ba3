"""The constants of metrics that compare codes with factors; see :mod:`disentool.metrics.constants`."""

from dataclasses import dataclass
from typing import Literal

from disentool.config import opt
from disentool.errors import UnknownName, WrongUsage
from disentool.metrics.bounds import Constants


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
    categorical: Literal["gini", "number"] = opt(
        "gini", "gini: dimensions that a model declares to be classes have Gini's variance; number: that of the numbers"
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
    iterations: int = opt(100, "iterations of logistic, at most", low=1)

    def __post_init__(self) -> None:
        if self.classifier not in ("softmax", "logistic"):
            raise UnknownName("classifier of metric higgins", self.classifier, ("softmax", "logistic"))
        super().__post_init__()


@dataclass(frozen=True)
class Mig(Constants):
    """Bins 0 are the Gaussian mixtures of Chen et al., who left the factor shape out."""

    protocol: str = "exact"
    bins: int = opt(20, "bins of equal width, per dimension; 0: the Gaussian mixtures of Chen et al.", low=0)
    rows: int | None = opt(None, "rows; none: all", low=2)
    samples: int = opt(10_000, "samples of z, for the mixtures' entropies", low=2)
    without: str = opt("shape", "factors that the mixtures leave out, separated by commas")
    divide_by: Literal["factor", "code"] = opt(
        "factor",
        "factor: the gap over the factor's entropy; code: the gap of shares of each binned dimension's entropy",
    )

    @property
    def mixtures(self) -> bool:
        """Of Chen et al."""
        return self.bins == 0

    def __post_init__(self) -> None:
        if self.bins < 2 and self.bins != 0:
            raise WrongUsage(f"bins {self.bins}: expected at least 2, or 0 for Gaussian mixtures")
        if self.divide_by == "code" and self.bins == 0:
            raise WrongUsage("divide_by code: needs binned dimensions, whose entropy is finite; give bins")
        super().__post_init__()


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
    depth: int = opt(3, "depth of a tree", low=1, high=16)
    train_rows: int | None = opt(10_000, "training rows; none: all", low=2)
    test_rows: int | None = opt(5_000, "test rows; none: the training rows", low=1)


@dataclass(frozen=True)
class DciHist(Constants):
    """Of boosted trees on binned codes."""

    protocol: str = "dlib"
    rounds: int = opt(100, "rounds of boosting; each adds a tree per class", low=1)
    learning_rate: float = opt(0.1, "learning rate of boosting", low=1e-6)
    depth: int = opt(3, "depth of a tree", low=1, high=16)
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
