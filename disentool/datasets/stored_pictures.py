"""Pictures that an HDF5 file holds as bytes of JPEG or PNG files: written as files, to be read as their folder is."""

import csv
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from disentool.datasets import factor_arrays
from disentool.errors import ForeignFile, UnsafeFile, WrongUsage
from disentool.io import arrays, files, hdf5, hdf5_heap

_LARGEST = 64 << 20  # bytes of a picture
_ALWAYS = 1 << 30  # bytes that any file may hold of them
_TIMES = 4  # more than that: so many times its own size
_STARTS = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n", ".png"),
    (b"RIFF", ".webp"),
    (b"GIF8", ".gif"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
    (b"BM", ".bmp"),
    (b"\0\0\0\x0cjP", ".jp2"),
)


class Unpacked(NamedTuple):
    """What the file became: the folder of pictures, named by their rows; their table of factors, if any; and notes."""

    root: Path
    table: Path | None
    notes: list[str]


def key_of(path: Path, images_key: str | None) -> str | None:
    """The array of ``path`` that holds pictures as bytes: the one of this name, or the only one; None if there is none.

    None also where no name is given, and an array of numbers may be the images. WrongUsage where there are several.
    """
    if not path.is_file() or not hdf5.is_hdf5(path):
        return None
    if images_key is None and any(len(shape) in (3, 4) for shape, _ in arrays.listing(path).values()):
        return None
    found = []
    with hdf5.opened(path) as file:
        names = hdf5.dataset_names(file)
        for name in names if images_key is None else [key for key in names if key == images_key.strip("/")]:
            if not hdf5_heap.holds_bytes(file[name]):
                continue
            with suppress(*(() if name == images_key else (ForeignFile, UnsafeFile))):  # an array of another purpose
                array = hdf5.located(file, path, name)
                found += [name] if _suffix(next(hdf5_heap.pieces(array, path, name, _LARGEST), b"")) else []
    if len(found) > 1:
        raise WrongUsage(f"{path}: pictures are in {', '.join(found[:8])}; --images-key names the ones to read")
    return found[0] if found else None


def unpack(path: Path, key: str, folder: Path, factors_key: str | None) -> Unpacked:
    """The pictures of the array ``key`` as files below the empty ``folder``, and their factors as a table beside them.

    Raises UnsafeFile for more bytes than pictures have, ForeignFile for a damaged file, DataMismatch for factors of
    other images, NotWritable where the disk is too small.
    """
    root, size = folder / (path.stem or "images"), path.stat().st_size
    files.probe(folder / "pictures", overwrite=False, need_bytes=size)
    names, total = [], 0
    with hdf5.opened(path) as file:
        array = hdf5.located(file, path, key)
        width = len(str(array.shape[0]))
        for row, data in enumerate(hdf5_heap.pieces(array, path, key, _LARGEST)):
            total += len(data)
            if total > max(_ALWAYS, _TIMES * size):
                raise UnsafeFile(
                    f"{path}: array {key!r} claims more bytes of pictures than the file can hold; not read"
                )
            names.append(f"{row:0{width}}{_suffix(data) or '.jpg'}")  # what is none is left out where it is decoded
            try:
                root.mkdir(exist_ok=True)
                (root / names[-1]).write_bytes(data)
            except OSError as error:
                raise files.not_writable(root, error) from None
    known = arrays.listing(path)
    place = factor_arrays.place(path, known, factors_key)
    factors = factor_arrays.read(path, place, len(names), bins=len(names))
    notes = [f"factor {factor.name}: {factor.note}" for factor in factors if factor.note]
    notes += filter(None, [factor_arrays.left_unread(known, {key, *place.arrays})])
    if not factors:
        return Unpacked(root, None, notes)
    columns = []
    for factor in factors:
        told = factor.names or [] if factor.values is None else [repr(float(value)) for value in factor.values]
        columns.append(np.array(told, object)[factor.classes].tolist())
    table = folder / "factors.csv"
    with open(table, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["file", *(factor.name for factor in factors)])
        writer.writerows(zip(names, *columns, strict=True))
    return Unpacked(root, table, notes)


def _suffix(data: bytes) -> str:
    """What a picture's file is called, by its first bytes; nothing for what is no picture."""
    return next((suffix for start, suffix in _STARTS if data.startswith(start)), "")
