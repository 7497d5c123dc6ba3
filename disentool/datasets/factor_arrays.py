"""The factors in a file of arrays: which arrays they are, and their columns.

Factors are numbers [N] or [N,K], one class that is written one-hot [N,K], or words [N]. They are one array; or a group
of arrays [N], each a factor; or, as a .npy holds one array, another .npy.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from disentool.datasets import factor_columns, one_hot
from disentool.errors import DataMismatch, ForeignFile, UnsafeFile, counted
from disentool.io import arrays, hdf5, word_arrays

_KEYS = ("factors", "labels", "latents/classes", "latents_classes")  # looked for where no key is given
_SHOWN = 8  # of the arrays that a note names
_COLUMNS = 2000
_NUMBERS = 1 << 26  # of all columns together: half a gigabyte
_NONE = "--factors-key '' leaves it out"


class Place(NamedTuple):
    """Where factors are: in ``file``, the ``arrays`` of this ``key``; an empty key where there are none.

    ``notes``: why arrays of usual names are none.
    """

    file: Path
    key: str
    arrays: tuple[str, ...]
    notes: tuple[str, ...] = ()


def place(path: Path, known: dict, key: str | None) -> Place:
    """Where the factors ``key`` of the images in ``path`` are, whose arrays are ``known``; empty: there are none.

    None: in the first array or group of a usual name, ``factors`` or ``labels``, that can be factors.
    """
    notes: list[str] = []
    for name in _KEYS if key is None else ():
        if _alike(known, name):
            key = name
        elif name in known:
            why = _unfit(path, name, *known[name])
            notes += [f"{name} holds no factors: {why}"] if why else []
            key = None if why else name
        if key is not None:
            break
    key = key or ""
    if key.endswith(".npy") and key not in known:
        return Place(Path(key), key, ("",))
    members = _members(known, key) if key not in known else []
    return Place(path, key, tuple(members or filter(None, [key])), tuple(notes))


def _unfit(path: Path, name: str, shape: tuple[int, ...], dtype: np.dtype) -> str:
    """Why an array cannot be factors, by what its file says of it; empty where it may be. UnsafeFile for objects."""
    if shape:
        return _misshapen(shape)
    if not dtype.hasobject:
        return "it is a single value"
    try:
        if word_arrays.read(path, name) is not None:
            return ""
        with arrays.opened(path) as file:
            file(name)
    except UnsafeFile as error:
        raise UnsafeFile(f"{error}; {_NONE}") from None
    except ForeignFile as error:
        return str(error).removeprefix(f"{path}: ")
    return ""


def _misshapen(shape: tuple[int, ...]) -> str:
    """Why an array of this shape cannot be factors; empty where it may be. One row [1,N] may be a list."""
    if len(shape) > 2 or 0 in shape:
        return f"it is {list(shape)}, expected [N] or [N,K]"
    if len(shape) == 2 and shape[0] > 1 and shape[1] > _COLUMNS:
        return f"{list(shape)} looks like pixels or embeddings, expected [N] or [N,K] with K up to {_COLUMNS:,}"
    if math.prod(shape) > _NUMBERS:
        return f"{list(shape)} are too many numbers, expected up to {_NUMBERS:,}; save a class as one number"
    return ""


def _members(known: dict, group: str) -> list[str]:
    """The arrays [N] in a group."""
    return [name for name, (shape, _) in known.items() if group and name.startswith(f"{group}/") and len(shape) == 1]


def _alike(known: dict, group: str) -> bool:
    """Whether there are arrays [N] in a group, all of one length."""
    return len({known[name][0] for name in _members(known, group)}) == 1


def left_unread(known: dict, used: set[str]) -> str:
    """A remark that names the arrays of the file that were not used, with their shapes; empty where there are none."""
    others = [described(name, *what) for name, what in known.items() if name not in used]
    more = f", and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    return f"left unread: {', '.join(others[:_SHOWN])}{more}; --factors-key names one array" if others else ""


def described(name: str, shape: tuple[int, ...], dtype: np.dtype) -> str:
    """An array's name and shape, or what it is instead of an array of numbers."""
    return f"{name} {list(shape) or ('(no numbers)' if dtype.hasobject else '(one value)')}"


def label_counts(found: Place) -> Sequence[int]:
    """How many images the factors can be of; none where they are no factors, which :func:`read` refuses."""
    if not found.key:
        return ()
    if (words := word_arrays.read(found.file, found.arrays[0])) is not None:
        return (len(words),)
    shape, _ = arrays.listing(found.file).get(found.arrays[0], ((), None))
    return shape[: 2 if len(shape) == 2 and shape[0] == 1 else 1]


def read(path: Path, found: Place, rows: int, bins: int) -> list[factor_columns.Factor]:
    """The factors of the images in ``path``, of which there are ``rows``. Raises ForeignFile or DataMismatch."""
    if not found.key:
        return []
    if (words := word_arrays.read(found.file, found.arrays[0])) is not None:
        _require(path, found.file, found.key, len(words), rows)
        name = Path(found.key).name if found.file == path else found.file.stem
        return [factor_columns.from_column(name, words, bins)]
    with arrays.opened(found.file) as file:
        if found.arrays != (found.key,) and found.file == path:
            if len(found.arrays) > _COLUMNS:
                raise ForeignFile(f"{path}: {found.key} has {len(found.arrays):,} arrays, expected up to {_COLUMNS:,}")
            columns = [_column(path, found.file, name, file(name), rows) for name in found.arrays]
            names = [name.removeprefix(f"{found.key}/") for name in found.arrays]
            table = [column[:, 0] for column in columns]
            return [factor_columns.from_numbers(n, column, bins) for n, column in zip(names, table, strict=True)]
        whole = _column(path, found.file, found.key, file(found.arrays[0]), rows)
    stem = Path(found.key).stem
    known = _names(path, whole.shape[1]) if found.file == path else None
    if known is None and one_hot.is_one_hot(whole):
        return [one_hot.as_class(stem, whole)]
    names = known or ([stem] if whole.shape[1] == 1 else [f"{stem}{i}" for i in range(whole.shape[1])])
    return [factor_columns.from_numbers(n, column, bins) for n, column in zip(names, whole.T, strict=True)]


def _column(path: Path, source: Path, name: str, array: arrays.Rows, rows: int) -> np.ndarray:
    """An array [N] or [N,K] of factors as [N,K]."""
    array = arrays.upright(array, rows)
    if why := _misshapen(array.shape):
        raise ForeignFile(f"{source}: array {name!r} holds no factors: {why}; {_NONE}")
    _require(path, source, name, array.shape[0], rows)
    if math.prod(array.shape[1:]) > _COLUMNS:
        raise ForeignFile(f"{source}: array {name!r} is {list(array.shape)}, expected up to {_COLUMNS:,} columns")
    return array.all().reshape(rows, -1)


def _require(path: Path, source: Path, name: str, count: int, rows: int) -> None:
    if count != rows:
        raise DataMismatch(
            f"{source}: array {name!r} has {counted(count, 'row')}, expected one for each of the"
            f" {counted(rows, 'image')} in {path}; {_NONE}"
        )


def _names(path: Path, count: int) -> list[str] | None:
    """Names of the factors, where the file is HDF5 and says them in the attribute ``factor_names``."""
    if not hdf5.is_hdf5(path):
        return None
    with hdf5.opened(path) as file:
        names = hdf5.attribute(file, "factor_names", None)
    fits = isinstance(names, list) and len(names) == count and all(isinstance(name, str) for name in names)
    return names if fits else None
