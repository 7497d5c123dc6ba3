"""The reconstruction loss that the baselines of class and content share with LORD, as members of a class.

``frozen = shared_loss.frozen`` in the body of a class makes it a method of that class.
"""

from typing import Protocol

from torch import nn

from disentool.io import vgg
from disentool.methods._class_content.config import ClassConfig
from disentool.nn.perceptual import Vgg16


class ClassMethod(Protocol):
    """What the functions need of the method."""

    @property
    def config(self) -> ClassConfig:
        """Its options."""


def reconstruction_loss(method: ClassMethod) -> str:
    """``perceptual`` or ``pixel``; empty where the loss is the method's own."""
    return "" if method.config.reconstruction == "native" else method.config.reconstruction


def frozen(method: ClassMethod) -> dict[str, nn.Module]:
    """The feature network of the perceptual loss, ``vgg``, where that is the loss."""
    path = vgg.choose(method.config.reconstruction, method.config.vgg)
    return {} if path is None else {"vgg": Vgg16(vgg.read(path), "normalised")}
