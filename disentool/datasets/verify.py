"""A data-set file checked again, from end to end."""

from pathlib import Path

import numpy as np

from disentool.datasets.summary import summary
from disentool.errors import ForeignFile, counted
from disentool.io import dataset as dataset_file
from disentool.io import hdf5
from disentool.io.dataset import Dataset
from disentool.reporting import Reporter, Silent


def verify(path: Path, report: Reporter | None = None) -> Path:
    """Check what a data-set file says of itself against what is in it; a note says what was found.

    Layout, types and ranges (factors within 0..size-1, a value and a word for each class, a split of 0 and 1), the
    digest of every array, and, where the file says that it is a grid, that every combination of factors is there once
    and in order. Raises MissingFile, or ForeignFile with the first thing that is wrong.
    """
    report = report or Silent()
    data = dataset_file.read(path)
    _values(data)
    if data.grid:
        _whole(data)
    with hdf5.opened(path) as file:
        stated = hdf5.attribute(file, "content_sha256", None)
    digest = hdf5.content_digest(path)
    if digest != stated:
        raise ForeignFile(
            f"{path}: its arrays have the digest {digest[:12]}, but it says {str(stated)[:12]}; it was damaged or"
            " edited:"
            " make it anew"
        )
    holds = summary(
        data.images.shape, data.factor_names, data.factor_sizes, data.factors, data.grid, data.split, data.class_factor
    )
    report.note(f"{path}: {holds}; digest {digest[:12]} is right")
    return data.path


def _values(data: Dataset) -> None:
    """Physical values: one for each class, and finite."""
    for name, values in data.factor_values.items():
        size = data.factor_sizes[data.factor_names.index(name)]
        if values.shape != (size,) or not np.isfinite(values).all():
            raise ForeignFile(
                f"{data.path}: factor_values/{name} is {list(values.shape)}, with {np.isfinite(values).sum()} finite;"
                f" expected {size} finite values: make the file anew"
            )


def _whole(data: Dataset) -> None:
    """Every combination of factor values once, row-major."""
    sizes = data.factor_sizes
    total = int(np.prod(sizes, dtype=object))
    if data.factors is None or total != len(data):
        raise ForeignFile(
            f"{data.path}: says it is a grid of {list(sizes)}, {counted(total, 'row')}, but has {len(data):,}; make it"
            " anew"
        )
    rows = np.ravel_multi_index(data.factors.T, sizes)
    if (wrong := np.flatnonzero(rows != np.arange(total))).size:
        missing = total - len(np.unique(rows))
        if not missing:
            raise ForeignFile(f"{data.path}: its rows are out of order from row {wrong[0]:,} on; make it anew")
        raise ForeignFile(
            f"{data.path}: says it is a grid, but {counted(missing, 'combination')} of factors"
            f" {'is' if missing == 1 else 'are'} missing, and others are there more than once; row {wrong[0]:,} is the"
            " first wrong one: make it anew"
        )
