"""Nearest-neighbour enlargement and the convolution that follows it, as one."""

import torch.nn.functional as F
from torch import Tensor, nn


class UpConv(nn.Conv2d):
    """[B,I,H,W] -> [B,O,2H,2W]: what a 3x3 convolution makes of the nearest-neighbour enlargement by two.

    Each output pixel sees 2x2 input pixels only: taps of the kernel that fall on one input pixel are added up before,
    not after, the multiplication. The sums of all four phases are the kernel of one transposed convolution, 4x4 with
    stride 2: 4 multiplications a pixel instead of 9, and equal up to rounding, the border too.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """The kernel [O,I,4,4] is the sums of all 2x2 neighbours (reversed: a transposed convolution scatters)."""
        assert self.bias is not None  # as made above
        kernel = F.avg_pool2d(self.weight.flip(2, 3), 2, stride=1, padding=1, divisor_override=1)
        out = F.conv_transpose2d(x, kernel.transpose(0, 1), None, stride=2, padding=1)
        return out.add_(self.bias[:, None, None])  # apart: see disentool.nn.conv.ConvTranspose2d
