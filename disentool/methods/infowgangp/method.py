"""InfoWGAN-GP: Kim & Mnih (2018), appendix G: InfoGAN's codes with the critic of Gulrajani et al. (2017)."""

import torch
from torch import Tensor, nn

from disentool.contract import Adam, Batch, Classes, DataFacts, Interval, Networks, Noise, Phase, Stage, epoch
from disentool.methods._infogan import recognition
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
        draws = self.latent.draws(config.batch_size)
        critic = Phase(
            name="critic",
            updates=("trunk", "critic", *recognition.of_q(config)),
            optimiser=Adam(config.critic_learning_rate, betas),
            loss=self.critic_loss,
            draw=epoch(config.batch_size),
            noise=(*draws, Noise("mix", (config.batch_size,), "uniform")),
            repeats=config.critic_steps,
        )
        generator = Phase(
            name="generator",
            updates=("generator",),
            optimiser=Adam(config.learning_rate, betas),
            loss=self.generator_loss,
            draw=epoch(config.batch_size),
            noise=draws,
        )
        return (Stage((critic, generator), config.steps),)

    def critic_loss(self, networks: Networks, batch: Batch, noise: dict, carry: dict, step: Tensor):
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
        information = self._information(networks, images, features.chunk(2)[1], codes)
        weights = self.config
        loss = weights.penalty_weight * penalty - distance - weights.information_weight * information
        return loss, {"wasserstein": distance, "gradient_penalty": penalty}, {}

    def generator_loss(self, networks: Networks, batch: Batch, noise: dict, carry: dict, step: Tensor):
        """-E D(G(c,z)) - lambda * L_I."""
        codes, inputs = self.latent.sample(noise)
        images = torch.sigmoid(networks["generator"](inputs))
        features = networks["trunk"](images)
        information = self._information(networks, images, features, codes)
        loss = -networks["critic"](features).mean() - self.config.information_weight * information
        return loss, {"information": information}, {}

    def _information(self, networks: Networks, images: Tensor, features: Tensor, codes: Tensor) -> Tensor:
        """Chen et al. (2016), eq. 5: E log Q(c|G(c,z)) + H(c), a bound of the codes' information in nats."""
        outputs = recognition.outputs(networks, images, features)
        return self.latent.log_q(outputs, codes).mean() + self.latent.entropy

    def codes(self) -> dict[str, int]:
        """The mean of Q(c|x): a class's number for each categorical code, then the continuous codes."""
        return {"mean": self.latent.width}

    def encode(self, networks: Networks, images: Tensor) -> dict[str, Tensor]:
        """images float32 [B,C,H,W] in 0..1 -> ``mean`` float32 [B,D]."""
        return {"mean": self.latent.mean(recognition.outputs(networks, images))}

    def decode(self, networks: Networks, codes: Tensor) -> Tensor:
        """codes float32 [B,D], to which noise [B,noise_dim] may be joined (else: zero) -> images float32 [B,C,H,W]."""
        return torch.sigmoid(networks["generator"](self.latent.generator_input(codes)))

    def reconstruction(self, networks: Networks, codes: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """The images' cost in nats if what is generated were a decoder's mean (a GAN has no p(x|c)), and that image."""
        return recognition.reconstruction(networks, self.latent.generator_input(codes), images, self.facts.likelihood)

    def prior(self, normals: Tensor) -> Tensor:
        """Standard normals float32 [n,D+noise_dim] (or [n,D]: no noise) -> codes from the prior, of the same shape."""
        return self.latent.from_normals(normals)

    def supports(self) -> tuple[Classes | Interval | None, ...]:
        """The values that each column of the code takes."""
        return self.latent.supports()

    def stop_early(self, history: list[dict]) -> bool:
        """Whether the information has not risen for ``early_stop`` steps."""
        return recognition.stop_early(history, self.config.early_stop)
