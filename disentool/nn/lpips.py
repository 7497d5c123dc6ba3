"""LPIPS: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric" (CVPR 2018)."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

Trunk = Literal["alex", "vgg"]
# Of torchvision's networks: (channels, kernel, stride, padding) of a convolution followed by ReLU, a pooling's (kernel,
# stride), and after which layers, counted as torchvision counts them, features are taken.
_ALEX = ((64, 11, 4, 2), (3, 2), (192, 5, 1, 2), (3, 2), (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1))
_VGG = tuple(
    step
    for channels, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
    for step in ((channels, 3, 1, 1),) * count + ((2, 2),)
)[:-1]
LAYERS = {"alex": (_ALEX, (1, 4, 7, 9, 11)), "vgg": (_VGG, (3, 8, 15, 22, 29))}
LEAST_SIDE = {"alex": 31, "vgg": 16}  # pixels: smaller images vanish in the poolings
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of channels in -1..1, as the authors' code has them
_TINY = 1e-10


def shapes(trunk: Trunk) -> dict[str, tuple[int, ...]]:
    """The tensors of a trunk and its five linear layers: ``features.N.weight``, ``features.N.bias``, ``linN``."""
    steps, taps = LAYERS[trunk]
    found: dict[str, tuple[int, ...]] = {}
    index, size, widths = 0, 3, {}
    for step in steps:
        if len(step) == 2:
            index += 1
            continue
        channels, kernel = step[:2]
        found[f"features.{index}.weight"] = (channels, size, kernel, kernel)
        found[f"features.{index}.bias"] = (channels,)
        widths[index + 1] = size = channels
        index += 2
    return found | {f"lin{n}": (1, widths[tap], 1, 1) for n, tap in enumerate(taps)}


class LPIPS(nn.Module):
    """Distance of images: that of their unit-length features at five layers, weighted by channel, frozen.

    ``weights``: the tensors of :func:`shapes`.
    """

    def __init__(self, trunk: Trunk, weights: Mapping[str, Tensor]):
        super().__init__()
        steps, self.taps = LAYERS[trunk]
        layers: list[nn.Module] = []
        size = 3
        for step in steps:
            if len(step) == 2:
                layers.append(nn.MaxPool2d(*step))
            else:
                layers += [nn.Conv2d(size, *step), nn.ReLU()]
                size = step[0]
        self.features = nn.Sequential(*layers)
        self.load_state_dict({name: w for name, w in weights.items() if name.startswith("features.")})
        for number in range(len(self.taps)):
            self.register_buffer(f"lin{number}", weights[f"lin{number}"])
        self.register_buffer("shift", torch.tensor(_SHIFT).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor(_SCALE).view(1, 3, 1, 1))
        self.requires_grad_(False).eval()

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """float32 [B] of images [B,1|3,H,W] in 0..1; grey ones are taken as three equal channels."""
        total = first.new_zeros(len(first))
        for number, (a, b) in enumerate(zip(self._features(first), self._features(second), strict=True)):
            distance = (a - b).square() * self.get_buffer(f"lin{number}")
            total = total + distance.sum(1).mean((1, 2))
        return total

    def _features(self, images: Tensor) -> list[Tensor]:
        x = (2 * images.expand(-1, 3, -1, -1) - 1 - self.get_buffer("shift")) / self.get_buffer("scale")
        found = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                found.append(x / (x.square().sum(1, keepdim=True).sqrt() + _TINY))
        return found
