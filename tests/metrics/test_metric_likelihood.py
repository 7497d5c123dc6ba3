"""Reconstruction, ELBO and KL: closed forms, the shared subset of rows, and every bad input."""

import json
import math

import numpy as np
import pytest
from metric_cases import elbo, kl, reconstruction

from disentool.errors import DataMismatch, WrongUsage
from disentool.metrics.constants.images import Subset
from disentool.metrics.kl import kl_to_standard_normal
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import DataRows

OPTIONS = Subset()
ALL = pytest.mark.parametrize("metric", [reconstruction, elbo, kl])


def some_codes(n=50, d=3, seed=0, **changed):
    rng = np.random.default_rng(seed)
    arrays = {
        "mean": rng.normal(size=(n, d)).astype(np.float32),
        "logvar": rng.normal(size=(n, d)).astype(np.float32),
        "reconstruction_nats": rng.gamma(5, size=n),
        "squared_error": rng.random(n),
    }
    return Codes(np.arange(n), **{**arrays, **changed})


def evaluate(metric, codes, options=OPTIONS, seed=0):
    return metric.score(metric.draw(DataRows(len(codes.rows)), options, seed), codes)


def test_kl_is_zero_at_the_prior():
    zeros = np.zeros((5, 4))
    result = evaluate(kl, some_codes(5, 4, mean=zeros, logvar=zeros))
    assert result.score == 0
    assert result.interval == (0, 0)
    assert result.details["kl_per_dimension"] == [0] * 4
    assert result.details["active_dimensions"] == []


def test_kl_closed_form():
    # mean 2, variance 1: 2; mean 0, variance e: (e - 2) / 2; the prior: 0
    mean = np.tile([2.0, 0, 0], (7, 1))
    logvar = np.tile([0, 1.0, 0], (7, 1))
    result = evaluate(kl, some_codes(7, 3, mean=mean, logvar=logvar))
    assert result.details["kl_per_dimension"] == pytest.approx([2, (math.e - 2) / 2, 0])
    assert result.score == pytest.approx(2 + (math.e - 2) / 2)
    assert result.details["active_dimensions"] == [0, 1]
    assert result.details["active_above"] == 0.01


def test_kl_agrees_with_an_integral():
    z = np.linspace(-20, 20, 200_001)
    for mean, logvar in ((0.5, -1.0), (-2.0, 1.5), (0.0, -4.0)):
        log_q = -0.5 * ((z - mean) ** 2 / math.exp(logvar) + logvar + math.log(2 * math.pi))
        log_p = -0.5 * (z**2 + math.log(2 * math.pi))
        integral = (np.exp(log_q) * (log_q - log_p)).sum() * (z[1] - z[0])
        assert kl_to_standard_normal(np.array([[mean]]), np.array([[logvar]]))[0, 0] == pytest.approx(integral)


def test_kl_keeps_its_digits_near_the_prior():
    value = kl_to_standard_normal(np.zeros((1, 1), np.float32), np.full((1, 1), 1e-6, np.float32))
    assert value.item() == pytest.approx(1e-12 / 4, rel=1e-4)
    assert value.dtype == np.float64


def test_reconstruction_is_the_mean_over_images():
    codes = some_codes(4, reconstruction_nats=[1.0, 2, 3, 6], squared_error=[0.1, 0.2, 0.3, 0.4])
    result = evaluate(reconstruction, codes)
    error = np.std([1, 2, 3, 6], ddof=1) / 2
    assert result.score == 3
    assert result.interval == pytest.approx((3 - 1.96 * error, 3 + 1.96 * error))
    assert result.details["standard_error"] == pytest.approx(error)
    assert result.details["mse"] == pytest.approx(0.25)
    assert result.details["rows"] == 4


def test_reconstruction_without_squared_error():
    assert evaluate(reconstruction, some_codes(squared_error=None)).details["mse"] is None


def test_elbo_is_minus_reconstruction_minus_kl():
    codes = some_codes()
    result = evaluate(elbo, codes)
    assert result.score == pytest.approx(-evaluate(reconstruction, codes).score - evaluate(kl, codes).score)
    assert result.details["kl"] == pytest.approx(evaluate(kl, codes).score)
    assert result.details["kl_per_dimension"] == pytest.approx(evaluate(kl, codes).details["kl_per_dimension"])
    per_image = codes.reconstruction_nats + kl_to_standard_normal(codes.mean, codes.logvar).sum(axis=1)
    assert result.details["standard_error"] == pytest.approx(per_image.std(ddof=1) / math.sqrt(50))


def test_elbo_of_an_exact_posterior_is_the_log_likelihood():
    # p(z) = N(0, 1), p(x|z) = N(z, 1): q(z|x) = N(x/2, 1/2) is exact, and averaged over z the bound is log N(x; 0, 2).
    rng = np.random.default_rng(0)
    x = rng.normal(scale=math.sqrt(2), size=20_000)
    z = x / 2 + math.sqrt(0.5) * rng.normal(size=x.size)
    nats = 0.5 * (x - z) ** 2 + 0.5 * math.log(2 * math.pi)
    codes = Codes(np.arange(x.size), x[:, None] / 2, np.full((x.size, 1), math.log(0.5)), nats)
    result = evaluate(elbo, codes, Subset(rows=20_000))
    likelihood = np.mean(-0.25 * x**2 - 0.5 * math.log(4 * math.pi))
    assert result.interval[0] < likelihood < result.interval[1]


@ALL
def test_subset_of_rows_is_seeded_and_shared(metric):
    points = DataRows(25_000)
    drawn = metric.draw(points, OPTIONS, 0)
    assert len(drawn.rows) == 10_000
    assert (np.diff(drawn.rows) > 0).all()
    np.testing.assert_array_equal(drawn.rows, kl.draw(points, OPTIONS, 0, codes_ready=True).rows)
    assert (drawn.rows != metric.draw(points, OPTIONS, 1).rows).any()
    assert metric.draw(DataRows(10_000), OPTIONS, 0).rows is None
    whole = some_codes(25_000)
    arrays = {name: getattr(whole, name)[drawn.rows] for name in ("mean", "logvar", "reconstruction_nats")}
    assert metric.score(drawn, Codes(drawn.rows, **arrays)).score == metric.score(drawn, whole).score
    assert metric.score(drawn, whole).details["rows"] == 10_000


@ALL
def test_result_is_plain_and_holds_its_score(metric):
    result = evaluate(metric, some_codes())
    assert result.protocol == next(iter(metric.facts.protocols)) == "subset"
    assert result.interval[0] < result.score < result.interval[1]
    assert json.loads(json.dumps(result.details, allow_nan=False)) == result.details


@ALL
def test_one_row_has_no_interval(metric):
    result = evaluate(metric, some_codes(1))
    assert result.interval is None
    assert result.details["standard_error"] is None


@ALL
def test_codes_of_other_data(metric):
    with pytest.raises(DataMismatch, match="50 rows"):
        metric.score(metric.draw(DataRows(49), OPTIONS, 0), some_codes())
    with pytest.raises(DataMismatch, match="lack"):
        metric.score(metric.draw(DataRows(1000), Subset(rows=100), 0), some_codes())


@pytest.mark.parametrize(
    ("metric", "missing"),
    [(reconstruction, "reconstruction_nats"), (elbo, "reconstruction_nats"), (elbo, "logvar"), (kl, "logvar")],
)
def test_what_is_missing_is_named(metric, missing):
    with pytest.raises(DataMismatch, match=missing):
        evaluate(metric, some_codes(**{missing: None}))


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize(
    ("metric", "array"),
    [
        (reconstruction, "reconstruction_nats"),
        (reconstruction, "squared_error"),
        (elbo, "reconstruction_nats"),
        (elbo, "logvar"),
        (kl, "mean"),
        (kl, "logvar"),
    ],
)
def test_values_that_are_not_finite(metric, array, value):
    codes = some_codes()
    bad = getattr(codes, array).copy()
    bad[[1, 4]] = value
    with pytest.raises(DataMismatch, match="2 of 50"):
        evaluate(metric, some_codes(**{array: bad}))


def test_kl_that_overflows():
    with pytest.raises(DataMismatch, match="KL"):
        evaluate(kl, some_codes(logvar=np.full((50, 3), 1e4)))


def test_options_and_seeds_that_cannot_be():
    with pytest.raises(WrongUsage, match="rows 0"):
        Subset(rows=0)
    with pytest.raises(WrongUsage, match="seed"):
        kl.draw(DataRows(5), OPTIONS, -1)


@pytest.mark.parametrize(("logvar", "words"), [(np.zeros((50, 3)), "sample"), (None, "no variance")])
def test_the_record_says_which_code_was_reconstructed(logvar, words):
    codes = Codes(np.arange(50), np.zeros((50, 3)), logvar, np.ones(50), np.ones(50))
    assert words in evaluate(reconstruction, codes).details["z"]
