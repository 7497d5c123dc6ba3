"""The networks of the InfoGAN family.

Where the papers' generators normalise over the batch, this one normalises by a reference batch that is drawn once and
kept with the weights (virtual batch normalisation: Salimans et al. 2016, sec. 3.4). An image then depends on its own
code and the weights alone: there is no running average that one phase could move and another read, training and
decoding see the same network, and a checkpoint holds all of it. Without any such normalisation InfoGAN's generator
soon makes one image whatever its code. The critic normalises nothing: its penalty is about one image at a time.
"""

import math

import torch
from torch import Tensor, nn

from disentool.nn.conv import ConvTranspose2d, halved_sizes, stride_two_widths
from disentool.nn.reference_norm import ReferenceNorm


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

    reference: Tensor

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
        made: Tensor = self.layers(torch.cat([self.reference, inputs]))
        return made[len(self.reference) :]
