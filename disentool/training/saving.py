"""Saves a run while it trains on: its state is copied at once, and a thread writes it; one save at a time."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from disentool.io import checkpoint, files
from disentool.io.history_file import HistoryFile
from disentool.training.plan import Job
from disentool.training.statistics import OfCopy


@dataclass
class _Save:
    """One save under way: what is to be written, and the thread's work as soon as nothing of it is missing."""

    content: dict[str, Any]
    statistics: OfCopy
    snapshot: Path | None
    written: Future[None] | None = None


class Saving:
    """The files of one run: its checkpoint, its history and its snapshots.

    A save begins with a copy of the state. After each of the next steps it takes a batch of the codes' statistics, and
    then a thread writes the files. What goes wrong there is raised by the next call; the checkpoint that was there
    before then stays. The context waits at its end for a thread that still writes.
    """

    def __init__(self, job: Job):
        self.holds: int | None = None  # the step that the checkpoint is of; None: it is not this run's
        self.statistics: dict[str, Any] | None = None  # those that this process has written last
        self._job, self._history = job, HistoryFile(job.history)
        self._save: _Save | None = None
        self._thread = ThreadPoolExecutor(1, "saving")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    @property
    def under_way(self) -> bool:
        """Whether a save is begun that is not complete, or not known to be."""
        return self._save is not None

    def begin(self, content: dict[str, Any], statistics: OfCopy, snapshot: Path | None) -> None:
        """Begin a save; none may be under way.

        ``content``: the entries of a checkpoint, copies all of them; ``statistics`` in it is filled in here.
        ``snapshot``: where to keep a copy of the checkpoint, or None.
        """
        assert self._save is None
        self._save = _Save(content, statistics, snapshot)

    def go_on(self) -> list[Path]:
        """Go on with the save that is under way; the snapshots that are complete since the last call.

        Takes as long as a batch of codes, and never waits for the disk. Raises NotWritable.
        """
        save = self._save
        if save is None:
            return []
        if save.written is None:
            if not save.statistics.advance():
                save.content["statistics"] = save.statistics.result()
                # The context has the words of the command, which the file tells.
                save.written = self._thread.submit(copy_context().run, self._write, save.content, save.snapshot)
            return []
        return self._complete(save, save.written) if save.written.done() else []

    def finish(self) -> list[Path]:
        """Complete the save that is under way, and wait for its files; as :meth:`go_on` otherwise."""
        while (save := self._save) is not None and save.written is None:
            self.go_on()
        return [] if save is None or save.written is None else self._complete(save, save.written)

    def _complete(self, save: _Save, written: Future[None]) -> list[Path]:
        written.result()
        self._save = None
        self.holds, self.statistics = save.content["step"], save.content["statistics"]
        return [] if save.snapshot is None else [save.snapshot]

    def _write(self, content: dict[str, Any], snapshot: Path | None) -> None:
        checkpoint.write(self._job.output, content, overwrite=True)
        self._history.write(content["history"])
        if snapshot is not None:
            files.duplicate(self._job.output, snapshot)
