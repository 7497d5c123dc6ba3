"""LORD: Gabbay & Hoshen, "Demystifying Inter-Class Disentanglement" (ICLR 2020)."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentool.contract import (
    Adam,
    Batch,
    Carry,
    Cosine,
    DataFacts,
    LossResult,
    Networks,
    Noise,
    Noises,
    Phase,
    Plateau,
    Rate,
    Stage,
    epoch,
)
from disentool.errors import WrongUsage
from disentool.io import classes, vgg
from disentool.methods.lord import networks
from disentool.methods.lord.config import LORDConfig
from disentool.nn.initialisation import initialise
from disentool.nn.likelihood import negative_log_likelihood
from disentool.nn.perceptual import Vgg16, recipe_loss
from disentool.nn.pixel_loss import GREY_LEVELS

_PATIENCE = 20  # epochs without progress before the second stage's learning rate is halved


class LORD:
    """A code for each class and one for each image, found together with a generator; then encoders that predict them.

    ``mean`` is the class code followed by the content code. Losses are the recipes': not nats, but in the units of the
    reconstruction loss (see :mod:`disentool.nn.perceptual`).
    """

    fits_prior = True  # codes are drawn from a normal law fitted to those of the data: no loss draws them to N(0, I)

    def __init__(self, config: LORDConfig, facts: DataFacts):
        self.config, self.facts = config, facts
        factors = facts.factor_names, facts.factor_sizes
        self.classes = classes.choose(config.class_factor, *factors, facts.class_factor)
        if config.styles > 1:
            spec = classes.joined(self.classes.text, classes.STYLE)
            self.classes = classes.choose(spec, *factors)
        self.variational = config.regularisation == "kl"
        # The standard deviation that the contents' noise had in training; where it was learned, it has no one value.
        self.content_noise: float | None = None if self.variational else config.noise

    def networks(self) -> dict[str, nn.Module]:
        """The codes of classes and images, the generator, and the encoders of both."""
        config, facts = self.config, self.facts
        outputs = config.content_dim * (2 if self.variational else 1)
        if config.content == "optimised":
            contents: nn.Module = networks.table(facts.rows, config.content_dim)
            if self.variational:
                contents = networks.gaussian_table(facts.rows, config.content_dim)
        else:
            contents = self._encoder(outputs)
        generator = networks.Generator(
            *(config.class_dim, config.content_dim, facts.channels, facts.height, facts.width),
            *(config.width, config.slope, config.normalisation),
        )
        initialise(generator, config.initialisation)
        if config.modulation == "identity":
            generator.modulate_by_identity()
        return {
            "contents": contents,
            "classes": networks.table(self.classes.count, config.class_dim),
            "generator": generator,
            "class_encoder": self._encoder(config.class_dim),
            "content_encoder": self._encoder(config.content_dim),
        }

    def _encoder(self, outputs: int) -> nn.Module:
        config, facts = self.config, self.facts
        size = (facts.channels, facts.height, facts.width)
        network = networks.encoder(*size, config.width, outputs, config.slope)
        return initialise(network, config.initialisation)

    def stages(self) -> tuple[Stage, ...]:
        """Latent optimisation, then amortisation, of one phase each."""
        config = self.config
        size, passes = config.batch_size, self._passes
        first = config.latent_steps
        second = config.total_steps - first
        hold = passes if config.decay_every == "epoch" else 1
        noisy = self.variational or config.noise > 0
        betas = (config.beta1, config.beta2)
        codes = Cosine(config.code_learning_rate, config.final_code_learning_rate, first, hold)
        slow = Cosine(config.learning_rate, config.final_learning_rate, first, hold)
        latent = Phase(
            name="latent",
            updates=("contents", "classes", "generator"),
            # An amortised content is a network's output, so its rate is the generator's.
            optimiser=Adam(
                slow,
                betas,
                config.epsilon,
                {"classes": codes, "contents": codes if config.content == "optimised" else slow},
            ),
            loss=self.latent_loss,
            draw=epoch(size),
            noise=(Noise("content", (size, config.content_dim), "normal"),) if noisy else (),
        )
        amortize = Phase(
            name="amortize",
            updates=("class_encoder", "content_encoder", "generator"),
            optimiser=Adam(self._second_rate(passes, second), betas, config.epsilon),
            loss=self.amortize_loss,
            draw=epoch(size),
        )
        return (Stage((latent,), first), Stage((amortize,), second))

    @property
    def _passes(self) -> int:
        """Steps of an epoch."""
        return max(1, round(self.facts.rows / self.config.batch_size))

    def _second_rate(self, passes: int, steps: int) -> Rate:
        start = self.config.amortize_learning_rate
        if self.config.amortize_schedule == "cosine":
            return Cosine(start, start / 10, steps, passes if self.config.decay_every == "epoch" else 1)
        return Plateau(start, passes, _PATIENCE, least_fall=self.config.least_fall)

    def stop_early(self, history: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the second stage's loss, by the means in the history, has not fallen for ``stop_after`` epochs.

        A fall is one of more than ``least_fall`` below the least before, as the released code counts.
        """
        config = self.config
        best, since = math.inf, 0
        for line in history if config.stop_after else ():
            loss = line.get("amortize_loss")
            if isinstance(loss, float) and loss < best - config.least_fall:
                best, since = loss, line["step"]
        return best < math.inf and history[-1]["step"] - since >= config.stop_after * self._passes

    @property
    def reconstruction_loss(self) -> str:
        """``perceptual`` or ``pixel``: what the configuration asks for, or, where it leaves that open, can be had."""
        return "pixel" if self._weights_file() is None else "perceptual"

    def _weights_file(self) -> Path | None:
        return vgg.choose(self.config.reconstruction, self.config.vgg)

    def frozen(self) -> dict[str, nn.Module]:
        """The feature network of the perceptual loss, if that is the loss."""
        path = self._weights_file()
        return {} if path is None else {"vgg": Vgg16(vgg.read(path), self.config.loss_input)}

    def encoders_ready(self, step: int) -> bool:
        """Whether the second stage, which trains the encoders, has begun by ``step``; of a run of no steps: always.

        So an untrained model can be scored beside a trained one.
        """
        return step > self.config.latent_steps or self.config.steps == 0

    def latent_loss(self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor) -> LossResult:
        """Stage 1: reconstruction from the class's code and the image's, with noise, plus the content's penalty."""
        config = self.config
        found = networks["contents"](batch.rows if config.content == "optimised" else batch.images)
        if self.variational:
            mean, logvar = found.chunk(2, dim=1)
            content = mean + torch.exp(0.5 * logvar) * noise["content"]
            squares = mean.square() + logvar.exp() - logvar - 1  # twice the KL to N(0, I)
        else:
            content = found + config.noise * noise["content"] if config.noise else found
            squares = (content if config.penalty == "noisy-mean" else found).square()
        penalty = squares.sum() if config.penalty == "sum" else squares.sum(1).mean()
        penalty = penalty * (0.5 if self.variational else 1.0)
        klass = networks["classes"](self.classes.of(batch.factors))
        logits = networks["generator"](torch.cat([klass, content], 1))
        reconstruction = self._reconstruction(networks, logits, batch.images)
        terms = {"reconstruction": reconstruction, "content_penalty": penalty}
        return reconstruction + config.penalty_weight * penalty, terms, {}

    def amortize_loss(self, networks: Networks, batch: Batch, noise: Noises, carry: Carry, step: Tensor) -> LossResult:
        """Stage 2: reconstruction from both encoders' codes, plus their squared distance to the codes of stage 1."""
        assert batch.factors is not None  # they hold the classes
        with torch.no_grad():
            wanted = self.row_codes(networks, batch.rows, batch.factors, batch.images)
        found = self.encode(networks, batch.images)
        reconstruction = self._reconstruction(networks, networks["generator"](found["mean"]), batch.images)
        klass = F.mse_loss(found["class_code"], wanted["class_code"])
        content = F.mse_loss(found["content_code"], wanted["content_code"])
        terms = {"amortized_reconstruction": reconstruction, "class_distance": klass, "content_distance": content}
        return reconstruction + self.config.amortize_weight * (klass + content), terms, {}

    def _reconstruction(self, networks: Networks, logits: Tensor, images: Tensor) -> Tensor:
        """The recipe's loss of sigmoid(logits), or a mean of it and the logits' cross-entropy per pixel, in its unit.

        Where a bright pixel has become dark, the sigmoid leaves the first next to no gradient, and the second all.
        """
        share = self.config.cross_entropy if self.facts.likelihood == "bernoulli" else 0.0
        loss = recipe_loss(networks, torch.sigmoid(logits), images, self.config.loss_input)
        if not share:
            return loss
        unit = GREY_LEVELS if self.config.loss_input == "normalised" else 1.0
        return (1 - share) * loss + share * unit * F.binary_cross_entropy_with_logits(logits, images)

    def codes(self) -> dict[str, int]:
        """``mean`` is the other two side by side."""
        class_dim, content_dim = self.config.class_dim, self.config.content_dim
        return {"mean": class_dim + content_dim, "class_code": class_dim, "content_code": content_dim}

    def encode(self, networks: Networks, images: Tensor) -> dict[str, Tensor]:
        """images float32 [B,C,H,W] in 0..1 -> the codes that the second stage's encoders predict, float32."""
        return _codes(networks["class_encoder"](images), networks["content_encoder"](images))

    def row_codes(
        self, networks: Networks, rows: Tensor, factors: Tensor, images: Tensor | None = None
    ) -> dict[str, Tensor]:
        """The first stage's codes, as :meth:`encode` gives them, of rows int64 [B] counted within the training rows.

        ``factors``: int64 [B,K]. ``images``: theirs, needed where the content is amortised.
        """
        optimised = self.config.content == "optimised"
        if not optimised and images is None:
            raise WrongUsage(
                "its content codes were amortised, not optimised, in the first stage: images have them once the second"
                " is trained"
            )
        found = networks["contents"](rows if optimised else images)
        return _codes(networks["classes"](self.classes.of(factors)), found[:, : self.config.content_dim])

    def code_tables(self, networks: Networks) -> dict[str, Tensor]:
        """The code of each class [classes,C], and, unless it is amortised, of each training row [rows,D]."""
        names = {"class_code": "classes", "content_code": "contents"}
        tables = {code: networks[name] for code, name in names.items()}
        widths = self.codes()  # a learned variance stands behind the means
        return {
            code: table.weight[:, : widths[code]] for code, table in tables.items() if isinstance(table, nn.Embedding)
        }

    def dead_content(self, networks: Networks) -> str:
        """Whether optimised codes vary less, in all dimensions together, than the noise does in one."""
        table = self.code_tables(networks).get("content_code")
        if table is None or not self.content_noise:
            return ""
        length = float(table.detach().float().var(0, correction=0).sum().sqrt())
        if length >= self.content_noise:
            return ""
        return (
            f"the content codes of the first stage are dead: their length about their mean is {length:.2g}, below the"
            f" noise of {self.content_noise:g}; to try: a smaller --penalty-weight"
        )

    def decode(self, networks: Networks, codes: Tensor) -> Tensor:
        """codes float32 [B,D] -> images float32 [B,C,H,W] in 0..1."""
        return torch.sigmoid(networks["generator"](codes))

    def reconstruction(self, networks: Networks, codes: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """The images' cost in nats if what is generated were a decoder's mean (LORD has no p(x|z)), and that image."""
        logits = networks["generator"](codes)
        return negative_log_likelihood(logits, images, self.facts.likelihood), torch.sigmoid(logits)


def _codes(klass: Tensor, content: Tensor) -> dict[str, Tensor]:
    return {"mean": torch.cat([klass, content], 1), "class_code": klass, "content_code": content}
