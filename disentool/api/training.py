"""A method's name and options -> checkpoints."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from os import fspath
from pathlib import Path
from typing import Any

import numpy as np

from disentool.api.arguments import FilePath, device_name, public
from disentool.api.wording import worded
from disentool.errors import Interrupted, WrongUsage
from disentool.reporting import Reporter
from disentool.training.plan import plan
from disentool.training.signals import Signals


@public
def train(
    method: str,
    *,
    data: FilePath = "dsprites",
    output: FilePath | None = None,
    preset: str | None = None,
    config_file: FilePath | None = None,
    resume: bool = False,
    overwrite: bool = False,
    tensorboard: FilePath | None = None,
    report: Reporter | None = None,
    **options: Any,
) -> list[Path]:
    """Train a method; the same checkpoints as ``disentool train`` writes.

    ``method``: its name, or ``module:Class`` of your own, which is imported (of the current folder, where it is not on
    the Python path: that folder is then appended to it). ``data``: a data-set file (.h5), or the name of one that is
    rendered into the cache on first use. ``output``: the checkpoint to write (default: ``ckpt.pt``), its history beside
    it. ``preset`` and ``config_file`` (YAML) give options, which those named in the call beat. ``resume``: go on where
    the checkpoint stopped, and do nothing where it is complete. ``overwrite``: replace it. ``tensorboard``: a folder
    for the history as TensorBoard reads it.

    ``options``: the method's, and those of a run (``seed``, ``epochs``, ``device``, ``checkpoint_every``, ...), named
    as ``disentool train METHOD --help`` has them, with underscores. A list as a value makes one run for each item, and
    ``{option}`` in ``output`` tells their checkpoints apart: ``seed=[0, 1], output="ckpt-{seed}.pt"``.

    Gives the paths of all checkpoints and kept snapshots. Ctrl-C saves what can be resumed, then KeyboardInterrupt is
    raised; where the caller handles SIGINT himself, that stays so, and the last saved step is kept.

    Raises UnknownName or WrongUsage (options), OutputExists, NotWritable, MissingFile, ForeignFile, DataMismatch,
    NoFactors, DeviceUnavailable, DeviceFull, all before the first step; NonFinite with the last good step kept.

    >>> import disentool
    >>> small = {"steps": 2, "batch_size": 8, "hidden_units": 16, "device": "cpu"}
    >>> disentool.train("vae", data="squares.h5", output="vae-{latent_dim}.pt", latent_dim=[2, 3], **small)
    [PosixPath('vae-2.pt'), PosixPath('vae-3.pt')]
    >>> disentool.load("vae-2.pt", device="cpu").latent_dim
    2
    """
    given = {name: _value(name, value) for name, value in options.items()}
    jobs = plan(
        method,
        {"data": fspath(data)} | given,
        preset=preset,
        config_file=None if config_file is None else Path(config_file),
        output=None if output is None else fspath(output),
    )
    # Imported here: they need torch, wrong options do not.
    from disentool.commands.train import train as carry_out
    from disentool.engine.device import unchanged

    board = None if tensorboard is None else Path(tensorboard)
    runs = carry_out(jobs, resume=resume, overwrite=overwrite, tensorboard=board, report=report, listening=_ctrl_c)
    try:
        with unchanged():
            return list(runs)
    except Interrupted as interrupted:
        raise KeyboardInterrupt(worded(str(interrupted))) from interrupted


def _value(name: str, given: Any) -> Any:
    """The value of an option as a configuration takes it: of Python's own types, a list where there are several."""
    if name == "device":
        return device_name(given)
    if isinstance(given, (np.generic, np.ndarray)):
        given = given.tolist()
    if isinstance(given, (list, tuple, range)):
        if not len(given):
            raise WrongUsage(f"{name}: expected a value or a list of values, got an empty one")
        return [_value(name, each) for each in given]
    return given


@contextmanager
def _ctrl_c() -> Iterator[Signals]:
    """Note SIGINT where Python itself would raise KeyboardInterrupt; a handler of the caller's own is left alone."""
    signals = Signals()
    python = signal.default_int_handler
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not python:
        yield signals
        return

    def note(number: int, frame: object) -> None:
        signals.received = number
        signal.signal(signal.SIGINT, python)  # a second one stops at once

    signal.signal(signal.SIGINT, note)
    try:
        yield signals
    finally:
        signal.signal(signal.SIGINT, python)
