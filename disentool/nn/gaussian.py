"""Diagonal Gaussians: q(z|x) = N(mean, exp(logvar)) against the prior N(0, I)."""

import torch
from torch import Tensor


def sample(mean: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
    """The reparameterised draw mean + sigma * noise; all float32 [B,D]."""
    return mean + torch.exp(0.5 * logvar) * noise


def kl_to_prior(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mean, exp(logvar)) || N(0, 1)) of every dimension, nats [B,D]."""
    return 0.5 * (mean.square() + logvar.exp() - logvar - 1)
