"""The convolutional networks of DCGAN (Radford et al. 2016) as an autoencoder, for any image size from 32 up.

Where the originals normalise over the batch, these normalise by reference images that are kept with the weights (see
:mod:`disentool.methods._infogan.networks`). So there is no running average that one phase of training could move and
another read, an image's code depends on that image and the weights alone, and training and encoding see the same
network. The reference images are training images, which go through every network beside the batch.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from disentool.nn.conv import ConvTranspose2d, halved_sizes, require_sides
from disentool.nn.reference_norm import ReferenceNorm

SMALLEST = 32  # pixels a side
_WIDEST = 8  # channels of the deepest layers, in those of the first


class Encoded(NamedTuple):
    """What an encoder says of its reference and a batch, R + B images in this order.

    ``codes``: [R+B,D], each number in -1..1. ``features``: what each convolution gave, [R+B,c,h,w], the largest first.
    """

    codes: Tensor
    features: tuple[Tensor, ...]


def widths(height: int, width: int, base: int) -> list[int]:
    """Channels of the stride-2 layers, down to about 4x4: base, twice, four and eight times that at 64x64."""
    require_sides(height, width, SMALLEST)
    return [base * min(2**layer, _WIDEST) for layer in range(int(math.log2(min(height, width) / 4)))]


class Encoder(nn.Module):
    """Images float32 [B,channels,height,width] -> :class:`Encoded`, beside ``rows`` reference images.

    4x4 stride-2 convolutions, then one over all that is left, and tanh.
    """

    reference: Tensor

    def __init__(self, rows: int, channels: int, height: int, width: int, base: int, outputs: int):
        super().__init__()
        self.register_buffer("reference", torch.zeros(rows, channels, height, width))
        sizes = widths(height, width, base)
        self.layers = nn.ModuleList()
        for size, out in zip([channels, *sizes], sizes, strict=False):
            convolution = nn.Conv2d(size, out, 4, 2, 1)
            self.layers.append(nn.Sequential(convolution, ReferenceNorm(rows, out), nn.LeakyReLU(0.2, inplace=True)))
        flat = sizes[-1] * math.prod(halved_sizes(height, width, len(sizes))[-1])
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(flat, outputs), ReferenceNorm(rows, outputs), nn.Tanh())

    def forward(self, images: Tensor) -> Encoded:
        """The reference and ``images``; with no images at all, what the reference is to the decoder."""
        x = torch.cat([self.reference, images])
        features = []
        for layer in self.layers:
            x = layer(x)
            features.append(x)
        return Encoded(self.head(x), tuple(features))


class Decoder(nn.Module):
    """Codes [R+B,inputs], of ``rows`` reference images and of others -> logits of pixels [R+B,channels,height,width].

    The encoder's mirror image. ``skips``: each layer is also given what the encoder's layer of its size gave.
    """

    def __init__(self, rows: int, channels: int, height: int, width: int, base: int, inputs: int, skips: bool):
        super().__init__()
        depths = widths(height, width, base)[::-1]
        sizes = halved_sizes(height, width, len(depths))[::-1]
        small = (depths[0], *sizes[0])
        self.head = nn.Sequential(
            nn.Linear(inputs, math.prod(small)),
            nn.Unflatten(1, small),
            ReferenceNorm(rows, depths[0]),
            nn.LeakyReLU(0.2, inplace=True),
        )
        self.layers = nn.ModuleList()
        for size, out, to in zip(depths, [*depths[1:], channels], sizes[1:], strict=True):
            odd = (to[0] % 2, to[1] % 2)
            up = ConvTranspose2d(2 * size if skips else size, out, 4, 2, 1, output_padding=odd)
            last = len(self.layers) == len(depths) - 1
            rest = [] if last else [ReferenceNorm(rows, out), nn.LeakyReLU(0.2, inplace=True)]
            self.layers.append(nn.Sequential(up, *rest))

    def forward(self, codes: Tensor, features: tuple[Tensor, ...] = ()) -> Tensor:
        """``features`` [R+B,c,h,w], the largest first, as :class:`Encoded` has them; none without skips."""
        x: Tensor = self.head(codes)
        for depth, layer in enumerate(self.layers, 1):
            x = layer(torch.cat([x, features[-depth]], 1) if features else x)
        return x
