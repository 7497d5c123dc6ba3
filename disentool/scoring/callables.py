"""What a stage lends to metrics that need more than codes: a model's functions, mixtures on the device, progress."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.metrics.result import Callables
from disentool.reporting import Reporter

if TYPE_CHECKING:
    from disentool.io.dataset import Dataset
    from disentool.models.model import Model


@contextmanager
def shown(callables: Callables, report: Reporter, label: str) -> Iterator[Callables]:
    """The same callables, whose progress becomes a task that ends with the block."""
    with ExitStack() as stack:
        task: Any = None

        def progress(done: int, total: int) -> None:
            nonlocal task
            if task is None:
                task = stack.enter_context(report.task(label, total, "steps"))
            task.update(done)

        yield replace(callables, progress=progress)


def of_codes(device: str, tune: Callable[[str], None] | None = None) -> Callables:
    """For ready codes: mixtures, on the device of that name (which is looked for, and ``tune`` called, when used)."""

    def log_q(z: np.ndarray, mean: np.ndarray, logvar: np.ndarray, progress: Any = None) -> tuple:
        from disentool.engine import device as devices

        chosen = devices.choose(device)
        if tune is not None:
            tune(device)
        return _log_q(chosen, z, mean, logvar, progress)

    return Callables(log_q=log_q)


def of_model(model: "Model", dataset: "Dataset", chosen: np.ndarray, perceptual: Callable | None = None) -> Callables:
    """For a checkpoint and the data to put through it, of which ``chosen`` (int64 [n]) are the rows that count.

    ``perceptual``: as :func:`lpips` gives it.
    """
    import torch

    from disentool.contract import DensityRatio, Transfers
    from disentool.engine import inference
    from disentool.engine.feed import Feed

    method = model.method

    def log_q(z: np.ndarray, mean: np.ndarray, logvar: np.ndarray, progress: Any = None) -> tuple:
        return _log_q(model.device, z, mean, logvar, progress)

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

    return Callables(
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

    from disentool.engine import device as devices
    from disentool.engine import inference
    from disentool.io import lpips as weights
    from disentool.nn.lpips import LAYERS, LEAST_SIDE, LPIPS, shapes

    kind, tensors = weights.read(paths, {kind: shapes(kind) for kind in LAYERS})
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


def _log_q(device: Any, z: np.ndarray, mean: np.ndarray, logvar: np.ndarray, progress: Any) -> tuple:
    import torch

    from disentool.nn.mixture import log_density

    with torch.inference_mode():
        there = [torch.from_numpy(np.ascontiguousarray(a, np.float32)).to(device) for a in (z, mean, logvar)]
        joint, marginals = log_density(*there, progress)
        return joint.cpu().double().numpy(), marginals.cpu().double().numpy()
