"""VAE: Kingma & Welling, "Auto-Encoding Variational Bayes" (ICLR 2014)."""

from torch import Tensor

from disentool.contract import Batch, Carry, DataFacts, LossResult, Networks, Noises, Stage
from disentool.methods._vae import autoencoder, members
from disentool.methods.vae.config import VAEConfig


class VAE:
    """Maximises the evidence lower bound."""

    def __init__(self, config: VAEConfig, facts: DataFacts):
        self.config, self.facts = config, facts
        self.likelihood = autoencoder.likelihood(config, facts)

    def stages(self) -> tuple[Stage, ...]:
        """One phase: encoder and decoder on the bound."""
        return (Stage((autoencoder.phase("vae", self.config, self.loss),), self.config.steps),)

    def loss(self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor) -> LossResult:
        """Eq. 10: -E log p(x|z) + KL(q(z|x) || p(z)), nats per image."""
        bound = autoencoder.bound(networks, batch, noise["posterior"], self.likelihood)
        return bound.reconstruction + bound.kl, {"reconstruction": bound.reconstruction, "kl": bound.kl}, {}

    networks, codes = members.networks, members.codes
    encode, decode, reconstruction = members.encode, members.decode, members.reconstruction
