"""What metrics are lent that need more than codes: a model's functions, mixtures on the device, progress."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from disentool.errors import DataMismatch
from disentool.metrics.result import Progress, silent
from disentool.reporting import Reporter


@dataclass(frozen=True)
class LentFunctions:
    """What the caller lends to a metric that needs more than codes: a model's functions, a device, progress.

    ``progress(done, total)``: shown to people. ``log_q(z, mean, logvar, progress)``: the log density, in nats, of z
    (float [M,D]) under the equal mixture of the Gaussians ``mean``, ``logvar`` (float32 [N,D]), streamed: the joint
    float64 [M] and the marginals float64 [M,D]. ``density_ratio(z)``: log q(z) - log prod_j q(z_j) in nats as the
    model's discriminator estimates it, float64 [M]. ``log_likelihood(rows, z)``: log p(x|z) in nats per image, float64
    [B,K], of the images ``rows`` (int64 [B]) for z float32 [B,K,D]. ``images(rows)``: those images, float32 [B,H,W,C]
    in 0..1. ``decode(z)``: codes float32 [B,D] -> such images. ``transfer(class_rows, content_rows)``: such images,
    each with the class of one row and the content of another, of a model that makes them of more than codes.
    ``perceptual(first, second)``: LPIPS, float64 [B], of such images. ``moved`` and ``coordinate``: see
    :mod:`disentool.scoring.drawing.direction_starts`. None: there is none here.
    """

    progress: Progress = silent
    log_q: Callable[..., tuple[np.ndarray, np.ndarray]] | None = None
    density_ratio: Callable[[np.ndarray], np.ndarray] | None = None
    log_likelihood: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    moved: Callable[[np.ndarray, np.ndarray, np.ndarray], Any] | None = None
    coordinate: Callable[[np.ndarray], np.ndarray] | None = None
    images: Callable[[np.ndarray], np.ndarray] | None = None
    decode: Callable[[np.ndarray], np.ndarray] | None = None
    transfer: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    perceptual: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None

    def require(self, name: str, metric: str, source: str) -> Callable:
        """The function ``name``; ``DataMismatch`` saying where there is one."""
        function = getattr(self, name)
        if function is None:
            raise DataMismatch(f"metric {metric} needs {source}, which is not here")
        return function


@contextmanager
def shown(lent: LentFunctions, report: Reporter, label: str) -> Iterator[LentFunctions]:
    """The same functions, whose progress becomes a task that ends with the block."""
    with ExitStack() as stack:
        task: Any = None

        def progress(done: int, total: int) -> None:
            nonlocal task
            if task is None:
                task = stack.enter_context(report.task(label, total, "steps"))
            task.update(done)

        yield replace(lent, progress=progress)


def of_codes(device: str, tune: Callable[[str], None] | None = None) -> LentFunctions:
    """For ready codes: mixtures, on the device of that name, which is looked for when first used.

    ``tune``: called with the name before each of them.
    """

    def log_q(z: np.ndarray, mean: np.ndarray, logvar: np.ndarray, progress: Any = None) -> tuple:
        from disentool.engine import devices

        chosen = devices.choose(device)
        if tune is not None:
            tune(device)
        return log_density_of_mixture(chosen, z, mean, logvar, progress)

    return LentFunctions(log_q=log_q)


def log_density_of_mixture(device: Any, z: np.ndarray, mean: np.ndarray, logvar: np.ndarray, progress: Any) -> tuple:
    """Joint [M] and marginal [M,D] log density, nats, float64, of z under the mixture: see :class:`LentFunctions`."""
    import torch

    from disentool.nn.mixture import log_density

    with torch.inference_mode():
        there = [torch.from_numpy(np.ascontiguousarray(a, np.float32)).to(device) for a in (z, mean, logvar)]
        joint, marginals = log_density(there[0], there[1], there[2], progress)
        return joint.cpu().double().numpy(), marginals.cpu().double().numpy()
