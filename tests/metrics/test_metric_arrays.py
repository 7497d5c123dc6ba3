"""Metrics called from Python: functions of arrays, and one door to all of them."""

import numpy as np
import pytest
from metric_cases import evaluate, grid_factors, metric_of, noise

from disentool.api.scoring import score
from disentool.errors import DataMismatch, NoFactors, UnknownName, WrongUsage
from disentool.metrics import METRICS
from disentool.metrics.arrays import standardised
from disentool.metrics.dci_lasso import dci_lasso
from disentool.metrics.factor import factor
from disentool.metrics.mig import mig
from disentool.metrics.result import Result

FACTORS = grid_factors(4, 5, 6)
CODES = FACTORS + 0.05 * noise(FACTORS.shape)


@pytest.mark.parametrize(
    ("name", "constants"),
    [
        ("factor", {"votes": 100}),
        ("higgins", {"train_points": 200, "test_points": 100, "classifier": "logistic"}),
        ("mig", {"bins": 10}),
        ("sap", {"mode": "continuous"}),
        ("dci-lasso", {"train_rows": 80, "test_rows": 40}),
        ("wasserstein", {"normalise": True}),
    ],
)
def test_the_same_as_a_plan_and_its_score(name, constants):
    direct = evaluate(metric_of(name), FACTORS, CODES, seed=3, **constants)
    result = score(CODES, FACTORS, name, seed=3, constants=constants)
    assert (result.score, result.interval, result.per_factor) == (direct.score, direct.interval, direct.per_factor)
    assert result.protocol == METRICS[name].default
    assert set(result.details["changed_options"]) == constants.keys()


def test_posteriors_names_and_intervals():
    result = score(CODES, metric="kl", logvar=np.zeros(CODES.shape))
    assert result.score == pytest.approx(0.5 * np.square(CODES).sum(axis=1).mean(), rel=1e-5)
    named = score(CODES, FACTORS, "mig", factor_names=["a", "b", "c"], bootstrap=20)
    assert named.per_factor.keys() == {"a", "b", "c"}
    assert named.interval[0] <= named.score <= named.interval[1] <= 1


def test_labels_of_any_kind():
    plain = score(CODES, FACTORS)
    assert score(CODES, FACTORS * 7.5 - 3).score == plain.score


@pytest.mark.parametrize(
    ("error", "arguments", "words"),
    [
        (NoFactors, (CODES, None, "mig"), "labels"),
        (DataMismatch, (CODES[0], FACTORS), "float64"),
        (DataMismatch, (CODES[:50], FACTORS), "50 rows"),
        (DataMismatch, (np.where(CODES > 3, np.nan, CODES), FACTORS), "NaN"),
        (DataMismatch, (CODES, None, "kl"), "logvar"),
        (UnknownName, (CODES, FACTORS, "mgi"), "mig"),
        (DataMismatch, (CODES, FACTORS, "udr"), "models"),
        (WrongUsage, (CODES, FACTORS, "all"), "several"),
        (WrongUsage, (CODES, FACTORS, "mig,sap"), "several"),
        (DataMismatch, (CODES, FACTORS, "elbo"), "decoder"),
    ],
)
def test_what_cannot_be_scored_is_refused(error, arguments, words):
    with pytest.raises(error, match=words):
        score(*arguments)


@pytest.mark.parametrize(
    ("constants", "words"),
    [({"bins": 1}, "bins=1"), ({"bins": 1.5}, "whole number"), ({"bin": 2}, "bins")],
)
def test_constants_that_cannot_be_are_refused(constants, words):
    with pytest.raises(WrongUsage, match=words):
        score(CODES, FACTORS, constants=constants)


def test_functions_take_arrays_alone():
    result = mig(CODES, FACTORS)
    assert isinstance(result, Result)
    assert (result.protocol, result.interval) == ("", None)
    assert result.score == score(CODES.astype(np.float32), FACTORS).score
    assert result.per_factor.keys() == {"factor_0", "factor_1", "factor_2"}


def test_a_vote_is_of_the_dimension_that_stays():
    """Two factors, each held fixed in one of two votes."""
    codes = FACTORS[:, :2].astype(np.float32)
    held = np.array([0, 1])
    groups = np.array([np.flatnonzero(FACTORS[:, k] == 1)[:24] for k in held])
    assert factor(codes, groups, held).score == 1
    assert factor(codes[:, :1], groups, held).score == 0.5


def test_test_rows_are_other_rows():
    order = np.random.default_rng(0).permutation(len(CODES))
    train, test = order[:80], order[80:]
    result = dci_lasso(CODES[train], FACTORS[train], CODES[test], FACTORS[test])
    assert result.score > 0.9
    assert result.details["informativeness"] != result.details["informativeness_train"]


@pytest.mark.parametrize(
    ("codes", "factors", "error", "words"),
    [
        (CODES[:, 0], FACTORS, DataMismatch, r"\[120\]"),
        (CODES, FACTORS[:50], DataMismatch, r"\[50, 3\]"),
        (CODES, FACTORS.astype(float), DataMismatch, "float64"),
        (CODES, FACTORS - 1, DataMismatch, "negative"),
        (CODES, np.zeros((120, 2), int), DataMismatch, "factors 0, 1"),
        (np.full((120, 2), np.inf), FACTORS, DataMismatch, "120 of 120"),
        (CODES, FACTORS[:, :0], NoFactors, "columns"),
    ],
)
def test_arrays_that_do_not_fit(codes, factors, error, words):
    with pytest.raises(error, match=words):
        mig(codes, factors)


def test_standardised():
    train, test = np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([[5.0, 6.0]])
    ready, other = standardised(train, test)
    assert ready.tolist() == [[-1, 0], [1, 0]]
    assert other.tolist() == [[3, 0]]
    ready, same = standardised(train, train)
    assert same is ready


def test_rows_that_no_metric_draws_are_checked_too():
    odd = np.where(np.arange(len(CODES))[:, None] == 7, np.nan, CODES)
    with pytest.raises(DataMismatch, match="1 of 120"):
        score(odd, FACTORS, "wasserstein", protocol="dlib", constants={"rows": 2})


@pytest.mark.parametrize(
    ("groups", "held", "words"),
    [
        (np.full((5, 3), 120), np.zeros(5, int), "row 120"),
        (np.zeros((5, 3), int), np.zeros(4, int), r"\[5, 3\]"),
        (np.full((5, 3), -1), np.zeros(5, int), "whole numbers"),
        (np.zeros((5, 3)), np.zeros(5, int), "whole numbers"),
    ],
)
def test_drawn_rows_that_do_not_fit_are_refused(groups, held, words):
    with pytest.raises(DataMismatch, match=words):
        factor(CODES, groups, held)
