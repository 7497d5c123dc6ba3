"""One command line in a process of its own, with bounds on time and memory, and what was wrong with how it ended."""

import contextlib
import importlib
import io
import math
import os
import pkgutil
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

SECONDS = 20  # of the processor; on a busy machine a command may wait much longer
_WAIT = 90  # seconds, of which most would be spent asleep
CANARY = "CANARY"  # what the code in a hostile file would write into the current folder
# Loaded once, before the processes fork; most of them are loaded late by the commands.
_LIBRARIES = [
    "scipy.stats",
    "scipy.optimize",
    "scipy.spatial",
    "scipy.sparse",
    "scipy.linalg",
    "scipy.io",
    "sklearn.linear_model",
    "sklearn.svm",
    "sklearn.ensemble",
    "sklearn.tree",
    "sklearn.cluster",
    "sklearn.mixture",
    "sklearn.metrics",
    "sklearn.model_selection",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "safetensors.torch",
    "yaml",
    "h5py",
    "imageio",
    "imageio_ffmpeg",
    "pytorch_pretrained_biggan",
    "PIL.Image",
    "torch.export",
    "torch.jit",
    "torch._dynamo",
    "torch.func",
    "click",
    "rich.console",
]


class Ended(NamedTuple):
    """How a command ended: its exit status (negative: the signal that killed it), what it printed, what it took."""

    status: int
    out: bytes
    err: bytes
    seconds: float
    mib: float  # of address space at its peak, above what the process had when it began; 0 if it was killed


def preload() -> None:
    """Load the toolkit and its libraries, so that each command starts at once."""
    import disentool

    for name in _LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    from matplotlib import figure

    figure.Figure().text(0, 0, "1").figure.savefig(io.BytesIO(), format="svg")  # it looks for fonts once
    for module in pkgutil.walk_packages(disentool.__path__, "disentool."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def carried_out(arguments: list[str], folder: Path, most_mib: int, patch: Callable[[], None] | None = None) -> Ended:
    """Run a command line in ``folder``; what it prints lies in files beside that folder.

    ``most_mib``: of address space, above what there is. ``patch``: called first, in that process.
    """
    out, err = folder.parent / "out", folder.parent / "err"
    pipe, began = os.pipe(), time.monotonic()
    child = os.fork()
    if child == 0:
        _run(arguments, folder, out, err, most_mib, patch, pipe[1])
    os.close(pipe[1])
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)  # what it started
    with os.fdopen(pipe[0], "rb") as told:
        mib = int(told.read() or 0) / 2**20
    code = os.waitstatus_to_exitcode(status)
    return Ended(code, out.read_bytes(), err.read_bytes(), time.monotonic() - began, mib)


def _space(word: str) -> int:
    """Bytes of this process's address space, now (VmSize) or at most (VmPeak); 0 where the system does not say."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{word}:"):
                return int(line.split()[1]) << 10
    return 0


def _run(
    arguments: list[str],
    folder: Path,
    out: Path,
    err: Path,
    most_mib: int,
    patch: Callable[[], None] | None,
    pipe: int,
) -> None:
    code = 99
    try:
        from disentool.cli import run, streams

        os.setpgid(0, 0)
        for number, path, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
            (2, err, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        ):
            os.dup2(os.open(path, flags, 0o600), number)
        sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        streams.open_to_any_name(sys.stdin)
        streams.open_to_any_name(sys.stdout)
        os.chdir(folder)
        if patch:
            patch()
        for number in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.alarm(_WAIT)
        spent = math.ceil(time.process_time())
        resource.setrlimit(resource.RLIMIT_CPU, (spent + SECONDS, spent + SECONDS + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if space := _space("VmSize"):
            limit = space + (most_mib << 20)
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        code = run(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(pipe, b"%d" % (_space("VmPeak") - space))
    except BaseException as error:
        with contextlib.suppress(BaseException):
            os.write(2, f"Traceback: {error!r}\n".encode(errors="replace"))
    finally:
        os._exit(code)


def faults_of(ended: Ended, quiet: bool) -> list[str]:
    """What is wrong with how a command ended, each in a few words; empty: nothing.

    ``quiet``: nothing is expected on stderr but errors.
    """
    text = ended.err.decode("utf-8", "replace")
    lines = text.splitlines()
    found = []
    if ended.status < 0:
        name = signal.Signals(-ended.status).name
        found.append("took too long" if name in ("SIGALRM", "SIGXCPU") else f"killed by {name}")
    elif ended.status not in (0, 1, 2):
        found.append(f"exit status {ended.status}")
    for words in ("internal error", "Traceback", "out of memory"):
        if words in text:
            found.append(words)
    if any(not line.startswith("disentool: ") for line in lines):
        found.append("words of others on stderr")
    if ended.status in (1, 2) and (not lines or (quiet and len(lines) != 1)):
        found.append(f"{len(lines)} lines of errors")
    if ended.status == 0 and quiet and lines:
        found.append("an error, and exit 0")
    for name, data in (("stdout", ended.out), ("stderr", ended.err)):
        shown = data.decode("utf-8", "replace")
        if any(not c.isprintable() and c not in "\n\t" for c in shown):
            found.append(f"control characters on {name}")
    return found
