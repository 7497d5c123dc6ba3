"""Measured moves of images: the t between two images, and the t of moves along a direction."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from disentool.directions.generator import Generator
from disentool.directions.trajectories import Objective, Starts, generate

_REACH = 8  # of the step of a central difference: how far one iteration may go
_GONE = 0.1  # of an image's change with t: with less of it than at t = 0 its content has left, and any t is like any


def measure(
    objective: Objective, originals: Tensor, images: Tensor, guess: Tensor, step: float, iterations: int = 4
) -> tuple[Tensor, Tensor]:
    """The t [B] near ``guess`` [B] at which T_t of the originals is most like the images, and what is left, [B].

    Gauss-Newton on the loss of :class:`Objective`, a sum of squares; a step that made it worse is halved. ``step``: of
    the central differences, about a pixel. What is left: the loss as a share of that between the image and the
    original; 1 where the original's content has left the image by that t, so that nothing says how far.
    """
    best, lowest = guess, torch.full_like(guess, torch.inf)
    seen: Tensor | None = None
    trial, change = guess, torch.zeros_like(guess)
    for iteration in range(iterations + 1):
        target, mask = objective.target(originals, trial)
        losses = objective.distance(images, target, mask)
        better = losses < lowest
        lowest = torch.where(better, losses, lowest)
        best = torch.where(better, trial, best)
        seen = mask if seen is None else torch.where(better[:, None, None, None], mask, seen)
        if iteration < iterations:
            velocity, known = objective.speed(originals, trial, step)
            along = objective.residual(velocity, known * mask)
            rest = objective.residual(images - target, known * mask)
            newton = (along * rest).sum(1) / along.square().sum(1).clamp_min(1e-20)
            change = torch.where(better, newton.clamp(-_REACH * step, _REACH * step), change / 2)
            trial = best + change
    assert seen is not None  # there was one round at least
    left = lowest / objective.distance(images, originals, seen).clamp_min(1e-20)
    there, still = (_change(objective, originals, t, step) for t in (best, torch.zeros_like(best)))
    return best, torch.where(there < _GONE * still, left.clamp_min(1), left)


def _change(objective: Objective, originals: Tensor, t: Tensor, step: float) -> Tensor:
    """The squared length of dT_t/dt, as the loss sees it, [B]."""
    velocity, known = objective.speed(originals, t, step)
    return objective.residual(velocity, known).square().sum(1)


@dataclass(frozen=True)
class Moves:
    """Moves of starts along a direction. ``s`` [S,M+1]: <z,u>, the start's own first; ``t`` [S,M+1]: measured, 0 first.

    ``left`` [S,M+1]: the share of the image's change that is none by any t; as far as a move is followed from the
    start, it is the largest one on the way.
    """

    s: Tensor
    t: Tensor
    left: Tensor


def along(
    generator: Generator,
    objective: Objective,
    starts: Starts,
    u: Tensor,
    reach: float,
    moves: int,
    step: float,
    progress: Callable[[], None],
) -> Moves:
    """Move each start to both sides of u [d], ``moves`` times by ``reach / moves`` standard deviations of <z,u>.

    Each t is sought from the one before it, as t may be found only near the truth. The ball is no bound here: codes
    are of the whole prior.
    """
    sign = torch.tensor([-1.0, 1.0], device=generator.device).repeat_interleave(len(starts.z))
    twice = starts.images.repeat(2, 1, 1, 1)
    classes = None if starts.classes is None else starts.classes.repeat(2)
    z, s = starts.z.repeat(2, 1), (starts.z @ u).repeat(2)
    before = now = torch.zeros_like(s)
    worst = torch.zeros_like(s)
    steps = [(s, now, worst)]
    for move in range(1, moves + 1):
        way = sign * (reach * move / moves)
        images = generate(generator, z + way[:, None] * u, classes)
        before, (now, left) = now, measure(objective, twice, images, 2 * now - before, step)
        worst = torch.maximum(worst, left)
        steps.append((s + way, now, worst))
        progress()
    parts = []
    for values in zip(*steps, strict=True):
        down, up = torch.stack(values, 1).unflatten(0, (2, -1))
        parts.append(torch.cat([up[:, :1], down[:, 1:], up[:, 1:]], 1))
    return Moves(*parts)
