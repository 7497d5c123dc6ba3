"""A file for HDF5 to write to that survives a full disk and signals."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class HDF5Output:
    """What HDF5 writes to. After the first error, such as a full disk, it takes everything and keeps nothing.

    HDF5 itself crashes when it has to close a file that it could not write; :meth:`check` raises the error instead.
    """

    def __init__(self, path: Path):
        self._file = open(path, "w+b", buffering=0)  # noqa: SIM115, closed by close()
        self._error: OSError | None = None
        self.read, self.readinto = self._file.read, self._file.readinto
        self.seek, self.tell, self.flush = self._file.seek, self._file.tell, self._file.flush
        self.close = self._file.close

    def write(self, data: memoryview) -> int:
        """Write all of it, or note the error; always says that all was written."""
        data, size = memoryview(data), len(data)
        try:
            while data and self._error is None:
                data = data[self._file.write(data) :]
        except OSError as error:
            self._error = error
        return size

    def truncate(self, size: int) -> int:
        """Set the file's size, or note the error."""
        try:
            if self._error is None:
                self._file.truncate(size)
        except OSError as error:
            self._error = error
        return size

    def check(self) -> None:
        """Raise the error that was noted."""
        if self._error is not None:
            raise self._error


@contextmanager
def signals_held() -> Iterator[Callable[[], None]]:
    """Hold SIGINT and SIGTERM back, as what they raise would be lost while HDF5 calls a :class:`HDF5Output`.

    Gives a function that acts on one that arrived; at the end that happens by itself.
    """
    arrived: list[tuple[int, Any]] = []
    former: dict[int, Any] = {}

    def release() -> None:
        if arrived:
            number, frame = arrived.pop()
            former[number](number, frame)

    if threading.current_thread() is threading.main_thread():
        former = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM) if callable(signal.getsignal(n))}
    for number in former:
        signal.signal(number, lambda *signalled: arrived.append(signalled))
    try:
        yield release
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    release()
