"""VAE: Kingma & Welling, "Auto-Encoding Variational Bayes" (ICLR 2014)."""

from torch import Tensor, nn

from disentool.contract import Batch, Carry, DataFacts, LossResult, Networks, Noises, Stage
from disentool.methods._vae import autoencoder
from disentool.methods.vae.config import VAEConfig


class VAE:
    """Maximises the evidence lower bound."""

    def __init__(self, config: VAEConfig, facts: DataFacts):
        self.config, self.facts = config, facts
        self.likelihood = autoencoder.likelihood(config, facts)

    def networks(self) -> dict[str, nn.Module]:
        """Encoder and decoder."""
        return autoencoder.build(self.config, self.facts)

    def stages(self) -> tuple[Stage, ...]:
        """One phase: encoder and decoder on the bound."""
        return (Stage((autoencoder.phase("vae", self.config, self.loss),), self.config.steps),)

    def loss(self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor) -> LossResult:
        """Eq. 10: -E log p(x|z) + KL(q(z|x) || p(z)), nats per image."""
        bound = autoencoder.bound(networks, batch, noise["posterior"], self.likelihood)
        return bound.reconstruction + bound.kl, {"reconstruction": bound.reconstruction, "kl": bound.kl}, {}

    def codes(self) -> dict[str, int]:
        """Mean and logvar of q(z|x)."""
        return autoencoder.codes(self.config)

    encode = staticmethod(autoencoder.encode)
    decode = staticmethod(autoencoder.decode)

    def reconstruction(self, networks: Networks, codes: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """-log p(x|z) in nats per image, and the mean image."""
        return autoencoder.reconstruction(networks, codes, images, self.likelihood)
