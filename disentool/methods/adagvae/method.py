"""Ada-GVAE: Locatello et al., "Weakly-Supervised Disentanglement Without Compromises" (ICML 2020)."""

import dataclasses

import torch
from torch import Tensor

from disentool.contract import Batch, Carry, DataFacts, LossResult, Networks, Noise, Noises, Stage, pairs
from disentool.methods._vae import autoencoder, members
from disentool.methods.adagvae.config import AdaGVAEConfig
from disentool.nn import gaussian
from disentool.nn.likelihood import negative_log_likelihood


class AdaGVAE:
    """A VAE of pairs of images that share most factors, without being told which."""

    def __init__(self, config: AdaGVAEConfig, facts: DataFacts):
        self.config, self.facts = config, facts
        self.likelihood = autoencoder.likelihood(config, facts)

    def stages(self) -> tuple[Stage, ...]:
        """One phase: encoder and decoder on pairs."""
        config = self.config
        phase = dataclasses.replace(
            autoencoder.phase("adagvae", config, self.loss),
            draw=pairs(config.batch_size, config.changes),
            noise=(Noise("posterior", (2 * config.batch_size, config.latent_dim), "normal"),),
        )
        return (Stage((phase,), config.steps),)

    def loss(self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor) -> LossResult:
        """Eq. 6: the bound of both images, each posterior averaged over the pair where that seems shared.

        Nats per image: the mean over both halves of the batch, of -E log p(x|z) + beta * KL.
        """
        posterior = autoencoder.encode(networks, batch.images)
        (mean, other_mean), (logvar, other_logvar) = posterior["mean"].chunk(2), posterior["logvar"].chunk(2)
        shared = shared_dimensions(mean, other_mean, logvar, other_logvar, self.config.divergence)
        mean, logvar = average_shared(posterior["mean"], posterior["logvar"], shared)
        codes = gaussian.sample(mean, logvar, noise["posterior"])
        nats = negative_log_likelihood(networks["decoder"](codes), batch.images, self.likelihood).mean()
        kl = gaussian.kl_to_prior(mean, logvar).sum(1).mean()
        terms = {"reconstruction": nats, "kl": kl, "shared_dimensions": shared.to(kl.dtype).sum(1).mean()}
        return nats + self.config.beta * kl, terms, {}

    networks, codes = members.networks, members.codes
    encode, decode, reconstruction = members.encode, members.decode, members.reconstruction


def shared_dimensions(mean: Tensor, other_mean: Tensor, logvar: Tensor, other_logvar: Tensor, kind: str) -> Tensor:
    """Which dimensions a pair's posteriors seem to share, bool [B,D]; means and logvars [B,D] of both.

    Sec. 4.1: a dimension is shared where its divergence lies below the midpoint of the pair's least and greatest.
    ``one-way``: KL(q(z|x1) || q(z|x2)); ``symmetric``: the mean of it and its reverse.
    """
    divergence = _kl(mean, logvar, other_mean, other_logvar)
    if kind == "symmetric":
        divergence = 0.5 * (divergence + _kl(other_mean, other_logvar, mean, logvar))
    least, greatest = divergence.amin(1, keepdim=True), divergence.amax(1, keepdim=True)
    return divergence < 0.5 * (least + greatest)


def _kl(mean: Tensor, logvar: Tensor, other_mean: Tensor, other_logvar: Tensor) -> Tensor:
    """KL(N(mean, exp(logvar)) || N(other_mean, exp(other_logvar))) of every dimension, nats."""
    ratio = torch.exp(logvar - other_logvar)
    return 0.5 * (ratio + (mean - other_mean).square() * torch.exp(-other_logvar) - 1 + other_logvar - logvar)


def average_shared(mean: Tensor, logvar: Tensor, shared: Tensor) -> tuple[Tensor, Tensor]:
    """Both posteriors [2B,D] with mean and variance averaged over the pair (eq. 5, GVAE) where ``shared`` [B,D]."""
    both = torch.cat([shared, shared])
    (first, second), (first_logvar, second_logvar) = mean.chunk(2), logvar.chunk(2)
    average_mean = torch.cat([(first + second) / 2] * 2)
    joint_logvar = torch.logaddexp(first_logvar, second_logvar) - torch.log(torch.full_like(logvar[:1, :1], 2))
    average_logvar = torch.cat([joint_logvar] * 2)
    return torch.where(both, average_mean, mean), torch.where(both, average_logvar, logvar)
