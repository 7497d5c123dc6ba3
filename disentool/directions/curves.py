"""Codes whose images change by t along a curve: at every step in the direction in which this image changes so.

Plumerault et al. (2020) move all images along one straight line, by one g. Where a generator is entangled these are
not each image's own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from disentool.directions import solvers
from disentool.directions.generator import Generator
from disentool.directions.trajectories import Objective, Starts, generate
from disentool.directions.transforms import TRANSFORMS

_STEPS = 40  # from t = 0 to the transform's extent
# The longest step, in standard deviations of the prior: where an image hardly changes with z, a tangent is very long.
_LONGEST = 0.7
_DAMPING = 0.1


@dataclass(frozen=True)
class Curve:
    """The curve of one transform (``objective``) in a generator's codes."""

    generator: Generator
    objective: Objective

    def codes(self, start: np.ndarray, amounts: Sequence[float] | np.ndarray, classes: np.ndarray | None) -> np.ndarray:
        """Starts float64 [n,d], of ``classes`` int64 [n] if any, at each t of ``amounts`` [V]: float32 [n,V,d]."""
        device = self.generator.device
        z = torch.from_numpy(start).float().to(device)
        given = None if classes is None else torch.from_numpy(classes).to(device)
        found = {0.0: z}
        for sign in (1, -1):
            here, at = z, 0.0
            for amount in sorted({float(a) for a in amounts if a * sign > 0}, key=abs):
                here = self._moved(here, given, amount - at, self._farthest(z))
                found[amount], at = here, amount
        return torch.stack([found[float(amount)] for amount in amounts], 1).cpu().numpy()

    def _moved(self, z: Tensor, classes: Tensor | None, t: float, farthest: Tensor) -> Tensor:
        """Codes [n,d] moved on by t, in steps."""
        extent = TRANSFORMS[self.objective.transform].extent
        count = max(1, math.ceil(abs(t) * _STEPS / extent - 1e-6))
        for _ in range(count):
            starts = Starts(z, classes, generate(self.generator, z, classes))
            (tangent,) = solvers.tangents(
                self.generator, [self.objective], [extent / 32], starts, _DAMPING, lambda images: None
            )
            step = tangent.speed * (t / count)
            z = z + step * (_LONGEST / step.norm(dim=1, keepdim=True).clamp_min(_LONGEST))
            z = z * (farthest / torch.maximum(z.norm(dim=1, keepdim=True), farthest))
        return z

    def _farthest(self, z: Tensor) -> Tensor:
        """How far from 0 the codes may come, [n,1]: where the prior has nearly all its mass, or they begin farther."""
        return z.norm(dim=1, keepdim=True).clamp_min(z.shape[1] ** 0.5)
