"""The convolutional encoder and decoder of Kim & Mnih (2018), appendix A, for any image size."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentool.errors import DataMismatch
from disentool.nn import folded
from disentool.nn.linear import Float32Linear

SMALLEST = 8  # pixels a side


class ConvTranspose2d(nn.ConvTranspose2d):
    """The same, with the bias added by an operation of its own.

    On a CPU the gradient of a bias inside takes as long as that of the weights, if images are stored channels last.
    """

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """[B,C,H,W] -> [B,C',H',W']; ``output_padding`` says the size, and torch's ``output_size`` is not for use."""
        assert isinstance(self.padding, tuple) and self.bias is not None  # as they are unless asked otherwise
        if self._folds(input):
            return folded.conv_transpose(input, self.weight).add_(self.bias[:, None, None])
        out = F.conv_transpose2d(input, self.weight, None, self.stride, self.padding, self.output_padding)
        return out.add_(self.bias[:, None, None])

    def _folds(self, input: Tensor) -> bool:
        """Whether another way to compute it is faster; in float32 results stay, to the last bit, what they were."""
        shape = (self.kernel_size, self.stride, self.padding, self.output_padding)
        return (
            self.weight.dtype == torch.bfloat16
            and input.device.type == "cpu"
            and self.out_channels <= folded.FEW
            and shape == ((4, 4), (2, 2), (1, 1), (0, 0))
        )


def require_sides(height: int, width: int, least: int) -> None:
    """DataMismatch for images with a side of less than ``least`` pixels."""
    if min(height, width) < least:
        raise DataMismatch(
            f"images of {height}x{width} pixels (height x width): both sides must be at least {least}; `disentool"
            f" prepare DATA.h5 --size {max(least, 16)} -o RESIZED.h5` resizes them"
        )


def stride_two_widths(height: int, width: int) -> list[int]:
    """Channels of the stride-2 layers: 32, 32, 64, 64 at 64x64; a layer more or less per factor of two in size."""
    require_sides(height, width, SMALLEST)
    layers = int(math.log2(min(height, width) / 4))
    return [32] * max(layers - 2, 1) + [64] * min(2, layers - 1)


def halved_sizes(height: int, width: int, layers: int) -> list[tuple[int, int]]:
    """Height and width before, between and after the layers; each halves them, and an odd side loses its half pixel."""
    return [(height >> n, width >> n) for n in range(layers + 1)]


def encoder(channels: int, height: int, width: int, hidden: int, outputs: int) -> nn.Sequential:
    """[B,channels,height,width] -> [B,outputs]; 4x4 stride-2 convolutions down to about 4x4, then two linear layers."""
    layers: list[nn.Module] = []
    size = channels
    widths = stride_two_widths(height, width)
    for out in widths:
        layers += [nn.Conv2d(size, out, 4, 2, 1), nn.ReLU(inplace=True)]
        size = out
    flat = size * math.prod(halved_sizes(height, width, len(widths))[-1])
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(flat, hidden), nn.ReLU(inplace=True), Float32Linear(hidden, outputs)
    )


def decoder(channels: int, height: int, width: int, hidden: int, inputs: int) -> nn.Sequential:
    """[B,inputs] -> logits [B,channels,height,width]: the mirror image of :func:`encoder`."""
    widths = stride_two_widths(height, width)[::-1]
    sizes = halved_sizes(height, width, len(widths))[::-1]
    small = (widths[0], *sizes[0])
    layers: list[nn.Module] = [
        nn.Linear(inputs, hidden),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, math.prod(small)),
        nn.ReLU(inplace=True),
        nn.Unflatten(1, small),
    ]
    for size, out, to in zip(widths, [*widths[1:], channels], sizes[1:], strict=True):
        odd = (to[0] % 2, to[1] % 2)
        layers += [ConvTranspose2d(size, out, 4, 2, 1, output_padding=odd), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers[:-1])
