"""A foreign network as a generator: standard normal z in, images in 0..1 out."""

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout

import torch
from torch import Tensor

from disentool.directions.generator import GeneratorFacts
from disentool.errors import DisentoolError, ForeignFile, WrongUsage
from disentool.io.generator_description import Contract


class Network:
    """A function (z[, classes]) -> images [B,C,H,W], with a description of its z, its range and its classes.

    ``name``: what messages call it. The function is called once to see how large its images are; ForeignFile if that
    fails.
    """

    def __init__(self, function: Callable[..., Tensor], description: Contract, device: torch.device, name: str):
        self.device = device
        self._function, self._description, self._name = function, description, name
        z = torch.zeros(1, description.latent_dim, device=device)
        with torch.no_grad(), explained(name, z):
            classes = None if description.num_classes is None else torch.zeros(1, dtype=torch.int64, device=device)
            images = self._raw(z, classes)
        channels, height, width = images.shape[1:]
        self.facts = GeneratorFacts(
            description.latent_dim, channels, height, width, description.chunks, description.num_classes
        )

    def __call__(self, z: Tensor, classes: Tensor | None = None) -> Tensor:
        """z float32 [B,d] ~ N(0, I), classes int64 [B] where there are any -> images float32 [B,C,H,W] in 0..1."""
        low, high = self._description.image_range
        with explained(self._name, z):
            images = self._raw(z, classes)
        images = (images.float() - low) / (high - low)
        return images.clamp(0, 1) if self._description.clip else images

    def _raw(self, z: Tensor, classes: Tensor | None) -> Tensor:
        """The images as the function gives them, and their shape checked."""
        if self._description.num_classes is not None and classes is None:
            raise WrongUsage(
                f"{self._name}: has {self._description.num_classes:,} classes; --class N names the one to work with"
            )
        if self._description.prior == "uniform":
            z = torch.erf(z / math.sqrt(2))  # 2 Phi(z) - 1: uniform in -1..1 where z is standard normal
        images = self._function(z) if self._description.num_classes is None else self._function(z, classes)
        if not isinstance(images, Tensor) or not images.is_floating_point():
            kind = f"{images.dtype}" if isinstance(images, Tensor) else type(images).__name__
            raise ForeignFile(f"{self._name}: gives {kind}, expected a floating-point tensor [B,C,H,W] of images")
        if images.ndim != 4 or len(images) != len(z) or images.shape[1] not in (1, 3) or images.numel() == 0:
            raise ForeignFile(
                f"{self._name}: gives {list(images.shape)} for z {list(z.shape)},"
                f" expected images [{len(z)},C,H,W], C 1 or 3"
            )
        return images


@contextmanager
def explained(name: str, z: Tensor) -> Iterator[None]:
    """Whatever a network's own code raises when it is called with ``z`` becomes one line; its prints go to stderr."""
    try:
        with redirect_stdout(sys.stderr):
            yield
    except (DisentoolError, MemoryError, torch.OutOfMemoryError, KeyboardInterrupt):
        raise
    except (Exception, SystemExit) as error:
        reason = (str(error).strip().splitlines() or [""])[-1][:160]
        hint = "; does it take one batch size only?" if "size" in reason else ""
        raise ForeignFile(f"{name}: fails for z {list(z.shape)}: {type(error).__name__}: {reason}{hint}") from error
