"""From a generator's starts to u and g: what the three methods have in common."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from disentool.directions import calibration, fitting, solvers, trajectories
from disentool.directions.calibration import Moves
from disentool.directions.fitting import DirectionFit
from disentool.directions.generator import Generator
from disentool.directions.trajectories import Objective, Starts
from disentool.directions.transforms import TRANSFORMS

Progress = Callable[[int, float | None], None]  # images done, and the current relative error where it is known
REACH, MOVES = 2.0, 8  # how far g is measured to each side of a start, in standard deviations of <z,u>, and in how many
FOLLOWED = 0.9  # a transformation is followed if the relative error falls below this
# A direction is of use if so many of the moves along it are like the transformation, and if the lower ends reach so far
# of how much of all moves g explains, of R2, and of the cosine of the resamples' u with u. R2 is of nearly all moves
# where a coarse view shows them, else of those that the images themselves show.
LIKE, EVERYWHERE, R2, R2_COARSE, COSINE = 0.1, 0.25, 0.3, 0.15, 0.5


@dataclass(frozen=True)
class Search:
    """How directions are looked for.

    ``extent``: t goes from -extent to extent in ``steps`` steps to each side. ``iterations``: of the solver for each of
    them. ``rate``: the learning rate of Adam, else the damping. ``dropped``: share of the starts, the worst.
    ``resamples``: bootstrap draws of the starts.
    """

    method: str
    extent: float
    steps: int
    iterations: int
    rate: float
    dropped: float = 0.1
    resamples: int = 100
    seed: int = 0

    def images(self, starts: int) -> int:
        """How many images the solver makes for one transform: the total of the progress."""
        return starts * (1 if self.method == "tangent" else 2 * self.steps * self.iterations)


@dataclass(frozen=True)
class Followed:
    """What one transform's search found of every start.

    ``t`` [T]: the t aimed at; ``errors`` float64 [S,T]: the loss there as a share of the unchanged image's; ``speeds``
    float64 [S,d]: dz/dt. ``z`` [S,T,d]: the codes, unless there was nothing to follow (tangent: T is 1, t = 0).
    """

    t: np.ndarray
    errors: np.ndarray
    speeds: np.ndarray
    z: Tensor | None = None

    def best(self, rows: np.ndarray) -> tuple[float, float]:
        """The lowest of the targets' median relative errors over these starts, and the |t| where it is."""
        medians = np.median(self.errors[rows], axis=0)
        return float(medians.min()), float(abs(self.t[medians.argmin()]))


@dataclass(frozen=True)
class FittedDirection:
    """u and g of some starts. ``kept`` bool [S]: those used; ``r2`` [R+1]: the share of t's variance that g explains.

    ``everywhere`` [R+1]: how much of all moves g explains, see :func:`fitting.explained_of_all_moves`. ``moves``: along
    u, as measured: what g was fitted to, except by the paper's method. ``followed``: whether the starts followed.
    """

    fit: DirectionFit
    kept: np.ndarray
    r2: np.ndarray
    everywhere: np.ndarray
    moves: Moves
    followed: bool

    @property
    def cosines(self) -> np.ndarray:
        """The cosine of each resample's u with u, [R]."""
        return self.fit.u[1:] @ self.fit.u[0]

    @property
    def ends(self) -> np.ndarray:
        """The least and the greatest t of the range, of all starts and of each resample: [R+1,2]."""
        return np.array([np.interp(self.fit.s_valid, self.fit.knots, values) for values in self.fit.values])

    @property
    def like(self) -> float:
        """The share of the moves that are like the transformation."""
        return float((self.moves.seen.left < fitting.TRUSTED)[:, 1:].float().mean())


def follow(
    generator: Generator, objectives: Sequence[Objective], search: Search, starts: Starts, progress: Progress
) -> list[Followed]:
    """Follow each transform from every start. All tangents come from one Jacobian."""
    if search.method == "tangent":
        steps = [step(objective) for objective in objectives]

        def linearised(count: int) -> None:
            progress(count * len(objectives), None)

        found = solvers.tangents(generator, list(objectives), steps, starts, search.rate, linearised)
        return [
            Followed(np.zeros(1), tangent.errors.cpu().double().numpy()[:, None], tangent.speed.cpu().double().numpy())
            for tangent in found
        ]
    followed = []
    kind = solvers.AdamSolver if search.method == "paper" else solvers.LevenbergMarquardt
    for objective in objectives:
        solver = kind(search.iterations, search.rate)
        paths = trajectories.follow(generator, objective, starts, search.extent, search.steps, solver, progress)
        speeds = fitting.speeds(starts.z, paths.z, paths.t)
        errors = paths.errors.cpu().double().numpy()
        followed.append(Followed(paths.t.cpu().double().numpy(), errors, speeds, paths.z))
    return followed


def step(objective: Objective) -> float:
    """The step in t of central differences: for a shift, one pixel of an image 64 pixels wide."""
    return TRANSFORMS[objective.transform].extent / 32


def fit(
    generator: Generator,
    objective: Objective,
    search: Search,
    starts: Starts,
    followed: Followed,
    rows: np.ndarray,
    progress: Progress,
) -> FittedDirection:
    """u and g of the starts ``rows``, int64 [n], less the worst: those farthest from their last targets."""
    final = followed.errors[rows][:, [0, -1]].mean(1)
    count = max(1, len(rows) - int(search.dropped * len(rows)))
    used = rows[np.sort(np.argsort(final, kind="stable")[:count])]
    kept = np.zeros(len(followed.errors), bool)
    kept[used] = True
    chosen = fitting.resample(len(used), search.resamples, search.seed)
    some = torch.as_tensor(used, device=starts.z.device)
    there = followed.best(used)[0] < FOLLOWED
    if search.method == "paper":
        t = torch.as_tensor(followed.t, dtype=torch.float32, device=starts.z.device)
        assert followed.z is not None  # what this method follows has codes
        z0, z = starts.z[some], followed.z[some]
        found = fitting.jointly(z0, z, t, chosen, search.seed)
        ends = z0.cpu().double().numpy(), z.cpu().double().numpy()
        r2 = fitting.explained_of_trajectories(found, *ends, followed.t, chosen)
    u = found.u if search.method == "paper" else fitting.by_sum(followed.speeds[used], chosen)
    classes = None if starts.classes is None else starts.classes[some]
    subset = Starts(starts.z[some], classes, starts.images[some])
    way = torch.as_tensor(u[0], dtype=torch.float32, device=starts.z.device)
    moves = calibration.along(
        generator, objective, subset, way, REACH, MOVES, step(objective), lambda: progress(2 * len(used), None)
    )
    if search.method != "paper":
        found = fitting.by_moves(u, moves, chosen)
        r2 = fitting.explained_of_moves(found, moves, chosen)
    everywhere = fitting.explained_of_all_moves(found, moves, chosen)
    return FittedDirection(found, kept, r2, everywhere, moves, there)
