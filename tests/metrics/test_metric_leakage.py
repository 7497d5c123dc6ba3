"""Leakage: codes that hold the class wholly, not at all, or where only a perceptron sees it; parts; bad input."""

import json
from dataclasses import replace

import numpy as np
import pytest
from metric_cases import codes_of, grid_factors, leakage, noise

from disentool.errors import DataMismatch, NoFactors, UnknownName, WrongUsage
from disentool.metrics import probe_classifiers
from disentool.metrics.constants.class_and_content import Leakage
from disentool.metrics.probe_accuracies import accuracies
from disentool.scoring.data_rows import DataRows, TrainingFacts
from disentool.scoring.drawing.class_and_content import cut
from disentool.scoring.model_functions import ModelFunctions

FACTORS = grid_factors(4, 5, 12)  # class, pose, light: 240 rows
ONE_HOT = np.eye(4)[FACTORS[:, 0]]
POSE = np.eye(5)[FACTORS[:, 1]]


def points(factors=FACTORS, names=("shape", "pose", "light"), width=4, **training):
    return replace(
        DataRows.from_factors(factors, names), training=TrainingFacts("shape", class_width=width, **training)
    )


def measure(class_code, content_code, where=None, seed=0, functions=None, logvar=None, **changes):
    """The metric with fewer seeds and epochs."""
    where = where or points(width=class_code.shape[1])
    options = replace(Leakage(), **{"seeds": 2, "epochs": 30, "units": 64} | changes)
    drawn = leakage.draw(where, options, seed)
    mean = np.concatenate([class_code, content_code], 1)
    return leakage.score(drawn, codes_of(mean, logvar), functions or ModelFunctions())


def best(part, direction, kind="clean"):
    return max(cell["mean"] for cell in part[direction][kind].values())


def smooth(code, seed=0):
    return code + 0.05 * noise(code.shape, seed)


def test_class_and_content_apart():
    result = measure(smooth(ONE_HOT), smooth(POSE, 1))
    part = result.details["parts"]["all_rows"]
    assert part["class_from_content"]["chance"] == 0.25
    assert result.score < 0.45
    assert result.score == best(part, "class_from_content") == result.per_factor["all_rows class_from_content"]
    assert best(part, "class_from_class") == 1
    assert part["content_from_content"]["clean"]["logistic"]["per_factor"]["pose"] == 1
    assert part["content_from_content"]["clean"]["logistic"]["per_factor"]["light"] < 0.3
    assert part["content_from_class"]["clean"]["mlp"]["per_factor"].keys() == {"pose", "light"}
    assert best(part, "content_from_class") < 0.3
    assert part["content_from_class"]["chance"] == pytest.approx((1 / 5 + 1 / 12) / 2)
    assert part["content_code"]["between_classes"] < 0.02
    assert part["class_code"]["between_classes"] > 0.98
    assert json.loads(json.dumps(result.details, allow_nan=False)) == result.details


def test_class_in_the_content_code():
    result = measure(smooth(ONE_HOT), smooth(np.concatenate([POSE, ONE_HOT], 1), 1), noise=3.0)
    part = result.details["parts"]["all_rows"]
    assert result.score == 1.0
    assert result.interval is None  # the same for every seed
    assert 0.25 < best(part, "class_from_content", "noisy") < 0.7  # what the noise hides
    assert "standard deviation 3, as asked" in result.details["noise_is"]


def test_what_a_line_cannot_tell():
    """Two classes by the product of two signs: no linear classifier sees it."""
    rng = np.random.default_rng(0)
    signs = rng.choice([-1.0, 1.0], (800, 2))
    factors = np.stack([(signs.prod(1) > 0).astype(int), np.arange(800) % 7], 1)
    where = points(factors, ("shape", "pose"), width=1)
    result = measure(factors[:, :1].astype(float), signs + 0.1 * rng.normal(size=signs.shape), where)
    clean = result.details["parts"]["all_rows"]["class_from_content"]["clean"]
    assert clean["logistic"]["mean"] < 0.82  # three of the four corners
    assert clean["mlp"]["mean"] > 0.97
    assert "by mlp" in result.details["score_is"]


def test_principal_components_show_what_varies_most():
    """The class stands where the code hardly varies: the whole code tells it, its two first components do not."""
    code = np.concatenate([10 * noise((240, 2)), smooth(ONE_HOT, 1)], 1)
    part = measure(smooth(ONE_HOT), code, components=2).details["parts"]["all_rows"]
    assert best(part, "class_from_content") > 0.95
    assert best(part, "class_from_content", "principal") < 0.45
    all_of_it = measure(smooth(ONE_HOT), code, components=9)  # more than there are
    assert best(all_of_it.details["parts"]["all_rows"], "class_from_content", "principal") > 0.95
    assert all_of_it.per_factor["all_rows class_from_content principal"] > 0.95
    assert "principal" not in part["content_from_content"]


def test_interval_is_students_over_seeds():
    result = measure(smooth(ONE_HOT), noise((240, 3)), seeds=3)
    cell = result.details["parts"]["all_rows"]["class_from_content"]["clean"]
    chosen = max(cell.values(), key=lambda one: one["mean"])
    std = np.std(chosen["seeds"], ddof=1)
    assert cell["mlp"]["std"] == pytest.approx(np.std(cell["mlp"]["seeds"], ddof=1))
    half = 4.302653 * std / np.sqrt(3)  # two degrees of freedom
    assert result.interval == pytest.approx((max(0, result.score - half), result.score + half))
    again = measure(smooth(ONE_HOT), noise((240, 3)), seeds=3)
    assert again == result
    assert measure(smooth(ONE_HOT), noise((240, 3)), seeds=3, seed=5).details != result.details


def test_a_dead_content_code_is_told():
    constant = measure(smooth(ONE_HOT), np.ones((240, 3)))
    part = constant.details["parts"]["all_rows"]
    assert part["content_code"] == {"std": 0.0, "varying_dimensions": 0, "between_classes": None}
    assert constant.score <= 0.3
    assert any("constant" in n for n in constant.details["notes"])
    random = measure(smooth(ONE_HOT), noise((240, 3)))
    assert any("dead code" in note for note in random.details["notes"])
    assert any("reconstruction" in note for note in random.details["notes"])
    alive = measure(smooth(ONE_HOT), smooth(POSE))
    assert [note for note in alive.details["notes"] if "reconstruction" not in note] == []


def test_reconstruction_stands_beside_it():
    """Images of 8 pixels that show class and pose; a decoder that knows both, and one that ignores the content."""
    images = np.concatenate([ONE_HOT, POSE], 1)[:, None, :, None].repeat(8, 1).astype(np.float32)

    def decode(codes):
        return codes[:, None, :, None].repeat(8, 1)

    def half(codes):
        return np.concatenate([codes[:, :4], np.full((len(codes), 5), 0.2)], 1)[:, None, :, None].repeat(8, 1)

    functions = ModelFunctions(images=lambda rows: images[rows], decode=decode)
    result = measure(ONE_HOT, POSE, functions=functions, images=60)
    made = result.details["parts"]["all_rows"]["reconstruction"]
    assert made["images"] == 60
    assert (made["mse"], made["psnr"], made["ssim"]) == (0, 100, pytest.approx(1))
    # of 59 others of its class 11 have its pose; otherwise two of nine columns differ
    assert made["mse_with_other_content"] == pytest.approx(48 / 59 * 2 / 9, rel=0.3)
    assert result.details["notes"] == []
    dead = measure(ONE_HOT, POSE, functions=replace(functions, decode=half), images=60)
    made = dead.details["parts"]["all_rows"]["reconstruction"]
    assert made["mse"] == pytest.approx(made["mse_with_other_content"]) == pytest.approx((0.8**2 + 4 * 0.2**2) / 9)
    assert any("decoder" in note for note in dead.details["notes"])


def test_the_posterior_is_the_noise_where_there_is_one():
    leaky = smooth(np.concatenate([POSE, ONE_HOT], 1), 1)
    logvar = np.full((240, 13), -12.0)
    assert (
        best(measure(smooth(ONE_HOT), leaky, logvar=logvar).details["parts"]["all_rows"], "class_from_content", "noisy")
        == 1
    )
    logvar[:, 4 + 5 :] = 6.0  # of the columns that leak
    result = measure(smooth(ONE_HOT), leaky, logvar=logvar)
    assert result.score == 1
    assert result.details["noise_is"] == "a draw of the posterior"
    assert best(result.details["parts"]["all_rows"], "class_from_content", "noisy") < 0.45
    trained = points(noise=0.5)
    assert measure(smooth(ONE_HOT), leaky, trained).details["noise_is"] == "standard deviation 0.5, as in training"


# ---- parts


def test_held_out_rows_and_classes_are_apart():
    """A class code that names the trained classes only; a content code that leaks on held-out rows only."""
    rng = np.random.default_rng(0)
    factors = grid_factors(6, 5, 12)
    trained = (rng.random(360) < 0.8) & (factors[:, 0] < 4)
    images = np.bincount(factors[trained, 0], minlength=6)
    where = points(factors, width=6, rows=trained, images=images)
    own = np.eye(6)[factors[:, 0]] * (factors[:, :1] < 4)
    result = measure(smooth(own), smooth(np.eye(5)[factors[:, 1]], 1), where)
    parts = result.details["parts"]
    assert list(parts) == ["training", "held_out_rows", "held_out_classes"]
    assert [part["rows"] for part in parts.values()] == [trained.sum(), 240 - trained.sum(), 120]
    assert [part["classes"] for part in parts.values()] == [4, 4, 2]
    assert "rows trained on" in parts["held_out_rows"]["probes_trained_on"]
    assert best(parts["training"], "class_from_class") == 1
    assert best(parts["held_out_rows"], "class_from_class") == 1
    assert best(parts["held_out_classes"], "class_from_class") < 0.75
    assert parts["held_out_classes"]["class_from_class"]["chance"] == 0.5
    assert "rows trained on" in result.details["score_is"]
    assert result.score == result.per_factor["training class_from_content"]


def test_held_out_rows_alone():
    result = measure(smooth(ONE_HOT), smooth(POSE), points(rows=np.zeros(240, bool)))
    assert list(result.details["parts"]) == ["held_out_rows"]
    assert "not trained on" in result.details["score_is"]


def test_classes_of_a_single_image_are_told_and_left_out():
    factors = np.concatenate([FACTORS[:120], [[7, 0, 0]], [[8, 1, 1]]])
    code = np.concatenate([ONE_HOT[:120], np.ones((2, 4))])
    result = measure(code, noise((122, 2)), points(factors))
    assert result.details["classes_left_out"] == {"all_rows": 2}
    assert any("2 classes" in note for note in result.details["notes"])
    assert (result.details["parts"]["all_rows"]["rows"], result.details["parts"]["all_rows"]["classes"]) == (120, 2)
    with pytest.raises(DataMismatch, match="two classes"):
        measure(np.eye(4), noise((4, 2)), points(np.stack([np.arange(4), np.arange(4) % 2], 1), ("shape", "pose")))


def test_what_follows_from_the_class_is_no_content():
    factors = np.concatenate([FACTORS, FACTORS[:, :1] // 2, np.zeros((240, 1), int)], 1)
    where = points(factors, ("shape", "pose", "light", "family", "same"))
    part = measure(smooth(ONE_HOT), smooth(POSE), where).details["parts"]["all_rows"]
    assert part["content_from_content"]["clean"]["mlp"]["per_factor"].keys() == {"pose", "light"}
    alone = points(FACTORS[:, :1], ("shape",))
    result = measure(smooth(ONE_HOT), smooth(POSE), alone)
    assert "content_from_content" not in result.details["parts"]["all_rows"]
    assert any("other factor" in note for note in result.details["notes"])


def test_several_factors_are_the_class():
    result = measure(smooth(ONE_HOT), smooth(POSE), class_factor="shape+pose")
    part = result.details["parts"]["all_rows"]
    assert (result.details["class_factor"], part["classes"]) == ("shape+pose", 20)
    assert part["content_from_content"]["clean"]["mlp"]["per_factor"].keys() == {"light"}


def test_few_rows_of_many_are_balanced():
    """Classes of 400, 100, 40 and 3 images; 150 rows: as many of each as there are, or 53."""
    classes = np.repeat(np.arange(4), [400, 100, 40, 3])
    factors = np.stack([classes, np.arange(543) % 5], 1)
    where = points(factors, ("shape", "pose"))
    drawn = leakage.draw(where, replace(Leakage(), rows=150), 0)
    assert np.bincount(classes[drawn.rows]).tolist() == [53, 53, 40, 3]
    many = np.stack([np.arange(3000) % 100, np.arange(3000) % 7], 1)
    drawn = leakage.draw(points(many, ("shape", "pose")), replace(Leakage(), rows=100), 0)
    assert np.bincount(many[drawn.rows, 0])[np.unique(many[drawn.rows, 0])].tolist() == [10] * 10


def test_dimensions_may_be_named():
    mixed = np.concatenate([smooth(POSE), smooth(ONE_HOT)], 1)
    where = replace(DataRows.from_factors(FACTORS, ("shape", "pose", "light")))
    drawn = leakage.draw(where, replace(Leakage(seeds=1), class_factor="shape", class_dims="5-7,8"), 0)
    result = leakage.score(drawn, codes_of(mixed), ModelFunctions())
    assert best(result.details["parts"]["all_rows"], "class_from_class") == 1
    assert result.score < 0.45
    for bad in ("5-", "a", "", "7-5", "1,,2"):
        with pytest.raises(WrongUsage, match="class_dims"):
            leakage.draw(where, replace(Leakage(), class_factor="shape", class_dims=bad), 0)
    for bad in ("9", "0-8"):
        with pytest.raises(WrongUsage, match="0 to 8"):
            cut(bad, 9)


# ---- probes


def test_the_split_keeps_every_class_on_both_sides():
    classes = np.repeat(np.arange(4), [2, 3, 10, 101])
    train, test = probe_classifiers.split(classes, 0.2, np.random.default_rng(0))
    assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(116))
    assert np.bincount(classes[test]).tolist() == [1, 1, 2, 20]


def test_standardised_by_the_training_rows():
    train, test = noise((50, 3)) * 4 + 7, noise((20, 3), 1)
    train[:, 2] = test[:, 2] = 1e6 + 0.1
    test[0, 2] = 5
    ready, other = probe_classifiers.standardised_as_float32(train, test)
    np.testing.assert_allclose(other[:, :2], (test - train.mean(0))[:, :2] / train.std(0)[:2], rtol=1e-5, atol=1e-6)
    assert (ready[:, 2] == 0).all() and (other[:, 2] == 0).all()


def test_accuracies_are_shares_of_right_answers():
    """Labels that the test rows contradict: a probe that has learnt the rule is wrong on all others."""
    code = np.eye(4)[FACTORS[:, 0]]
    held = np.arange(200, 240)
    labels = FACTORS[:, 0].copy()
    labels[held] = (labels[held] + 1) % 4
    options = replace(Leakage(), seeds=1, epochs=20)
    targets = {"class": {"shape": labels}, "content": {}}
    codes = {"class": code, "content": noise((240, 2))}
    rows = np.arange(200)
    on_test, on_others = accuracies(codes, 1.0, targets, rows, held, options, 0, lambda: None)
    assert on_test["class_from_class"]["clean"]["logistic"]["mean"] == 1
    assert on_others["class_from_class"]["clean"]["logistic"]["mean"] == 0
    assert on_others["class_from_class"]["majority"] == 1  # they are all said to be of class 0, the most frequent
    assert on_test.keys() == {"class_from_content", "class_from_class"}


# ---- bad input


def test_bad_input():
    with pytest.raises(UnknownName, match="'shap'"):
        measure(ONE_HOT, POSE, class_factor="shap")
    with pytest.raises(UnknownName, match="pse"):
        measure(ONE_HOT, POSE, class_factor="shape+pse")
    plain = DataRows.from_factors(FACTORS, ("shape", "pose", "light"))
    with pytest.raises(WrongUsage, match="class_factor=NAME"):
        leakage.draw(plain, Leakage(), 0)
    with pytest.raises(DataMismatch, match="class_dims=0-3"):
        leakage.draw(plain, Leakage(class_factor="shape"), 0)
    with pytest.raises(NoFactors, match="leakage"):
        leakage.draw(DataRows(10), Leakage(), 0)
    bad = POSE.copy()
    bad[3, 0] = np.nan
    with pytest.raises(DataMismatch, match="1 of 240"):
        measure(ONE_HOT, bad)
    for name, value in (("seeds", 0), ("test_share", 1.0), ("noise", -1), ("penalty", 0), ("rows", 1), ("epochs", 0)):
        with pytest.raises(WrongUsage, match=name):
            Leakage(**{name: value})
    with pytest.raises(UnknownName, match="protocol"):
        leakage.draw(points(), Leakage("other"), 0)
