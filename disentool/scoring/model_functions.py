"""The functions of a checkpoint that metrics are lent, and LPIPS."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from disentool.errors import DataMismatch
from disentool.scoring.lent_functions import LentFunctions, log_density_of_mixture

if TYPE_CHECKING:
    from disentool.io.dataset import Dataset
    from disentool.models.model import TrainedModel


def of_model(
    model: "TrainedModel", dataset: "Dataset", chosen: np.ndarray, perceptual: Callable | None = None
) -> LentFunctions:
    """For a checkpoint and the data to put through it, of which ``chosen`` (int64 [n]) are the rows that count.

    ``perceptual``: as :func:`lpips` gives it.
    """
    import torch

    from disentool.contract import DensityRatio, Transfers
    from disentool.engine import inference
    from disentool.engine.feed import Feed

    method = model.method

    def log_q(z: np.ndarray, mean: np.ndarray, logvar: np.ndarray, progress: Any = None) -> tuple:
        return log_density_of_mixture(model.device, z, mean, logvar, progress)

    def log_likelihood(rows: np.ndarray, codes: np.ndarray) -> np.ndarray:
        return inference.log_likelihood(model.method, model.networks, feed, chosen[rows], codes)

    feed = Feed(dataset.images, None, model.device, resident=False)
    ratio: Callable[[np.ndarray], np.ndarray] | None = None
    if isinstance(method, DensityRatio):

        def ratio(codes: np.ndarray) -> np.ndarray:
            return inference.density_ratio(method, model.networks, model.device, codes)

    def images(rows: np.ndarray) -> np.ndarray:
        return _pixels(feed.batch(chosen[rows]).images)

    def decode(codes: np.ndarray) -> np.ndarray:
        with inference.repeatable():
            there = torch.from_numpy(np.ascontiguousarray(codes, np.float32)).to(model.device)
            return _pixels(model.method.decode(model.networks, there))

    transfer: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    if isinstance(method, Transfers):

        def transfer(class_rows: np.ndarray, content_rows: np.ndarray) -> np.ndarray:
            with inference.repeatable():
                pair = (feed.batch(chosen[rows]).images for rows in (class_rows, content_rows))
                return _pixels(method.transfer(model.networks, *pair))

    return LentFunctions(
        log_q=log_q,
        density_ratio=ratio,
        log_likelihood=log_likelihood,
        images=images,
        decode=decode,
        transfer=transfer,
        perceptual=perceptual,
    )


def lpips(paths: Sequence[Path], device: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """LPIPS by the weights in these files: images float32 [B,H,W,C] in 0..1, twice -> float64 [B]."""
    import torch

    from disentool.engine import devices, inference
    from disentool.io import lpips as weights
    from disentool.nn.lpips import LEAST_SIDE, LPIPS, shapes

    kinds: tuple[Literal["alex", "vgg"], ...] = ("alex", "vgg")
    found, tensors = weights.read(paths, {kind: shapes(kind) for kind in kinds})
    kind = next(kind for kind in kinds if kind == found)
    chosen = devices.choose(device)
    network = LPIPS(kind, tensors).to(chosen)

    def perceptual(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        if min(first.shape[1:3]) < LEAST_SIDE[kind]:
            raise DataMismatch(
                f"LPIPS by {kind} needs images of at least {LEAST_SIDE[kind]} pixels, these are {first.shape[2]}x"
                f"{first.shape[1]}; leave out --lpips"
            )
        with inference.repeatable():
            pair = (torch.from_numpy(np.ascontiguousarray(a.transpose(0, 3, 1, 2))).to(chosen) for a in (first, second))
            return network(*pair).cpu().double().numpy()

    return perceptual


def _pixels(images: Any) -> np.ndarray:
    """float32 [B,C,H,W] on the device -> float32 [B,H,W,C]."""
    return images.permute(0, 2, 3, 1).float().cpu().numpy()
