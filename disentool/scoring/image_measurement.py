"""How images are measured: by a bright or a salient object, by registration, or by a function of the user's own."""

import math
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass

import numpy as np

from disentool.directions import measurements
from disentool.directions.measurements import CONTROLS, MEASURED
from disentool.directions.registration import register
from disentool.directions.saliency import salient
from disentool.errors import DataMismatch, DisentoolError, UnknownName, UnsafeFile
from disentool.metrics.control import Moved
from disentool.named_code import is_own, load

_STEP = 0.5  # the longest step along a direction, in standard deviations of the prior, between registered images
_MATCH = 0.2  # the largest share of an image's variance that a registration may leave
_MOTIONS = {"x": "x", "y": "y", "scale": "zoom", "angle": "angle"}  # measurement -> what registration calls it
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

    def along(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Images [S,K,H,W,C] of S starts, each at K places in a row -> each measurement float64 [S,K].

        Registered motions are small between neighbours, and are added up from the middle place.
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
        return found | _motions(images) if self.kind == "registration" else found

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


def _motions(images: np.ndarray) -> dict[str, np.ndarray]:
    """Registered motions added up from the middle place outwards, ``x y scale angle`` float64 [S,K].

    NaN from where two neighbours do not match, on.
    """
    count, places = images.shape[:2]
    grey = measurements.grey(images.reshape(count * places, *images.shape[2:]))
    grey = grey.reshape(count, places, *grey.shape[1:])
    flat = (-1, *grey.shape[2:])
    motion = register(grey[:, :-1].reshape(flat), grey[:, 1:].reshape(flat))
    matched, middle = motion.residual <= _MATCH, places // 2
    found = {}
    for name, part in _MOTIONS.items():
        steps = np.where(matched, getattr(motion, part), np.nan).reshape(count, places - 1)
        before, after = -np.cumsum(steps[:, :middle][:, ::-1], axis=1)[:, ::-1], np.cumsum(steps[:, middle:], axis=1)
        found[name] = np.concatenate([before, np.zeros((count, 1)), after], axis=1)
    return found
