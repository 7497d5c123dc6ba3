"""Images made with the class of some codes and the content of others: whether the decoder heeds the content code."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from disentool.metrics.arrays import Array
from disentool.metrics.similarity import measures

BATCH = 256


@dataclass(frozen=True)
class Images:
    """What a model makes of codes, and what it should make: float32 [B,H,W,C] in 0..1 each.

    ``true(rows)``: the images themselves. ``made(class_rows, content_rows)``: with the class of some rows and the
    content of others. Rows: int64 [B], indices of the codes.
    """

    true: Callable[[Array], Array]
    made: Callable[[Array, Array], Array]


def reconstructed(
    images: Images, rows: Array, classes: Array, count: int, rng: np.random.Generator
) -> dict[str, float]:
    """Mean likeness of ``count`` images to what is made of their codes, and with another's content of their class.

    ``rows``: int64, indices of the codes to choose from. ``classes``: of all codes, int [n].
    """
    some = np.sort(rng.permutation(rows)[:count])
    shuffled = rng.permutation(rows)
    shuffled = shuffled[np.argsort(classes[shuffled], kind="stable")]
    other = np.roll(shuffled, 1)  # the one before it, of the same class but for a class's first
    other = np.where(classes[other] == classes[shuffled], other, -1)
    partner = np.full(len(classes), -1)
    partner[shuffled] = other
    found: dict[str, list[Array]] = {name: [] for name in ("mse", "psnr", "ssim", "mse_with_other_content")}
    for start in range(0, len(some), BATCH):
        part = some[start : start + BATCH]
        true = images.true(part)
        for name, values in measures(images.made(part, part), true).items():
            found[name].append(values)
        pairs = partner[part] >= 0
        if pairs.any():
            swapped = images.made(part[pairs], partner[part[pairs]])
            found["mse_with_other_content"].append(measures(swapped, true[pairs])["mse"])
    means = {name: float(np.concatenate(values).mean()) for name, values in found.items() if values}
    return means | {"images": len(some)}
