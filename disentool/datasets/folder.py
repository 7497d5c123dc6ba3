"""Anyone's images: a folder for each class, a flat folder, or a folder with a CSV of factors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentool.datasets import factor_columns, factor_table, folder_listing, one_hot, other_files, picture_sizes
from disentool.datasets.picture_files import in_threads
from disentool.datasets.source import Source, Unreadable, gathered
from disentool.errors import DataMismatch, ForeignFile, MissingFile, WrongUsage
from disentool.io import foreign_files, read_images

_TABLES = (".csv", ".tsv")
_NAMED = 20  # of the images that cannot be read, with the reason


def open_source(
    path: Path | None,
    *,
    csv: Path | None = None,
    size: tuple[int, int] | None = None,
    grey: bool | None = None,
    bins: int = factor_columns.BINS,
    strict: bool = False,
) -> Source:
    """The images below the folder ``path``, in natural order of their names (``obj2`` before ``obj10``).

    Without ``csv`` the folders in it are the classes of one factor, ``class``, and all images below one belong to it;
    of the folders ``train``, ``val`` and ``test``, the folders in them are. A folder of images alone has no factors.
    ``csv``: a table with a row per image, of which one column holds the image's path below ``path``; every other column
    is a factor: see :mod:`disentool.datasets.factor_table`, and for ``bins`` :mod:`disentool.datasets.factor_columns`.
    Its own path may be one below ``path``.

    ``size`` (height, width): images are cropped about their centre to its shape, then resized with antialiasing; None:
    they must be of one size. ``grey``: None keeps colour if any image has it. ``strict``: stop at the first image that
    cannot be read, at a row without a file and a file without a row, which are left out, counted and named otherwise.

    Raises WrongUsage, MissingFile, ForeignFile or DataMismatch.
    """
    if path is None:
        raise WrongUsage("prepare folder: name the folder of images with --from")
    path = Path(path)
    if path.is_file():
        raise ForeignFile(f"{path}: expected a folder of images, found {foreign_files.described(path)}")
    if not path.is_dir():
        raise MissingFile(f"{path}: no such folder; --from names one that holds images, or a folder of them per class")
    listing = folder_listing.listed(path)
    if csv:
        csv = Path(csv) if Path(csv).exists() or not (path / csv).is_file() else path / csv
    table = (
        factor_table.by_table(path, csv, listing, strict) if csv else folder_listing.by_folder(path, listing, strict)
    )
    if csv:
        listing.passed_over = [file for file in listing.passed_over if not (path / file).samefile(csv)]
    if listing.passed_over:
        passed_over = f"passed over {folder_listing.counted(listing.passed_over, 'file')} (no picture, by its name)"
        known = other_files.remark(path, listing.passed_over)
        table.notes.append(passed_over + (f"; {known}" if known else ""))
    if not csv and (tables := [file for file in listing.passed_over if file.suffix.lower() in _TABLES]):
        table.notes.append(f"if {tables[0]} is a table of the images: --csv {tables[0]} reads its columns as factors")
    return _source(_Folder(path, csv, size, grey, bins, strict), table, ())


@dataclass(frozen=True)
class _Folder:
    """What was asked for."""

    path: Path
    csv: Path | None
    size: tuple[int, int] | None
    grey: bool | None
    bins: int
    strict: bool


def _source(folder: _Folder, table: folder_listing.Table, damaged: Sequence[tuple[Path, str]]) -> Source:
    """The source of a table's images, less those known to be damaged, each with its reason."""
    damaged = list(damaged)
    table, headers = _with_headers(folder, table.without({file for file, _ in damaged}), damaged)
    if not table.images:
        raise ForeignFile(f"{folder.path}: none of its images can be read; the first: {damaged[0][1]}")
    notes = list(table.notes)
    if damaged:
        notes.append(f"left out {len(damaged):,} image{'' if len(damaged) == 1 else 's'} that cannot be read")
        notes += [f"left out: {reason}" for _, reason in damaged[:_NAMED]]
        if len(damaged) > _NAMED:
            notes.append(f"left out: {', '.join(str(file) for file, _ in damaged[_NAMED:])}")
    size = folder.size or picture_sizes.common_size(folder.path, table.images, headers)
    grey = all(header.grey for header in headers) if folder.grey is None else folder.grey
    channels = 1 if grey else 3
    try:
        factors = [
            factor_columns.from_words(name, words)
            if table.named
            else factor_columns.from_column(name, words, folder.bins)
            for name, words in table.columns.items()
        ]
        facts = factor_columns.facts(factors)
    except DataMismatch as error:  # it knows the column, not the file
        raise DataMismatch(f"{folder.csv or folder.path}: {error}") from None
    if table.named:
        notes += [f"factor {factor.name}: {factor.note}" for factor in factors if factor.note]
    else:
        notes += [*factor_columns.cuts(factors), *factor_columns.remarks(factors), *one_hot.remarks(factors)]
    shown = picture_sizes.Shown()

    def images(rows: np.ndarray | None) -> Iterator[np.ndarray]:
        wanted = table.images if rows is None else [table.images[row] for row in rows]
        return _decode(folder, wanted, channels, size, shown)

    def without(unreadable: Sequence[tuple[Path, str]]) -> Source:
        return _source(folder, table, [*damaged, *unreadable])

    how = f"folder {folder_listing.as_text(folder.path.resolve().name)}, {len(table.images)} images" + (
        f" cropped and resized to {size[0]}x{size[1]}" if folder.size else ""
    )
    return Source(
        name=folder_listing.as_text(folder.path.resolve().name),
        shape=(len(table.images), *size, channels),
        images=images,
        grid=factor_columns.is_grid(facts),
        source=how,
        made=picture_sizes.made(headers, size, channels),
        made_of=lambda rows: picture_sizes.made([headers[row] for row in rows], size, channels),
        class_factor=factors[0].name if len(factors) == 1 else "",
        split=None if table.split is None else np.array(table.split, np.uint8),
        notes=tuple(notes),
        later_notes=shown.remarks,
        without=without,
        **facts,
    )


def _with_headers(
    folder: _Folder, table: folder_listing.Table, damaged: list[tuple[Path, str]]
) -> tuple[folder_listing.Table, list[read_images.Header]]:
    """The images whose headers can be read; the others join ``damaged``."""
    headers, bad = [], set()
    for image in table.images:
        try:
            headers.append(read_images.header(folder.path / image))
        except (ForeignFile, MissingFile) as error:
            if folder.strict:
                raise
            damaged.append((image, str(error)))
            bad.add(image)
    return (table.without(bad) if bad else table), headers


def _decode(
    folder: _Folder, images: list[Path], channels: int, size: tuple[int, int], shown: picture_sizes.Shown
) -> Iterator[np.ndarray]:
    """Blocks of decoded images, uint8 [n,H,W,C]."""
    damaged: list[tuple[Path, str]] = []

    def one(image: Path) -> np.ndarray:
        try:
            found = read_images.picture(folder.path / image, channels, size)
            if folder.size is None and found.had != size:
                raise ForeignFile(
                    f"{folder.path / image}: has {found.had[0]}x{found.had[1]} pixels (height x width), its header"
                    f" says {size[0]}x{size[1]}; save it anew"
                )
        except (ForeignFile, MissingFile) as error:
            if folder.strict:
                raise
            damaged.append((image, str(error)))
            return np.zeros((*size, channels), np.uint8)
        shown.add(image, found)
        return found.pixels

    for block in gathered(in_threads(one, images, size[0] * size[1] * channels)):
        shown.brightest.append(int(block.max()))
        yield block
    if damaged:
        raise Unreadable(sorted(damaged, key=lambda entry: factor_columns.natural(str(entry[0]))))
