"""Diagonal Gaussians: q(z|x) = N(mean, exp(logvar)) against the prior N(0, I)."""

import math

import torch
from torch import Tensor


def sample(mean: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
    """The reparameterised draw mean + sigma * noise; all float32 [B,D]."""
    return mean + torch.exp(0.5 * logvar) * noise


def kl_to_prior(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mean, exp(logvar)) || N(0, 1)) of every dimension, nats [B,D]."""
    return 0.5 * (mean.square() + logvar.exp() - logvar - 1)


def log_density(codes: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    """log N(codes; mean, exp(logvar)) of every dimension, nats; the three are broadcast against each other."""
    return -0.5 * ((codes - mean).square() * torch.exp(-logvar) + logvar + math.log(2 * math.pi))
