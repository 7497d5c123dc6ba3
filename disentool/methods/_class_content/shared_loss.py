"""The reconstruction loss that the baselines of class and content share with LORD, where it is asked for."""

from torch import nn

from disentool.io import vgg
from disentool.methods._class_content.config import ClassConfig
from disentool.nn.perceptual import Vgg16


def name(config: ClassConfig) -> str:
    """``perceptual`` or ``pixel``; empty where the loss is the method's own."""
    return "" if config.reconstruction == "native" else config.reconstruction


def frozen(config: ClassConfig) -> dict[str, nn.Module]:
    """The feature network of the perceptual loss, ``vgg``, where that is the loss."""
    path = vgg.choose(config.reconstruction, config.vgg)
    return {} if path is None else {"vgg": Vgg16(vgg.read(path), "normalised")}
