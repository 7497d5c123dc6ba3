"""Runs to be measured: on made images as the train stage makes them, and in the loop that one would first write."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from disentool import config, methods
from disentool.contract import Batch, Cosine, DataFacts, Method, Noise, Phase, Plateau
from disentool.engine.feed import Feed
from disentool.engine.graph import CudaGraphs
from disentool.engine.randomness import Randomness
from disentool.engine.training_loop import Training

RGB = ("lord", "mlvae", "drnet")  # learn from colour images with classes


class Made:
    """Images of a size, and factors, made once: sparse and binary as those of 2D Shapes."""

    def __init__(self, count: int = 20_000, size: int = 64, channels: int = 1):
        rng = np.random.default_rng(0)
        self.images = (rng.random((count, size, size, channels)) > 0.96).astype(np.uint8) * 255
        self.factors = np.stack([np.arange(count) % 50, rng.integers(0, 8, count), rng.integers(0, 8, count)], 1)
        self.facts = DataFacts(
            count, channels, size, size, factor_names=("a", "b", "c"), factor_sizes=(50, 8, 8), class_factor="a"
        )


def method_of(name: str, made: Made, **options: Any) -> Method:
    """A method for these images, with the options of its paper unless others are given."""
    entry = methods.find(name)
    return methods.load(entry.implementation)(config.build(methods.load(entry.config), options), made.facts)


def training(
    method: Method, made: Made, device: torch.device, *, graphs: bool = False, seed: int = 0, bfloat16: bool = False
) -> Training:
    """A run as the train stage makes it."""
    recorder = CudaGraphs(device) if graphs else None
    with recorder.on_stream() if recorder else nullcontext():
        return Training(method, Feed(made.images, made.factors, device), seed, device, recorder, bfloat16=bfloat16)


def advance(runs: Sequence[Training]) -> None:
    """A step of each."""
    for run in runs:
        with run.graphs.on_stream() if run.graphs else nullcontext():
            run.advance()


def images_a_step(run: Training) -> int:
    """Images that a step of the first stage is shown."""
    return sum(p.repeats * p.draw.batch * (1 + (p.draw.kind == "pairs")) for p in run.stages[0].phases)


class PlainLoop:
    """The same networks and losses, of the first stage, in an eager loop with nothing done for speed.

    Torch's usual memory layout and Adam, ``backward`` through everything, noise of torch's generator, uint8 data in the
    device's memory.
    """

    def __init__(self, method: Method, made: Made, device: torch.device):
        self.device, self.step_number = device, 0
        self.networks: dict[str, nn.Module] = {name: n.to(device) for name, n in method.networks().items()}
        self.stage = method.stages()[0]
        self.data = torch.from_numpy(made.images).permute(0, 3, 1, 2).contiguous().to(device)
        self.factors = torch.from_numpy(made.factors.astype(np.int64)).to(device)
        self.draws = Randomness(0, len(made.images), made.factors)
        self.optimisers = [_adam(phase, self.networks) for phase in self.stage.phases]
        if self.stage.on_start is not None:
            rows = self.stage.reference and self.draws.reference(self.stage.reference, 0)
            self.stage.on_start(self.networks, None if rows is None else self._batch(rows))

    def step(self) -> None:
        """All phases once, each as often as it says."""
        carry: dict[str, Any] = {}
        number = torch.tensor(self.step_number, device=self.device)
        for index, (phase, optimiser) in enumerate(zip(self.stage.phases, self.optimisers, strict=True)):
            for repeat in range(phase.repeats):
                batch = self._batch(self._rows(phase, index, repeat))
                noise = {noise.name: self._noise(noise) for noise in phase.noise}
                loss, _, carry = phase.loss(self.networks, batch, noise, carry, number)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
        self.step_number += 1

    def _rows(self, phase: Phase, index: int, repeat: int) -> np.ndarray:
        if phase.draw.kind in ("pairs", "groups"):  # which images go together is not for a benchmark to state anew
            return self.draws.draw(phase, index, self.step_number, repeat)[0]
        return np.random.randint(0, len(self.data), phase.draw.batch)

    def _batch(self, rows: np.ndarray) -> Batch:
        there = torch.from_numpy(rows).to(self.device)
        return Batch(self.data[there].float() / 255, there, self.factors[there])

    def _noise(self, noise: Noise) -> Tensor:
        if noise.law == "normal":
            return torch.randn(noise.shape, device=self.device)
        if noise.law == "uniform":
            return torch.rand(noise.shape, device=self.device)
        columns = [torch.randperm(noise.shape[0], device=self.device) for _ in range(noise.shape[1])]
        return torch.stack(columns, 1)


def _adam(phase: Phase, networks: dict[str, nn.Module]) -> torch.optim.Adam:
    spec = phase.optimiser
    groups = []
    for name in phase.updates:
        rate = spec.networks.get(name, spec.learning_rate)
        start = rate.start if isinstance(rate, (Cosine, Plateau)) else rate
        groups.append({"params": list(networks[name].parameters()), "lr": start})
    return torch.optim.Adam(groups, betas=spec.betas, eps=spec.epsilon)
