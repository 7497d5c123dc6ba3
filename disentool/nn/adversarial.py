"""The networks of the InfoGAN family, and the gradient penalty of Gulrajani et al. (2017).

No layer looks at other images of its batch or keeps a running average: batch normalisation would let one phase move
another's network, would differ between training and encoding, and would void the penalty, which is a statement about
one image at a time. Where the papers normalise over the batch, the generator normalises over each image's layer.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from disentool.nn.conv import halved_sizes, stride_two_widths


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


def generator(inputs: int, channels: int, height: int, width: int, hidden: int, large: bool) -> nn.Sequential:
    """[B,inputs] -> logits of pixels [B,channels,height,width]."""
    widths = _widths(height, width, large)[::-1]
    sizes = halved_sizes(height, width, len(widths))[::-1]
    small = (widths[0], *sizes[0])
    layers: list[nn.Module] = [
        nn.Linear(inputs, hidden),
        nn.LayerNorm(hidden),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, math.prod(small)),
        nn.LayerNorm(math.prod(small)),
        nn.ReLU(inplace=True),
        nn.Unflatten(1, small),
    ]
    for size, out, to in zip(widths, [*widths[1:], channels], sizes[1:], strict=True):
        odd = (to[0] % 2, to[1] % 2)
        layers += [nn.ConvTranspose2d(size, out, 4, 2, 1, output_padding=odd), nn.GroupNorm(1, out), nn.ReLU()]
    return nn.Sequential(*layers[:-2])


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Gulrajani et al., eq. 3: mean of (|grad critic(x)| - 1)^2 at x = mix * real + (1 - mix) * fake, a scalar.

    ``critic``: images [B,C,H,W] -> [B], each from its own image alone, so that the gradient of the sum holds each
    image's own. ``mix``: uniform in 0..1, [B]. Differentiable with respect to the critic's parameters.
    """
    mix = mix[:, None, None, None]
    points = mix * real + (1 - mix) * fake
    gradients = torch.func.grad(lambda x: critic(x).sum())(points)
    return (gradients.flatten(1).square().sum(1).add(1e-12).sqrt() - 1).square().mean()
