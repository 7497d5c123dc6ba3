"""A reconstruction loss that needs no weights: L1 of the pixels, and of their gradients at several scales."""

import torch.nn.functional as F
from torch import Tensor

GREY_LEVELS = 255.0  # the unit of images whose pixels the recipes take as whole numbers
_SCALES = 3  # each half as large as the one before
_COARSEST = 4  # pixels a side, at least


def pixel_loss(images: Tensor, targets: Tensor) -> Tensor:
    """Mean |x - y| plus, at full, half and quarter size, the mean |d(x - y)| along rows and along columns.

    ``images`` and ``targets``: [B,C,H,W] in 0..1. A scalar. Sizes are halved by averages over 2x2 pixels. Edges that
    are a little off cost more than flat areas that are, which keeps what L1 alone would blur.
    """
    difference = images - targets
    total = difference.abs().mean()
    for _ in range(_SCALES):
        down = difference[:, :, 1:] - difference[:, :, :-1]
        right = difference[:, :, :, 1:] - difference[:, :, :, :-1]
        total = total + down.abs().mean() + right.abs().mean()
        if min(difference.shape[2:]) < 2 * _COARSEST:
            break
        difference = F.avg_pool2d(difference, 2)
    return total
