"""What a step reads: the rows and the noise of each of its updates, always at the same addresses."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from disentool.contract import Batch, Phase, Stage
from disentool.engine.feed import Feed
from disentool.engine.randomness import Randomness

_ALIGNED = 64  # bytes that every array starts at a multiple of
_SLOTS = 4  # steps that may be on their way to the device


@dataclass(frozen=True)
class _Array:
    """Where one array lies in the buffer."""

    first: int
    last: int
    shape: tuple[int, ...]
    dtype: torch.dtype

    def within(self, buffer: Tensor) -> Tensor:
        return buffer[self.first : self.last].view(self.dtype).view(self.shape)


class Inputs:
    """The inputs of one stage's step: drawn in memory, sent to the device in one copy, read there in place."""

    def __init__(self, stage: Stage, indices: Mapping[str, int], randomness: Randomness, feed: Feed):
        """``indices``: the number of each phase, by name, which is a key of its randomness."""
        self._randomness, self._feed = randomness, feed
        self._draws = [(phase, indices[phase.name], r) for phase in stage.phases for r in range(phase.repeats)]
        self._arrays: list[dict[str, _Array]] = []
        size = 0
        for phase, _, _ in self._draws:
            placed = {}
            for name, shape, dtype in _shapes(phase):
                count = int(np.prod(shape)) * dtype.itemsize
                placed[name] = _Array(size, size + count, shape, dtype)
                size = -(-(size + count) // _ALIGNED) * _ALIGNED
            self._arrays.append(placed)
        cuda = feed.device.type == "cuda"
        self._slots = [torch.zeros(size, dtype=torch.uint8, pin_memory=cuda) for _ in range(_SLOTS if cuda else 1)]
        self._sent: list[torch.cuda.Event] = []
        if cuda:
            self._sent = [torch.cuda.Event() for _ in self._slots]  # type: ignore[no-untyped-call]  # of torch
        self._here = [[_views(placed, slot) for placed in self._arrays] for slot in self._slots]
        self._written = [[{k: v.numpy() for k, v in arrays.items()} for arrays in slot] for slot in self._here]
        self._buffer = self._slots[0].to(feed.device) if cuda else None
        if self._buffer is not None:
            self._there = [_views(placed, self._buffer) for placed in self._arrays]
        elif feed.device.type == "cpu":
            self._there = self._here[0]
        else:  # whose memory may have no views of another type
            self._there = [{name: a.to(feed.device) for name, a in arrays.items()} for arrays in self._here[0]]
        self._images: list[Tensor | None] = [None] * len(self._draws)
        self._turn = 0

    def fill(self, step: int) -> None:
        """Draw what ``step``, counted within its stage, reads."""
        slot = self._turn % len(self._slots)
        if self._sent:
            self._sent[slot].synchronize()  # the copy of some steps ago: long done
        for number, (phase, index, repeat) in enumerate(self._draws):
            rows, noise = self._randomness.draw(phase, index, step, repeat)
            written = self._written[slot][number]
            written["rows"][...] = rows
            for name, values in noise.items():
                written[f"noise.{name}"][...] = values
            if not self._feed.resident:
                self._send(number, self._feed.gather(self._here[slot][number]["rows"]))
        if self._buffer is not None:
            self._buffer.copy_(self._slots[slot], non_blocking=True)
            self._sent[slot].record()
        elif self._there is not self._here[0]:
            for there, here in zip(self._there, self._here[0], strict=True):
                for name, array in here.items():
                    there[name].copy_(array)
        self._turn += 1

    def _send(self, number: int, images: Tensor) -> None:
        """Images that the device cannot gather, to where the step reads them."""
        there = self._images[number]
        if there is None:
            there = self._images[number] = torch.empty_like(images, device=self._feed.device)
        pinned = images.pin_memory() if self._sent else images
        there.copy_(pinned, non_blocking=bool(self._sent))

    def of(self, number: int) -> tuple[Batch, dict[str, Tensor]]:
        """The batch and the noise of update ``number`` of the step, counted over its phases and their repeats."""
        arrays = self._there[number]
        noise = {name.removeprefix("noise."): value for name, value in arrays.items() if name != "rows"}
        return self._feed.at(arrays["rows"], self._images[number]), noise


def _shapes(phase: Phase) -> list[tuple[str, tuple[int, ...], torch.dtype]]:
    """The name, shape and type of each array that a phase draws."""
    rows = 2 * phase.draw.batch if phase.draw.kind == "pairs" else phase.draw.batch
    dtypes = {"normal": torch.float32, "uniform": torch.float32, "permutation": torch.int64}
    return [("rows", (rows,), torch.int64)] + [(f"noise.{n.name}", n.shape, dtypes[n.law]) for n in phase.noise]


def _views(placed: Mapping[str, _Array], buffer: Tensor) -> dict[str, Tensor]:
    return {name: array.within(buffer) for name, array in placed.items()}
