"""Latents files: ``disentool.latents``, and the codes in anyone's HDF5 or .npz file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from disentool.errors import DataMismatch, ForeignFile, counted
from disentool.io import arrays, foreign_files, hdf5
from disentool.io.classes import describes
from disentool.io.dataset import read_class_names, read_factor_facts
from disentool.io.schema import DATASET, LATENTS


@dataclass(frozen=True)
class Latents:
    """Codes in memory: mean and logvar (or None) float32 [N,D], factors [N,K] or None."""

    path: Path
    mean: np.ndarray
    logvar: np.ndarray | None
    factors: np.ndarray | None
    factor_names: tuple[str, ...] = ()
    factor_sizes: tuple[int, ...] = ()
    class_names: dict[str, list[str]] = field(default_factory=dict)
    class_code: np.ndarray | None = None  # float32 [N,C], of methods of class and content; mean begins with it
    content_code: np.ndarray | None = None  # float32 [N,E]; mean ends with it
    classes: dict[str, Any] = field(default_factory=dict)  # factor, images, names: as in a checkpoint's data
    row: np.ndarray | None = None  # int64 [N], of the data set
    grid: bool = False
    method: str = ""
    name: str = ""
    checkpoint_sha256: str = ""
    dataset_sha256: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)


def read(path: Path) -> Latents:
    """Open a latents file and read it into memory."""
    path = Path(path)
    if foreign_files.is_torch(path):
        raise ForeignFile(f"{path}: expected codes (.h5), found {foreign_files.described(path)}")
    with hdf5.opened(path, "`disentool encode` makes one") as file:
        hdf5.check(file, path, LATENTS)
        factors = hdf5.array(file, path, "factors")[()] if hdf5.has(file, "factors") else None
        names, sizes = read_factor_facts(file, path, factors)
        codes = {n: hdf5.array(file, path, n)[()] for n in ("mean", *_OPTIONAL) if n == "mean" or hdf5.has(file, n)}
        _check_widths(path, codes)
        return Latents(
            path=path,
            mean=codes["mean"],
            **{name: codes.get(name) for name in _OPTIONAL},
            classes=_classes(file, path, names, sizes),
            factors=factors,
            row=hdf5.array(file, path, "row")[()],
            factor_names=names,
            factor_sizes=sizes,
            class_names=read_class_names(file, path, names, sizes),
            grid=bool(hdf5.attribute(file, "grid", False)),
            method=str(hdf5.attribute(file, "method", "")),
            name=str(hdf5.attribute(file, "name", "")),
            checkpoint_sha256=str(hdf5.attribute(file, "checkpoint_sha256", "")),
            dataset_sha256=str(hdf5.attribute(file, "dataset_sha256", "")),
            provenance=hdf5.json_attribute(file, path, "provenance"),
        )


_OPTIONAL = ("logvar", "class_code", "content_code")


def _check_widths(path: Path, codes: dict[str, np.ndarray]) -> None:
    """ForeignFile unless class and content code, where there is one, make up the mean."""
    widths = [codes[name].shape[1] if name in codes else 0 for name in ("class_code", "content_code")]
    if any(widths) and (0 in widths or sum(widths) != codes["mean"].shape[1]):
        raise ForeignFile(
            f"{path}: class_code and content_code are {widths[0]} and {widths[1]} wide, expected both, and as wide as"
            f" mean ({codes['mean'].shape[1]}) together"
        )


def _classes(file: h5py.File, path: Path, names: tuple[str, ...], sizes: tuple[int, ...]) -> dict[str, Any]:
    """The classes of a method that has them, checked against the factors; else an empty dict."""
    found = hdf5.json_attribute(file, path, "classes")
    if not found or not names:
        return {}
    if not describes(found, names, sizes):
        raise ForeignFile(f"{path}: attribute classes is damaged: expected factor, images and names; encode it anew")
    return found


def read_any(path: Path, key: str | None) -> Latents:
    """Codes from a latents file; or the array ``key`` of any HDF5 or .npz file; or, where nobody says, ``codes``.

    The latter in the data sets that ``decode`` and ``sample`` write, and by its usual names in a .npz.
    """
    path = Path(path)
    if key is None and path.exists():
        if not hdf5.is_hdf5(path):
            key = usual_keys(path)[0] if path.suffix.lower() == ".npz" else None
        else:
            with hdf5.opened(path) as file:
                decoded = hdf5.attribute(file, "format", None) == DATASET.name and hdf5.has(file, "codes")
            key = "codes" if decoded else None
    return read_foreign(path, key, None) if key else read(path)


def usual_keys(path: Path) -> tuple[str, str | None]:
    """What the arrays of codes and factors in a .npz are called, where nobody says; ForeignFile lists what is there.

    A class code and a content code, where both are there, are named together, as :func:`read_foreign` takes them.
    """
    known = arrays.listing(path)
    pair = ("class_code", "content_code")
    codes: str | None = next((name for name in ("mean", "codes") if name in known), None)
    if set(pair) <= set(known):
        codes = ",".join(pair)
    if codes is None:
        raise ForeignFile(
            f"{path}: no array 'mean' or 'codes'; --codes NAME --factors NAME name them"
            f" (its arrays are {', '.join(known) or 'none'})"
        )
    return codes, next((name for name in ("factors", "labels") if name in known), None)


def read_foreign(path: Path, codes: str, factors: str | None, logvar: str | None = None) -> Latents:
    """Codes (array ``codes`` [N,D]) and factors (array ``factors`` [N,K] or [N]) from any HDF5 or .npz file.

    ``codes`` may be two names joined by a comma: the class code and the content code. ``logvar``: the array [N,D] of
    the codes' log variances. Raises MissingFile, ForeignFile, and DataMismatch where the arrays do not fit together.
    """
    path = Path(path)
    names = codes.split(",", 1)
    with arrays.opened(path) as file:
        halves = [file(name) for name in names]
        for name, half in zip(names, halves, strict=True):
            if len(half.shape) != 2:
                raise ForeignFile(f"{path}: array {name!r} is {list(half.shape)}, expected codes [N,D]")
        mean, last = halves[0], halves[-1]
        if last.shape[0] != mean.shape[0]:
            raise DataMismatch(f"{path}: {_rows(names[0], mean)} and {_rows(names[1], last)}; expected the same number")
        labels = None
        if factors is not None:
            stored = arrays.upright(file(factors), mean.shape[0])
            if len(stored.shape) not in (1, 2) or 0 in stored.shape:
                raise ForeignFile(f"{path}: array {factors!r} is {list(stored.shape)}, expected factors [N,K]")
            if stored.shape[0] != mean.shape[0]:
                raise DataMismatch(
                    f"{path}: {_rows(names[0], mean)} and {_rows(factors, stored)}; expected the same number"
                )
            labels = stored.all().reshape(stored.shape[0], -1)
        with np.errstate(over="ignore"):  # becomes infinite, which a metric then refuses by name
            tables = [half.all().astype(np.float32) for half in halves]
            variances = None if logvar is None else _logvar(path, file(logvar), logvar, tables)
        class_code, content_code = tables if len(tables) == 2 else (None, None)
        return Latents(
            path,
            np.concatenate(tables, axis=1),
            variances,
            labels,
            name=path.stem,
            class_code=class_code,
            content_code=content_code,
        )


def _logvar(path: Path, array: arrays.Rows, name: str, codes: list[np.ndarray]) -> np.ndarray:
    """The log variances of codes [N,D], whose columns may lie in two arrays: float32 [N,D]."""
    expected = (len(codes[0]), sum(part.shape[1] for part in codes))
    if len(array.shape) != 2:
        raise ForeignFile(f"{path}: array {name!r} is {list(array.shape)}, expected log variances {list(expected)}")
    if tuple(array.shape) != expected:
        raise DataMismatch(f"{path}: array {name!r} is {list(array.shape)}, and the codes are {list(expected)}")
    return array.all().astype(np.float32)


def _rows(name: str, array: arrays.Rows) -> str:
    return f"array {name!r} has {counted(array.shape[0], 'row')}"
