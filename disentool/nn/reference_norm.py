"""Virtual batch normalisation (Salimans et al. 2016, section 3.4): by a reference batch that never changes."""

import torch
from torch import Tensor, nn


class ReferenceNorm(nn.Module):
    """Batch normalisation whose mean and variance are those of the first ``rows`` rows: [R+B,features,...] -> same."""

    def __init__(self, rows: int, features: int):
        super().__init__()
        self.rows = rows
        self.weight, self.bias = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))

    def forward(self, x: Tensor) -> Tensor:
        """Normalised over rows and pixels, then scaled and shifted per feature."""
        over = [0, *range(2, x.ndim)]
        variance, mean = torch.var_mean(x[: self.rows], over, correction=0, keepdim=True)
        shape = [1, -1] + [1] * (x.ndim - 2)
        scale = self.weight.view(shape) * torch.rsqrt(variance + 1e-5)
        return x * scale + (self.bias.view(shape) - mean * scale)
