"""Networks that compute in bfloat16 while everything around them stays float32."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map


class Bfloat16:
    """A network as a loss calls it: matrix products are bfloat16; parameters, results and so the loss are float32."""

    def __init__(self, network: nn.Module):
        self._network = network

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the network gives, as float32."""
        device = next(self._network.parameters()).device.type
        with torch.autocast(device, torch.bfloat16):
            return tree_map(_float, self._network(*args, **kwargs))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)


def _float(value: Any) -> Any:
    return value.float() if isinstance(value, Tensor) and value.dtype == torch.bfloat16 else value
