"""The latent dimensions that a picture shows: their order, their labels, and the values that they take."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from disentool.contract import ClassSupport, IntervalSupport, NonNormalCodes, Support, optional
from disentool.errors import ForeignFile, WrongUsage
from disentool.io.call_checks import require_indices, require_once
from disentool.metrics.kl import ACTIVE_ABOVE
from disentool.models.collapse import INFORMS_FROM
from disentool.models.label import Label
from disentool.models.model import TrainedModel
from disentool.reporting import Reporter

PRIOR = "standard deviations of the prior"  # the axis of a code that a loss draws to N(0, I)
OF_CODES = "standard deviations of the training images' codes"  # of a method that has no prior
MAX_DIMS = 32  # of them are shown unasked


@dataclass(frozen=True)
class Dimension:
    """One dimension of a code: its column ``index``, its label, and the values that it takes.

    ``centre``, ``scale``: the number in a code at the value 0, and by how much it grows with the value. They are 0 and
    1 but where a method has no prior: there values count standard deviations of the training images' codes.
    """

    index: int
    label: Label
    support: Support  # which values it takes; None: a standard normal
    centre: float = 0.0
    scale: float = 1.0
    axis: str = PRIOR  # what its values are

    @property
    def name(self) -> str:
        """Its name where the heading above it says what it is of."""
        return f"z{self.index}"

    def at(self, values: np.ndarray, low: float, high: float) -> np.ndarray:
        """Its values [V] for ``values`` [V] of a standard normal; ``low`` and ``high`` become the ends of its range."""
        share = (values - low) / (high - low)
        if isinstance(self.support, ClassSupport):
            return np.minimum(share * self.support.count, self.support.count - 1).astype(np.int64)
        if isinstance(self.support, IntervalSupport):
            return self.support.low + share * (self.support.high - self.support.low)
        return values

    def stills(self, values: np.ndarray, low: float, high: float) -> np.ndarray:
        """Its values in a still: every class once, or those of :meth:`at`."""
        return np.arange(self.support.count) if isinstance(self.support, ClassSupport) else self.at(values, low, high)

    def moved(self, codes: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Codes float32 [n,D] with this dimension at each of its ``values`` [V], the others as they are: [n,V,D]."""
        out = np.repeat(codes[:, None], len(values), axis=1)
        out[:, :, self.index] = self.numbers(values)
        return out

    def numbers(self, values: np.ndarray) -> np.ndarray:
        """The numbers in a code that stand for these values."""
        return self.centre + self.scale * values

    def values(self, codes: np.ndarray) -> np.ndarray:
        """Its values in codes float32 [n,D]: float64 [n]."""
        return (codes[:, self.index].astype(np.float64) - self.centre) / self.scale


def choose(model: TrainedModel, dims: Sequence[int] | None, report: Reporter, most: int = MAX_DIMS) -> list[Dimension]:
    """The dimensions to show, in order, labelled with their KL or standard deviation from the checkpoint.

    ``dims``: these, in this order; None: up to ``most`` of them, the largest KL first (or deviation, where the method
    has no KL); of a method of class and content those of the class, then those of the content.

    Raises WrongUsage for a dimension that is not there, ForeignFile for damaged statistics.
    """
    width = model.method.codes()["mean"]
    name = "kl" if "kl" in model.content["statistics"] else "mean_std"
    values = _numbers(model, name, width)
    of_class = model.method.codes().get("class_code", 0)
    if dims is None:
        order = np.argsort(-values, kind="stable").tolist()
        if width > most:
            what = " (half of them of the class, half of the content, where there are so many)" if of_class else ""
            report.note(f"{model.path}: {most} of {width} dimensions are shown{what}; --dims names others")
        order = _apart(order, of_class, most)
    else:
        order = list(dims)
        if not order:
            raise WrongUsage("--dims: names no dimension")
        require_indices(order, width, "--dims", model.path, "dimensions")
        require_once(order, "--dims")
    supports = model.method.supports() if isinstance(model.method, NonNormalCodes) else (None,) * width
    parts = ["class " if i < of_class else "content " for i in range(width)] if of_class else [""] * width
    centres, scales = np.zeros(width), np.ones(width)
    prior = optional.without_prior(model.method) is None
    if not prior:
        centres, deviations = _numbers(model, "mean_mean", width), _numbers(model, "mean_std", width)
        scales = np.where(deviations > 0, deviations, 1.0)
    return [
        Dimension(
            i,
            _label(f"{parts[i]}z{i}", name, values[i], supports[i]),
            supports[i],
            float(centres[i]),
            float(scales[i]),
            _axis(supports[i], prior=prior),
        )
        for i in order
    ]


def _axis(support: Support, *, prior: bool) -> str:
    """What the values of a dimension are. ``prior``: a loss draws the codes to one."""
    if isinstance(support, ClassSupport):
        return "class"
    if isinstance(support, IntervalSupport):
        return f"value of the code, uniform from {support.low:g} to {support.high:g}"
    return PRIOR if prior else OF_CODES


def _numbers(model: TrainedModel, name: str, width: int) -> np.ndarray:
    """A statistic of the checkpoint, float64 [width]; ForeignFile where it is not that."""
    try:
        values = np.array([float(v) for v in model.content["statistics"][name]])
    except (KeyError, TypeError, ValueError):
        values = np.empty(0)
    if values.shape != (width,) or not np.isfinite(values).all():
        raise ForeignFile(f"{model.path}: its statistics do not hold a number for each of its {width} dimensions")
    return values


def _apart(order: list[int], of_class: int, most: int) -> list[int]:
    """The first ``most`` of the dimensions; of codes of class and content those of the class before the others.

    ``of_class``: how many of the first numbers of a code are the class's. Half of them are of either, if there are
    enough.
    """
    first, others = [i for i in order if i < of_class], [i for i in order if i >= of_class]
    kept = min(len(first), max(most // 2, most - len(others)))
    return [*first[:kept], *others][:most]


def _label(name: str, statistic: str, value: float, support: Support) -> Label:
    if isinstance(support, ClassSupport):
        return Label(name, f"{support.count} classes")
    of_kl = statistic == "kl"
    amount = f"<{ACTIVE_ABOVE}" if value < ACTIVE_ABOVE else f"{value:.2f}" + (" nats" if of_kl else "")
    muted = value < (INFORMS_FROM if of_kl else ACTIVE_ABOVE)
    return Label(name, f"{'KL' if of_kl else 'sd'} {amount}", muted=bool(muted))
