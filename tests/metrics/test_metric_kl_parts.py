"""The two parts of the KL term, I(x; z) and KL(q(z) || p(z)): the decomposition, closed forms, and bad input."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from metric_cases import code_information, evaluate, kl, marginal_kl, noise, tc
from scipy.special import logsumexp

from disentool.errors import DataMismatch, WrongUsage
from disentool.metrics import code_information as information_module
from disentool.metrics import marginal_kl as marginal_module
from disentool.scoring.model_functions import ModelFunctions, of_codes

ON_CPU = of_codes("cpu")
PARTS = pytest.mark.parametrize("metric", [code_information, marginal_kl], ids=["information", "marginal"])


def ratio(z):
    """A made discriminator: log q(z) - sum_j log q(z_j), for the tests of sums."""
    return 0.1 * np.square(z).sum(axis=1) - 0.2


FUNCTIONS = replace(ON_CPU, density_ratio=ratio)


def measured(metric, mean, logvar, protocol="mixture", functions=FUNCTIONS, **changes):
    return evaluate(metric, None, mean, protocol, 0, functions, np.asarray(logvar, np.float32), **changes)


MEAN, LOGVAR = noise((300, 4)), 0.3 * noise((300, 4), 1) - 1.5


@pytest.mark.parametrize("protocol", ["mixture", "discriminator", "gaussian"])
def test_the_parts_add_up_to_the_kl(protocol):
    whole = evaluate(kl, None, MEAN, None, 0, None, LOGVAR.astype(np.float32)).score
    information = measured(code_information, MEAN, LOGVAR, protocol)
    marginal = measured(marginal_kl, MEAN, LOGVAR, protocol)
    assert information.score + marginal.score == pytest.approx(whole, rel=1e-12)
    assert information.details["kl"] == pytest.approx(whole, rel=1e-12)
    if protocol != "gaussian":
        assert information.details["standard_error"] == marginal.details["standard_error"] > 0
        assert information.interval[0] == pytest.approx(whole - marginal.interval[1])


@pytest.mark.parametrize("protocol", ["mixture", "discriminator"])
def test_the_marginal_part_is_the_total_correlation_and_the_kl_of_each_dimension(protocol):
    found = measured(marginal_kl, MEAN, LOGVAR, protocol)
    correlation = measured(tc, MEAN, LOGVAR, protocol).score
    assert found.score == pytest.approx(correlation + sum(found.details["kl_of_dimensions"]), rel=1e-5)


def test_against_a_plain_statement():
    """Every density in float64 and written out, of the same samples."""
    mean, logvar = MEAN[:40].astype(np.float32).astype(float), LOGVAR[:40].astype(np.float32).astype(float)
    drawn = []

    def plain(z, its_mean, its_logvar, progress=None):
        drawn.append(z)
        logs = -0.5 * ((z[:, None] - mean) ** 2 / np.exp(logvar) + logvar + math.log(2 * math.pi))
        return logsumexp(logs.sum(2), axis=1) - math.log(40), logsumexp(logs, axis=1) - math.log(40)

    result = measured(marginal_kl, mean, logvar, functions=ModelFunctions(log_q=plain), samples=500)
    (z,) = drawn
    log_q = [
        math.log(
            np.mean(
                [
                    np.prod(np.exp(-((p - m) ** 2) / (2 * np.exp(v))) / np.sqrt(2 * math.pi * np.exp(v)))
                    for m, v in zip(mean, logvar, strict=True)
                ]
            )
        )
        for p in z
    ]
    log_p = [math.log(np.prod(np.exp(-(p**2) / 2) / math.sqrt(2 * math.pi))) for p in z]
    assert result.score == pytest.approx(np.mean(np.array(log_q) - log_p))


def test_a_gaussian_aggregate_has_closed_forms():
    """Means N(m, S) under a constant posterior variance v: q(z) = N(m, S + v), I(x; z) = 1/2 log det(I + S / v)."""
    inner, centre = 0.2, np.array([0.5, -0.2])
    spread = np.array([[0.6, 0.3], [0.3, 0.5]])
    mean = np.random.default_rng(0).multivariate_normal(centre, spread, size=6000)
    logvar = np.full(mean.shape, math.log(inner))
    whole = spread + inner * np.eye(2)
    marginal = 0.5 * (np.trace(whole) + centre @ centre - 2 - np.log(np.linalg.det(whole)))
    information = 0.5 * np.log(np.linalg.det(np.eye(2) + spread / inner))
    for protocol, error in (("mixture", 0.05), ("gaussian", 0.03)):  # 6,000 means are not quite the Gaussian
        found = measured(marginal_kl, mean, logvar, protocol, samples=4000)
        assert found.score == pytest.approx(marginal, abs=error)
        found = measured(code_information, mean, logvar, protocol, samples=4000)
        assert found.score == pytest.approx(information, abs=error)


def test_codes_that_tell_every_image_apart_inform_log_n():
    mean = np.linspace(-2, 2, 50)[:, None]
    found = measured(code_information, mean, np.full((50, 1), -12.0), samples=20_000)
    assert found.score == pytest.approx(math.log(50), abs=4 * found.details["standard_error"])
    assert found.details["standard_error"] < 0.02
    nothing = np.zeros((50, 3))
    assert measured(code_information, nothing, nothing).score == pytest.approx(0, abs=1e-5)
    assert measured(marginal_kl, nothing, nothing).score == pytest.approx(0, abs=1e-5)


@PARTS
def test_records(metric, cli, trained):
    outcome = cli("score", trained, "--metric", metric.name, "--set", "samples=50", "--device", "cpu")
    record = json.loads(outcome.out)
    estimates = record["details"]["estimates"]
    assert estimates["mixture"] == record["score"]
    assert all(math.isfinite(value) for value in estimates.values())


@PARTS
def test_what_cannot_be_measured(metric):
    with pytest.raises(DataMismatch, match="logvar"):
        evaluate(metric, None, MEAN, "mixture", 0, FUNCTIONS)
    with pytest.raises(DataMismatch, match="NaN"):
        measured(metric, np.full((5, 2), np.nan), np.zeros((5, 2)))
    with pytest.raises(DataMismatch, match="discriminator"):
        measured(metric, MEAN, LOGVAR, "discriminator", ON_CPU)
    with pytest.raises(WrongUsage, match="mixture"):
        measured(metric, MEAN, LOGVAR, "mixture", rows=10)
    with pytest.raises(ValueError, match="samples"):
        information_module.code_information(MEAN, LOGVAR)
    with pytest.raises(ValueError, match="samples"):
        marginal_module.marginal_kl(MEAN, LOGVAR)
