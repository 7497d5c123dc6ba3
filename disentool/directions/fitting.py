"""u and g from trajectories, and how certain they are: starts are resampled (bootstrap)."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from disentool.directions import monotone
from disentool.directions.calibration import TRUSTED, Moves
from disentool.nn.adam import Adam

PAPER_KNOTS = np.linspace(-5.0, 5.0, 101)
_LEARNING_RATE, _BATCH, _EPOCHS = 1e-3, 32, 100  # the paper's
_SLOPE = 0.2  # of g before it is fitted, in ranges of t
KNOTS = 41  # of a g that is fitted to moves
_EDGE = 0.01  # share of the records beyond either end of the range of s in which g is trusted


@dataclass(frozen=True)
class DirectionFit:
    """``u`` [R+1,d] of length 1 and ``values`` [R+1,m], g at ``knots`` [m]: of the starts, then of R resamples.

    ``s_valid``: the range of s in which there are enough records; empty where there are none.
    """

    u: np.ndarray
    knots: np.ndarray
    values: np.ndarray
    s_valid: tuple[float, float]


def resample(starts: int, resamples: int, seed: int) -> np.ndarray:
    """Which starts each fit uses, int [R+1,S]: each once, then drawn with replacement."""
    drawn = np.random.default_rng(seed).integers(0, starts, (resamples, starts))
    return np.concatenate([np.arange(starts)[None], drawn])


def by_sum(speeds: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """u proportional to the sum of each start's dz/dt, ``speeds`` float64 [S,d]: [R+1,d] for ``chosen`` [R+1,S].

    Of each start the way alone counts: a start whose image hardly changes with z asks for a very long dz. Where the
    ways cancel, as those of a generator that cannot follow may, it is the first start's.
    """
    length = np.linalg.norm(speeds, axis=1, keepdims=True)
    ways = np.where(length > 0, speeds / length.clip(1e-300), speeds.shape[1] ** -0.5)
    total = ways[chosen].sum(1)
    total = np.where(np.linalg.norm(total, axis=1, keepdims=True) > 1e-9, total, ways[chosen[:, 0]])
    return total / np.linalg.norm(total, axis=1, keepdims=True)


def speeds(z0: Tensor, z: Tensor, t: Tensor) -> np.ndarray:
    """dz/dt of each start, float64 [S,d]: the slope of z [S,T,d] over t [T] through the start z0 [S,d]."""
    z0, z, t = (part.cpu().double() for part in (z0, z, t))  # not every device has doubles
    return (torch.einsum("t,std->sd", t, z - z0[:, None]) / t.square().sum()).numpy()


def by_moves(u: np.ndarray, moves: Moves, chosen: np.ndarray) -> DirectionFit:
    """g by least squares over non-negative slopes of the moves along u[0]; ``u`` [R+1,d], ``chosen`` [R+1,S].

    Moves count as long as they are like the transformation; where none is, g is 0 everywhere.
    """
    s, t, left = (part.cpu().double().numpy() for part in (moves.s, moves.t, moves.left))
    used = left < TRUSTED
    moved = s[:, 1:][used[:, 1:]]  # the start itself is no record: it is like the transformation by definition
    low, high = np.quantile(moved, [_EDGE, 1 - _EDGE]) if moved.size else (0.0, 0.0)
    knots = np.linspace(min(low, -1e-3), max(high, 1e-3), KNOTS)
    origin = np.broadcast_to(s[:, :1], s.shape)
    values = []
    for rows in chosen:
        pick = used[rows]
        values.append(monotone.fit(origin[rows][pick], s[rows][pick], t[rows][pick], knots))
    return DirectionFit(u, knots, np.array(values), (float(min(low, 0)), float(max(high, 0))))


def jointly(z0: Tensor, z: Tensor, t: Tensor, chosen: np.ndarray, seed: int) -> DirectionFit:
    """The paper's: u and a monotone g together, so that g(<z,u>) - g(<z0,u>) = t, by Adam on the squared error.

    ``z0`` [S,d], ``z`` [S,T,d], ``t`` [T], ``chosen`` int [R+1,S]. g is piecewise linear on 101 knots from -5 to 5;
    slopes are kept from becoming negative, and u, which begins as :func:`by_sum` has it, at length 1. All resamples are
    fitted side by side.
    """
    draws = np.random.default_rng(seed)
    extent = float(t.abs().max())
    fits, starts = chosen.shape
    records = starts * len(t)
    device = z.device
    knots = torch.tensor(PAPER_KNOTS, dtype=torch.float32, device=device)
    start = torch.as_tensor(np.repeat(chosen, len(t), 1), device=device)  # [R+1,records]
    place = torch.arange(len(t), device=device).repeat(starts).expand(fits, -1)
    # Along straight trajectories the error does not say u, only its angle to them: it begins along their mean way.
    first = by_sum(speeds(z0, z, t), chosen)
    weights = torch.tensor(first, dtype=torch.float32, device=device, requires_grad=True)
    slopes = torch.full((fits, len(knots) - 1), _SLOPE, device=device, requires_grad=True)
    optimiser = Adam([weights, slopes], lr=_LEARNING_RATE)
    rows = torch.arange(fits, device=device)[:, None]
    for _ in range(_EPOCHS):
        order = torch.as_tensor(draws.permuted(np.tile(np.arange(records), (fits, 1)), axis=1), device=device)
        for some in order.split(_BATCH, 1):
            which, where = start[rows, some], place[rows, some]
            u = torch.nn.functional.normalize(weights, dim=1)[:, None]
            ends = ((z[which, where] * u).sum(2), (z0[which] * u).sum(2))
            share = [(s[..., None] - knots[:-1]).clamp(min=0).minimum(knots.diff()) for s in ends]
            predicted = ((share[0] - share[1]) * slopes[:, None]).sum(2)
            loss = (predicted - t[where] / extent).square().mean(1).sum()
            weights.grad, slopes.grad = torch.autograd.grad(loss, [weights, slopes])
            optimiser.step()
            with torch.no_grad():
                slopes.clamp_(min=0)
    units = torch.nn.functional.normalize(weights.detach(), dim=1).cpu().double().numpy()
    steps = slopes.detach().cpu().double().numpy() * np.diff(PAPER_KNOTS) * extent
    values = np.concatenate([np.zeros((fits, 1)), steps.cumsum(1)], 1)
    values = np.array([monotone.anchored(PAPER_KNOTS, g) for g in values])
    s = np.concatenate([z.cpu().double().numpy().reshape(-1, z.shape[2]), z0.cpu().double().numpy()]) @ units[0]
    low, high = np.quantile(s, [_EDGE, 1 - _EDGE])
    return DirectionFit(units, PAPER_KNOTS, values, (float(min(low, 0)), float(max(high, 0))))


def explained_of_moves(fit: DirectionFit, moves: Moves, chosen: np.ndarray) -> np.ndarray:
    """R^2 of g(s) - g(s0) = t over the moves that g was fitted to, each start's own left out: [R+1]."""
    s, t, left = (part.cpu().double().numpy() for part in (moves.s, moves.t, moves.left))
    used = (left < TRUSTED)[:, 1:]
    return np.array(
        [
            _explained(
                t[rows, 1:][used[rows]],
                (monotone.evaluate(fit.knots, g, s[rows, 1:]) - monotone.evaluate(fit.knots, g, s[rows, :1]))[
                    used[rows]
                ],
            )
            for rows, g in zip(chosen, fit.values, strict=True)
        ]
    )


def explained_of_all_moves(fit: DirectionFit, moves: Moves, chosen: np.ndarray) -> np.ndarray:
    """The squared correlation of how far all moves in the range go with what g says, 0 if it is negative: [R+1].

    Of all moves, not only of those that are like the transformation, which the others may be only by chance. A move
    that is measured as longer than the whole of g counts as that long: an image that was lost on the way may seem to
    have gone anywhere. Of the coarse view and the images themselves that one counts in which g tells more.
    """
    s = moves.s.cpu().double().numpy()
    views = [moves.t] if moves.fine is None else [moves.t, moves.fine.t]
    inside = ((s >= fit.s_valid[0]) & (s <= fit.s_valid[1]))[:, 1:]
    found = []
    for rows, g in zip(chosen, fit.values, strict=True):
        said, longest = monotone.evaluate(fit.knots, g, s[rows]), g[-1] - g[0]
        said = (said[:, 1:] - said[:, :1])[inside[rows]]
        gone = [t.cpu().double().numpy()[rows, 1:][inside[rows]].clip(-longest, longest) for t in views]
        found.append(max(_alike(said, each) for each in gone))
    return np.array(found)


def _alike(said: np.ndarray, gone: np.ndarray) -> float:
    """The squared correlation, 0 if it is negative or either does not vary."""
    if not said.size or not said.std() or not gone.std():
        return 0.0
    return max(0.0, float(np.corrcoef(said, gone)[0, 1])) ** 2


def rise(fit: DirectionFit, moves: Moves) -> float:
    """How far moves along u[0] go, as measured, of what g says: the slope of t over g(s) - g(s0); 0 without any."""
    s, t, left = (part.cpu().double().numpy() for part in (moves.s, moves.t, moves.left))
    used = (left < TRUSTED)[:, 1:]
    said = monotone.evaluate(fit.knots, fit.values[0], s)
    said = (said[:, 1:] - said[:, :1])[used]
    return float(said @ t[:, 1:][used] / max(said @ said, 1e-30))


def explained_of_trajectories(
    fit: DirectionFit, z0: np.ndarray, z: np.ndarray, t: np.ndarray, chosen: np.ndarray
) -> np.ndarray:
    """R^2 of g(<z,u>) - g(<z0,u>) = t over the targets ``t`` [T], z0 [S,d] and z [S,T,d]: [R+1]."""
    found = []
    for rows, u, g in zip(chosen, fit.u, fit.values, strict=True):
        predicted = (
            monotone.evaluate(fit.knots, g, z[rows] @ u) - monotone.evaluate(fit.knots, g, z0[rows] @ u)[:, None]
        )
        found.append(_explained(np.broadcast_to(t, predicted.shape).ravel(), predicted.ravel()))
    return np.array(found)


def _explained(t: np.ndarray, predicted: np.ndarray) -> float:
    """1 - residual / variance; 0 where there is no variance."""
    total = np.square(t - t.mean()).sum() if t.size else 0.0
    return float(1 - np.square(t - predicted).sum() / total) if total > 0 else 0.0
