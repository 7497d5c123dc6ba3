"""The learning rates of a phase's optimiser, as its method declares them, at each step."""

import math
from typing import Any

import torch
from torch import Tensor

from disentool.contract import Cosine, Phase, Plateau, Rate


class Rates:
    """Sets the learning rate of each of an optimiser's groups before a step; plateaus are given its loss after it.

    A cosine needs the step alone. What a plateau has seen is in :meth:`state`, so that a run resumes exactly; it
    fetches the loss once in ``hold`` steps.
    """

    def __init__(self, phase: Phase, optimizer: torch.optim.Optimizer, rates: list[Rate], device: torch.device):
        """``rates``: one for each of the optimiser's groups."""
        self.phase = phase.name
        self._groups = list(zip(optimizer.param_groups, rates, strict=True))
        self._plateaus = {
            id(group): _PlateauState(rate, device) for group, rate in self._groups if isinstance(rate, Plateau)
        }

    def before(self, step: int) -> None:
        """Set the rates of ``step``, counted within its stage."""
        for group, rate in self._groups:
            if isinstance(rate, Cosine):
                _set(group, cosine(rate, step))
            elif isinstance(rate, Plateau):
                _set(group, rate.start * self._plateaus[id(group)].scale)

    def add_loss(self, loss: Tensor) -> None:
        """Add the loss of an update, a scalar, to the mean of each plateau; on the device, within the step."""
        for plateau in self._plateaus.values():
            plateau.add(loss)

    def after(self, updates: int) -> None:
        """Let each plateau decide whether its rate falls, after a step of so many updates."""
        for plateau in self._plateaus.values():
            plateau.update(updates)

    def state(self) -> list[dict[str, float]]:
        """What each plateau has seen, as plain Python."""
        return [plateau.state() for plateau in self._plateaus.values()]

    def restore(self, state: list[dict[str, Any]]) -> None:
        """Continue from what :meth:`state` gave; ValueError if it is of other rates."""
        if len(state) != len(self._plateaus):
            raise ValueError(f"the learning rates of phase {self.phase} are others")
        for plateau, saved in zip(self._plateaus.values(), state, strict=True):
            plateau.restore(saved)


def cosine(rate: Cosine, step: int) -> float:
    """The rate at ``step``: ``start`` at 0, ``end`` at ``over`` and after."""
    share = min(step // rate.hold * rate.hold / max(rate.over, 1), 1.0)
    return rate.end + (rate.start - rate.end) * 0.5 * (1 + math.cos(math.pi * share))


def _set(group: dict[str, Any], rate: float) -> None:
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(rate)
    else:
        group["lr"] = rate


class _PlateauState:
    """How far one plateau has come."""

    def __init__(self, rate: Plateau, device: torch.device):
        self.rate, self.scale = rate, 1.0
        self._best, self._without, self._seen = math.inf, 0, 0
        self._sum = torch.zeros((), dtype=torch.float32 if device.type == "mps" else torch.float64, device=device)

    def add(self, loss: Tensor) -> None:
        self._sum += loss.detach()

    def update(self, updates: int) -> None:
        self._seen += updates
        if self._seen < self.rate.hold:
            return
        mean = float(self._sum) / self._seen
        self._sum.zero_()
        self._seen = 0
        if mean < self._best - self.rate.least_fall:
            self._best, self._without = mean, 0
        else:
            self._without += 1
        if self._without >= self.rate.patience:
            self.scale *= self.rate.factor
            self._without = 0

    def state(self) -> dict[str, float]:
        return {
            "scale": self.scale,
            "best": self._best,
            "without": self._without,
            "seen": self._seen,
            "sum": float(self._sum),
        }

    def restore(self, saved: dict[str, Any]) -> None:
        self.scale, self._best = float(saved["scale"]), float(saved["best"])
        self._without, self._seen = int(saved["without"]), int(saved["seen"])
        self._sum.fill_(float(saved["sum"]))
