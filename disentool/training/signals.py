"""SIGINT, SIGTERM and SIGHUP are noted, and the loop looks: it finishes a step and saves before the process ends."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Signals:
    """The signals that arrive. ``told``: what is called as soon as one does, by its handler."""

    def __init__(self) -> None:
        self._received: int | None = None
        self.told: list[Callable[[], None]] = []

    @property
    def received(self) -> int | None:
        """The number of the last signal that arrived, or None."""
        return self._received

    @received.setter
    def received(self, number: int) -> None:
        self._received = number
        for call in self.told:
            call()


def known() -> list[signal.Signals]:
    """Those of SIGINT, SIGTERM and SIGHUP that this system has."""
    return [signal.SIGINT, signal.SIGTERM, *([] if sys.platform == "win32" else [signal.SIGHUP])]


@contextmanager
def listen() -> Iterator[Signals]:
    """Note SIGINT, SIGTERM and SIGHUP instead of stopping at once; a second SIGINT stops as usual."""
    signals = Signals()
    if threading.current_thread() is not threading.main_thread():
        yield signals  # only the main thread may set handlers
        return

    def note(number: int, frame: object) -> None:
        signals.received = number
        signal.signal(signal.SIGINT, former.get(signal.SIGINT, signal.default_int_handler))

    numbers = [n for n in known() if signal.getsignal(n) is not signal.SIG_IGN]
    former = {number: signal.getsignal(number) for number in numbers}  # what is ignored (nohup, &) stays ignored
    for number in numbers:
        signal.signal(number, note)
    try:
        yield signals
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
