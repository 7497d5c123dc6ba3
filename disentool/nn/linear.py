"""A linear layer that stays float32 in a network of bfloat16."""

import torch
from torch import Tensor, nn


class Float32Linear(nn.Linear):
    """The same where all is float32. Within autocast it computes in float32 too.

    For the few outputs at the end of a network: there a product costs next to nothing, and rounding them to the eight
    bits of bfloat16 would be most of the error of a code.
    """

    def forward(self, input: Tensor) -> Tensor:
        """[B,inputs] of any floating type -> float32 [B,outputs], as the weights are."""
        if not torch.is_autocast_enabled(input.device.type):
            return super().forward(input)
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.to(self.weight.dtype))
