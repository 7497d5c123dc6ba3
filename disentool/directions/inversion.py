"""Codes whose images are like given ones: G(z) ~ image, without an encoder.

Plumerault et al. (2020), appendix: the losses compared. A squared error prefers blurred images where a generator
cannot reproduce the phase of textures; the error of blurred images does not.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from disentool.directions import reconstruction
from disentool.directions.generator import Generator
from disentool.directions.trajectories import to_ball
from disentool.nn.adam import Adam

_NUMBERS_AT_ONCE = 1 << 21  # of the images that are optimised together


@dataclass(frozen=True)
class InversionLoss:
    """The loss to minimise: a ``kind`` of :mod:`disentool.directions.reconstruction`, ``sigma`` of a blur in pixels."""

    kind: str
    sigma: float = 0.0

    @property
    def label(self) -> str:
        """``blur 1.5``"""
        return f"{self.kind} {self.sigma:g}" if self.kind == "blur" else self.kind

    def __call__(self, images: Tensor, targets: Tensor) -> Tensor:
        """Each image's distance from its target [B], per pixel value."""
        whole = images.new_ones(1, 1, *images.shape[2:]).expand(len(images), -1, -1, -1)
        return reconstruction.loss(self.kind, images, targets, whole, self.sigma)


@dataclass(frozen=True)
class Descent:
    """Adam with a learning rate that falls to zero as a cosine, back into the ball |z| <= sqrt(d) after each step."""

    steps: int = 200
    learning_rate: float = 0.1


@dataclass(frozen=True)
class Inverted:
    """For each image the best code of all starts, ``z`` [N,d], whose start it was, and every start's loss [N,S]."""

    z: Tensor
    start: Tensor
    losses: Tensor


def find_codes(
    generator: Generator,
    loss: InversionLoss,
    descent: Descent,
    images: Tensor,
    starts: Tensor,
    classes: Tensor | None,
    progress: Callable[[int], None],
) -> Inverted:
    """From all ``starts`` [S,d] (of ``classes`` [S], where there are any) to each of ``images`` [N,C,H,W].

    A start's best step counts, not its last. ``progress`` gets the number of (start, image) pairs that moved a step.
    """
    count = len(starts)
    owner = torch.arange(len(images), device=images.device).repeat_interleave(count)
    start = torch.arange(count, device=images.device).repeat(len(images))
    some = max(1, _NUMBERS_AT_ONCE // images[0].numel())
    found, losses = [], []
    for first in range(0, len(owner), some):
        part = slice(first, first + some)
        its = None if classes is None else classes[start[part]]
        z, value = _descend(generator, loss, descent, images[owner[part]], starts[start[part]], its, progress)
        found.append(z)
        losses.append(value)
    z, table = torch.cat(found).unflatten(0, (-1, count)), torch.cat(losses).unflatten(0, (-1, count))
    best = table.argmin(1)
    return Inverted(z[torch.arange(len(images)), best], best, table)


def _descend(
    generator: Generator,
    loss: InversionLoss,
    descent: Descent,
    targets: Tensor,
    z: Tensor,
    classes: Tensor | None,
    progress: Callable[[int], None],
) -> tuple[Tensor, Tensor]:
    """The best code [B,d] on the way from each start, and its loss [B]. Losses are summed: codes do not touch."""
    z = to_ball(z).clone().requires_grad_()
    optimiser = Adam([z], lr=descent.learning_rate)
    best, lowest = z.detach().clone(), z.new_full((len(z),), math.inf)
    for step in range(descent.steps + 1):
        values = loss(generator(z, classes), targets)
        with torch.no_grad():
            better = values < lowest
            best[better], lowest[better] = z[better], values[better]
        if step == descent.steps:
            break
        (z.grad,) = torch.autograd.grad(values.sum(), z)
        optimiser.param_groups[0]["lr"] = descent.learning_rate * (1 + math.cos(math.pi * step / descent.steps)) / 2
        optimiser.step()
        with torch.no_grad():
            z.copy_(to_ball(z))
        progress(len(z))
    return best, lowest


def detail(images: Tensor, of: Tensor) -> Tensor:
    """How sharp images [B,C,H,W] are beside others, [B]: the ratio of the energies of neighbours' differences.

    1: as sharp; below: blurred. An image without edges has none to lose: 1.
    """

    def energy(x: Tensor) -> Tensor:
        return x.diff(dim=2).square().flatten(1).sum(1) + x.diff(dim=3).square().flatten(1).sum(1)

    there = energy(of)
    return torch.where(there > 0, energy(images) / there.clamp_min(1e-12), torch.ones_like(there))
