"""What the checkpoint of a run holds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from disentool import config
from disentool.contract.configuration import splits_classes
from disentool.contract.optional import reconstruction_loss
from disentool.engine.training_loop import Training
from disentool.io.dataset import Dataset
from disentool.models.model import describe_classes, describe_data
from disentool.training.plan import Job

_STATISTICS_ROWS = 1000
_SAMPLES = 16


class Entries:
    """The entries of a run's checkpoint, and which of the rows trained on they show; the same rows at every step.

    ``measured``: int64 [n], sorted, the rows whose codes the statistics are of, counted within those trained on.
    """

    def __init__(self, job: Job, training: Training, data: Dataset, rows: np.ndarray):
        """``rows``: int64 [n], the rows of ``data`` that are trained on."""
        self._job, self._training, self._data, self._rows = job, training, data, rows
        self.measured = np.sort(_first_of_permutation(0, len(rows), _STATISTICS_ROWS))
        self._samples = rows[_first_of_permutation(1, len(rows), _SAMPLES)]

    def copied(self, history: Sequence[dict[str, Any]], seconds: float) -> dict[str, Any]:
        """The entries of this step, which training leaves as they are; ``statistics`` is to be filled in."""
        job, training, data = self._job, self._training, self._data
        return {
            "method": job.method,
            "config": config.values(job.config),
            "run": config.values(job.run),
            "data": describe_data(data, job.run.data, len(self._rows))
            | describe_classes(training.method, data, self._rows),
            "rng": {"seed": job.run.seed},
            "reconstruction_loss": reconstruction_loss(training.method),
            "history": list(history),
            "seconds": seconds,
            "statistics": {},
            **self._styles(),
            "samples": {"images": torch.from_numpy(data.images[self._samples]), "rows": self._samples.tolist()},
            **training.state(),
        }

    def _styles(self) -> dict[str, torch.Tensor]:
        """The style of each row of the data, where they are this run's own."""
        if splits_classes(self._job.config) is None:
            return {}
        assert self._data.factors is not None  # the last of them is the style
        return {"styles": torch.from_numpy(self._data.factors[:, -1].astype(np.int32))}


def _first_of_permutation(seed: int, length: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(length)[:count]
