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
        """Taps u of a row meet the kernel's rows u and u + 1 (reversed: a transposed convolution scatters)."""
        taps = self.weight.flip(2, 3)
        rows = F.pad(taps, (0, 0, 0, 1)) + F.pad(taps, (0, 0, 1, 0))
        kernel = F.pad(rows, (0, 1)) + F.pad(rows, (1, 0))
        return F.conv_transpose2d(x, kernel.transpose(0, 1), self.bias, stride=2, padding=1)
