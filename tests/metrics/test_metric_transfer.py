"""Transfer: pairs with a true image, by brute force; a decoder that is right, one that is not; parts; bad input."""

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from metric_cases import codes_of, grid_factors, transfer

from disentool.errors import DataMismatch, NoFactors, UnknownName, WrongUsage
from disentool.metrics import transfer as transfer_metric
from disentool.metrics.constants.class_and_content import Transfer
from disentool.scoring.data_rows import DataRows, TrainingFacts
from disentool.scoring.drawing import true_pairs
from disentool.scoring.drawing.kept_content import Cells, kept
from disentool.scoring.model_functions import ModelFunctions

FACTORS = grid_factors(3, 4, 2)  # shape, pose, light: 24 rows
NAMES = ("shape", "pose", "light")


def pictures(factors):
    """Images of 8x8: the shape sets the brightness of one half, pose and light that of the other."""
    images = np.zeros((len(factors), 8, 8, 1), np.float32)
    images[:, :4] = (0.2 + 0.2 * factors[:, 0])[:, None, None, None]
    images[:, 4:] = (0.1 * factors[:, 1] + 0.4 * factors[:, 2])[:, None, None, None]
    return images


def code_of(factors):
    """Two numbers: the brightness of either half."""
    return np.stack([0.2 + 0.2 * factors[:, 0], 0.1 * factors[:, 1] + 0.4 * factors[:, 2]], 1)


def decode(codes):
    return np.repeat(codes, 4, axis=1)[:, :, None, None].repeat(8, 2).astype(np.float32)


def points(factors=FACTORS, **training):
    return replace(DataRows.from_factors(factors, NAMES), training=TrainingFacts("shape", class_width=1, **training))


def measure(factors=FACTORS, where=None, seed=0, functions=None, code=None, **changes):
    where = where or points(factors)
    images = pictures(factors)
    drawn = transfer.draw(where, replace(Transfer(), **changes), seed)
    functions = replace(functions or ModelFunctions(decode=decode), images=lambda rows: images[rows])
    return transfer.score(drawn, codes_of(code_of(factors) if code is None else code), functions)


# ---- the content that is kept


def test_all_content_is_kept_by_a_decoder_that_is_right():
    result = measure(pairs=None)
    assert result.details["parts"]["all_rows"]["kept"] == {"pose": 1.0, "light": 1.0}
    assert result.per_factor["all_rows light kept"] == 1.0


def test_a_value_that_is_renumbered_in_one_class_is_not_kept():
    """In class 0 the content code of light 0 means light 1, and the other way: each image is reconstructed exactly."""
    code = code_of(FACTORS)
    code[:, 0] = FACTORS[:, 0]
    renumbered = np.where(FACTORS[:, 0] == 0, 1 - FACTORS[:, 2], FACTORS[:, 2])
    code[:, 1] = 2 * FACTORS[:, 1] + renumbered

    def decoded(codes):
        shape, pose = codes[:, 0].round(), codes[:, 1].round() // 2
        light = codes[:, 1].round() % 2
        light = np.where(shape == 0, 1 - light, light)
        return decode(np.stack([0.2 + 0.2 * shape, 0.1 * pose + 0.4 * light], 1))

    part = measure(pairs=None, code=code, functions=ModelFunctions(decode=decoded)).details["parts"]["all_rows"]
    assert part["reconstruction"]["mse"]["mean"] == pytest.approx(0, abs=1e-12)
    # Of the pairs of two classes, those with class 0 on one side: 4 of 6.
    assert part["kept"] == {"pose": 1.0, "light": pytest.approx(2 / 6)}
    assert part["transfer"]["mse"]["mean"] == pytest.approx(4 / 6 * 0.5 * 0.4**2)


@pytest.mark.parametrize("seed", range(3))
def test_neighbours_are_the_rows_that_differ_in_one_factor(seed):
    rng = np.random.default_rng(seed)
    rows = FACTORS[np.sort(rng.permutation(24)[:17])]  # a grid with holes
    targets = rng.integers(17, size=6)
    places, others = Cells(rows[:, 0], rows[:, 1:], NAMES[1:]).neighbours(targets)
    differ = rows[targets][:, None] != rows[None]
    one_differs = (differ.sum(axis=2) == 1) & ~differ[:, :, 0]
    assert set(zip(places.tolist(), others.tolist(), strict=True)) == set(zip(*np.nonzero(one_differs), strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_what_an_image_shows_are_the_values_of_the_nearest_image(seed):
    """Wherever it differs from the true one: in one factor, in both, or in none."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(24, size=50)
    shown = FACTORS[targets] * [1, 0, 0] + np.stack([np.zeros(50, int), *rng.integers([[4], [2]], size=(2, 50))], 1)
    places = np.eye(9)[[0, 1, 2]], np.eye(9)[[3, 4, 5, 6]], np.eye(9)[[7, 8]]  # each factor's values side by side

    def drawn(factors):
        rows = sum(place[values] for place, values in zip(places, factors.T, strict=True))
        return rows[:, :, None, None].repeat(8, 2).astype(np.float32)

    images = drawn(FACTORS)
    made = drawn(shown) + rng.normal(0, 0.01, (50, 9, 8, 1)).astype(np.float32)
    errors = np.square(made - images[targets]).mean(axis=(1, 2, 3))
    cells = Cells(FACTORS[:, 0], FACTORS[:, 1:], NAMES[1:])
    found = kept(made, errors, targets, cells, lambda rows: images[rows])
    assert found["pose"].tolist() == (shown[:, 1] == FACTORS[targets, 1]).tolist()
    assert found["light"].tolist() == (shown[:, 2] == FACTORS[targets, 2]).tolist()


def test_a_factor_that_changes_no_image_is_kept():
    """Its neighbours are as near as the true image, and rounding does not decide."""
    rng = np.random.default_rng(0)
    images = np.repeat(rng.random((3, 8, 8, 1)), 8, axis=0).astype(np.float32)  # pose and light change nothing
    targets = np.arange(24)
    made = images + rng.normal(0, 0.1, images.shape).astype(np.float32)
    errors = np.square(made.astype(np.float64) - images).mean(axis=(1, 2, 3))
    found = kept(made, errors, targets, Cells(FACTORS[:, 0], FACTORS[:, 1:], NAMES[1:]), lambda rows: images[rows])
    assert all(found["pose"]) and all(found["light"])


def test_with_a_factor_of_very_many_values_nothing_is_compared():
    contents = np.stack([np.arange(100), np.arange(100) % 2], 1)
    assert Cells(np.zeros(100, int), contents, ("place", "light")).compared == {}
    wide = np.full((3, 9), 2**30)
    wide[0] = 0
    assert Cells(np.arange(3), wide, tuple("abcdefghi")).compared == {}


# ---- pairs


def brute(classes, contents, targets):
    """Every (i, j, t): t of the class of i and the content of j, i of other content, j of another class."""
    rows = range(len(classes))
    return {
        (i, j, t)
        for i, j, t in product(rows, rows, targets)
        if classes[i] == classes[t] and contents[j] == contents[t]
        if contents[i] != contents[t] and classes[j] != classes[t]
    }


@pytest.mark.parametrize("seed", range(4))
def test_every_pair_with_a_true_image(seed):
    rng = np.random.default_rng(seed)
    classes, contents = rng.integers(0, 3, 25), rng.integers(0, 5, 25)  # some cells hold several rows, some none
    targets = np.sort(rng.permutation(25)[:15])
    pairs = true_pairs.find(classes, contents, targets)
    expected = brute(classes, contents, targets.tolist())
    found = list(zip(*(part.tolist() for part in pairs.at(np.arange(pairs.total))), strict=True))
    assert len(found) == len(set(found)) == pairs.total
    assert set(found) == expected


def test_of_a_grid_everything_pairs():
    classes, contents = FACTORS[:, 0], FACTORS[:, 1] * 2 + FACTORS[:, 2]
    pairs = true_pairs.find(classes, contents, np.arange(24))
    assert pairs.total == 24 * 7 * 2  # for each image the 7 others of its class and the 2 others of its content
    drawn = pairs.draw(100, np.random.default_rng(0))
    assert len(np.unique(drawn)) == 100
    assert drawn.max() < pairs.total
    assert pairs.draw(None, np.random.default_rng(0)).tolist() == list(range(pairs.total))


def test_no_pair():
    pairs = true_pairs.find(np.arange(4), np.arange(4), np.arange(4))
    assert pairs.total == 0
    pairs = true_pairs.find(np.zeros(3, int), np.zeros(3, int), np.zeros(0, int))
    assert (pairs.total, len(pairs.draw(5, np.random.default_rng(0)))) == (0, 0)


# ---- scores


def test_a_decoder_that_is_right():
    result = measure(pairs=None)
    part = result.details["parts"]["all_rows"]
    assert (part["pairs"], part["pairs_there_are"], part["true_images_there_are"]) == (336, 336, 24)
    assert result.score == pytest.approx(0, abs=1e-12)
    assert part["transfer"]["psnr"]["mean"] == pytest.approx(100)
    assert part["transfer"]["ssim"]["mean"] == pytest.approx(1)
    assert result.details["content_factors"] == ["pose", "light"]
    assert "lpips" not in part["transfer"]
    assert json.loads(json.dumps(result.details, allow_nan=False)) == result.details


def test_a_class_code_that_brings_its_content():
    """The code's class column also says the light, and the decoder shows it: half the pixels are off where it differs.

    Every error and its mean by hand, over all pairs.
    """
    code = code_of(FACTORS)
    code[:, 0] += 0.1 * FACTORS[:, 2]
    images = pictures(FACTORS)
    contents = FACTORS[:, 1] * 2 + FACTORS[:, 2]
    errors, recon, copies = [], [], []
    for i, j, t in sorted(brute(FACTORS[:, 0], contents, range(24)), key=lambda triple: (triple[2], *triple[:2])):
        made = decode(np.array([[code[i, 0], code[j, 1]]]))[0]
        errors.append(np.mean([(float(a) - float(b)) ** 2 for a, b in zip(made.flat, images[t].flat, strict=True)]))
        recon.append(np.mean((decode(code[[t]])[0].astype(float) - images[t]) ** 2))
        copies.append(np.mean((images[i].astype(float) - images[t]) ** 2))
    result = measure(code=code, pairs=None)
    part = result.details["parts"]["all_rows"]
    assert result.score == pytest.approx(np.mean(errors), rel=1e-6)
    half = 1.96 * np.std(errors, ddof=1) / np.sqrt(len(errors))
    assert result.interval == pytest.approx((np.mean(errors) - half, np.mean(errors) + half), rel=1e-5)
    assert part["reconstruction"]["mse"]["mean"] == pytest.approx(np.mean(recon), rel=1e-5)
    assert part["copy_of_class_image"]["mse"]["mean"] == pytest.approx(np.mean(copies), rel=1e-6)
    assert part["copy_of_content_image"]["mse"]["mean"] > 0
    assert result.per_factor["all_rows mse"] == result.score
    other = measure(code=code, pairs=None, measure="psnr")
    assert other.score == part["transfer"]["psnr"]["mean"]
    assert other.details["score_is"].startswith("mean psnr over pairs")


def test_a_transfer_worse_than_a_copy_of_one_of_the_images_is_noted():
    """The nearer of the two copies counts: here the content image's, and the class image's where a class shows most."""
    assert measure(pairs=None).details["notes"] == []
    (note,) = measure(code=np.random.default_rng(0).random((24, 2)), pairs=None).details["notes"]
    assert note.startswith("all_rows") and "content image" in note
    errors = {"transfer": 0.05, "reconstruction": 0.01, "copy_of_class_image": 0.03, "copy_of_content_image": 0.2}
    found = {"training": {(which, "mse"): np.full(9, error) for which, error in errors.items()}}
    (note,) = transfer_metric.transfer(found).details["notes"]
    assert "class image" in note and "0.05 against 0.03" in note


def test_seeded_pairs():
    first, again, other = (measure(code=np.random.default_rng(0).random((24, 2)), pairs=50, seed=s) for s in (1, 1, 2))
    assert first == again
    assert first.score != other.score
    assert first.details["parts"]["all_rows"]["pairs"] == 50


def test_parts_are_by_the_true_image():
    trained = np.ones(24, bool)
    trained[[0, 1, 16, 17]] = False
    factors, images = FACTORS, np.array([6, 8, 6])
    result = measure(where=points(rows=trained, images=images))
    assert [*result.details["parts"]] == ["training", "held_out_rows"]
    told = [part["true_images_there_are"] for part in result.details["parts"].values()]
    assert told == [20, 4]
    assert "rows trained on" in result.details["score_is"]
    without = points(rows=factors[:, 0] < 2, images=np.array([8, 8, 0]))
    result = measure(where=without)
    assert [*result.details["parts"]] == ["training", "held_out_classes"]
    assert result.details["parts"]["held_out_classes"]["true_images_there_are"] == 8


def test_a_model_that_needs_the_class_image():
    """What such a model makes is asked by rows, whatever the codes."""
    factors, images = FACTORS, pictures(FACTORS)
    asked = []

    def of_rows(class_rows, content_rows):
        asked.append(len(class_rows))
        made = images[class_rows].copy()
        made[:, 4:] = images[content_rows][:, 4:]
        return made

    result = measure(
        factors, functions=ModelFunctions(transfer=of_rows), code=np.zeros((24, 2)) + np.arange(24)[:, None]
    )
    assert result.score == 0
    assert sum(asked) == 2 * 336  # transfer and reconstruction


def test_lpips_where_there_is_one():
    functions = ModelFunctions(
        decode=decode, perceptual=lambda a, b: np.abs(a - b).reshape(len(a), -1).mean(1).astype(float)
    )
    result = measure(functions=functions, code=np.ones((24, 2)), measure="lpips")
    assert result.score == result.per_factor["all_rows lpips"] > 0
    with pytest.raises(DataMismatch, match="--lpips"):
        measure(measure="lpips")


# ---- bad input


def test_bad_input():
    with pytest.raises(UnknownName, match="'shap'"):
        measure(class_factor="shap")
    with pytest.raises(DataMismatch, match="besides"):
        measure(class_factor="shape+pose+light")
    lonely = np.array([[0, 0, 0], [1, 1, 1], [2, 2, 0]])
    with pytest.raises(DataMismatch, match="pose, light"):
        transfer.draw(points(lonely), Transfer(), 0)
    with pytest.raises(NoFactors, match="transfer"):
        transfer.draw(DataRows(10), Transfer(), 0)
    where = DataRows.from_factors(FACTORS, NAMES)
    with pytest.raises(DataMismatch, match="class_dims=0-3"):
        transfer.draw(where, Transfer(class_factor="shape"), 0)
    bad = code_of(FACTORS)
    bad[3, 1] = np.nan
    with pytest.raises(DataMismatch, match="1 of 24"):
        measure(code=bad)
    with pytest.raises(DataMismatch, match="mse"):
        measure(functions=ModelFunctions(decode=lambda codes: decode(codes) * np.float32("nan")))
    with pytest.raises(WrongUsage, match="measure fid"):
        Transfer(measure="fid")
    with pytest.raises(WrongUsage, match="pairs 0"):
        Transfer(pairs=0)
    with pytest.raises(UnknownName, match="protocol"):
        transfer.draw(points(), Transfer("other"), 0)
