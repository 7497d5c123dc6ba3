"""Moves of codes along a direction: from where, and how far in units of the image or of the code."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from disentool.directions import monotone
from disentool.errors import WrongUsage
from disentool.io.directions_file import Direction
from disentool.models.label import Label

_MAX_ALPHA = 100.0
_ALIKE = {"image heights": "image widths"}  # units whose numbers mean the same: shares of the image's side


@dataclass(frozen=True)
class Span:
    """From ``low`` to ``high``: of t in the direction's unit, or, ``latent``, of alpha in the prior's deviations."""

    low: float
    high: float
    latent: bool = False

    def check(self) -> None:
        """WrongUsage unless it goes from less to more, by a finite amount."""
        name, most = ("--alpha", _MAX_ALPHA) if self.latent else ("--t", math.inf)
        if not (-most <= self.low < self.high <= most and math.isfinite(self.low) and math.isfinite(self.high)):
            what = f"from -{_MAX_ALPHA:g} to {_MAX_ALPHA:g} at most" if self.latent else "such as -0.2:0.2"
            raise WrongUsage(f"{name} {self.low:g}:{self.high:g}: expected LOW:HIGH, {what}")


def spans_of(directions: Sequence[Direction], spans: Sequence[Span]) -> list[Span]:
    """A span for each direction: its own, the one for all, or, where there is none, all that it was fitted to.

    WrongUsage for another number of spans, one that cannot be, or one t for directions whose units differ.
    """
    if not spans:
        return [Span(*direction.t_valid) for direction in directions]
    if len(spans) not in (1, len(directions)):
        raise WrongUsage(f"--t: expected one for all directions, or {len(directions)}, one for each; got {len(spans)}")
    for span in spans:
        span.check()
    if len(spans) == 1 and not spans[0].latent:
        _require_one_unit(spans[0], directions)
    return list(spans) * (len(directions) if len(spans) == 1 else 1)


def _require_one_unit(span: Span, directions: Sequence[Direction]) -> None:
    units = {_ALIKE.get(direction.unit, direction.unit): direction for direction in directions}
    if len(units) > 1:
        one, other = list(units.values())[:2]
        raise WrongUsage(
            f"--t {span.low:g}:{span.high:g}: the t of {one.name} is in {one.unit}, that of {other.name} in"
            f" {other.unit}; give one --t for each of the {len(directions)} directions"
        )


def amounts(low: float | np.ndarray, high: float | np.ndarray, steps: int) -> np.ndarray:
    """``steps`` amounts from ``low`` to ``high`` [...]: float64 [...,steps]. 0, no move, is one if it is between them.

    They are even but for that: of those between the ends the nearest to 0 becomes 0.
    """
    made = np.linspace(low, high, steps, axis=-1)
    if steps > 2:
        inner = made[..., 1:-1]
        nearest = np.abs(inner).argmin(-1)[..., None]
        between = (made[..., :1] < 0) & (made[..., -1:] > 0)
        kept = np.take_along_axis(inner, nearest, -1)
        np.put_along_axis(inner, nearest, np.where(between, 0.0, kept), -1)
    return made


@dataclass(frozen=True)
class Move:
    """One direction, and how far along it: z + (s' - s) u with s = <z,u> and s' = g^-1(g(s) + t), or z + alpha u.

    Plumerault et al. (2020), section 2. ``placed``: from s = 0, whatever s the start has. ``curve``: what moves codes
    float64 [n,d] by amounts [V] instead, [n,V,d].
    """

    direction: Direction
    span: Span
    placed: bool
    curve: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None

    @property
    def label(self) -> Label:
        """Its name and the unit of its amounts."""
        unit = "std of the prior" if self.span.latent else self.direction.unit
        return Label(self.direction.name, unit)

    @property
    def symbol(self) -> str:
        """What an amount is called."""
        return "alpha" if self.span.latent else "t"

    @property
    def axis(self) -> str:
        """What its amounts are."""
        if self.span.latent:
            return f"{self.symbol} (standard deviations of the prior)"
        return f"{self.symbol} ({self.direction.unit})" if self.direction.unit else self.symbol

    def origin(self, start: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where codes [n,d] are moved from: the codes, their s and g(s)."""
        u = self.direction.u.astype(np.float64)
        s = start @ u
        if self.placed:
            start, s = start - s[:, None] * u, np.zeros(len(s))
        return start, s, monotone.evaluate(self.direction.knots, self.direction.values, s)

    def within(self, start: np.ndarray) -> "Move":
        """This move over the amounts that all of the codes [n,d] can be moved by; WrongUsage where there are none."""
        least, most = self.direction.t_valid
        at = self.origin(start)[2]
        low, high = least - at.min(), most - at.max()
        if not low < high:
            why = "moves nothing" if least == most else "has no t that all images reach"
            raise WrongUsage(f"{self.direction.name}: {why}; --alpha moves by any amount of the code")
        return replace(self, span=Span(float(low), float(high)))

    def require_reached(self, start: np.ndarray) -> None:
        """WrongUsage where a code of ``start`` [n,d] would leave the range that the direction was fitted to."""
        if self.span.latent:
            return
        name, unit, (low, high) = self.direction.name, self.direction.unit, self.direction.t_valid
        room = 1e-6 * max(1e-9, high - low)
        for index, at in enumerate(self.origin(start)[2]):
            if self.span.low + at < low - room or self.span.high + at > high + room:
                where = "" if self.placed else f" for image {index}, which is at {at:.3g} itself"
                raise WrongUsage(
                    f"--t {self.span.low:g}:{self.span.high:g}: outside {low - at:.3g}:{high - at:.3g}"
                    f" {unit}, the valid range of {name}{where}; name a t within it, or --alpha,"
                    " which moves by any amount of the code"
                )

    def codes(self, start: np.ndarray, amounts: np.ndarray) -> np.ndarray:
        """Starts [n,d] moved by each of ``amounts`` [V]: float32 [n,V,d]."""
        start, s, at = self.origin(start)
        if self.curve is not None:
            return self.curve(start, amounts)
        if self.span.latent:
            change = np.broadcast_to(amounts, (len(start), len(amounts)))
        else:
            goal = np.clip(at[:, None] + amounts, *self.direction.t_valid)  # no more than rounding
            change = monotone.invert(self.direction.knots, self.direction.values, goal) - s[:, None]
            change = np.where(amounts == 0, 0.0, change)  # where g is flat there are many s of the same t
        return (start[:, None] + change[:, :, None] * self.direction.u.astype(np.float64)).astype(np.float32)
