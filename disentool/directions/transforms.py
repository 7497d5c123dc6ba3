"""Transformations T_t of images with one real parameter t: sub-pixel, exactly labelled, with a mask of what is defined.

Plumerault et al. (2020), section 2: what a direction is asked to imitate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from disentool.errors import DataMismatch, UnknownName

if TYPE_CHECKING:
    from torch import Tensor

_DEFINED = 1 - 1e-3  # share of a pixel's weights that must come from inside the image


@dataclass(frozen=True)
class Transform:
    """One kind of change: t = 0 is none, and the change by t and then by t' is that by t + t'.

    ``summary``: what an image is after a change by t > 0. ``unit``: of t. ``extent``: t goes from -extent to extent
    unless asked otherwise.

    ``apply``: images float32 [B,C,H,W] in 0..1, t float32 [B] -> the changed images, and a mask [B,1,H,W] or [B,C,H,W]:
    1 where a pixel is known, 0 where it would come from beyond the border, or lie beyond black or white.
    ``channels``: how many the images must have; None: any number. ``coarse``: how far an image went shows in a blurred
    one too. ``any_light``: and its brightness says nothing of it.
    """

    summary: str
    unit: str
    extent: float
    apply: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    channels: int | None = None
    coarse: bool = False
    any_light: bool = False


def find(name: str, channels: int) -> Transform:
    """The transform of this name; UnknownName, or DataMismatch if it needs colours that the images do not have."""
    if name not in TRANSFORMS:
        raise UnknownName("transform", name, TRANSFORMS)
    transform = TRANSFORMS[name]
    if transform.channels not in (None, channels):
        raise DataMismatch(
            f"--transform {name}: needs images of 3 channels, the generator makes {channels}; leave it out"
        )
    return transform


def apply(name: str, images: Tensor, t: Tensor | float) -> tuple[Tensor, Tensor]:
    """Change images float32 [B,C,H,W] in 0..1 by t (a number, or one per image: [B]); see :class:`Transform`."""
    import torch

    t = torch.as_tensor(t, dtype=images.dtype, device=images.device).expand(len(images))
    return find(name, images.shape[1]).apply(images, t)


def _shift(images: Tensor, t: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """t widths to the right (axis 0), or t heights downwards (axis 1)."""
    matrix = _identity(t)
    matrix[:, axis, 2] = -2 * t  # the sampling grid is 2 wide and 2 high
    return _warp(images, matrix)


def _zoom(images: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Enlarged exp(t) times about the centre.

    The paper's 1 + t for small t. Two zooms one after the other are then one by the sum of their t, as two shifts are;
    without that, what g(s1) - g(s0) = t says of one image would not be true of another.
    """
    return _warp(images, _identity(t) * (-t).exp()[:, None, None])


def _rotate(images: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Turned t degrees counter-clockwise about the centre."""
    height, width = images.shape[2:]
    angle = t * (math.pi / 180)
    matrix = _identity(t)
    # Where the pixel at (x, y), y downwards, comes from. The grid's units differ unless the image is square.
    matrix[:, 0, 0] = matrix[:, 1, 1] = angle.cos()
    matrix[:, 0, 1] = -angle.sin() * (height / width)
    matrix[:, 1, 0] = angle.sin() * (width / height)
    return _warp(images, matrix)


def _identity(t: Tensor) -> Tensor:
    """[B,2,3] affine maps, all the identity."""
    import torch

    return torch.eye(2, 3, dtype=t.dtype, device=t.device).repeat(len(t), 1, 1)


def _warp(images: Tensor, matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Bilinear samples where ``matrix`` [B,2,3] says that each pixel comes from; defined where all of it is inside."""
    import torch
    from torch.nn.functional import affine_grid, grid_sample

    inside = images.new_ones(len(images), 1, *images.shape[2:])
    grid = affine_grid(matrix, list(images.shape), align_corners=False)
    both = grid_sample(torch.cat([images, inside], 1), grid, "bilinear", "zeros", align_corners=False)
    mask = (both[:, -1:] >= _DEFINED).to(images.dtype)
    return both[:, :-1] * mask, mask


def _brighten(images: Tensor, t: Tensor, channel: int | None = None) -> tuple[Tensor, Tensor]:
    """t added to every channel, or to one; undefined where that leaves 0..1."""
    shift = t[:, None, None, None].expand_as(images)
    if channel is not None:
        keep = shift.new_zeros(1, images.shape[1], 1, 1)
        keep[:, channel] = 1
        shift = shift * keep
    moved = images + shift
    mask = ((moved >= 0) & (moved <= 1)).to(images.dtype)
    return moved * mask, mask


TRANSFORMS: dict[str, Transform] = {
    "shift-x": Transform(
        "moved to the right", "image widths", 0.5, partial(_shift, axis=0), coarse=True, any_light=True
    ),
    "shift-y": Transform("moved downwards", "image heights", 0.5, partial(_shift, axis=1), coarse=True, any_light=True),
    "zoom": Transform("enlarged exp(t) times about the centre", "log of the magnification", 0.5, _zoom, coarse=True),
    "brightness": Transform("brighter", "white minus black", 0.5, _brighten),
    "rotate": Transform("turned counter-clockwise about the centre", "degrees", 45.0, _rotate),
    "red": Transform("redder", "white minus black", 0.5, partial(_brighten, channel=0), channels=3),
    "green": Transform("greener", "white minus black", 0.5, partial(_brighten, channel=1), channels=3),
    "blue": Transform("bluer", "white minus black", 0.5, partial(_brighten, channel=2), channels=3),
}
