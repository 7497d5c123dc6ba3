"""How work under way is told to people: the command line shows it, a Python caller may ignore it."""

from collections.abc import Iterable, Iterator, Sized
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar, runtime_checkable

_Counted = TypeVar("_Counted", bound=Sized)


class Task(Protocol):
    """One piece of work under way."""

    def update(self, done: int, terms: dict[str, float] | None = None) -> None:
        """``done`` of the total is finished; ``terms`` are running values worth showing."""


@runtime_checkable
class Reporter(Protocol):
    """What is told of the progress of the work: tasks, notes and errors."""

    def note(self, message: str) -> None:
        """One line for people."""

    def error(self, message: str) -> None:
        """What went wrong with one of many, when the others go on."""

    def task(self, label: str, total: int, unit: str, done: int = 0) -> AbstractContextManager[Task]:
        """A context manager that gives a :class:`Task` of ``total`` ``unit``, of which ``done`` are behind already."""


def counted(batches: Iterable[_Counted], task: Task, done: int = 0) -> Iterator[_Counted]:
    """The batches, each of which counts for ``task`` as soon as the caller asks for the next; ``done`` before them."""
    for batch in batches:
        yield batch
        done += len(batch)
        task.update(done)


class Silent:
    """A reporter that shows nothing."""

    def note(self, message: str) -> None:
        """Say nothing."""

    def error(self, message: str) -> None:
        """Say nothing."""

    @contextmanager
    def task(self, label: str, total: int, unit: str, done: int = 0) -> Iterator["Silent"]:
        """Show nothing."""
        yield self

    def update(self, done: int, terms: dict[str, float] | None = None) -> None:
        """Show nothing."""
