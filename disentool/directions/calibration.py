"""Measured moves of images: the t between two images, and the t of moves along a direction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from disentool.directions import measurements
from disentool.directions.generator import Generator
from disentool.directions.trajectories import Objective, Starts, generate
from disentool.directions.transforms import TRANSFORMS

_REACH = 8  # of the step of a central difference: how far one iteration may go
_GONE = 0.1  # of an image's change with t: with less of it than at t = 0 its content has left, and any t is like any
TRUSTED = 0.5  # a move counts while less of the image's change than this is unlike the transformation
_SIDE, _BLUR = 16, 1 / 3  # of a coarse view: pixels of the shorter side, and the blur as a share of it


def measure(
    objective: Objective, originals: Tensor, images: Tensor, guess: Tensor, step: float, iterations: int = 4
) -> tuple[Tensor, Tensor]:
    """The t [B] near ``guess`` [B] at which T_t of the originals is most like the images, and what is left, [B].

    Gauss-Newton on the loss of :class:`Objective`, a sum of squares; a step that made it worse is halved. ``step``: of
    the central differences, about a pixel. What is left: the loss as a share of that between the image and the
    original; 1 where the original's content has left the image by that t, so that nothing says how far.
    """
    return _measured(objective, originals, images, guess, step, iterations, any_light=False)


def _measured(
    objective: Objective,
    originals: Tensor,
    images: Tensor,
    guess: Tensor,
    step: float,
    iterations: int = 4,
    *,
    any_light: bool,
) -> tuple[Tensor, Tensor]:
    """:func:`measure`; ``any_light``: T_t of the originals times whatever factor makes it most like the images.

    The loss is then a share of the image's own, or to look where there is nothing would be the best.
    """
    best, lowest = guess, torch.full_like(guess, torch.inf)
    trial, change = guess, torch.zeros_like(guess)
    for iteration in range(iterations + 1):
        target, mask, light = _target(objective, originals, images, trial, any_light)
        losses = objective.distance(images, target, mask)
        if any_light:
            losses = losses / objective.distance(images, torch.zeros_like(images), mask).clamp_min(1e-20)
        better = losses < lowest
        lowest = torch.where(better, losses, lowest)
        best = torch.where(better, trial, best)
        if iteration < iterations:
            velocity, known = objective.speed(originals, trial, step)
            along = objective.residual(velocity, known * mask) * light[:, None]
            rest = objective.residual(images - target, known * mask)
            if any_light:  # what a change of the factor does is no move
                faded = objective.residual(target, known * mask)
                share = (along * faded).sum(1) / faded.square().sum(1).clamp_min(1e-20)
                along = along - share[:, None] * faded
            newton = (along * rest).sum(1) / along.square().sum(1).clamp_min(1e-20)
            change = torch.where(better, newton.clamp(-_REACH * step, _REACH * step), change / 2)
            trial = best + change
    target, mask, _ = _target(objective, originals, images, best, any_light)
    left = objective.distance(images, target, mask) / objective.distance(images, originals, mask).clamp_min(1e-20)
    there, still = (_change(objective, originals, t, step) for t in (best, torch.zeros_like(best)))
    return best, torch.where(there < _GONE * still, left.clamp_min(1), left)


def _target(
    objective: Objective, originals: Tensor, images: Tensor, t: Tensor, any_light: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """T_t of the originals times ``light`` [B], its mask, and light: 1, or the factor of least squares."""
    target, mask = objective.target(originals, t)
    if not any_light:
        return target, mask, torch.ones_like(t)
    asked, there = (objective.residual(each, mask) for each in (target, images))
    light = ((asked * there).sum(1) / asked.square().sum(1).clamp_min(1e-20)).clamp_min(0)
    return target * light[:, None, None, None], mask, light


def _change(objective: Objective, originals: Tensor, t: Tensor, step: float) -> Tensor:
    """The squared length of dT_t/dt, as the loss sees it, [B]."""
    velocity, known = objective.speed(originals, t, step)
    return objective.residual(velocity, known).square().sum(1)


@dataclass(frozen=True)
class Moves:
    """Moves of starts along a direction. ``s`` [S,M+1]: <z,u>, the start's own first; ``t`` [S,M+1]: measured, 0 first.

    ``left`` [S,M+1]: the share of the image's change that is none by any t; as far as a move is followed from the
    start, it is the largest one on the way. ``fine``: the same moves as the images themselves show them, where ``t``
    and ``left`` are of a coarse view of those that they do not show; None where there is none.
    """

    s: Tensor
    t: Tensor
    left: Tensor
    fine: "Moves | None" = None

    @property
    def seen(self) -> "Moves":
        """As measured in the images themselves."""
        return self if self.fine is None else self.fine


@dataclass(frozen=True)
class _View:
    """One way to look at moves: with an objective, at images shrunk ``by`` so many pixels, from their originals.

    A decoder that cannot move an object smoothly lets it fade at one place and appear at another. Neither is like a
    shift, and the starts where this happens are the fastest: without them g would be too flat. In an image that is
    blurred as wide as the object goes, the two places are one that moves.
    """

    objective: Objective
    originals: Tensor
    by: int
    any_light: bool

    def measure(self, images: Tensor, guess: Tensor, step: float) -> tuple[Tensor, Tensor]:
        """:func:`measure` in this view, of images [B,C,H,W]."""
        there = avg_pool2d(images, self.by) if self.by > 1 else images
        return _measured(self.objective, self.originals, there, guess, step, any_light=self.any_light)


def _views(objective: Objective, originals: Tensor) -> list[_View]:
    """The images themselves and, first, a coarse view of them where the transformation has one.

    There is none of images without a bright object on a dark ground: where something fills the image, a change of its
    shape or its light would pass for a move.
    """
    fine = _View(objective, originals, 1, any_light=False)
    transform = TRANSFORMS[objective.transform]
    if not transform.coarse or not measurements.show_bright_objects(originals.permute(0, 2, 3, 1).cpu().numpy()):
        return [fine]
    height, width = originals.shape[2:]
    most = max(1, min(height, width) // _SIDE)
    by = max(by for by in range(1, most + 1) if height % by == width % by == 0)
    blurred = Objective(objective.transform, "blur", _BLUR * min(height, width) / by)
    return [_View(blurred, avg_pool2d(originals, by), by, transform.any_light), fine]


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
    classes = None if starts.classes is None else starts.classes.repeat(2)
    z, s = starts.z.repeat(2, 1), (starts.z @ u).repeat(2)
    views = _views(objective, starts.images.repeat(2, 1, 1, 1))
    places, paths = [s], [[(torch.zeros_like(s), torch.zeros_like(s))] for _ in views]
    for move in range(1, moves + 1):
        way = sign * (reach * move / moves)
        images = generate(generator, z + way[:, None] * u, classes)
        places.append(s + way)
        for view, path in zip(views, paths, strict=True):
            before, (now, worst) = path[max(0, move - 2)][0], path[-1]
            # In a coarse view the last t is near enough, and going on as before may lead out of the image.
            now, left = view.measure(images, 2 * now - before if view is views[-1] else now, step)
            path.append((now, torch.maximum(worst, left)))
        progress()
    found: Moves | None = None
    for path in reversed(paths):
        measured, shares = (_in_order([each[part] for each in path]) for part in (0, 1))
        seen = Moves(_in_order(places), measured, shares, fine=found)
        if found is not None:  # what the images themselves show is nearer the truth, where they show it
            shown = found.left < TRUSTED
            t, left = torch.where(shown, found.t, seen.t), torch.where(shown, found.left, seen.left)
            seen = Moves(seen.s, t, left, fine=found)
        found = seen
    assert found is not None  # there is one view at least
    return found


def _in_order(parts: Sequence[Tensor]) -> Tensor:
    """Values [2S] of each move, the negative sign first -> [S,M+1]: the start's own, then those of either side."""
    down, up = torch.stack(tuple(parts), 1).unflatten(0, (2, -1))
    return torch.cat([up[:, :1], down[:, 1:], up[:, 1:]], 1)
