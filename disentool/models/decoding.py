"""Codes -> images, by a model's decoder."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from disentool.engine import inference
from disentool.engine.feed import to_uint8
from disentool.errors import DataMismatch, ForeignFile
from disentool.io.latents import Latents
from disentool.models.model import TrainedModel
from disentool.reporting import Reporter


def require_code_width(model: TrainedModel, codes: Path, table: Latents, report: Reporter) -> None:
    """DataMismatch unless the codes are as wide as what the model encodes or samples.

    A note says if another checkpoint made them.
    """
    width = model.method.codes()["mean"]
    if table.mean.shape[1] not in (width, model.prior_width):
        raise DataMismatch(
            f"{codes}: its codes have {table.mean.shape[1]} dimensions, {model.path} has {width};"
            f" `disentool encode {model.path}` makes ones that fit"
        )
    if table.checkpoint_sha256 and table.checkpoint_sha256 != model.sha256:
        report.note(f"{codes}: was encoded by another checkpoint than {model.path}; dimensions may not correspond")


def images_of(model: TrainedModel, codes: np.ndarray) -> Iterator[np.ndarray]:
    """Codes float32 [n,D] -> images uint8 [b,H,W,C], batch by batch; ForeignFile where they are not finite."""
    for start in range(0, len(codes), inference.BATCH):
        with inference.repeatable():
            batch = torch.from_numpy(codes[start : start + inference.BATCH])
            decoded = to_pixels(model, model.method.decode(model.networks, batch.to(model.device)))
        yield decoded


def to_pixels(model: TrainedModel, decoded: torch.Tensor) -> np.ndarray:
    """Images float32 [b,C,H,W] in 0..1 -> uint8 [b,H,W,C]; ForeignFile where they are not finite."""
    if not bool(decoded.isfinite().all()):
        raise ForeignFile(f"{model.path}: decodes to NaN or infinite pixels; its training diverged")
    return to_uint8(decoded)
