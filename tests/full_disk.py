"""Runs commands on a small disk that fills up at another moment each time, and looks at what is said and what is left.

``python tests/full_disk.py [COMMAND...]`` needs the right to mount a tmpfs. It prints how often a command ran into the
full disk. It ends at the first command that says anything but one line, that leaves a file that is not whole, or that
cannot finish once there is space again.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kills import COMMANDS, prepared, require_whole

# Two runs at once: what happens to a process of the list's own.
LISTED = {"list": COMMANDS["train"].replace("-o m.pt", "--seeds 0,1 -o m-{seed}.pt")}
SHARES = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97)  # of the space that the command takes
PAGE = 4096


@contextmanager
def disk(folder: Path, size: int) -> Iterator[None]:
    """Mount a tmpfs of so many bytes on ``folder``; CalledProcessError without the right to."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def ran(arguments: list[str], folder: Path) -> tuple[int, str]:
    """Run a command in a process of its own; its status, and what it wrote to stderr."""
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            code = 99
            try:
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                os.dup2(said.fileno(), 2)
                sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
                os.chdir(folder)
                from disentool.cli import run

                code = run(arguments)
                sys.stderr.flush()
            finally:
                os._exit(code)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        return status, said.read().decode()


def used(folder: Path) -> int:
    """Bytes that are used of the disk."""
    facts = os.statvfs(folder)
    return (facts.f_blocks - facts.f_bfree) * facts.f_frsize


def fill(name: str, start: Path, mount: Path, shares: Sequence[float] = SHARES) -> int:
    """Run one command on disks with these shares of the space that it takes; how often the disk was full."""
    arguments = (COMMANDS | LISTED)[name].split()
    again = [*arguments, "--resume" if "train" in arguments else "--overwrite"]
    with disk(mount, 1 << 30):
        shutil.copytree(start, mount, dirs_exist_ok=True)
        before = used(mount)
        assert ran(arguments, mount)[0] == 0, name
        needed, expected = used(mount) - before, sorted(path.name for path in mount.iterdir() if path.suffix != ".lock")
    full = 0
    for share in shares:
        size = before + int(share * needed) // PAGE * PAGE
        with disk(mount, size):
            shutil.copytree(start, mount, dirs_exist_ok=True)
            status, said = ran(arguments, mount)
            if status:
                lines = [line for line in said.splitlines() if line.startswith("disentool: error") or "disk" in line]
                assert status == 1 and len(lines) == 1 and "Traceback" not in said, (name, share, status, said)
                full += 1
            left = [path.name for path in mount.iterdir() if ".partial-" in path.name]
            assert not left, (name, share, left)
            require_whole(mount)
            subprocess.run(["mount", "-o", f"remount,size={1 << 30}", mount], check=True)
            shutil.rmtree(mount / "pictures", ignore_errors=True)  # a folder is never replaced
            status, said = ran(again, mount)
            assert status == 0, (name, share, said)
            found = sorted(path.name for path in mount.iterdir() if path.suffix != ".lock")
            assert found == expected, (name, share, set(found) ^ set(expected))
    return full


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base, "start")
        folder.mkdir()
        prepared(folder)
        total = 0
        for command in sys.argv[1:] or [*COMMANDS, *LISTED]:
            number = fill(command, folder, Path(base, "disk"))
            total += number
            print(f"{command}: the disk was full {number} times", flush=True)
        print(f"{total} full disks, one line each, every artefact whole, every command finished once there was space")
