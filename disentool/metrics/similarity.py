"""How like two images are: squared error, PSNR, and the structural similarity of Wang et al. (2004)."""

import numpy as np

from disentool.metrics.arrays import Array

PSNR_CAP = 100.0  # dB: what equal images get, and none exceeds
WINDOW, SIGMA = 11, 1.5  # pixels: of SSIM's Gaussian window
K1, K2 = 0.01, 0.03


def mse(first: Array, second: Array) -> Array:
    """Mean squared difference over pixels and channels, float64 [B], of images [B,H,W,C] in 0..1."""
    difference = first.astype(np.float64) - second
    error: Array = np.square(difference).reshape(len(difference), -1).mean(axis=1)
    return error


def psnr(squared_error: Array) -> Array:
    """Peak signal-to-noise ratio in dB, at most ``PSNR_CAP``, of mean squared errors of images in 0..1."""
    return -10 * np.log10(np.maximum(squared_error, 10 ** (-PSNR_CAP / 10)))


def ssim(first: Array, second: Array) -> Array:
    """Structural similarity, -1..1, 1 for equal images: float64 [B], of images float [B,H,W,C] in 0..1.

    Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity" (2004), eq. 13, averaged
    over the windows that lie within the image, and over channels. Images smaller than the window of 11 pixels get the
    largest odd window that fits.
    """
    from scipy.ndimage import correlate1d

    size = min(WINDOW, *(side - 1 + side % 2 for side in first.shape[1:3]))
    offsets = np.arange(size) - size // 2
    weights = np.exp(-0.5 * np.square(offsets / SIGMA))
    weights /= weights.sum()
    border = slice(size // 2, -(size // 2) or None)

    def local(images: Array) -> Array:
        """The windows' weighted means, [B,H-size+1,W-size+1,C]."""
        means: Array = correlate1d(correlate1d(images, weights, axis=1), weights, axis=2)[:, border, border]
        return means

    x, y = first.astype(np.float64), second.astype(np.float64)
    mean_x, mean_y = local(x), local(y)
    variance_x, variance_y = local(x * x) - mean_x**2, local(y * y) - mean_y**2
    covariance = local(x * y) - mean_x * mean_y
    c1, c2 = K1**2, K2**2  # values reach from 0 to 1
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    likeness /= (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    average: Array = likeness.reshape(len(likeness), -1).mean(axis=1)
    return average


def measures(made: Array, true: Array) -> dict[str, Array]:
    """``mse``, ``psnr`` and ``ssim`` of each pair of images float [B,H,W,C] in 0..1: float64 [B] by name."""
    error = mse(made, true)
    return {"mse": error, "psnr": psnr(error), "ssim": ssim(made, true)}
