"""Running means of logged losses, kept on the device and fetched rarely."""

from typing import Any

import torch
from torch import Tensor

_NEVER = torch.iinfo(torch.int64).max


class Meter:
    """The logged terms of one phase: their sums, and for each the first step at which it was not finite."""

    def __init__(self, device: torch.device):
        self.device = device
        self.names: tuple[str, ...] = ()
        self.count = 0  # of the updates in the sums
        self._sums = self._bad = torch.zeros(0, device=device)
        self._dtype = torch.float32 if device.type == "mps" else torch.float64  # MPS has no doubles

    def add(self, terms: dict[str, Tensor], step: Tensor) -> None:
        """Add one update's scalars; ``step``: int64 scalar on the device.

        The caller adds to ``count``, as a replayed step runs no Python.
        """
        names = tuple(terms)
        values = torch.stack([value.detach() for value in terms.values()])
        if names != self.names:
            if self.names:
                raise ValueError(f"a phase must log the same terms at every step: {names} after {self.names}")
            self._start(names)
        self._sums += values
        # In place, so that a captured step finds the register where it was. isfinite() would be four kernels of it.
        torch.minimum(self._bad, torch.where(values.abs() < torch.inf, _NEVER, step), out=self._bad)

    def _start(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._sums = torch.zeros(len(names), dtype=self._dtype, device=self.device)
        self._bad = torch.full((len(names),), _NEVER, dtype=torch.int64, device=self.device)

    def bad(self) -> list[tuple[int, str]]:
        """(first step, term) of every term that was not finite at some step."""
        return [(s, name) for s, name in zip(self._bad.tolist(), self.names, strict=True) if s != _NEVER]

    def means(self) -> dict[str, float]:
        """The mean of every term since the last call; starts a new window."""
        if not self.count:
            return {}
        means = dict(zip(self.names, (self._sums / self.count).tolist(), strict=True))
        self._sums.zero_()
        self.count = 0
        return means

    def state(self) -> dict[str, Any]:
        """The unfinished window, as plain Python."""
        return {"names": list(self.names), "sums": self._sums.tolist(), "count": self.count}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue the window that :meth:`state` gave."""
        self._start(tuple(state["names"]))
        self._sums += torch.tensor(state["sums"], dtype=self._dtype, device=self.device)
        self.count = state["count"]
