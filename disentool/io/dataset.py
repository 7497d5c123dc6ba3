"""Data-set files: ``disentool.dataset``, opened without reading the pixels."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from disentool.errors import ForeignFile
from disentool.io import hdf5
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
    content_sha256: str = ""

    def __len__(self) -> int:
        return len(self.images)


def read(path: Path) -> Dataset:
    """Open and check a data-set file. ForeignFile says what is wrong with one that does not fit the format."""
    path = Path(path)
    with hdf5.opened(path, "`disentool prepare` makes one; `disentool prepare --list` names the data sets") as file:
        hdf5.check(file, path, DATASET)
        images = hdf5.array(file, path, "images")
        if images.shape[0] == 0 or images.shape[3] not in (1, 3):
            raise ForeignFile(f"{path}: images are {list(images.shape)}, expected [N,H,W,C] with N > 0 and C 1 or 3")
        factors = hdf5.array(file, path, "factors")[()] if hdf5.has(file, "factors") else None
        names, sizes = read_factor_facts(file, path, factors)
        values = {}
        stored = set(hdf5.dataset_names(file))
        for name in names:
            if f"factor_values/{name}" in stored:
                values[name] = hdf5.array(file, path, f"factor_values/{name}")[()]
        likelihood = hdf5.attribute(file, "likelihood", "bernoulli")
        if likelihood not in ("bernoulli", "gaussian"):
            raise ForeignFile(f"{path}: likelihood is {likelihood!r}, expected bernoulli or gaussian")
        return Dataset(
            path=path,
            images=hdf5.mapped(images, path),
            factors=factors,
            name=str(hdf5.attribute(file, "name", path.stem)),
            source=str(hdf5.attribute(file, "source", "")),
            likelihood=likelihood,
            grid=bool(hdf5.attribute(file, "grid", False)),
            factor_names=names,
            factor_sizes=sizes,
            factor_values=values,
            content_sha256=str(hdf5.attribute(file, "content_sha256", "")),
        )


def read_factor_facts(file, path: Path, factors: np.ndarray | None) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names and sizes of the factors, checked against the factors themselves (int [N,K], or None: no factors)."""
    if factors is None:
        return (), ()
    columns = factors.shape[1]
    names = hdf5.attribute(file, "factor_names", [f"factor{i}" for i in range(columns)])
    top = (factors.max(axis=0) + 1).tolist() if len(factors) else [0] * columns
    sizes = hdf5.attribute(file, "factor_sizes", top)
    if len(names) != columns or len(sizes) != columns or len(set(names)) != columns:
        raise ForeignFile(f"{path}: {columns} factors, but factor_names and factor_sizes are {names} and {sizes}")
    if len(factors) and (factors.min() < 0 or any(t > s for t, s in zip(top, sizes, strict=True))):
        raise ForeignFile(f"{path}: factors outside 0..size-1 (sizes {sizes})")
    return tuple(map(str, names)), tuple(map(int, sizes))
