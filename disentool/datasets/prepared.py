"""A data set that ``prepare``, ``decode`` or ``sample`` wrote, read again: names, values, bins and split are kept."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np

from disentool.datasets import factor_columns
from disentool.datasets.source import Source, ascending, table
from disentool.errors import ForeignFile, WrongUsage
from disentool.io import dataset, hdf5
from disentool.io.schema import DATASET

_BLOCK = 16 << 20  # bytes of images that are read at a time


def open_source(path: Path | None, *, bins: int | None = None) -> Source:
    """The images and factors of a ``disentool.dataset`` file, with all that it says of them.

    Its split is written again without being asked for. ``bins``: its measured numbers are cut anew, see
    :mod:`disentool.datasets.factor_columns`; None: they stay as they are. Raises WrongUsage, MissingFile or
    ForeignFile.
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
    notes = [f"left out: {', '.join(others)}"] if others else []
    source = Source(
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
        notes=tuple(notes),
        class_numbers=not data.named_by_value,
    )
    return source if bins is None else _cut_anew(path, source, bins)


def _cut_anew(path: Path, source: Source, bins: int) -> Source:
    """The source with its measured numbers in ``bins`` bins; WrongUsage where it has none."""
    if not source.continuous:
        raise WrongUsage(f"--bins {bins}: {path} keeps no measured numbers that could be cut anew; leave it out")
    cut = {name: factor_columns.from_numbers(name, values, bins) for name, values in source.continuous.items()}
    columns = source.factors(None).copy()
    sizes = list(source.factor_sizes)
    for name, factor in cut.items():
        place = source.factor_names.index(name)
        columns[:, place], sizes[place] = factor.classes, factor.size
    return replace(
        source,
        factors=table(columns),
        factor_sizes=tuple(sizes),
        factor_values=source.factor_values | {name: f.values for name, f in cut.items() if f.values is not None},
        continuous={name: f.continuous for name, f in cut.items() if f.continuous is not None},
        binning=source.binning | {name: f.rule for name, f in cut.items()},
        grid=False,
        class_numbers=False,
        notes=(*source.notes, *factor_columns.cuts(list(cut.values()))),
    )


def _numbers(file: h5py.File, path: Path, key: str, count: int) -> np.ndarray:
    """A measured factor, float64 [N]; ForeignFile where it has another length."""
    values = hdf5.array(file, path, key)
    if values.shape != (count,):
        raise ForeignFile(f"{path}: array {key!r} is {list(values.shape)}, expected [{count}]; make the file anew")
    return np.asarray(values[()], np.float64)
