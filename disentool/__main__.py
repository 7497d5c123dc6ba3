"""The command ``disentool``, and ``python -m disentool``: signals are answered while the rest is still being loaded."""

import signal

from disentool.system.leaving import SIGNALS, leave


def main() -> None:
    """Load the command line and run it."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, leave)  # nothing is being written yet
    from disentool.cli import main as run

    run()


if __name__ == "__main__":
    main()
