"""DIP-VAE: its covariance against numpy's, its loss against a hand-written statement."""

import numpy as np
import pytest
import torch
from conftest import SMALL

from disentool.config import build
from disentool.contract import Batch, DataFacts
from disentool.methods.dipvae.config import DIPVAEConfig
from disentool.methods.dipvae.method import DIPVAE, covariance_of_codes

FACTS = DataFacts(rows=100, channels=1, height=16, width=16)


def codes(rows=50, dims=4):
    rng = np.random.default_rng(0)
    return rng.standard_normal((rows, dims)) @ rng.standard_normal((dims, dims)) + 3, rng.standard_normal((rows, dims))


def test_covariance_is_over_the_batch_and_divided_by_it():
    """Others centre over the wrong axis, or never divide."""
    mean, logvar = codes()
    got = covariance_of_codes(torch.from_numpy(mean), torch.from_numpy(logvar), "i").numpy()
    np.testing.assert_allclose(got, np.cov(mean.T, ddof=0), rtol=1e-12)


def test_variances_are_added_to_the_diagonal_alone():
    """Others take torch.diag of a B x D matrix and add one number to every entry."""
    mean, logvar = codes()
    one, two = (
        covariance_of_codes(torch.from_numpy(mean), torch.from_numpy(logvar), variant).numpy()
        for variant in ("i", "ii")
    )
    np.testing.assert_allclose(two - one, np.diag(np.exp(logvar).mean(0)), atol=1e-12)


@pytest.mark.parametrize(
    ("options", "weights"),
    [
        ({"variant": "i", "lambda_od": 2.0}, (2.0, 20.0)),
        ({"variant": "ii", "lambda_od": 2.0}, (2.0, 2.0)),
        ({"variant": "ii", "lambda_od": 3.0, "lambda_d": 0.5}, (3.0, 0.5)),
    ],
)
def test_loss_equals_its_hand_written_statement(options, weights):
    model = DIPVAE(build(DIPVAEConfig, SMALL | options), FACTS)
    torch.manual_seed(0)
    networks = {name: net.double() for name, net in model.networks().items()}
    x, eps = torch.rand(16, 1, 16, 16).double(), torch.randn(16, 4).double()
    loss, _, _ = model.loss(networks, Batch(x, torch.arange(16), None), {"posterior": eps}, {}, torch.tensor(0))
    h = networks["encoder"](x).detach()
    mean, logvar = h[:, :4].numpy(), h[:, 4:].numpy()
    z = torch.from_numpy(mean + np.exp(logvar / 2) * eps.numpy())
    p = torch.sigmoid(networks["decoder"](z)).detach().numpy()
    expected = -(x.numpy() * np.log(p) + (1 - x.numpy()) * np.log(1 - p)).sum((1, 2, 3)).mean()
    expected += -0.5 * (1 + logvar - mean**2 - np.exp(logvar)).sum(1).mean()
    covariance = np.cov(mean.T, ddof=0) + (np.diag(np.exp(logvar).mean(0)) if options["variant"] == "ii" else 0)
    for i in range(4):
        for j in range(4):
            expected += weights[1] * (covariance[i, i] - 1) ** 2 if i == j else weights[0] * covariance[i, j] ** 2
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-10)
