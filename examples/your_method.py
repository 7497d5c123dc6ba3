"""A method of your own: disentool train your_method:WAE -o wae.pt && disentool score --trust wae.pt

It declares networks, and training as data: which rows and noise a phase gets, what it updates, and its loss."""

from dataclasses import dataclass

from disentool.config import opt
from disentool.contract import Adam, Noise, Phase, Stage, epoch
from disentool.nn import conv


@dataclass(frozen=True)
class Config:
    """Each field is an option of the command line, a YAML key and an entry of the checkpoint."""

    latent_dim: int = opt(10, "number of latent dimensions", low=1)
    penalty: float = opt(100.0, "weight of the distance of the codes to the prior", low=0)
    learning_rate: float = opt(1e-3, "Adam's learning rate", above=0)
    batch_size: int = opt(64, "images in a batch", low=2)
    steps: int = opt(10_000, "training steps", low=0)


class WAE:
    """Wasserstein autoencoder with an MMD penalty (Tolstikhin et al. 2018)."""

    Config = Config

    def __init__(self, config, facts):
        self.config, self.facts = config, facts

    def networks(self):
        size = (self.facts.channels, self.facts.height, self.facts.width, 128, self.config.latent_dim)
        return {"encoder": conv.encoder(*size), "decoder": conv.decoder(*size)}

    def stages(self):
        config, batch = self.config, self.config.batch_size
        noise = (Noise("prior", (batch, config.latent_dim), "normal"),)
        phase = Phase("wae", ("encoder", "decoder"), Adam(config.learning_rate), self.loss, epoch(batch), noise)
        return (Stage((phase,), config.steps),)

    def loss(self, networks, batch, noise, carry, step):
        codes = networks["encoder"](batch.images)
        error = (self.decode(networks, codes) - batch.images).square().flatten(1).sum(1).mean()
        distance = kernel(codes, codes) + kernel(noise["prior"], noise["prior"]) - 2 * kernel(codes, noise["prior"])
        return error + self.config.penalty * distance, {"reconstruction": error, "mmd": distance}, {}

    def codes(self):
        return {"mean": self.config.latent_dim}

    def encode(self, networks, images):
        return {"mean": networks["encoder"](images)}

    def decode(self, networks, codes):
        return networks["decoder"](codes).sigmoid()


def kernel(a, b):
    return (2 * a.shape[1] / (2 * a.shape[1] + (a[:, None] - b).square().sum(2))).mean()
