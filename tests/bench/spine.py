"""Benchmarks of the spine on this machine's CPU: `python tests/bench/spine.py [PAIRS]` prints one table.

Ratios are medians over interleaved turns; single times depend on the machine and on its load.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from plain_factorvae import PlainFactorVAE

from disentool.configs.factorvae import FactorVAEConfig
from disentool.datasets import dsprites, shapes3d
from disentool.engine import device, inference
from disentool.engine.feed import Feed
from disentool.engine.training import Training
from disentool.methods.factorvae import FactorVAE
from disentool.metrics import factor
from disentool.metrics.result import Codes
from disentool.metrics.sampling import Points
from disentool.phase import DataFacts
from disentool.stages.prepare import prepare

IMAGES = (np.random.default_rng(0).random((5000, 64, 64, 1)) > 0.96).astype(np.uint8)
STEP_FLOP = 12.23e9  # multiply and add counted apart, both phases, batch 64 + 64


def timed(work: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def pairs(ours: Callable[[], object], theirs: Callable[[], object], count: int) -> tuple[float, float, float]:
    """Median seconds of each, and the median ratio theirs / ours, over interleaved pairs after a warm-up."""
    for _ in range(3):
        ours()
        theirs()
    a, b = zip(*((timed(ours), timed(theirs)) for _ in range(count)), strict=True)
    return statistics.median(a), statistics.median(b), statistics.median(y / x for x, y in zip(a, b, strict=True))


def sgemm() -> float:
    """Floating-point operations a second of a large matrix product."""
    a = torch.randn(2048, 2048)
    return 2 * 2048**3 / statistics.median(timed(lambda: a @ a) for _ in range(9))


def row(name: str, value: str, note: str = "") -> None:
    """One line of the table."""
    print(f"| {name:<34} | {value:>16} | {note}", flush=True)


def plain_statement() -> PlainFactorVAE:
    """The yardstick on made images."""
    return PlainFactorVAE(torch.from_numpy(IMAGES).permute(0, 3, 1, 2).contiguous())


def disentool_run() -> Training:
    """The same work as the train stage does it."""
    cpu = device.choose("cpu")
    method = FactorVAE(FactorVAEConfig(), DataFacts(len(IMAGES), 1, 64, 64))
    return Training(method, Feed(IMAGES * 255, None, cpu), 0, cpu)


class Worker:
    """A process of its own that takes steps when told: each side with the settings that its user would have."""

    def __init__(self, which: str):
        policy = {"GOMP_SPINCOUNT": "2000"} if which == "disentool" else {}  # as the command sets it
        command = [sys.executable, __file__, "worker", which]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, env={**os.environ, **policy}, **pipes)

    def seconds(self, steps: int) -> float:
        """Seconds a step, over so many."""
        print(steps, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())


def work(which: str) -> None:
    """The worker's side: read a number of steps, take them, print the seconds a step took."""
    step = disentool_run().advance if which == "disentool" else plain_statement().step
    for line in sys.stdin:
        print(timed(lambda line=line: [step() for _ in range(int(line))]) / int(line), flush=True)


def training(count: int) -> None:
    """The paper's FactorVAE step against the plain statement of it."""
    workers = {which: Worker(which) for which in ("disentool", "plain")}
    for worker in workers.values():
        worker.seconds(10)
    turns = [(workers["disentool"].seconds(5), workers["plain"].seconds(5)) for _ in range(count)]
    for worker in workers.values():
        worker.process.stdin.close()
        worker.process.wait()
    mine, theirs = (statistics.median(column) for column in zip(*turns, strict=True))
    ratio = statistics.median(b / a for a, b in turns)
    rate = sgemm()
    row("FactorVAE step, plain / disentool", f"{ratio:.2f}", f"median of {count} turns of 5 steps, a process each")
    row("FactorVAE steps a second", f"{1 / mine:.1f}", f"plain {1 / theirs:.1f}")
    row("share of the sgemm rate", f"{STEP_FLOP / mine / rate:.0%}", f"plain {STEP_FLOP / theirs / rate:.0%}")

    ours, plain = disentool_run(), plain_statement()
    ratio = pairs(ours.advance, plain.step, count)[2]
    row("the same in one process", f"{ratio:.2f}", "the plain step gains from our allocator settings too")
    rows = np.arange(2048)

    def encode() -> None:
        for _ in inference.encode(ours.method, ours.networks, ours.feed, rows):
            pass

    contiguous = torch.from_numpy(IMAGES[:2048]).permute(0, 3, 1, 2).contiguous()

    def forward() -> None:
        with torch.no_grad():
            for start in range(0, len(rows), 256):
                plain.encoder(contiguous[start : start + 256].float())

    mine, theirs, ratio = pairs(encode, forward, count)
    row("encode 2,048 images, plain / ours", f"{ratio:.2f}", f"{2048 / mine:,.0f} images a second")


def measuring() -> None:
    """The factor metric on as many ready codes as dSprites has images."""
    grid = np.indices(dsprites.SIZES).reshape(5, -1).T
    codes = np.random.default_rng(0).standard_normal((len(grid), 10), dtype=np.float32)
    codes[:, :5] += grid
    table = Codes(np.arange(len(grid)), codes)
    points = Points.from_factors(grid.astype(np.int32), sizes=dsprites.SIZES)
    for name, options in factor.PROTOCOLS.items():

        def measure(options: factor.Options = options) -> None:
            factor.score(factor.plan(points, options, 0, codes_ready=True), table)

        row(f"factor, {name}, 737,280 ready codes", f"{min(timed(measure) for _ in range(5)):.2f} s")


def rendering() -> None:
    """The whole grids of 2D Shapes and 3D Shapes, alone; the former as a file too."""

    def render(module: ModuleType) -> None:
        for _ in module.open_source(None).images(None):
            pass

    row("render 2D Shapes, 737,280 images", f"{timed(lambda: render(dsprites)):.1f} s")
    start = time.process_time()
    seconds = timed(lambda: render(shapes3d))
    row(
        "render 3D Shapes, 480,000 images", f"{seconds:.1f} s", f"{time.process_time() - start:.0f} s of processor time"
    )
    with tempfile.TemporaryDirectory() as folder:
        seconds = timed(lambda: prepare("dsprites", Path(folder) / "dsprites.h5"))
        row("prepare dsprites (3.0 GB, digested)", f"{seconds:.1f} s")


def main() -> None:
    """Print the table."""
    if sys.argv[1:2] == ["worker"]:
        work(sys.argv[2])
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    torch.manual_seed(0)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    rendering()
    measuring()
    training(count)
    row("peak memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
