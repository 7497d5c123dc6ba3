"""What people see on stderr: a progress bar on a terminal, a plain line now and then elsewhere, nothing with -q."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from disentool.cli.words import printable
from disentool.stages.reporting import Silent

_EVERY = 30.0  # seconds between plain lines


class Stderr:
    """A reporter that writes to stderr."""

    def note(self, message: str) -> None:
        """One line for people."""
        _say(f"disentool: {printable(message)}")

    def error(self, message: str) -> None:
        """One line for people."""
        self.note(message)

    @contextmanager
    def task(self, label: str, total: int, unit: str, done: int = 0) -> Iterator[Any]:
        """A bar on a terminal, else plain lines."""
        if sys.stderr.isatty():
            with _bar(self, label, total, unit, done) as task:
                yield task
        else:
            yield _Lines(label, total, unit, done)


class Quiet(Silent):
    """-q: nothing but errors."""

    def error(self, message: str) -> None:
        """Errors are said all the same."""
        _say(f"disentool: {printable(message)}")


def reporter(quiet: bool) -> Any:
    """The reporter of a command."""
    return Quiet() if quiet else Stderr()


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
        print(line, file=sys.stderr, flush=True)


@contextmanager
def _bar(reporter: Stderr, label: str, total: int, unit: str, done: int) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[count]}"),
        TextColumn("{task.fields[speed]}"),
        TextColumn("{task.fields[terms]}", style="dim", markup=False),
    )
    with Progress(*columns, console=console, transient=False) as progress:
        name = progress.add_task(label, total=total, completed=done, count="", speed="", terms="")
        first, start, shown = done, time.monotonic(), 0.0
        former, reporter.note = (
            reporter.note,
            lambda message: progress.console.print(f"disentool: {message}", markup=False),
        )

        class Bar:
            """The task's handle."""

            def update(self, done: int, terms: dict[str, float] | None = None) -> None:
                """Move the bar."""
                nonlocal shown
                now = time.monotonic()
                if terms is None and done < total and now < shown + 0.1:
                    return  # stages call this every step
                shown = now
                rate = (done - first) / max(now - start, 1e-9)
                left = _clock((total - done) / rate) if rate else "?"
                fields = {"count": f"{done:,}/{total:,} {unit}", "speed": f"{_rate(rate)}/s, {left} left"}
                if terms is not None:
                    fields["terms"] = "  ".join(_terms(terms))
                progress.update(name, completed=done, **fields)

        try:
            yield Bar()
        finally:
            reporter.note = former


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
