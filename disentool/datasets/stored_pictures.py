"""Pictures that an HDF5 file holds as bytes of JPEG or PNG files: written as files, to be read as their folder is.

They are the rows of one array: bytes of any length [N], or of a fixed one, with zeros behind them, [N] or uint8 [N,L].
Or each is an array of its own, bytes or uint8 [L]: then the groups of the file are folders, unless each holds one
picture of the same name, as where a group is a sample.
"""

import csv
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from disentool.datasets import factor_arrays, factor_columns, unpacked
from disentool.errors import ForeignFile, UnsafeFile, WrongUsage
from disentool.io import arrays, files, hdf5, hdf5_heap, picture_kinds

_LARGEST = 64 << 20  # bytes of a picture
_ALWAYS = 1 << 30  # bytes that any file may hold of them
_TIMES = 4  # more than that: so many times its own size
_BLOCK = 16 << 20  # bytes of rows that are read at a time


class Stored(NamedTuple):
    """Where pictures are: in the rows of one array, or each in an array of its own (``apart``)."""

    arrays: list[str]
    apart: bool

    def described(self) -> str:
        """Such as ``pictures`` or ``a/1, a/2, ...``."""
        return ", ".join(self.arrays[:2]) + (", ..." if len(self.arrays) > 2 else "")


class Unpacked(NamedTuple):
    """What the file became: the folder of pictures, named by their rows; their table of factors, if any; and notes."""

    root: Path
    table: Path | None
    notes: list[str]


def find(path: Path, images_key: str | None) -> Stored | None:
    """Where ``path`` holds pictures as bytes: in the array or group of this name, or in the only ones; else None.

    None also where no name is given, and an array of numbers may be the images. WrongUsage where several arrays have
    them in their rows.
    """
    if not path.is_file() or not hdf5.is_hdf5(path):
        return None
    if images_key is None and any(len(shape) in (3, 4) for shape, _ in arrays.listing(path).values()):
        return None
    wanted = None if images_key is None else images_key.strip("/")
    in_rows, apart = [], []
    with hdf5.opened(path) as file:
        for name in hdf5.dataset_names(file):
            if wanted is not None and name != wanted and not name.startswith(f"{wanted}/"):
                continue
            with suppress(*(() if name == wanted else (ForeignFile, UnsafeFile))):  # an array of another purpose
                array = hdf5.located(file, path, name)
                if _is_one(array):
                    apart += [name] if picture_kinds.suffix_of(_first(array)) else []
                elif next(map(picture_kinds.suffix_of, _rows(array, path, name)), ""):
                    in_rows.append(name)
    if len(in_rows) > 1:
        raise WrongUsage(f"{path}: pictures are in {', '.join(in_rows[:8])}; --images-key names the ones to read")
    if in_rows:
        return Stored(in_rows, apart=False)
    return Stored(sorted(apart, key=factor_columns.natural), apart=True) if apart else None


def unpack(path: Path, stored: Stored, folder: Path, factors_key: str | None) -> Unpacked:
    """The pictures as files below the empty ``folder``, and their factors, if any, as a table beside them.

    Pictures in arrays of their own have the factors' rows in the natural order of the arrays' names. Raises UnsafeFile
    for more bytes than pictures have and for a name that leads out of the folder, ForeignFile for a damaged file,
    DataMismatch for factors of other images, NotWritable where the disk is too small.
    """
    root, size = folder / (path.stem or "images"), path.stat().st_size
    files.probe(folder / "pictures", overwrite=False, need_bytes=size)
    names, total = [], 0
    with hdf5.opened(path) as file:
        for name, data in _pictures(file, path, stored):
            suffix = picture_kinds.suffix_of(data)
            data = data if suffix in picture_kinds.MAY_END_IN_ZEROS else data.rstrip(b"\0")
            total += len(data)
            if total > max(_ALWAYS, _TIMES * size):
                raise UnsafeFile(
                    f"{path}: {stored.described()}: claims more bytes of pictures than the file can hold; not read"
                )
            names.append(f"{name}{suffix or '.jpg'}")  # what is none is left out where it is decoded
            try:
                target = root / names[-1]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
            except OSError as error:
                raise files.not_writable(root, error) from None
    known = arrays.listing(path)
    place = factor_arrays.place(path, known, factors_key)
    factors = factor_arrays.read(path, place, len(names), bins=len(names))
    notes = [*place.notes, *(f"factor {factor.name}: {factor.note}" for factor in factors if factor.note)]
    notes += filter(None, [factor_arrays.left_unread(known, {*stored.arrays, *place.arrays})])
    if not factors:
        return Unpacked(root, None, notes)
    if stored.apart:
        notes.append(f"the rows of {place.key} are taken for {stored.described()}, in this order")
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


def _pictures(file: h5py.File, path: Path, stored: Stored) -> Iterator[tuple[str, bytes]]:
    """The name of each picture's file, without suffix, and its bytes."""
    if stored.apart:
        alike = len({name.rpartition("/")[2] for name in stored.arrays}) == 1 < len(stored.arrays)
        for name in stored.arrays:
            data = _whole(hdf5.located(file, path, name), path, name)
            yield str(unpacked.place_of(path, name.rpartition("/")[0] if alike else name)), data
        return
    [name] = stored.arrays
    array = hdf5.located(file, path, name)
    width = len(str(array.shape[0]))
    for row, data in enumerate(_rows(array, path, name)):
        yield f"{row:0{width}}", data


def _is_one(array: h5py.Dataset) -> bool:
    """Whether an array may be the bytes of one file: uint8 [L], or a single value of bytes."""
    return (array.ndim == 1 and array.dtype == np.uint8) or (array.ndim == 0 and array.dtype.kind in "SV")


def _first(array: h5py.Dataset) -> bytes:
    """The first bytes of an array that :func:`_is_one`, so many that its kind can be told."""
    return np.asarray(array[:16]).tobytes() if array.ndim else _whole(array, Path(array.file.filename), array.name)


def _whole(array: h5py.Dataset, path: Path, name: str) -> bytes:
    """The bytes of an array that :func:`_is_one`; UnsafeFile for more than a picture has."""
    size = array.dtype.itemsize * (array.shape[0] if array.ndim else 1)
    if size > _LARGEST:
        raise UnsafeFile(f"{path}: array {name!r} claims {size:,} bytes, expected at most {_LARGEST:,}")
    return np.asarray(array[()]).tobytes()


def _rows(array: h5py.Dataset, path: Path, name: str) -> Iterator[bytes]:
    """The rows of an array of bytes [N] or uint8 [N,L]; none of any other. UnsafeFile as :mod:`hdf5_heap` raises it."""
    if hdf5_heap.holds_bytes(array):
        yield from hdf5_heap.pieces(array, path, name, _LARGEST)
    elif array.ndim == 2 and array.dtype == np.uint8:
        length = array.shape[1]
        if length > _LARGEST:
            raise UnsafeFile(f"{path}: array {name!r} claims rows of {length:,} bytes, expected at most {_LARGEST:,}")
        checked = hdf5.array(array.file, path, name)
        step = max(1, _BLOCK // max(1, length))
        for start in range(0, array.shape[0], step):
            for row in checked[start : start + step]:
                yield row.tobytes()
