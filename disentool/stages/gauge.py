"""How images are measured: by a bright object, by registration, or by a function of the user's own."""

import math
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial

import numpy as np

from disentool.configs.reference import is_own, load
from disentool.directions import measurements
from disentool.directions.measurements import CONTROLS, MEASURED
from disentool.directions.registration import register
from disentool.errors import DataMismatch, DisentoolError, UnknownName, UnsafeFile
from disentool.metrics.control import Moved

_STEP = 0.5  # the longest step along a direction, in standard deviations of the prior, between registered images
KINDS = ("auto", "objects", "registration")
Own = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Gauge:
    """``kind``: objects, registration, or the reference of the user's ``own`` function. ``transform``: what to check.

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

    def approach(self, width: int) -> int:
        """From how many codes, the first being z = 0, a start of this width is to be approached; 0: from none."""
        return math.ceil(math.sqrt(width)) + 2 if self.kind == "registration" else 0

    def between(self, s: np.ndarray) -> int:
        """Into how many steps the way between neighbouring places ``s`` [S,K] along a direction is to be cut."""
        longest = np.abs(np.diff(s, axis=1)).max(initial=0)
        return max(1, math.ceil(longest / _STEP)) if self.kind == "registration" else 1

    def along(self, images: np.ndarray, approach: int = 0) -> dict[str, np.ndarray]:
        """Images [S,P+K,H,W,C] of S starts, each at K places in a row -> each measurement float64 [S,K].

        The first P, ``approach``, are of codes on the way from z = 0 to the middle place. Registered motions, which are
        small between neighbours, are added up from there: so places of different starts compare.
        """
        track, images = images, images[:, approach:]
        count, places = images.shape[:2]
        flat = images.reshape(count * places, *images.shape[2:])
        found = measurements.colours(flat)
        if self.own:
            found = {self.transform: self._owned(flat)} | found
        elif self.kind == "objects":
            found = measurements.objects(flat) | found
        found = {name: values.reshape(count, places) for name, values in found.items()}
        return (_motions(track, approach) | found) if self.kind == "registration" else found

    def moved(self, values: dict[str, np.ndarray]) -> Moved:
        """The measurements as the metric takes them."""
        units = {name: MEASURED[name].unit if name in MEASURED else "of the user's function" for name in values}
        in_t = partial(measurements.transform_units, self.controlled)
        return Moved(values, units, self.controlled, self.kind, in_t)

    def _owned(self, images: np.ndarray) -> np.ndarray:
        try:
            with redirect_stdout(sys.stderr):  # stdout is for records
                values = np.asarray(self.own(np.array(images)), np.float64)
        except (Exception, SystemExit) as error:
            raise DisentoolError(
                f"measure {self.kind} failed: {type(error).__name__}: {error} (--debug shows where)"
            ) from error
        if values.shape != (len(images),):
            raise DisentoolError(f"measure {self.kind} gave {list(values.shape)}, expected a number per image")
        return values


def choose(measure: str, transform: str, examples: np.ndarray, *, trust: bool) -> Gauge:
    """What to measure with, by name; ``auto`` looks at images [n,H,W,C] of the generator.

    UnknownName, UnsafeFile for a function of the user's own without ``trust``, or DataMismatch.
    """
    if is_own(measure):
        if not trust:
            raise UnsafeFile(f"measure {measure}: is code that is not the toolkit's; --trust imports and runs it")
        return Gauge(measure, transform, load(measure))
    if measure not in KINDS:
        raise UnknownName("measure", measure, KINDS)
    kind = measure
    if measure == "auto":
        objects = CONTROLS.get(transform) != "angle" and measurements.show_bright_objects(examples)
        kind = "objects" if objects else "registration"
    if kind == "objects" and CONTROLS.get(transform) == "angle":
        raise DataMismatch("measure objects: does not tell how an object is turned; registration does")
    if transform not in CONTROLS:
        raise DataMismatch(
            f"{transform}: is no transform whose effect is known; --set measure=module:function measures with your own"
        )
    return Gauge(kind, transform)


def _motions(images: np.ndarray, approach: int) -> dict[str, np.ndarray]:
    """Registered motions added up as :meth:`Gauge.along` says: ``x y scale angle`` float64 [S,K]."""
    count, total = images.shape[:2]
    middle = (total - approach) // 2
    grey = measurements.grey(images.reshape(count * total, *images.shape[2:]))
    grey = grey.reshape(count, total, *grey.shape[1:])
    sources = np.arange(total - 1)
    targets = sources + 1
    if approach:  # from the last on the way to the middle place
        targets[approach - 1] = approach + middle
    steps = register(*(grey[:, which].reshape(-1, *grey.shape[2:]) for which in (sources, targets)))
    found = {}
    for name, values in {"x": steps.x, "y": steps.y, "scale": steps.zoom, "angle": steps.angle}.items():
        values = values.reshape(count, total - 1)
        arrived = values[:, :approach].sum(axis=1, keepdims=True)
        places = np.pad(np.cumsum(values[:, approach:], axis=1), ((0, 0), (1, 0)))
        found[name] = arrived + places - places[:, middle, None]
    return found
