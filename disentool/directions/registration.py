"""How one image has to be shifted, zoomed and turned to lie on another, to a fraction of a pixel, whatever it shows.

A first guess of the shift by phase correlation (Kuglin & Hines 1975), of zoom and angle by phase correlation of the
spectra's magnitudes in log-polar coordinates (Reddy & Chatterji 1996), then least squares of all four at once: Gauss-
Newton steps with the mean of both images' gradients (Benhimane & Malis 2004), from blurred to sharp. All numbers of a
batch are computed together.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

_SIDE = 48  # pixels; larger images are shrunk
_BLURS = ((1 / 20, 5), (1 / 64, 4))  # of the image's shorter side, and how many steps
_RADII, _ANGLES = 48, 90  # of the log-polar grid; angles over half a turn
_LARGEST_ZOOM = np.log(2.0)
_DAMPING = 1e-4


@dataclass(frozen=True)
class Motion:
    """How the content of one image came to lie in another. All float64 [n].

    ``x``, ``y``: displacement of the content's middle, in image widths and heights, + right and down. ``zoom``:
    natural log of its enlargement. ``angle``: degrees, + counter-clockwise as seen. ``residual``: what is
    left of the squared difference, as a share of the reference's variance; 0 is a perfect match.
    """

    x: np.ndarray
    y: np.ndarray
    zoom: np.ndarray
    angle: np.ndarray
    residual: np.ndarray


def register(reference: np.ndarray, moved: np.ndarray, expected: np.ndarray | None = None) -> Motion:
    """The motion from each of ``reference`` to each of ``moved``, both grey [n,H,W] in 0..1.

    ``expected``: float64 [n,4] of x, y, zoom and angle as in :class:`Motion`, where the search may begin too.
    """
    reference, moved = (_shrunk(np.asarray(images, np.float32)) for images in (reference, moved))
    _, height, width = reference.shape
    side = min(height, width)
    middle = _middle(reference)
    more = None
    if expected is not None:
        more = expected * np.array([width, height, 1.0, -np.pi / 180])
    pose = _first_guess(reference, moved, middle, more)
    for share, steps in _BLURS:
        sigma = (0, share * side, share * side)
        still, other = (ndimage.gaussian_filter(images, sigma, mode="nearest") for images in (reference, moved))
        gradient = _gradient(still)
        for _ in range(steps):
            pose, error = _step(still, other, gradient, middle, pose)
    x, y, zoom, angle = pose.T
    return Motion(x / width, y / height, zoom, -np.degrees(angle), error)


def _shrunk(images: np.ndarray) -> np.ndarray:
    """The means of whole squares of pixels, so that the shorter side has fewer than twice ``_SIDE``."""
    by = max(1, min(images.shape[1:]) // _SIDE)
    height, width = (size // by * by for size in images.shape[1:])
    cut = images[:, :height, :width]
    return np.ascontiguousarray(cut.reshape(len(cut), height // by, by, width // by, by).mean(axis=(2, 4)))


def _middle(images: np.ndarray) -> np.ndarray:
    """Where the content is: the barycenter of the squared gradient, (x, y) in pixels, float64 [n,2]."""
    across, down = (part.astype(np.float64) for part in _gradient(images))
    energy = across**2 + down**2 + 1e-12
    total = energy.sum(axis=(1, 2))
    x = np.einsum("nhw,w->n", energy, np.arange(images.shape[2])) / total
    y = np.einsum("nhw,h->n", energy, np.arange(images.shape[1])) / total
    return np.stack([x, y], axis=1)


def _gradient(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives to the right and downwards, per pixel."""
    return np.gradient(images, axis=2), np.gradient(images, axis=1)


# ---- least squares


def _warped(shape: tuple[int, int], middle: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel of the reference has gone to: columns and rows, float64 [n,H,W].

    ``pose``: float64 [n,4] of shift x, y in pixels, log zoom, angle in radians, about ``middle`` [n,2].
    """
    rows, columns = np.indices(shape, dtype=np.float64)
    dx, dy, zoom, angle = (value[:, None, None] for value in pose.T)
    x, y = (columns - middle[:, 0, None, None]), (rows - middle[:, 1, None, None])
    cosine, sine = np.exp(zoom) * np.cos(angle), np.exp(zoom) * np.sin(angle)
    return (
        middle[:, 0, None, None] + dx + cosine * x - sine * y,
        middle[:, 1, None, None] + dy + sine * x + cosine * y,
    )


def _sampled(images: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images [n,H,W] at columns ``x`` and rows ``y`` [n,h,w], bilinear, and a mask of those within the image."""
    _, height, width = images.shape
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = np.minimum(x.astype(np.int64), width - 2), np.minimum(y.astype(np.int64), height - 2)
    right, below = (x - left).astype(np.float32), (y - top).astype(np.float32)
    flat = images.reshape(len(images), -1)
    base = (top * width + left).reshape(len(images), -1)

    def corner(offset: int) -> np.ndarray:
        return np.take_along_axis(flat, base + offset, axis=1).reshape(x.shape)

    upper = corner(0) * (1 - right) + corner(1) * right
    lower = corner(width) * (1 - right) + corner(width + 1) * right
    return upper * (1 - below) + lower * below, inside


def _step(
    reference: np.ndarray, moved: np.ndarray, gradient: tuple, middle: np.ndarray, pose: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One Gauss-Newton step; the new pose and the error of the old one, a share of the reference's variance."""
    x, y = _warped(reference.shape[1:], middle, pose)
    aligned, inside = _sampled(moved, x, y)
    difference = np.where(inside, aligned - reference, 0)
    across, down = ((a + b) / 2 for a, b in zip(gradient, _gradient(aligned), strict=True))
    rows, columns = np.indices(reference.shape[1:], dtype=np.float32)
    u = columns - middle[:, 0, None, None].astype(np.float32)
    v = rows - middle[:, 1, None, None].astype(np.float32)
    slopes = np.stack([across, down, across * u + down * v, down * u - across * v], axis=1) * inside[:, None]
    slopes = slopes.reshape(len(reference), 4, -1).astype(np.float64)
    hessian = np.einsum("nip,njp->nij", slopes, slopes)
    downhill = np.einsum("nip,np->ni", slopes, difference.reshape(len(reference), -1))
    # Damped by each parameter's own curvature and by a trace of the picture's: what does not show does not move.
    size = np.einsum("nii->ni", hessian)
    radius = np.array([1, 1, *[(reference.shape[1] / 4) ** 2] * 2])
    floor = _DAMPING * (size[:, :1] + size[:, 1:2]) * radius + 1e-9
    hessian += np.eye(4) * (_DAMPING * size + floor)[:, None, :]
    change = -np.linalg.solve(hessian, downhill[:, :, None])[:, :, 0]
    longest = np.array([max(reference.shape[1:]) / 8] * 2 + [0.2, 0.3])
    change = np.clip(change, -longest, longest)
    spread = reference.var(axis=(1, 2), dtype=np.float64) * inside.sum(axis=(1, 2)) + 1e-12
    return _composed(pose, change), (difference.astype(np.float64) ** 2).sum(axis=(1, 2)) / spread


def _composed(pose: np.ndarray, change: np.ndarray) -> np.ndarray:
    """The pose that moves by ``change`` first, then by ``pose``."""
    scale = np.exp(pose[:, 2])
    cosine, sine = scale * np.cos(pose[:, 3]), scale * np.sin(pose[:, 3])
    x = pose[:, 0] + cosine * change[:, 0] - sine * change[:, 1]
    y = pose[:, 1] + sine * change[:, 0] + cosine * change[:, 1]
    return np.stack([x, y, pose[:, 2] + change[:, 2], pose[:, 3] + change[:, 3]], axis=1)


# ---- the first guess


def _first_guess(reference: np.ndarray, moved: np.ndarray, middle: np.ndarray, more: np.ndarray | None) -> np.ndarray:
    """Of no motion, a shift, a zoom and turn with a shift, and ``more``, what leaves the least difference: [n,4]."""
    count = len(reference)
    still = np.zeros((count, 4))
    shifted = still.copy()
    shifted[:, :2] = _shift(reference, moved)
    zoom, angle = _zoom_and_angle(reference, moved)
    turned = still.copy()
    turned[:, 2], turned[:, 3] = zoom, angle
    aligned, inside = _sampled(moved, *_warped(reference.shape[1:], middle, turned))
    back = _shift(reference, np.where(inside, aligned, 0))
    turned = _composed(turned, np.concatenate([back, np.zeros((count, 2))], axis=1))
    guesses = np.stack([still, shifted, turned] if more is None else [still, shifted, turned, more])
    errors = []
    for pose in guesses:
        aligned, inside = _sampled(moved, *_warped(reference.shape[1:], middle, pose))
        # What left the image counts as if nothing were there, or everything out of sight would be the best match.
        errors.append(((np.where(inside, aligned, 0) - reference) ** 2).mean(axis=(1, 2)))
    return guesses[np.argmin(errors, axis=0), np.arange(count)]


def _shift(reference: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """The shift in whole pixels, (x, y) float64 [n,2], by phase correlation of the windowed images."""
    window = np.outer(*(np.hanning(size + 2)[1:-1] ** 0.5 for size in reference.shape[1:])).astype(np.float32)
    one, two = ((i - i.mean(axis=(1, 2), keepdims=True)) * window for i in (reference, moved))
    peak = _peak(_correlated(one, two))
    sizes = np.array(reference.shape[1:])
    peak = (peak + sizes // 2) % sizes - sizes // 2
    return peak[:, ::-1].astype(np.float64)


def _correlated(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Phase correlation [n,H,W]: 1 at the shift from ``one`` to ``two``; faint frequencies, mere noise, weigh less."""
    cross = np.fft.rfft2(two) * np.conj(np.fft.rfft2(one))
    size = np.abs(cross)
    return np.fft.irfft2(cross / (size + 0.01 * size.max(axis=(1, 2), keepdims=True) + 1e-12), s=one.shape[1:])


def _peak(surface: np.ndarray) -> np.ndarray:
    """Row and column of the largest value: int64 [n,2]."""
    return np.stack(np.unravel_index(surface.reshape(len(surface), -1).argmax(axis=1), surface.shape[1:]), axis=1)


def _zoom_and_angle(reference: np.ndarray, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log zoom and angle in radians, float64 [n], from the spectra's magnitudes, which a shift does not change."""
    one, two = (_log_polar(images) for images in (reference, moved))
    peak = _peak(_correlated(one, two)).astype(np.float64)
    sizes = np.array(one.shape[1:])
    turn, radius = ((peak + sizes // 2) % sizes - sizes // 2).T
    step = np.log(_outer(reference) / _INNER) / (_RADII - 1)
    zoom = -radius * step  # a larger picture has a smaller spectrum
    return np.where(np.abs(zoom) <= _LARGEST_ZOOM, zoom, 0.0), turn * np.pi / _ANGLES


_INNER = 1.5  # cycles per image: slower ones are the window's


def _outer(images: np.ndarray) -> float:
    return min(images.shape[1:]) / 3


def _log_polar(images: np.ndarray) -> np.ndarray:
    """Log magnitude of the spectrum [n,angles,radii]; angles over half a turn, radii even in their logarithm."""
    _, height, width = images.shape
    window = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1])
    spectrum = np.fft.fft2((images - images.mean(axis=(1, 2), keepdims=True)) * window)
    size = np.log1p(np.abs(np.fft.fftshift(spectrum, axes=(1, 2)))).astype(np.float32)
    angles = np.arange(_ANGLES) * np.pi / _ANGLES
    radii = _INNER * (_outer(images) / _INNER) ** (np.arange(_RADII) / (_RADII - 1))
    side = min(height, width)  # cycles per pixel times this
    x = width // 2 + np.cos(angles)[:, None] * radii * width / side
    y = height // 2 + np.sin(angles)[:, None] * radii * height / side
    shape = (len(images), *x.shape)
    polar, _ = _sampled(size, np.broadcast_to(x, shape), np.broadcast_to(y, shape))
    return (polar - polar.mean(axis=(1, 2), keepdims=True)) * np.hanning(_RADII + 2)[1:-1].astype(np.float32)
