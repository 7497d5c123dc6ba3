"""Moves of codes along a direction: how far, in the image's own units or in the code's, and from where."""

from dataclasses import dataclass, replace

import numpy as np

from disentool.directions import monotone
from disentool.errors import WrongUsage
from disentool.models.label import Label
from disentool.steering.named_directions import Steer


@dataclass(frozen=True)
class Span:
    """From ``low`` to ``high``: of t in the direction's unit, or, ``latent``, of alpha in the prior's deviations."""

    low: float
    high: float
    latent: bool = False


@dataclass(frozen=True)
class Move:
    """One direction, and how far along it; ``placed``: from s = 0, whatever s the start has."""

    steer: Steer
    span: Span
    placed: bool

    @property
    def label(self) -> Label:
        """Its name and the unit of its amounts."""
        unit = "std of the prior" if self.span.latent else self.steer.direction.unit
        return Label(self.steer.direction.name, unit)

    def origin(self, start: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where codes [n,d] are moved from: the codes, their s and g(s)."""
        direction = self.steer.direction
        u = direction.u.astype(np.float64)
        s = start @ u
        if self.placed:
            start, s = start - s[:, None] * u, np.zeros(len(s))
        return start, s, monotone.evaluate(direction.knots, direction.values, s)

    def within(self, start: np.ndarray) -> "Move":
        """Over what all of these codes [n,d] can be moved by; WrongUsage where that is nothing."""
        direction = self.steer.direction
        at = self.origin(start)[2]
        low, high = direction.t_valid[0] - at.min(), direction.t_valid[1] - at.max()
        if not low < high:
            why = "moves nothing" if direction.t_valid[0] == direction.t_valid[1] else "has no t that all images reach"
            raise WrongUsage(f"{direction.name}: {why}; --alpha moves by any amount of the code")
        return replace(self, span=Span(float(low), float(high)))

    def require_reached(self, start: np.ndarray) -> None:
        """WrongUsage where a start cannot be moved over the whole span, as that was not fitted."""
        if self.span.latent:
            return
        direction = self.steer.direction
        low, high = direction.t_valid
        room = 1e-6 * max(1e-9, high - low)
        for index, at in enumerate(self.origin(start)[2]):
            if self.span.low + at < low - room or self.span.high + at > high + room:
                where = "" if self.placed else f" for image {index}, which is at {at:.3g} itself"
                raise WrongUsage(
                    f"--t {self.span.low:g}:{self.span.high:g}: outside {low - at:.3g}:{high - at:.3g}"
                    f" {direction.unit}, the valid range of {direction.name}{where}; name a t within it, or --alpha,"
                    " which moves by any amount of the code"
                )

    def codes(self, start: np.ndarray, amounts: np.ndarray) -> np.ndarray:
        """Starts [n,d] moved by each of ``amounts`` [V]: float32 [n,V,d]."""
        direction = self.steer.direction
        start, s, at = self.origin(start)
        if self.span.latent:
            change = np.broadcast_to(amounts, (len(start), len(amounts)))
        else:
            goal = np.clip(at[:, None] + amounts, *direction.t_valid)  # no more than rounding
            change = monotone.invert(direction.knots, direction.values, goal) - s[:, None]
            change = np.where(amounts == 0, 0.0, change)  # where g is flat there are many s of the same t
        return (start[:, None] + change[:, :, None] * direction.u.astype(np.float64)).astype(np.float32)
