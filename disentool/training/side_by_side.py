"""Runs side by side in one process, a step of each in turn: a small step leaves a GPU idle, which others fill."""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch

from disentool.errors import DeviceFull, Interrupted, NonFinite
from disentool.reporting import Reporter
from disentool.training.signals import Signals, listen

LARGEST = 10  # runs at once where nobody says how many


Course: TypeAlias = Generator[Path | None, None, None]  # of a run: None after a step, or the path of what is complete


@dataclass
class Member:
    """A run of a gang. ``start`` gives its course."""

    output: Path
    start: Callable[[Signals], Course]
    on_stream: Callable[[], AbstractContextManager[Any]] = nullcontext  # where all that it does is put


def together(
    members: Sequence[Member],
    size: int,
    report: Reporter,
    listening: Callable[[], AbstractContextManager[Signals]] = listen,
) -> Iterator[Path]:
    """Carry out all runs, ``size`` of them at once; yields the paths of what is complete.

    ``listening``: how signals are noted meanwhile.
    A run that ceases to be finite is reported and left, and the others go on; in the end NonFinite names all such. On a
    signal each one saves, then Interrupted is raised. Raises DeviceFull if the memory of the device does not suffice.
    """
    waiting = deque(members)
    active: list[tuple[Member, Course]] = []
    lost: list[str] = []
    stopped: list[Interrupted] = []
    most = 0  # runs that have been under way at once
    try:
        with listening() as signals:
            while active or (waiting and not stopped):
                if signals.received is not None and not active:
                    raise Interrupted(signals.received, f"interrupted: {waiting[0].output} is not begun")
                while waiting and len(active) < size and signals.received is None:
                    member = waiting.popleft()
                    active.append((member, member.start(signals)))
                for member, course in list(active):
                    try:
                        with member.on_stream():
                            done = next(course)
                    except StopIteration:
                        active.remove((member, course))
                        continue
                    except NonFinite as error:
                        if len(members) == 1 or size == 1:
                            raise
                        report.error(f"{member.output}: {error} (the other runs go on)")
                        lost.append(f"{member.output}: {error}")
                        active.remove((member, course))
                        continue
                    except Interrupted as error:
                        stopped.append(error)
                        active.remove((member, course))
                        continue
                    except torch.OutOfMemoryError:
                        raise DeviceFull(_what_fits(member.output, len(active), most)) from None
                    if done is not None:
                        yield done
                most = max(most, len(active))
    finally:
        for _, course in active:
            course.close()
    if stopped:
        raise _all_stopped(stopped)
    if lost:
        raise NonFinite(f"{len(lost)} of {len(members)} runs did not stay finite, the first: {lost[0]}")


def _what_fits(output: Path, active: int, most: int) -> str:
    if active == 1:
        return (
            f"{output}: the memory of the device is full; --images memory leaves the data out of it, or a smaller batch"
        )
    fits = most if 0 < most < active else max(active // 2, 1)
    return f"{output}: the memory of the device is full with {active} runs at once; --gang {fits}, or --images memory"


def _all_stopped(stopped: Sequence[Interrupted]) -> Interrupted:
    if len(stopped) == 1:
        return stopped[0]
    number = stopped[0].exit_code - 128
    return Interrupted(number, f"{stopped[0]}; so do the {len(stopped) - 1} other runs that were under way")
