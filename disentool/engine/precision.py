"""Networks that compute in a precision of their own while everything around them stays float32."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils._pytree import tree_map

from disentool.contract.precision import Precision
from disentool.engine.devices import tensor_float32
from disentool.nn.initialisation import LAYERS
from disentool.nn.linear import Float32Linear


class Bfloat16:
    """A network as a loss calls it: its layers compute in bfloat16; parameters, results and so the loss are float32.

    Convolutions and linear layers use bfloat16 copies of their parameters, biases included: a float32 bias would turn a
    whole layer of bfloat16 activations into float32 and back. The copies are made at the first call and serve all
    calls until :meth:`forget`. Gradients pass through them to the parameters. The rest is for autocast.
    """

    def __init__(self, network: nn.Module):
        self._network = network
        self._names = [
            f"{name}.{key}" if name else key
            for name, layer in network.named_modules()
            if isinstance(layer, LAYERS) and not isinstance(layer, Float32Linear)
            for key, _ in layer.named_parameters(recurse=False)
        ]
        self._copies: dict[str, Tensor] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the network gives, as float32."""
        if not self._copies:
            with torch.enable_grad():  # a later call may need gradients, if this one does not
                self._copies = {name: self._network.get_parameter(name).bfloat16() for name in self._names}
        device = next(self._network.parameters()).device.type
        with torch.autocast(device, torch.bfloat16):
            return tree_map(_float, functional_call(self._network, self._copies, args, kwargs))

    def forget(self) -> None:
        """Make new copies at the next call: the parameters have changed, or a recorded step is to make its own."""
        self._copies = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)


class TensorFloat32:
    """A network that multiplies in TF32 on CUDA, whatever the process does; elsewhere the network as it is."""

    def __init__(self, network: nn.Module):
        self._network = network

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the network gives."""
        with tensor_float32():
            return self._network(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)


def computing(networks: Mapping[str, nn.Module], precision: Precision) -> dict[str, Any]:
    """The networks as they encode and decode in ``precision``; ``auto`` and ``fp32`` leave them as they are."""
    if precision == "bf16":
        return {name: Bfloat16(network) for name, network in networks.items()}
    if precision == "tf32":
        return {name: TensorFloat32(network) for name, network in networks.items()}
    return dict(networks)


def _float(value: Any) -> Any:
    return value.float() if isinstance(value, Tensor) and value.dtype == torch.bfloat16 else value
