"""The laws of first weights: their spread, and that signals keep theirs through a network."""

import math

import pytest
import torch
from torch import nn

from disentool.nn import conv
from disentool.nn.initialisation import LAYERS, initialise


def networks() -> list[nn.Module]:
    torch.manual_seed(0)
    return [conv.encoder(3, 64, 64, 128, 20), conv.decoder(3, 64, 64, 128, 10)]


def layers(network: nn.Module) -> list[nn.Module]:
    return [layer for layer in network.modules() if isinstance(layer, LAYERS)]


def test_torch_leaves_the_weights():
    for network, same in zip(networks(), (initialise(each, "torch") for each in networks()), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(network.parameters(), same.parameters(), strict=True))


def test_he_has_the_variance_of_the_inputs_of_a_unit():
    for network in networks():
        for layer in layers(initialise(network, "he")):
            wide = layer.weight.numel() > 5000
            inputs = layer.weight[0].numel()
            if isinstance(layer, nn.ConvTranspose2d):  # each output pixel is a sum over 2x2 of the 4x4 kernel
                inputs = layer.in_channels * 4
            assert float(layer.weight.detach().std()) == pytest.approx(
                math.sqrt(2 / inputs), rel=0.03 if wide else 0.15
            )
            assert not layer.bias.any()


def test_glorot_is_uniform_within_its_bound():
    for network in networks():
        for layer in layers(initialise(network, "glorot")):
            field = layer.weight[0, 0].numel()
            bound = math.sqrt(6 / (field * (layer.weight.shape[0] + layer.weight.shape[1])))
            assert bound * 0.98 < float(layer.weight.detach().abs().max()) <= bound
            assert not layer.bias.any()


def test_he_keeps_the_spread_of_a_signal_that_torch_loses():
    """The reason why training starts sooner: images differ in the codes, and codes in the images."""
    images, codes = torch.rand(64, 3, 64, 64), torch.randn(64, 10)
    spread = {}
    for law in ("torch", "he"):
        encoder, decoder = (initialise(each, law) for each in networks())
        with torch.no_grad():
            spread[law] = float(encoder(images).std(0).mean()), float(decoder(codes).std(0).mean())
    assert all(he > 10 * torch_ for he, torch_ in zip(spread["he"], spread["torch"], strict=True))
