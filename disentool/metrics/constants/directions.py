"""The constants of metrics of directions; see :mod:`disentool.metrics.constants`."""

from dataclasses import dataclass

from disentool.config import opt
from disentool.errors import WrongUsage
from disentool.metrics.bounds import Constants


@dataclass(frozen=True)
class Control(Constants):
    """``measure``: ``objects`` (barycenter and area of a bright object), ``saliency`` (of what differs from the frame
    of the picture), ``registration`` (of anything), ``auto`` (objects where all images show one, else registration), or
    the user's ``module:function``.
    """

    protocol: str = "grid"
    measure: str = opt("auto", "auto, objects, saliency, registration or module:function")
    starts: int = opt(100, "codes from the prior", low=5)
    levels: int = opt(21, "values of alpha, evenly from -extent to extent", low=5)
    extent: float = opt(3.0, "standard deviations of the prior", low=0.1)
    samples: int = opt(500, "images to check the law of t with", low=20)
    baseline: int = opt(20, "random directions", low=2)
    baseline_starts: int = opt(25, "codes from the prior, for each random direction", low=5)
    resamples: int = opt(1000, "resamples of the starts", low=50)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.levels % 2 == 0:
            raise WrongUsage(f"levels {self.levels}: expected an odd number, so that alpha = 0 is among them")
