"""Progress bars on a terminal: a line for each task, drawn anew in place.

Between two draws the cursor stands at the start of the first line, and a draw erases all from there. So nothing has to
be known of the lines before: that Ctrl-C wrote into one, or that a narrower window broke them, leaves no trace.
"""

import io
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import TextIO

from disentool.cli.progress_line import Pace, fitted_line, terms_in_words

_EVERY = 0.1  # seconds between draws
_DONE, _REST = "━", "─"
_COLOURED = {_DONE: "\x1b[38;5;37m", _REST: "\x1b[38;5;240m"}  # teal and grey
_ERASE = "\r\x1b[J"  # from the start of the line to the end of the screen


class Bars:
    """The bars of the tasks under way, on a terminal's ``stream``. While there are any, other text goes above them."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._bars: list[Bar] = []
        self._drawn = -1.0  # when
        self._redirected = ExitStack()
        self._interrupted = False  # whether other text stands on the cursor's line
        try:
            (_DONE + _REST).encode(stream.encoding or "ascii")
            self._marks = _DONE + _REST
        except UnicodeEncodeError:
            self._marks = "#-"

    @contextmanager
    def bar(self, label: str, total: int, unit: str, done: int) -> Iterator["Bar"]:
        """A bar below those that there are. Its last state stays, above those that go on."""
        bar = Bar(self, label, total, unit, done)
        if not self._bars:
            for redirect, stream in ((redirect_stdout, sys.stdout), (redirect_stderr, sys.stderr)):
                if stream.isatty():
                    self._redirected.enter_context(redirect(_Above(stream, self)))
        self._bars.append(bar)
        self.draw()
        try:
            yield bar
        finally:
            self._bars.remove(bar)
            self.above(self._line(bar, self._size()[0]) + "\n")
            if not self._bars:
                self._redirected.close()

    @property
    def open(self) -> bool:
        """Whether there are any."""
        return bool(self._bars)

    def above(self, text: str, stream: TextIO | None = None) -> None:
        """Write text where the bars are, to ``stream`` of the terminal, and draw the bars below it."""
        stream = stream or self._stream
        self._write(_ERASE if not self._interrupted else "")
        with suppress(OSError):
            stream.write(text)
            stream.flush()
        self._interrupted = not text.endswith("\n")
        self.draw()

    def draw(self) -> None:
        """Draw all bars, as many as the terminal has rows for."""
        if self._interrupted:
            return
        columns, rows = self._size()
        shown = self._bars[: max(rows - 1, 1)]
        up = f"\x1b[{len(shown) - 1}A" if len(shown) > 1 else ""
        self._write(_ERASE + "\n".join(self._line(bar, columns) for bar in shown) + up + "\r")
        self._drawn = time.monotonic()

    def changed(self, now: float, finished: bool) -> None:
        """Draw them if it is time."""
        if finished or now >= self._drawn + _EVERY:
            self.draw()

    def _line(self, bar: "Bar", columns: int) -> str:
        """A bar's line, in colour unless the user wants none."""
        line = bar.line(columns, self._marks)
        if os.environ.get("NO_COLOR"):
            return line
        return re.sub(f"{_DONE}+|{_REST}+", lambda found: f"{_COLOURED[found[0][0]]}{found[0]}\x1b[0m", line)

    def _write(self, text: str) -> None:
        with suppress(OSError):  # work does not stop because the terminal is gone
            self._stream.write(text)
            self._stream.flush()

    def _size(self) -> tuple[int, int]:
        """Columns that a line may take, one less than there are, and rows."""
        try:
            columns, rows = os.get_terminal_size(self._stream.fileno())
        except OSError:  # io.UnsupportedOperation is one
            columns, rows = 0, 0
        return (columns or 80) - 1, rows or 24


class Bar:
    """A bar among others."""

    def __init__(self, bars: Bars, label: str, total: int, unit: str, done: int):
        self._bars, self._label, self._unit = bars, label, unit
        self._pace = Pace(total, done, time.monotonic())
        self._terms: list[str] = []

    def update(self, done: int, terms: dict[str, float] | None = None) -> None:
        """Move the bar; terms not given stay as they were."""
        now = time.monotonic()
        self._pace.update(done, now)
        if terms is not None:
            self._terms = terms_in_words(terms)
        self._bars.changed(now, self._pace.finished)

    def line(self, columns: int, marks: str) -> str:
        """Its line, which takes no more than these columns; ``marks``: the bar's two characters."""
        return fitted_line(self._label, self._pace, self._unit, self._terms, columns, marks)


class _Above(io.TextIOBase):
    """A stream of the terminal that the bars are on."""

    def __init__(self, stream: TextIO, bars: Bars):
        self._stream, self._bars = stream, bars

    def write(self, text: str) -> int:
        """Write it above the bars."""
        if text:
            self._bars.above(text, self._stream)
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def isatty(self) -> bool:
        """It is one."""
        return True

    def fileno(self) -> int:
        """The stream's."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's."""
        return self._stream.encoding
