"""Laws for a property t, and codes whose t follows them.

Plumerault et al. (2020), section 2.3: s = <z,u> is N(0, 1) for z from the unclipped prior and a unit u, so that
s' = g^-1(F^-1(Phi(s))) and z' = z + (s' - s) u give t = g(s') the distribution function F.

Directions u_1 .. u_k need not be orthogonal, and moving along one would change the coordinates of the others. So all
coordinates are set at once, by the least change of z: z' = z + U^+ (s' - s), where U^+ is the pseudo-inverse. And s,
whose covariance is U U^T, is made independent first: e = (U U^T)^(-1/2) s, the standard normals nearest to s, so that
t_i = F_i^-1(Phi(e_i)) follow the laws asked for and are independent of each other. For one direction, or orthogonal
ones, that is the formula above.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from disentool.directions import monotone
from disentool.errors import WrongUsage
from disentool.io.directions_file import Direction

CUT = 0.05  # a normal law that has more of its mass outside the valid range is refused
# The least eigenvalue of U U^T: below it the codes would move ten times as far as the coordinates, or more.
_APART = 0.01


@dataclass(frozen=True)
class Law:
    """A distribution of t: uniform from ``first`` to ``second``, normal of that mean and deviation, or fixed.

    ``low``, ``high``: what a normal law is truncated to.
    """

    kind: str
    first: float
    second: float = 0.0
    low: float = -np.inf
    high: float = np.inf

    def __str__(self) -> str:
        return f"{self.first:g}" if self.kind == "fixed" else f"{self.kind}:{self.first:g},{self.second:g}"

    def within(self, low: float, high: float, name: str) -> "Law":
        """The law within the range ``low``..``high`` of t; WrongUsage where the range does not hold it.

        A normal law is truncated to the range; no more than 5 % of it may be cut off.
        """
        room = 1e-9 * max(1.0, high - low)
        if self.kind == "normal":
            law = replace(self, low=low, high=high)
            if law.cut > CUT:
                raise WrongUsage(
                    f"--t {self}: {law.cut:.0%} of it is outside {low:g}..{high:g}, the valid range of {name}, and"
                    f" would be cut off; name a law with at most {CUT:.0%} outside"
                )
            return law
        ends = (self.first, self.second) if self.kind == "uniform" else (self.first, self.first)
        if ends[0] < low - room or ends[1] > high + room:
            raise WrongUsage(f"--t {self}: outside {low:g}..{high:g}, the valid range of {name}; name a t within it")
        return self

    @property
    def cut(self) -> float:
        """The share of a normal law that the truncation cuts off."""
        return 1 - float(np.diff(self._mass())[0]) if self.kind == "normal" else 0.0

    def _mass(self) -> np.ndarray:
        from scipy.special import ndtr

        return ndtr((np.array([self.low, self.high]) - self.first) / self.second)

    def quantile(self, share: np.ndarray) -> np.ndarray:
        """F^-1 of shares in 0..1, float64 of their shape."""
        from scipy.special import ndtri

        if self.kind == "uniform":
            return self.first + (self.second - self.first) * share
        if self.kind == "fixed":
            return np.full(np.shape(share), self.first)
        below, above = self._mass()
        return np.clip(self.first + self.second * ndtri(below + (above - below) * share), self.low, self.high)

    def cdf(self, t: np.ndarray) -> np.ndarray:
        """F of uniform and normal laws, float64 of the shape of ``t``."""
        from scipy.special import ndtr

        if self.kind == "uniform":
            return np.clip((t - self.first) / (self.second - self.first), 0, 1)
        below, above = self._mass()
        return np.clip((ndtr((t - self.first) / self.second) - below) / (above - below), 0, 1)


def parse(text: str) -> Law:
    """``uniform:-0.2,0.2``, ``normal:0,0.05`` or a number as a law; ``-0.2:0.2`` is uniform too.

    WrongUsage says what was expected.
    """
    kind, colon, rest = text.strip().partition(":")
    if colon and kind not in ("uniform", "normal"):
        kind, rest = "uniform", f"{kind},{rest}"
    try:
        numbers = [float(part) for part in (rest if colon else kind).split(",")]
    except ValueError:
        numbers = []
    if np.isfinite(numbers).all():
        if not colon and len(numbers) == 1:
            return Law("fixed", numbers[0])
        if kind == "uniform" and len(numbers) == 2 and numbers[0] < numbers[1]:
            return Law("uniform", *numbers)
        if kind == "normal" and len(numbers) == 2 and numbers[1] > 0:
            return Law("normal", *numbers)
    raise WrongUsage(f"--t {text}: expected LOW:HIGH or uniform:LOW,HIGH, normal:MEAN,STD, or one number")


def matrix(directions: Sequence[Direction]) -> np.ndarray:
    """U float64 [k,d], each row of length 1; WrongUsage if two directions, or several together, are nearly parallel."""
    u = np.stack([direction.u.astype(np.float64) for direction in directions])
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    gram = u @ u.T
    if np.linalg.eigvalsh(gram)[0] < _APART:
        cosines = np.abs(gram - np.diag(np.diag(gram)))
        one, two = map(int, np.unravel_index(cosines.argmax(), cosines.shape))
        names = f"{directions[one].name} and {directions[two].name}"
        raise WrongUsage(
            f"--direction: {names} (cosine {gram[one, two]:.3f}) are too nearly parallel, or depend on the others, to"
            " be set independently; leave one out"
        )
    return u


def follow(z: np.ndarray, directions: Sequence[Direction], laws: Sequence[Law]) -> tuple[np.ndarray, np.ndarray]:
    """Codes from the prior, float32 [n,d], moved so that the directions' t follow the laws: z' and t float64 [n,k]."""
    from scipy.special import ndtr

    u = matrix(directions)
    gram = u @ u.T
    s = z @ u.T
    values, vectors = np.linalg.eigh(gram)
    share = ndtr(s @ (vectors / np.sqrt(values)) @ vectors.T)
    t = np.stack([law.quantile(share[:, i]) for i, law in enumerate(laws)], axis=1)
    goal = np.stack([monotone.invert(d.knots, d.values, t[:, i]) for i, d in enumerate(directions)], axis=1)
    return (z + np.linalg.solve(gram, (goal - s).T).T @ u).astype(np.float32), t
