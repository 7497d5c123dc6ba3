"""Adaptive instance normalisation (Huang & Belongie 2017): an image's style enters by the moments of its features."""

from typing import Literal

import torch
from torch import Tensor

_LEAST = 1e-20  # of a variance: the root of a constant channel's has no derivative

Kind = Literal["std", "variance"]


def adain(x: Tensor, offset: Tensor, scale: Tensor, kind: Kind) -> Tensor:
    """Each channel of each image, x [B,C,H,W], given the mean ``offset`` and standard deviation ``scale`` [B,C].

    ``kind``: what keeps the division finite: 1e-7 added to the standard deviation, or 1e-5 to the variance. Of bfloat16
    features the moments, and the result, are float32.
    """
    if x.dtype == torch.bfloat16:
        x = x.float()
    offset, scale = offset.to(x.dtype), scale.to(x.dtype)
    variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
    deviation = variance.clamp_min(_LEAST).sqrt() + 1e-7 if kind == "std" else (variance + 1e-5).sqrt()
    factor = scale[:, :, None, None] / deviation
    return torch.addcmul(offset[:, :, None, None] - mean * factor, x, factor)
