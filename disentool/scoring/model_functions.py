"""What a metric may use besides codes: functions of the model, mixtures on the device, LPIPS, progress."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from disentool.errors import DataMismatch
from disentool.metrics.result import Progress, silent
from disentool.metrics.scikit_learn import process_unchanged
from disentool.reporting import Reporter, Task

if TYPE_CHECKING:
    import torch

    from disentool.io.dataset import Dataset
    from disentool.metrics.control import Moved
    from disentool.models.model import TrainedModel


@dataclass(frozen=True)
class ModelFunctions:
    """What a metric may use besides codes; a field that is None is not there.

    ``progress(done, total)``: shown to people. ``log_q(z, mean, logvar, progress)``: the log density, in nats, of z
    (float [M,D]) under the equal mixture of the Gaussians ``mean``, ``logvar`` (float32 [N,D]), streamed: the joint
    float64 [M] and the marginals float64 [M,D]. ``density_ratio(z)``: log q(z) - log prod_j q(z_j) in nats as the
    model's discriminator estimates it, float64 [M]. ``log_likelihood(rows, z)``: log p(x|z) in nats per image, float64
    [B,K], of the images ``rows`` (int64 [B]) for z float32 [B,K,D]. ``images(rows)``: those images, float32 [B,H,W,C]
    in 0..1. ``decode(z)``: codes float32 [B,D] -> such images. ``transfer(class_rows, content_rows)``: such images,
    each with the class of one row and the content of another, of a model that makes them of more than codes.
    ``perceptual(first, second)``: LPIPS, float64 [B], of such images. ``moved`` and ``coordinate``: see
    :mod:`disentool.scoring.drawing.direction_starts`.
    """

    progress: Progress = silent
    log_q: Callable[..., tuple[np.ndarray, np.ndarray]] | None = None
    density_ratio: Callable[[np.ndarray], np.ndarray] | None = None
    log_likelihood: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    moved: Callable[[np.ndarray, np.ndarray, np.ndarray], "Moved"] | None = None
    coordinate: Callable[[np.ndarray], np.ndarray] | None = None
    images: Callable[[np.ndarray], np.ndarray] | None = None
    decode: Callable[[np.ndarray], np.ndarray] | None = None
    transfer: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    perceptual: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None


_Function = TypeVar("_Function", bound=Callable[..., Any])


def required(function: _Function | None, metric: str, source: str) -> _Function:
    """A function of :class:`ModelFunctions` that is there; ``DataMismatch`` saying where there is one."""
    if function is None:
        raise DataMismatch(f"metric {metric} needs {source}, and there is none here")
    return function


@contextmanager
def shown(functions: ModelFunctions, report: Reporter, label: str) -> Iterator[ModelFunctions]:
    """The same functions, whose progress becomes a task that ends with the block."""
    with ExitStack() as stack:
        task: Task | None = None

        def progress(done: int, total: int) -> None:
            nonlocal task
            if task is None:
                task = stack.enter_context(report.task(label, total, "steps"))
            task.update(done)

        yield replace(functions, progress=progress)


def of_codes(device: str) -> ModelFunctions:
    """For ready codes: mixtures, on the device of that name, which is looked for when first used."""

    def log_q(z: np.ndarray, mean: np.ndarray, logvar: np.ndarray, progress: Progress | None = None) -> tuple:
        with process_unchanged():  # it imports joblib
            from disentool.engine.devices import choose

        return log_density_of_mixture(choose(device), z, mean, logvar, progress)

    return ModelFunctions(log_q=log_q)


def log_density_of_mixture(
    device: "torch.device", z: np.ndarray, mean: np.ndarray, logvar: np.ndarray, progress: Progress | None
) -> tuple[np.ndarray, np.ndarray]:
    """Joint [M] and marginal [M,D] log density, nats, float64, of z under the mixture: see :class:`ModelFunctions`."""
    import torch

    from disentool.nn.mixture import log_density

    with torch.inference_mode():
        there = [torch.from_numpy(np.ascontiguousarray(a, np.float32)).to(device) for a in (z, mean, logvar)]
        joint, marginals = log_density(there[0], there[1], there[2], progress)
        return joint.cpu().double().numpy(), marginals.cpu().double().numpy()


def of_model(
    model: "TrainedModel", dataset: "Dataset", chosen: np.ndarray, perceptual: Callable | None = None
) -> ModelFunctions:
    """For a checkpoint and the data to put through it, of which ``chosen`` (int64 [n]) are the rows that count.

    ``perceptual``: as :func:`lpips` gives it.
    """
    import torch

    from disentool.contract import DensityRatio, Transfers
    from disentool.engine import inference
    from disentool.engine.feed import Feed

    method = model.method

    def log_q(z: np.ndarray, mean: np.ndarray, logvar: np.ndarray, progress: Progress | None = None) -> tuple:
        return log_density_of_mixture(model.device, z, mean, logvar, progress)

    def log_likelihood(rows: np.ndarray, codes: np.ndarray) -> np.ndarray:
        return inference.log_likelihood(model.method, model.networks, feed, chosen[rows], codes)

    feed = Feed(dataset.images, None, model.device, resident=False)
    ratio: Callable[[np.ndarray], np.ndarray] | None = None
    if isinstance(method, DensityRatio) and model.trains:

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

    return ModelFunctions(
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

    from disentool.engine import inference
    from disentool.engine.devices import choose
    from disentool.io.lpips import read
    from disentool.nn.lpips import LEAST_SIDE, LPIPS, shapes

    kinds: tuple[Literal["alex", "vgg"], ...] = ("alex", "vgg")
    found, tensors = read(paths, {kind: shapes(kind) for kind in kinds})
    kind = next(kind for kind in kinds if kind == found)
    chosen = choose(device)
    network = LPIPS(kind, tensors).to(chosen)

    def perceptual(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        if min(first.shape[1:3]) < LEAST_SIDE[kind]:
            raise DataMismatch(
                f"LPIPS by {kind} needs images of at least {LEAST_SIDE[kind]} pixels, these are {first.shape[1]}x"
                f"{first.shape[2]} (height x width); leave out --lpips"
            )
        with inference.repeatable():
            pair = (torch.from_numpy(np.ascontiguousarray(a.transpose(0, 3, 1, 2))).to(chosen) for a in (first, second))
            return network(*pair).cpu().double().numpy()

    return perceptual


def _pixels(images: "torch.Tensor") -> np.ndarray:
    """float32 [B,C,H,W] on the device -> float32 [B,H,W,C]."""
    return images.permute(0, 2, 3, 1).float().cpu().numpy()
