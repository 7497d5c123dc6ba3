"""A generator opened from what the user named, whatever it is stored as."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from disentool.directions.generator import Generator, GeneratorFacts
from disentool.stages import model as models
from disentool.stages.model import Model


@dataclass(frozen=True)
class Opened:
    """A generator, where it came from, and the digest that its directions are bound to.

    ``name``: what it is, in a word or two. ``model``: the checkpoint behind it, where it is one of the toolkit's.
    """

    path: Path
    sha256: str
    name: str
    generator: Generator
    model: Model | None = None


def open(spec: str | Path, device: str = "auto", *, trust: bool = False) -> Opened:
    """Open a checkpoint's decoder as a generator. Raises MissingFile, ForeignFile, UnsafeFile or DeviceUnavailable."""
    model = models.load(Path(spec), device, trust=trust)
    return Opened(model.path, model.sha256, model.content["method"], CheckpointGenerator(model), model)


class CheckpointGenerator:
    """The decoder of one of the toolkit's checkpoints, as a map from standard normals to images."""

    def __init__(self, model: Model):
        facts = model.facts
        self.facts = GeneratorFacts(model.prior_width, facts.channels, facts.height, facts.width)
        self.device = model.device
        self._model = model

    def __call__(self, z: Tensor, classes: Tensor | None = None) -> Tensor:
        """z float32 [B,d] ~ N(0, I) -> images float32 [B,C,H,W] in 0..1."""
        return self._model.method.decode(self._model.networks, self.codes(z))

    def codes(self, z: Tensor) -> Tensor:
        """What the method's decoder takes: z itself, or what the method's prior makes of standard normals."""
        prior = getattr(self._model.method, "prior", None)
        return z if prior is None else prior(z)
