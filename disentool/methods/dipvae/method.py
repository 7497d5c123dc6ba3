"""DIP-VAE: Kumar et al., "Variational Inference of Disentangled Latent Concepts from Unlabeled Observations" (2018)."""

import torch
from torch import Tensor

from disentool.contract import Batch, Carry, DataFacts, LossResult, Networks, Noises, Stage
from disentool.methods._vae import autoencoder, members
from disentool.methods.dipvae.config import DIPVAEConfig
from disentool.nn import gaussian
from disentool.nn.likelihood import negative_log_likelihood


class DIPVAE:
    """A VAE whose codes are drawn to be uncorrelated, each of variance 1."""

    def __init__(self, config: DIPVAEConfig, facts: DataFacts):
        self.config, self.facts = config, facts
        self.likelihood = autoencoder.likelihood(config, facts)
        default = config.lambda_od * (10 if config.variant == "i" else 1)
        self.lambda_d = default if config.lambda_d is None else config.lambda_d

    def stages(self) -> tuple[Stage, ...]:
        """One phase: encoder and decoder on the bound and the penalty of the covariance."""
        return (Stage((autoencoder.phase("dipvae", self.config, self.loss),), self.config.steps),)

    def loss(self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor) -> LossResult:
        """Eq. 6 (I) and 7 (II): -E log p(x|z) + KL + lambda_od * sum_{i!=j} C_ij^2 + lambda_d * sum_i (C_ii - 1)^2."""
        posterior = autoencoder.encode(networks, batch.images)
        mean, logvar = posterior["mean"], posterior["logvar"]
        codes = gaussian.sample(mean, logvar, noise["posterior"])
        nats = negative_log_likelihood(networks["decoder"](codes), batch.images, self.likelihood).mean()
        kl = gaussian.kl_to_prior(mean, logvar).sum(1).mean()
        covariance = covariance_of_codes(mean, logvar, self.config.variant)
        diagonal = torch.diagonal(covariance)
        off_diagonal = (covariance - torch.diag(diagonal)).square().sum()
        on_diagonal = (diagonal - 1).square().sum()
        loss = nats + kl + self.config.lambda_od * off_diagonal + self.lambda_d * on_diagonal
        terms = {"reconstruction": nats, "kl": kl, "off_diagonal": off_diagonal, "on_diagonal": on_diagonal}
        return loss, terms, {}

    networks, codes = members.networks, members.codes
    encode, decode, reconstruction = members.encode, members.decode, members.reconstruction


def covariance_of_codes(mean: Tensor, logvar: Tensor, variant: str) -> Tensor:
    """[D,D]: the covariance of the batch's means [B,D] (i), to whose diagonal ii adds the mean variance (eq. 5)."""
    centred = mean - mean.mean(0)
    covariance = centred.T @ centred / len(mean)
    return covariance if variant == "i" else covariance + torch.diag(logvar.exp().mean(0))
