"""Adversarial autoencoder: its two losses against hand-written statements, and who moves whom."""

import numpy as np
import pytest
import torch
from conftest import SMALL_FACTOR, square_grid

from disentool.config import build
from disentool.contract import Batch, DataFacts
from disentool.engine.feed import Feed
from disentool.engine.inputs import Inputs
from disentool.engine.randomness import Randomness
from disentool.engine.training_loop import Training
from disentool.methods.aae.config import AAEConfig
from disentool.methods.aae.method import AAE

FACTS = DataFacts(rows=192, channels=1, height=32, width=32)


@pytest.mark.parametrize("posterior", ["gaussian", "deterministic"])
def test_losses_equal_their_hand_written_statement(posterior):
    model = AAE(build(AAEConfig, SMALL_FACTOR | {"prior_weight": 3.0, "posterior": posterior}), FACTS)
    torch.manual_seed(0)
    networks = {name: net.double() for name, net in model.networks().items()}
    x, eps, prior = torch.rand(16, 1, 32, 32).double(), torch.randn(16, 4).double(), torch.randn(16, 4).double()
    batch = Batch(x, torch.arange(16), None)
    loss, _, carry = model.autoencoder_loss(networks, batch, {"posterior": eps}, {}, torch.tensor(0))
    judged, _, _ = model.discriminator_loss(networks, batch, {"posterior": eps, "prior": prior}, carry, torch.tensor(0))
    expected = expected_judged = 0.0
    for i in range(16):
        h = networks["encoder"](x[i : i + 1])[0]
        z = h[:4] + torch.exp(h[4:] / 2) * eps[i] if posterior == "gaussian" else h
        p = torch.sigmoid(networks["decoder"](z[None])[0])
        d = torch.softmax(networks["discriminator"](z[None])[0], 0)[0]  # from the encoder, not from the prior
        expected += -(x[i] * torch.log(p) + (1 - x[i]) * torch.log(1 - p)).sum() / 16 + 3 * torch.log(d / (1 - d)) / 16
        e = torch.softmax(networks["discriminator"](prior[i : i + 1])[0], 0)[0]
        expected_judged += -0.5 * (torch.log(d) + torch.log(1 - e)) / 16
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-10)
    assert float(judged.detach()) == pytest.approx(float(expected_judged.detach()), rel=1e-10)


def test_each_phase_moves_its_own_networks_only():
    cpu = torch.device("cpu")
    training = Training(AAE(build(AAEConfig, SMALL_FACTOR), FACTS), Feed(square_grid()[0], None, cpu), 0, cpu)
    phases = training.stages[0].phases
    indices = {phase.name: number for number, phase in enumerate(phases)}
    inputs = Inputs(training.stages[0], indices, Randomness(0, len(training.feed)), training.feed)
    inputs.fill(0)
    for number, moved in enumerate(({"encoder", "decoder"}, {"discriminator"})):
        before = {n: [p.clone() for p in net.parameters()] for n, net in training.networks.items()}
        training._update(phases[number], *inputs.of(number), {})
        assert moved == {
            name
            for name, net in training.networks.items()
            if not all(torch.equal(a, b) for a, b in zip(before[name], net.parameters(), strict=True))
        }


def test_a_deterministic_code_has_no_logvar():
    model = AAE(build(AAEConfig, SMALL_FACTOR | {"posterior": "deterministic"}), FACTS)
    codes = model.encode(model.networks(), torch.zeros(2, 1, 32, 32))
    assert model.codes() == {"mean": 4}
    assert {name: np.shape(value.detach()) for name, value in codes.items()} == {"mean": (2, 4)}
