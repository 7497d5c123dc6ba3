"""Raw files or a renderer -> one data-set file: the tool behind ``disentool prepare``."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from disentool.commands import archives
from disentool.datasets import DATASETS, picture_sizes, unpacked
from disentool.datasets import verify as verifying
from disentool.datasets.cache import downloaded
from disentool.datasets.opening import open_source
from disentool.datasets.source import Source, Unreadable
from disentool.datasets.split import split as split_rows
from disentool.datasets.summary import summary
from disentool.datasets.writing import size_in_bytes, write
from disentool.errors import MissingFile, UnknownName, WrongUsage, counted, nearest
from disentool.io import files, foreign_files
from disentool.reporting import Reporter, Silent

_ARRAYS = (".npy", ".npz", ".h5", ".hdf5", ".mat", ".pt", ".pth")  # what files of arrays are called
_OF_ARRAYS = {"images_key", "factors_key", "axes"}  # options that say which arrays of a file are meant
_TABLES = (".csv", ".tsv", ".txt")


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

    ``name`` may also be the path of a folder of images or of a file of arrays, see :func:`meant`.
    ``download``: the published files are fetched first, into the folder ``raw`` or the cache.
    ``keep``: only rows whose factors have these values, see :func:`disentool.datasets.filtered.filtered`.
    ``subset``: only so many rows, drawn without replacement from ``seed``, kept in order. ``size`` (height, width):
    images are cropped about their centre to its shape and resized; ``grey``: True makes them grey, False RGB.
    ``split``: which rows are for testing, see :func:`disentool.datasets.split.split`.
    ``options``: the data set's own, by name; WrongUsage for one that it does not take. Memory stays below 1.5 GB.
    """
    report = report or Silent()
    name, raw = meant(name, raw, options or {})
    output = files.probe(output, overwrite=overwrite)
    if output.suffix.lower() not in (".h5", ".hdf5"):
        raise WrongUsage(f"-o {output}: expected a data set file's name, ending in .h5")
    if download:
        raw = downloaded(name, raw, report)
    inputs = [value for value in (raw, *(options or {}).values()) if isinstance(value, (str, Path))]
    files.require_apart(output, *map(Path, inputs))
    with files.claim(output), archives.as_folder(name, raw, output, report, options or {}) as place:
        report = place.report
        source = open_source(place.name, place.raw, size, grey, place.options, keep)
        while True:
            rows = _subset(source, subset, seed)
            files.probe(output, overwrite=overwrite, need_bytes=0 if compress else size_in_bytes(source, rows))
            try:
                rule = split or ("published" if source.split_rule else None)
                chosen = split_rows(source, rows, rule, seed) if rule else None
                write(source, rows, chosen, output, seed, compress, overwrite, report)
                break
            except Unreadable as error:  # the file's length is not that any more: once again, without them
                if source.without is None:
                    raise
                source = source.without(error.files)
    sizes = picture_sizes.remarks(source.shape[1:3], size)
    for note in (*source.notes, *sizes, *source.later_notes()):
        report.note(f"{output}: {note}")
    if chosen is None and source.split is not None:
        report.note(f"{output}: the data come with a split; --split published writes it")
    if chosen is not None and chosen[0].all():
        report.note(f"{output}: every row is a test row; nothing is left to train on")
    report.note(f"{output}: {_summary(source, rows, chosen[0] if chosen else None)}")
    return output


def preview(
    name: str,
    output: Path,
    *,
    raw: Path | None = None,
    download: bool = False,
    keep: Mapping[str, Sequence[str]] | None = None,
    size: tuple[int, int] | None = None,
    grey: bool | None = None,
    options: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Draw ``name`` to ``output`` (.png .pdf .svg), a row for each factor; arguments as :func:`prepare` has them."""
    from disentool.pictures import preview as drawing  # Pillow is not needed before

    name, raw = meant(name, raw, options or {})
    output = files.probe(output, overwrite=overwrite)
    if raw is not None:
        files.require_apart(output, raw)
    scratch = output.with_name(f"{output.name}.images")
    with archives.as_folder(name, raw, scratch, report or Silent(), options or {}) as place:
        return drawing.preview(
            place.name,
            output,
            raw=place.raw,
            download=download,
            keep=keep,
            size=size,
            grey=grey,
            options=place.options,
            overwrite=overwrite,
            report=place.report,
        )


def prepare_and_preview(
    name: str,
    output: Path | None,
    picture: Path | None,
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
) -> Iterator[Path]:
    """The data-set file, its picture, or both: each path as soon as its file is written.

    Without either, the data set is written to :func:`default_output`. WrongUsage for what a picture alone cannot have:
    it shows the whole data set.
    """
    if picture is not None and output is None and (subset or split or compress):
        raise WrongUsage(
            "--preview alone draws the whole data set: leave out --subset, --split and --compress, or add -o"
        )
    if picture is None or output is not None:
        if picture is not None:
            files.probe(picture, overwrite=overwrite)
        yield prepare(
            name,
            output or default_output(name),
            raw=raw,
            download=download,
            keep=keep,
            subset=subset,
            seed=seed,
            compress=compress,
            size=size,
            grey=grey,
            options=options,
            split=split,
            overwrite=overwrite,
            report=report,
        )
    if picture is not None:
        yield preview(
            name,
            picture,
            raw=raw,
            download=download,
            keep=keep,
            size=size,
            grey=grey,
            options=options,
            overwrite=overwrite,
            report=report,
        )


def verify(path: Path, report: Reporter | None = None) -> Path:
    """Check a data-set file from end to end, see :func:`disentool.datasets.verify.verify`; gives its path."""
    return verifying.verify(path, report)


def meant(name: str, raw: Path | None, options: Mapping[str, Any]) -> tuple[str, Path | None]:
    """The data set and its files that a name means.

    The name of a data set means itself. The path of a folder, or of an archive of pictures, means ``folder``, that of a
    data set of disentool's ``prepared``, and that of a file of arrays ``array``, read from there. With a data set of
    disentool's ``array`` means ``prepared`` too, unless ``options`` say which of its arrays are meant. Raises
    UnknownName, or MissingFile for a path where nothing is.
    """
    path = Path(name)
    whole = not options.keys() & _OF_ARRAYS
    if name == "array" and raw is not None and whole and foreign_files.is_data_set(raw):
        return "prepared", raw
    if name in DATASETS:
        return name, raw
    if raw is None and path.exists():
        if whole and foreign_files.is_data_set(path):
            return "prepared", path
        return "array" if path.suffix.lower() in _ARRAYS else "folder", path
    if raw is None and path.name != name:
        raise MissingFile(
            f"{name}: no such file or folder, and no data set's name; `disentool prepare --list` has those"
        )
    if raw is not None and path.exists():
        quoted, table = shlex.quote(name), shlex.quote(str(raw))
        if raw.suffix.lower() in _TABLES:
            raise WrongUsage(f"{raw}: a table goes with --csv: `disentool prepare {quoted} --csv {table}`")
        raise WrongUsage(f"{name} and {raw}: expected one folder or file of images; name one, or a data set before it")
    if raw is None and not nearest(name, DATASETS):
        raise UnknownName("data set, and no such file or folder:", name, DATASETS)
    raise UnknownName("data set", name, DATASETS)


def default_output(name: str) -> Path:
    """Where a data set is written unless it is said: into the working folder, by its name or that of its files."""
    if name in DATASETS:
        return Path(f"{name}.h5")
    path = Path(name).resolve()
    return Path(f"{path.name if path.is_dir() else unpacked.stem(path)}.h5")


def _summary(source: Source, rows: np.ndarray | None, split: np.ndarray | None) -> str:
    """What was written of a source."""
    shape = source.shape if rows is None else (len(rows), *source.shape[1:])
    names, sizes = source.factor_names, source.factor_sizes
    factors = source.factors(rows) if names else None
    class_factor = source.class_factor if source.class_factor in names else ""
    made = source.made if rows is None or source.made_of is None else source.made_of(rows)
    return summary(shape, names, sizes, factors, source.grid and rows is None, split, class_factor, made)


def _subset(source: Source, count: int | None, seed: int) -> np.ndarray | None:
    total = source.shape[0]
    if count is None or count == total:
        return None
    if not 0 < count < total:
        raise WrongUsage(f"--subset {count}: {source.name} has {counted(total, 'image')}; expected 1 to {total}")
    return np.sort(np.random.default_rng(seed).choice(total, count, replace=False))
