"""Networks in bfloat16: copies of weights, once for all calls of a step; results and gradients float32."""

import pytest
import torch
from torch import nn

from disentool.engine.precision import Bfloat16
from disentool.nn import conv
from disentool.nn.discriminator import discriminator


def images(count=4, size=16):
    return torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def casts(monkeypatch):
    """The shapes that are turned into bfloat16, one entry for each time."""
    found, cast = [], torch.Tensor.bfloat16
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda tensor: found.append(tuple(tensor.shape)) or cast(tensor))
    return found


def watched(network):
    """The types that each layer is given and gives, noted at every call."""
    seen = {}
    for name, layer in network.named_modules():
        if not list(layer.children()):
            layer.register_forward_hook(
                lambda _, given, out, name=name: seen.update({name: (given[0].dtype, out.dtype)})
            )
    return seen


def test_weights_are_cast_once_for_all_calls_until_they_change(casts):
    network = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2))
    low = Bfloat16(network)
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():  # as the encoder's codes for a discriminator
        before = low(x)
    loss = (low(x) + low(2 * x)).sum()
    assert sorted(casts) == sorted(tuple(p.shape) for p in network.parameters())
    gradients = torch.autograd.grad(loss, list(network.parameters()))
    assert all(g.dtype == torch.float32 and g.abs().sum() > 0 for g in gradients)
    with torch.no_grad():
        network[0].weight.mul_(2)
    assert torch.equal(low(x), before)
    low.forget()
    assert not torch.equal(low(x), before)


def test_activations_stay_bfloat16_and_channels_last_from_layer_to_layer():
    encoder, decoder = (
        make(1, 16, 16, 32, 6).to(memory_format=torch.channels_last) for make in (conv.encoder, conv.decoder)
    )
    for network, given in ((encoder, images()), (decoder, torch.randn(4, 6))):
        seen, layouts = watched(network), []

        def note(_, given, out, layouts=layouts):
            layouts.append(out.is_contiguous(memory_format=torch.channels_last))

        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                layer.register_forward_hook(note)
        assert Bfloat16(network)(given).dtype == torch.float32
        names = list(seen)
        inner = [seen[name][1] for name in names[:-1]] + [seen[name][0] for name in names[1:]]
        assert set(inner) == {torch.bfloat16} and layouts and all(layouts)


def test_the_few_outputs_of_a_network_are_float32_products():
    for network, given in ((conv.encoder(1, 16, 16, 32, 6), images()), (discriminator(6, 20, 2), torch.randn(4, 6))):
        seen = watched(network)
        Bfloat16(network)(given)
        assert list(seen.values())[-1] == (torch.bfloat16, torch.float32)


def test_layers_that_are_not_cast_are_the_parameters_themselves():
    """A parameter that no product uses is not rounded: embeddings, and scales of one's own."""

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(1.0001))  # which bfloat16 rounds to 1
            self.layer = nn.Linear(2, 2)

        def forward(self, x):
            assert self.scale.dtype == torch.float32 and self.layer.weight.dtype == torch.bfloat16
            return self.layer(x).float() * self.scale

    network = Scaled()
    (gradient,) = torch.autograd.grad(Bfloat16(network)(torch.ones(1, 2)).sum(), [network.scale])
    assert gradient.dtype == torch.float32 and network.layer.weight.dtype == torch.float32
