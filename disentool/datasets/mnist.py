"""MNIST (LeCun, Cortes, Burges 1998), read from its IDX files, gzipped or not.

An IDX file starts with two zero bytes, the type (8: uint8) and the number of dimensions, then the dimensions as
big-endian 32-bit integers, then the values. Present may be the training files, the test files (``t10k``) or both.
"""

import gzip
import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from disentool.datasets.catalogue import PUBLISHED
from disentool.datasets.source import Source, ascending, table
from disentool.errors import ForeignFile, MissingFile
from disentool.io import archive

SIDE = 28
PARTS = {"train": 60_000, "t10k": 10_000}  # rows
WHAT = "the folder of train-images-idx3-ubyte(.gz) and train-labels-idx1-ubyte(.gz), or of the same t10k files,"

_SUFFIXES = ("ubyte", "ubyte.gz", "-images.idx3-ubyte", "-labels.idx1-ubyte")
_LIMIT = 64 * 2**20  # bytes of a file; the largest has 47 MB unpacked
_BLOCK = 8192


def open_source(path: Path | None) -> Source:
    """uint8 [N,28,28,1] with values 0..255, training images first; factor ``digit``, the label.

    The publication's split is kept. Raises MissingFile or ForeignFile; labels and images are checked against each other
    at once, 55 MB in all.
    """
    if path is None:
        raise MissingFile(f"mnist is not rendered here: give {WHAT} with --from")
    found = archive.members(path, _SUFFIXES, WHAT)
    images, labels, parts = [], [], []
    for number, (part, count) in enumerate(PARTS.items()):
        kinds = [_member(found, part, kind) for kind in ("images", "labels")]
        pair, label = kinds
        if pair is None or label is None:
            if kinds != [None, None]:
                raise MissingFile(f"{found.path}: {pair or label}, but not its images or labels; give {WHAT}")
            continue
        images.append(_idx(found, pair, (count, SIDE, SIDE)))
        labels.append(_idx(found, label, (count,)))
        if labels[-1].max() > 9:
            raise ForeignFile(f"{found.path}: {label} has labels above 9; expected digits: download it again")
        parts.append(np.full(count, number, np.uint8))
    if not images:
        raise MissingFile(f"{found.path}: no file of MNIST in it; give {WHAT}")
    pixels = np.concatenate(images)[..., None]

    def blocks(rows: np.ndarray | None) -> Iterator[np.ndarray]:
        rows = np.arange(len(pixels)) if rows is None else ascending(rows, len(pixels))
        return (pixels[rows[start : start + _BLOCK]] for start in range(0, len(rows), _BLOCK))

    return Source(
        name="mnist",
        shape=pixels.shape,
        images=blocks,
        factors=table(np.concatenate(labels)[:, None]),
        factor_names=("digit",),
        factor_sizes=(10,),
        factor_values={"digit": np.arange(10.0)},
        split=np.concatenate(parts),
        class_factor="digit",
        source=found.digest(),
        citation="LeCun, Cortes, Burges: The MNIST database of handwritten digits, 1998, "
        "http://yann.lecun.com/exdb/mnist; LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document "
        "recognition, Proc. IEEE 86, 1998",
        licence=PUBLISHED["mnist"].licence,
    )


def _member(found: archive.Members, part: str, kind: str) -> str | None:
    """The file of this part and kind, zipped or not; ForeignFile if there are several."""
    matching = [name for name in found.names if name.rsplit("/", 1)[-1].startswith(f"{part}-{kind}")]
    if len(matching) > 1:
        raise ForeignFile(f"{found.path}: holds {' and '.join(matching[:3])}; expected one: remove the others")
    return matching[0] if matching else None


def _idx(found: archive.Members, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The values of an IDX file of exactly this shape, uint8."""
    header = struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)
    need = len(header) + int(np.prod(shape))
    data = found.read(name, _LIMIT)
    if data.startswith(b"\x1f\x8b"):
        with archive.damage(found.path, name), gzip.open(io.BytesIO(data)) as stream:
            data = stream.read(need + 1)  # one more: to gzip's checksum, and to see what is too long
    if data[: len(header)] != header or len(data) != need:
        raise ForeignFile(
            f"{found.path}: {name}: {len(data):,} bytes that begin with {data[: len(header)].hex(' ', 4)}; expected"
            f" IDX uint8 {list(shape)}, {need:,} bytes beginning with {header.hex(' ', 4)}: download it again"
        )
    return np.frombuffer(data, np.uint8, offset=len(header)).reshape(shape)
