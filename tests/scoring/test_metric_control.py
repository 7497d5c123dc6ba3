"""Control: every statistic against its plain statement, what is measured against what was drawn, and a known answer."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from metric_cases import control
from scipy import ndimage, stats
from sklearn.isotonic import IsotonicRegression

from disentool.directions import measurements
from disentool.directions.registration import register
from disentool.errors import DataMismatch, UnknownName, UnsafeFile, WrongUsage
from disentool.io.directions_file import Direction
from disentool.metrics import levels
from disentool.metrics.constants.directions import Control
from disentool.metrics.control import Moved
from disentool.metrics.law_of_t import ks_distance, law
from disentool.scoring import image_measurement
from disentool.scoring.data_rows import DataRows
from disentool.scoring.model_functions import ModelFunctions

SIDE = 48


def blob(x, y, size, *, turn=0.0, long=1.0, peak=1.0, side=SIDE):
    """A Gaussian at x, y (widths, 0 the middle), ``long`` times longer than wide, turned by degrees: [side,side]."""
    grid = (np.arange(side) + 0.5) / side - 0.5
    across, down = grid[None] - x, grid[:, None] - y
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    along, beside = c * across - s * down, s * across + c * down  # y goes down, angles counter-clockwise
    return peak * np.exp(-0.5 * ((along / (size * long)) ** 2 + (beside / size) ** 2))


def texture(rng, side=96):
    """Smooth noise that fills the image, in 0..1."""
    noise = ndimage.gaussian_filter(rng.standard_normal((side, side)), 2.5, mode="wrap")
    return (noise - noise.min()) / np.ptp(noise)


def moved(image, dx=0.0, dy=0.0, zoom=0.0, angle=0.0):
    """The image turned and enlarged about its middle, then shifted; half widths, log, degrees counter-clockwise."""
    side = len(image) / 2
    middle, turn = (len(image) - 1) / 2, np.radians(angle)
    # Where (row, column) comes from: back by the shift, turned back, shrunk.
    back = np.exp(-zoom) * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    shift = np.array([dy, dx]) * side
    return ndimage.affine_transform(image, back, middle - back @ (middle + shift), order=3, mode="constant")


# ---- what is measured


def test_objects_are_where_and_as_large_as_drawn():
    drawn = [(0.1, -0.2, 0.05), (-0.25, 0.2, 0.06), (0, 0, 0.1)]
    found = measurements.objects(np.stack([blob(*one) for one in drawn])[..., None])
    assert np.allclose(found["x"], [x for x, _, _ in drawn], atol=1e-3)
    assert np.allclose(found["y"], [y for _, y, _ in drawn], atol=1e-3)
    sizes = np.log([size for _, _, size in drawn])
    assert np.allclose(np.diff(found["scale"]), np.diff(sizes), atol=0.02)


def test_objects_do_not_depend_on_brightness_or_haze():
    bright, faint = blob(0.1, 0.05, 0.05), blob(0.1, 0.05, 0.05, peak=0.3)
    hazy = np.maximum(bright, 0.2)
    found = measurements.objects(np.stack([bright, faint, hazy])[..., None])
    for values in found.values():
        assert np.allclose(values, values[0], atol=1e-6)


def test_black_images_have_no_object():
    found = measurements.objects(np.stack([np.zeros((16, 16)), blob(0, 0, 0.1, side=16)])[..., None])
    assert [np.isnan(v).tolist() for v in found.values()] == [[True, False]] * 3


def test_colours_are_means():
    images = np.random.default_rng(0).random((4, 8, 8, 3), np.float32)
    found = measurements.colours(images)
    assert np.allclose(found["brightness"], images.mean((1, 2, 3)))
    assert np.allclose(found["green"], images[..., 1].mean((1, 2)))
    assert set(measurements.colours(images[..., :1])) == {"brightness"}


def test_bright_objects_are_told_from_pictures_even_where_some_images_are_black():
    rng = np.random.default_rng(0)
    some = np.stack([blob(*rng.uniform(-0.2, 0.2, 2), 0.06) for _ in range(12)] + [np.zeros((SIDE, SIDE))] * 5)
    assert measurements.show_bright_objects(some[..., None])
    assert not measurements.show_bright_objects(1 - some[..., None])
    assert not measurements.show_bright_objects(np.stack([texture(rng) for _ in range(5)])[..., None])
    assert not measurements.show_bright_objects(np.zeros((5, 16, 16, 1)))


@pytest.mark.parametrize(
    "motion",
    [
        {"dx": 0.1},
        {"dy": -0.06},
        {"dx": 0.003},
        {"zoom": 0.15},
        {"zoom": -0.1, "dx": 0.05},
        {"angle": 12},
        {"angle": -8, "dx": 0.04, "dy": 0.03, "zoom": 0.05},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["texture", "object"])
def test_registration_finds_the_motion(motion, kind):
    rng = np.random.default_rng(3)
    large = texture(rng, 192) if kind == "texture" else blob(0, 0, 0.035, long=1.7, turn=20, side=192)
    one, two = (image[48:-48, 48:-48] for image in (large, moved(large, **motion)))  # more of it comes into sight
    found = register(one[None], two[None])
    wanted = {"dx": 0.0, "dy": 0.0, "zoom": 0.0, "angle": 0.0} | motion
    if kind == "object":  # a textured picture's content is not at its middle, so turning it moves that too
        assert found.x[0] == pytest.approx(wanted["dx"], abs=2e-3)
        assert found.y[0] == pytest.approx(wanted["dy"], abs=2e-3)
    assert found.zoom[0] == pytest.approx(wanted["zoom"], abs=0.01)
    assert found.angle[0] == pytest.approx(wanted["angle"], abs=0.5)
    assert found.residual[0] < 0.05


def test_registration_says_that_other_pictures_do_not_match():
    rng = np.random.default_rng(4)
    found = register(np.stack([texture(rng) for _ in range(4)]), np.stack([texture(rng) for _ in range(4)]))
    assert (found.residual > image_measurement._MATCH).all()


def test_registered_motions_add_up_from_the_middle_until_pictures_do_not_match():
    rng = np.random.default_rng(5)
    path = [blob(x, 0, 0.06) for x in (-0.2, -0.1, 0, 0.1, 0.2)]
    torn = [*path[:4], texture(rng, SIDE)]
    found = image_measurement.ImageMeasurement("registration", "shift-x").along(np.stack([path, torn])[..., None], 2)
    assert np.allclose(found["x"][0], [-0.2, -0.1, 0, 0.1, 0.2], atol=3e-3)
    assert np.allclose(found["x"][1, :4], [-0.2, -0.1, 0, 0.1], atol=3e-3)
    assert np.isnan(found["x"][1, 4])


def test_small_registered_motions_do_not_add_up_their_errors():
    """A picture that moves by a fifteenth of a pixel a step, .05 widths in all: the sum of the steps is 9 % off."""
    rng = np.random.default_rng(0)
    large = ndimage.gaussian_filter(rng.standard_normal((64, 64)), 1.5, mode="wrap")
    large = (large - large.min()) / np.ptp(large)
    path = np.stack([ndimage.shift(large, (0, 32 * 0.05 * k / 24))[16:-16, 16:-16] for k in range(25)])
    found = image_measurement.ImageMeasurement("registration", "shift-x").along(path[None, ..., None], 0)["x"][0]
    assert found[-1] == pytest.approx(0.05, rel=0.02)
    assert abs(register(path[:-1], path[1:]).x.sum() / 0.05 - 1) > 0.05
    large = texture(rng, 2 * SIDE)
    turning = np.stack([moved(large, angle=-4 * k)[24:-24, 24:-24] for k in range(13)])
    found = image_measurement.ImageMeasurement("registration", "rotate").along(turning[None, ..., None], 6)["angle"][0]
    assert np.allclose(found, [24 - 4 * k for k in range(13)], atol=0.5)


# ---- what measures by which name


def test_measurements_by_name(folder):
    dark = np.stack([blob(0.1, 0, 0.06)] * 4)[..., None]
    assert image_measurement.choose("auto", "shift-x", dark, trust=False).kind == "objects"
    assert image_measurement.choose("auto", "shift-x", 1 - dark, trust=False).kind == "registration"
    assert image_measurement.choose("auto", "rotate", dark, trust=False).kind == "registration"
    with pytest.raises(UnknownName, match="measure"):
        image_measurement.choose("object", "shift-x", dark, trust=False)
    with pytest.raises(DataMismatch, match="registration"):
        image_measurement.choose("objects", "rotate", dark, trust=False)
    with pytest.raises(DataMismatch, match="module:function"):
        image_measurement.choose("auto", "smile", dark, trust=False)
    with pytest.raises(UnsafeFile, match="--trust"):
        image_measurement.choose("mine:saliency", "shift-x", dark, trust=False)


def test_the_users_own_measure_goes_before_the_toolkits_of_that_name():
    own = image_measurement.ImageMeasurement("mine:red", "brightness", lambda images: images[:, 0, 0, 0])
    images = np.random.default_rng(0).random((2, 3, 8, 8, 1), np.float32)
    assert np.array_equal(own.along(images, 1)["brightness"], images[:, :, 0, 0, 0].astype(np.float64))


# ---- statistics


@pytest.fixture
def table():
    """Values [S,K] that rise with the level, some of them missing."""
    rng = np.random.default_rng(1)
    values = np.tanh(np.linspace(-2, 2, 9)) + 0.3 * rng.standard_normal((30, 1)) + 0.2 * rng.standard_normal((30, 9))
    values[rng.random(values.shape) < 0.15] = np.nan
    return values


def flat(values, weights=None):
    """Level and value of each number there is, starts repeated as often as they count."""
    counts = np.ones(len(values), int) if weights is None else np.rint(weights * len(values)).astype(int)
    rows = np.repeat(values, counts, axis=0)
    level = np.tile(np.arange(values.shape[1]), (len(rows), 1))
    there = np.isfinite(rows)
    return level[there], rows[there]


def test_explained_is_the_r2_of_an_isotonic_fit(table):
    rng = np.random.default_rng(2)
    for weights in (levels.even(30), levels.resampled(30, 1, rng)[0]):
        level, value = flat(table, weights)
        fitted = IsotonicRegression().fit(level, value).predict(level)
        plain = 1 - np.square(value - fitted).sum() / np.square(value - value.mean()).sum()
        assert levels.explained(table, weights, ordered=True) == pytest.approx(plain, abs=1e-9)
        means = np.array([value[level == k].mean() for k in level])
        plain = 1 - np.square(value - means).sum() / np.square(value - value.mean()).sum()
        assert levels.explained(table, weights, ordered=False) == pytest.approx(plain, abs=1e-9)


def test_spearman_is_the_rank_correlation(table):
    level, value = flat(table)
    found = levels.spearman(table, levels.resampled(30, 100, np.random.default_rng(0)))
    assert found["value"] == pytest.approx(stats.spearmanr(level, value).statistic, abs=1e-9)
    assert found["interval"][0] < found["value"] < found["interval"][1]


def test_monotone_and_spread_are_what_they_say(table):
    even = levels.even(30)
    steps = [b > a for row in table for a, b in pairwise(row) if np.isfinite(a + b)]
    assert levels.rising(table, even) == pytest.approx(np.mean(steps))
    assert levels.spread(table, even) == pytest.approx(np.sqrt(np.nanvar(table, axis=0, ddof=1).mean()))


def test_saturation_is_where_the_mean_has_done_with_rising():
    alphas = np.linspace(-3, 3, 61)
    values = np.tile(np.clip(alphas, -1, 2), (20, 1))  # rises from -1 to 2
    found = levels.saturation(values, alphas, levels.resampled(20, 50, np.random.default_rng(0)))
    assert found["alpha_low"]["value"] == pytest.approx(-0.85)
    assert found["alpha_high"]["value"] == pytest.approx(1.85)
    assert (found["value_low"]["value"], found["value_high"]["value"]) == pytest.approx((-0.85, 1.85))
    still_rising = levels.saturation(
        np.tile(alphas, (20, 1)), alphas, levels.resampled(20, 9, np.random.default_rng(0))
    )
    assert still_rising["alpha_high"]["value"] == pytest.approx(2.7)  # the last of the levels counts


def test_intervals_are_as_wide_as_the_values_over_repetitions_vary():
    """The bootstrap's interval of the mean at a level covers the truth about as often as it says."""
    hits = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        values = rng.standard_normal((40, 1))
        weights = levels.resampled(40, 200, rng)
        low, high = levels.quantity(lambda w, v=values: float(w @ v[:, 0]), weights)["interval"]
        hits += low <= 0 <= high
    assert 0.88 <= hits / 200 <= 0.99


def test_every_sample_is_in_the_histogram_of_a_law():
    t = np.linspace(-0.5, 0.5, 11)
    values = np.column_stack([np.full(11, 2.0), 2.0 + 3 * t])  # moves three times as far as asked
    found = law(t, values, (-0.5, 0.5), levels.resampled(11, 20, np.random.default_rng(0)), relative=False)
    edges = found["histogram"]["edges"]
    assert (edges[0], edges[-1]) == pytest.approx((-1.5, 1.5))
    assert sum(found["histogram"]["measured"]) == sum(found["histogram"]["moved"]) == 11
    assert found["slope"]["value"] == pytest.approx(3)


def test_the_distance_of_kolmogorov_and_smirnov():
    values = np.random.default_rng(0).normal(0.2, 1, 300)
    assert ks_distance(values, stats.norm.cdf) == pytest.approx(stats.kstest(values, "norm").statistic)


# ---- the whole metric, on a property that is linear in the code


WIDTH = 6
TRUE = np.linalg.qr(np.random.default_rng(7).standard_normal((WIDTH, 2)))[0].T  # two orthogonal unit vectors


def lend(slope=0.1, other=0.0, relative=False):
    """A property that is slope * <z, TRUE[0]> + other * <z, TRUE[1]>, and one more, of TRUE[1] alone."""

    def moved(u, starts, s):
        here = starts.astype(np.float64)
        z = here[:, None] + (s - (here @ u)[:, None])[:, :, None] * u
        values = {"x": z @ (slope * TRUE[0] + other * TRUE[1]), "y": z @ TRUE[1]}
        return Moved(values, {"x": "widths", "y": "heights"}, "x", "exact", frozenset("x") if relative else ())

    return ModelFunctions(moved=moved, coordinate=lambda t: t / slope)


def direction(u=TRUE[0], slope=0.1, end=2.0):
    knots = np.linspace(-end, end, 5)
    return Direction("shift-x", u.astype(np.float32), knots, slope * knots, (-slope * end, slope * end), "image widths")


def measured(functions=None, found=None, **options):
    drawn = control.draw(DataRows(1), Control(**{"starts": 200, "resamples": 100} | options), 0)
    return control.score(drawn, found or direction(), functions or lend())


def test_the_true_direction_decides_its_property():
    result = measured()
    details = result.details
    assert result.score == pytest.approx(1, abs=1e-6)
    assert details["spearman"]["value"] == pytest.approx(1, abs=2e-3)  # alphas tie, values hardly do
    assert details["monotone"]["value"] == 1
    assert details["spread"]["value"] == pytest.approx(0, abs=1e-6)
    assert details["rise"]["value"] == pytest.approx(0.6, abs=1e-6)  # alpha from -3 to 3
    assert details["law"]["slope"]["value"] == pytest.approx(1, abs=1e-6)
    assert details["law"]["ks"]["value"] == pytest.approx(details["law"]["ks_asked"], abs=1e-6)
    assert details["leakage"]["y"]["r2"]["value"] < 0.02
    assert details["leakage"]["y"]["of_natural"]["value"] < 1e-5
    assert not details["notes"]


def test_r2_is_the_share_of_the_variance_that_alpha_decides():
    """x = .1 s + .1 s', alpha even over 21 values from -3 to 3: its variance 3.3, that of s' 1."""
    result = measured(lend(other=0.1), starts=4000)
    alphas = np.linspace(-3, 3, 21)
    assert result.score == pytest.approx(alphas.var() / (alphas.var() + 1), abs=0.01)
    assert result.interval[0] < alphas.var() / (alphas.var() + 1) < result.interval[1]
    assert result.details["spread"]["value"] == pytest.approx(0.1, rel=0.03)
    assert result.details["law"]["ks"]["value"] > 2 * result.details["law"]["ks_moved"]["value"]


def test_another_direction_is_no_better_than_a_random_one_and_leaks():
    result = measured(found=direction(TRUE[1]))
    assert result.score < 0.05
    assert any("random direction" in note for note in result.details["notes"])
    assert result.per_factor["y"] == pytest.approx(1, abs=1e-6)
    assert measured(lend(slope=-0.1)).score == 0  # the wrong way


def test_what_a_direction_was_compared_with_is_said():
    result = measured(found=direction(TRUE[1]))
    (note,) = (note for note in result.details["notes"] if "random direction" in note)
    baseline = result.details["baseline"]["r2"]
    assert len(baseline["each"]) == 20 and f"{baseline['quantile_90']:.2f}" in note and "25 starts" in note
    assert baseline["quantile_90"] == pytest.approx(np.quantile(baseline["each"], 0.9))
    assert result.details["r2"]["interval"][0] <= baseline["quantile_90"]


@pytest.mark.parametrize(("moved", "noted"), [(0.05, True), (0.09, False), (0.11, False), (0.15, True)])
def test_images_that_do_not_move_as_far_as_t_says_are_noted(moved, noted):
    """The direction says 0.1 for each unit along it."""
    result = measured(replace(lend(slope=moved), coordinate=lend(slope=0.1).coordinate))
    assert result.details["law"]["slope"]["value"] == pytest.approx(moved / 0.1)
    said = [note for note in result.details["notes"] if "as far as t says" in note]
    assert [note.split()[2] for note in said] == ([f"{moved / 0.1:.2f}"] if noted else [])


def test_random_directions_are_seldom_said_to_be_better_and_good_ones_never_to_be_no_better():
    """6 of each, as `quick` draws them; the good ones are at an angle of 20 degrees to the true one."""
    rng = np.random.default_rng(11)
    random = rng.standard_normal((6, WIDTH))
    random /= np.linalg.norm(random, axis=1, keepdims=True)
    beside = random - (random @ TRUE[0])[:, None] * TRUE[0]
    beside /= np.linalg.norm(beside, axis=1, keepdims=True)
    good = np.cos(np.radians(20)) * TRUE[0] + np.sin(np.radians(20)) * beside

    def noted(u):
        few = {"starts": 30, "levels": 13, "samples": 20, "baseline_starts": 10, "resamples": 50}
        return any("random direction" in note for note in measured(found=direction(u), **few).details["notes"])

    assert sum(noted(u) for u in random) >= 5
    assert sum(noted(u) for u in good) == 0


def test_the_best_that_a_straight_line_can_do():
    """x is linear in z: least squares finds its direction, and one at 45 degrees to it has so much of its R^2."""
    tilted = (TRUE[0] + TRUE[1]) / np.sqrt(2)
    one, other = (measured(found=direction(u), starts=400).details["best_line"] for u in (TRUE[0], tilted))
    assert (one["r2"], one["ratio"]) == pytest.approx((1, 1), abs=1e-6)
    alphas = np.linspace(-3, 3, 21)
    assert other["r2"] == pytest.approx(1, abs=1e-6)
    assert other["ratio"] == pytest.approx(alphas.var() / (alphas.var() + 1), abs=0.05)
    assert measured(samples=20).details["best_line"] is None  # 20 values do not say six slopes


def test_changes_alone_are_judged_by_how_far_they_go():
    """Any direction of a linear generator decides wholly by how much x changes."""
    tilted = (TRUE[0] + 4 * TRUE[1]) / np.sqrt(17)
    functions = lend()

    def changes(u, starts, s):
        places = functions.moved(u, starts, s).values["x"]
        values = {"x": places - places[:, places.shape[1] // 2, None]}
        return Moved(values, {"x": "widths"}, "x", "registration", frozenset("x"))

    relative = ModelFunctions(moved=changes, coordinate=functions.coordinate)
    good, bad = (measured(relative, found=direction(u)) for u in (TRUE[0], tilted))
    assert good.score == bad.score == pytest.approx(1, abs=1e-6)
    assert not good.details["notes"]
    assert any("random direction" in note for note in bad.details["notes"])
    assert bad.details["best_line"] is None


def test_images_that_cannot_be_measured_are_left_out():
    functions = lend()

    def patchy(u, starts, s):
        found = functions.moved(u, starts, s)
        found.values["x"][np.random.default_rng(0).random(s.shape) < 0.2] = np.nan
        return found

    result = measured(ModelFunctions(moved=patchy, coordinate=functions.coordinate))
    assert result.score == pytest.approx(1, abs=1e-6)
    assert "nothing" in result.details["notes"][0]

    def blind(u, starts, s):
        found = functions.moved(u, starts, s)
        found.values["x"][:, 2:] = np.nan
        return found

    with pytest.raises(DataMismatch, match="10%"):
        measured(ModelFunctions(moved=blind, coordinate=functions.coordinate))


def test_the_same_seed_gives_the_same_record():
    assert measured() == measured()


def test_refused_constants():
    with pytest.raises(WrongUsage, match="levels 10"):
        Control(levels=10)
    with pytest.raises(WrongUsage, match="starts 2"):
        Control(starts=2)
    with pytest.raises(DataMismatch, match="--set levels"):
        measured(found=direction(end=0.1))
