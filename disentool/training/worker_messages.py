"""What the process of a command and its workers say to each other: objects, pickled, through a pipe of their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentool import config, methods, named_code
from disentool.io.dataset import Dataset
from disentool.training.config import RunConfig
from disentool.training.plan import Job
from disentool.training.shared_images import SharedImages

# ---- to a worker


@dataclass(frozen=True)
class Setup:
    """What all runs of a command have in common; the first message to a worker that is ready.

    ``data``: without its pixels. ``images``: where these are. ``threads``: of each worker. ``command``: the command
    line, for the files that are written; empty: Python. The others are those of ``disentool train``.
    """

    data: Dataset
    images: SharedImages
    threads: int
    command: str
    resume: bool
    overwrite: bool
    tensorboard: Path | None


@dataclass(frozen=True)
class Begin:
    """Carry out one run. It is given in plain values: a configuration of the user's own is made again from its name."""

    method: str
    config: Mapping[str, Any]
    run: Mapping[str, Any]
    output: Path
    named: frozenset[str]

    @classmethod
    def of(cls, job: Job) -> "Begin":
        """The message for a job."""
        return cls(job.method, config.values(job.config), config.values(job.run), job.output, job.named)

    def job(self) -> Job:
        """The job that the message is for."""
        made = config.build(named_code.load(methods.find(self.method).config), self.config)
        return Job(self.method, made, config.build(RunConfig, self.run), self.output, self.named)


# ---- from a worker


@dataclass(frozen=True)
class Ready:
    """It is loaded, and waits for its set-up."""


@dataclass(frozen=True)
class Noted:
    """A note for people; ``error``: on what went wrong."""

    message: str
    error: bool = False


@dataclass(frozen=True)
class Printed:
    """Whole lines that the user's own code printed; ``stream``: stdout or stderr."""

    stream: str
    text: str


@dataclass(frozen=True)
class Warned:
    """A warning of Python, and the place that it is about."""

    message: str
    category: type[Warning]
    file: str
    line: int


@dataclass(frozen=True)
class TaskBegun:
    """A task within the run, see :class:`disentool.reporting.Reporter`; ``label`` None: the run itself."""

    number: int
    label: str | None
    total: int
    unit: str
    done: int


@dataclass(frozen=True)
class TaskUpdated:
    """How far a task is."""

    number: int
    done: int
    terms: dict[str, float] | None


@dataclass(frozen=True)
class TaskEnded:
    """A task is over, and came to its end."""

    number: int


@dataclass(frozen=True)
class Written:
    """A file is complete."""

    path: Path


@dataclass(frozen=True)
class Ended:
    """The run is over; ``error``: what ended it before its time. ``begun`` False: the signal was faster."""

    error: Exception | None = None
    begun: bool = True
