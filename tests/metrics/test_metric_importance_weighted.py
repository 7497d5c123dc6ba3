"""Importance-weighted log p(x): an analytic linear-Gaussian model, streaming, and every bad input."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from metric_cases import likelihood, noise

from disentool.errors import DataMismatch, UnknownName, WrongUsage
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import DataRows
from disentool.scoring.drawing.posterior_samples import BLOCK
from disentool.scoring.drawing.seeded_subset import SubsetDraw
from disentool.scoring.model_functions import ModelFunctions

# p(z) = N(0, I), p(x|z) = N(W z, s^2 I): then p(x) = N(0, W W' + s^2 I), and the posterior is Gaussian
W = np.array([[1.0, 0.5], [0.0, 1.0], [0.7, -0.3]])
S = 0.6
COVARIANCE = W @ W.T + S**2 * np.eye(3)
X = np.random.default_rng(0).multivariate_normal(np.zeros(3), COVARIANCE, size=60)
TRUTH = -0.5 * (
    np.einsum("ni,ij,nj->n", X, np.linalg.inv(COVARIANCE), X)
    + np.linalg.slogdet(COVARIANCE)[1]
    + 3 * math.log(2 * math.pi)
)
PRECISION = np.eye(2) + W.T @ W / S**2
POSTERIOR_MEAN = X @ W @ np.linalg.inv(PRECISION).T / S**2


def log_likelihood(rows, z):
    error = X[rows][:, None] - z.astype(float) @ W.T
    return -0.5 * (error**2).sum(2) / S**2 - 1.5 * math.log(2 * math.pi * S**2)


FUNCTIONS = ModelFunctions(log_likelihood=log_likelihood)


def measured(mean=POSTERIOR_MEAN, logvar=None, seed=0, functions=FUNCTIONS, **changes):
    """By default q is the best factorised Gaussian: the posterior's mean, the inverse diagonal of its precision."""
    if logvar is None:
        logvar = np.broadcast_to(-np.log(np.diag(PRECISION)), mean.shape)
    options = replace(likelihood.facts.protocols["subset"], **changes)
    drawn = likelihood.draw(DataRows(len(mean)), options, seed)
    return likelihood.score(drawn, Codes(np.arange(len(mean)), mean, logvar), functions)


def test_it_converges_to_the_truth():
    result = measured(samples=2000)
    assert result.score == pytest.approx(TRUTH.mean(), abs=0.02)
    assert result.details["standard_error"] == pytest.approx(TRUTH.std(ddof=1) / math.sqrt(60), rel=0.02)
    assert result.interval[0] < TRUTH.mean() < result.interval[1]
    assert 0 < result.details["effective_samples"] < 2000


def test_more_samples_are_a_tighter_bound():
    wide = np.broadcast_to(1 - np.log(np.diag(PRECISION)), POSTERIOR_MEAN.shape)
    scores = [np.mean([measured(logvar=wide, samples=k, seed=s).score for s in range(5)]) for k in (1, 10, 100)]
    assert scores[0] + 0.1 < scores[1] < scores[2] < TRUTH.mean() + 0.01
    one = measured(samples=1)
    assert one.score == pytest.approx(one.details["elbo"])
    assert measured(logvar=wide, samples=300).details["elbo"] == pytest.approx(scores[0], abs=0.2)


def test_an_exact_posterior_needs_one_sample():
    """W with orthogonal columns has a factorised posterior: every weight is p(x) itself."""
    basis = np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    covariance = basis @ basis.T + S**2 * np.eye(3)
    truth = -0.5 * (
        np.einsum("ni,ij,nj->n", X, np.linalg.inv(covariance), X)
        + np.linalg.slogdet(covariance)[1]
        + 3 * math.log(2 * math.pi)
    )
    precision = 1 + (basis**2).sum(0) / S**2

    def exact(rows, z):
        error = X[rows][:, None] - z.astype(float) @ basis.T
        return -0.5 * (error**2).sum(2) / S**2 - 1.5 * math.log(2 * math.pi * S**2)

    mean = X @ basis / S**2 / precision
    result = measured(
        mean, np.broadcast_to(-np.log(precision), mean.shape), functions=ModelFunctions(log_likelihood=exact)
    )
    assert result.score == pytest.approx(truth.mean(), abs=1e-4)
    assert result.details["effective_samples"] == pytest.approx(100, rel=1e-4)


def test_agrees_with_a_plain_statement():
    """One image, K = 600, which is streamed in three blocks."""
    result = measured(samples=600)
    rng = np.random.default_rng((0, 4, 7))
    variance = 1 / np.diag(PRECISION)
    z = POSTERIOR_MEAN[7] + np.sqrt(variance) * rng.standard_normal((600, 2))
    log_p = -0.5 * ((X[7] - z @ W.T) ** 2).sum(1) / S**2 - 1.5 * math.log(2 * math.pi * S**2) - 0.5 * (z**2).sum(1)
    log_q = -0.5 * ((z - POSTERIOR_MEAN[7]) ** 2 / variance + np.log(variance)).sum(1)
    alone = likelihood.score(
        SubsetDraw(np.array([7]), 60, replace(likelihood.facts.protocols["subset"], samples=600), 0),
        Codes(np.arange(60), POSTERIOR_MEAN, np.broadcast_to(np.log(variance), POSTERIOR_MEAN.shape)),
        FUNCTIONS,
    )
    assert alone.score == pytest.approx(math.log(np.exp(log_p - log_q).mean()), abs=1e-5)
    assert alone.interval is None
    assert result.score != alone.score


def test_samples_are_streamed():
    sizes = []

    def watched(rows, z):
        sizes.append(z.shape[:2])
        return log_likelihood(rows, z)

    done = []
    functions = ModelFunctions(log_likelihood=watched, progress=lambda d, total: done.append((d, total)))
    measured(samples=1000, rows=10, functions=functions)
    assert max(b * k for b, k in sizes) <= BLOCK
    assert sum(b * k for b, k in sizes) == 10_000
    assert done[-1] == (10, 10)
    sizes.clear()
    measured(samples=10, rows=60, functions=functions)
    assert max(b for b, _ in sizes) == 25


def test_an_images_samples_are_its_own():
    """Whatever else is scored: the mean over all is the mean over two halves."""
    table = Codes(np.arange(60), POSTERIOR_MEAN, np.broadcast_to(-np.log(np.diag(PRECISION)), POSTERIOR_MEAN.shape))
    options = likelihood.facts.protocols["subset"]
    parts = [
        likelihood.score(SubsetDraw(np.arange(60)[half], 60, options, 0), table, FUNCTIONS).score
        for half in (slice(0, 30), slice(30, 60))
    ]
    assert measured().score == pytest.approx(np.mean(parts), abs=1e-9)
    assert measured() == measured()
    assert measured().score != measured(seed=1).score
    assert json.loads(json.dumps(measured().details, allow_nan=False)) == measured().details


# Bad input


def test_what_is_missing_is_named():
    with pytest.raises(DataMismatch, match="decoder"):
        measured(functions=ModelFunctions())
    drawn = likelihood.draw(DataRows(60), likelihood.facts.protocols["subset"], 0)
    with pytest.raises(DataMismatch, match="logvar"):
        likelihood.score(drawn, Codes(np.arange(60), POSTERIOR_MEAN), FUNCTIONS)


def test_values_that_are_not_finite():
    bad = noise((60, 2))
    bad[3] = np.nan
    with pytest.raises(DataMismatch, match="1 of 60"):
        measured(logvar=bad)
    with pytest.raises(DataMismatch, match="log likelihood"):
        measured(functions=ModelFunctions(log_likelihood=lambda rows, z: np.full(z.shape[:2], np.nan)))


def test_options_that_cannot_be():
    for wrong in ({"samples": 0}, {"rows": 0}):
        with pytest.raises(WrongUsage):
            replace(likelihood.facts.protocols["subset"], **wrong)
    with pytest.raises(UnknownName, match="subset"):
        likelihood.draw(DataRows(5), replace(likelihood.facts.protocols["subset"], protocol="subsets"), 0)
