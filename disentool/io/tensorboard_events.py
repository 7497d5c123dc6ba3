"""The history as TensorBoard reads it: event files, written by the optional package ``tensorboard``."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from disentool.errors import MissingExtra, NotWritable


def require(folder: Path, checkpoints: Sequence[Path]) -> None:
    """Make ``folder``, and one in it for each checkpoint, and see that they can be written to.

    MissingExtra without the package, NotWritable where one of them cannot be.
    """
    try:
        import tensorboard  # noqa: F401
    except ImportError:
        raise MissingExtra(
            "--tensorboard needs the package tensorboard: pip install 'disentool[tensorboard]'; the history beside the"
            " checkpoint is written without it"
        ) from None
    for run in [folder, *(folder / folder_of(checkpoint) for checkpoint in checkpoints)]:
        try:
            run.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=run).close()
        except OSError as error:
            raise NotWritable(
                f"--tensorboard {folder}: {run} cannot be written to ({error.strerror}); name another folder"
            ) from None


def folder_of(checkpoint: Path) -> Path:
    """Where, below the folder asked for, a checkpoint's events go: its own path without the suffix."""
    parts = checkpoint.with_suffix("").parts
    return Path(*(part for part in parts if part not in (checkpoint.anchor, "..")))


class Events:
    """The event file of one run, made with its first line; ``folder`` None writes nothing."""

    def __init__(self, folder: Path | None):
        self.folder = folder
        self._writer: Any = None

    def __enter__(self) -> "Events":
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, line: dict[str, Any]) -> None:
        """One line of the history: each term a scalar at its step."""
        if self.folder is None:
            return
        step = line["step"]
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            # An earlier process may have gone beyond this step; what it wrote from here on is no part of the run.
            self._writer = SummaryWriter(str(self.folder), purge_step=step)
        for name, value in line.items():
            if name not in ("step", "time"):
                self._writer.add_scalar(name, value, step)
        self._writer.flush()
