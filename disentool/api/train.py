"""A method's name and options -> checkpoints."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from os import fspath
from pathlib import Path
from typing import Any

import numpy as np

from disentool.api.arguments import Data, FilePath, device_name, public
from disentool.api.wording import worded
from disentool.errors import Interrupted, WrongUsage
from disentool.io.dataset import Dataset
from disentool.reporting import Reporter
from disentool.training.plan import plan
from disentool.training.signals import Signals


@public
def train(
    method: str,
    *,
    data: Data = "dsprites",
    output: FilePath | None = None,
    preset: str | None = None,
    config_file: FilePath | None = None,
    resume: bool = False,
    overwrite: bool = False,
    tensorboard: FilePath | None = None,
    report: Reporter | None = None,
    **options: Any,
) -> list[Path]:
    """Train a method and write its checkpoint, as ``disentool train`` does. Returns the paths of the checkpoints.

    ``method``: the name of a method, or ``module:Class`` for a method of your own. Your module is imported; if it is
    not on the Python path, it is looked for in the current folder, and that folder is appended to the path. ``data``: a
    data-set file (.h5), the name of a data set that is rendered into the cache on first use, or what
    :func:`open_dataset` returned. ``output``: the checkpoint to write (default: ``ckpt.pt``); the history is written
    beside it. ``preset`` and ``config_file`` (YAML)
    set options; an option in the call beats both. ``resume``: continue from the checkpoint, and do nothing if it is
    complete. ``overwrite``: replace the checkpoint. ``tensorboard``: a folder in which the history is also written for
    TensorBoard.

    ``options``: the options of the method, and those of a run: ``seed``, ``epochs``, ``device``, ``checkpoint_every``,
    ... ``disentool train METHOD --help`` explains them; write underscores for the dashes in their names. A list as a
    value makes one run for each item, and ``{option}`` in ``output`` tells the checkpoints apart:
    ``seed=[0, 1], output="ckpt-{seed}.pt"``.

    On a CPU several runs train at once, as many as torch has threads, or ``gang``: one in this process, each of the
    others in a process of its own, whose settings of torch are the defaults. ``report`` is called here. A script needs
    no ``if __name__ == "__main__"``. A method whose class is in ``__main__`` trains one run after another.

    The list of paths also holds the snapshots that ``keep_every`` keeps. Ctrl-C saves the run, so that it can be
    resumed, and then raises KeyboardInterrupt. If your program has its own handler of SIGINT, that handler is used, and
    the checkpoint holds the step that was saved last.

    Raises UnknownName or WrongUsage (options), OutputExists, NotWritable, MissingFile, ForeignFile, DataMismatch,
    NoFactors, DeviceUnavailable, DeviceFull, all before the first step; NonFinite with the last good step kept; RunLost
    where the process of one of several runs was killed.

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
        {"data": fspath(data.path if isinstance(data, Dataset) else data)} | given,
        preset=preset,
        config_file=None if config_file is None else Path(config_file),
        output=None if output is None else fspath(output),
    )
    # Imported here: they need torch, wrong options do not.
    from disentool.commands.train import train as train_files
    from disentool.engine.devices import unchanged

    board = None if tensorboard is None else Path(tensorboard)
    runs = train_files(
        jobs,
        data=data if isinstance(data, Dataset) else None,
        resume=resume,
        overwrite=overwrite,
        tensorboard=board,
        report=report,
        listening=_ctrl_c,
    )
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
