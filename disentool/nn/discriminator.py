"""The discriminator of Kim & Mnih (2018), appendix A, and the permutation that makes its negatives."""

import torch
from torch import Tensor, nn


def discriminator(inputs: int, units: int = 1000, layers: int = 6) -> nn.Sequential:
    """[B,inputs] -> two logits [B,2]: index 0 for q(z), index 1 for the product of its marginals."""
    modules: list[nn.Module] = []
    size = inputs
    for _ in range(layers):
        modules += [nn.Linear(size, units), nn.LeakyReLU(0.2, inplace=True)]
        size = units
    return nn.Sequential(*modules, nn.Linear(size, 2))


def permute_dims(codes: Tensor, permutation: Tensor) -> Tensor:
    """Algorithm 1: every dimension j of the batch in its own order, codes [B,D], permutation int64 [B,D].

    ``result[i, j] = codes[permutation[i, j], j]``: the marginals stay, the dependence between dimensions goes.
    """
    return torch.gather(codes, 0, permutation)
