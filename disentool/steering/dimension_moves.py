"""The dimensions of a generator's codes as directions, to see what one of which nothing else is known makes."""

from collections.abc import Sequence

import numpy as np
import torch

from disentool.engine.randomness import latent_noise
from disentool.errors import WrongUsage
from disentool.io.call_checks import require_indices, require_once
from disentool.io.directions_file import Direction
from disentool.models.generator import Opened
from disentool.reporting import Reporter
from disentool.steering.along_direction import Move, Span

MOST = 10  # dimensions, unasked
_CODES, _PROBES = 4, 8  # codes from the prior, and random weights of the pixels, that rank the dimensions
_REACH = 100.0  # standard deviations of the prior, farther than any span


def choose(
    opened: Opened, dims: Sequence[int] | None, span: tuple[float, float], classes: Sequence[int], report: Reporter
) -> list[Move]:
    """A move for each dimension: its coordinate runs from end to end of ``span``, in the prior's standard deviations.

    ``dims``: these, in this order; None: up to 10 of them, that which changes the images most first. ``classes``: some
    to rank them by, of a generator with classes. WrongUsage for a dimension that is not there.
    """
    width = opened.facts.latent_dim
    if dims is None:
        order = np.argsort(-_strengths(opened, classes), kind="stable")[:MOST].tolist()
        if width > MOST:
            report.note(
                f"{opened.path}: the {MOST} of {width} dimensions that change the images most are shown; --dims names"
                " others"
            )
    else:
        if not dims:
            raise WrongUsage("--dims: names no dimension")
        require_indices(dims, width, "--dims", opened.path, "dimensions")
        require_once(dims, "--dims")
        order = list(dims)
    axes, reach = np.eye(width, dtype=np.float32), np.array([-_REACH, _REACH])
    return [
        Move(Direction(f"z{k}", axes[k], reach, reach, (-_REACH, _REACH)), Span(*span, latent=True), placed=True)
        for k in order
    ]


def _strengths(opened: Opened, classes: Sequence[int]) -> np.ndarray:
    """How much the images change with each dimension: the mean squared gradient of randomly weighted pixels, [d]."""
    generator = opened.generator
    z = torch.from_numpy(latent_noise(0, np.arange(_CODES), generator.facts.latent_dim)).to(generator.device)
    chosen = None
    if generator.facts.num_classes is not None:
        some = torch.tensor(list(classes) or range(generator.facts.num_classes))
        chosen = some[torch.arange(_CODES) % len(some)].to(generator.device)
    random = torch.Generator().manual_seed(0)
    total = torch.zeros(generator.facts.latent_dim)
    with torch.enable_grad():
        z.requires_grad_()
        images = generator(z, chosen)
        for _ in range(_PROBES):
            weights = torch.randn(images.shape, generator=random).to(images)
            (slope,) = torch.autograd.grad((images * weights).sum(), z, retain_graph=True)
            total += slope.detach().float().cpu().square().sum(0)
    return total.double().numpy()
