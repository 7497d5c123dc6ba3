"""Commands from nothing to their end, each in a process of its own, on a warm cache."""

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from measure import ROUNDS, Machine, Row, timed

TRAIN = "train", "factorvae", "--gamma", "40", "--preset", "quick", "--steps", "1"


def start(machine: Machine) -> Iterator[Row]:
    """The seconds of each command, in turns; and how many of them are not the import of torch."""
    device = "--device", machine.device.type
    commands = {
        "start: `train`, one step": (*TRAIN, "--overwrite", *device),
        "start: `train --resume`, complete": (*TRAIN, "--resume", *device),
        "start: `info`": ("info", "ckpt.pt"),
        "start: `traverse`": ("traverse", "-o", "a.png", "--overwrite", *device),
        "start: `score --metric kl`, 10,000 images": ("score", "--metric", "kl", "ckpt.pt", *device),
        "start: `export`": ("export", "--overwrite"),
    }
    lines = {what: (sys.executable, "-m", "disentool", *words) for what, words in commands.items()}
    lines["import torch"] = (sys.executable, "-c", "import torch")
    seconds: dict[str, list[float]] = {what: [] for what in lines}
    with tempfile.TemporaryDirectory() as folder:

        def carry_out(line: tuple[str, ...]) -> None:
            subprocess.run(line, cwd=folder, check=True, capture_output=True)

        carry_out(lines["start: `train`, one step"])  # which the others read, and which fills the cache
        for _ in range(ROUNDS):
            for what, line in lines.items():
                seconds[what].append(timed(lambda line=line: carry_out(line)))
    torch = statistics.median(seconds.pop("import torch"))
    for what, found in seconds.items():
        whole = statistics.median(found)
        yield Row(what, f"{whole:.2f} s, {whole - torch:.2f} s without the import of torch")
