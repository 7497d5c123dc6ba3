"""What the VAE family shares in training: its networks, its phases, its encoder and the two terms of its bound."""

from typing import NamedTuple

from torch import Tensor, nn

from disentool.contract import Adam, Batch, Cosine, DataFacts, Loss, Networks, Noise, Phase, Rate, epoch, uniform
from disentool.methods._vae.config import AutoencoderConfig
from disentool.nn import conv, gaussian
from disentool.nn.initialisation import initialise
from disentool.nn.likelihood import negative_log_likelihood


class Bound(NamedTuple):
    """The pieces of the evidence lower bound for one batch."""

    codes: Tensor  # z ~ q(z|x), [B,D]
    reconstruction: Tensor  # -E log p(x|z), nats per image, scalar
    kl: Tensor  # KL(q(z|x) || p(z)), nats per image, scalar


def build(config: AutoencoderConfig, facts: DataFacts) -> dict[str, nn.Module]:
    """The encoder and decoder of appendix A for images of this size, with their first weights."""
    size = (facts.channels, facts.height, facts.width)
    return {
        "encoder": initialise(conv.encoder(*size, config.hidden_units, 2 * config.latent_dim), config.initialisation),
        "decoder": initialise(conv.decoder(*size, config.hidden_units, config.latent_dim), config.initialisation),
    }


def likelihood(config: AutoencoderConfig, facts: DataFacts) -> str:
    """The decoder's pixel law: the configuration's, or what the data set states."""
    return facts.likelihood if config.likelihood == "auto" else config.likelihood


def posterior_noise(config: AutoencoderConfig) -> Noise:
    """The standard normal that turns q(z|x) into a sample."""
    return Noise("posterior", (config.batch_size, config.latent_dim), "normal")


def rate(config: AutoencoderConfig, start: float) -> Rate:
    """The learning rate of a run that begins at ``start``: constant, or down to a hundredth of it at the last step."""
    return start if config.schedule == "constant" else Cosine(start, start / 100, config.steps)


def phase(name: str, config: AutoencoderConfig, loss: Loss) -> Phase:
    """The update of encoder and decoder: a batch of the current pass, and the noise of one sample of q(z|x)."""
    return Phase(
        name=name,
        updates=("encoder", "decoder"),
        optimiser=Adam(rate(config, config.learning_rate), (config.beta1, config.beta2)),
        loss=loss,
        draw=epoch(config.batch_size),
        noise=(posterior_noise(config),),
    )


def discriminator_phase(config: AutoencoderConfig, optimiser: Adam, loss: Loss, other: Noise) -> Phase:
    """The update of a discriminator of codes: independent rows, the noise of one sample of q(z|x), and ``other``."""
    return Phase(
        name="discriminator",
        updates=("discriminator",),
        optimiser=optimiser,
        loss=loss,
        draw=uniform(config.batch_size),
        noise=(posterior_noise(config), other),
    )


def codes(config: AutoencoderConfig) -> dict[str, int]:
    """What :func:`encode` gives, by name, and how wide each is."""
    return {"mean": config.latent_dim, "logvar": config.latent_dim}


def encode(networks: Networks, images: Tensor) -> dict[str, Tensor]:
    """images float32 [B,C,H,W] in 0..1 -> ``mean`` and ``logvar`` of q(z|x), float32 [B,D]."""
    mean, logvar = networks["encoder"](images).chunk(2, dim=1)
    return {"mean": mean, "logvar": logvar}


def bound(networks: Networks, batch: Batch, noise: Tensor, kind: str) -> Bound:
    """One-sample estimate of the bound (Kingma & Welling 2014, eq. 10) with the KL in closed form."""
    posterior = encode(networks, batch.images)
    codes = gaussian.sample(posterior["mean"], posterior["logvar"], noise)
    nats = negative_log_likelihood(networks["decoder"](codes), batch.images, kind)
    kl = gaussian.kl_to_prior(posterior["mean"], posterior["logvar"]).sum(1)
    return Bound(codes, nats.mean(), kl.mean())
