"""MSE, PSNR and SSIM against plain statements of their formulas, pixel by pixel."""

import math

import numpy as np
import pytest

from disentool.metrics.similarity import PSNR_CAP, measures, mse, psnr, ssim


def some(shape=(3, 16, 20, 2), seed=0):
    return np.random.default_rng(seed).random(shape).astype(np.float32)


def plain_ssim(x, y, size=11):
    """Eq. 13 of Wang et al. (2004), window by window: x, y float [H,W] in 0..1."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    half = size // 2
    weights = np.array(
        [[math.exp(-(a * a + b * b) / (2 * 1.5**2)) for b in range(-half, half + 1)] for a in range(-half, half + 1)]
    )
    weights /= weights.sum()
    found = []
    for top in range(x.shape[0] - size + 1):
        for left in range(x.shape[1] - size + 1):
            p, q = x[top : top + size, left : left + size], y[top : top + size, left : left + size]
            mp, mq = (weights * p).sum(), (weights * q).sum()
            vp, vq = (weights * (p - mp) ** 2).sum(), (weights * (q - mq) ** 2).sum()
            cov = (weights * (p - mp) * (q - mq)).sum()
            c1, c2 = 0.01**2, 0.03**2
            found.append((2 * mp * mq + c1) * (2 * cov + c2) / ((mp**2 + mq**2 + c1) * (vp + vq + c2)))
    return np.mean(found)


def test_mse_and_psnr():
    a, b = some(), some(seed=1)
    expected = [
        np.mean([(float(p) - float(q)) ** 2 for p, q in zip(x.ravel(), y.ravel(), strict=True)])
        for x, y in zip(a, b, strict=True)
    ]
    np.testing.assert_allclose(mse(a, b), expected, rtol=1e-12)
    np.testing.assert_allclose(psnr(np.array(expected)), [10 * math.log10(1 / e) for e in expected], rtol=1e-12)
    assert psnr(np.array([0.01]))[0] == pytest.approx(20)
    assert psnr(np.array([0.0]))[0] == PSNR_CAP


@pytest.mark.parametrize(("shape", "size"), [((2, 16, 20, 3), 11), ((2, 11, 11, 1), 11), ((2, 8, 14, 1), 7)])
def test_ssim_window_by_window(shape, size):
    a = some(shape)
    b = (0.7 * a + 0.3 * some(shape, 1)).astype(np.float32)
    expected = [
        np.mean([plain_ssim(x[..., c], y[..., c], size) for c in range(shape[3])]) for x, y in zip(a, b, strict=True)
    ]
    np.testing.assert_allclose(ssim(a, b), expected, rtol=1e-9)


def test_equal_images_and_opposite_ones():
    a = some()
    equal = measures(a, a)
    assert equal["mse"].tolist() == [0, 0, 0]
    assert equal["psnr"].tolist() == [PSNR_CAP] * 3
    np.testing.assert_allclose(equal["ssim"], 1)
    assert (measures(a, 1 - a)["ssim"] < -0.5).all()
    grey, darker = np.full((1, 12, 12, 1), 0.5), np.full((1, 12, 12, 1), 0.25)
    assert ssim(grey, darker)[0] == pytest.approx((2 * 0.125 + 1e-4) / (0.25 + 0.0625 + 1e-4))  # only the means differ
