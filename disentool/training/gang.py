"""A gang: runs that train at once in one process, a step of each in turn. (On a CPU there are also :mod:`workers`.)

A small step leaves a GPU idle for most of its time, and the steps of other runs fill it.
"""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch

from disentool.engine.graph import Graphs
from disentool.errors import DeviceFull, DisentoolError, Interrupted, NonFinite, RunLost
from disentool.reporting import Reporter
from disentool.training.signals import Signals

LARGEST = 10  # runs at once on CUDA where --gang is not given


@dataclass(frozen=True)
class Member:
    """One run of a gang.

    ``output``: its checkpoint. ``steps``: the run itself, not begun; it yields None after each step, or the path of a
    file as it is complete. ``graphs``: what records its steps, on whose stream the run computes; None: no graphs.
    """

    output: Path
    steps: Generator[Path | None, None, None]
    graphs: Graphs | None = None


def train_together(members: Sequence[Member], size: int, signals: Signals, report: Reporter) -> Iterator[Path]:
    """Carry out all runs, ``size`` of them at once; yields the path of each file as it is complete.

    A run whose losses cease to be finite is reported and left, and the others go on; in the end NonFinite names all
    such runs. On a signal each run saves, then Interrupted is raised. Raises DeviceFull if the memory of the device
    does not suffice.
    """
    waiting = deque(members)
    active: list[Member] = []
    lost: list[DisentoolError] = []
    stopped: list[Interrupted] = []
    most = 0  # runs that have been active at once
    try:
        while active or (waiting and not stopped):
            if signals.received is not None and not active:
                raise Interrupted(signals.received, f"interrupted: {waiting[0].output} is not begun")
            while waiting and len(active) < size and signals.received is None:
                active.append(waiting.popleft())
            for member in list(active):
                try:
                    with member.graphs.on_stream() if member.graphs else nullcontext():
                        done = next(member.steps)
                except StopIteration:
                    active.remove(member)
                    continue
                except NonFinite as error:
                    if len(members) == 1 or size == 1:
                        raise
                    report.error(f"{member.output}: {error} (the other runs go on)")
                    lost.append(NonFinite(f"{member.output}: {error}"))
                    active.remove(member)
                    continue
                except Interrupted as error:
                    stopped.append(error)
                    active.remove(member)
                    continue
                except torch.OutOfMemoryError:
                    raise DeviceFull(_what_fits(member.output, len(active), most)) from None
                if done is not None:
                    yield done
            most = max(most, len(active))
    finally:
        for member in active:
            member.steps.close()
    if stopped:
        raise all_stopped(stopped, stopped[0].exit_code - 128)
    if lost:
        raise all_lost(lost, len(members))


def _what_fits(output: Path, active: int, most: int) -> str:
    if active == 1:
        return (
            f"{output}: the memory of the device is full; --images memory leaves the data out of it, or a smaller batch"
        )
    fits = most if 0 < most < active else max(active // 2, 1)
    return f"{output}: the memory of the device is full with {active} runs at once; --gang {fits}, or --images memory"


def all_stopped(stopped: Sequence[Interrupted], number: int) -> Interrupted:
    """The error that one or more runs were interrupted, by the signal of this number."""
    if len(stopped) == 1:
        return Interrupted(number, str(stopped[0]))
    others = "does the other run" if len(stopped) == 2 else f"do the {len(stopped) - 1} other runs"
    return Interrupted(number, f"{stopped[0]}; so {others} under way")


def all_lost(lost: Sequence[DisentoolError], runs: int) -> DisentoolError:
    """The error that some of so many runs were lost, each with an error that names it: the class is that of all."""
    if all(isinstance(error, NonFinite) for error in lost):
        return NonFinite(f"{len(lost)} of {runs} runs did not stay finite, the first: {lost[0]}")
    return RunLost(f"{len(lost)} of {runs} runs {'were' if len(lost) > 1 else 'was'} lost, the first: {lost[0]}")
