"""How far images move along a direction, also where an object fades at one place and appears at another."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from disentool.directions import calibration, fitting, search
from disentool.directions.calibration import Moves
from disentool.directions.fitting import DirectionFit
from disentool.directions.generator import GeneratorFacts
from disentool.directions.search import FittedDirection, Search
from disentool.directions.trajectories import Objective, Starts
from disentool.steering import refusals

SIDE, SLOPE = 32, 0.1


def blob(x, size=0.08):
    """Blobs at ``x`` [n] image widths from the middle: [n,1,SIDE,SIDE]."""
    grid = (torch.arange(SIDE) + 0.5) / SIDE - 0.5
    far = (grid[None, None] - x[:, None, None]) ** 2 + grid[:, None] ** 2
    return torch.exp(-0.5 * far / torch.as_tensor(size).reshape(-1, 1, 1) ** 2)[:, None]


class Fading:
    """A blob that moves ``SLOPE`` widths a unit of z[:, 0], and half of the codes' by fading to another place.

    Those with z[:, 1] > 0 have two blobs, 0.3 image widths apart. Their light goes from the left to the right one. So
    does its middle, twice as fast as the others' blob.
    """

    facts = GeneratorFacts(2, 1, SIDE, SIDE)
    device = torch.device("cpu")

    def __call__(self, z, classes=None):
        share = (0.5 + 2 * SLOPE / 0.3 * z[:, 0]).clamp(0, 1)[:, None, None, None]
        at = torch.full_like(z[:, 0], 0.15)
        return torch.where(
            z[:, 1, None, None, None] > 0, share * blob(at) + (1 - share) * blob(-at), blob(SLOPE * z[:, 0])
        )


def moves_of(generator, z, transform):
    starts = Starts(z, None, generator(z))
    way, objective = torch.tensor([1.0, 0.0]), Objective(transform, "blur", 0.75)
    return calibration.along(generator, objective, starts, way, 1.0, 8, search.step(objective), lambda: None)


def codes(first, second, count=20):
    """Codes [count,2]: the first from -``first`` to ``first``, the second -1 and 1 by turns, or ``second``."""
    turns = torch.tensor([-1.0, 1.0]).repeat(count // 2) if second is None else torch.full((count,), second)
    return torch.stack([torch.linspace(-first, first, count), turns], 1)


def slope_of(moves, which=slice(None)):
    """The slope of t over s - s0, of the moves by half a unit at most."""
    way = (moves.s - moves.s[:, :1])[which]
    near = way.abs() <= 0.5
    return float(moves.t[which][near] @ way[near] / way[near].square().sum())


def test_what_fades_from_one_place_to_another_moves():
    """In the images themselves nothing shifts; their middle goes 0.2 widths a unit, and so does the coarse view's."""
    moves = moves_of(Fading(), codes(0.2, second=1.0), "shift-x")
    assert slope_of(moves) == pytest.approx(2 * SLOPE, rel=0.2)
    near = (moves.s - moves.s[:, :1]).abs() <= 0.5
    assert (moves.left[near] < fitting.TRUSTED).all()
    assert slope_of(moves.seen) == pytest.approx(0, abs=0.01) and (moves.seen.left[:, 1:] > fitting.TRUSTED).all()


def test_what_moves_smoothly_moves_as_far_in_both_views():
    moves = moves_of(Fading(), codes(0.2, second=-1.0), "shift-x")
    assert slope_of(moves) == pytest.approx(SLOPE, rel=0.01)
    assert slope_of(moves.seen) == pytest.approx(SLOPE, rel=0.01)
    assert (moves.left < 0.03).all() and (moves.seen.left < 0.03).all()


def test_g_is_of_all_starts_also_of_those_that_fade():
    """Half of them go 0.1 a unit, half 0.2: fitted to those that shift alone, g would be 0.1."""
    moves = moves_of(Fading(), codes(0.2, second=None), "shift-x")
    chosen, u = np.arange(20)[None], np.array([[1.0, 0.0]])
    for measured, expected in ((moves, 1.5 * SLOPE), (moves.seen, SLOPE)):
        fit = fitting.by_moves(u, measured, chosen)
        middle = np.abs(fit.knots) <= 0.4
        slope = np.polyfit(fit.knots[middle], fit.values[0][middle], 1)[0]
        assert slope == pytest.approx(expected, rel=0.2)


class Fainter(Fading):
    """A blob that moves, ever fainter."""

    def __call__(self, z, classes=None):
        return torch.exp(-z[:, 0])[:, None, None, None].clamp(max=2) / 2 * blob(SLOPE * z[:, 0])


def test_a_shift_is_told_whatever_the_light_does():
    moves = moves_of(Fainter(), codes(0.2, second=-1.0), "shift-x")
    assert slope_of(moves) == pytest.approx(SLOPE, rel=0.02)
    assert (moves.left < 0.05).all()


class Enlarged(Fading):
    """A blob in the middle, exp(0.2 z[:, 0]) times as large."""

    def __call__(self, z, classes=None):
        return blob(torch.zeros(len(z)), 0.1 * torch.exp(0.2 * z[:, 0]))


def test_a_zoom_is_told_by_the_light():
    """A larger blob is a brighter one in a blurred image."""
    moves = moves_of(Enlarged(), codes(0.2, second=-1.0), "zoom")
    assert slope_of(moves) == pytest.approx(0.2, rel=0.05)


@pytest.mark.parametrize("transform", ["rotate", "brightness"])
def test_what_a_blurred_image_does_not_tell_is_measured_in_the_images(transform):
    moves = moves_of(Fading(), codes(0.2, second=-1.0, count=4), transform)
    assert moves.fine is None and moves.seen is moves


@pytest.mark.parametrize(("height", "width"), [(32, 64), (48, 64), (31, 31), (8, 8)])
def test_any_size_has_a_coarse_view(height, width):
    originals = torch.zeros(1, 1, height, width)
    originals[0, 0, height // 2, width // 2] = 1
    moved = originals.roll(width // 8, 3)
    coarse, fine = calibration._views(Objective("shift-x", "blur", 0.5), originals)
    t, left = coarse.measure(moved, torch.zeros(1), 1 / 64)
    assert t.item() == pytest.approx(width // 8 / width, rel=0.02) and left.item() < 0.1
    assert min(coarse.originals.shape[2:]) <= max(31, height // 2) and fine.originals is originals


# ---- how much of all moves g explains


def found_along(gone, starts=20):
    """A direction of 200 resamples whose g rises 0.1 a unit; its moves went ``gone(s - s0 [S,M], start [S,1])``."""
    way = np.concatenate([np.zeros(1), np.linspace(-2, -0.25, 8), np.linspace(0.25, 2, 8)])
    s = np.tile(way, (starts, 1))
    t = np.concatenate([np.zeros((starts, 1)), gone(s[:, 1:], np.arange(starts)[:, None])], 1)
    moves = Moves(*(torch.from_numpy(part) for part in (s, t, np.full_like(s, 0.1))))
    chosen = fitting.resample(starts, 200, 0)
    knots = np.linspace(-2, 2, 9)
    fit = DirectionFit(np.tile([1.0, 0.0], (201, 1)), knots, np.tile(0.1 * knots, (201, 1)), (-2.0, 2.0))
    r2 = np.full(201, 0.97)
    return FittedDirection(
        fit, np.ones(starts, bool), r2, fitting.explained_of_all_moves(fit, moves, chosen), moves, followed=True
    )


def test_a_direction_that_turns_a_few_starts_is_refused_by_the_lower_end():
    """Of 20 starts 7 turn as g says and 13 anyhow: enough explained of these starts, which others need not do."""
    random = np.random.default_rng(0)
    noise = random.normal(0, 0.25, (20, 16))
    found = found_along(lambda way, start: np.where(start < 7, 0.1 * way, noise))
    plan = Search("tangent", 0.0, 0, 1, 0.1)
    assert found.everywhere.shape == (201,)
    low = np.quantile(found.everywhere[1:], 0.025)
    assert low < found.everywhere[0] < 0.6
    refusal = refusals.of_direction("rotate", plan, found)
    assert (refusal is not None) == (low < search.EVERYWHERE)
    assert refusal is not None and "together" in refusal.why
    assert refusals.of_direction("rotate", plan, found_along(lambda way, start: 0.1 * way)) is None


def test_an_image_that_was_lost_does_not_decide_all():
    """One start of 20 is measured as a hundred images away, at both sides; it counts as at the range's end."""
    found = found_along(lambda way, start: np.where(start == 3, 100.0, 0.1 * way))
    clipped = found_along(lambda way, start: np.where(start == 3, 0.4, 0.1 * way))
    assert found.everywhere == pytest.approx(clipped.everywhere) and found.everywhere[0] > 0.6


def test_all_moves_count_in_the_view_in_which_g_tells_more():
    found = found_along(lambda way, start: 0.1 * way)
    still = Moves(found.moves.s, torch.zeros_like(found.moves.t), found.moves.left)
    for moves in (replace(found.moves, fine=still), replace(still, fine=found.moves)):
        assert fitting.explained_of_all_moves(found.fit, moves, fitting.resample(20, 200, 0)) == pytest.approx(1)
