"""The perceptual loss: L1 between features of VGG16 (Simonyan & Zisserman 2015), whose weights are fixed."""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentool.contract import Networks
from disentool.nn.pixel_loss import GREY_LEVELS, pixel_loss

_CONVOLUTIONS = (64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512, 512, 512, "pool", 512, 512, 512, "pool")
_TAPS = (3, 8, 13, 22, 30)  # conv1_2, conv2_2, conv3_2, conv4_3 after their ReLU, and pool5: indices of torchvision's
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's pixels in 0..1: what the weights expect

Input = Literal["normalised", "raw"]
Features = Callable[[Tensor], list[Tensor]]


class Vgg16(nn.Module):
    """The convolutions of VGG16, frozen: images [B,1|3,H,W] in 0..1 -> features at five layers."""

    def __init__(self, weights: dict[str, Tensor], kind: Input):
        """``weights``: as :func:`disentool.io.vgg.read` gives them. ``kind``: see :func:`perceptual_loss`."""
        super().__init__()
        layers: list[nn.Module] = []
        size = 3
        for out in _CONVOLUTIONS:
            if isinstance(out, str):
                layers.append(nn.MaxPool2d(2))
            else:
                layers += [nn.Conv2d(size, out, 3, padding=1), nn.ReLU()]
                size = out
        self.features = nn.Sequential(*layers)
        self.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
        self.requires_grad_(False).eval()
        moments = (_MEAN, _STD) if kind == "normalised" else ((0.0,) * 3, (1.0,) * 3)
        for name, values in zip(("mean", "std"), moments, strict=True):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Grey images are taken as three equal channels."""
        x = (images.expand(-1, 3, -1, -1) - self.get_buffer("mean")) / self.get_buffer("std")
        found = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in _TAPS:
                found.append(x)
        return found


def perceptual_loss(features: Features, images: Tensor, targets: Tensor, kind: Input) -> Tensor:
    """L1 of the features of ``images`` and ``targets`` [B,C,H,W] in 0..1, a scalar. ``features``: a :class:`Vgg16`.

    ``normalised``: the mean over the five layers, of images normalised as the weights expect it. The release that this
    follows fed grey levels less their mean to weights made for that; its features, and with them its loss beside the
    penalty of the content, are larger by a pixel's standard deviation in grey levels, so the loss here is multiplied
    with that. ``raw``: the sum over the layers of images in 0..1 as they are, plus the L1 of the pixels.
    """
    with torch.no_grad():
        wanted = features(targets)
    layers = torch.stack([F.l1_loss(a, b) for a, b in zip(features(images), wanted, strict=True)])
    if kind == "raw":
        return layers.sum() + F.l1_loss(images, targets)
    return layers.mean() * (GREY_LEVELS * sum(_STD) / 3)


def recipe_loss(networks: Networks, images: Tensor, targets: Tensor, kind: Input) -> Tensor:
    """LORD's reconstruction loss: perceptual where ``networks`` hold a ``vgg``, else of pixels in the same unit."""
    if "vgg" in networks:
        return perceptual_loss(networks["vgg"], images, targets, kind)
    return pixel_loss(images, targets) * (GREY_LEVELS if kind == "normalised" else 1.0)


def shared_loss(networks: Networks, images: Tensor, targets: Tensor) -> Tensor:
    """The same for other methods' images, in their unit, 0..1."""
    return recipe_loss(networks, images, targets, "normalised") / GREY_LEVELS
