"""Data sets by name or file; those that are rendered wait in the cache, and so do downloads."""

import os
import sys
from pathlib import Path

from disentool.datasets import DATASETS
from disentool.datasets.download import download
from disentool.datasets.opening import open_source
from disentool.datasets.source import Source
from disentool.datasets.writing import size_in_bytes, write
from disentool.errors import ForeignFile, MissingFile, NotWritable, UnknownName, WrongUsage
from disentool.io import dataset as dataset_file
from disentool.io import files
from disentool.io.dataset import Dataset
from disentool.reporting import Reporter, Silent


def open_data(spec: str, report: Reporter | None = None) -> Dataset:
    """The data set that ``spec`` means: a file, or the name of one that is rendered into the cache on first use."""
    if spec in DATASETS:
        return dataset_file.read(cached(spec, report))
    if not spec:
        raise MissingFile("--data '': is no path; name a file or a data set")
    if not Path(spec).exists() and not spec.endswith((".h5", ".hdf5")) and Path(spec).name == spec:
        raise UnknownName("data set", spec, DATASETS)
    return dataset_file.read(Path(spec))


def data_spec(spec: str) -> str:
    """How a checkpoint notes the data set it was told: by name, or a file by its absolute path."""
    return spec if spec in DATASETS else str(Path(spec).resolve())


def cached(name: str, report: Reporter | None = None) -> Path:
    """The cache's file of data set ``name``; rendered by the first process that asks, while others wait for it.

    A file of this name that is damaged, or not what the renderer makes, is replaced, and a note says so.
    """
    report = report or Silent()
    path = cache_folder() / f"{name}.h5"
    source = _renderer(name)
    if not _wrong(path, source):
        return path
    waiting = f"{path} is being rendered by another disentool; waiting for it"
    try:
        with files.claim(path, wait=lambda: report.note(waiting)):
            if wrong := _wrong(path, source):  # else another process was faster
                if path.exists():
                    report.note(f"{path}: {wrong}; it is made again")
                _render(name, source, path, report)
    except NotWritable:
        if _wrong(path, source):  # else the cache is another user's, who has just filled it
            raise
    return path


def _renderer(name: str) -> Source:
    """Data set ``name``, rendered; WrongUsage where it cannot be."""
    try:
        return open_source(name, raw=None, size=None, grey=None, options={})
    except (MissingFile, WrongUsage):  # nothing to render
        raise WrongUsage(
            f"--data {name}: is not rendered; make a file of it with `disentool prepare {name} --from ..."
            f" -o {name}.h5`, and name that"
        ) from None


def _wrong(path: Path, source: Source) -> str:
    """Why the cache's file is not what ``source`` renders, as far as its facts tell; empty where it is.

    Its pixels are not read: they are gigabytes. ``disentool info --verify`` compares them with their digest.
    """
    if not path.exists():
        return "is not there"
    try:
        found = dataset_file.facts(path)
    except ForeignFile:
        return "is damaged, or no data set"
    if (found.name, found.source) != (source.name, source.source):
        return f"is not {source.name} as it is rendered"
    rows, *shape = found.images.shape
    # A part of its rows, which somebody may have put there for a trial, is still that data set.
    if rows > source.shape[0] or tuple(shape) != source.shape[1:] or found.factor_names != source.factor_names:
        return f"holds other images than {source.name} has"
    return ""


def _render(name: str, source: Source, path: Path, report: Reporter) -> None:
    """Render data set ``name`` into the cache's file."""
    size = size_in_bytes(source, None)
    files.probe(path, overwrite=True, need_bytes=size)
    report.note(f"{name} is rendered once, into {path} ({size / 1e9:.1f} GB; $DISENTOOL_CACHE moves it)")
    write(source, None, None, path, seed=0, compress=False, overwrite=True, report=report)


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


def downloaded(name: str, folder: Path | None, report: Reporter) -> Path:
    """The published files of data set ``name``, fetched into ``folder``, else the cache."""
    return download(name, folder or cache_folder() / "raw" / name, report)
