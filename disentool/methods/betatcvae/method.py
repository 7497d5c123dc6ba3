"""beta-TCVAE: Chen et al., "Isolating Sources of Disentanglement in Variational Autoencoders" (NeurIPS 2018)."""

import math

import torch
from torch import Tensor

from disentool.contract import Batch, Carry, DataFacts, LossResult, Networks, Noises, Stage
from disentool.errors import DataMismatch
from disentool.methods._vae import autoencoder, members
from disentool.methods.betatcvae.config import BetaTCVAEConfig
from disentool.nn import gaussian
from disentool.nn.likelihood import negative_log_likelihood


class BetaTCVAE:
    """A VAE whose KL term is split in three, of which the total correlation weighs more.

    The terms come from one batch, and their values are biased (at batches of 64 by tens of nats; their gradients are
    what training needs): compare them within a run, and do not report them as scores.
    """

    def __init__(self, config: BetaTCVAEConfig, facts: DataFacts):
        self.config, self.facts = config, facts
        self.likelihood = autoencoder.likelihood(config, facts)
        if config.estimator != "analytic" and facts.rows < config.batch_size:
            raise DataMismatch(
                f"{facts.rows:,} images do not fill a batch of {config.batch_size}, which --estimator"
                f" {config.estimator} needs; lower --batch-size"
            )

    def stages(self) -> tuple[Stage, ...]:
        """One phase: encoder and decoder on the weighted bound."""
        return (Stage((autoencoder.phase("betatcvae", self.config, self.loss),), self.config.steps),)

    def loss(self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor) -> LossResult:
        """Eq. 4: -E log p(x|z) + alpha * MI + beta * TC + gamma * dimension-wise KL, nats per image.

        The three add up to the KL: to its one-sample estimate, or (analytic) to its closed form.
        """
        config = self.config
        posterior = autoencoder.encode(networks, batch.images)
        mean, logvar = posterior["mean"], posterior["logvar"]
        codes = gaussian.sample(mean, logvar, noise["posterior"])
        nats = negative_log_likelihood(networks["decoder"](codes), batch.images, self.likelihood).mean()
        kl = gaussian.kl_to_prior(mean, logvar).sum(1).mean()
        # [i, j, d]: log q(z_i | x_j) of dimension d.
        table = gaussian.log_density(codes[:, None], mean[None], logvar[None])
        weights = log_weights(len(codes), self.facts.rows, config.estimator, codes.device).to(codes.dtype)
        log_qz = torch.logsumexp(weights + table.sum(2), 1)
        log_marginals = torch.logsumexp(weights[:, :, None] + table, 1).sum(1)
        log_prior = gaussian.log_density(codes, torch.zeros_like(codes), torch.zeros_like(codes)).sum(1)
        tc = (log_qz - log_marginals).mean()
        dimension_kl = (log_marginals - log_prior).mean()
        if config.estimator == "analytic":
            information = kl - tc - dimension_kl
        else:
            information = (gaussian.log_density(codes, mean, logvar).sum(1) - log_qz).mean()
        loss = nats + config.alpha * information + config.beta * tc + config.gamma * dimension_kl
        terms = {
            "reconstruction": nats,
            "kl": kl,
            "mutual_information": information,
            "tc": tc,
            "dimension_kl": dimension_kl,
        }
        return loss, terms, {}

    networks, codes = members.networks, members.codes
    encode, decode, reconstruction = members.encode, members.decode, members.reconstruction


def log_weights(batch: int, rows: int, estimator: str, device: torch.device | None = None) -> Tensor:
    """log of the weight of q(z_i | x_j) in the estimate of q(z_i), float64 [batch, batch].

    ``weighted``: 1 / (rows * batch) throughout, eq. 5 (not normalised: its value is off by about log(rows) a term).
    ``stratified``, appendix C.2: the image of z_i itself stands for 1/rows, one other for (rows - M) / (rows * M), the
    rest for 1/M each, M = batch - 1: every row sums to 1. ``analytic``: 1 / batch throughout.
    """
    if estimator == "stratified":
        others = batch - 1
        weights = torch.full((batch, batch), 1 / others, dtype=torch.float64, device=device)
        index = torch.arange(batch, device=device)
        itself, one_other = index == index[:, None], (index[:, None] + 1) % batch == index
        weights = torch.where(itself, 1 / rows, weights)
        return torch.where(one_other, (rows - others) / (rows * others), weights).log()
    total = rows * batch if estimator == "weighted" else batch
    return torch.full((batch, batch), -math.log(total), dtype=torch.float64, device=device)
