"""The constants of metrics of images; see :mod:`disentool.metrics.constants`."""

from dataclasses import dataclass

from disentool.config import opt
from disentool.metrics.bounds import Constants


@dataclass(frozen=True)
class Likelihood(Constants):
    """Of importance sampling."""

    protocol: str = "subset"
    samples: int = opt(100, "K: samples of q(z|x), per image", low=1)
    rows: int | None = opt(1_000, "images; none: all", low=1)


@dataclass(frozen=True)
class Subset(Constants):
    """A seeded subset of the rows, all of them where there are fewer."""

    protocol: str = "subset"
    rows: int = opt(10_000, "images", low=1)
