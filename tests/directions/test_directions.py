"""The parts of find-direction against plain float64 statements of what they compute, and directions files."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from scipy import ndimage
from scipy.optimize import lsq_linear

from disentool.directions import calibration, fitting, monotone, reconstruction, solvers, transforms
from disentool.directions.generator import GeneratorFacts
from disentool.directions.trajectories import Objective, Starts, to_ball
from disentool.errors import DataMismatch, ForeignFile, UnknownName, WrongUsage
from disentool.io import directions_file
from disentool.io.directions_file import Direction, Directions

# ---- transforms


def blob(x=0.0, y=0.0, size=0.08, height=48, width=64, turn=0.0):
    """A Gaussian, twice as long as wide, at x widths and y heights; its size is in widths. float64 [H,W]."""
    across = ((np.arange(width) + 0.5) / width - 0.5 - x)[None] * width
    down = ((np.arange(height) + 0.5) / height - 0.5 - y)[:, None] * height
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    along, beside = c * across - s * down, s * across + c * down
    return np.exp(-0.5 * ((along / 2) ** 2 + beside**2) / (size * width) ** 2)


def changed(name, image, t):
    images = torch.from_numpy(image)[None, None].float()
    made, mask = transforms.apply(name, images, t)
    return made[0, 0].numpy(), mask[0, 0].numpy() > 0


@pytest.mark.parametrize(
    ("name", "t", "drawn"),
    [
        ("shift-x", 0.1037, {"x": 0.1037}),
        ("shift-x", -0.21, {"x": -0.21}),
        ("shift-y", 0.0911, {"y": 0.0911}),
        ("zoom", 0.3, {"size": 0.08 * np.exp(0.3)}),
        ("rotate", 30.0, {"turn": 30.0}),
    ],
)
def test_labels_are_exact_to_a_fraction_of_a_pixel(name, t, drawn):
    made, mask = changed(name, blob(), t)
    assert np.abs(made - blob(**drawn))[mask].max() < 0.02
    assert mask.mean() > 0.5
    assert not made[~mask].any()


def test_what_comes_from_beyond_the_border_is_masked():
    _, mask = changed("shift-x", blob(), 0.25)
    assert not mask[:, :16].any() and mask[:, 17:].all()
    _, mask = changed("zoom", blob(), 0.5)
    assert mask.all()
    _, mask = changed("brightness", np.full((4, 4), 0.9), 0.2)
    assert not mask.any()


def test_a_colours_own_channel_alone():
    images = torch.full((1, 3, 4, 4), 0.5)
    made, mask = transforms.apply("green", images, 0.2)
    np.testing.assert_allclose(made[0, :, 0, 0], [0.5, 0.7, 0.5])
    assert mask.all()
    with pytest.raises(DataMismatch, match="3 channels"):
        transforms.apply("green", images[:, :1], 0.2)
    with pytest.raises(UnknownName, match="shift-x"):
        transforms.find("shift", 1)


@pytest.mark.parametrize("name", ["shift-x", "shift-y", "zoom", "rotate", "brightness"])
def test_one_change_after_another_is_their_sum(name):
    unit = transforms.TRANSFORMS[name].extent / 5
    image = 0.3 + 0.3 * blob(size=0.1)
    twice, seen = changed(name, changed(name, image, unit)[0], 0.7 * unit)
    once, mask = changed(name, image, 1.7 * unit)
    inner = ndimage.binary_erosion(mask & seen, iterations=3) & changed(name, np.ones_like(image) / 2, unit)[1]
    away = np.s_[12:-12, 16:-16]
    assert np.abs(twice - once)[away][inner[away]].max() < 0.02


# ---- losses


def test_losses_by_their_plain_formulas():
    rng = np.random.default_rng(0)
    one, two = rng.random((2, 2, 3, 20, 24))
    mask = (rng.random((2, 1, 20, 24)) > 0.2).astype(float)
    tensors = [torch.from_numpy(v).float() for v in (one, two, mask)]
    defined = np.broadcast_to(mask, one.shape)
    difference = (one - two) * defined
    area = defined.sum((1, 2, 3))
    mse = np.square(difference).sum((1, 2, 3)) / area
    np.testing.assert_allclose(reconstruction.loss("mse", *tensors, 1.5), mse, rtol=1e-5)
    blurred = np.stack([[ndimage.gaussian_filter(c, 1.5, mode="constant", truncate=4) for c in d] for d in difference])
    blur = np.square(blurred).sum((1, 2, 3)) / area
    np.testing.assert_allclose(reconstruction.loss("blur", *tensors, 1.5), blur, rtol=1e-4)
    residual = reconstruction.residual("blur", tensors[0] - tensors[1], tensors[2], 1.5)
    np.testing.assert_allclose(residual.square().sum((1, 2, 3)), blur, rtol=1e-4)


def test_dssim_by_its_plain_formula():
    """Wang et al. (2004), equation 13, windows of 11 pixels whose weights beyond the border are left out."""
    rng = np.random.default_rng(1)
    one, two = rng.random((2, 18, 18))
    weight = ndimage.gaussian_filter(np.ones((18, 18)), 1.5, mode="constant", radius=5)

    def mean(values):
        return ndimage.gaussian_filter(values, 1.5, mode="constant", radius=5) / weight

    a, b = mean(one), mean(two)
    va, vb, cov = mean(one**2) - a**2, mean(two**2) - b**2, mean(one * two) - a * b
    ssim = (2 * a * b + 1e-4) * (2 * cov + 9e-4) / ((a**2 + b**2 + 1e-4) * (va + vb + 9e-4))
    expected = ((1 - ssim) / 2 * weight).sum() / weight.sum()
    images = [torch.from_numpy(v).float()[None, None] for v in (one, two)]
    found = reconstruction.loss("dssim", *images, torch.ones(1, 1, 18, 18), 0.0)
    np.testing.assert_allclose(found, [expected], rtol=1e-4)


# ---- g


def test_g_is_the_least_squares_fit_of_non_negative_slopes():
    rng = np.random.default_rng(0)
    knots = np.linspace(-2, 2, 9)
    s0, s1 = rng.uniform(-2, 2, (2, 300))
    true = np.where(knots < 0, 0.05 * knots, np.minimum(0.2 * knots, 0.2))
    t = np.interp(s1, knots, true) - np.interp(s0, knots, true) + 0.01 * rng.standard_normal(300)
    rows = np.clip(s1[:, None] - knots[:-1], 0, 0.5) - np.clip(s0[:, None] - knots[:-1], 0, 0.5)
    slopes = lsq_linear(rows, t, (0, np.inf), tol=1e-12).x
    expected = np.concatenate([[0], np.cumsum(slopes * 0.5)])
    found = monotone.fit(s0, s1, t, knots)
    np.testing.assert_allclose(found, expected - np.interp(0, knots, expected), atol=1e-3)
    assert (np.diff(found) >= 0).all() and np.interp(0, knots, found) == 0


def test_the_generalised_inverse():
    knots, values = np.array([-2.0, -1, 0.5, 1, 2]), np.array([-0.3, -0.1, -0.1, 0.1, 0.1])
    np.testing.assert_allclose(monotone.invert(knots, values, [-0.3, -0.2, -0.1, 0.0, 0.1]), [-2, -1.5, 0, 0.75, 1])
    assert np.isnan(monotone.invert(knots, values, [-0.31, 0.11])).all()
    t = np.linspace(-0.3, 0.1, 33)
    np.testing.assert_allclose(monotone.evaluate(knots, values, monotone.invert(knots, values, t)), t, atol=1e-12)


# ---- solvers


class Net:
    """A small smooth generator; differentiated by torch.func as an independent statement."""

    facts, device = GeneratorFacts(5, 1, 12, 12), torch.device("cpu")

    def __init__(self):
        random = torch.Generator().manual_seed(0)
        self.one = torch.randn(5, 20, generator=random)
        self.two = torch.randn(20, 144, generator=random) / 5

    def __call__(self, z, classes=None):
        return torch.sigmoid(torch.tanh(z @ self.one) @ self.two).reshape(-1, 1, 12, 12)


def codes(count=6):
    return to_ball(torch.randn(count, 5, generator=torch.Generator().manual_seed(1)))


def test_the_jacobian_is_the_jacobian(monkeypatch):
    monkeypatch.setattr(solvers, "_FLOATS_AT_ONCE", 4 * 5 * 144)  # two parts of four and two codes
    net, z = Net(), codes()
    expected = torch.stack([torch.func.jacrev(lambda one: net(one[None])[0])(row).permute(3, 0, 1, 2) for row in z])
    for part, images, columns in solvers.linearise(net, z, None):
        np.testing.assert_allclose(columns, expected[part], atol=1e-5)
        np.testing.assert_allclose(images, net(z[part]), atol=1e-6)


def test_the_tangent_solves_the_normal_equations():
    net, z, objective, step = Net(), codes(), Objective("shift-x", "blur", 0.5), 1 / 64
    starts = Starts(z, None, net(z))
    (found,) = solvers.tangents(net, [objective], [step], starts, 0.1, lambda count: None)
    for row, image, speed, error in zip(z, starts.images, found.speed, found.errors, strict=True):
        ahead, one = transforms.apply("shift-x", image[None], step)
        behind, two = transforms.apply("shift-x", image[None], -step)
        mask = (one * two)[0, 0].double().numpy()
        wanted = ((ahead - behind)[0, 0].double().numpy() / (2 * step)) * mask
        jacobian = torch.func.jacrev(lambda one: net(one[None])[0, 0])(row).double().numpy() * mask[..., None]

        def seen(picture, mask=mask):
            blurred = ndimage.gaussian_filter(picture, 0.5, mode="constant", truncate=4)
            return blurred.ravel() / np.sqrt(mask.sum())

        columns = np.stack([seen(jacobian[..., k]) for k in range(5)], 1)
        gram = columns.T @ columns
        expected = np.linalg.solve(gram + 0.1 * np.diag(gram).mean() * np.eye(5), columns.T @ seen(wanted))
        np.testing.assert_allclose(speed, expected, rtol=2e-3, atol=1e-3 * np.abs(expected).max())
        rest = seen(wanted) - columns @ expected
        np.testing.assert_allclose(error, rest @ rest / (seen(wanted) @ seen(wanted)), rtol=1e-3)


def test_levenberg_and_marquardt_take_no_step_that_is_worse():
    net, z = Net(), codes()
    objective = Objective("shift-x", "mse", 1.0)
    target, mask = net(0.8 * z.roll(1, 0)), torch.ones(6, 1, 12, 12)
    told = []
    moved = solvers.LevenbergMarquardt(10)(net, objective, z, None, target, mask, told.append)
    losses = torch.stack([objective.distance(net(z), target, mask), *told])
    assert (losses.diff(dim=0) <= 1e-9).all() and (losses[-1] < 0.1 * losses[0]).all()
    np.testing.assert_allclose(objective.distance(net(moved), target, mask), losses[-1], rtol=1e-3, atol=1e-8)
    assert (moved.norm(dim=1) <= 5**0.5 + 1e-5).all()


def test_the_ball():
    z = torch.tensor([[3.0, 4.0, 0, 0], [0.1, 0, 0, 0]])
    np.testing.assert_allclose(to_ball(z), [[1.2, 1.6, 0, 0], [0.1, 0, 0, 0]], atol=1e-6)


def test_how_far_an_image_moved_is_measured():
    """Blobs drawn at known places, not resampled."""
    objective = Objective("shift-x", "blur", 1.0)
    t = [0.0, 0.043, -0.11]
    originals = torch.from_numpy(np.stack([blob()] * 3))[:, None].float()
    images = torch.from_numpy(np.stack([blob(x=x) for x in t]))[:, None].float()
    found, left = calibration.measure(objective, originals, images, torch.zeros(3), 1 / 64, iterations=8)
    np.testing.assert_allclose(found, t, atol=0.003)
    assert (left[1:] < 0.05).all()


def test_u_is_the_mean_way_of_the_starts():
    rng = np.random.default_rng(0)
    speeds = rng.standard_normal((7, 3)) * np.array([1, 100, 1, 1, 1, 1, 1])[:, None]
    chosen = fitting.resample(7, 4, 0)
    assert chosen[0].tolist() == list(range(7)) and chosen.shape == (5, 7)
    for rows, u in zip(chosen, fitting.by_sum(speeds, chosen), strict=True):
        total = sum(speeds[row] / np.linalg.norm(speeds[row]) for row in rows)
        np.testing.assert_allclose(u, total / np.linalg.norm(total))


def test_a_direction_has_a_length_even_where_the_starts_cancel_or_stand_still():
    speeds, chosen = np.array([[1e-8, 0.0], [-1e-8, 0.0]]), np.array([[0, 1], [1, 0], [1, 1]])
    np.testing.assert_allclose(fitting.by_sum(speeds, chosen), [[1, 0], [-1, 0], [-1, 0]])
    np.testing.assert_allclose(fitting.by_sum(0 * speeds, chosen), np.full((3, 2), 0.5**0.5))


# ---- directions files


@pytest.fixture
def made(tmp_path) -> Directions:
    knots = np.linspace(-1, 1, 5)
    one = Direction("shift-x", np.array([0.6, 0.8, 0], np.float32), knots, 0.1 * knots, (-0.1, 0.1), "image widths")
    return Directions(tmp_path / "d.h5", {"shift-x": one}, "g.pt", "a" * 64, "lm", 7, {"starts": 5})


def test_a_file_reads_as_it_was_written(made):
    extra = replace(made.directions["shift-x"], name="zoom@3", kept=np.array([True, False]), facts={"r2": 0.5})
    whole = replace(made, directions=made.directions | {"zoom@3": extra})
    directions_file.write(whole, overwrite=False)
    found = directions_file.read(made.path)
    assert (found.generator, found.generator_sha256, found.method, found.seed) == ("g.pt", "a" * 64, "lm", 7)
    assert found.provenance == {"starts": 5} and found.directions["zoom@3"].facts == {"r2": 0.5}
    assert found.directions["zoom@3"].kept.tolist() == [True, False]
    for name in ("u", "knots", "values"):
        np.testing.assert_array_equal(getattr(found.find("zoom@3"), name), getattr(extra, name))
    with pytest.raises(WrongUsage, match="zoom@3"):
        found.find(None)
    with pytest.raises(DataMismatch, match=r"h\.pt"):
        found.require_bound("h.pt", "b" * 64)
    found.require_bound("h.pt", "b" * 64, force=True)


@pytest.mark.parametrize(
    ("array", "values", "words"),
    [
        ("u", np.array([1, 1, 0], np.float32), "length"),
        ("u", np.array([np.nan, 1, 0], np.float32), "length"),
        ("u", np.array([[1.0]], np.float32), "shift-x/u"),
        ("u", np.array([1.0, 0, 0]), "shift-x/u"),
        ("knots", np.array([0, 0, 0, 1, 2.0]), "knots"),
        ("values", np.array([0, -1, 0, 1, 2.0]), "values"),
        ("values", np.array([0, 0, 0, 1, np.inf]), "finite"),
        ("values", np.zeros(3), "shift-x"),
        ("t_valid", np.array([-1.0, 0.1]), "t_valid"),
    ],
)
def test_hostile_files(made, array, values, words):
    directions_file.write(made, overwrite=False)
    with h5py.File(made.path, "r+") as file:
        del file[f"shift-x/{array}"]
        file[f"shift-x/{array}"] = values
    with pytest.raises(ForeignFile) as caught:
        directions_file.read(made.path)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_references():
    assert directions_file.reference("a/dirs.h5:shift-x@14") == (Path("a/dirs.h5"), "shift-x@14")
    assert directions_file.reference("dirs.h5") == (Path("dirs.h5"), None)
    with pytest.raises(WrongUsage, match="FILE:NAME"):
        directions_file.reference("dirs.h5:")
