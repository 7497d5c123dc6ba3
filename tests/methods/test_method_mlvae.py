"""ML-VAE: the product of a group's posteriors, and the loss against a hand-written statement."""

import numpy as np
import pytest
import torch
from conftest import pixel_cost

from disentool.config import build
from disentool.contract import Batch, DataFacts
from disentool.errors import WrongUsage
from disentool.methods.mlvae.config import MLVAEConfig
from disentool.methods.mlvae.method import MLVAE, product

FACTS = DataFacts(
    rows=40, channels=1, height=32, width=32, factor_names=("a", "b"), factor_sizes=(5, 8), class_factor="a"
)
SMALL = {"class_dim": 3, "content_dim": 2, "hidden_units": 16, "batch_size": 8, "group_size": 4}


def test_the_product_of_gaussians_is_the_density_of_their_product():
    rng = np.random.default_rng(0)
    mean, logvar = rng.normal(size=(1, 3, 1)), rng.normal(size=(1, 3, 1))
    got_mean, got_logvar = product(torch.from_numpy(mean), torch.from_numpy(logvar))
    x = np.linspace(-12, 12, 200_001)
    density = np.exp(sum(-0.5 * (x - m) ** 2 / np.exp(v) for m, v in zip(mean[0, :, 0], logvar[0, :, 0], strict=True)))
    density /= np.trapezoid(density, x)
    centre = np.trapezoid(x * density, x)
    assert float(got_mean) == pytest.approx(centre, abs=1e-9)
    assert float(got_logvar.exp()) == pytest.approx(np.trapezoid((x - centre) ** 2 * density, x), rel=1e-6)


def test_the_product_of_certain_posteriors_neither_over_nor_underflows():
    mean, logvar = product(torch.tensor([[[1.0], [3.0]]]), torch.tensor([[[-200.0], [-200.0]]]))
    assert mean.tolist() == [[2.0]] and logvar.tolist() == [[pytest.approx(-200 - np.log(2), rel=1e-6)]]


@pytest.mark.parametrize(
    "options", [{"likelihood": "bernoulli"}, {"likelihood": "gaussian"}, {"reconstruction": "pixel"}]
)
def test_loss_equals_its_hand_written_statement(options):
    model = MLVAE(build(MLVAEConfig, SMALL | {"beta": 3.0} | options), FACTS)
    model.stages()
    torch.manual_seed(0)
    networks = {name: net.double() for name, net in model.networks().items()}
    rng = np.random.default_rng(0)
    x = rng.random((8, 1, 32, 32))
    noise = {"class": rng.standard_normal((8, 3)), "content": rng.standard_normal((8, 2))}
    batch = Batch(torch.from_numpy(x), torch.arange(8), None)
    loss, terms, _ = model.loss(
        networks, batch, {k: torch.from_numpy(v) for k, v in noise.items()}, {}, torch.tensor(0)
    )
    h = networks["encoder"](batch.images).detach().numpy()  # class mean, content mean, class logvar, content logvar
    total, class_kls = 0.0, []
    for group in (range(4), range(4, 8)):
        precision = sum(1 / np.exp(h[i, 5:8]) for i in group)
        mean = sum(h[i, :3] / np.exp(h[i, 5:8]) for i in group) / precision
        class_kl = 0.5 * (mean**2 + 1 / precision + np.log(precision) - 1).sum()
        class_kls.append(class_kl)
        bound = -3.0 * class_kl  # once, whatever the number of images
        for i in group:
            m, v = h[i, 3:5], np.exp(h[i, 8:10])
            codes = np.concatenate(
                [mean + noise["class"][i] / np.sqrt(precision), m + np.sqrt(v) * noise["content"][i]]
            )
            p = torch.sigmoid(networks["decoder"](torch.from_numpy(codes[None]))).detach().numpy()[0]
            if "reconstruction" in options:
                bound -= 32 * 32 * pixel_cost(p[None], x[i][None])
            elif options["likelihood"] == "bernoulli":
                bound += (x[i] * np.log(p) + (1 - x[i]) * np.log(1 - p)).sum()
            else:
                bound += (-0.5 * (x[i] - p) ** 2 - 0.5 * np.log(2 * np.pi)).sum()
            bound -= 3.0 * 0.5 * (m**2 + v - np.log(v) - 1).sum()
        total -= bound / 2  # the mean over groups
    assert float(loss.detach()) == pytest.approx(total / 4, rel=1e-10)  # per image
    assert float(terms["class_kl"].detach()) == pytest.approx(np.mean(class_kls) / 4, rel=1e-10)


def test_evidence_accumulates():
    """Several images of a class are encoded to the product of what each says, which is surer than any."""
    model = MLVAE(build(MLVAEConfig, SMALL), FACTS)
    torch.manual_seed(0)
    networks = {name: net.double() for name, net in model.networks().items()}
    codes = model.encode(networks, torch.rand(5, 1, 32, 32).double())
    joined = model.join_classes(codes)
    precision = np.exp(-codes["logvar"][:, :3].detach().numpy())
    expected = (codes["class_code"].detach().numpy() * precision).sum(0) / precision.sum(0)
    assert joined["class_code"].detach().numpy()[0] == pytest.approx(expected, rel=1e-10)
    assert np.exp(-joined["class_logvar"].detach().numpy()[0]) == pytest.approx(precision.sum(0), rel=1e-10)
    one = model.join_classes({name: value[:1] for name, value in codes.items()})
    torch.testing.assert_close(one["class_code"], codes["class_code"][:1])


def test_codes_are_class_then_content():
    model = MLVAE(build(MLVAEConfig, SMALL), FACTS)
    networks = model.networks()
    codes = model.encode(networks, torch.rand(2, 1, 32, 32))
    assert {name: value.shape[1] for name, value in codes.items()} == model.codes()
    assert torch.equal(codes["mean"], torch.cat([codes["class_code"], codes["content_code"]], 1))
    assert model.decode(networks, codes["mean"]).shape == (2, 1, 32, 32)


def test_a_batch_is_made_of_whole_groups():
    with pytest.raises(WrongUsage, match="--batch-size 10"):
        build(MLVAEConfig, SMALL | {"batch_size": 10})
