"""Benchmarks of the engine: `python tests/bench/engine.py [--device cuda] [--seconds 2] [METHOD ...]` prints tables.

Every method's step at its paper's setting, its data on the device: eager, and on CUDA captured and
in a gang of ten. Then how FactorVAE's step grows with images, batch, latents, size and seeds. Last, on CUDA, the step
against the plain statement. Ratios are of one process; single times depend on the machine and its load.
"""

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from plain_factorvae import PlainFactorVAE

sys.path.append(str(Path(__file__).parents[1]))
from rehearsal import Recorder

from disentool import config, configs
from disentool.engine import device as devices
from disentool.engine.feed import Feed
from disentool.engine.graph import WARM_UP, CudaGraphs
from disentool.engine.training import Training
from disentool.phase import DataFacts

RGB = ("lord", "mlvae", "drnet")  # learn from colour images with classes
FLOOR_FLOP = 12.23e9  # of FactorVAE's step: multiply and add counted apart, both phases, batch 64 + 64


class Made:
    """Images of a size, and factors, made once: sparse and binary as those of 2D Shapes."""

    def __init__(self, count: int = 20_000, size: int = 64, channels: int = 1):
        rng = np.random.default_rng(0)
        self.images = (rng.random((count, size, size, channels)) > 0.96).astype(np.uint8) * 255
        self.factors = np.stack([np.arange(count) % 50, rng.integers(0, 8, count), rng.integers(0, 8, count)], 1)
        self.facts = DataFacts(
            count, channels, size, size, factor_names=("a", "b", "c"), factor_sizes=(50, 8, 8), class_factor="a"
        )


def training(
    name: str, made: Made, device: torch.device, *, graphs: bool = False, seed: int = 0, **options: Any
) -> Training:
    """A run of a method as the train stage makes it."""
    entry = configs.find(name)
    method = configs.load(entry.implementation)(config.build(configs.load(entry.config), options), made.facts)
    recorder = CudaGraphs(device) if graphs else None
    with recorder.on_stream() if recorder else nullcontext():
        return Training(method, Feed(made.images, made.factors, device), seed, device, recorder)


def advance(runs: Sequence[Training]) -> None:
    """A step of each."""
    for run in runs:
        with run.graphs.on_stream() if run.graphs else nullcontext():
            run.advance()


def rate(step: Callable[[], None], device: torch.device, seconds: float) -> float:
    """Calls a second, after a warm-up: the median of five stretches."""

    def settle() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    for _ in range(WARM_UP + 2):
        step()
    settle()
    start = time.perf_counter()
    step()
    settle()
    count = max(3, int(seconds / 5 / max(time.perf_counter() - start, 1e-5)))
    rates = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(count):
            step()
        settle()
        rates.append(count / (time.perf_counter() - start))
    return statistics.median(rates)


def kernels(run: Training) -> int:
    """How many operations of a step compute something: about as many as the kernels of it on CUDA."""
    with Recorder() as recorder:
        run.advance()
    return recorder.kernels


def peak(device: torch.device) -> str:
    """The most memory that was in use: of the device, or of the process."""
    if device.type == "cuda":
        used = torch.cuda.max_memory_allocated(device) / 1e9
        torch.cuda.reset_peak_memory_stats(device)
        return f"{used:.2f} GB"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB"


def methods(names: Sequence[str], device: torch.device, seconds: float) -> None:
    """Each method's step."""
    cuda = device.type == "cuda"
    print("| method | images a step | kernels | eager steps/s | captured | gang of 10, steps/s of all | memory |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        made = Made(2_000 if name in RGB else 20_000, channels=3 if name in RGB else 1)
        run = training(name, made, device)
        stage = run.stages[0]
        images = sum(phase.repeats * phase.draw.batch * (1 + (phase.draw.kind == "pairs")) for phase in stage.phases)
        eager = rate(run.advance, device, seconds)
        count = kernels(run)
        captured = together = "-"
        if cuda:
            one = training(name, made, device, graphs=True)
            captured = f"{rate(lambda one=one: advance([one]), device, seconds):,.0f} {one.why_eager}"
            ten = [training(name, made, device, graphs=True, seed=seed) for seed in range(10)]
            together = f"{10 * rate(lambda ten=ten: advance(ten), device, seconds):,.0f}"
            del one, ten
        print(f"| {name} | {images} | {count} | {eager:,.1f} | {captured} | {together} | {peak(device)} |", flush=True)
        del run


def growth(device: torch.device, seconds: float) -> None:
    """How FactorVAE's step grows: steps a second."""
    cuda = device.type == "cuda"
    print("\n| FactorVAE | steps/s |\n|---|---|")
    cases: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        *((f"{n:,} images", {"count": n}, {}) for n in (1_000, 10_000, 100_000)),
        *((f"batch {n}", {}, {"batch_size": n}) for n in (16, 64, 256)),
        *((f"{n} latents", {}, {"latent_dim": n}) for n in (5, 10, 50, 100)),
        *((f"{n} pixels a side", {"size": n, "count": 2_000}, {}) for n in (32, 64, 128)),
    ]
    for label, data, options in cases:
        run = training("factorvae", Made(**data), device, graphs=cuda, **options)
        print(f"| {label} | {rate(lambda run=run: advance([run]), device, seconds):,.1f} |", flush=True)
    made = Made()
    for count in (1, 2, 5, 10, 20) if cuda else (1, 2, 5):
        runs = [training("factorvae", made, device, graphs=cuda, seed=seed) for seed in range(count)]
        of_all = count * rate(lambda runs=runs: advance(runs), device, seconds)
        print(f"| gang of {count}, all its steps | {of_all:,.1f} |", flush=True)


def against_plain(device: torch.device, seconds: float) -> None:
    """The paper's FactorVAE step against the plain statement of it, and against the arithmetic."""
    made = Made()
    plain = PlainFactorVAE((torch.from_numpy(made.images).permute(0, 3, 1, 2) // 255).contiguous().to(device))
    for network in (plain.encoder, plain.decoder, plain.discriminator):
        network.to(device)
    one = training("factorvae", made, device, graphs=device.type == "cuda")
    theirs, ours = rate(plain.step, device, seconds), rate(lambda: advance([one]), device, seconds)
    print(f"\nFactorVAE: {ours:,.1f} steps/s; the plain statement {theirs:,.1f}: {ours / theirs:.2f} x; ", end="")
    print(f"{FLOOR_FLOP * ours / 1e12:.2f} TFLOP a second")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each figure")
    parser.add_argument("method", nargs="*", default=list(configs.METHODS))
    given = parser.parse_args()
    device = devices.choose(given.device, precision=given.precision)
    hardware = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    print(f"torch {torch.__version__}, {device.type}: {hardware}, precision {given.precision}\n")
    methods(given.method, device, given.seconds)
    growth(device, given.seconds)
    against_plain(device, given.seconds)


if __name__ == "__main__":
    main()
