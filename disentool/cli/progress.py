"""What people see on stderr: a progress bar on a terminal, a plain line now and then elsewhere, nothing with -q."""

import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from disentool.cli.words import on_lines, printable
from disentool.reporting import Reporter, Silent, Task
from disentool.system.locks import WithoutLock

_EVERY = 30.0  # seconds between plain lines


class Stderr:
    """A reporter that writes to stderr."""

    def __init__(self) -> None:
        self._bars: Any = None  # the bars on the terminal, while there are any
        self._open = 0  # tasks that have one

    def note(self, message: str) -> None:
        """One line for people."""
        line = f"disentool: {printable(message)}"
        if self._bars is None:
            _say(line)
        else:
            self._bars.console.print(line, markup=False)

    def error(self, message: str) -> None:
        """One line for people."""
        self.note(message)

    @contextmanager
    def task(self, label: str, total: int, unit: str, done: int = 0) -> Iterator[Task]:
        """A bar on a terminal, under those of tasks that are not finished; else plain lines."""
        if not sys.stderr.isatty():
            yield _Lines(label, total, unit, done)
            return
        if self._bars is None:
            self._bars = _bars()
            self._bars.start()
        self._open += 1
        try:
            yield _Bar(self._bars, label, total, unit, done)
        finally:
            self._open -= 1
            if not self._open:
                self._bars.stop()
                self._bars = None


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
        yield


class _Lines:
    """A line every half minute, the first after five seconds."""

    def __init__(self, label: str, total: int, unit: str, done: int):
        self.label, self.total, self.unit = label, total, unit
        self._first, self._start = done, time.monotonic()
        self._next = self._start + 5
        self._shown: dict[str, float] | None = None

    def update(self, done: int, terms: dict[str, float] | None = None) -> None:
        """Print a line if it is time; terms not given stay as they were."""
        self._shown = terms or self._shown
        now = time.monotonic()
        if now < self._next and not (done == self.total and now > self._start + 5):
            return
        self._next = now + _EVERY
        rate = (done - self._first) / max(now - self._start, 1e-9)
        left = (self.total - done) / rate if rate else float("inf")
        ending = "done" if done == self.total else f"{_clock(left)} left"
        parts = [f"{done:,}/{self.total:,} {self.unit}", f"{_rate(rate)}/s", ending, *_terms(self._shown)]
        _say(f"{self.label}: {', '.join(parts)}")


def _say(line: str) -> None:
    with suppress(OSError):  # work does not stop because nobody reads about it any more (`2>&1 | head`)
        print(on_lines(line, sys.stderr), file=sys.stderr, flush=True)


def _bars() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[count]}"),
        TextColumn("{task.fields[speed]}"),
        TextColumn("{task.fields[terms]}", style="dim", markup=False),
    )
    return Progress(*columns, console=Console(stderr=True), transient=False)


class _Bar:
    """A bar among others."""

    def __init__(self, bars: Any, label: str, total: int, unit: str, done: int):
        self._bars, self._total, self._unit, self._first = bars, total, unit, done
        self._name = bars.add_task(label, total=total, completed=done, count="", speed="", terms="")
        self._start, self._shown = time.monotonic(), 0.0

    def update(self, done: int, terms: dict[str, float] | None = None) -> None:
        """Move the bar."""
        now = time.monotonic()
        if terms is None and done < self._total and now < self._shown + 0.1:
            return  # it is called at every step
        self._shown = now
        rate = (done - self._first) / max(now - self._start, 1e-9)
        left = _clock((self._total - done) / rate) if rate else "?"
        fields = {"count": f"{done:,}/{self._total:,} {self._unit}", "speed": f"{_rate(rate)}/s, {left} left"}
        if terms is not None:
            fields["terms"] = "  ".join(_terms(terms))
        self._bars.update(self._name, completed=done, **fields)


def _terms(terms: dict[str, float] | None) -> list[str]:
    """The running values worth a place in one line: the losses' parts, not their sums."""
    return [f"{_short(k)} {v:.4g}" for k, v in (terms or {}).items() if not k.endswith("_loss")]


def _short(name: str) -> str:
    return {"reconstruction": "rec", "discriminator_accuracy": "D acc"}.get(name, name)


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"


def _clock(seconds: float) -> str:
    if seconds == float("inf"):
        return "?"
    minutes, seconds = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
