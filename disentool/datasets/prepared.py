"""A data set that ``prepare``, ``decode`` or ``sample`` wrote, read again: names, values, bins and split are kept."""

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from disentool.datasets.source import Source, ascending, table
from disentool.errors import ForeignFile, WrongUsage
from disentool.io import dataset, hdf5
from disentool.io.schema import DATASET

_BLOCK = 16 << 20  # bytes of images that are read at a time


def open_source(path: Path | None) -> Source:
    """The images and factors of a ``disentool.dataset`` file, with all that it says of them.

    Its split is written again without being asked for. Raises WrongUsage, MissingFile or ForeignFile.
    """
    if path is None:
        raise WrongUsage("prepare prepared: name the data set file with --from")
    path = Path(path)
    data = dataset.facts(path)
    count, *pixel = data.images.shape
    step = max(1, _BLOCK // int(np.prod(pixel)))

    def images(rows: np.ndarray | None) -> Iterator[np.ndarray]:
        rows = None if rows is None else ascending(rows, count)
        with hdf5.opened(path, cache=_BLOCK) as file:
            array = hdf5.array(file, path, "images")
            for start in range(0, count, step):
                block = array[start : start + step]
                if rows is not None:
                    block = block[rows[(rows >= start) & (rows < start + step)] - start]
                if len(block):
                    yield block

    with hdf5.opened(path) as file:
        stored = hdf5.dataset_names(file)
        measured = {name: f"continuous/{name}" for name in data.factor_names if f"continuous/{name}" in stored}
        continuous = {name: _numbers(file, path, key, count) for name, key in measured.items()}
        told = {key: str(hdf5.attribute(file, key, "")) for key in ("citation", "licence", "split_rule")}
        binning = hdf5.json_attribute(file, path, "binning")
    known = {spec.path for spec in DATASET.arrays} | {f"factor_values/{name}" for name in data.factor_names}
    others = [name for name in stored if name not in known and name not in measured.values()]
    return Source(
        name=data.name or path.stem,
        shape=(count, *pixel),
        images=images,
        factors=table(np.empty((count, 0)) if data.factors is None else data.factors),
        factor_names=data.factor_names,
        factor_sizes=data.factor_sizes,
        factor_values=data.factor_values,
        class_names={name: tuple(words) for name, words in data.class_names.items()},
        continuous=continuous,
        binning={name: str(rule) for name, rule in binning.items()},
        grid=data.grid,
        likelihood=data.likelihood,
        source=data.source or f"data set {path.name}",
        citation=told["citation"],
        licence=told["licence"],
        class_factor=data.class_factor,
        split=data.split,
        split_rule="" if data.split is None else told["split_rule"] or "that of the file it was read from",
        notes=(f"left out: {', '.join(others)}",) if others else (),
        class_numbers=not data.named_by_value,
    )


def _numbers(file: h5py.File, path: Path, key: str, count: int) -> np.ndarray:
    """A measured factor, float64 [N]; ForeignFile where it has another length."""
    values = hdf5.array(file, path, key)
    if values.shape != (count,):
        raise ForeignFile(f"{path}: array {key!r} is {list(values.shape)}, expected [{count}]; make the file anew")
    return np.asarray(values[()], np.float64)
