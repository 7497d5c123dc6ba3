"""Options of a training run that are not the method's: what is trained on, where, and what is kept."""

from dataclasses import dataclass
from typing import Literal

from disentool.config import opt


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """How a run is carried out.

    ``data``, ``rows``, ``seed`` and ``epochs`` decide the weights; device and precision, their last digits.
    """

    data: str = opt(
        "dsprites", "a data set file (.h5), or the name of one that is rendered into the cache on first use"
    )
    rows: Literal["auto", "train", "test", "all"] = opt(
        "auto", "rows of the data's split to train on; auto: train where there is a split, else all"
    )
    seed: int = opt(0, "seed of weights, rows and noise", low=0, high=2**63 - 1)
    epochs: float | None = opt(None, "passes over the data, instead of --steps", above=0)
    device: Literal["auto", "cpu", "cuda", "mps"] = opt("auto", "where to train")
    deterministic: bool = opt(False, "bit-for-bit repeatable on CUDA too, at some cost in speed (a CPU always is)")
    precision: Literal["auto", "fp32", "tf32", "bf16"] = opt(
        "auto", "how networks compute; auto: tf32 on CUDA, fp32 elsewhere or with --deterministic; losses are fp32"
    )
    graph: bool = opt(True, "on CUDA, capture a step as a graph and replay it, where it can be")
    gang: int | None = opt(None, "runs at once, a step of each in turn [default: on CUDA up to 10, else 1]", low=1)
    images: Literal["auto", "device", "memory"] = opt("auto", "where images wait on CUDA; auto: there if they fit")
    log_every: int = opt(50, "steps between two lines of the history", low=1)
    checkpoint_every: int | None = opt(None, "steps between two saves of the checkpoint [default: a minute]", low=1)
    keep_every: int | None = opt(None, "also keep a snapshot -STEP.pt every so many steps", low=1)
