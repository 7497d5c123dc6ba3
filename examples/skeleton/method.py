"""Skeleton: authors, "Title" (venue year)."""

import torch
from torch import Tensor, nn

from disentool.contract import (
    Adam,
    Batch,
    Carry,
    DataFacts,
    LossResult,
    Networks,
    Noises,
    Phase,
    Stage,
    epoch,
)
from disentool.methods.skeleton.config import SkeletonConfig
from disentool.nn import conv
from disentool.nn.likelihood import negative_log_likelihood


class Skeleton:
    """An autoencoder: say here in one line what your method is.

    The members are those of :class:`disentool.contract.Method`, and :class:`disentool.contract.Reconstructs`.
    """

    def __init__(self, config: SkeletonConfig, facts: DataFacts):
        self.config, self.facts = config, facts

    def networks(self) -> dict[str, nn.Module]:
        """Encoder and decoder."""
        size = (self.facts.channels, self.facts.height, self.facts.width, 128, self.config.latent_dim)
        return {"encoder": conv.encoder(*size), "decoder": conv.decoder(*size)}

    def stages(self) -> tuple[Stage, ...]:
        """One phase: encoder and decoder on the reconstruction error."""
        config = self.config
        updates, optimiser = ("encoder", "decoder"), Adam(config.learning_rate)
        phase = Phase("autoencoder", updates, optimiser, self.loss, epoch(config.batch_size))
        return (Stage((phase,), config.steps),)

    def loss(self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor) -> LossResult:
        """Equation n: -log p(x|z), nats per image, the mean over the batch."""
        logits = networks["decoder"](networks["encoder"](batch.images))
        nats = negative_log_likelihood(logits, batch.images, self.facts.likelihood).mean()
        return nats, {"reconstruction": nats}, {}

    def codes(self) -> dict[str, int]:
        """The encoder's output."""
        return {"mean": self.config.latent_dim}

    def encode(self, networks: Networks, images: Tensor) -> dict[str, Tensor]:
        """images float32 [B,C,H,W] in 0..1 -> ``mean`` float32 [B,D]."""
        return {"mean": networks["encoder"](images)}

    def decode(self, networks: Networks, codes: Tensor) -> Tensor:
        """codes float32 [B,D] -> images float32 [B,C,H,W] in 0..1."""
        return torch.sigmoid(networks["decoder"](codes))

    def reconstruction(self, networks: Networks, codes: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """-log p(x|z) in nats per image [B], and the decoded images float32 [B,C,H,W] in 0..1."""
        logits = networks["decoder"](codes)
        return negative_log_likelihood(logits, images, self.facts.likelihood), torch.sigmoid(logits)
