"""Signals end the program at once while its modules are being loaded, and otherwise unwind it."""

import contextlib
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, *([] if sys.platform == "win32" else [signal.SIGHUP]))


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP. Code that catches an Exception lets a KeyboardInterrupt pass."""

    def __init__(self, number: int):
        self.number = number
        super().__init__("terminated")


def leave(number: int, frame: object = None) -> NoReturn:
    """End at once, with a line and the signal's exit code. What is half written, the next command removes."""
    word = "interrupted" if number == signal.SIGINT else "terminated"
    with contextlib.suppress(OSError):  # nobody reads it any more, or the shell closed it
        os.write(2, f"disentool: {word}\n".encode())
    os._exit(128 + number)


def stop(number: int, frame: FrameType | None) -> None:
    """Unwind, so that half-written files are removed; while a module is being loaded, leave at once.

    An exception there may be swallowed, or pass through C++, as in torch, which then aborts.
    """
    if _loads(frame):
        leave(number)
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)


def leave_where_lost(unraisable: "sys.UnraisableHookArgs") -> None:
    """A hook of ``sys``: a signal whose exception a destructor or a weak reference would swallow ends the program."""
    error = unraisable.exc_value
    if isinstance(error, KeyboardInterrupt):
        leave(error.number if isinstance(error, Terminated) else signal.SIGINT)
    sys.__unraisablehook__(unraisable)


def _loads(frame: FrameType | None) -> bool:
    """Whether the interpreter is loading a module."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
