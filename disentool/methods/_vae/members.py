"""The members that the methods of the VAE family share, as functions that a class takes as its methods.

``codes = members.codes`` in the body of a class makes it a method of that class, and no class inherits another.
"""

from typing import Protocol

import torch
from torch import Tensor, nn

from disentool.contract import DataFacts, Networks
from disentool.methods._vae import autoencoder
from disentool.methods._vae.config import AutoencoderConfig
from disentool.nn.likelihood import negative_log_likelihood


class VAEMethod(Protocol):
    """What the functions need of the method."""

    facts: DataFacts
    likelihood: str

    @property
    def config(self) -> AutoencoderConfig:
        """Its options."""


def networks(method: VAEMethod) -> dict[str, nn.Module]:
    """Encoder and decoder."""
    return autoencoder.build(method.config, method.facts)


def codes(method: VAEMethod) -> dict[str, int]:
    """Mean and logvar of q(z|x), and how wide each is."""
    return autoencoder.codes(method.config)


def encode(method: VAEMethod, networks: Networks, images: Tensor) -> dict[str, Tensor]:
    """images float32 [B,C,H,W] in 0..1 -> ``mean`` and ``logvar`` of q(z|x), float32 [B,D]."""
    return autoencoder.encode(networks, images)


def decode(method: VAEMethod, networks: Networks, codes: Tensor) -> Tensor:
    """codes float32 [B,D] -> images float32 [B,C,H,W] in 0..1, the mean of p(x|z)."""
    return torch.sigmoid(networks["decoder"](codes))


def reconstruction(method: VAEMethod, networks: Networks, codes: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
    """-log p(images | codes) in nats per image [B], and the decoded images float32 [B,C,H,W] in 0..1."""
    logits = networks["decoder"](codes)
    return negative_log_likelihood(logits, images, method.likelihood), torch.sigmoid(logits)
