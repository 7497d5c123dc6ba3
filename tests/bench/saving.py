"""How long a step of training waits for a save."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from measure import Machine, Row

from disentool.commands.train import train
from disentool.engine.training_loop import Training
from disentool.training.plan import plan

EVERY = 20  # steps from one save to the next
TINY = {"latent_dim": 4, "hidden_units": 32, "batch_size": 16, "discriminator_units": 32, "discriminator_layers": 2}


def saving(machine: Machine) -> Iterator[Row]:
    """FactorVAE on 2D Shapes, tiny and of the paper's size: its median step, and its longest one with and without."""
    for what, options, steps in (("tiny", TINY, 400), ("the paper's", {}, 200)):
        without, with_saves = (_durations(machine, options, steps, every) for every in (10**9, EVERY))
        median = 1e3 * np.median(without)
        worst = [1e3 * np.quantile(found, 0.99) - median for found in (without, with_saves)]
        yield Row(
            f"FactorVAE, {what}: a save every {EVERY} steps",
            f"a step of {median:.0f} ms takes {worst[1]:.0f} ms more at the 99th percentile",
            note=f"{worst[0]:.0f} ms more without saves",
        )


def _durations(machine: Machine, options: dict[str, int], steps: int, every: int) -> np.ndarray:
    """The seconds of each step, float64 [steps-11], all that is done between two steps included."""
    begun: list[float] = []
    advance = Training.advance

    def noted(training: Training) -> None:
        begun.append(time.perf_counter())
        advance(training)

    given = {"gamma": 40.0, "steps": steps, "checkpoint_every": every, "device": machine.device.type} | options
    Training.advance = noted  # type: ignore[method-assign]
    try:
        with tempfile.TemporaryDirectory() as folder:
            list(train(plan("factorvae", given, output=str(Path(folder) / "ckpt.pt"))))
    finally:
        Training.advance = advance  # type: ignore[method-assign]
    return np.diff(begun)[10:]
