"""Codes whose images follow a transformation of a start image: Plumerault et al. (2020), algorithm 1."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from disentool.directions import reconstruction, transforms
from disentool.directions.generator import Generator
from disentool.errors import ForeignFile

BATCH = 128  # images that are generated at once
NOTHING = 1e-12  # a squared difference per pixel value that is rounding


@dataclass(frozen=True)
class Starts:
    """Where trajectories begin: ``z`` float32 [S,d], ``classes`` int64 [S] or None, ``images`` G(z) [S,C,H,W]."""

    z: Tensor
    classes: Tensor | None
    images: Tensor


@dataclass(frozen=True)
class Objective:
    """What an image shall become: a transform by its name, and the loss of the difference, ``sigma`` in pixels."""

    transform: str
    loss: str
    sigma: float

    def target(self, images: Tensor, t: Tensor | float) -> tuple[Tensor, Tensor]:
        """T_t of images [B,C,H,W], and its mask."""
        return transforms.apply(self.transform, images, t)

    def distance(self, images: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """The loss of each image, [B]."""
        return reconstruction.loss(self.loss, images, target, mask, self.sigma)

    def residual(self, difference: Tensor, mask: Tensor) -> Tensor:
        """What the loss is the squared length of, [B,P]."""
        return reconstruction.residual(self.loss, difference, mask, self.sigma).flatten(1)

    def speed(self, images: Tensor, t: Tensor, step: float) -> tuple[Tensor, Tensor]:
        """dT_t/dt of images [B,C,H,W] at t [B], a central difference of +-``step``, and its mask."""
        ahead, one = self.target(images, t + step)
        behind, two = self.target(images, t - step)
        return (ahead - behind) / (2 * step), one * two


@dataclass(frozen=True)
class Trajectories:
    """``z`` [S,T,d]: the codes found from each start for each of ``t`` [T], ascending.

    ``errors`` [S,T]: the loss as a share of what it is for the unchanged image: 0 is perfect, 1 is as good as nothing.
    """

    t: Tensor
    z: Tensor
    errors: Tensor


class Solver(Protocol):
    """Codes [B,d] -> codes nearer to what makes the targets [B,C,H,W], where the mask says that they are defined.

    ``progress`` gets the loss of each image, [B], after each of the solver's iterations.
    """

    @property
    def iterations(self) -> int:
        """How many steps it takes for one target."""
        ...

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
        """z [B,d], target [B,C,H,W], mask [B,1,H,W] or [B,C,H,W] -> z [B,d] in the ball."""
        ...


def to_ball(z: Tensor) -> Tensor:
    """Codes [B,d] shrunk to length sqrt(d) where they are longer: where the prior has nearly all its mass."""
    longest = z.shape[1] ** 0.5
    return z * (longest / z.norm(dim=1, keepdim=True).clamp_min(longest))


def generate(generator: Generator, z: Tensor, classes: Tensor | None = None) -> Tensor:
    """Images [B,C,H,W] of codes [B,d], a batch at a time, without gradients; ForeignFile if they are not finite."""
    with torch.no_grad():
        parts = range(0, len(z), BATCH)
        images = torch.cat(
            [generator(z[i : i + BATCH], None if classes is None else classes[i : i + BATCH]) for i in parts]
        )
    if not bool(images.isfinite().all()):
        bad = int((~images.isfinite().flatten(1).all(1)).sum())
        raise ForeignFile(f"the generator makes NaN or infinite pixels of {bad:,} of {len(z):,} codes of the prior")
    return images


def begin(generator: Generator, z: Tensor, classes: Tensor | None) -> Starts:
    """Starts at codes [S,d], brought into the ball."""
    z = to_ball(z.to(generator.device))
    classes = None if classes is None else classes.to(generator.device)
    return Starts(z, classes, generate(generator, z, classes))


def targets(extent: float, steps: int, device: torch.device) -> Tensor:
    """-extent .. extent without 0, ``steps`` to each side, ascending: [2*steps]."""
    side = torch.arange(1, steps + 1, device=device) * (extent / steps)
    return torch.cat([-side.flip(0), side])


def follow(
    generator: Generator,
    objective: Objective,
    starts: Starts,
    extent: float,
    steps: int,
    solver: Solver,
    progress: Callable[[int, float], None],
) -> Trajectories:
    """Each start towards both signs of t at once, target by target; each target is T_t of the start's own image.

    As many starts as fit in a batch go together; as losses are summed and not averaged, that changes nothing.
    ``progress`` gets the number of images and their median relative error after each of the solver's iterations.
    """
    parts = []
    for first in range(0, len(starts.z), BATCH // 2):
        some = slice(first, first + BATCH // 2)
        classes = None if starts.classes is None else starts.classes[some]
        part = Starts(starts.z[some], classes, starts.images[some])
        parts.append(_follow(generator, objective, part, extent, steps, solver, progress))
    z, errors = (torch.cat(values) for values in zip(*parts, strict=True))
    return Trajectories(targets(extent, steps, generator.device), z, errors)


def _follow(
    generator: Generator,
    objective: Objective,
    starts: Starts,
    extent: float,
    steps: int,
    solver: Solver,
    progress: Callable,
) -> tuple[Tensor, Tensor]:
    """Codes [S,2*steps,d] and relative errors [S,2*steps] of one batch."""
    sign = torch.tensor([-1.0, 1.0], device=generator.device).repeat_interleave(len(starts.z))
    twice = starts.images.repeat(2, 1, 1, 1)
    classes = None if starts.classes is None else starts.classes.repeat(2)
    z = starts.z.repeat(2, 1)
    found, errors = [], []
    for step in range(1, steps + 1):
        target, mask = objective.target(twice, sign * (extent * step / steps))
        unchanged = objective.distance(twice, target, mask)

        def progressed(loss: Tensor, unchanged: Tensor = unchanged) -> None:
            progress(len(loss), float(_share(loss, unchanged).median()))

        z = solver(generator, objective, z, classes, target, mask, progressed)
        errors.append(_share(objective.distance(generate(generator, z, classes), target, mask), unchanged))
        found.append(z)
    return _by_target(found), _by_target(errors)


def _share(loss: Tensor, unchanged: Tensor) -> Tensor:
    """The loss as a share of the unchanged image's; 1 where the transformation changes nothing."""
    return torch.where(unchanged > NOTHING, loss / unchanged.clamp_min(NOTHING), 1.0)


def _by_target(parts: list[Tensor]) -> Tensor:
    """A tensor per step, [2S,...] with the negative sign first -> [S,2*steps,...], ascending in t."""
    both = torch.stack(parts, 1).unflatten(0, (2, -1))  # [2,S,steps,...]
    return torch.cat([both[0].flip(1), both[1]], 1)
