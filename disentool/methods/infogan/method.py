"""InfoGAN: Chen et al., "InfoGAN: Interpretable Representation Learning by Information Maximizing GANs" (2016)."""

import torch
import torch.nn.functional as F
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
from disentool.methods._infogan import members, recognition
from disentool.methods.infogan.config import InfoGANConfig


class InfoGAN:
    """A GAN from whose images a network Q reads the codes that they were made from.

    What the code of an image is: :mod:`disentool.methods._infogan.members`.
    """

    training_networks = ("discriminator",)

    def __init__(self, config: InfoGANConfig, facts: DataFacts):
        self.config, self.facts = config, facts
        self.latent = recognition.latent_codes(config, facts)

    def networks(self) -> dict[str, nn.Module]:
        """Generator, the discriminator's trunk and logit, and Q, with a trunk of its own where asked for."""
        return recognition.build(self.config, self.facts, self.latent, "discriminator")

    def stages(self) -> tuple[Stage, ...]:
        """Two phases: discriminator and Q, then the generator."""
        config = self.config
        betas = (config.beta1, config.beta2)
        discriminator = Phase(
            name="discriminator",
            updates=("trunk", "discriminator", *recognition.q_networks(config)),
            optimiser=Adam(config.discriminator_learning_rate, betas),
            loss=self.discriminator_loss,
            draw=epoch(config.batch_size),
            noise=self.latent.draws(config.batch_size),
        )
        generator = members.generator_phase(self, Adam(config.learning_rate, betas), self.generator_loss)
        return (Stage((discriminator, generator), config.steps),)

    def discriminator_loss(
        self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor
    ) -> LossResult:
        """Eq. 6 for D and Q: -E log D(x) - E log(1 - D(G)) - lambda * L_I, in nats."""
        images, real, fake, features, codes = members.compared(self, networks, "discriminator", batch.images, noise)
        information = members.information(self, networks, images, features, codes)
        loss = F.softplus(-real).mean() + F.softplus(fake).mean() - self.config.information_weight * information
        right = torch.cat([real > 0, fake < 0]).to(loss.dtype).mean()
        return loss, {"discriminator_accuracy": right}, {}

    def generator_loss(self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor) -> LossResult:
        """Eq. 6 for G, with the loss that does not saturate (Goodfellow et al. 2014): -E log D(G) - lambda * L_I."""
        fake, information = members.made(self, networks, "discriminator", noise)
        loss = F.softplus(-fake).mean() - self.config.information_weight * information
        return loss, {"information": information}, {}

    prior_width = property(members.prior_width)
    codes, encode, decode, reconstruction = members.codes, members.encode, members.decode, members.reconstruction
    prior, supports, stop_early = members.prior, members.supports, members.stop_early
