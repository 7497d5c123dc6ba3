"""Kills commands at each point at which they change files, and at random moments, and looks at what is left.

``python tests/kills.py [ROUNDS [COMMAND...]]`` does it at every point, and in each further round at as many random
moments; it prints how often. It ends at the first artefact that is not whole, or that blocks the same command when it
is run again.
"""

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import imageio.v2 as imageio

EVENTS = {"open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir"}  # of sys.addaudithook, and fsync
COMMANDS = {
    "train": "train vae --data d.h5 --latent-dim 2 --batch-size 8 --hidden-units 16 --steps 8 --checkpoint-every 3"
    " --keep-every 4 --log-every 2 --device cpu -q -o m.pt",
    "encode": "encode ckpt.pt --data d.h5 -o z.h5 -q --device cpu",
    "prepare": "prepare prepared --from d.h5 --keep size=0 -o p.h5",
    "find-direction": "find-direction ckpt.pt --transform brightness --starts 5 --device cpu -q --force -o f.h5",
    "export": "export ckpt.pt -o w.safetensors",
    "report": "report ckpt.pt -o r.html",
    "traverse": "traverse ckpt.pt --gif t.gif -o t.png --html t.html --device cpu",
    "swap": "swap classes.pt --content-rows 0,1 --class-rows 2,70 -o s.png -o s.h5 --device cpu",
    "sample": "sample ckpt.pt -n 4 -o samples.h5 --device cpu",
    "decode": "decode ckpt.pt z0.h5 --rows 0-3 -o pictures --device cpu -q",
    "invert": "invert ckpt.pt --rows 0,5 --starts 2 --steps 3 -o i.png -o i.jsonl -o i.h5 --device cpu -q",
    "plot": "plot history ckpt.history.jsonl -o h.svg -o h.pdf",
}

# What swap needs.
CLASSES = (
    "train mlvae --data d.h5 --class-factor size --class-dim 2 --content-dim 2 --batch-size 8 --group-size 4"
    " --hidden-units 16 --steps 4 --device cpu -q -o classes.pt"
)


def points(arguments: list[str], kill_at: int | float | None) -> int | None:
    """Run a command in a process of its own; the number of points, or None if it was killed.

    ``kill_at``: the number of a point, or seconds after the start.
    """
    pipe = os.pipe()
    child = os.fork()
    if child == 0:
        _run(arguments, kill_at, pipe[1])
    if isinstance(kill_at, float):
        time.sleep(kill_at)
        os.kill(child, signal.SIGKILL)  # if it has ended, it is not waited for yet: the number is still its own
    os.close(pipe[1])
    with os.fdopen(pipe[0], "rb") as told:
        number = told.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        return None
    assert status == 0, (arguments, status)
    return int(number)


def _run(arguments: list[str], kill_at: int | float | None, pipe: int) -> None:
    from disentool.cli import run

    seen, here, code = [0], os.path.realpath(os.getcwd()), 99

    def point() -> None:
        seen[0] += 1
        if isinstance(kill_at, int) and seen[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, values: tuple) -> None:
        if event not in EVENTS or not isinstance(values[0], str | os.PathLike):
            return
        if event == "open" and not values[2] & (os.O_WRONLY | os.O_RDWR):
            return
        if os.path.realpath(os.path.dirname(os.path.abspath(values[0]))).startswith(here):
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
        elif path.suffix in (".html", ".svg"):
            assert path.read_text(encoding="utf-8").rstrip().endswith(f"</{path.suffix[1:]}>"), path
        elif path.suffix == ".pdf":
            assert path.read_bytes().rstrip().endswith(b"%%EOF"), path
        elif path.suffix in (".png", ".gif"):
            imageio.mimread(path)
        elif path.is_dir():
            assert len([imageio.imread(picture) for picture in path.iterdir()]) == 4, path


def kill_everywhere(name: str, folder: Path, most: int | None = None, moments: random.Random | None = None) -> int:
    """Kill one command at every point, or at ``most`` of them, in copies of ``folder``; the number of kills.

    With ``moments``: at as many random moments instead.

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
            begun = time.monotonic()
            number = points(arguments, None)
            taken = time.monotonic() - begun
            assert number, name
            expected = sorted(path.name for path in whole.iterdir())
            chosen = range(1, number + 1, max(1, -(-number // most) if most else 1))
            for at in [moments.uniform(0, taken) for _ in chosen] if moments else chosen:
                killed = Path(scratch, str(at))
                shutil.copytree(folder, killed)
                os.chdir(killed)
                kills += points(arguments, at) is None
                require_whole(killed)
                shutil.rmtree("pictures", ignore_errors=True)  # a folder is never replaced
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
    import matplotlib.backends.backend_pdf
    import matplotlib.backends.backend_svg  # noqa: F401 - the children find it imported
    from conftest import square_grid, write_dataset

    write_dataset(folder / "d.h5", *square_grid(16))
    home = Path.cwd()
    os.chdir(folder)
    try:
        points([*COMMANDS["train"].split()[:-1], "ckpt.pt"], None)
        points([*COMMANDS["encode"].split()[:4], "-o", "z0.h5", "-q", "--device", "cpu"], None)
        points(CLASSES.split(), None)
    finally:
        os.chdir(home)
    return folder


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as base:
        start = Path(base, "start")
        start.mkdir()
        prepared(start)
        total = 0
        for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
            for command in sys.argv[2:] or COMMANDS:
                kills = kill_everywhere(command, start, moments=random.Random(number) if number else None)
                total += kills
                print(f"{command}: {kills} kills", flush=True)
        print(f"{total} kills, every artefact whole, every command finished when run again")
