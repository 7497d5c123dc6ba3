"""A case: a sound file, changed as its kind and number say, and a command that reads it. The same every time."""

import random
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import sound_models
from kinds import KINDS
from limited_command import CANARY, Ended, carried_out, faults_of

# What commands may leave beside what was there; -o names them.
_OUTPUTS = {
    "o.h5",
    "o.png",
    "o.pt",
    "o.svg",
    "o.html",
    "o.jsonl",
    "o.safetensors",
    "o.json",
    "o.history.jsonl",
    "pictures",
}


class Case(NamedTuple):
    """What was tried, how it ended, and what was wrong with that."""

    kind: str
    number: int
    target: str
    change: str
    command: str
    ended: Ended
    faults: list[str]


class Trials:
    """Cases of all kinds, in a scratch folder: the sound files are made once."""

    def __init__(self, scratch: Path):
        self._scratch = scratch
        self._models = sound_models.write(scratch / "models")
        self._sound: dict[str, Path] = {}

    def sound(self, kind: str) -> Path:
        """The folder of a kind's sound files."""
        if kind not in self._sound:
            folder = self._scratch / f"sound-{kind}"
            folder.mkdir()
            KINDS[kind].make(self._models, folder)
            self._sound[kind] = folder
        return self._sound[kind]

    def tried(self, kind: str, number: int | None, command: int | None = None, keep: Path | None = None) -> Case:
        """The case of this number, or with None the sound files with the command of this number.

        ``keep``: where the changed files are kept.
        """
        chosen, random_ = KINDS[kind], random.Random(f"{kind} {number}")
        every = (*chosen.commands, *chosen.slow)
        line = chosen.line(random_) if command is None else every[command]
        target = random_.choice(chosen.targets)
        with tempfile.TemporaryDirectory(dir=self._scratch) as box:
            folder = Path(box, "work")
            shutil.copytree(self.sound(kind), folder)
            change = "none" if number is None else chosen.change(random_, folder / target)
            if keep:
                shutil.copytree(folder, keep)
            before = _listing(folder)
            line = line.format(f=target)
            ended = carried_out(shlex.split(line), folder, chosen.mib, chosen.patch)
            faults = faults_of(ended, " -q" in line and not line.startswith("runs")) + _left(
                folder, before, ended, "--trust" in line
            )
        return Case(kind, number or 0, target, change, line, ended, faults)


def _listing(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def _left(folder: Path, before: set[str], ended: Ended, trusted: bool) -> list[str]:
    """What the command left behind that it should not have; ``trusted``: the code in the file may run."""
    new = _listing(folder) - before
    found = ["ran the code of the file"] if CANARY in new and not trusted else []
    beside = {path.name for path in folder.parent.iterdir()} - {"work", "out", "err"}
    if beside or Path("/tmp/fuzz-escaped.png").exists():
        found.append("wrote outside of its folder")
    tops = {Path(name).parts[0] for name in new}
    if half := sorted(name for name in tops if name.startswith(".") or name.endswith((".tmp", ".lock"))):
        found.append(f"left {half[0]}")
    if ended.status == 2 and tops & _OUTPUTS:
        found.append("an output, and exit 2")
    return found
