"""DrNet: Denton & Birodkar, "Unsupervised Learning of Disentangled Representations from Video" (NeurIPS 2017).

What the paper calls content, and a video's frames share, is the class here; its pose is the content here.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentool.contract import Adam, Batch, Carry, DataFacts, LossResult, Networks, Noises, Phase, Stage, groups
from disentool.io.classes import choose
from disentool.methods._class_content import shared_loss
from disentool.methods.drnet.config import DrNetConfig
from disentool.methods.drnet.networks import Decoder, Encoder
from disentool.nn import perceptual
from disentool.nn.likelihood import negative_log_likelihood

_REFERENCE = 32  # training images by which the networks are normalised
_GROUP = 4  # images of a class: two for the class code, two for the content code


class DrNet:
    """An autoencoder whose class code is alike for images of a class, and whose content code does not tell the class.

    A discriminator learns to tell whether two content codes are of one class; the content encoder learns that it
    cannot. Networks are normalised by reference images (see :mod:`disentool.methods.drnet.networks`). The original
    normalises over the batch; but the discriminator's phase passes other batches through the content encoder.
    """

    training_networks = ("discriminator",)

    def __init__(self, config: DrNetConfig, facts: DataFacts):
        self.config, self.facts = config, facts
        self.classes = choose(config.class_factor, facts.factor_names, facts.factor_sizes, facts.class_factor)

    def networks(self) -> dict[str, nn.Module]:
        """An encoder for each code, the decoder, and the discriminator of pairs of content codes."""
        config = self.config
        size = (self.facts.channels, self.facts.height, self.facts.width, config.width)
        units = config.discriminator_units
        return {
            "class_encoder": Encoder(_REFERENCE, *size, config.class_dim),
            "content_encoder": Encoder(_REFERENCE, *size, config.content_dim),
            "decoder": Decoder(_REFERENCE, *size, config.class_dim + config.content_dim, config.skip),
            "discriminator": nn.Sequential(
                nn.Linear(2 * config.content_dim, units),
                nn.ReLU(inplace=True),
                nn.Linear(units, units),
                nn.ReLU(inplace=True),
                nn.Linear(units, 1),
            ),
        }

    def stages(self) -> tuple[Stage, ...]:
        """Two phases, each with a batch of its own: the autoencoder, then the discriminator."""
        config, columns = self.config, self.classes.columns
        betas = (config.beta1, config.beta2)
        autoencoder = Phase(
            name="autoencoder",
            updates=("class_encoder", "content_encoder", "decoder"),
            optimiser=Adam(config.learning_rate, betas),
            loss=self.autoencoder_loss,
            draw=groups(config.batch_size, _GROUP, columns),
        )
        adversary = Phase(
            name="discriminator",
            updates=("discriminator",),
            optimiser=Adam(config.discriminator_learning_rate, betas),
            loss=self.discriminator_loss,
            draw=groups(config.batch_size, 2, columns),
        )
        reference = groups(_REFERENCE, 1, columns)
        return (Stage((autoencoder, adversary), config.steps, self.keep_reference, reference),)

    def keep_reference(self, networks: dict[str, nn.Module], batch: Batch | None) -> None:
        """The images by which everything is normalised from now on."""
        assert batch is not None  # the stage draws a reference
        for name in ("class_encoder", "content_encoder"):
            networks[name].get_buffer("reference").copy_(batch.images)

    def autoencoder_loss(
        self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor
    ) -> LossResult:
        """Eq. 4 of four images of each class, c1, c2, p1, p2; squares are means over pixels, or over a code.

        |D(Ec(c1), Ep(p1)) - p1|^2, or the shared reconstruction loss, + similarity_weight * |Ec(c1) - Ec(c2)|^2, the
        code of c2 being fixed, + adversary_weight * the cross-entropy of the discriminator's answer to (Ep(p1), Ep(p2))
        and 1/2.
        """
        c1, c2, p1, p2 = torch.unflatten(batch.images, 0, (-1, _GROUP)).unbind(1)
        of_class, content = networks["class_encoder"](c1), networks["content_encoder"](p1)
        with torch.no_grad():
            same_class, other = networks["class_encoder"](c2), networks["content_encoder"](p2)
        features = of_class.features if self.config.skip else ()
        logits = networks["decoder"](torch.cat([of_class.codes, content.codes], 1), features)
        made = torch.sigmoid(_own(logits))
        error = (
            F.mse_loss(made, p1)
            if self.config.reconstruction == "native"
            else perceptual.shared_loss(networks, made, p1)
        )
        similarity = F.mse_loss(_own(of_class.codes), _own(same_class.codes))
        answer = networks["discriminator"](torch.cat([_own(content.codes), _own(other.codes)], 1))
        adversary = 0.5 * (F.softplus(answer) + F.softplus(-answer)).mean()
        loss = error + self.config.similarity_weight * similarity + self.config.adversary_weight * adversary
        return loss, {"reconstruction": error, "similarity": similarity, "adversary": adversary}, {}

    def discriminator_loss(
        self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor
    ) -> LossResult:
        """Eq. 3: cross-entropy of telling two content codes of a class from two of different classes.

        The codes are of the just updated encoder, without gradient.
        """
        with torch.no_grad():
            codes = _own(networks["content_encoder"](batch.images).codes)
        first, second = torch.unflatten(codes, 0, (-1, 2)).unbind(1)
        other = second[another(self.classes.of(batch.factors)[::2])]
        pairs = torch.cat([torch.cat([first, first]), torch.cat([second, other])], 1)
        same, different = networks["discriminator"](pairs).chunk(2)
        loss = 0.5 * (F.softplus(-same).mean() + F.softplus(different).mean())
        right = torch.cat([same > 0, different < 0]).to(loss.dtype).mean()
        return loss, {"discriminator_accuracy": right}, {}

    without_prior = "the hyperbolic tangent of standard normals, which its encoders' normalised outputs are like"

    reconstruction_loss, frozen = property(shared_loss.reconstruction_loss), shared_loss.frozen

    def codes(self) -> dict[str, int]:
        """Class code and content code, and the one followed by the other."""
        own, content = self.config.class_dim, self.config.content_dim
        return {"mean": own + content, "class_code": own, "content_code": content}

    def encode(self, networks: Networks, images: Tensor) -> dict[str, Tensor]:
        """images float32 [B,C,H,W] in 0..1 -> their codes, float32 [B,D], each number in -1..1."""
        of_class = _own(networks["class_encoder"](images).codes)
        content = _own(networks["content_encoder"](images).codes)
        return {"mean": torch.cat([of_class, content], 1), "class_code": of_class, "content_code": content}

    def prior(self, normals: Tensor) -> Tensor:
        """Standard normals float32 [n,C+D] -> codes: what an encoder's normalised output becomes by its tanh."""
        return torch.tanh(normals)

    def decode(self, networks: Networks, codes: Tensor) -> Tensor:
        """codes float32 [B,C+D], class and content -> images float32 [B,C,H,W] in 0..1.

        With skip connections the features are those of the reference image whose class code is nearest.
        """
        return torch.sigmoid(self._logits(networks, codes, None))

    def transfer(self, networks: Networks, class_images: Tensor, content_images: Tensor) -> Tensor:
        """Images float32 [B,C,H,W] in 0..1 of the classes of the first and the content of the second."""
        codes = torch.cat(
            [self.encode(networks, class_images)["class_code"], self.encode(networks, content_images)["content_code"]],
            1,
        )
        return torch.sigmoid(self._logits(networks, codes, class_images))

    def reconstruction(self, networks: Networks, codes: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """The images' cost in nats if what is decoded were a mean (there is no p(x|c,p)), and the decoded images.

        With skip connections the decoder is also given the features of ``images`` themselves.
        """
        logits = self._logits(networks, codes, images)
        return negative_log_likelihood(logits, images, self.facts.likelihood), torch.sigmoid(logits)

    def _logits(self, networks: Networks, codes: Tensor, class_images: Tensor | None) -> Tensor:
        """Pixels' logits of codes [B,C+D]; ``class_images`` [B,C,H,W]: whose features the skip connections carry."""
        size = (self.facts.channels, self.facts.height, self.facts.width)
        nothing = codes.new_empty(0, *size)
        skip = self.config.skip
        of_class = networks["class_encoder"](nothing if class_images is None or not skip else class_images)
        reference = torch.cat([of_class.codes[:_REFERENCE], networks["content_encoder"](nothing).codes], 1)
        features = of_class.features if skip else ()
        if skip and class_images is None:
            own = self.config.class_dim
            nearest = torch.cdist(codes[:, :own], reference[:, :own]).argmin(1)
            features = tuple(torch.cat([layer, layer[nearest]]) for layer in features)
        return _own(networks["decoder"](torch.cat([reference, codes]), features))


def _own(values: Tensor) -> Tensor:
    """Without the reference images."""
    return values[_REFERENCE:]


def another(classes: Tensor) -> Tensor:
    """For each of classes [P] the place, int64 [P], of the next one that is another, round and round."""
    place = torch.arange(len(classes), device=classes.device)
    ahead = (place[None] - place[:, None]) % len(classes)
    return torch.where(classes[:, None] == classes[None], len(classes), ahead).argmin(1)
