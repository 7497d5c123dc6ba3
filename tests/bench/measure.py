"""How benchmarks measure: rates, ratios within one run, memory, kernels, and the floors that a machine sets."""

import ctypes
import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "datasets")]
from rehearsal import Recorder

from disentool.engine.graph import CudaGraphs

ROUNDS = 5
WARM_UP = 5  # steps: more than run before one is captured
PATIENCE = 10.0  # seconds of a warm-up
Step = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """A line of the table: what was done, how fast, and how many times as fast as the plain statement of it."""

    what: str
    figure: str
    against: float | None = None
    memory: str = ""
    kernels: int | None = None
    launches: float | None = None
    arithmetic: float | None = None
    note: str = ""

    def __str__(self) -> str:
        cells = (
            self.what,
            self.figure,
            "" if self.against is None else f"{self.against:.2f}",
            self.memory,
            "" if self.kernels is None else f"{self.kernels:,}",
            "" if self.launches is None else f"{self.launches:.0%}",
            "" if self.arithmetic is None else f"{self.arithmetic:.0%}",
            self.note,
        )
        return f"| {' | '.join(cells)} |"


HEAD = "| what | figure | times plain | memory | kernels | launch floor | arithmetic floor | |\n" + "|---" * 8 + "|"


class Machine:
    """The device, what it is called, and the two floors under a step's time on it."""

    def __init__(self, device: torch.device, seconds: float):
        """``seconds``: for each figure."""
        self.device, self.seconds = device, seconds
        self.cuda = device.type == "cuda"
        self.launch = self._launch()
        self.flop_rate = self._flop_rate()

    @property
    def name(self) -> str:
        """The hardware, and torch's version."""
        if self.cuda:
            what = torch.cuda.get_device_name(self.device)
        else:
            info = Path("/proc/cpuinfo")
            names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
            what = f"{names[0] if names else platform.processor()}, {torch.get_num_threads()} threads"
            what += f", load {os.getloadavg()[0]:.1f}"
        return (
            f"{what}; torch {torch.__version__}; a launch takes {1e6 * self.launch:.1f} µs, a large matrix product does"
            f" {self.flop_rate / 1e12:.2f} TFLOP/s"
        )

    def settle(self) -> None:
        """Wait for what was launched."""
        if self.cuda:
            torch.cuda.synchronize(self.device)

    def _launch(self) -> float:
        """Seconds that one of many small operations in a row takes; on CUDA within a replayed graph."""
        x = torch.zeros(1, device=self.device)
        count = 1000

        def step() -> None:
            for _ in range(count):
                x.add_(1)

        return 1 / rate(CudaGraphs(self.device).capture(step) if self.cuda else step, self, 0.2) / count

    def _flop_rate(self) -> float:
        side = 8192 if self.cuda else 2048
        a = torch.randn(side, side, device=self.device)
        return 2 * side**3 * rate(lambda: a @ a, self, 1.0)

    def once(self, work: Step) -> tuple[float, str]:
        """Seconds of one call, and the most memory in use: of the device, or of the process less what it had freed."""

        def settled() -> None:
            work()
            self.settle()

        if self.cuda:
            torch.cuda.reset_peak_memory_stats(self.device)
            return timed(settled), f"{torch.cuda.max_memory_allocated(self.device) / 1e9:.2f} GB"
        status, clear = Path("/proc/self/status"), Path("/proc/self/clear_refs")
        if not status.exists():
            return timed(settled), ""
        gc.collect()
        if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
            libc.malloc_trim(0)  # of what has been freed, which our allocator settings keep
        clear.write_text("5")  # forgets the peak so far
        seconds = timed(settled)
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return seconds, f"{int(line.split()[1]) / 1e6:.2f} GB"

    def peak(self, work: Step) -> str:
        """The memory alone."""
        return self.once(work)[1]

    def kernels(self, step: Step) -> int:
        """Kernels that a step launches: on CUDA as profiled, elsewhere its operations that compute something."""
        if not self.cuda:
            with Recorder() as recorder:
                step()
            return recorder.kernels
        from torch.autograd import DeviceType
        from torch.profiler import ProfilerActivity, profile

        with profile(activities=[ProfilerActivity.CUDA]) as found:
            step()
            self.settle()
        return sum(event.device_type == DeviceType.CUDA for event in found.events())

    def floors(self, step: Step, seconds: float) -> dict[str, float | int]:
        """Kernels of a step, and which shares of its ``seconds`` their launches and its products would take alone."""
        kernels = self.kernels(step)
        with Products() as products:
            step()
        return {
            "kernels": kernels,
            "launches": kernels * self.launch / seconds,
            "arithmetic": products.flop / self.flop_rate / seconds,
        }


class Products(TorchDispatchMode):
    """Counts the multiplications and additions, each for one, of matrix products and convolutions.

    Torch's own counter also watches modules, which a loss that takes a gradient does not allow.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flop = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if count := flop_registry.get(func._overloadpacket):
            self.flop += count(*args, **(kwargs or {}), out_val=out)
        return out


def timed(work: Step) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def rates(steps: list[Step], machine: Machine, seconds: float | None = None) -> list[list[float]]:
    """Calls a second of each, ROUNDS times (or fewer, if it is slow), in turns, after a warm-up.

    Together about ``seconds`` for each.
    """
    counts, slowest = [], 0.0
    for step in steps:
        start = time.perf_counter()
        for _ in range(WARM_UP):
            step()
            machine.settle()
            if time.perf_counter() - start > PATIENCE:
                break
        once = timed(lambda step=step: (step(), machine.settle()))
        slowest = max(slowest, once)
        counts.append(max(1, round((machine.seconds if seconds is None else seconds) / ROUNDS / max(once, 1e-6))))

    def turn(step: Step, count: int) -> float:
        def several() -> None:
            for _ in range(count):
                step()
            machine.settle()

        return count / timed(several)

    rounds = ROUNDS if slowest < PATIENCE / ROUNDS else 2
    turns = [[turn(step, count) for step, count in zip(steps, counts, strict=True)] for _ in range(rounds)]
    return [list(column) for column in zip(*turns, strict=True)]


def rate(step: Step, machine: Machine, seconds: float | None = None) -> float:
    """Calls a second: the median of several stretches."""
    return statistics.median(rates([step], machine, seconds)[0])


def against(ours: Step, plain: Step, machine: Machine) -> tuple[float, float]:
    """Calls of ``ours`` a second, and how many times as many that is as of ``plain``: medians over turns."""
    mine, theirs = rates([ours, plain], machine)
    return statistics.median(mine), statistics.median(a / b for a, b in zip(mine, theirs, strict=True))
