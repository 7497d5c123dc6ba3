"""Options of a training run that no method owns: its data, its device, and the files that it keeps."""

from dataclasses import dataclass
from typing import Literal

from disentool.config import opt


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """How a run is carried out.

    ``data``, ``rows``, ``seed`` and ``epochs`` decide the weights; device and precision, their last digits.
    """

    data: str = opt(
        "dsprites",
        "a data set file (.h5), or a name; a named data set is rendered into the cache on first use",
        group="Data",
        placeholder="FILE|NAME",
    )
    rows: Literal["auto", "train", "test", "all"] = opt(
        "auto",
        "rows to train on, by the data set's split; auto: train if there is a split, else all",
        group="Data",
    )
    seed: int = opt(0, "seed of weights, rows and noise", low=0, high=2**63 - 1, group="Run")
    epochs: float | None = opt(None, "passes over the data, instead of --steps", above=0, group="Optimiser")
    device: Literal["auto", "cpu", "cuda", "mps"] = opt("auto", "where to train", group="Run")
    deterministic: bool = opt(
        False, "make runs on CUDA repeatable bit for bit, at some cost in speed; on a CPU they always are", group="Run"
    )
    precision: Literal["auto", "fp32", "tf32", "bf16"] = opt(
        "auto",
        "precision of the networks; auto: tf32 on CUDA, fp32 elsewhere or with --deterministic. Losses are fp32",
        group="Run",
    )
    graph: bool = opt(True, "on CUDA, record a training step as a graph and replay it, where possible", group="Run")
    gang: int | None = opt(
        None,
        "number of runs that train at the same time: on CUDA a step of each in turn; on a CPU each in a process of its"
        " own, with its share of the threads [default: up to 10 on CUDA; on a CPU as many as torch has threads, or"
        " $OMP_NUM_THREADS; else 1]",
        low=1,
        group="Run",
    )
    images: Literal["auto", "device", "memory"] = opt(
        "auto", "on CUDA, where the images are held; auto: on the device if they fit", group="Data"
    )
    log_every: int = opt(
        50, "steps from one line of the history to the next", low=1, group="Output", placeholder="STEPS"
    )
    checkpoint_every: int | None = opt(
        None,
        "steps from one save of the checkpoint to the next [default: once a minute]",
        low=1,
        group="Output",
        placeholder="STEPS",
    )
    keep_every: int | None = opt(
        None,
        "keep a copy of the checkpoint, called NAME-STEP.pt, each time this many steps are done",
        low=1,
        group="Output",
        placeholder="STEPS",
    )
