"""InfoWGAN-GP: Kim & Mnih (2018), appendix G: InfoGAN's codes with the critic of Gulrajani et al. (2017)."""

import torch
from torch import Tensor, nn

from disentool.contract import (
    Adam,
    Batch,
    Carry,
    DataFacts,
    LossResult,
    Networks,
    Noise,
    Noises,
    Phase,
    Stage,
    epoch,
)
from disentool.methods._infogan import members, recognition
from disentool.methods.infowgangp.config import InfoWGANGPConfig
from disentool.methods.infowgangp.gradient_penalty import gradient_penalty


class InfoWGANGP:
    """A Wasserstein GAN with gradient penalty whose images tell, through Q, the codes that they were made from.

    The code of an image is what Q reads from it: the number of the most probable class of each categorical code, then
    the mean of each continuous code.
    """

    def __init__(self, config: InfoWGANGPConfig, facts: DataFacts):
        self.config, self.facts = config, facts
        self.latent = recognition.latent_codes(config, facts)
        self.prior_width = self.latent.width + self.latent.noise_size

    def networks(self) -> dict[str, nn.Module]:
        """Generator, the critic's trunk and value, and Q, with a trunk of its own where asked for."""
        return recognition.build(self.config, self.facts, self.latent, "critic")

    def stages(self) -> tuple[Stage, ...]:
        """Two phases: critic and Q, several times, each with a batch of its own; then the generator."""
        config = self.config
        betas = (config.beta1, config.beta2)
        critic = Phase(
            name="critic",
            updates=("trunk", "critic", *recognition.q_networks(config)),
            optimiser=Adam(config.critic_learning_rate, betas),
            loss=self.critic_loss,
            draw=epoch(config.batch_size),
            noise=(*self.latent.draws(config.batch_size), Noise("mix", (config.batch_size,), "uniform")),
            repeats=config.critic_steps,
        )
        generator = members.generator_phase(self, Adam(config.learning_rate, betas), self.generator_loss)
        return (Stage((critic, generator), config.steps),)

    def critic_loss(self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor) -> LossResult:
        """E D(G) - E D(x) + penalty_weight * E (|grad D| - 1)^2 (Gulrajani et al., eq. 3) - lambda * L_I."""
        with torch.no_grad():
            codes, inputs = self.latent.sample(noise)
            images = torch.sigmoid(networks["generator"](inputs))
        features = networks["trunk"](torch.cat([batch.images, images]))
        real, fake = networks["critic"](features)[:, 0].chunk(2)
        distance = real.mean() - fake.mean()
        penalty = gradient_penalty(
            lambda x: networks["critic"](networks["trunk"](x))[:, 0], batch.images, images, noise["mix"]
        )
        information = self.information(networks, images, features.chunk(2)[1], codes)
        weights = self.config
        loss = weights.penalty_weight * penalty - distance - weights.information_weight * information
        return loss, {"wasserstein": distance, "gradient_penalty": penalty}, {}

    def generator_loss(self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor) -> LossResult:
        """-E D(G(c,z)) - lambda * L_I."""
        codes, inputs = self.latent.sample(noise)
        images = torch.sigmoid(networks["generator"](inputs))
        features = networks["trunk"](images)
        information = self.information(networks, images, features, codes)
        loss = -networks["critic"](features).mean() - self.config.information_weight * information
        return loss, {"information": information}, {}

    information = members.information
    codes, encode, decode, reconstruction = members.codes, members.encode, members.decode, members.reconstruction
    prior, supports, stop_early = members.prior, members.supports, members.stop_early
