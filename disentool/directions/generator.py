"""What a generator has to be so that directions can be found in it: any differentiable map from codes to images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class GeneratorFacts:
    """Sizes of a generator.

    ``chunks``: widths of the parts in which z enters the network (BigGAN: 6 x 20 of 120), in order, which sum to
    ``latent_dim``; empty: z enters whole. ``num_classes``: how many classes it is conditioned on; None: on none.
    """

    latent_dim: int
    channels: int
    height: int
    width: int
    chunks: tuple[int, ...] = ()
    num_classes: int | None = None


class Generator(Protocol):
    """z and, where ``facts.num_classes`` is set, a class -> image. The prior of z is N(0, I), always.

    One whose own latent space has another law is wrapped, so that its z is standard normal. Parameters are frozen, and
    the networks are in evaluation mode: an image depends on its own z and class alone, and is differentiable in z.
    """

    facts: GeneratorFacts
    device: torch.device

    def __call__(self, z: Tensor, classes: Tensor | None = None) -> Tensor:
        """z float32 [B,d], classes int64 [B] or None -> images float32 [B,C,H,W] in 0..1."""
