"""The latent dimensions that a picture shows: their order, their labels, and the values that they take."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from disentool.contract import ClassSupport, IntervalSupport, NonNormalCodes, Support, optional
from disentool.errors import ForeignFile, WrongUsage
from disentool.io.call_checks import require_indices, require_once
from disentool.metrics.kl import ACTIVE_ABOVE
from disentool.models.label import Label
from disentool.models.model import TrainedModel
from disentool.reporting import Reporter

PRIOR = "standard deviations of the prior"  # the axis of a code that a loss draws to N(0, I)
MAX_DIMS = 32  # of them are shown unasked


@dataclass(frozen=True)
class Dimension:
    """One dimension of a code: its column ``index``, its label, and the values that it takes."""

    index: int
    label: Label
    support: Support  # which values it takes; None: a standard normal
    axis: str = PRIOR  # what its values are

    def at(self, values: np.ndarray, extent: float) -> np.ndarray:
        """Its values [V] for ``values`` [V] of a standard normal; -extent and extent become the ends of its range."""
        share = (values + extent) / (2 * extent)
        if isinstance(self.support, ClassSupport):
            return np.minimum(share * self.support.count, self.support.count - 1).astype(np.int64)
        if isinstance(self.support, IntervalSupport):
            return self.support.low + share * (self.support.high - self.support.low)
        return values

    def stills(self, values: np.ndarray, extent: float) -> np.ndarray:
        """Its values in a still: every class once, or those of :meth:`at`."""
        return np.arange(self.support.count) if isinstance(self.support, ClassSupport) else self.at(values, extent)

    def moved(self, codes: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Codes float32 [n,D] with this dimension at each of its ``values`` [V], the others as they are: [n,V,D]."""
        out = np.repeat(codes[:, None], len(values), axis=1)
        out[:, :, self.index] = values
        return out


def choose(model: TrainedModel, dims: Sequence[int] | None, report: Reporter, most: int = MAX_DIMS) -> list[Dimension]:
    """The dimensions to show, in order, labelled with their KL or standard deviation from the checkpoint.

    ``dims``: these, in this order; None: up to ``most`` of them, the largest KL first (or deviation, where the method
    has no KL). Raises WrongUsage for a dimension that is not there, ForeignFile for damaged statistics.
    """
    width = model.method.codes()["mean"]
    statistics = model.content["statistics"]
    name = "kl" if "kl" in statistics else "mean_std"
    try:
        values = np.array([float(v) for v in statistics[name]])
    except (KeyError, TypeError, ValueError):
        values = np.empty(0)
    if values.shape != (width,) or not np.isfinite(values).all():
        raise ForeignFile(f"{model.path}: its statistics do not hold a number for each of its {width} dimensions")
    if dims is None:
        order = np.argsort(-values, kind="stable").tolist()
        if width > most:
            report.note(f"{model.path}: the first {most} of {width} dimensions are shown; --dims names others")
            order = order[:most]
    else:
        order = list(dims)
        if not order:
            raise WrongUsage("--dims: names no dimension")
        require_indices(order, width, "--dims", model.path, "dimensions")
        require_once(order, "--dims")
    supports = model.method.supports() if isinstance(model.method, NonNormalCodes) else (None,) * width
    axes = [_axis(support, prior=not optional.fits_prior(model.method)) for support in supports]
    return [Dimension(i, _label(i, name, values[i], supports[i]), supports[i], axes[i]) for i in order]


def _axis(support: Support, *, prior: bool) -> str:
    """What the values of a dimension are. ``prior``: a loss draws the codes to one."""
    if isinstance(support, ClassSupport):
        return "class"
    if isinstance(support, IntervalSupport):
        return f"value of the code, uniform from {support.low:g} to {support.high:g}"
    return PRIOR if prior else "value of the code"


def _label(index: int, statistic: str, value: float, support: Support) -> Label:
    if isinstance(support, ClassSupport):
        return Label(f"z{index}", f"{support.count} classes")
    dead = value < ACTIVE_ABOVE
    amount = f"<{ACTIVE_ABOVE}" if dead else f"{value:.2f}"
    return Label(f"z{index}", f"{amount} nats" if statistic == "kl" else f"sd {amount}", muted=bool(dead))
