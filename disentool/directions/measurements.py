"""Measurements of an image: the place and the size of a bright object, and the brightness of the picture.

Pure functions of arrays, to measure whether a direction does what it was asked to: barycenter and area of the bright
object (Plumerault et al. 2020, "Controlling generative models with continuous factors of variations"), and means of the
colours. :mod:`disentool.directions.registration` measures displacements of anything else.
"""

from dataclasses import dataclass

import numpy as np

# An image's brightness below this share of its peak is no part of the object: the haze of a decoder's zeros.
FLOOR = 0.25
# Nothing is there to measure where the brightest pixel is darker.
DARK = 0.1
# What a dark border is, as a share of the peak, and how wide the border is, as a share of the side.
_BORDER_BELOW, _BORDER = 0.15, 1 / 16


@dataclass(frozen=True)
class Measured:
    """One measurement: the unit of its numbers, and what they mean."""

    unit: str
    summary: str


MEASURED: dict[str, Measured] = {
    "x": Measured("image widths", "where the object is, + right"),
    "y": Measured("image heights", "where the object is, + down"),
    "scale": Measured("natural log", "how large it is: ln of its side"),
    "angle": Measured("degrees", "how it is turned, + counter-clockwise"),
    "brightness": Measured("1 is white", "mean of all pixels"),
    "red": Measured("1 is full", "mean of the red pixels"),
    "green": Measured("1 is full", "mean of the green pixels"),
    "blue": Measured("1 is full", "mean of the blue pixels"),
}

# What each transform moves, by the transform's name.
CONTROLS: dict[str, str] = {
    "shift-x": "x",
    "shift-y": "y",
    "zoom": "scale",
    "rotate": "angle",
    "brightness": "brightness",
    "red": "red",
    "green": "green",
    "blue": "blue",
}
COLOURS = ("red", "green", "blue")


def grey(images: np.ndarray) -> np.ndarray:
    """Images [n,H,W,C] in 0..1 -> their mean over the channels, float32 [n,H,W]."""
    return images.mean(axis=3, dtype=np.float32)


def objects(images: np.ndarray) -> dict[str, np.ndarray]:
    """``x``, ``y``, ``scale`` float64 [n] of the bright object of each image, [n,H,W,C] in 0..1.

    A pixel weighs by how far it is above a quarter of the image's peak. ``x``, ``y``: the barycenter, 0 the middle of
    the image, -0.5 and 0.5 its edges. ``scale``: half the natural log of the area, the sum of the weights as a share
    of the peak's, in images. NaN where nothing is brighter than ``DARK``.
    """
    value = grey(images).astype(np.float64)
    _, height, width = value.shape
    peak = value.max(axis=(1, 2))
    weight = np.maximum(value - FLOOR * peak[:, None, None], 0)
    total = weight.sum(axis=(1, 2))
    there = peak >= DARK
    safe = np.where(there, total, 1)
    across = (np.arange(width) + 0.5) / width - 0.5
    down = (np.arange(height) + 0.5) / height - 0.5
    x = np.einsum("nhw,w->n", weight, across) / safe
    y = np.einsum("nhw,h->n", weight, down) / safe
    area = safe / (np.where(there, peak, 1) * (1 - FLOOR) * height * width)
    found = {"x": x, "y": y, "scale": 0.5 * np.log(area)}
    return {name: np.where(there, values, np.nan) for name, values in found.items()}


def colours(images: np.ndarray) -> dict[str, np.ndarray]:
    """``brightness`` float64 [n] of images [n,H,W,C] in 0..1, and ``red``, ``green``, ``blue`` where they have them."""
    means = images.mean(axis=(1, 2), dtype=np.float64)
    found = {"brightness": means.mean(axis=1)}
    return found | (dict(zip(COLOURS, means.T, strict=True)) if images.shape[3] == 3 else {})


def show_bright_objects(images: np.ndarray) -> bool:
    """Whether images [n,H,W,C] show something bright within a dark border: nine of ten that are not black, or more.

    At least half must not be black.
    """
    value = grey(images)
    _, height, width = value.shape
    rows, columns = max(1, round(height * _BORDER)), max(1, round(width * _BORDER))
    border = np.ones((height, width), bool)
    border[rows:-rows, columns:-columns] = False
    peak = value.max(axis=(1, 2))
    seen = peak >= 3 * DARK
    dark = value[:, border].mean(axis=1) <= _BORDER_BELOW * peak
    return bool(seen.mean() >= 0.5 and dark[seen].mean() >= 0.9)
