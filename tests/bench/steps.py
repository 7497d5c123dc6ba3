"""Each method's step at its paper's setting, against the plain loop of the same losses; how FactorVAE's step grows."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from measure import Machine, Row, against, rate, timed
from plain_factorvae import PlainFactorVAE
from runs import RGB, Made, PlainLoop, advance, images_a_step, method_of, training

from disentool.io import hdf5
from disentool.io.schema import DATASET
from disentool.methods import METHODS

GANG = 10


def methods(machine: Machine, names: Sequence[str] = ()) -> Iterator[Row]:
    """Each method: on a CPU eager, on CUDA captured, and then ten at once."""
    for name in names or METHODS:
        made = Made(2_000 if name in RGB else 20_000, channels=3 if name in RGB else 1)
        eager = training(method_of(name, made), made, machine.device)
        plain = PlainLoop(method_of(name, made), made, machine.device)
        images = images_a_step(eager)
        ours = training(method_of(name, made), made, machine.device, graphs=True) if machine.cuda else eager

        def step(ours: Any = ours) -> None:
            advance([ours])

        speed, ratio = against(step, plain.step, machine)
        memory = machine.peak(step)
        floors = machine.floors(eager.advance, 1 / speed)
        kind = ("captured" if not ours.why_eager else ours.why_eager) if machine.cuda else ""
        yield Row(f"{name} {kind}".strip(), _speed(speed, images), ratio, memory, **floors)
        del eager, ours, step
        if machine.cuda:
            runs = [training(method_of(name, made), made, machine.device, graphs=True, seed=s) for s in range(GANG)]
            of_all = GANG * rate(lambda runs=runs: advance(runs), machine)
            memory = machine.peak(lambda runs=runs: advance(runs))
            note = f"{of_all / speed:.2f} times one"
            yield Row(f"{name}, {GANG} at once", _speed(of_all, images), ratio * of_all / speed, memory, note=note)


def _speed(steps: float, images: int) -> str:
    return f"{steps:,.{0 if steps > 100 else 1 if steps > 1 else 2}f} steps/s, {steps * images:,.0f} images/s"


def factorvae(machine: Machine) -> Iterator[Row]:
    """FactorVAE's step against an independent plain statement of it: in one process, and on a CPU in one each."""
    ours, plain = _sides(machine.device)
    speed, ratio = against(ours, plain, machine)
    yield Row("FactorVAE, independent statement", _speed(speed, 128), ratio)
    if machine.cuda:
        return
    workers = {which: Worker(which) for which in ("disentool", "plain")}
    turns = max(4, round(machine.seconds))
    for worker in workers.values():
        worker.seconds(10)
    found = [(workers["disentool"].seconds(5), workers["plain"].seconds(5)) for _ in range(turns)]
    for worker in workers.values():
        worker.process.stdin.close()
        worker.process.wait()
    ratio = statistics.median(plain / ours for ours, plain in found)
    note = "the plain step then lacks our allocator settings"
    speed = 1 / statistics.median(ours for ours, _ in found)
    yield Row("the same, a process each", _speed(speed, 128), ratio, note=note)


def _sides(device: torch.device) -> tuple[Any, Any]:
    made = Made()
    run = training(method_of("factorvae", made), made, device, graphs=device.type == "cuda")
    plain = PlainFactorVAE((torch.from_numpy(made.images).permute(0, 3, 1, 2) // 255).contiguous().to(device))
    for network in (plain.encoder, plain.decoder, plain.discriminator):
        network.to(device)
    return (lambda: advance([run])), plain.step


class Worker:
    """A process of its own that takes steps when told: each side with the settings that its user would have."""

    def __init__(self, which: str):
        policy = {"GOMP_SPINCOUNT": "2000"} if which == "disentool" else {}  # as the command sets it
        command = [sys.executable, str(Path(__file__)), which]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, env={**os.environ, **policy}, **pipes)

    def seconds(self, steps: int) -> float:
        """Seconds a step, over so many."""
        print(steps, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())


def work(which: str) -> None:
    """The worker's side: read a number of steps, take them, print the seconds a step took."""
    from disentool.engine import devices

    cpu = torch.device("cpu")
    if which == "disentool":
        devices.configure(cpu)
    step = _sides(cpu)[which == "plain"]
    for line in sys.stdin:
        print(timed(lambda line=line: [step() for _ in range(int(line))]) / int(line), flush=True)


def growth(machine: Machine, drawn: Path | None = None) -> Iterator[Row]:
    """FactorVAE's step on more images, larger batches and images, more latents and seeds; ``drawn``: an SVG of it."""
    cases: dict[str, dict[int, tuple[dict[str, Any], dict[str, Any]]]] = {
        "images": {n: ({"count": n}, {}) for n in (1_000, 10_000, 100_000)},
        "batch": {n: ({}, {"batch_size": n}) for n in (16, 32, 64, 128, 256)},
        "latents": {n: ({}, {"latent_dim": n}) for n in (5, 10, 20, 50, 100)},
        "pixels a side": {n: ({"size": n, "count": 2_000}, {}) for n in (32, 64, 128)},
    }
    found: dict[str, dict[int, float]] = {}
    for axis, values in cases.items():
        for value, (data, options) in values.items():
            made = Made(**data)
            run = training(method_of("factorvae", made, **options), made, machine.device, graphs=machine.cuda)
            speed = rate(lambda run=run: advance([run]), machine)
            found.setdefault(axis, {})[value] = speed
        yield _grown(axis, found[axis])
    made = Made()
    for count in (1, 2, 5, 10, 20) if machine.cuda else (1, 2, 5):
        runs = [
            training(method_of("factorvae", made), made, machine.device, graphs=machine.cuda, seed=seed)
            for seed in range(count)
        ]
        found.setdefault("seeds at once", {})[count] = count * rate(lambda runs=runs: advance(runs), machine)
    yield _grown("seeds at once", found["seeds at once"])
    if not machine.cuda:
        yield _processes()
    if drawn is not None:
        _draw(found, drawn, machine.name.partition(", load")[0].partition(";")[0])


def _processes(turns: int = 3, steps: int = 110) -> Row:
    """Two seeds of `--preset quick` on 64x64 images: one after another on all threads, and a process for each."""
    found: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as name:
        made = Made()
        with hdf5.create(Path(name) / "data.h5", DATASET, overwrite=True) as out:
            out.array("images", made.images)
            out.attributes(name="made", source="a benchmark", likelihood="bernoulli", grid=False)
        for gang in (1, 2) * turns:
            command = [sys.executable, "-m", "disentool", "train", "factorvae", "--preset", "quick", "--seeds", "0-1"]
            command += ["--steps", str(steps), "--log-every", "10", "--gang", str(gang), "--device", "cpu"]
            command += ["--data", "data.h5", "-o", "{seed}.pt", "--overwrite", "-q"]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=name, env=environment)
            histories = [(Path(name) / f"{seed}.history.jsonl").read_text().splitlines() for seed in (0, 1)]
            lines = [(json.loads(lines[0]), json.loads(lines[-1])) for lines in histories]
            speeds = [(last["step"] - first["step"]) / (last["time"] - first["time"]) for first, last in lines]
            found[gang].append(sum(speeds) / (3 - gang))  # one after another, each has all the time of its own
    speed = statistics.median(found[2])
    ratio = statistics.median(two / one for one, two in zip(found[1], found[2], strict=True))
    note = "plain: one seed after another on all threads"
    return Row("FactorVAE quick, two seeds, a process each", _speed(speed, 128), ratio, note=note)


def _grown(axis: str, found: dict[int, float]) -> Row:
    figure = ", ".join(f"{speed:,.{0 if speed > 100 else 1}f}" for speed in found.values())
    values = ", ".join(f"{value:,}" for value in found)
    unit = "steps/s of all" if axis == "seeds at once" else "steps/s"
    return Row(f"FactorVAE, {axis}: {values}", f"{figure} {unit}")


def _draw(found: dict[str, dict[int, float]], path: Path, caption: str) -> None:
    from disentool.plots import layout, saving, style
    from disentool.results.labels import short

    options = style.Options().sized(style.PAGE, 48)
    with style.applied(options):
        figure = style.blank(options)
        for axis, (name, values) in zip(figure.subplots(1, len(found)), found.items(), strict=True):
            axis.plot(list(values), list(values.values()), color=style.COLOURS[0], marker="o")
            axis.set_xlabel(name)
            axis.set_xscale("log")
            axis.set_xticks(list(values), [short(value) for value in values])
            axis.minorticks_off()
            axis.set_ylim(0, 1.1 * max(values.values()))
        figure.axes[0].set_ylabel("steps/s")
        shown = "FactorVAE's step at the paper's setting but for what is named; of seeds at once, all their steps."
        drawing = layout.finish(style.Drawing(figure, f"{shown} {caption}."), options)
        saving.save(drawing, path, dpi=150, overwrite=True, about={"created": "by tests/bench growth"})


if __name__ == "__main__":
    work(sys.argv[1])
