"""The statistics that a checkpoint keeps of its codes: mean, standard deviation and KL over a few training rows."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from disentool.contract import RowCodes
from disentool.engine import inference
from disentool.engine.training_loop import Training
from disentool.nn.gaussian import kl_to_prior


def of_codes(training: Training, rows: np.ndarray) -> dict[str, Any]:
    """Per-dimension KL (nats), mean and standard deviation of the codes over a few rows; `traverse` orders by them.

    ``rows``: int64 [n], counted within the training rows.
    """
    return _summary(list(_codes(training, rows, training.step)), len(rows))


class OfCopy:
    """What :func:`of_codes` gives of this step, computed later, a batch at a time, while training goes on.

    The weights are copied; while a batch is computed, the networks have the copies in the place of their own.
    """

    def __init__(self, training: Training, rows: np.ndarray):
        self._count, self._parts = len(rows), list[dict[str, np.ndarray]]()
        self._batches = _codes(training, rows, training.step)
        self._networks = training.networks
        self._copies = [tensor.detach().clone() for tensor in _tensors(training.networks)]

    def advance(self) -> bool:
        """Compute the next batch; whether there was one."""
        with _holding(self._networks, self._copies):
            part = next(self._batches, None)
        if part is not None:
            self._parts.append(part)
        return part is not None

    def result(self) -> dict[str, Any]:
        """The statistics, after the last batch."""
        return _summary(self._parts, self._count)


def _summary(parts: Sequence[dict[str, np.ndarray]], count: int) -> dict[str, Any]:
    mean = np.concatenate([p["mean"] for p in parts]).astype(np.float64)
    out = {"rows": count, "mean_mean": mean.mean(0).tolist(), "mean_std": mean.std(0).tolist()}
    if "logvar" in parts[0]:
        logvar = np.concatenate([p["logvar"] for p in parts])
        out["kl"] = kl_to_prior(torch.from_numpy(mean), torch.from_numpy(logvar).double()).mean(0).tolist()
    return out


def _codes(training: Training, rows: np.ndarray, step: int) -> Iterator[dict[str, np.ndarray]]:
    """What the encoders make of these rows at ``step``, a batch each; before they are trained, the rows' own."""
    method, networks = training.method, training.networks
    if not isinstance(method, RowCodes) or method.encoders_ready(step):
        yield from inference.encode(method, networks, training.feed, rows)
        return
    for start in range(0, len(rows), inference.BATCH):
        with inference.repeatable():  # not around the yield: training goes on there
            batch = training.feed.batch(rows[start : start + inference.BATCH])
            assert batch.factors is not None  # they hold the classes
            codes = method.row_codes(networks, batch.rows, batch.factors, batch.images)
            part = {name: code.float().cpu().numpy() for name, code in codes.items()}
        yield part


def _tensors(networks: Mapping[str, nn.Module]) -> list[torch.Tensor]:
    """Every weight and buffer of the networks, themselves, in an order that stays."""
    values = [value for network in networks.values() for value in network.state_dict(keep_vars=True).values()]
    return [value for value in values if isinstance(value, torch.Tensor)]


@contextmanager
def _holding(networks: Mapping[str, nn.Module], copies: Sequence[torch.Tensor]) -> Iterator[None]:
    """Within it the networks' weights are ``copies``; their own memory is untouched, and afterwards theirs again."""
    own = [(tensor, tensor.data) for tensor in _tensors(networks)]
    try:
        for (tensor, _), copy in zip(own, copies, strict=True):
            tensor.data = copy
        yield
    finally:
        for tensor, data in own:
            tensor.data = data
