"""Kills commands at each point at which they change files, and looks at what is left.

``python tests/kills.py [ROUNDS]`` does it at every point, so many times, and prints how
often; it ends at the first artefact that is not whole, or that blocks the same command when it is run again.
"""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

EVENTS = {"open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir"}  # of sys.addaudithook, and fsync
COMMANDS = {
    "train": "train vae --data d.h5 --latent-dim 2 --batch-size 8 --hidden-units 16 --steps 8 --checkpoint-every 3"
    " --keep-every 4 --log-every 2 --device cpu -q -o m.pt",
    "encode": "encode ckpt.pt --data d.h5 -o z.h5 -q --device cpu",
    "prepare": "prepare prepared --from d.h5 --keep size=0 -o p.h5",
    "find-direction": "find-direction ckpt.pt --transform brightness --starts 5 --device cpu -q --force -o f.h5",
    "export": "export ckpt.pt -o w.safetensors",
    "report": "report ckpt.pt -o r.html",
}


def points(arguments: list[str], kill_at: int | None) -> int | None:
    """Run a command in a process of its own, killed at this point; the number of points, or None if it was killed."""
    pipe = os.pipe()
    child = os.fork()
    if child == 0:
        _run(arguments, kill_at, pipe[1])
    os.close(pipe[1])
    with os.fdopen(pipe[0], "rb") as told:
        number = told.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        return None
    assert status == 0, (arguments, status)
    return int(number)


def _run(arguments: list[str], kill_at: int | None, pipe: int) -> None:
    from disentool.cli import run

    seen, here, code = [0], os.path.realpath(os.getcwd()), 99

    def point() -> None:
        seen[0] += 1
        if seen[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, values: tuple) -> None:
        if event not in EVENTS or not isinstance(values[0], str | os.PathLike):
            return
        if event == "open" and not values[2] & (os.O_WRONLY | os.O_RDWR):
            return
        if os.path.realpath(os.path.dirname(os.path.abspath(values[0]))) == here:
            point()

    real = os.fsync

    def fsync(number: int) -> None:
        point()
        real(number)

    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.fsync = fsync
    sys.addaudithook(hook)
    try:
        code = run(arguments)
        os.write(pipe, str(seen[0]).encode())
    finally:
        os._exit(code)


def require_whole(folder: Path) -> None:
    """Every artefact that is there can be read to its end."""
    from disentool.io import checkpoint, exported, hdf5, records

    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.suffix == ".pt":
            checkpoint.read(path)
        elif path.suffix == ".h5":
            with hdf5.opened(path) as file:
                claimed = hdf5.attribute(file, "content_sha256", None)
            assert claimed == hdf5.content_digest(path), path
        elif path.suffix == ".jsonl":
            records.read_lines(path)
        elif path.suffix == ".safetensors":
            exported.read(path)
        elif path.suffix == ".html":
            assert path.read_text(encoding="utf-8").rstrip().endswith("</html>"), path


def kill_everywhere(name: str, folder: Path, most: int | None = None) -> int:
    """Kill one command at every point, or at ``most`` of them, in copies of ``folder``; the number of kills.

    After each, what is there is whole, and the same command again (with --resume, or --overwrite) leaves the files of
    a run that was never killed, and nothing else but empty lock files, which nobody holds.
    """
    arguments = COMMANDS[name].split()
    again = [*arguments, "--resume" if name == "train" else "--overwrite"]
    home, kills = Path.cwd(), 0
    with tempfile.TemporaryDirectory() as scratch:
        try:
            whole = Path(scratch, "whole")
            shutil.copytree(folder, whole)
            os.chdir(whole)
            number = points(arguments, None)
            assert number, name
            expected = sorted(path.name for path in whole.iterdir())
            for at in range(1, number + 1, max(1, -(-number // most) if most else 1)):
                killed = Path(scratch, str(at))
                shutil.copytree(folder, killed)
                os.chdir(killed)
                kills += points(arguments, at) is None
                require_whole(killed)
                points(again, None)
                require_whole(killed)
                found = sorted(path.name for path in killed.iterdir() if path.suffix != ".lock")
                assert found == expected, (name, at, set(found) ^ set(expected))
                if name == "train":
                    _require_same_weights(whole / "m.pt", killed / "m.pt")
                shutil.rmtree(killed)
        finally:
            os.chdir(home)
    return kills


def _require_same_weights(one: Path, two: Path) -> None:
    from disentool.io import checkpoint

    a, b = (checkpoint.read(path)["networks"] for path in (one, two))
    assert all(a[n][k].equal(b[n][k]) for n in a for k in a[n]), two


def prepared(folder: Path) -> Path:
    """A data set, a checkpoint and its codes, for the commands."""
    from conftest import square_grid, write_dataset

    write_dataset(folder / "d.h5", *square_grid(16))
    home = Path.cwd()
    os.chdir(folder)
    try:
        points([*COMMANDS["train"].split()[:-1], "ckpt.pt"], None)
        points([*COMMANDS["encode"].split()[:4], "-o", "z0.h5", "-q", "--device", "cpu"], None)
    finally:
        os.chdir(home)
    return folder


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as base:
        start = Path(base, "start")
        start.mkdir()
        prepared(start)
        total = 0
        for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
            for command in COMMANDS:
                kills = kill_everywhere(command, start)
                total += kills
                print(f"{command}: {kills} kills", flush=True)
        print(f"{total} kills, every artefact whole, every command finished when run again")
