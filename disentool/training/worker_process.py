"""The process of a worker, as its command sees it: how it is started, told, heard and ended."""

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import connection
from pathlib import Path
from typing import Any

from disentool.errors import OutputBusy
from disentool.io import files, provenance
from disentool.io.dataset import Dataset
from disentool.named_code import is_own
from disentool.reporting import Task
from disentool.training.plan import Job
from disentool.training.shared_images import share
from disentool.training.signals import known
from disentool.training.worker_messages import Setup

# Ctrl-C and the end of a terminal reach a worker too; what they mean, its command decides. The path of modules is the
# command's own, so that the worker finds the same code; -P: no other folder before that.
_PROGRAM = (
    "import signal, sys; [signal.signal(int(number), signal.SIG_IGN) for number in sys.argv[3:]];"
    " from multiprocessing.connection import Connection; pipe = Connection(int(sys.argv[1]));"
    " sys.path[:] = pipe.recv(); from disentool.training.worker import main; main(pipe)"
)


@contextmanager
def setup(
    data: Dataset, *, opened_here: bool, threads: int, resume: bool, overwrite: bool, tensorboard: Path | None
) -> Iterator[Setup]:
    """What workers are told first; as long as the context is open, new ones can map the images of ``data``.

    ``opened_here``: see :func:`share`. ``threads``: of each worker. The others are those of ``disentool train``.
    """
    with share(data.images, opened_here=opened_here) as images:
        bare = replace(data, images=data.images[:0])
        yield Setup(bare, images, threads, provenance.command(), resume, overwrite, tensorboard)


def possible(method: str) -> bool:
    """Whether another process can carry out runs of this method.

    It cannot where the system does not hand open files to a process (Windows), where Python is a part of another
    program, or where the method's module is the program itself, which has no name there.
    """
    module = method.partition(":")[0]
    if os.name != "posix" or not sys.executable or module == "__main__":
        return False
    try:
        return not is_own(method) or importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


class WorkerProcess:
    """A worker as its command sees it. ``job``: what it carries out; None: nothing, or it is not loaded yet."""

    def __init__(self, setup: Setup):
        self.setup = setup
        self.pipe, theirs = connection.Pipe()
        ignored = [str(int(number)) for number in known() if number != signal.SIGTERM]
        name = setup.command or "disentool"  # for those who list processes
        command = [sys.executable, "-P", "-c", _PROGRAM, str(theirs.fileno()), name, *ignored]
        self.process = subprocess.Popen(
            command,
            pass_fds=(theirs.fileno(), setup.images.number),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # what is printed comes through the pipe
            env=os.environ | {"OMP_NUM_THREADS": str(setup.threads)},
        )
        theirs.close()
        self.job: Job | None = None
        self.tasks: dict[int, tuple[Any, Task]] = {}
        self.say(sys.path)

    def say(self, message: object) -> None:
        """Send a message; of one that is dead, the next answer tells."""
        with suppress(OSError):
            self.pipe.send(message)

    def stop(self) -> None:
        """Let its run save and end; one that is still being loaded has nothing to save."""
        if self.job is None:
            self.process.kill()
        else:
            self.process.terminate()

    def heard(self) -> Iterator[object]:
        """What it has said and was not taken in yet, while it goes on with its run; None at its end: it has died."""
        try:
            while not self.pipe.closed and self.pipe.poll():
                yield self.pipe.recv()
        except (EOFError, OSError):
            yield None

    def end_tasks(self, error: Exception) -> None:
        """End the tasks that an error leaves open, the last first."""
        for context, _ in reversed(self.tasks.values()):
            with suppress(type(error)):
                context.__exit__(type(error), error, None)
        self.tasks.clear()

    def end(self) -> None:
        """Let it go; a run that it has not finished ends where it is."""
        self.pipe.close()
        self.process.kill()
        self.process.wait()
        if self.job is not None:
            _clear(self.job)


def _clear(job: Job) -> None:
    """Remove what a killed worker left half written."""
    with suppress(OutputBusy), files.claim(job.output):
        pass


def heard(workers: Sequence[WorkerProcess], seconds: float) -> list[WorkerProcess]:
    """Those that have said something, or have died; waits so long for one."""
    ready = connection.wait([worker.pipe for worker in workers], seconds) if workers else []
    return [worker for worker in workers if worker.pipe in ready]
