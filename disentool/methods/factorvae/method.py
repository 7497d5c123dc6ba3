"""FactorVAE: Kim & Mnih, "Disentangling by Factorising" (ICML 2018), algorithm 2."""

import torch
from torch import Tensor, nn

from disentool.contract import Adam, Batch, Carry, DataFacts, LossResult, Networks, Noise, Noises, Stage
from disentool.methods._vae import autoencoder, members
from disentool.methods.factorvae.config import FactorVAEConfig
from disentool.nn import gaussian
from disentool.nn.discriminator import classification, discriminator, log_ratio, permute_dims
from disentool.nn.initialisation import initialise


class FactorVAE:
    """A VAE whose total correlation, estimated by a discriminator through the density ratio, is penalised."""

    training_networks = ("discriminator",)

    def __init__(self, config: FactorVAEConfig, facts: DataFacts):
        self.config, self.facts = config, facts
        self.likelihood = autoencoder.likelihood(config, facts)

    def networks(self) -> dict[str, nn.Module]:
        """Encoder, decoder and discriminator."""
        config = self.config
        size = (config.latent_dim, config.discriminator_units, config.discriminator_layers)
        return {
            **autoencoder.build(config, self.facts),
            "discriminator": initialise(
                discriminator(*size), config.discriminator_initialisation or config.initialisation
            ),
        }

    def stages(self) -> tuple[Stage, ...]:
        """Two phases, each with a batch of its own: the VAE, then the discriminator."""
        config = self.config
        vae = autoencoder.phase("vae", config, self.vae_loss)
        betas = (config.discriminator_beta1, config.discriminator_beta2)
        optimiser = Adam(autoencoder.rate(config, config.discriminator_learning_rate), betas)
        other = Noise("permutation", (config.batch_size, config.latent_dim), "permutation")
        adversary = autoencoder.discriminator_phase(config, optimiser, self.discriminator_loss, other)
        return (Stage((vae, adversary), config.steps),)

    def vae_loss(self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor) -> LossResult:
        """Eq. 2 and 3: -E log p(x|z) + KL + gamma * TC with TC ~ E log D/(1-D), the difference of D's two logits."""
        bound = autoencoder.bound(networks, batch, noise["posterior"], self.likelihood)
        tc = self.density_ratio(networks, bound.codes).mean()
        loss = bound.reconstruction + bound.kl + self.config.gamma * tc
        terms = {"reconstruction": bound.reconstruction, "kl": bound.kl, "tc": tc}
        return loss, terms, {"codes": bound.codes.detach()}

    def discriminator_loss(
        self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor
    ) -> LossResult:
        """Algorithm 2, second half: z of the first batch is real; z' of a second batch, permuted, is not.

        z' comes from the encoder as just updated; neither batch passes a gradient to it.
        """
        with torch.no_grad():
            posterior = autoencoder.encode(networks, batch.images)
            codes = gaussian.sample(posterior["mean"], posterior["logvar"], noise["posterior"])
            permuted = permute_dims(codes, noise["permutation"])
        # One pass over both halves: the discriminator's weights are read once.
        logits = networks["discriminator"](torch.cat([carry["codes"], permuted]))
        loss, right = classification(logits)
        return loss, {"discriminator_accuracy": right}, {}

    def density_ratio(self, networks: Networks, codes: Tensor) -> Tensor:
        """log q(z) - log prod_j q(z_j) in nats [B], as the discriminator sees it: eq. 3's log D / (1 - D)."""
        return log_ratio(networks["discriminator"](codes))

    codes = members.codes
    encode, decode, reconstruction = members.encode, members.decode, members.reconstruction
