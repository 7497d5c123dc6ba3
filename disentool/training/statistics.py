"""The statistics that a checkpoint keeps of its codes: mean, standard deviation and KL over a few training rows."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from disentool.contract import RowCodes
from disentool.engine import inference
from disentool.engine.training_loop import Training
from disentool.nn.gaussian import kl_to_prior


def of_codes(training: Training, rows: np.ndarray) -> dict[str, Any]:
    """Per-dimension KL (nats), mean and standard deviation of the codes over a few rows; `traverse` orders by them.

    ``rows``: int64 [n], counted within the training rows.
    """
    parts = list(_codes(training, rows))
    mean = np.concatenate([p["mean"] for p in parts]).astype(np.float64)
    out = {"rows": len(rows), "mean_mean": mean.mean(0).tolist(), "mean_std": mean.std(0).tolist()}
    if "logvar" in parts[0]:
        logvar = np.concatenate([p["logvar"] for p in parts])
        out["kl"] = kl_to_prior(torch.from_numpy(mean), torch.from_numpy(logvar).double()).mean(0).tolist()
    return out


def _codes(training: Training, rows: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
    """What the encoders make of these rows; before they are trained, the codes that are optimised for the rows."""
    method, networks = training.method, training.networks
    if not isinstance(method, RowCodes) or method.encoders_ready(training.step):
        yield from inference.encode(method, networks, training.feed, rows)
        return
    with inference.repeatable():
        for start in range(0, len(rows), inference.BATCH):
            batch = training.feed.batch(rows[start : start + inference.BATCH])
            assert batch.factors is not None  # they hold the classes
            codes = method.row_codes(networks, batch.rows, batch.factors, batch.images)
            yield {name: code.float().cpu().numpy() for name, code in codes.items()}
