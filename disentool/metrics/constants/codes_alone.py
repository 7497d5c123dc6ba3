"""The constants of metrics of codes alone; see :mod:`disentool.metrics.constants`."""

from dataclasses import dataclass
from typing import Literal

from disentool.config import opt
from disentool.metrics.bounds import Constants


@dataclass(frozen=True)
class Udr(Constants):
    """Of the comparison of two models' dimensions."""

    protocol: str = "lasso"
    similarity: Literal["lasso", "spearman"] = opt("lasso", "lasso or spearman")
    penalty: float = opt(0.1, "alpha of the Lasso", low=0)
    zero_kl: float = opt(0.01, "nats: a dimension with no more is set to zero", low=0)
    keep_kl: float | None = opt(0.01, "nats: a dimension with no more is left out of the means; none: all stay", low=0)
    rows: int | None = opt(1_000, "images; none: all", low=2)
    average: Literal["sides", "dimensions"] = opt(
        "sides", "sides: the mean of both models' means; dimensions: over the dimensions of both, as in the paper"
    )


@dataclass(frozen=True)
class Tc(Constants):
    """Of metrics of q(z). Rows are of the means for protocol ``gaussian``; z comes from them for ``discriminator``."""

    protocol: str = "mixture"
    samples: int = opt(2_000, "samples of z ~ q(z)", low=2)
    rows: int | None = opt(None, "images; none: all", low=2)

    @property
    def mixtures(self) -> bool:
        """Of all posteriors."""
        return self.protocol == "mixture"


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
