"""Latents files: ``disentool.latents``, and the codes in anyone's HDF5 file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from disentool.errors import DataMismatch, ForeignFile
from disentool.io import hdf5
from disentool.io.dataset import read_factor_facts
from disentool.io.schema import LATENTS


@dataclass(frozen=True)
class Latents:
    """Codes in memory: mean and logvar (or None) float32 [N,D], factors [N,K] or None."""

    path: Path
    mean: np.ndarray
    logvar: np.ndarray | None
    factors: np.ndarray | None
    factor_names: tuple[str, ...] = ()
    factor_sizes: tuple[int, ...] = ()
    method: str = ""
    name: str = ""
    checkpoint_sha256: str = ""
    dataset_sha256: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)


def read(path: Path) -> Latents:
    """Open a latents file and read it into memory."""
    path = Path(path)
    with hdf5.opened(path, "`disentool encode` makes one") as file:
        hdf5.check(file, path, LATENTS)
        factors = hdf5.array(file, path, "factors")[()] if hdf5.has(file, "factors") else None
        names, sizes = read_factor_facts(file, path, factors)
        return Latents(
            path=path,
            mean=hdf5.array(file, path, "mean")[()],
            logvar=hdf5.array(file, path, "logvar")[()] if hdf5.has(file, "logvar") else None,
            factors=factors,
            factor_names=names,
            factor_sizes=sizes,
            method=str(hdf5.attribute(file, "method", "")),
            name=str(hdf5.attribute(file, "name", "")),
            checkpoint_sha256=str(hdf5.attribute(file, "checkpoint_sha256", "")),
            dataset_sha256=str(hdf5.attribute(file, "dataset_sha256", "")),
            provenance=hdf5.json_attribute(file, path, "provenance"),
        )


def read_foreign(path: Path, codes: str, factors: str | None) -> Latents:
    """Codes (array ``codes`` [N,D]) and factors (array ``factors`` [N,K] or [N]) from any HDF5 file."""
    path = Path(path)
    with hdf5.opened(path) as file:
        mean = hdf5.array(file, path, codes)
        if mean.ndim != 2:
            raise ForeignFile(f"{path}: {codes} is {list(mean.shape)}, expected codes [N,D]")
        labels = None
        if factors is not None:
            labels = hdf5.array(file, path, factors)
            if labels.ndim not in (1, 2) or not labels.size:
                raise ForeignFile(f"{path}: {factors} is {list(labels.shape)}, expected factors [N,K]")
            if len(labels) != len(mean):
                raise DataMismatch(f"{path}: {len(mean)} codes in {codes} but {len(labels)} factors in {factors}")
            labels = labels[()].reshape(len(labels), -1)
        with np.errstate(over="ignore"):  # becomes infinite, which a metric then refuses by name
            return Latents(path, mean[()].astype(np.float32), None, labels, name=path.stem)
