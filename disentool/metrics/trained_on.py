"""What an artefact says of its classes, its codes and its training, as metrics of class and content take it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Training:
    """What an artefact says of its classes, its codes and its training.

    ``class_factor``: names of factors joined by a plus. ``class_width``: how many columns of ``mean``, from the left,
    are the class code. ``images``: int64 [classes], how many images of each were trained on. ``rows``: bool [n], which
    of the points were. ``noise``: standard deviation of the noise on the content code in training.
    """

    class_factor: str = ""
    class_width: int | None = None
    images: np.ndarray | None = None
    rows: np.ndarray | None = None
    noise: float | None = None


UNKNOWN = Training()
