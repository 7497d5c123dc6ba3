"""The law that the first weights of a network are drawn from."""

import math

import torch
from torch import nn

LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


def initialise(network: nn.Module, law: str) -> nn.Module:
    """The network, its convolutions and linear layers drawn anew by ``law``; ``torch`` leaves torch's own weights.

    ``he`` (He et al. 2015): N(0, 2 / inputs of a unit). A transposed convolution of stride s has 1 / s**2 of the inputs
    that its kernel suggests. ``glorot`` (Glorot & Bengio 2010): uniform, as in Keras and the reference implementations.
    Both start with biases of 0. They draw from torch's generator, after the layers' own weights have been drawn.
    """
    if law == "torch":
        return network
    with torch.no_grad():
        for layer in network.modules():
            if not isinstance(layer, LAYERS):
                continue
            if law == "he":
                nn.init.normal_(layer.weight, 0.0, math.sqrt(2 / _inputs(layer)))
            else:
                nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                layer.bias.zero_()
    return network


def _inputs(layer: nn.Conv2d | nn.ConvTranspose2d | nn.Linear) -> float:
    """How many numbers a unit of the layer is a sum of, on average."""
    if isinstance(layer, nn.ConvTranspose2d):
        return layer.in_channels * math.prod(layer.kernel_size) / math.prod(layer.stride)
    return float(layer.weight[0].numel())
