"""Adversarial autoencoder: Makhzani et al. (2015), with the density ratio of Kim & Mnih (2018), appendix F."""

import torch
from torch import Tensor, nn

from disentool.contract import Adam, Batch, Carry, DataFacts, LossResult, Networks, Noise, Noises, Stage
from disentool.methods._vae import autoencoder, members
from disentool.methods.aae.config import AAEConfig
from disentool.nn import conv, gaussian
from disentool.nn.discriminator import classification, discriminator, log_ratio
from disentool.nn.initialisation import initialise
from disentool.nn.likelihood import negative_log_likelihood


class AAE:
    """An autoencoder whose codes, all images' together, are drawn to the prior by a discriminator.

    Against the VAE's bound, KL(q(z|x) || p(z)) = I(x;z) + KL(q(z) || p(z)) loses its first part.
    """

    training_networks = ("discriminator",)

    def __init__(self, config: AAEConfig, facts: DataFacts):
        self.config, self.facts = config, facts
        self.likelihood = autoencoder.likelihood(config, facts)
        self._gaussian = config.posterior == "gaussian"

    def networks(self) -> dict[str, nn.Module]:
        """Encoder, decoder and discriminator."""
        config = self.config
        built = autoencoder.build(config, self.facts)
        if not self._gaussian:
            size = (self.facts.channels, self.facts.height, self.facts.width)
            encoder = conv.encoder(*size, config.hidden_units, config.latent_dim)
            built["encoder"] = initialise(encoder, config.initialisation)
        sizes = (config.latent_dim, config.discriminator_units, config.discriminator_layers)
        built["discriminator"] = initialise(discriminator(*sizes), config.initialisation)
        return built

    def stages(self) -> tuple[Stage, ...]:
        """Two phases, each with a batch of its own: the autoencoder, then the discriminator."""
        config = self.config
        betas = (config.discriminator_beta1, config.discriminator_beta2)
        optimiser = Adam(autoencoder.rate(config, config.discriminator_learning_rate), betas)
        other = Noise("prior", (config.batch_size, config.latent_dim), "normal")
        adversary = autoencoder.discriminator_phase(config, optimiser, self.discriminator_loss, other)
        return (Stage((autoencoder.phase("autoencoder", config, self.autoencoder_loss), adversary), config.steps),)

    def autoencoder_loss(
        self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor
    ) -> LossResult:
        """-E log p(x|z) + prior_weight * KL(q(z) || p(z)), the latter ~ E log D/(1-D): the difference of two logits."""
        codes = self._sample(networks, batch.images, noise["posterior"])
        nats = negative_log_likelihood(networks["decoder"](codes), batch.images, self.likelihood).mean()
        prior_kl = log_ratio(networks["discriminator"](codes)).mean()
        terms = {"reconstruction": nats, "prior_kl": prior_kl}
        return nats + self.config.prior_weight * prior_kl, terms, {}

    def discriminator_loss(
        self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor
    ) -> LossResult:
        """Cross-entropy of telling codes of the just updated encoder (without gradient) from draws of the prior."""
        with torch.no_grad():
            codes = self._sample(networks, batch.images, noise["posterior"])
        loss, right = classification(networks["discriminator"](torch.cat([codes, noise["prior"]])))
        return loss, {"discriminator_accuracy": right}, {}

    def _sample(self, networks: Networks, images: Tensor, noise: Tensor) -> Tensor:
        posterior = self.encode(networks, images)
        return gaussian.sample(posterior["mean"], posterior["logvar"], noise) if self._gaussian else posterior["mean"]

    def codes(self) -> dict[str, int]:
        """Mean (and logvar, where codes are drawn) of q(z|x)."""
        return autoencoder.codes(self.config) if self._gaussian else {"mean": self.config.latent_dim}

    def encode(self, networks: Networks, images: Tensor) -> dict[str, Tensor]:
        """images float32 [B,C,H,W] in 0..1 -> ``mean`` (and ``logvar``) float32 [B,D]."""
        return autoencoder.encode(networks, images) if self._gaussian else {"mean": networks["encoder"](images)}

    decode, reconstruction = members.decode, members.reconstruction
