"""Place and size of what stands out in a picture, without a trained network: for natural images on any ground.

Centre against surround: the frame of the picture tells which colours the ground has, and a pixel is salient as far as
its colour, a little blurred, is from these. The distance is Mahalanobis', by the covariance of the frame's colours, so
that a ground may vary as it does along the frame. Plumerault et al. (2020) measure the place of an object in natural
images by the barycenter of a saliency map too, theirs by a trained model.
"""

import numpy as np
from scipy import ndimage

_BLUR = 0.015  # standard deviation, in sides of the image: fine texture goes, objects stay
_FRAME = 1 / 8  # width of the frame, in sides of the image
_GROUND = 0.98  # share of the frame that is ground: an object may reach into it
_PEAK = 0.25  # of the image's largest saliency: what is below is no part of the object
_NOISE = 1e-4  # variance of a colour: differences of a hundredth are none


def saliency_map(images: np.ndarray) -> np.ndarray:
    """Images [n,H,W,C] in 0..1 -> how far each pixel is from the frame's colours, float64 [n,H,W], from 0.

    Mahalanobis' distance, less that which 98 % of the frame do not exceed.
    """
    _, height, width, channels = images.shape
    blur = _BLUR * max(height, width)
    smooth = ndimage.gaussian_filter(images.astype(np.float64), (0, blur, blur, 0), mode="reflect")
    rows, columns = max(1, round(height * _FRAME)), max(1, round(width * _FRAME))
    framed = np.ones((height, width), bool)
    framed[rows:-rows, columns:-columns] = False
    ground = smooth[:, framed]
    centre = np.median(ground, axis=1)[:, None]
    covariance = np.einsum("npc,npd->ncd", ground - centre, ground - centre) / ground.shape[1]
    inverse = np.linalg.inv(covariance + _NOISE * np.eye(channels))
    apart = smooth.reshape(len(smooth), -1, channels) - centre
    distance = np.sqrt(np.einsum("npc,ncd,npd->np", apart, inverse, apart)).reshape(-1, height, width)
    usual = np.quantile(distance[:, framed], _GROUND, axis=1)[:, None, None]
    above: np.ndarray = np.maximum(distance - np.maximum(usual, 1), 0)
    return above


def salient(images: np.ndarray) -> dict[str, np.ndarray]:
    """``x``, ``y``, ``scale`` float64 [n] of what stands out in images [n,H,W,C] in 0..1.

    A pixel weighs by how far its saliency is above a quarter of the image's peak. ``x``, ``y``: the barycenter, 0 the
    middle of the image, -0.5 and 0.5 its edges. ``scale``: half the natural log of the area, the share of pixels that
    weigh. NaN where nothing stands out.
    """
    found = saliency_map(images)
    _, height, width = found.shape
    peak = found.max(axis=(1, 2), keepdims=True)
    weight = np.maximum(found - _PEAK * peak, 0)
    total = weight.sum(axis=(1, 2))
    safe = np.where(total > 0, total, 1)
    across = (np.arange(width) + 0.5) / width - 0.5
    down = (np.arange(height) + 0.5) / height - 0.5
    area = (weight > 0).mean(axis=(1, 2))
    measured = {
        "x": np.einsum("nhw,w->n", weight, across) / safe,
        "y": np.einsum("nhw,h->n", weight, down) / safe,
        "scale": 0.5 * np.log(np.where(total > 0, area, 1)),
    }
    return {name: np.where(total > 0, values, np.nan) for name, values in measured.items()}
