"""The discriminator of Kim & Mnih (2018), appendix A, and the permutation that makes its negatives."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentool.nn.linear import Float32Linear


def discriminator(inputs: int, units: int = 1000, layers: int = 6) -> nn.Sequential:
    """[B,inputs] -> two logits [B,2]: index 0 for q(z), index 1 for the product of its marginals."""
    modules: list[nn.Module] = []
    size = inputs
    for _ in range(layers):
        modules += [nn.Linear(size, units), nn.LeakyReLU(0.2, inplace=True)]
        size = units
    return nn.Sequential(*modules, Float32Linear(size, 2))


def log_ratio(logits: Tensor) -> Tensor:
    """log D / (1 - D) of logits [B,2], in nats [B]: log q(z) less the log of the other, as D sees it."""
    ours, other = logits.unbind(1)
    return ours - other


def classification(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy in nats, and accuracy, of logits [2B,2]: first of B codes of q(z), then of B of the other."""
    ours, other = log_ratio(logits).chunk(2)
    wrong = torch.cat([-ours, other])
    # -log softmax of the right logit is softplus of the difference: 0.5 * [CE(ours, 0) + CE(other, 1)].
    return F.softplus(wrong).mean(), (wrong < 0).mean(dtype=logits.dtype)


def permute_dims(codes: Tensor, permutation: Tensor) -> Tensor:
    """Algorithm 1: every dimension j of the batch in its own order, codes [B,D], permutation int64 [B,D].

    ``result[i, j] = codes[permutation[i, j], j]``: the marginals stay, the dependence between dimensions goes.
    """
    return torch.gather(codes, 0, permutation)
