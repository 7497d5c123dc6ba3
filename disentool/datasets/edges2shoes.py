"""edges2shoes (Isola et al. 2017, of UT Zappos50K), read from the pix2pix archive or its folder.

``edges2shoes/{train,val}/N_AB.jpg``: 49,825 and 200 pictures of 512x256 pixels, the left half the edges, the right one
the photograph.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from disentool.datasets import picture_sizes
from disentool.datasets.catalogue import PUBLISHED
from disentool.datasets.picture_files import in_threads
from disentool.datasets.source import Source, ascending, gathered, grid
from disentool.errors import ForeignFile, MissingFile
from disentool.io import archive, published_images

NAMES = ("pair", "domain")
DOMAINS = ("edges", "shoes")
SIDE = 256
SIZE = (64, 64)  # height and width, unless asked otherwise
WHAT = "edges2shoes.tar.gz or its folder, with train/ and val/"


def open_source(path: Path | None, *, size: tuple[int, int] | None = None) -> Source:
    """Both halves of every picture as rows of their own, uint8 [2P,H,W,3]: pair by sorted name, edges first.

    Factors: ``pair``, which says what belongs together (leave it out where a method must not know), and ``domain``
    (0 edges, 1 shoes). The publication's ``val`` is the split's test part. Raises MissingFile or ForeignFile.
    """
    if path is None:
        raise MissingFile(f"edges2shoes is not rendered here: give {WHAT} with --from")
    size = size or SIZE
    found = archive.members(path, (".jpg",), WHAT)
    names = found.names
    parts = [name.split("/")[-2] if "/" in name else "" for name in names]
    if strange := [n for n, part in zip(names, parts, strict=True) if part not in ("train", "val")]:
        raise ForeignFile(f"{found.path}: {strange[0]} is neither in train/ nor in val/; give {WHAT}")
    sizes = (len(names), len(DOMAINS))

    def factors(rows: np.ndarray | None) -> np.ndarray:
        return grid(sizes) if rows is None else grid(sizes)[ascending(rows, 2 * len(names))]

    def images(rows: np.ndarray | None) -> Iterator[np.ndarray]:
        rows = np.arange(2 * len(names)) if rows is None else ascending(rows, 2 * len(names))
        return gathered(_halves(found, names, rows, size))

    return Source(
        name="edges2shoes",
        shape=(2 * len(names), *size, 3),
        images=images,
        factors=factors,
        factor_names=NAMES,
        factor_sizes=sizes,
        class_names={"domain": DOMAINS},
        grid=True,
        split=np.repeat(np.array([part == "val" for part in parts], np.uint8), 2),
        class_factor="domain",
        source=f"{found.digest()}, {SIDE} to {size[0]}x{size[1]} by Lanczos",
        made=picture_sizes.square_made(SIDE, size),
        citation="Isola, Zhu, Zhou, Efros: Image-to-Image Translation with Conditional Adversarial Networks, CVPR "
        "2017; Yu, Grauman: Fine-Grained Visual Comparisons with Local Learning, CVPR 2014 (UT Zappos50K)",
        licence=PUBLISHED["edges2shoes"].licence,
    )


def _halves(found: archive.Members, names: list[str], rows: np.ndarray, size: tuple[int, int]) -> Iterator[np.ndarray]:
    def halves(member: tuple[str, bytes]) -> list[np.ndarray]:
        name, data = member
        with published_images.decoded(data, found.path, name, 3, expected=(SIDE, 2 * SIDE)) as picture:
            return [published_images.resized(picture[:, left : left + SIDE], size) for left in (0, SIDE)]

    pairs, times = np.unique(rows // 2, return_counts=True)
    domains = iter(rows % 2)
    members = found.each([names[pair] for pair in pairs], published_images.LIMIT)
    for both, count in zip(in_threads(halves, members, 6 * size[0] * size[1]), times, strict=True):
        for _ in range(count):
            yield both[next(domains)]
