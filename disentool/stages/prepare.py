"""Raw files or a renderer -> one data-set file; and the cache that holds what was rendered."""

import importlib
import inspect
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from disentool.datasets import DATASETS
from disentool.datasets.fitted import fitted
from disentool.datasets.kept import kept
from disentool.datasets.source import Source, Unreadable
from disentool.datasets.split import split as split_rows
from disentool.errors import MissingFile, NotWritable, UnknownName, WrongUsage
from disentool.io import dataset as dataset_file
from disentool.io import files, hdf5
from disentool.io.dataset import Dataset
from disentool.io.schema import DATASET
from disentool.stages.download import download as fetch
from disentool.stages.reporting import Reporter, Silent


def prepare(
    name: str,
    output: Path,
    *,
    raw: Path | None = None,
    download: bool = False,
    keep: Mapping[str, Sequence[str]] | None = None,
    subset: int | None = None,
    seed: int = 0,
    compress: bool = False,
    size: tuple[int, int] | None = None,
    grey: bool | None = None,
    options: Mapping[str, Any] | None = None,
    split: str | None = None,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Write data set ``name`` to ``output`` (.h5), rendered, or read from the published files at ``raw``.

    ``download``: the published files are fetched first, into the folder ``raw`` or the cache.
    ``keep``: only rows whose factors have these values, see :func:`disentool.datasets.kept.kept`.
    ``subset``: only so many rows, drawn without replacement from ``seed``, kept in order. ``size`` (height, width):
    images are cropped about their centre to its shape and resized; ``grey``: True makes them grey, False RGB.
    ``split``: which rows are for testing, see :func:`disentool.datasets.split.split`.
    ``options``: the data set's own, by name; WrongUsage for one that it does not take. Memory stays below 1.5 GB.
    """
    report = report or Silent()
    output = files.probe(output, overwrite=overwrite)
    if output.suffix.lower() not in (".h5", ".hdf5"):
        raise WrongUsage(f"-o {output}: expected a data set file's name, ending in .h5")
    if download:
        raw = downloaded(name, raw, report)
    source = open_source(name, raw, size, grey, options or {}, keep)
    inputs = [value for value in (raw, *(options or {}).values()) if isinstance(value, (str, Path))]
    files.require_apart(output, *map(Path, inputs))
    with files.claim(output):
        while True:
            rows = _subset(source, subset, seed)
            files.probe(output, overwrite=overwrite, need_bytes=0 if compress else _bytes(source, rows))
            try:
                chosen = split_rows(source, rows, split, seed) if split else None
                _write(source, rows, chosen, output, seed, compress, overwrite, report)
                break
            except Unreadable as error:  # the file's length is not that any more: once again, without them
                if source.without is None:
                    raise
                source = source.without(error.files)
    for note in source.notes:
        report.note(f"{output}: {note}")
    if chosen is not None and chosen[0].all():
        report.note(f"{output}: every row is a test row; nothing is left to train on")
    return output


def downloaded(name: str, folder: Path | None, report: Reporter) -> Path:
    """The published files of data set ``name``, fetched into ``folder``, else the cache."""
    return fetch(name, folder or cache_folder() / "raw" / name, report)


def open_data(spec: str, report: Reporter | None = None) -> Dataset:
    """The data set that ``spec`` means: a file, or the name of one that is rendered into the cache on first use."""
    if spec in DATASETS:
        return dataset_file.read(cached(spec, report))
    if not Path(spec).exists() and not spec.endswith((".h5", ".hdf5")) and os.sep not in spec:
        raise UnknownName("data set", spec, DATASETS)
    return dataset_file.read(Path(spec))


def data_spec(spec: str) -> str:
    """How a checkpoint notes the data set it was told: by name, or a file by its absolute path."""
    return spec if spec in DATASETS else str(Path(spec).resolve())


def cached(name: str, report: Reporter | None = None) -> Path:
    """The cache's file of data set ``name``; rendered by the first process that asks, while others wait for it."""
    report = report or Silent()
    path = cache_folder() / f"{name}.h5"
    if path.exists():
        return path
    waiting = f"{path} is being rendered by another disentool; waiting for it"
    with files.claim(path, wait=lambda: report.note(waiting)):
        if not path.exists():  # else another process was faster
            try:
                source = open_source(name, None, None, None, {})
            except (MissingFile, WrongUsage):  # nothing to render
                raise WrongUsage(
                    f"--data {name}: is not rendered; make a file of it with `disentool prepare {name} --from ..."
                    f" -o {name}.h5`, and name that"
                ) from None
            size = _bytes(source, None)
            files.probe(path, overwrite=True, need_bytes=size)
            report.note(f"{name} is rendered once, into {path} ({size / 1e9:.1f} GB; $DISENTOOL_CACHE moves it)")
            _write(source, None, None, path, 0, False, True, report)
    return path


def cache_folder() -> Path:
    """``$DISENTOOL_CACHE``, else the user's cache folder."""
    try:
        if chosen := os.environ.get("DISENTOOL_CACHE"):
            return Path(chosen).expanduser()
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "disentool"
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "disentool"
    except RuntimeError:  # this user has no home
        raise NotWritable("no folder for the cache: set $DISENTOOL_CACHE to one that you can write to") from None


def open_source(
    name: str,
    raw: Path | None,
    size: tuple[int, int] | None,
    grey: bool | None,
    options: Mapping[str, Any],
    keep: Mapping[str, Sequence[str]] | None = None,
) -> Source:
    """Data set ``name`` with these options of its own, fitted to ``size`` and ``grey``, only what ``keep`` names."""
    if name not in DATASETS:
        raise UnknownName("data set", name, DATASETS)
    read = importlib.import_module(DATASETS[name][0]).open_source
    parameters = inspect.signature(read).parameters
    taken = [key for key, parameter in parameters.items() if parameter.kind is inspect.Parameter.KEYWORD_ONLY]
    for key in options:
        if key not in taken:
            flags = ", ".join(f"--{key.replace('_', '-')}" for key in taken) or "none of its own"
            raise WrongUsage(f"--{key.replace('_', '-')}: prepare {name} does not take it; its options: {flags}")
    fit = {"size": size, "grey": grey}
    own = {key: fit.pop(key) for key in list(fit) if key in taken}  # it fits its images itself: they are of many sizes
    return kept(fitted(read(raw, **own, **options), fit.get("size"), fit.get("grey")), keep or {})


def _subset(source: Source, count: int | None, seed: int) -> np.ndarray | None:
    total = source.shape[0]
    if count is None or count == total:
        return None
    if not 0 < count < total:
        raise WrongUsage(f"--subset {count}: {source.name} has {total:,} images; expected 1 to {total}")
    return np.sort(np.random.default_rng(seed).choice(total, count, replace=False))


def _bytes(source: Source, rows: np.ndarray | None) -> int:
    total, *pixel = source.shape
    images = total if rows is None else len(rows)
    return images * (int(np.prod(pixel)) + 4 * len(source.factor_names)) + (1 << 20)


def _write(
    source: Source,
    rows: np.ndarray | None,
    split: tuple[np.ndarray, str] | None,
    output: Path,
    seed: int,
    compress: bool,
    overwrite: bool,
    report: Reporter,
) -> None:
    shape = source.shape if rows is None else (len(rows), *source.shape[1:])
    done = 0
    with (
        report.task(f"prepare {source.name}", shape[0], "images") as task,
        hdf5.create(output, DATASET, overwrite=overwrite) as out,
    ):
        with out.stream("images", shape, np.uint8, compress=compress) as append:
            for block in source.images(rows):
                append(block)
                done += len(block)
                task.update(done)
        if source.factor_names:
            out.array("factors", source.factors(rows).astype(np.int32, copy=False))
        for name, values in source.factor_values.items():
            out.array(f"factor_values/{name}", np.asarray(values, np.float64))
        for name, values in source.continuous.items():
            out.array(f"continuous/{name}", np.asarray(values, np.float64)[slice(None) if rows is None else rows])
        if split is not None:
            out.array("split", split[0])
            out.attributes(split_rule=split[1])
        out.attributes(
            name=source.name,
            source=source.source if rows is None else f"{source.source}; {len(rows)} rows drawn with seed {seed}",
            likelihood=source.likelihood,
            grid=source.grid and rows is None,
            factor_names=source.factor_names,
            factor_sizes=source.factor_sizes,
            class_factor=source.class_factor if source.class_factor in source.factor_names else "",
            class_names=json.dumps(source.class_names, ensure_ascii=False),
            binning=json.dumps(source.binning, ensure_ascii=False),
            citation=source.citation,
            licence=source.licence,
        )
