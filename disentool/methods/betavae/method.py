"""beta-VAE: Higgins et al. (ICLR 2017); capacity schedule: Burgess et al., "Understanding disentangling" (2018)."""

from torch import Tensor

from disentool.contract import Batch, Carry, DataFacts, LossResult, Networks, Noises, Stage
from disentool.methods._vae import autoencoder, members
from disentool.methods.betavae import schedule
from disentool.methods.betavae.config import BetaVAEConfig


class BetaVAE:
    """A VAE whose KL term is weighted, or held at a rising capacity."""

    def __init__(self, config: BetaVAEConfig, facts: DataFacts):
        self.config, self.facts = config, facts
        self.likelihood = autoencoder.likelihood(config, facts)

    def stages(self) -> tuple[Stage, ...]:
        """One phase: encoder and decoder on the weighted bound."""
        loss = self.loss if self.config.objective == "higgins" else self.capacity_loss
        return (Stage((autoencoder.phase("betavae", self.config, loss),), self.config.steps),)

    def loss(self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor) -> LossResult:
        """Higgins et al., eq. 4: -E log p(x|z) + beta * KL, nats per image."""
        bound = autoencoder.bound(networks, batch, noise["posterior"], self.likelihood)
        terms = {"reconstruction": bound.reconstruction, "kl": bound.kl}
        return bound.reconstruction + self.config.beta * bound.kl, terms, {}

    def capacity_loss(self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor) -> LossResult:
        """Burgess et al., eq. 8: -E log p(x|z) + weight * |KL - C(step)|, nats per image; KL is the batch's mean."""
        bound = autoencoder.bound(networks, batch, noise["posterior"], self.likelihood)
        capacity = schedule.linear(step, 0.0, self.config.capacity, self.config.capacity_steps)
        loss = bound.reconstruction + self.config.capacity_weight * (bound.kl - capacity).abs()
        return loss, {"reconstruction": bound.reconstruction, "kl": bound.kl, "capacity": capacity}, {}

    networks, codes = members.networks, members.codes
    encode, decode, reconstruction = members.encode, members.decode, members.reconstruction
