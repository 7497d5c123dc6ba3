"""Small NORB (LeCun, Huang, Bottou 2004), read from NYU's binary files, both halves, gzipped or not.

``smallnorb-5x46789x9x18x6x2x96x96-training`` and ``smallnorb-5x01235x9x18x6x2x96x96-testing``, each as ``-dat.mat``,
``-cat.mat`` and ``-info.mat`` (no MATLAB files): little-endian int32 magic (0x1E3D4C55 bytes, 0x1E3D4C54 int32), the
number of dimensions, at least three dimensions (unused ones 1), then the values. ``dat`` is uint8 [24300,2,96,96], the
two cameras; ``cat`` int32 [24300]; ``info`` int32 [24300,4]: instance 0..9, elevation 0..8 (30 to 70 degrees by 5),
azimuth 0,2..34 (times ten degrees), lighting 0..5. The halves are of different instances of every category, so that
together they are one grid: category 5, instance 10, elevation 9, azimuth 18, lighting 6, camera 2.
"""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path

import numpy as np

from disentool.datasets import picture_sizes
from disentool.datasets.catalogue import PUBLISHED
from disentool.datasets.source import Source, ascending, grid, table
from disentool.errors import ForeignFile, MissingFile, UnknownName, WrongUsage
from disentool.io import archive, files, published_images

NAMES = ("category", "instance", "elevation", "azimuth", "lighting", "camera")
SIZES = (5, 10, 9, 18, 6, 2)
HALVES = {  # and the instances that are in them
    "smallnorb-5x46789x9x18x6x2x96x96-training": (4, 6, 7, 8, 9),
    "smallnorb-5x01235x9x18x6x2x96x96-testing": (0, 1, 2, 3, 5),
}
SIDE = 96
PROTOCOLS = {  # what makes a class, of the factors
    "none": (),
    "instance": ("category", "instance"),
    "pose": ("category", "instance", "elevation", "lighting", "camera"),
}
SIZE = (64, 64)  # height and width, unless asked otherwise
WHAT = "the folder of the six smallnorb-...-{training,testing}-{dat,cat,info}.mat(.gz)"

_BYTES, _INTS = 0x1E3D4C55, 0x1E3D4C54
_BLOCK = 2048


def open_source(path: Path | None, *, size: tuple[int, int] | None = None, class_protocol: str = "none") -> Source:
    """All 97,200 images, uint8 [N,H,W,1], in the order of the grid of NAMES, from the folder of NYU's six files.

    ``class_protocol``: with ``instance`` (50 classes) or ``pose`` (LORD's: all but the azimuth, 5,400 classes) a first
    factor ``class`` counts the combinations that make a class; ``none``: the factors alone, which are a whole grid.
    The published halves, training and testing, are the split. All images are held in memory, 398 MB at size 64.
    Raises MissingFile or ForeignFile.
    """
    if path is None:
        raise MissingFile(f"smallnorb is not rendered here: give {WHAT} with --from")
    size = size or SIZE
    if max(size) > SIDE:
        raise WrongUsage(f"--size: the published images have {SIDE} pixels a side; expected at most that")
    if class_protocol not in PROTOCOLS:
        raise UnknownName("class protocol", class_protocol, PROTOCOLS)
    folder = _folder(Path(path))
    total = int(np.prod(SIZES))
    places, paths = [], []
    for half, instances in HALVES.items():
        paths += [_find(folder, f"{half}-{kind}.mat") for kind in ("dat", "cat", "info")]
        places.append(_places(*paths[-2:], pairs=total // 4, instances=instances))
    if not np.array_equal(np.sort(np.concatenate(places)), np.arange(total // 2)):
        raise ForeignFile(
            f"{folder}: the cat and info files are not every combination of {', '.join(NAMES[:5])} once;"
            " download them again"
        )
    for images_file in paths[::3]:
        with _matrix(images_file, _BYTES, (total // 4, 2, SIDE, SIDE)):
            pass
    split = np.zeros(total // 2, np.uint8)
    split[places[1]] = 1
    factors, sizes, names = grid(SIZES), tuple(SIZES), tuple(NAMES)
    if made_of := PROTOCOLS[class_protocol]:
        columns = [NAMES.index(name) for name in made_of]
        classes = np.ravel_multi_index(factors[:, columns].T, [SIZES[c] for c in columns])
        factors = np.column_stack([classes, factors])
        sizes, names = (int(np.prod([SIZES[c] for c in columns])), *SIZES), ("class", *NAMES)

    def images(rows: np.ndarray | None) -> Iterator[np.ndarray]:
        rows = np.arange(total) if rows is None else ascending(rows, total)
        return _images(paths[::3], places, rows, size)

    digests = " ".join(f"{file.name} sha256:{files.sha256(file)}" for file in paths)
    return Source(
        name="smallnorb",
        shape=(total, *size, 1),
        images=images,
        factors=table(factors),
        factor_names=names,
        factor_sizes=sizes,
        factor_values={
            "elevation": 30 + 5.0 * np.arange(SIZES[2]),  # degrees above the horizontal
            "azimuth": 20.0 * np.arange(SIZES[3]),  # degrees; the zero differs from instance to instance
            "instance": np.arange(float(SIZES[1])),
            "lighting": np.arange(float(SIZES[4])),
        },
        class_names={"category": ("animal", "human", "airplane", "truck", "car")[: SIZES[0]]},
        grid=not made_of,
        split=np.repeat(split, 2),
        class_factor="class" if made_of else "",
        source=f"{digests}, {SIDE} to {size[0]}x{size[1]} by Lanczos",
        made=picture_sizes.square_made(SIDE, size),
        citation="LeCun, Huang, Bottou: Learning Methods for Generic Object Recognition with Invariance to Pose and "
        "Lighting, CVPR 2004, https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/",
        licence=PUBLISHED["smallnorb"].licence,
    )


def _folder(path: Path) -> Path:
    """The folder itself; one of the six files stands for the folder it lies in."""
    if path.is_dir():
        return path
    if path.name.startswith(tuple(HALVES)) and path.is_file():
        return path.parent
    problem = "not a folder" if path.exists() else "no such folder"
    raise MissingFile(f"{path}: {problem}; give {WHAT}")


def _find(folder: Path, name: str) -> Path:
    found = [folder / f"{name}{suffix}" for suffix in ("", ".gz") if (folder / f"{name}{suffix}").is_file()]
    if not found:
        raise MissingFile(f"{folder}: no {name} or {name}.gz in it; give {WHAT}")
    return found[0]


def _places(cat: Path, info: Path, *, pairs: int, instances: tuple[int, ...]) -> np.ndarray:
    """Where in the grid (of all factors but the camera) each pair of this half belongs: int64 [pairs]."""
    with _matrix(cat, _INTS, (pairs,)) as stream:
        category = np.frombuffer(_read(stream, cat, pairs * 4), "<i4")
    with _matrix(info, _INTS, (pairs, 4)) as stream:
        instance, elevation, azimuth, lighting = np.frombuffer(_read(stream, info, pairs * 16), "<i4").reshape(-1, 4).T
    if (found := np.unique(instance).tolist()) != list(instances):
        raise ForeignFile(
            f"{info}: is of the instances {str(found)[:60]}, expected {list(instances)}; another file under this name:"
            " download it again"
        )
    if (azimuth % 2).any():
        raise ForeignFile(f"{info}: has odd azimuths, expected 0, 2 .. 34; download it again")
    for values, top, file in zip(
        (category, instance, elevation, azimuth // 2, lighting), SIZES, (cat, info, info, info, info), strict=False
    ):
        if values.min() < 0 or values.max() >= top:
            raise ForeignFile(f"{file}: has the value {values.max()}, expected 0 to {top - 1}; download it again")
    return np.ravel_multi_index((category, instance, elevation, azimuth // 2, lighting), SIZES[:5])


@contextmanager
def _matrix(path: Path, magic: int, shape: tuple[int, ...]) -> Iterator[BufferedIOBase]:
    """A stream at the first value of a file of exactly this shape. ForeignFile otherwise."""
    dims = [*shape, *[1] * (3 - len(shape))]
    header = np.array([magic, len(shape), *dims], "<i4").tobytes()
    with archive.damage(path):
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if zipped else path.open("rb") as stream:
            found = np.frombuffer(_read(stream, path, len(header)), "<i4")
            if found.tobytes() != header:
                raise ForeignFile(
                    f"{path}: its header is {int(found[0]) & 0xFFFFFFFF:#x} {found[1:].tolist()}, expected {magic:#x}"
                    f" {[len(shape), *dims]}; another file under this name: download it again"
                )
            need = len(header) + int(np.prod(shape)) * (1 if magic == _BYTES else 4)
            if not zipped and path.stat().st_size != need:
                raise ForeignFile(f"{path}: {path.stat().st_size:,} bytes, expected {need:,}; download it again")
            yield stream


def _read(stream: BufferedIOBase, path: Path, size: int) -> bytes:
    with archive.damage(path):
        data = stream.read(size)
    if len(data) != size:
        raise ForeignFile(f"{path}: cut short; download it again")
    return data


def _images(
    paths: list[Path], places: list[np.ndarray], rows: np.ndarray, size: tuple[int, int]
) -> Iterator[np.ndarray]:
    """The images of ``rows``: each half from its first pair to its last one, into their places, then out in order."""
    pixels = np.empty((len(rows), *size, 1), np.uint8)
    for path, place in zip(paths, places, strict=True):
        with _matrix(path, _BYTES, (len(place), 2, SIDE, SIDE)) as stream:
            for pair in place:
                data = _read(stream, path, 2 * SIDE * SIDE)
                views = np.frombuffer(data, np.uint8).reshape(2, SIDE, SIDE, 1)
                first, last = np.searchsorted(rows, [2 * pair, 2 * pair + 2])
                for at in range(first, last):
                    pixels[at] = published_images.resized(views[rows[at] - 2 * pair], size)
            if stream.read(1):  # to gzip's checksum
                raise ForeignFile(f"{path}: longer than its header says; download it again")
    for start in range(0, len(rows), _BLOCK):
        yield pixels[start : start + _BLOCK]
