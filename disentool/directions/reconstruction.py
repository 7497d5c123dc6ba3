"""How far one image is from another, where both are defined: per image, differentiable.

Plumerault et al. (2020), section 2.1: a generator cannot reproduce the phase of textures, so that a plain squared error
prefers blurred images; comparing blurred differences does not. Their appendix compares it with MSE and DSSIM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

LOSSES = {
    "blur": "squared error of the difference, blurred by a Gaussian of --sigma",
    "mse": "squared error",
    "dssim": "(1 - SSIM) / 2",
}
RESIDUAL = ("blur", "mse")  # the losses that are a sum of squares
_SSIM_SIGMA, _K1, _K2 = 1.5, 0.01, 0.03  # Wang et al. (2004): a window of 11 pixels
_TRUNCATE = 4.0  # standard deviations at which the kernel ends


def default_sigma(height: int, width: int) -> float:
    """The blur's standard deviation in pixels: 3 at 128 pixels, and in proportion at other sizes."""
    return 3.0 * min(height, width) / 128


def loss(kind: str, images: Tensor, targets: Tensor, mask: Tensor, sigma: float) -> Tensor:
    """Each image's distance from its target, [B]: a mean over what the mask leaves, so that it is per pixel value.

    ``images targets``: float32 [B,C,H,W] in 0..1. ``mask``: [B,1,H,W] or [B,C,H,W], 1 where defined. ``sigma`` in
    pixels is used by ``blur`` alone.
    """
    if kind == "dssim":
        return _dssim(images, targets, mask)
    return residual(kind, images - targets, mask, sigma).square().flatten(1).sum(1)


def residual(kind: str, difference: Tensor, mask: Tensor, sigma: float) -> Tensor:
    """What :func:`loss` is the sum of the squares of: [B,C,H,W]; linear in the difference.

    The mask comes first, so that nothing undefined is blurred into what is defined.
    """
    mask = mask.expand_as(difference)
    masked = difference * mask
    blurred = gaussian(masked, sigma) if kind == "blur" else masked
    return blurred / mask.flatten(1).sum(1).clamp_min(1).sqrt()[:, None, None, None]


def gaussian(images: Tensor, sigma: float, radius: int | None = None) -> Tensor:
    """Blur images [B,C,H,W] by a Gaussian of ``sigma`` pixels whose weights sum to 1; beyond the border all is 0."""
    import torch
    from torch.nn.functional import conv2d

    if sigma <= 0:
        return images
    radius = radius or max(1, round(_TRUNCATE * sigma))
    places = torch.arange(-radius, radius + 1, dtype=images.dtype, device=images.device)
    kernel = torch.exp(-0.5 * (places / sigma).square())
    kernel = kernel / kernel.sum()
    flat = images.reshape(-1, 1, *images.shape[2:])
    flat = conv2d(flat, kernel[None, None, None], padding=(0, radius))
    flat = conv2d(flat, kernel[None, None, :, None], padding=(radius, 0))
    return flat.reshape(images.shape)


def _dssim(images: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """(1 - SSIM) / 2 (Wang et al. 2004), averaged over the windows; statistics are of a window's defined pixels."""
    mask = mask.expand_as(images)

    def window(values: Tensor) -> Tensor:
        return gaussian(values * mask, _SSIM_SIGMA, radius=5)

    weight = window(mask)
    scale = 1 / weight.clamp_min(1e-3)
    one, two = window(images) * scale, window(targets) * scale
    var_one = (window(images.square()) * scale - one.square()).clamp_min(0)
    var_two = (window(targets.square()) * scale - two.square()).clamp_min(0)
    covariance = window(images * targets) * scale - one * two
    luminance = (2 * one * two + _K1**2) / (one.square() + two.square() + _K1**2)
    structure = (2 * covariance + _K2**2) / (var_one + var_two + _K2**2)
    weight = weight.flatten(1)
    return ((1 - luminance * structure).flatten(1) / 2 * weight).sum(1) / weight.sum(1).clamp_min(1e-3)
