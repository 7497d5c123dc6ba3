"""A generator opened from the file, folder or code that the user named, and tested before any work."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from disentool.contract import ClassSupport, NonNormalCodes, OwnPrior, optional
from disentool.directions import biggan, trusted_generators
from disentool.directions.generator import Generator, GeneratorFacts
from disentool.directions.generator_checks import probe
from disentool.directions.network import Network
from disentool.engine import devices, inference
from disentool.engine.feed import to_uint8
from disentool.errors import ForeignFile, UnsafeFile, WrongUsage
from disentool.io import checkpoint
from disentool.io.call_checks import require_indices, require_once
from disentool.models.code_spaces import CodeSpace, has_spaces
from disentool.models.model import Checkpoint, TrainedModel, load_model
from disentool.named_code import is_own


@dataclass(frozen=True)
class Opened:
    """A generator, where it came from, and the digest that its directions are bound to.

    ``name``: its kind or method, for messages. ``model``: its checkpoint, where it is one of the toolkit's.
    """

    path: Path
    sha256: str
    name: str
    generator: Generator
    model: TrainedModel | None = None

    @property
    def facts(self) -> GeneratorFacts:
        """Sizes of its codes and images."""
        return self.generator.facts


# Files that hold code, by suffix: how each is opened, and its kind in words.
_CODE: dict[str, tuple[Callable[[Path, torch.device], tuple[Network, str]], str]] = {
    "torchscript": (trusted_generators.open_torchscript, "TorchScript"),
    ".pt2": (trusted_generators.open_exported, "torch.export"),
    ".pkl": (trusted_generators.open_pickle, "StyleGAN"),
}


def open_generator(
    spec: Checkpoint,
    device: str = "auto",
    *,
    trust: bool = False,
    truncation: float | None = None,
    space: str | None = None,
    classes: Sequence[int] = (),
) -> Opened:
    """Open a generator and test it.

    ``spec``: one of the toolkit's checkpoints (.pt, or .safetensors with its .json), or the model loaded from one; a
    folder with a BigGAN; and, with ``trust``, as opening them executes the code in them: ``module:name``, TorchScript,
    .pt2 (each with a .json that describes it), a StyleGAN's .pkl. ``truncation``: of a BigGAN, 1 or 0.4. ``space``: of
    a class-and-content method's checkpoint, content (the default), class or all. ``classes``: those to work with, of a
    generator that has some.

    Raises MissingFile, ForeignFile (also where it fails the test), UnsafeFile, WrongUsage, MissingExtra,
    DeviceUnavailable, or DisentoolError where the user's own code fails.
    """
    loaded = spec if isinstance(spec, TrainedModel) else None
    spec = str(spec if loaded is None else loaded.path)
    path = Path(spec)
    if truncation is not None and not path.is_dir():
        raise WrongUsage(f"--truncation {truncation:g}: {spec} is no BigGAN; leave it out")
    if loaded is None:
        found = _opened(spec, path, device, trust, 1.0 if truncation is None else truncation, space)
    else:
        found = _of_model(loaded, space)
    if space is not None and not isinstance(found.generator, CodeSpace):
        raise WrongUsage(f"--space {space}: {spec} ({found.name}) has no class and content codes; leave it out")
    require_classes(found, classes)
    probe(found.generator, spec, tuple(classes))
    return found


def _opened(spec: str, path: Path, device: str, trust: bool, truncation: float, space: str | None) -> Opened:
    if path.is_dir():
        network, digest = biggan.open_folder(path, devices.choose(device), truncation)
        return Opened(path, digest, "BigGAN", network)
    if is_own(spec) and not path.exists():
        _require_trust(spec, "is code of your own; --trust imports and runs it", trust)
        network, digest = trusted_generators.open_own(spec, devices.choose(device))
        return Opened(path, digest, spec, network)
    kind = "torchscript" if trusted_generators.is_torchscript(path) else path.suffix.lower()
    if kind in _CODE:
        load, name = _CODE[kind]
        _require_trust(spec, f"is a {name} file, and opening one executes the code in it; --trust does so", trust)
        network, digest = load(path, devices.choose(device))
        return Opened(path, digest, name, network)
    return _of_model(load_model(path, device, trust=trust), space)


def _of_model(model: TrainedModel, space: str | None) -> Opened:
    generator = CodeSpace(model, space or "content") if has_spaces(model) else CheckpointGenerator(model)
    return Opened(model.path, model.sha256, model.content["method"], generator, model)


def is_foreign(spec: Checkpoint) -> bool:
    """Whether a generator is none of the toolkit's checkpoints, by its name and suffix: nothing in it is run."""
    if isinstance(spec, TrainedModel):
        return False
    path = Path(spec)
    if path.is_dir():
        return (path / biggan.CONFIG).exists()
    return (is_own(str(spec)) and not path.exists()) or path.suffix.lower() in _CODE or _is_torchscript(path)


def require_there(spec: Checkpoint, *, or_codes: bool = False) -> None:
    """Raises what is wrong with a checkpoint that is named by its path; nothing of other generators is looked at.

    ``or_codes``: a latents file would do.
    """
    if not isinstance(spec, TrainedModel) and not is_foreign(spec):
        checkpoint.require_readable(spec, or_codes=or_codes)


def _is_torchscript(path: Path) -> bool:
    return path.is_file() and trusted_generators.is_torchscript(path)


def opening_options(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """How the generator of a directions file was opened, for :func:`open_generator`: its truncation and its space."""
    truncation: Any = provenance.get("truncation")
    space = provenance.get("space")
    return {
        "truncation": float(truncation) if type(truncation) in (int, float) and 0 < truncation <= 1 else None,
        "space": space if isinstance(space, str) else None,
    }


def _require_trust(spec: str, what: str, trust: bool) -> None:
    if not trust:
        raise UnsafeFile(f"{spec}: {what}")


def require_classes(found: Opened, classes: Sequence[int]) -> None:
    """WrongUsage unless ``classes`` are classes of the generator, and there are some if it has any."""
    count = found.generator.facts.num_classes
    if count is None and classes:
        raise WrongUsage(f"--class {classes[0]}: {found.path} ({found.name}) has no classes; leave it out")
    if count is not None:
        require_indices(classes, count, "--class", found.path, "classes")
    require_once(classes, "--class")


class CheckpointGenerator:
    """The decoder of one of the toolkit's checkpoints, as a map from standard normals to images."""

    def __init__(self, model: TrainedModel):
        facts = model.facts
        self.facts = GeneratorFacts(model.prior_width, facts.channels, facts.height, facts.width, _chunks(model))
        self.device = model.device
        self._model = model

    def __call__(self, z: Tensor, classes: Tensor | None = None) -> Tensor:
        """z float32 [B,d] ~ N(0, I) -> images float32 [B,C,H,W] in 0..1."""
        return self._model.method.decode(self._model.networks, self.codes(z))

    def codes(self, z: Tensor, classes: Tensor | None = None) -> Tensor:
        """What the method's decoder takes: z itself, or what the method's prior makes of standard normals."""
        return optional.from_prior(self._model.method, z)


def _chunks(model: TrainedModel) -> tuple[int, ...]:
    """The kinds of z that enter a GAN's generator, in their order: classes, codes, noise; of any other model: none."""
    if not isinstance(model.method, NonNormalCodes):
        return ()
    supports = model.method.supports()
    classes = sum(isinstance(support, ClassSupport) for support in supports)
    widths = (classes, len(supports) - classes, model.prior_width - len(supports))
    return tuple(width for width in widths if width)


def encodes(opened: Opened) -> bool:
    """Whether the codes that its checkpoint encodes into are the generator's z."""
    generator, model = opened.generator, opened.model
    return model is not None and isinstance(generator, CheckpointGenerator) and not isinstance(model.method, OwnPrior)


def decoder_codes(opened: Opened, z: Tensor, classes: Tensor | None = None) -> Tensor:
    """The codes [B,D] that the decoder of a checkpoint takes, for z [B,d]; z itself where there is no checkpoint."""
    generator = opened.generator
    return generator.codes(z, classes) if isinstance(generator, CheckpointGenerator | CodeSpace) else z


def generated_images(opened: Opened, z: np.ndarray, classes: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """z float32 [n,d], classes int64 [n] -> float32 [b,H,W,C] in 0..1, batch by batch; ForeignFile if not finite."""
    for made in _made(opened, z, classes):
        yield made.clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()


def generated_pixels(opened: Opened, z: np.ndarray, classes: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """The same images as uint8 [b,H,W,C]."""
    for made in _made(opened, z, classes):
        yield to_uint8(made)


def _made(opened: Opened, z: np.ndarray, classes: np.ndarray | None) -> Iterator[Tensor]:
    generator = opened.generator
    for start in range(0, len(z), inference.BATCH):
        part = slice(start, start + inference.BATCH)
        with inference.repeatable():
            there = torch.from_numpy(np.ascontiguousarray(z[part], np.float32)).to(generator.device)
            given = None if classes is None else torch.from_numpy(classes[part]).to(generator.device)
            made = generator(there, given)
            if not bool(made.isfinite().all()):
                raise ForeignFile(f"{opened.path}: makes NaN or infinite pixels; its training diverged")
        yield made
