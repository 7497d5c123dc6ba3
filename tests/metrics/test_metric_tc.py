"""Total correlation and Chen et al.'s MIG: closed forms, enumeration, and every bad input."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from metric_cases import evaluate, grid_factors, mig, noise, tc
from scipy.special import logsumexp

from disentool.errors import DataMismatch, UnknownName, WrongUsage
from disentool.nn.mixture import log_density
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import DataRows
from disentool.scoring.model_functions import ModelFunctions, of_codes

ON_CPU = of_codes("cpu")


def plain_log_q(z, mean, logvar, progress=None):
    """log q(z) and log q(z_j), in float64, everything at once."""
    logs = -0.5 * ((z[:, None] - mean) ** 2 / np.exp(logvar.astype(float)) + logvar + math.log(2 * math.pi))
    return logsumexp(logs.sum(2), axis=1) - math.log(len(mean)), logsumexp(logs, axis=1) - math.log(len(mean))


PLAIN = ModelFunctions(log_q=plain_log_q)


def measured(mean, logvar, protocol="mixture", seed=0, functions=ON_CPU, **changes):
    return evaluate(tc, None, mean, protocol, seed, functions, np.asarray(logvar, np.float32), **changes)


@pytest.mark.parametrize(("components", "many", "size"), [(1, 3, 2), (200, 50, 3), (1000, 9, 10), (3000, 20, 1)])
def test_the_mixture_agrees_with_a_plain_statement(components, many, size):
    mean = noise((components, size)).astype(np.float32)
    logvar = (2 * noise((components, size), 1) - 3).astype(np.float32)
    z = (2 * noise((many, size), 2)).astype(np.float32)
    joint, marginals = ON_CPU.log_q(z, mean, logvar)
    wanted = plain_log_q(z.astype(float), mean.astype(float), logvar)
    assert joint == pytest.approx(wanted[0], rel=1e-5, abs=1e-4)
    assert marginals == pytest.approx(wanted[1], rel=1e-5, abs=1e-4)
    assert joint.dtype == marginals.dtype == np.float64


def test_blocks_do_not_matter(monkeypatch):
    mean, logvar, z = (torch.from_numpy(noise(shape).astype(np.float32)) for shape in ((300, 4), (300, 4), (33, 4)))
    calls = []
    whole = log_density(z, mean, logvar)
    monkeypatch.setattr("disentool.nn.mixture.ELEMENTS", 300)
    parts = log_density(z, mean, logvar, lambda done, total: calls.append((done, total)))
    for one, two in zip(whole, parts, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-4)
    assert calls[-1][0] == calls[-1][1] > 64


def test_narrow_and_wide_components_together():
    """Standard deviations from 1e-6 to 1e3: nothing overflows, and the rare density counts."""
    logvar = np.log(np.array([[1e-12, 1e6], [1e6, 1e-12], [1.0, 1.0]])).astype(np.float32)
    mean = np.array([[0, 0], [5, 5], [100, -100]], np.float32)
    z = np.array([[0, 3], [5, 5], [100, -99], [1000, 0]], np.float32)
    wanted = plain_log_q(z.astype(float), mean.astype(float), logvar)
    joint, marginals = ON_CPU.log_q(z, mean, logvar)
    assert joint == pytest.approx(wanted[0], rel=1e-3, abs=1e-2)
    assert marginals == pytest.approx(wanted[1], rel=1e-3, abs=1e-2)


# The true total correlation


def test_a_gaussian_aggregate_has_a_closed_form():
    """Many correlated Gaussian means under a constant posterior variance make a Gaussian q(z): -1/2 log(1 - rho^2)."""
    rho, inner = 0.8, 0.15
    covariance = np.array([[1, rho], [rho, 1]]) - inner * np.eye(2)
    mean = np.random.default_rng(0).multivariate_normal([0, 0], covariance, size=4000)
    result = measured(mean, np.full(mean.shape, math.log(inner)), samples=4000)
    truth = -0.5 * math.log(1 - rho**2)
    assert result.interval[0] - 0.02 < truth < result.interval[1] + 0.02  # 4,000 means are not quite the Gaussian
    assert result.details["standard_error"] < 0.015
    assert result.details["estimates"]["gaussian"] == pytest.approx(truth, abs=0.03)
    assert result.details["entropy"] == pytest.approx(
        math.log(2 * math.pi * math.e) + 0.5 * math.log(1 - rho**2), abs=0.05
    )


def test_a_discrete_aggregate_can_be_enumerated():
    """Posteriors so narrow that z names its component: TC is that of the discrete means, here log 3 exactly."""
    diagonal = np.repeat(10.0 * np.arange(3), 50)
    result = measured(np.column_stack([diagonal, diagonal]), np.full((150, 2), -8.0))
    assert result.score == pytest.approx(math.log(3), abs=1e-4)
    skewed = np.array([[0, 0], [0, 10], [10, 0], [0, 0]], float).repeat(30, axis=0)
    p = np.array([[0.5, 0.25], [0.25, 0.0]])
    p = p / p.sum()
    truth = sum(p[i, j] * math.log(p[i, j] / p[i].sum() / p[:, j].sum()) for i in (0, 1) for j in (0, 1) if p[i, j])
    result = measured(skewed, np.full((120, 2), -8.0), samples=20_000)
    assert abs(result.score - truth) < 3 * result.details["standard_error"]


@pytest.mark.parametrize("narrow", [-6.0, 0.0])
def test_an_independent_aggregate_has_none(narrow):
    grid = 3.0 * grid_factors(8, 8)
    result = measured(grid, np.full(grid.shape, narrow))
    assert result.score == pytest.approx(0, abs=1e-4)
    assert result.details["estimates"]["gaussian"] == pytest.approx(0, abs=1e-6)


def test_a_collapsed_posterior_has_none():
    assert measured(np.zeros((50, 3)), np.zeros((50, 3))).score == pytest.approx(0, abs=1e-5)


def test_it_sees_what_correlation_does_not():
    """A circle: uncorrelated, but not independent."""
    angle = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    result = measured(np.column_stack([np.cos(angle), np.sin(angle)]), np.full((500, 2), -5.0))
    assert result.details["estimates"]["gaussian"] == pytest.approx(0, abs=1e-6)
    assert result.score > 0.5


def test_device_and_plain_statement_agree_sample_by_sample():
    mean, logvar = noise((400, 3)), 0.5 * noise((400, 3), 1) - 2
    one, two = measured(mean, logvar), measured(mean, logvar, functions=PLAIN)
    assert one.score == pytest.approx(two.score, abs=1e-4)
    assert one.details["marginal_entropies"] == pytest.approx(two.details["marginal_entropies"], abs=1e-4)
    assert json.loads(json.dumps(one.details, allow_nan=False)) == one.details


def test_error_falls_with_the_root_of_the_samples():
    mean, logvar = noise((300, 2)) @ [[1, 0.9], [0, 0.4]], np.full((300, 2), -2.0)
    few, many = (measured(mean, logvar, samples=count) for count in (500, 8000))
    assert few.details["standard_error"] / many.details["standard_error"] == pytest.approx(4, rel=0.2)
    assert few.interval[0] < many.score < few.interval[1]
    assert measured(mean, logvar) == measured(mean, logvar)
    assert measured(mean, logvar, seed=1).score != measured(mean, logvar).score


# The other estimates


def test_the_discriminator_is_averaged_over_q():
    mean, logvar = noise((500, 2)), np.full((500, 2), -1.0)
    functions = replace(ON_CPU, density_ratio=lambda z: 3 + z[:, 0].astype(float))
    result = measured(mean, logvar, "discriminator", functions=functions)
    assert result.score == pytest.approx(3 + mean[:, 0].mean(), abs=0.05)
    assert result.details["estimates"]["mixture"] is None
    both = measured(mean, logvar, functions=functions)
    assert both.details["estimates"]["discriminator"] == pytest.approx(3, abs=0.15)
    assert both.score == both.details["estimates"]["mixture"] == pytest.approx(0, abs=0.2)
    with pytest.raises(DataMismatch, match="a checkpoint whose method has a discriminator"):
        measured(mean, logvar, "discriminator")


def test_gaussian_has_no_samples():
    result = measured(noise((500, 2)) @ [[1, 1], [0, 1]], np.full((500, 2), -30.0), "gaussian", rows=None)
    assert result.score == pytest.approx(-0.5 * math.log(0.5), abs=0.05)
    assert result.interval is None
    infinite = measured(np.column_stack([np.arange(50)] * 2), np.full((50, 2), -200.0), "gaussian", rows=None)
    assert infinite.score == math.inf or infinite.score > 15


# Bad input


def test_codes_without_a_posterior():
    with pytest.raises(DataMismatch, match="tc needs logvar"):
        evaluate(tc, None, noise((50, 2)), functions=ON_CPU)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_values_that_are_not_finite(value):
    good = noise((50, 2))
    bad = good.copy()
    bad[[1, 4], 0] = value
    for mean, logvar in ((bad, good), (good, bad)):
        with pytest.raises(DataMismatch, match="2 of 50 rows"):
            measured(mean, logvar)


def test_options_that_cannot_be():
    with pytest.raises(WrongUsage, match="samples"):
        replace(tc.facts.protocols["mixture"], samples=1)
    with pytest.raises(WrongUsage, match="all rows"):
        measured(noise((50, 2)), noise((50, 2)), rows=10)
    with pytest.raises(UnknownName, match="mixture"):
        tc.draw(DataRows(5), replace(tc.facts.protocols["mixture"], protocol="mixed"), 0)


def test_all_rows_for_the_mixture_and_a_subset_for_the_rest():
    points = DataRows(50_000)
    assert tc.draw(points, tc.facts.protocols["mixture"], 0).rows is None
    for name in ("discriminator", "gaussian"):
        assert len(tc.draw(points, tc.facts.protocols[name], 0).rows) == 10_000


# MIG by mixtures


def test_chen_agrees_with_the_binned_one_on_a_clear_code():
    """Values far apart under narrow posteriors: both count the factor's values, H(v) nats."""
    factors = grid_factors(4, 5)
    result = evaluate(
        mig, factors, 10.0 * factors, "chen", functions=ON_CPU, logvar=np.full((20, 2), -6.0), samples=5000
    )
    assert result.score == pytest.approx(1, abs=0.03)
    matrix = np.array(result.details["mutual_information"])
    assert matrix == pytest.approx(np.diag(np.log([4, 5])), abs=0.05)


def test_chen_agrees_with_an_integral():
    """One dimension, two equal values of a factor at -1 and 1 under unit variance: I = H(mixture) - H(normal)."""
    grid = np.linspace(-12, 12, 100_001)
    density = 0.5 * sum(np.exp(-0.5 * (grid - m) ** 2) / math.sqrt(2 * math.pi) for m in (-1, 1))
    truth = -(density * np.log(density)).sum() * (grid[1] - grid[0]) - 0.5 * math.log(2 * math.pi * math.e)
    labels = np.repeat([0, 1], 30)[:, None]
    mean = np.where(labels, 1.0, -1.0)
    result = evaluate(mig, labels, mean, "chen", functions=ON_CPU, logvar=np.zeros((60, 1)), samples=50_000)
    assert result.details["mutual_information"][0][0] == pytest.approx(truth, abs=0.02)


def test_chen_leaves_out_shape():
    factors = grid_factors(2, 3)
    points = DataRows.from_factors(factors, names=["shape", "scale"])
    functions = {"functions": ON_CPU, "logvar": np.full((6, 2), -6.0), "points": points, "samples": 50}
    assert list(evaluate(mig, factors, 10.0 * factors, "chen", **functions).per_factor) == ["scale"]
    both = evaluate(mig, factors, 10.0 * factors, "chen", without="none", **functions)
    assert list(both.per_factor) == ["shape", "scale"]
    with pytest.raises(DataMismatch, match="without=none keeps all"):
        evaluate(mig, factors, 10.0 * factors, "chen", without="shape,scale", **functions)
    with pytest.raises(DataMismatch, match="logvar"):
        evaluate(mig, factors, 10.0 * factors, "chen", functions=ON_CPU)


def test_a_table_without_a_device():
    codes = Codes(np.arange(4), np.zeros((4, 2)), np.zeros((4, 2)))
    with pytest.raises(DataMismatch, match="a function for mixtures"):
        tc.score(tc.draw(DataRows(4), tc.facts.protocols["mixture"], 0), codes, ModelFunctions())
