"""Commands that want the same files at once, in processes of their own, and what each of them says.

``python tests/concurrency.py [SECONDS]`` starts each situation again and again for so long, with locks and on a file
system that has none, and prints how often; it ends at the first file that is not whole, or at the first command that
fails with anything but the line that is right.
"""

import errno
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from full_disk import ran
from kills import COMMANDS, prepared, require_whole

BUSY = "another running disentool is writing it"
THERE = "--overwrite replaces it"
TRAIN = COMMANDS["train"]


def without_locks() -> None:
    """Make this process, and its children, find a file system that has no locks."""
    import fcntl

    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    fcntl.flock = fcntl.lockf = none


def together(commands: list[str], folder: Path, locks: bool = True) -> list[tuple[int, str]]:
    """Run the commands side by side; the status of each, and what it wrote to stderr."""
    children = []
    for number, command in enumerate(commands):
        child = os.fork()
        if child == 0:
            code = 99
            with suppress(BaseException):
                if not locks:
                    without_locks()
                code, said = ran(command.split(), folder)
                (folder / f".said-{number}").write_text(said)
            os._exit(code)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    said = [folder / f".said-{number}" for number in range(len(commands))]
    found = [(code, path.read_text()) for code, path in zip(codes, said, strict=True)]
    for path in said:
        path.unlink()
    return found


def one_output(folder: Path, locks: bool) -> Counter[str]:
    """Five trainings of one output: one finishes, the others are refused; none is damaged."""
    found = together([TRAIN] * 5, folder, locks)
    finished = sum(code == 0 for code, _ in found)
    assert finished == 1 if locks else finished >= 1, found
    assert all(code == 0 or (code == 1 and (BUSY in said or THERE in said)) for code, said in found), found
    return Counter(finished=finished, refused=5 - finished)


def resumed_twice(folder: Path, locks: bool) -> Counter[str]:
    """A run that is resumed by three processes: it ends as if by one."""
    assert ran(TRAIN.split(), folder)[0] == 0
    found = together([TRAIN.replace("--steps 8", "--steps 16") + " --resume"] * 3, folder, locks)
    assert any(code == 0 for code, _ in found), found
    assert all(code == 0 or (code == 1 and BUSY in said) for code, said in found), found
    return Counter(finished=sum(code == 0 for code, _ in found), refused=sum(code == 1 for code, _ in found))


def read_while_written(folder: Path, locks: bool) -> Counter[str]:
    """Readers of a checkpoint and of codes that others write again and again: every one finds a whole file."""
    writers = [
        TRAIN.replace("m.pt", "ckpt.pt") + " --overwrite",
        COMMANDS["encode"].replace("z.h5", "z0.h5 --overwrite"),
    ]
    readers = ["info ckpt.pt", "info z0.h5", "score z0.h5 --metric mig -q", "traverse ckpt.pt -o t{}.png --device cpu"]
    found = together([*writers, *(reader.format(n) for n in range(2) for reader in readers)], folder, locks)
    assert all(code == 0 for code, _ in found), found
    return Counter(reads=len(readers) * 2, writes=2)


SITUATIONS = (one_output, resumed_twice, read_while_written)


def tried(situation, start: Path, scratch: Path, locks: bool) -> Counter[str]:
    """One trial in a copy of ``start``."""
    shutil.copytree(start, scratch)
    try:
        found = situation(scratch, locks)
        require_whole(scratch)
        assert not [path for path in scratch.iterdir() if ".partial-" in path.name]
        return found
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as base:
        first = Path(base, "start")
        first.mkdir()
        prepared(first)
        for locked in (True, False):
            for each in SITUATIONS:
                total, deadline = Counter[str](), time.monotonic() + float(sys.argv[1] if len(sys.argv) > 1 else 60)
                while time.monotonic() < deadline:
                    total += tried(each, first, Path(base, "scratch"), locked) + Counter(trials=1)
                print(each.__name__, "with locks:" if locked else "without locks:", dict(total), flush=True)
