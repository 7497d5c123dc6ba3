"""The command ``disentool``, and ``python -m disentool``: signals are answered while the rest is still being loaded."""

import contextlib
import os
import signal
import sys

SIGNALS = (signal.SIGINT, signal.SIGTERM, *([] if sys.platform == "win32" else [signal.SIGHUP]))


def main() -> None:
    """Load the command line and run it."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _leave)
    from disentool.cli import main as run

    run()


def _leave(number: int, frame: object) -> None:
    """End at once: nothing is being written yet, and an exception might be caught by what is being loaded."""
    word = "interrupted" if number == signal.SIGINT else "terminated"
    with contextlib.suppress(OSError):  # nobody reads it any more, or the shell closed it
        os.write(2, f"disentool: {word}\n".encode())
    os._exit(128 + number)


if __name__ == "__main__":
    main()
