"""How images are measured: by a bright or a salient object, by registration, or by a function of the user's own."""

import math
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass

import numpy as np

from disentool.directions import measurements
from disentool.directions.measurements import CONTROLS, MEASURED
from disentool.directions.registration import Motion, register
from disentool.directions.saliency import salient
from disentool.errors import DataMismatch, DisentoolError, UnknownName, UnsafeFile
from disentool.metrics.control import Moved
from disentool.named_code import is_own, load

_STEP = 0.5  # the longest step along a direction, in standard deviations of the prior, between registered images
_MATCH = 0.2  # the largest share of an image's variance that a registration may leave
_MOTIONS = ("x", "y", "scale", "angle")  # the measurements that registration makes, in the order of its numbers
KINDS = ("auto", "objects", "saliency", "registration")
Own = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ImageMeasurement:
    """``kind``: objects, saliency, registration, or the reference of the user's ``own`` function. ``transform``: what
    to check.

    The user's function takes images float32 [n,H,W,C] in 0..1 and returns numbers [n] in the transform's units; images
    that it cannot measure are NaN.
    """

    kind: str
    transform: str
    own: Own | None = None

    @property
    def controlled(self) -> str:
        """The measurement that a direction for the transform is to move."""
        return self.transform if self.own else CONTROLS.get(self.transform, "x")

    def between(self, s: np.ndarray) -> int:
        """Into how many steps the way between neighbouring places ``s`` [S,K] along a direction is to be cut."""
        longest = np.abs(np.diff(s, axis=1)).max(initial=0)
        return max(1, math.ceil(longest / _STEP)) if self.kind == "registration" else 1

    def along(self, images: np.ndarray, origin: int) -> dict[str, np.ndarray]:
        """Images [S,K,H,W,C] of S starts, each at K places in a row -> each measurement float64 [S,K].

        Registered motions are from the place ``origin``.
        """
        count, places = images.shape[:2]
        flat = images.reshape(count * places, *images.shape[2:])
        found = measurements.colours(flat)
        if self.own:
            found |= {self.transform: self._owned(self.own, flat)}
        elif self.kind == "objects":
            found |= measurements.objects(flat)
        elif self.kind == "saliency":
            found |= salient(flat)
        found = {name: values.reshape(count, places) for name, values in found.items()}
        return found | _motions(images, origin) if self.kind == "registration" else found

    def moved(self, values: dict[str, np.ndarray]) -> Moved:
        """The measurements as the metric takes them."""
        units = {name: MEASURED[name].unit if name in MEASURED else "of the user's function" for name in values}
        relative = frozenset(_MOTIONS) if self.kind == "registration" else frozenset()
        return Moved(values, units, self.controlled, self.kind, relative)

    def _owned(self, own: Own, images: np.ndarray) -> np.ndarray:
        try:
            with redirect_stdout(sys.stderr):  # stdout is for records
                values = np.asarray(own(np.array(images)), np.float64)
        except (Exception, SystemExit) as error:
            raise DisentoolError(
                f"measure {self.kind} failed: {type(error).__name__}: {error} (--debug shows where)"
            ) from error
        if values.shape != (len(images),):
            raise DisentoolError(f"measure {self.kind} gave {list(values.shape)}, expected a number per image")
        return values


def choose(measure: str, transform: str, examples: np.ndarray, *, trust: bool) -> ImageMeasurement:
    """What to measure with, by name; ``auto`` looks at images [n,H,W,C] of the generator.

    UnknownName, UnsafeFile for a function of the user's own without ``trust``, or DataMismatch.
    """
    if is_own(measure):
        if not trust:
            raise UnsafeFile(f"measure {measure}: is code that is not the toolkit's; --trust imports and runs it")
        return ImageMeasurement(measure, transform, load(measure))
    if measure not in KINDS:
        raise UnknownName("measure", measure, KINDS)
    kind = measure
    if measure == "auto":
        objects = CONTROLS.get(transform) != "angle" and measurements.show_bright_objects(examples)
        kind = "objects" if objects else "registration"
    if kind in ("objects", "saliency") and CONTROLS.get(transform) == "angle":
        raise DataMismatch(f"measure {kind}: does not tell how an object is turned; registration does")
    if transform not in CONTROLS:
        raise DataMismatch(
            f"{transform}: is no transform whose effect is known; --set measure=module:function measures with your own"
        )
    return ImageMeasurement(kind, transform)


def _motions(images: np.ndarray, origin: int) -> dict[str, np.ndarray]:
    """Registered motions from the place ``origin`` to each, ``x y scale angle`` float64 [S,K].

    An image that matches the one at the origin is registered to it: small motions, each a little short, add up to less.
    Where it does not, its motion from its neighbour is added; NaN from where two neighbours do not match either, on.
    """
    count, places = images.shape[:2]
    grey = measurements.grey(images.reshape(count * places, *images.shape[2:]))
    grey = grey.reshape(count, places, *grey.shape[1:])
    flat = (-1, *grey.shape[2:])
    motions = _matched(register(grey[:, :-1].reshape(flat), grey[:, 1:].reshape(flat)))
    steps = motions.reshape(count, places - 1, len(_MOTIONS))
    before, after = -np.cumsum(steps[:, :origin][:, ::-1], axis=1)[:, ::-1], np.cumsum(steps[:, origin:], axis=1)
    added = np.concatenate([before, np.zeros((count, 1, len(_MOTIONS))), after], axis=1)
    still = np.repeat(grey[:, origin, None], places, axis=1)
    direct = register(still.reshape(flat), grey.reshape(flat), np.nan_to_num(added).reshape(-1, len(_MOTIONS)))
    found = _matched(direct).reshape(added.shape)
    found[:, origin] = 0
    for place in range(origin + 1, places):
        by_neighbour = found[:, place - 1] + steps[:, place - 1]
        found[:, place] = np.where(np.isnan(found[:, place]), by_neighbour, found[:, place])
    for place in range(origin - 1, -1, -1):
        by_neighbour = found[:, place + 1] - steps[:, place]
        found[:, place] = np.where(np.isnan(found[:, place]), by_neighbour, found[:, place])
    return dict(zip(_MOTIONS, np.moveaxis(found, 2, 0), strict=True))


def _matched(motion: Motion) -> np.ndarray:
    """x, y, zoom and angle float64 [n,4]; NaN where the images do not match."""
    parts = np.stack([motion.x, motion.y, motion.zoom, motion.angle], axis=1)
    return np.where(motion.residual[:, None] <= _MATCH, parts, np.nan)
