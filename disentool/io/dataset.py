"""Data-set files: ``disentool.dataset``, opened without reading the pixels."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from disentool.errors import DataMismatch, ForeignFile, MissingFile, UnknownName
from disentool.io import class_words, foreign_files, hdf5
from disentool.io.schema import DATASET


@dataclass(frozen=True)
class Dataset:
    """One opened data set: images uint8 [N,H,W,C] (memory-mapped where possible), factors int32 [N,K] or None."""

    path: Path
    images: np.ndarray
    factors: np.ndarray | None
    name: str = ""
    source: str = ""
    likelihood: str = "bernoulli"
    grid: bool = False
    factor_names: tuple[str, ...] = ()
    factor_sizes: tuple[int, ...] = ()
    factor_values: dict[str, np.ndarray] = field(default_factory=dict)
    class_names: dict[str, list[str]] = field(default_factory=dict)
    named_by_value: tuple[str, ...] = ()  # the factors whose classes people name by their factor_values
    class_factor: str = ""  # the factor that methods with classes take for the class; empty: none is named
    split: np.ndarray | None = None  # uint8 [N], 0 train, 1 test
    content_sha256: str = ""

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        factors = ", ".join(f"{name} {size}" for name, size in zip(self.factor_names, self.factor_sizes, strict=True))
        shape = "x".join(map(str, self.images.shape[1:]))
        name = f"{self.name} at {self.path}" if self.name else str(self.path)
        return f"<disentool.Dataset {name}: {len(self):,} images {shape}, factors: {factors or 'none'}>"

    def words(self) -> dict[str, list[str]]:
        """What people call the classes of each factor: its words or its values, where it has some."""
        numbers = {name: list(class_words.numerals(self.factor_values[name])) for name in self.named_by_value}
        return numbers | self.class_names

    def rows(self, part: str) -> np.ndarray:
        """The rows of ``train`` or ``test`` by the file's split, or of ``all``: int64, ascending.

        ``auto``: those of train where there is a split, else all. DataMismatch where there is no split, or none of it;
        UnknownName for any other part.
        """
        if part not in ("auto", "train", "test", "all"):
            raise UnknownName("part of the rows", part, ("auto", "train", "test", "all"))
        if part == "all" or (part == "auto" and self.split is None):
            return np.arange(len(self))
        if self.split is None:
            raise DataMismatch(f"{self.path}: has no split; ask for all rows, or prepare the data with a split")
        found = np.flatnonzero(self.split == (part == "test"))
        if not len(found):
            what = "testing" if part == "test" else "training"
            raise DataMismatch(f"{self.path}: its split has no rows for {what}; ask for all rows")
        return found


def asked_rows(data: Dataset, part: str) -> np.ndarray:
    """``data.rows(part)`` where ``--rows`` asks for it: DataMismatch names that option, and what makes a split."""
    try:
        return data.rows(part)
    except DataMismatch as error:
        split = ", or `disentool prepare --split` makes one" if data.split is None else " takes every row"
        raise DataMismatch(f"{str(error).rpartition('; ')[0]}; --rows all{split}") from None


def read(path: Path) -> Dataset:
    """Open and check a data-set file. ForeignFile says what is wrong with one that does not fit the format."""
    return _read(Path(path), hdf5.mapped)


def facts(path: Path) -> Dataset:
    """The same with all pixels 0, and none of them in memory."""
    return _read(Path(path), lambda array, _: np.broadcast_to(np.uint8(0), array.shape))


def _read(path: Path, pixels: Callable[[h5py.Dataset, Path], np.ndarray]) -> Dataset:
    if path.is_dir():
        quoted = shlex.quote(str(path))
        raise MissingFile(
            f"{path}: expected a data set, found a folder; `disentool prepare folder --from {quoted}` makes one"
        )
    if path.is_file() and not hdf5.is_hdf5(path) and path.suffix.lower() not in (".h5", ".hdf5"):
        raise ForeignFile(f"{path}: expected a data set (.h5), found {foreign_files.described(path)}")
    with hdf5.opened(path, "`disentool prepare` makes one; `disentool prepare --list` names the data sets") as file:
        hdf5.check(file, path, DATASET, f"`disentool prepare array --from {shlex.quote(str(path))}` reads its arrays")
        images = hdf5.array(file, path, "images")
        if images.shape[0] == 0 or images.shape[3] not in (1, 3):
            raise ForeignFile(
                f"{path}: array 'images' is {list(images.shape)}, expected [N,H,W,C] with N > 0 and C 1 or 3"
            )
        factors = hdf5.array(file, path, "factors")[()] if hdf5.has(file, "factors") else None
        names, sizes = read_factor_facts(file, path, factors)
        values = {}
        stored = hdf5.dataset_names(file)
        for name, size in zip(names, sizes, strict=True):
            if f"factor_values/{name}" in stored:
                value = hdf5.array(file, path, f"factor_values/{name}")
                if value.shape != (size,):
                    raise ForeignFile(
                        f"{path}: array 'factor_values/{name}' is {list(value.shape)}, expected [{size}]: one for each"
                        f" class of {name}"
                    )
                values[name] = value[()]
        split = hdf5.array(file, path, "split")[()] if hdf5.has(file, "split") else None
        if split is not None and split.max() > 1:
            raise ForeignFile(
                f"{path}: array 'split' holds {split.max()}, expected 0 (train) and 1 (test); `disentool prepare"
                " --split`"
                " makes one"
            )
        class_factor = hdf5.attribute(file, "class_factor", "")
        if class_factor and (not isinstance(class_factor, str) or class_factor not in names):
            raise ForeignFile(f"{path}: class_factor is {str(class_factor)[:80]!r}, expected one of its factors")
        named = hdf5.attribute(file, "named_by_value", [])
        if not isinstance(named, list) or not all(_has_values(name, names, sizes, values) for name in named):
            raise ForeignFile(f"{path}: named_by_value is {str(named)[:80]}, expected factors with a value per class")
        likelihood = hdf5.attribute(file, "likelihood", "bernoulli")
        if likelihood not in ("bernoulli", "gaussian"):
            raise ForeignFile(f"{path}: likelihood is {likelihood!r}, expected bernoulli or gaussian")
        return Dataset(
            path=path,
            images=pixels(images, path),
            factors=factors,
            name=str(hdf5.attribute(file, "name", path.stem)),
            source=str(hdf5.attribute(file, "source", "")),
            likelihood=likelihood,
            grid=bool(hdf5.attribute(file, "grid", False)),
            factor_names=names,
            factor_sizes=sizes,
            factor_values=values,
            split=split,
            class_names=read_class_names(file, path, names, sizes),
            named_by_value=tuple(named),
            class_factor=str(class_factor),
            # Made elsewhere without a digest: it identifies the data, so it is worked out.
            content_sha256=str(hdf5.attribute(file, "content_sha256", "") or hdf5.content_digest(path)),
        )


def _has_values(name: Any, names: tuple[str, ...], sizes: tuple[int, ...], values: dict[str, np.ndarray]) -> bool:
    """Whether a factor has a finite value for each of its classes."""
    known = values.get(name) if isinstance(name, str) else None
    return known is not None and known.shape == (sizes[names.index(name)],) and bool(np.isfinite(known).all())


def read_factor_facts(
    file: h5py.File, path: Path, factors: np.ndarray | None
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names and sizes of the factors, checked against the factors themselves (int [N,K], or None: no factors)."""
    if factors is None:
        return (), ()
    if factors.size == 0:
        raise ForeignFile(f"{path}: array 'factors' is {list(factors.shape)}, expected [N,K] with N and K > 0")
    columns = factors.shape[1]
    names = hdf5.attribute(file, "factor_names", [f"factor{i}" for i in range(columns)])
    top = (factors.max(axis=0).astype(np.int64) + 1).tolist()
    sizes = hdf5.attribute(file, "factor_sizes", top)
    if not (_list_of(str, names, columns) and _list_of(int, sizes, columns)) or len(set(names)) != columns:
        raise ForeignFile(
            f"{path}: {columns} factors, but factor_names and factor_sizes are {str(names)[:80]} and {str(sizes)[:80]}"
        )
    if factors.min() < 0 or any(t > s for t, s in zip(top, sizes, strict=True)):
        row, column = (int(first) for first in np.argwhere((factors < 0) | (factors >= sizes))[0])
        raise ForeignFile(
            f"{path}: row {row:,} has {names[column]} {factors[row, column]}, expected 0 to {sizes[column] - 1}; make"
            " the"
            " file anew"
        )
    return tuple(names), tuple(sizes)


def read_class_names(
    file: h5py.File, path: Path, names: tuple[str, ...], sizes: tuple[int, ...]
) -> dict[str, list[str]]:
    """The words for the classes of those factors that have them, checked against the factors' sizes."""
    found = hdf5.json_attribute(file, path, "class_names")
    known = dict(zip(names, sizes, strict=True))
    for name, words in found.items():
        if name not in known or not _list_of(str, words, known[name]):
            raise ForeignFile(f"{path}: class_names of {str(name)[:80]!r} are not a word for each of its classes")
    return found


def _list_of(kind: type, value: Any, length: int) -> bool:
    return isinstance(value, list) and len(value) == length and all(type(item) is kind for item in value)
