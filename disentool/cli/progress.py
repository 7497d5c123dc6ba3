"""What people see on stderr: a progress bar on a terminal, a plain line now and then elsewhere, nothing with -q."""

import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from disentool.cli.bars import Bars
from disentool.cli.progress_line import Pace, plain_line, terms_in_words
from disentool.cli.words import on_lines, printable
from disentool.reporting import Reporter, Silent, Task
from disentool.system.locks import WithoutLock

_FIRST, _EVERY = 5.0, 30.0  # seconds until the first plain line, and between two


class Stderr:
    """A reporter that writes to stderr."""

    def __init__(self) -> None:
        self._bars: Bars | None = None  # on the terminal; None: there were none yet

    def note(self, message: str) -> None:
        """One line for people."""
        _say(f"disentool: {printable(message)}")

    def error(self, message: str) -> None:
        """One line for people."""
        self.note(message)

    @contextmanager
    def task(self, label: str, total: int, unit: str, done: int = 0) -> Iterator[Task]:
        """A bar on a terminal, below those of tasks that are not finished; else plain lines."""
        if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
            yield _Lines(label, total, unit, done)
            return
        if self._bars is None or not self._bars.open:
            self._bars = Bars(sys.stderr)
        with self._bars.bar(label, total, unit, done) as bar:
            yield bar


class Quiet(Silent):
    """-q: nothing but errors."""

    def error(self, message: str) -> None:
        """Errors are said all the same."""
        _say(f"disentool: {printable(message)}")


def reporter(quiet: bool) -> Reporter:
    """The reporter of a command."""
    if quiet:
        warnings.simplefilter("ignore", WithoutLock)
    return Quiet() if quiet else Stderr()


@contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Show the toolkit's own warnings as one line each, once; others as Python does."""
    with warnings.catch_warnings():
        others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, WithoutLock):
                _say(f"disentool: {printable(str(message))}")
            else:
                others(message, category, *place, **more)

        warnings.showwarning = show
        warnings.simplefilter("default", WithoutLock)  # a note even where warnings are errors (PYTHONWARNINGS=error)
        yield


class _Lines:
    """A line every half minute, the first after five seconds."""

    def __init__(self, label: str, total: int, unit: str, done: int):
        self._label, self._unit = label, unit
        now = time.monotonic()
        self._pace = Pace(total, done, now)
        self._last_silent = now + _FIRST
        self._next = self._last_silent
        self._terms: list[str] = []
        self._said_done = False

    def update(self, done: int, terms: dict[str, float] | None = None) -> None:
        """Print a line if it is time; terms not given stay as they were."""
        now = time.monotonic()
        self._pace.update(done, now)
        self._terms = terms_in_words(terms) or self._terms
        if self._said_done or (now < self._next and not (self._pace.finished and now > self._last_silent)):
            return
        self._next, self._said_done = now + _EVERY, self._pace.finished
        _say(plain_line(self._label, self._pace, self._unit, self._terms))


def _say(line: str) -> None:
    with suppress(OSError):  # work does not stop because nobody reads about it any more (`2>&1 | head`)
        print(on_lines(line, sys.stderr), file=sys.stderr, flush=True)
