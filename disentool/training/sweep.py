"""The progress of several runs: which of them one is, and how far all are."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from disentool.reporting import Reporter, Task
from disentool.training.plan import Job


class Sweep:
    """A reporter's task for all ``jobs``, beside the task of each run; of a single job there is none."""

    def __init__(self, jobs: Sequence[Job], done: int, report: Reporter):
        self._jobs, self._report = jobs, report
        self._done = done  # steps, of all runs
        self._task: Task | None = None

    @contextmanager
    def begun(self) -> Iterator[None]:
        """The context within which the runs are carried out."""
        if len(self._jobs) == 1:
            yield
            return
        total = sum(job.steps for job in self._jobs)
        with self._report.task(f"all {len(self._jobs)} runs", total, "steps", self._done) as self._task:
            yield

    @contextmanager
    def run(self, job: Job, total: int, done: int) -> Iterator[Task]:
        """The task of one of the jobs, of ``total`` steps, of which ``done`` are behind it."""
        label = f"{job.method} {job.output.name}"
        if self._task is not None:
            label = f"run {self._jobs.index(job) + 1} of {len(self._jobs)}: {label}"
        with self._report.task(label, total, "steps", done) as task:
            each = _RunOfSweep(self, task, done)
            yield each
            self.add(total - each.done)  # it may have stopped early

    def add(self, steps: int) -> None:
        """So many more steps are finished, in any of the runs."""
        self._done += steps
        if self._task is not None:
            self._task.update(self._done)


class _RunOfSweep:
    """The task of one run, whose steps count for the sweep too."""

    def __init__(self, sweep: Sweep, task: Task, done: int):
        self._sweep, self._task, self.done = sweep, task, done

    def update(self, done: int, terms: dict[str, float] | None = None) -> None:
        """``done`` steps of the run are finished; ``terms`` are running values worth showing."""
        self._task.update(done, terms)
        self._sweep.add(done - self.done)
        self.done = done
