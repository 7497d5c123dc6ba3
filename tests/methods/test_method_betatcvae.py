"""beta-TCVAE: its estimates of the total correlation against plain statements, and against values known in advance."""

import math

import numpy as np
import pytest
import torch
from conftest import SMALL

from disentool.config import build
from disentool.contract import Batch, DataFacts
from disentool.errors import DataMismatch, WrongUsage
from disentool.methods.betatcvae.config import BetaTCVAEConfig
from disentool.methods.betatcvae.method import BetaTCVAE, log_weights

ROWS, BATCH = 100, 6
FACTS = DataFacts(rows=ROWS, channels=1, height=16, width=16)
WEIGHTS = {"alpha": 1.5, "beta": 4.0, "gamma": 0.5}


def method(rows: int = ROWS, **options) -> BetaTCVAE:
    facts = DataFacts(rows=rows, channels=1, height=16, width=16)
    return BetaTCVAE(build(BetaTCVAEConfig, SMALL | {"batch_size": BATCH} | options), facts)


def density(z, mean, logvar):
    """N(z; mean, exp(logvar)), one number."""
    return math.exp(-0.5 * (z - mean) ** 2 / math.exp(logvar)) / math.sqrt(2 * math.pi * math.exp(logvar))


def weight(i: int, j: int, estimator: str) -> float:
    """How much q(z_i | x_j) counts, read from the paper: sec. 3.1 and appendix C."""
    if estimator == "weighted":
        return 1 / (ROWS * BATCH)
    if estimator == "analytic":
        return 1 / BATCH
    others = BATCH - 1
    if i == j:
        return 1 / ROWS
    return (ROWS - others) / (ROWS * others) if j == (i + 1) % BATCH else 1 / others


@pytest.mark.parametrize("estimator", ["weighted", "stratified", "analytic"])
def test_loss_equals_its_hand_written_statement(estimator):
    model = method(estimator=estimator, **WEIGHTS)
    torch.manual_seed(0)
    networks = {name: net.double() for name, net in model.networks().items()}
    with torch.no_grad():  # codes that differ: fresh networks give nearly the same for every image
        networks["encoder"][-1].weight.mul_(30)
    rng = np.random.default_rng(0)
    x, eps = torch.from_numpy(rng.random((BATCH, 1, 16, 16))), torch.from_numpy(rng.standard_normal((BATCH, 4)))
    loss, terms, _ = model.loss(networks, Batch(x, torch.arange(BATCH), None), {"posterior": eps}, {}, torch.tensor(0))
    h = networks["encoder"](x).detach().numpy()
    mean, logvar = h[:, :4], h[:, 4:]
    z = mean + np.exp(logvar / 2) * eps.numpy()
    p = torch.sigmoid(networks["decoder"](torch.from_numpy(z))).detach().numpy()
    nats = -(x.numpy() * np.log(p) + (1 - x.numpy()) * np.log(1 - p)).sum((1, 2, 3)).mean()
    mi = tc = dimension_kl = 0.0
    for i in range(BATCH):
        own = math.prod(density(z[i, d], mean[i, d], logvar[i, d]) for d in range(4))
        joint = sum(
            weight(i, j, estimator) * math.prod(density(z[i, d], mean[j, d], logvar[j, d]) for d in range(4))
            for j in range(BATCH)
        )
        marginals = [
            sum(weight(i, j, estimator) * density(z[i, d], mean[j, d], logvar[j, d]) for j in range(BATCH))
            for d in range(4)
        ]
        mi += (math.log(own) - math.log(joint)) / BATCH
        tc += (math.log(joint) - sum(map(math.log, marginals))) / BATCH
        dimension_kl += sum(math.log(m) - math.log(density(v, 0, 0)) for m, v in zip(marginals, z[i])) / BATCH  # noqa: B905
    if estimator == "analytic":  # I + TC + dimension-wise KL is the KL in closed form
        mi = (0.5 * (mean**2 + np.exp(logvar) - logvar - 1)).sum(1).mean() - tc - dimension_kl
    expected = nats + 1.5 * mi + 4.0 * tc + 0.5 * dimension_kl
    assert float(terms["tc"].detach()) == pytest.approx(tc, rel=1e-10)
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-10)


def test_at_weights_of_one_the_analytic_loss_is_the_vaes():
    model = method(estimator="analytic", beta=1.0)
    networks = {name: net.double() for name, net in model.networks().items()}
    batch = Batch(torch.rand(BATCH, 1, 16, 16).double(), torch.arange(BATCH), None)
    loss, terms, _ = model.loss(networks, batch, {"posterior": torch.randn(BATCH, 4).double()}, {}, torch.tensor(0))
    assert float(loss.detach()) == pytest.approx(float((terms["reconstruction"] + terms["kl"]).detach()), rel=1e-12)


@pytest.mark.parametrize(("batch", "rows"), [(2, 2), (5, 5), (5, 100), (64, 737_280)])
def test_stratified_weights_sum_to_one_with_one_over_n_for_the_image_itself(batch, rows):
    """Other implementations fill the first two columns, not the diagonal; one of their rows sums to 1.23."""
    weights = log_weights(batch, rows, "stratified").exp()
    torch.testing.assert_close(weights.sum(1), torch.ones(batch).double(), rtol=1e-12, atol=0)
    torch.testing.assert_close(
        weights.diagonal(), torch.full((batch,), 1 / rows, dtype=torch.float64), rtol=1e-12, atol=0
    )


def test_stratified_estimate_of_q_is_unbiased():
    """Over all batches that hold the image itself, the weights of every other image average to 1/N."""
    rows, batch = 7, 3
    rng = np.random.default_rng(0)
    weights = log_weights(batch, rows, "stratified").exp().numpy()
    total = np.zeros(rows)
    for _ in range(20_000):
        others = rng.permutation(np.arange(1, rows))[: batch - 1]
        np.add.at(total, [0, *others], weights[0] / 20_000)
    np.testing.assert_allclose(total, 1 / rows, atol=0.006)


@pytest.mark.parametrize(("estimator", "expected"), [("stratified", 12.0), ("weighted", 139.0)])
def test_bias_where_the_true_total_correlation_is_zero(estimator, expected):
    """Batch 64 of 737,280 images, 10 independent codes, sigma 0.1: +12.0 (shipped stratified: +17.5) and +139."""
    rows, batch, dims = 737_280, 64, 10
    tcs = []
    for seed in range(20):
        rng = torch.Generator().manual_seed(seed)
        mean = torch.randn(batch, dims, generator=rng).double() * math.sqrt(1 - 0.01)
        z = mean + 0.1 * torch.randn(batch, dims, generator=rng).double()
        table = torch.distributions.Normal(mean[None], 0.1).log_prob(z[:, None])
        weights = log_weights(batch, rows, estimator)
        joint = torch.logsumexp(weights + table.sum(2), 1)
        marginals = torch.logsumexp(weights[:, :, None] + table, 1).sum(1)
        tcs.append(float((joint - marginals).mean()))
    assert np.mean(tcs) == pytest.approx(expected, abs=1.5)


def test_codes_far_apart_do_not_underflow():
    """exp, sum, log gives minus infinity where codes lie a hundred sigmas apart."""
    model = method(estimator="stratified")
    networks = model.networks()
    with torch.no_grad():
        networks["encoder"][-1].weight.mul_(1e4)
        networks["encoder"][-1].bias[4:] = -8.0
        networks["encoder"][-1].weight[4:] = 0.0
    batch = Batch(torch.rand(BATCH, 1, 16, 16), torch.arange(BATCH), None)
    loss, terms, _ = model.loss(networks, batch, {"posterior": torch.randn(BATCH, 4)}, {}, torch.tensor(0))
    assert all(bool(value.isfinite()) for value in [loss, *terms.values()])


def test_fewer_images_than_a_batch_are_refused():
    with pytest.raises(DataMismatch, match="5 images"):
        method(rows=5, estimator="stratified")
    assert method(rows=5, estimator="analytic")
    with pytest.raises(WrongUsage, match="--batch-size"):
        method(batch_size=1)
