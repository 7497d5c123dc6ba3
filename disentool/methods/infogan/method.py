"""InfoGAN: Chen et al., "InfoGAN: Interpretable Representation Learning by Information Maximizing GANs" (2016)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentool.contract import Adam, Batch, Classes, DataFacts, Interval, Networks, Phase, Stage, epoch
from disentool.methods._infogan import recognition
from disentool.methods.infogan.config import InfoGANConfig


class InfoGAN:
    """A GAN whose images tell, through Q, the codes that they were made from.

    The code of an image is what Q reads from it: the number of the most probable class of each categorical code, then
    the mean of each continuous code.
    """

    def __init__(self, config: InfoGANConfig, facts: DataFacts):
        self.config, self.facts = config, facts
        self.latent = recognition.latent_codes(config, facts)
        self.prior_width = self.latent.width + self.latent.noise_size

    def networks(self) -> dict[str, nn.Module]:
        """Generator, the discriminator's trunk and logit, and Q, with a trunk of its own where asked for."""
        return recognition.build(self.config, self.facts, self.latent, "discriminator")

    def stages(self) -> tuple[Stage, ...]:
        """Two phases: discriminator and Q, then the generator."""
        config = self.config
        betas = (config.beta1, config.beta2)
        draws = self.latent.draws(config.batch_size)
        discriminator = Phase(
            name="discriminator",
            updates=("trunk", "discriminator", *recognition.of_q(config)),
            optimiser=Adam(config.discriminator_learning_rate, betas),
            loss=self.discriminator_loss,
            draw=epoch(config.batch_size),
            noise=draws,
        )
        generator = Phase(
            name="generator",
            updates=("generator",),
            optimiser=Adam(config.learning_rate, betas),
            loss=self.generator_loss,
            draw=epoch(config.batch_size),
            noise=draws,
        )
        return (Stage((discriminator, generator), config.steps),)

    def discriminator_loss(self, networks: Networks, batch: Batch, noise: dict, carry: dict, step: Tensor):
        """Eq. 6 for D and Q: -E log D(x) - E log(1 - D(G)) - lambda * L_I, in nats."""
        with torch.no_grad():
            codes, inputs = self.latent.sample(noise)
            images = torch.sigmoid(networks["generator"](inputs))
        features = networks["trunk"](torch.cat([batch.images, images]))
        real, fake = networks["discriminator"](features)[:, 0].chunk(2)
        information = self._information(networks, images, features.chunk(2)[1], codes)
        loss = F.softplus(-real).mean() + F.softplus(fake).mean() - self.config.information_weight * information
        right = torch.cat([real > 0, fake < 0]).to(loss.dtype).mean()
        return loss, {"discriminator_accuracy": right}, {}

    def generator_loss(self, networks: Networks, batch: Batch, noise: dict, carry: dict, step: Tensor):
        """Eq. 6 for G, with the loss that does not saturate (Goodfellow et al. 2014): -E log D(G) - lambda * L_I."""
        codes, inputs = self.latent.sample(noise)
        images = torch.sigmoid(networks["generator"](inputs))
        features = networks["trunk"](images)
        fake = networks["discriminator"](features)[:, 0]
        information = self._information(networks, images, features, codes)
        loss = F.softplus(-fake).mean() - self.config.information_weight * information
        return loss, {"information": information}, {}

    def _information(self, networks: Networks, images: Tensor, features: Tensor, codes: Tensor) -> Tensor:
        """L_I (eq. 5): E log Q(c|G(c,z)) + H(c), a bound of the codes' information in nats."""
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
