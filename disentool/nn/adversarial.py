"""The networks of the InfoGAN family, and the gradient penalty of Gulrajani et al. (2017).

Where the papers' generators normalise over the batch, this one normalises by a reference batch that is drawn once and
kept with the weights (virtual batch normalisation: Salimans et al. 2016, sec. 3.4). An image then depends on its own
code and the weights alone: there is no running average that one phase could move and another read, training and
decoding see the same network, and a checkpoint holds all of it. Without any such normalisation InfoGAN's generator
soon makes one image whatever its code. The critic normalises nothing: its penalty is about one image at a time.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from disentool.nn.conv import ConvTranspose2d, halved_sizes, stride_two_widths


def _widths(height: int, width: int, large: bool) -> list[int]:
    """Channels of the stride-2 layers: those of the autoencoders, or 64, 128, 256, 256 as in InfoGAN."""
    small = stride_two_widths(height, width)
    return [64 * 2 ** min(layer, 2) for layer in range(len(small))] if large else small


def trunk(channels: int, height: int, width: int, hidden: int, large: bool) -> nn.Sequential:
    """[B,channels,height,width] -> features [B,hidden]; 4x4 stride-2 convolutions and one linear layer."""
    layers: list[nn.Module] = []
    size = channels
    widths = _widths(height, width, large)
    for out in widths:
        layers += [nn.Conv2d(size, out, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
        size = out
    flat = size * math.prod(halved_sizes(height, width, len(widths))[-1])
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(flat, hidden), nn.LeakyReLU(0.2, inplace=True))


def recogniser(features: int, outputs: int) -> nn.Sequential:
    """Q's own layers on top of a trunk (InfoGAN, appendix C): [B,features] -> [B,outputs]."""
    return nn.Sequential(nn.Linear(features, 128), nn.LeakyReLU(0.2, inplace=True), nn.Linear(128, outputs))


class Generator(nn.Module):
    """[B,inputs] -> logits of pixels [B,channels,height,width].

    ``reference``: float32 [R,inputs], draws of what the generator is given, by which its layers are normalised.
    """

    def __init__(self, reference: Tensor, channels: int, height: int, width: int, hidden: int, large: bool):
        super().__init__()
        self.register_buffer("reference", reference)
        widths = _widths(height, width, large)[::-1]
        sizes = halved_sizes(height, width, len(widths))[::-1]
        small = (widths[0], *sizes[0])
        rows = len(reference)
        layers: list[nn.Module] = [
            nn.Linear(reference.shape[1], hidden),
            ReferenceNorm(rows, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, math.prod(small)),
            ReferenceNorm(rows, math.prod(small)),
            nn.ReLU(inplace=True),
            nn.Unflatten(1, small),
        ]
        for size, out, to in zip(widths, [*widths[1:], channels], sizes[1:], strict=True):
            odd = (to[0] % 2, to[1] % 2)
            up = ConvTranspose2d(size, out, 4, 2, 1, output_padding=odd)
            layers += [up, ReferenceNorm(rows, out), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers[:-2])

    def forward(self, inputs: Tensor) -> Tensor:
        """Each row of ``inputs`` by itself, beside the reference."""
        return self.layers(torch.cat([self.reference, inputs]))[len(self.reference) :]


class ReferenceNorm(nn.Module):
    """Batch normalisation whose mean and variance are those of the first ``rows`` rows: [R+B,features,...] -> same."""

    def __init__(self, rows: int, features: int):
        super().__init__()
        self.rows = rows
        self.weight, self.bias = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))

    def forward(self, x: Tensor) -> Tensor:
        """Normalised over rows and pixels, then scaled and shifted per feature."""
        over = [0, *range(2, x.ndim)]
        variance, mean = torch.var_mean(x[: self.rows], over, correction=0, keepdim=True)
        shape = [1, -1] + [1] * (x.ndim - 2)
        scale = self.weight.view(shape) * torch.rsqrt(variance + 1e-5)
        return x * scale + (self.bias.view(shape) - mean * scale)


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Gulrajani et al., eq. 3: mean of (|grad critic(x)| - 1)^2 at x = mix * real + (1 - mix) * fake, a scalar.

    ``critic``: images [B,C,H,W] -> [B], each from its own image alone, so that the gradient of the sum holds each
    image's own. ``mix``: uniform in 0..1, [B]. Differentiable with respect to the critic's parameters.
    """
    mix = mix[:, None, None, None]
    points = mix * real + (1 - mix) * fake
    gradients = torch.func.grad(lambda x: critic(x).sum())(points)
    return (gradients.flatten(1).square().sum(1).add(1e-12).sqrt() - 1).square().mean()
