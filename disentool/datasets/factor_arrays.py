"""The factors in a file of arrays: which arrays they are, and their columns.

Factors are numbers [N] or [N,K], one class that is written one-hot [N,K], or, in HDF5, words [N]. They are one array;
or a group of arrays [N], each a factor; or, as a .npy holds one array, another .npy.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from disentool.datasets import factor_columns, one_hot
from disentool.errors import DataMismatch, ForeignFile, counted
from disentool.io import arrays, hdf5, hdf5_heap

_KEYS = ("factors", "labels", "latents/classes", "latents_classes")  # looked for where no key is given
_SHOWN = 8  # of the arrays that a note names
_WORD = 10_000  # bytes of the name of a class


class Place(NamedTuple):
    """Where factors are: in ``file``, the ``arrays`` of this ``key``; an empty key where there are none."""

    file: Path
    key: str
    arrays: tuple[str, ...]


def place(path: Path, known: dict, key: str | None) -> Place:
    """Where the factors ``key`` of the images in ``path`` are, whose arrays are ``known``; None: ``factors`` or
    ``labels``, if there."""
    if key is None:
        key = next((name for name in _KEYS if name in known or _alike(known, name)), "")
    if key.endswith(".npy") and key not in known:
        return Place(Path(key), key, ("",))
    members = _members(known, key) if key not in known else []
    return Place(path, key, tuple(members or filter(None, [key])))


def _members(known: dict, group: str) -> list[str]:
    """The arrays [N] in a group."""
    return [name for name, (shape, _) in known.items() if group and name.startswith(f"{group}/") and len(shape) == 1]


def _alike(known: dict, group: str) -> bool:
    """Whether there are arrays [N] in a group, all of one length."""
    return len({known[name][0] for name in _members(known, group)}) == 1


def left_unread(known: dict, used: set[str]) -> str:
    """A remark that names the arrays of the file that were not used, with their shapes; empty where there are none."""
    others = [f"{name} {list(shape) or '(no numbers)'}" for name, (shape, _) in known.items() if name not in used]
    more = f", and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    return f"left unread: {', '.join(others[:_SHOWN])}{more}; --factors-key names one array" if others else ""


def label_counts(found: Place) -> Sequence[int]:
    """How many images the factors can be of; none where they are no factors, which :func:`read` refuses."""
    if not found.key:
        return ()
    shape, _ = arrays.listing(found.file).get(found.arrays[0], ((), None))
    return shape[: 2 if len(shape) == 2 and shape[0] == 1 else 1]


def read(path: Path, found: Place, rows: int, bins: int) -> list[factor_columns.Factor]:
    """The factors of the images in ``path``, of which there are ``rows``. Raises ForeignFile or DataMismatch."""
    if not found.key:
        return []
    if (words := _words(path, found, rows)) is not None:
        return [factor_columns.from_column(Path(found.key).name, words, bins)]
    with arrays.opened(found.file) as file:
        if found.arrays != (found.key,) and found.file == path:
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
    if len(array.shape) > 2 or 0 in array.shape:
        raise ForeignFile(f"{source}: array {name!r} is {list(array.shape)}, expected factors [N] or [N,K]")
    _require(path, source, name, array.shape[0], rows)
    return array.all().reshape(rows, -1)


def _require(path: Path, source: Path, name: str, count: int, rows: int) -> None:
    if count != rows:
        raise DataMismatch(
            f"{source}: array {name!r} has {counted(count, 'row')}, expected one for each of the"
            f" {counted(rows, 'image')} in {path}"
        )


def _words(path: Path, found: Place, rows: int) -> list[str] | None:
    """The words of an HDF5 array of text; None for any other."""
    if not hdf5.is_hdf5(found.file):
        return None
    with hdf5.opened(found.file) as file:
        array = hdf5.located(file, found.file, found.arrays[0])
        if not hdf5_heap.holds_text(array):
            return None
        _require(path, found.file, found.key, array.shape[0], rows)
        words = hdf5_heap.pieces(array, found.file, found.arrays[0], _WORD)
        return [word.rstrip(b"\0").decode("utf-8", "replace") for word in words]


def _names(path: Path, count: int) -> list[str] | None:
    """Names of the factors, where the file is HDF5 and says them in the attribute ``factor_names``."""
    if not hdf5.is_hdf5(path):
        return None
    with hdf5.opened(path) as file:
        names = hdf5.attribute(file, "factor_names", None)
    fits = isinstance(names, list) and len(names) == count and all(isinstance(name, str) for name in names)
    return names if fits else None
