"""Several runs on a CPU: each in a process of its own, with its share of the threads. This is the command's side.

A step of one run leaves threads idle where they wait for each other; runs that have one thread each do not wait.
"""

import signal
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import Any

import torch

from disentool.errors import DisentoolError, Interrupted, NonFinite, RunLost
from disentool.reporting import Reporter
from disentool.training.gang import all_lost, all_stopped
from disentool.training.plan import Job
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
from disentool.training.worker_process import WorkerProcess, heard

MANY_STEPS = 200  # of all runs together: then workers are started at once
PATIENCE = 1.0  # seconds until they are started where the runs have fewer steps; most such lists are over by then
_POLL = 0.2  # seconds until a signal is looked for
_NO_MEMORY = ("allocate memory", "not enough memory", "out of memory")  # in the words of torch


def share_of_threads(runs: int, asked: int | None) -> tuple[int, int]:
    """How many of these runs train at once on a CPU, and with how many threads each.

    ``asked``: as many as this at most (``--gang``); None: as many as there are threads. The threads are those that
    torch would use for one run.
    """
    threads = torch.get_num_threads()
    size = min(asked or threads, runs)
    return size, max(1, threads // size)


def train_at_once(
    jobs: Sequence[Job],
    size: int,
    begin: Callable[[Job], Generator[Path | None, None, None]],
    setup: Callable[[], AbstractContextManager[Setup]],
    signals: Signals,
    sweep: Sweep,
    report: Reporter,
) -> Iterator[Path]:
    """Carry out all jobs, ``size`` of them at once; yields the path of each file as it is complete.

    This process takes the next run that waits, as each worker does. ``begin``: gives a run that it carries out itself,
    not begun; it yields None after each step, or the path of a file. ``setup``: a context that gives what the workers
    are told first; it is entered when they are started, and left at the end.

    A run whose losses cease to be finite, whose memory does not suffice or whose process is killed is reported, and
    the others go on; in the end NonFinite or RunLost names them. After any other error of a run, and on a signal, the
    runs under way save and end; then the error is raised, or Interrupted. If the caller takes no more paths, the
    runs end where they are.
    """
    crew = _Crew(jobs, signals, sweep, report)
    signals.told.append(crew.stop)
    try:
        with ExitStack() as stack:
            yield from crew.carry_out(size, begin, lambda: stack.enter_context(setup()))
    finally:
        signals.told.remove(crew.stop)
        crew.close()
    crew.raise_what_went_wrong()


class _Crew:
    """This process and its workers, and what has become of the runs."""

    def __init__(self, jobs: Sequence[Job], signals: Signals, sweep: Sweep, report: Reporter):
        self._jobs, self._waiting = jobs, deque(jobs)
        self._signals, self._sweep, self._report = signals, sweep, report
        self._workers: list[WorkerProcess] = []
        self._own: tuple[Job, Generator[Path | None, None, None]] | None = None  # the run of this process
        self._failure: Exception | None = None  # what ends the command
        self._lost: list[DisentoolError] = []
        self._stopped: list[Interrupted] = []
        self._warned: dict[Any, Any] = {}  # by which Python knows a warning that it has shown

    def carry_out(
        self, size: int, begin: Callable[[Job], Generator[Path | None, None, None]], setup: Callable[[], Setup]
    ) -> Iterator[Path]:
        """Take steps of a run, start workers and take in what they say, until the runs are over."""
        steps = sum(job.steps for job in self._jobs)
        start = time.monotonic() + (PATIENCE if steps < MANY_STEPS else 0)
        started = False
        while self._workers or self._own or (self._waiting and not self._stopping):
            if self._own is None and self._waiting and not self._stopping:
                job = self._waiting.popleft()
                self._own = job, begin(job)
            if not started and not self._stopping and time.monotonic() >= start:
                started = True
                self._start(min(size - 1, len(self._waiting)), setup)
            if (path := self._step()) is not None:
                yield path
            idle = self._own is None and (not self._waiting or self._stopping)
            for worker in heard(self._workers, _POLL if idle else 0):
                for message in worker.heard():
                    if isinstance(message, Written):
                        yield message.path
                    else:
                        self._take(worker, message)

    def _start(self, count: int, setup: Callable[[], Setup]) -> None:
        """Start so many workers; without them this process carries out all runs."""
        try:
            given = setup() if count else None
            for _ in range(count):
                assert given is not None
                self._workers.append(WorkerProcess(given))
        except OSError as error:
            self._report.note(f"no process could be started for a run: {error.strerror or error}; goes on without")

    def _step(self) -> Path | None:
        """A step of the run of this process, if there is one; the path of a file that is complete, or None."""
        if self._own is None:
            return None
        job, steps = self._own
        try:
            return next(steps)
        except StopIteration:
            pass
        except Exception as error:
            self._ended(job, error)
        self._own = None
        return None

    def stop(self) -> None:
        """Let the runs of all workers save and end. A handler of signals calls it."""
        for worker in list(self._workers):
            worker.stop()

    def close(self) -> None:
        """End what is under way where it is."""
        try:
            if self._own is not None:
                self._own[1].close()
        finally:
            for worker in self._workers:
                worker.end_tasks(RunLost())
                worker.end()

    @property
    def _stopping(self) -> bool:
        return self._signals.received is not None

    def _take(self, worker: WorkerProcess, message: object) -> None:
        """Do what a message of a worker asks for."""
        match message:
            case TaskUpdated(number, done, terms):
                worker.tasks[number][1].update(done, terms)
            case TaskBegun(number, label, total, unit, done):
                assert worker.job is not None
                context = (
                    self._sweep.run(worker.job, total, done)
                    if label is None
                    else self._report.task(label, total, unit, done)
                )
                worker.tasks[number] = context, context.__enter__()
            case TaskEnded(number):
                worker.tasks.pop(number)[0].__exit__(None, None, None)
            case Noted(text, error):
                (self._report.error if error else self._report.note)(text)
            case Warned(text, category, file, line):
                warnings.warn_explicit(text, category, file, line, registry=self._warned)
            case Printed(stream, text):
                with suppress(OSError):
                    print(text, end="", file=getattr(sys, stream), flush=True)
            case Ready():
                worker.say(worker.setup)
                self._give(worker)
            case Ended(error, begun):
                assert worker.job is not None
                if error is not None:
                    worker.end_tasks(error)
                    self._ended(worker.job, error)
                if not begun:
                    self._waiting.appendleft(worker.job)
                worker.job = None
                if begun and not isinstance(error, Interrupted):
                    self._give(worker)
                else:
                    self._let_go(worker)
            case None:
                self._died(worker)

    def _give(self, worker: WorkerProcess) -> None:
        """Give a worker the next run, or let it go."""
        if self._waiting and not self._stopping:
            worker.job = self._waiting.popleft()
            worker.say(Begin.of(worker.job))
        else:
            self._let_go(worker)

    def _let_go(self, worker: WorkerProcess) -> None:
        self._workers.remove(worker)
        worker.end()

    def _ended(self, job: Job, error: Exception) -> None:
        """Note what ended a run before its time."""
        if isinstance(error, Interrupted) and self._stopping:
            self._stopped.append(error)
        elif isinstance(error, NonFinite):
            self._lose(NonFinite(f"{job.output}: {error}"))
        elif isinstance(error, Interrupted):  # somebody ended its process
            self._lose(RunLost(str(error)))
        elif isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY):
            self._lose(RunLost(f"{job.output}: out of memory; --gang {max(len(self._workers), 1)} takes less"))
        elif not self._stopping:
            self._failure = error
            self._signals.received = signal.SIGTERM  # so that the others save and end
        elif str(error) != str(self._failure):
            self._report.error(f"{job.output}: {error}")

    def _lose(self, error: DisentoolError) -> None:
        self._lost.append(error)
        self._report.error(f"{error} (the other runs go on)")

    def _died(self, worker: WorkerProcess) -> None:
        """Note that a worker has died, and what becomes of its run."""
        code = worker.process.wait()
        by = signal.Signals(-code).name if code < 0 else ""
        how = f"was killed by {by}" if by else f"ended with code {code}"
        worker.end_tasks(RunLost())
        if worker.job is not None:
            output = worker.job.output
            kept = "its last checkpoint stays" if output.exists() else "nothing of it was saved"
            cause = "; memory may have run short, and a smaller --gang takes less" if by == "SIGKILL" else ""
            self._lose(RunLost(f"{output}: its process {how}, and {kept}{cause}"))
        elif not self._stopping:  # while it was loaded
            self._report.error(f"a process for further runs {how}; the others carry out all of them")
        self._let_go(worker)

    def raise_what_went_wrong(self) -> None:
        """Raise the error that the command ends with, if there is one."""
        if self._failure is not None:
            for interrupted in self._stopped:
                self._report.note(str(interrupted))
            raise self._failure
        if self._signals.received is not None and self._stopped:
            raise all_stopped(self._stopped, self._signals.received)
        if self._signals.received is not None and self._waiting:
            raise Interrupted(self._signals.received, f"interrupted: {self._waiting[0].output} is not begun")
        if self._lost:
            raise all_lost(self._lost, len(self._jobs))
