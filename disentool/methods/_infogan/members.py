"""The members that both methods of the InfoGAN family share, as functions that a class takes as its methods.

``encode = members.encode`` in the body of a class makes it a method of that class, and no class inherits another.

The code of an image is what Q reads from it: the number of the most probable class of each categorical code, then the
mean of each continuous code.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from disentool.contract import DataFacts, Loss, Networks, Noises, Phase, Support, epoch
from disentool.contract.stages import Adam
from disentool.methods._infogan import recognition
from disentool.methods._infogan.config import AdversarialConfig
from disentool.methods._infogan.latent_codes import LatentCodes
from disentool.nn.likelihood import negative_log_likelihood


class InfoMethod(Protocol):
    """What the functions need of the method."""

    latent: LatentCodes
    facts: DataFacts

    @property
    def config(self) -> AdversarialConfig:
        """Its options."""


def generator_phase(method: InfoMethod, optimiser: Adam, loss: Loss) -> Phase:
    """The update of the generator."""
    size = method.config.batch_size
    return Phase("generator", ("generator",), optimiser, loss, epoch(size), method.latent.draws(size))


class Compared(NamedTuple):
    """Real and made images as the discriminator or critic sees them; the generator gets no gradient."""

    images: Tensor  # made from codes, float32 [B,C,H,W] in 0..1
    real: Tensor  # the head's number for each image of the data, [B]
    fake: Tensor  # the head's number for each image that was made, [B]
    features: Tensor  # the trunk's of the made images, [B,units]
    codes: Tensor  # that the images were made from, [B,D]


def compared(method: InfoMethod, networks: Networks, head: str, real: Tensor, noise: Noises) -> Compared:
    """Make as many images as ``real`` [B,C,H,W] holds, and put both through the trunk and its ``head``."""
    with torch.no_grad():
        codes, inputs = method.latent.sample(noise)
        images = torch.sigmoid(networks["generator"](inputs))
    features = networks["trunk"](torch.cat([real, images]))
    of_real, of_fake = networks[head](features)[:, 0].chunk(2)
    return Compared(images, of_real, of_fake, features.chunk(2)[1], codes)


def made(method: InfoMethod, networks: Networks, head: str, noise: Noises) -> tuple[Tensor, Tensor]:
    """Make images with a gradient for the generator: the head's number for each, [B], and their L_I in nats."""
    codes, inputs = method.latent.sample(noise)
    images = torch.sigmoid(networks["generator"](inputs))
    features = networks["trunk"](images)
    return networks[head](features)[:, 0], information(method, networks, images, features, codes)


def prior_width(method: InfoMethod) -> int:
    """The width of a draw from the prior: codes, then noise."""
    return method.latent.width + method.latent.noise_size


def information(method: InfoMethod, networks: Networks, images: Tensor, features: Tensor, codes: Tensor) -> Tensor:
    """L_I (Chen et al. 2016, eq. 5): E log Q(c|G(c,z)) + H(c), a bound of the codes' information in nats."""
    outputs = recognition.outputs(networks, images, features)
    return method.latent.log_q(outputs, codes).mean() + method.latent.entropy


def codes(method: InfoMethod) -> dict[str, int]:
    """The mean of Q(c|x): a class's number for each categorical code, then the continuous codes."""
    return {"mean": method.latent.width}


def encode(method: InfoMethod, networks: Networks, images: Tensor) -> dict[str, Tensor]:
    """images float32 [B,C,H,W] in 0..1 -> ``mean`` float32 [B,D]."""
    return {"mean": method.latent.mean(recognition.outputs(networks, images))}


def decode(method: InfoMethod, networks: Networks, codes: Tensor) -> Tensor:
    """codes float32 [B,D], to which noise [B,noise_dim] may be joined (else: zero) -> images float32 [B,C,H,W]."""
    return torch.sigmoid(networks["generator"](method.latent.generator_input(codes)))


def reconstruction(method: InfoMethod, networks: Networks, codes: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
    """-log p(images | codes) in nats [B] if the generated image were a decoder's mean, and that image [B,C,H,W].

    A GAN has no p(x|c) of its own.
    """
    logits = networks["generator"](method.latent.generator_input(codes))
    return negative_log_likelihood(logits, images, method.facts.likelihood), torch.sigmoid(logits)


def prior(method: InfoMethod, normals: Tensor) -> Tensor:
    """Standard normals float32 [n,D+noise_dim] (or [n,D]: no noise) -> codes from the prior, of the same shape."""
    return method.latent.from_normals(normals)


def supports(method: InfoMethod) -> tuple[Support, ...]:
    """The values that each column of the code takes."""
    return method.latent.supports()


def stop_early(method: InfoMethod, history: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the information has not risen for ``early_stop`` steps."""
    return recognition.stop_early(history, method.config.early_stop)
