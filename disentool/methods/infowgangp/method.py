"""InfoWGAN-GP: Kim & Mnih (2018), appendix G: InfoGAN's codes with the critic of Gulrajani et al. (2017)."""

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
    """A Wasserstein GAN with gradient penalty, from whose images a network Q reads the codes that they were made from.

    What the code of an image is: :mod:`disentool.methods._infogan.members`.
    """

    training_networks = ("critic",)

    def __init__(self, config: InfoWGANGPConfig, facts: DataFacts):
        self.config, self.facts = config, facts
        self.latent = recognition.latent_codes(config, facts)

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
        images, real, fake, features, codes = members.compared(self, networks, "critic", batch.images, noise)
        distance = real.mean() - fake.mean()
        penalty = gradient_penalty(
            lambda x: networks["critic"](networks["trunk"](x))[:, 0], batch.images, images, noise["mix"]
        )
        information = members.information(self, networks, images, features, codes)
        weights = self.config
        loss = weights.penalty_weight * penalty - distance - weights.information_weight * information
        return loss, {"wasserstein": distance, "gradient_penalty": penalty}, {}

    def generator_loss(self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor) -> LossResult:
        """-E D(G(c,z)) - lambda * L_I."""
        value, information = members.made(self, networks, "critic", noise)
        loss = -value.mean() - self.config.information_weight * information
        return loss, {"information": information}, {}

    prior_width = property(members.prior_width)
    codes, encode, decode, reconstruction = members.codes, members.encode, members.decode, members.reconstruction
    prior, supports, stop_early = members.prior, members.supports, members.stop_early
