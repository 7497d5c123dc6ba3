"""Unsupervised disentanglement ranking: made models with known answers, and every bad input."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from metric_cases import codes_of, grid_factors, noise, udr
from scipy.stats import rankdata

from disentool.errors import DataMismatch, UnknownName, WrongUsage
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import DataRows
from disentool.scoring.model_functions import ModelFunctions

GRID = grid_factors(5, 6, 7) - np.array([2.0, 2.5, 3.0])
ROTATION = np.linalg.qr(noise((3, 3), 1))[0]
BOTH = pytest.mark.parametrize("protocol", ["lasso", "spearman"])


def ranked(models, protocol="lasso", seed=0, functions=None, **changes):
    """Scores of codes (arrays, or Codes), whose posteriors are narrow enough for every dimension to count."""
    models = [m if isinstance(m, Codes) else codes_of(m, np.full(m.shape, -3.0)) for m in models]
    drawn = udr.draw(DataRows(len(models[0].rows)), replace(udr.facts.protocols[protocol], **changes), seed)
    return udr.score_models(drawn, models, functions or ModelFunctions())


@BOTH
def test_signed_permutations_of_one_model_agree(protocol):
    models = [GRID, -GRID[:, [2, 0, 1]], GRID[:, [1, 0, 2]] * [2, -3, 0.5]]
    for result in ranked(models, protocol):
        # a dimension predicts its twin with coefficient 1 - alpha, and nothing else: max^2 / sum
        assert result.score == pytest.approx(0.9 if protocol == "lasso" else 1.0, abs=1e-3)


@BOTH
def test_a_rotated_model_ranks_last(protocol):
    results = ranked([GRID, -GRID[:, [2, 0, 1]], GRID @ ROTATION, GRID[:, [1, 0, 2]]], protocol)
    scores = [result.score for result in results]
    assert np.argmin(scores) == 2
    assert scores[2] < 0.75 * min(scores[0], scores[1], scores[3])
    assert [result.details["model"] for result in results] == [0, 1, 2, 3]
    assert len(results[0].details["with_each_other"]) == 3


@BOTH
def test_pairs_are_seen_from_both_sides(protocol):
    first, second = ranked([GRID, GRID @ ROTATION], protocol)
    if protocol == "spearman":
        assert first.score == pytest.approx(second.score)
    assert first.details["with_each_other"] == [first.score]


def test_dimensions_without_information_are_left_out():
    with_noise = np.column_stack([GRID, 0.01 * noise(len(GRID))])
    logvar = np.column_stack([np.full(GRID.shape, -3.0), np.zeros(len(GRID))])
    dead = codes_of(with_noise, logvar)
    one, two = ranked([dead, GRID])
    assert one.details["informative_dimensions"] == [0, 1, 2]
    assert one.score == pytest.approx(0.9, abs=1e-3)
    everything, _ = ranked([dead, GRID], keep_kl=None)
    assert everything.details["informative_dimensions"] == [0, 1, 2, 3]
    # over its own four dimensions the dead one counts 0, over the other's three it is not seen
    assert everything.score == pytest.approx(0.9 * (3 / 4 + 1) / 2, abs=1e-3)
    assert everything.details["changed_options"] == ["keep_kl"]
    assert two.details["informative_dimensions"] == [0, 1, 2]


def test_a_collapsed_model_scores_zero():
    collapsed = codes_of(np.zeros(GRID.shape), np.zeros(GRID.shape))
    one, two, three = ranked([GRID, collapsed, GRID])
    assert two.score == 0
    assert "collapsed" in two.details["notes"][-1]
    assert one.score == pytest.approx(0.45, abs=1e-3)  # the median of 0 and 0.9
    assert three.score == one.score


def test_without_posteriors_every_dimension_counts():
    results = ranked([codes_of(GRID), codes_of(GRID)])
    assert results[0].score == pytest.approx(0.9, abs=1e-3)
    assert "model 0" in results[0].details["notes"][0]
    assert json.loads(json.dumps(results[0].details, allow_nan=False)) == results[0].details


def test_models_may_differ_in_width():
    results = ranked([GRID, np.column_stack([GRID, noise(len(GRID))])])
    assert all(0 <= result.score <= 1 for result in results)


def test_rows_are_the_same_for_every_model():
    points = DataRows(5000)
    drawn = udr.draw(points, udr.facts.protocols["lasso"], 3)
    assert len(drawn.rows) == 1000
    np.testing.assert_array_equal(drawn.rows, udr.draw(points, udr.facts.protocols["lasso"], 3, codes_ready=True).rows)
    assert udr.draw(points, udr.facts.protocols["exact"], 3).rows is None
    mean = noise((5000, 3))
    whole = codes_of(mean)
    few = Codes(drawn.rows, mean[drawn.rows].astype(np.float32))
    scores = [result.score for result in udr.score_models(drawn, [whole, few], ModelFunctions())]
    assert scores == pytest.approx([0.9, 0.9], abs=1e-3)


def test_progress_counts_pairs():
    seen = []
    ranked([GRID] * 3, functions=ModelFunctions(progress=lambda done, total: seen.append((done, total))))
    assert seen == [(i, 6) for i in range(1, 7)]


# Bad input


def test_a_single_model():
    with pytest.raises(DataMismatch, match="seeds"):
        ranked([GRID])


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_values_that_are_not_finite(value):
    bad = GRID.copy()
    bad[[1, 4], 0] = value
    with pytest.raises(DataMismatch, match="model 1"):
        ranked([GRID, bad])
    with pytest.raises(DataMismatch, match="logvar"):
        ranked([GRID, codes_of(GRID, bad.astype(np.float32))])


def test_codes_of_other_data():
    with pytest.raises(DataMismatch, match="100 rows"):
        ranked([GRID, GRID[:100]])


@pytest.mark.parametrize("wrong", [{"similarity": "other"}, {"penalty": -1}, {"zero_kl": -1}, {"rows": 1}])
def test_options_that_cannot_be(wrong):
    with pytest.raises(WrongUsage, match=next(iter(wrong))):
        replace(udr.facts.protocols["lasso"], **wrong)


def test_unknown_protocol():
    with pytest.raises(UnknownName, match="lasso"):
        udr.draw(DataRows(5), replace(udr.facts.protocols["lasso"], protocol="lassso"), 0)


def test_the_papers_average_counts_every_dimension_alike():
    """(sum_b r_b^2 / sum_a R + sum_a r_a^2 / sum_b R) / (d_a + d_b), written out with loops."""
    wide = np.column_stack([GRID, GRID + 0.5 * noise(GRID.shape), noise(GRID.shape, 2)]).astype(np.float32)[:, 1:7]
    models = [GRID.astype(np.float32), wide]
    ranks = [np.apply_along_axis(rankdata, 0, model) for model in models]
    relation = np.abs([[np.corrcoef(a, b)[0, 1] for b in ranks[1].T] for a in ranks[0].T])
    parts = [max(row) ** 2 / sum(row) for row in relation] + [max(row) ** 2 / sum(row) for row in relation.T]
    paper, _ = ranked(models, "paper", similarity="spearman")
    assert paper.score == pytest.approx(sum(parts) / (3 + 6))
    sides, _ = ranked(models, "spearman")
    assert sides.score == pytest.approx((np.mean(parts[:3]) + np.mean(parts[3:])) / 2)
    assert udr.facts.protocols["paper"].average == "dimensions"
