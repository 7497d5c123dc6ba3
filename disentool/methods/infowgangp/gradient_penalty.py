"""The gradient penalty of a Wasserstein critic: Gulrajani et al. (2017)."""

from collections.abc import Callable

import torch
from torch import Tensor


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Gulrajani et al., eq. 3: mean of (|grad critic(x)| - 1)^2 at x = mix * real + (1 - mix) * fake, a scalar.

    ``critic``: images [B,C,H,W] -> [B], each from its own image alone, so that the gradient of the sum holds each
    image's own. ``mix``: uniform in 0..1, [B]. Differentiable with respect to the critic's parameters.
    """
    mix = mix[:, None, None, None]
    points = mix * real + (1 - mix) * fake
    gradients: Tensor = torch.func.grad(lambda x: critic(x).sum())(points)
    return (gradients.flatten(1).square().sum(1).add(1e-12).sqrt() - 1).square().mean()
