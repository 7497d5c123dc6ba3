"""p(x|z) over pixels, from a decoder's logits."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def negative_log_likelihood(logits: Tensor, images: Tensor, kind: str) -> Tensor:
    """-log p(images | logits), nats per image [B], summed over pixels and channels.

    ``bernoulli``: cross-entropy with ``images`` in 0..1 (also for grey and colour values, as the papers do).
    ``gaussian``: mean sigmoid(logits), unit variance, normalising constant included.
    """
    if kind == "bernoulli":
        return F.binary_cross_entropy_with_logits(logits, images, reduction="none").flatten(1).sum(1)
    squares = (torch.sigmoid(logits) - images).square().flatten(1)
    return 0.5 * squares.sum(1) + 0.5 * math.log(2 * math.pi) * squares.shape[1]
