"""ML-VAE: Bouchacourt et al., "Multi-Level Variational Autoencoder" (AAAI 2018)."""

import torch
from torch import Tensor, nn

from disentool.contract import Adam, Batch, Carry, DataFacts, LossResult, Networks, Noise, Noises, Phase, Stage, groups
from disentool.io.classes import choose
from disentool.methods._class_content import shared_loss
from disentool.methods.mlvae.config import MLVAEConfig
from disentool.nn import conv, gaussian, perceptual
from disentool.nn.likelihood import negative_log_likelihood


class MLVAE:
    """A VAE of images in groups of one class: a code for the class that a group shares, a code for each image's rest.

    What the images of a group say of their class is joined: the class posterior of a group is the product of theirs.
    """

    def __init__(self, config: MLVAEConfig, facts: DataFacts):
        self.config, self.facts = config, facts
        self.classes = choose(config.class_factor, facts.factor_names, facts.factor_sizes, facts.class_factor)
        self.likelihood = facts.likelihood if config.likelihood == "auto" else config.likelihood

    def networks(self) -> dict[str, nn.Module]:
        """One encoder for both codes, and the decoder."""
        config = self.config
        size = (self.facts.channels, self.facts.height, self.facts.width)
        width = config.class_dim + config.content_dim
        return {
            "encoder": conv.encoder(*size, config.hidden_units, 2 * width),
            "decoder": conv.decoder(*size, config.hidden_units, width),
        }

    def stages(self) -> tuple[Stage, ...]:
        """One phase: encoder and decoder on groups."""
        config = self.config
        phase = Phase(
            name="mlvae",
            updates=("encoder", "decoder"),
            optimiser=Adam(config.learning_rate, (config.beta1, config.beta2)),
            loss=self.loss,
            draw=groups(config.groups, config.group_size, self.classes.columns),
            noise=(
                Noise("class", (config.batch_size, config.class_dim), "normal"),
                Noise("content", (config.batch_size, config.content_dim), "normal"),
            ),
        )
        return (Stage((phase,), config.steps),)

    def loss(self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor) -> LossResult:
        """Eq. 5, the bound of a group, averaged over groups, per image.

        Of each group: the sum over its images of -E log p(x|c,s) + beta * KL(q(s|x) || p(s)), and beta * KL of the
        class posterior once. The class code is drawn anew from the group's posterior for each image. A shared
        reconstruction loss, a mean over an image's numbers, counts for each of them, as a Laplace law's would.
        """
        each = self.config.group_size
        posterior = self.encode(networks, batch.images)
        mean, logvar = self._of_class(posterior["mean"]), self._of_class(posterior["logvar"])
        mean, logvar = product(torch.unflatten(mean, 0, (-1, each)), torch.unflatten(logvar, 0, (-1, each)))
        of_class = gaussian.sample(mean.repeat_interleave(each, 0), logvar.repeat_interleave(each, 0), noise["class"])
        content_mean, content_logvar = posterior["content_code"], self._of_content(posterior["logvar"])
        content = gaussian.sample(content_mean, content_logvar, noise["content"])
        logits = networks["decoder"](torch.cat([of_class, content], 1))
        nats = self._cost(networks, logits, batch.images)
        class_kl = gaussian.kl_to_prior(mean, logvar).sum(1).mean() / each
        content_kl = gaussian.kl_to_prior(content_mean, content_logvar).sum(1).mean()
        terms = {"reconstruction": nats, "class_kl": class_kl, "content_kl": content_kl}
        return nats + self.config.beta * (class_kl + content_kl), terms, {}

    def _cost(self, networks: Networks, logits: Tensor, images: Tensor) -> Tensor:
        """What reconstruction costs an image, a scalar: nats, unless by the shared loss."""
        if self.config.reconstruction == "native":
            return negative_log_likelihood(logits, images, self.likelihood).mean()
        return perceptual.shared_loss(networks, torch.sigmoid(logits), images) * images[0].numel()

    def _of_class(self, values: Tensor) -> Tensor:
        return values[:, : self.config.class_dim]

    def _of_content(self, values: Tensor) -> Tensor:
        return values[:, self.config.class_dim :]

    reconstruction_loss, frozen = property(shared_loss.reconstruction_loss), shared_loss.frozen

    def codes(self) -> dict[str, int]:
        """Mean and logvar of q(c|x), then of q(s|x); the two means by themselves."""
        own, content = self.config.class_dim, self.config.content_dim
        return {"mean": own + content, "logvar": own + content, "class_code": own, "content_code": content}

    def encode(self, networks: Networks, images: Tensor) -> dict[str, Tensor]:
        """images float32 [B,C,H,W] in 0..1 -> the codes of each image by itself, float32 [B,D]."""
        mean, logvar = networks["encoder"](images).chunk(2, dim=1)
        codes = {"class_code": self._of_class(mean), "content_code": self._of_content(mean)}
        return {"mean": mean, "logvar": logvar} | codes

    def join_classes(self, codes: dict[str, Tensor]) -> dict[str, Tensor]:
        """What :meth:`encode` gave for n images of one class -> ``class_code`` [1,C] by their evidence together."""
        mean, logvar = product(codes["class_code"][None], self._of_class(codes["logvar"])[None])
        return {"class_code": mean, "class_logvar": logvar}

    def decode(self, networks: Networks, codes: Tensor) -> Tensor:
        """codes float32 [B,C+D], class and content -> images float32 [B,C,H,W] in 0..1, the mean of p(x|c,s)."""
        return torch.sigmoid(networks["decoder"](codes))

    def reconstruction(self, networks: Networks, codes: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """-log p(x|c,s) in nats per image, and the mean image."""
        logits = networks["decoder"](codes)
        return negative_log_likelihood(logits, images, self.likelihood), torch.sigmoid(logits)


def product(mean: Tensor, logvar: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and logvar [P,C] of the normalised product of K Gaussians each, given as [P,K,C] (eq. 6 and 7).

    Precisions add; the mean is weighted by precision.
    """
    return (torch.softmax(-logvar, 1) * mean).sum(1), -torch.logsumexp(-logvar, 1)
