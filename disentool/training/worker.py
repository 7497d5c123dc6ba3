"""A worker: a process that carries out runs for a command, one after another. This is its side of the pipe."""

import io
import os
import pickle
import queue
import shlex
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any, NoReturn

import torch

from disentool.engine import devices
from disentool.engine.feed import Feed
from disentool.errors import DisentoolError
from disentool.io import provenance
from disentool.io.dataset import asked_rows
from disentool.reporting import Task
from disentool.training.plan import Job
from disentool.training.run import train_one
from disentool.training.signals import Signals
from disentool.training.sweep import Sweep
from disentool.training.worker_messages import (
    Begin,
    Ended,
    Noted,
    Printed,
    Ready,
    Setup,
    TaskBegun,
    TaskEnded,
    TaskUpdated,
    Warned,
    Written,
)


def main(pipe: Connection) -> NoReturn:
    """Carry out what comes through the pipe, until it is closed."""
    signals = Signals()
    line = _Line(pipe, signals)
    _obey(signals)
    warnings.showwarning = line.warning
    sys.stdout, sys.stderr = _Lines(line, "stdout"), _Lines(line, "stderr")
    inbox: queue.SimpleQueue[Setup | Begin | None] = queue.SimpleQueue()
    threading.Thread(target=_hear, args=(pipe, inbox, signals), daemon=True).start()
    line.say(Ready())
    setup = inbox.get()
    if isinstance(setup, Setup):
        _carry_out(setup, inbox, line, signals)
    os._exit(0)  # nothing is open any more; to take torch down would take longer


def _obey(signals: Signals) -> None:
    """Save and end the run on SIGTERM, by which the command tells it; other signals are ignored since its start."""

    def note(number: int, frame: object) -> None:
        signals.received = number

    signal.signal(signal.SIGTERM, note)


def _hear(pipe: Connection, inbox: "queue.SimpleQueue[Setup | Begin | None]", signals: Signals) -> None:
    """Take in what the command says, while a run is under way too. If the command has died, the run saves and ends."""
    try:
        while True:
            inbox.put(pipe.recv())
    except (EOFError, OSError):
        signals.received = signals.received or signal.SIGTERM
        inbox.put(None)


def _carry_out(setup: Setup, inbox: "queue.SimpleQueue[Setup | Begin | None]", line: "_Line", signals: Signals) -> None:
    cpu = torch.device("cpu")
    torch.set_num_threads(setup.threads)
    if setup.command:
        provenance.set_command(shlex.split(setup.command)[1:])
    data = replace(setup.data, images=setup.images.mapped())
    feed, rows = None, None
    while isinstance(order := inbox.get(), Begin):
        if signals.received is not None:
            line.say(Ended(begun=False))
            return
        error: Exception | None = None
        try:
            job = order.job()
            if feed is None or rows is None:
                devices.configure(cpu, job.run.deterministic, job.run.precision)
                rows = asked_rows(data, job.run.rows)
                feed = Feed(data.images, data.factors, cpu, rows=rows)
            steps = train_one(
                job=job,
                data=data,
                rows=rows,
                feed=feed,
                graphs=None,
                signals=signals,
                sweep=_SweepThere(line),
                report=line,
                tensorboard=setup.tensorboard,
                resume=setup.resume,
                overwrite=setup.overwrite,
            )
            for path in steps:
                if path is not None:
                    line.say(Written(path))
        except Exception as caught:
            error = carried(caught)
        for stream in (sys.stdout, sys.stderr):
            stream.close()  # which says the rest of a line
        sys.stdout, sys.stderr = _Lines(line, "stdout"), _Lines(line, "stderr")
        line.say(Ended(error))
        if signals.received is not None:
            return


def carried(error: Exception) -> Exception:
    """The error as it can be sent, with the place where it was raised as a note."""
    if not isinstance(error, DisentoolError):
        error.add_note("".join(traceback.format_exception(error)))
    try:
        return error if type(pickle.loads(pickle.dumps(error))) is type(error) else RuntimeError(str(error))
    except Exception:  # an error of the user's own may be of any make
        return RuntimeError(f"{type(error).__name__}: {error}")


class _Line:
    """The worker's end of the pipe, and a reporter whose words are heard at the other end."""

    def __init__(self, pipe: Connection, signals: Signals):
        self._pipe, self._signals = pipe, signals
        self._tasks = 0
        self._one_at_a_time = threading.Lock()  # the thread that saves and threads of a user's own method speak too

    def say(self, message: object) -> None:
        """Send a message; where nobody hears it any more, the run will save and end."""
        try:
            with self._one_at_a_time:
                self._pipe.send(message)
        except OSError:
            self._signals.received = self._signals.received or signal.SIGTERM

    def note(self, message: str) -> None:
        """One line for people."""
        self.say(Noted(message))

    def error(self, message: str) -> None:
        """What went wrong with one of many."""
        self.say(Noted(message, error=True))

    def warning(
        self, message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any, **__: Any
    ) -> None:
        """A warning, as Python gives it to who shows it."""
        known = category.__module__ in sys.modules and "<locals>" not in category.__qualname__  # else it cannot be sent
        self.say(Warned(str(message), category if known else UserWarning, filename, lineno))

    @contextmanager
    def task(self, label: str | None, total: int, unit: str, done: int = 0) -> Iterator[Task]:
        """A task that is shown at the other end."""
        self._tasks += 1
        task = _TaskThere(self, self._tasks)
        self.say(TaskBegun(task.number, label, total, unit, done))
        yield task
        self.say(TaskEnded(task.number))  # not after an error: the end of the run ends all that is open


class _TaskThere:
    """A task that is shown at the other end."""

    def __init__(self, line: _Line, number: int):
        self._line, self.number = line, number

    def update(self, done: int, terms: dict[str, float] | None = None) -> None:
        """Say how far it is."""
        self._line.say(TaskUpdated(self.number, done, terms))


class _SweepThere(Sweep):
    """The sweep of all runs is at the other end."""

    def __init__(self, line: _Line):
        self._line = line

    @contextmanager
    def run(self, job: Job, total: int, done: int) -> Iterator[Task]:
        """The task of the run under way."""
        with self._line.task(None, total, "steps", done) as task:
            yield task


class _Lines(io.TextIOBase):
    """A stream for what the user's own code prints: whole lines, so that those of several runs do not mix."""

    def __init__(self, line: _Line, name: str):
        self._line, self._name, self._begun = line, name, ""

    def write(self, text: str) -> int:
        """Send the lines that are complete."""
        whole, newline, self._begun = f"{self._begun}{text}".rpartition("\n")
        if newline:
            self._line.say(Printed(self._name, f"{whole}\n"))
        return len(text)

    def close(self) -> None:
        """Send the rest."""
        if self._begun:
            self.write("\n")
        super().close()

    def writable(self) -> bool:
        """It is."""
        return True
