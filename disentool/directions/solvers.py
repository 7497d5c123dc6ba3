"""Three ways to find the change of z that makes the change of the image: Adam, Levenberg-Marquardt, the tangent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from disentool.directions.generator import Generator
from disentool.directions.trajectories import NOTHING, Objective, Starts, generate, to_ball
from disentool.nn.adam import Adam

_FLOATS_AT_ONCE = 1 << 26  # of a Jacobian's columns


@dataclass(frozen=True)
class AdamSolver:
    """The paper's: gradient steps, a fresh optimiser for every target, back into the ball after each step."""

    iterations: int = 50
    learning_rate: float = 0.01

    def __call__(
        self,
        generator: Generator,
        objective: Objective,
        z: Tensor,
        classes: Tensor | None,
        target: Tensor,
        mask: Tensor,
        progress: Callable[[Tensor], None],
    ) -> Tensor:
        """See :class:`disentool.directions.trajectories.Solver`. Losses are summed: images do not touch each other."""
        z = z.clone().requires_grad_()
        optimiser = Adam([z], lr=self.learning_rate)
        for _ in range(self.iterations):
            losses = objective.distance(generator(z, classes), target, mask)
            (z.grad,) = torch.autograd.grad(losses.sum(), z)
            optimiser.step()
            with torch.no_grad():
                z.copy_(to_ball(z))
            progress(losses.detach())
        return z.detach()


@dataclass(frozen=True)
class LevenbergMarquardt:
    """Damped Gauss-Newton steps; a step that makes an image worse is not taken, and its damping grows.

    ``damping``: at least, as a share of the mean curvature. With less, codes wander off along dimensions that hardly
    change the image.
    """

    iterations: int = 4
    damping: float = 0.1

    def __call__(
        self,
        generator: Generator,
        objective: Objective,
        z: Tensor,
        classes: Tensor | None,
        target: Tensor,
        mask: Tensor,
        progress: Callable[[Tensor], None],
    ) -> Tensor:
        """See :class:`disentool.directions.trajectories.Solver`; the loss must be a sum of squares."""
        damping = z.new_full((len(z),), self.damping)
        losses = objective.distance(generate(generator, z, classes), target, mask)
        for _ in range(self.iterations):
            step = torch.empty_like(z)
            for part, images, columns in linearise(generator, z, classes):
                step[part] = solve(objective, columns, target[part] - images, mask[part], damping[part])
            proposed = to_ball(z + step)
            found = objective.distance(generate(generator, proposed, classes), target, mask)
            better = found < losses
            z = torch.where(better[:, None], proposed, z)
            losses = torch.where(better, found, losses)
            damping = torch.where(better, damping / 4, damping * 4).clamp_min(self.damping)
            progress(losses)
        return z


def linearise(generator: Generator, z: Tensor, classes: Tensor | None) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """For a few codes [b,d] at a time: which of them, their images [b,C,H,W], and dG/dz, [b,d,C,H,W].

    Reverse mode twice: the gradient of v.G(z) for z is linear in v, and its own gradient for v is a column. Other
    people's code often lacks a forward mode, or has one that is silently zero.
    """
    facts = generator.facts
    some = max(1, _FLOATS_AT_ONCE // (facts.latent_dim * facts.channels * facts.height * facts.width))
    for first in range(0, len(z), some):
        part = slice(first, first + some)
        codes = z[part].detach().requires_grad_()
        images = generator(codes, None if classes is None else classes[part])
        weights = torch.zeros_like(images, requires_grad=True)
        (gradient,) = torch.autograd.grad(images, codes, weights, create_graph=True)
        columns = [torch.autograd.grad(gradient[:, k].sum(), weights, retain_graph=True)[0] for k in range(z.shape[1])]
        yield part, images.detach(), torch.stack(columns, 1)


def project(objective: Objective, columns: Tensor, mask: Tensor) -> Tensor:
    """A Jacobian's columns [b,d,C,H,W] as the loss sees them: [b,d,P]."""
    flat = objective.residual(columns.flatten(0, 1), mask.repeat_interleave(columns.shape[1], 0))
    return flat.unflatten(0, columns.shape[:2])


def solve(objective: Objective, columns: Tensor, wanted: Tensor, mask: Tensor, damping: Tensor) -> Tensor:
    """The change of z that makes the change ``wanted`` [b,C,H,W] of the image: (J'J + lambda I)^-1 J' wanted, [b,d].

    ``damping`` [b]: lambda as a share of the mean of J'J's diagonal.
    """
    seen = project(objective, columns, mask)
    return _ridge(seen, objective.residual(wanted, mask), damping)


def _ridge(seen: Tensor, wanted: Tensor, damping: Tensor) -> Tensor:
    gram = (seen @ seen.transpose(1, 2)).cpu().double()  # small; not every device has doubles
    diagonal = gram.diagonal(dim1=1, dim2=2)
    ridge = damping.cpu().double() * diagonal.mean(1).clamp_min(1e-30)
    gram.diagonal(dim1=1, dim2=2).add_(ridge[:, None])
    right = torch.einsum("bdp,bp->bd", seen, wanted).cpu().double()
    return torch.linalg.solve(gram, right).to(seen)


@dataclass(frozen=True)
class Tangent:
    """dz/dt [S,d] at t = 0 for each start, and the share of the image's change that it does not explain, [S]."""

    speed: Tensor
    errors: Tensor


def tangents(
    generator: Generator,
    objectives: list[Objective],
    steps: list[float],
    starts: Starts,
    damping: float,
    progress: Callable,
) -> list[Tangent]:
    """For each objective, from one Jacobian: delta = (J'J + lambda I)^-1 J' dT_t x0/dt, by differences of +-step."""
    speeds = [torch.empty_like(starts.z) for _ in objectives]
    errors = [starts.z.new_empty(len(starts.z)) for _ in objectives]
    for part, images, columns in linearise(generator, starts.z, starts.classes):
        for objective, step, speed, error in zip(objectives, steps, speeds, errors, strict=True):
            wanted, mask = objective.speed(images, images.new_zeros(len(images)), step)
            seen, wanted = project(objective, columns, mask), objective.residual(wanted, mask)
            speed[part] = _ridge(seen, wanted, images.new_full((len(images),), damping))
            rest = wanted - torch.einsum("bdp,bd->bp", seen, speed[part])
            asked = wanted.square().sum(1)
            share = rest.square().sum(1) / asked.clamp_min(1e-20)
            error[part] = torch.where(asked * step**2 > NOTHING, share, 1.0)  # 1 where it changes nothing
        progress(len(images))
    return [Tangent(speed, error) for speed, error in zip(speeds, errors, strict=True)]
