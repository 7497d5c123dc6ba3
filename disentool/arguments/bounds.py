"""What a call may ask for: bounds of numbers, and names to choose from. Torch-free.

The options of the command line and the arguments of the Python API are made from these. A bound that the code itself
checks, such as that of an animation's frames, is declared where it is checked.
"""

import math
from dataclasses import dataclass
from typing import Literal

from disentool import config
from disentool.errors import WrongUsage
from disentool.training.config import RunConfig


@dataclass(frozen=True)
class Bounds:
    """The least and the greatest value of a number, both allowed; ``open_below``: the least one is not."""

    low: float
    high: float = math.inf
    open_below: bool = False

    def hold(self, value: float) -> bool:
        """Whether a number is within them; NaN is not."""
        return (self.low < value if self.open_below else self.low <= value) and value <= self.high

    def __str__(self) -> str:
        if self.open_below:
            return f"more than {self.low:,} and at most {self.high:,}"
        return f"at least {self.low:,}" if self.high == math.inf else f"{self.low:,} to {self.high:,}"


SEED = Bounds(0, 2**32 - 1)
DRAWS = Bounds(1, 10_000_000)  # images drawn from a prior
GRID_PIXELS = Bounds(8, 1024)  # an image's longer side in a grid of samples
INVERTED_PIXELS = Bounds(16, 1024)  # the same in the picture of an inversion
IMAGES = Bounds(1)  # images to start from
STARTS = Bounds(5, 100_000)  # random codes that a search for directions begins from
EXTENT = Bounds(0, 100, open_below=True)  # of a traversal, in standard deviations of the prior
SUBSET = Bounds(1)
RESIZED_PIXELS = Bounds(1, 4096)  # each side of the images of a data set
BINS = Bounds(2)  # classes that a measured factor is cut into
CROP = Bounds(1)
EVERY = Bounds(1)  # frames of a video, of which one is kept
REPEATS = Bounds(1)
BOOTSTRAP = Bounds(0)

Part = Literal["train", "test", "all"]  # of a data set's rows, by its split
CodesFrom = Literal["auto", "encoder", "latent"]  # of a method that optimises codes
Baseline = Literal["untrained"]  # a model whose score stands beside a checkpoint's
Side = Literal["content", "class"]  # of a swap
ClassProtocol = Literal["none", "instance", "pose"]  # of smallnorb
DEVICES = config.options(RunConfig)["device"].choices or ()
PRECISIONS = config.options(RunConfig)["precision"].choices or ()


def ends_of(extent: float | tuple[float, float]) -> tuple[float, float]:
    """From where to where a traversal runs: a pair, or a number X for -X to X; WrongUsage for what cannot be."""
    if not isinstance(extent, tuple):
        if not EXTENT.hold(extent):
            raise WrongUsage(f"--range {extent:g}: expected standard deviations of the prior, {EXTENT}")
        return -extent, extent
    low, high = extent
    if not -EXTENT.high <= low < high <= EXTENT.high:
        raise WrongUsage(
            f"--range {low:g}:{high:g}: expected LOW:HIGH from -{EXTENT.high:g} to {EXTENT.high:g}, LOW below HIGH"
        )
    return low, high
