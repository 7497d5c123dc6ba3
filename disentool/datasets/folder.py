"""Anyone's images: a folder for each class, a flat folder, or a folder with a CSV of factors."""

import csv as csv_format
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from joblib import cpu_count

from disentool.datasets import factor_columns
from disentool.datasets.source import Source, Unreadable
from disentool.errors import DataMismatch, ForeignFile, MissingFile, WrongUsage
from disentool.io import files, read_images

_BLOCK = 16 << 20  # bytes of decoded pixels at a time
_FILE_COLUMNS = ("file", "filename", "file_name", "path", "image", "name")
_SHOWN = 3  # of the files that a note names
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

    Without ``csv`` the folders in it are the classes of one factor, ``class``, and all images below one belong to it; a
    folder of images alone has no factors. ``csv``: a table (commas; tabs in a ``.tsv``) with a row per image, whose
    column ``file``, ``filename``, ``path``, ``image`` or ``name``, else the first one, holds the image's path below
    ``path``; every other column is a factor (see :mod:`disentool.datasets.factor_columns`, which ``bins`` belongs to).

    ``size`` (height, width): images are cropped about their centre to its shape, then resized with antialiasing; None:
    they must be of one size. ``grey``: None keeps colour if any image has it. ``strict``: stop at the first image that
    cannot be read, at a row without a file and a file without a row, which are left out, counted and named otherwise.

    Raises WrongUsage, MissingFile, ForeignFile or DataMismatch.
    """
    if path is None:
        raise WrongUsage("prepare folder: name the folder of images with --from")
    path = Path(path)
    if not path.is_dir():
        raise MissingFile(f"{path}: no such folder; --from names one that holds images, or a folder of them per class")
    listing = _list(path)
    table = _read_table(path, Path(csv), listing, strict) if csv else _by_folder(path, listing)
    if csv:
        listing.passed_over = [file for file in listing.passed_over if not (path / file).samefile(csv)]
    if listing.passed_over:
        table.notes.append(f"passed over {_count(listing.passed_over, 'file')} (no picture, by its name)")
    return _source(_Folder(path, size, grey, bins, strict), table, ())


@dataclass(frozen=True)
class _Folder:
    """What was asked for."""

    path: Path
    size: tuple[int, int] | None
    grey: bool | None
    bins: int
    strict: bool


@dataclass
class _Listing:
    """The files below a folder, relative to it, in natural order; hidden ones are not there."""

    images: list[Path]
    passed_over: list[Path]


@dataclass
class _Table:
    """Images with a column of words for each factor; ``named``: the columns are words even where they are numbers."""

    images: list[Path]
    columns: dict[str, list[str]]
    named: bool
    notes: list[str]

    def without(self, damaged: set[Path]) -> "_Table":
        """The same, less some images."""
        keep = [i for i, image in enumerate(self.images) if image not in damaged]
        columns = {name: [words[i] for i in keep] for name, words in self.columns.items()}
        return _Table([self.images[i] for i in keep], columns, self.named, self.notes)


def images_below(root: Path) -> list[Path]:
    """The image files below a folder, in natural order of their names; MissingFile if there are none."""
    return [root / image for image in _list(root).images]


def _list(root: Path) -> _Listing:
    listing = _Listing([], [])
    seen: set[str] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        if (real := os.path.realpath(folder)) in seen:  # a link to a folder that is above it, or was here already
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        for name in names:
            if not name.startswith("."):
                file = (Path(folder) / name).relative_to(root)
                kind = listing.images if file.suffix.lower() in read_images.SUFFIXES else listing.passed_over
                kind.append(file)
    for kind in (listing.images, listing.passed_over):
        kind.sort(key=lambda file: [factor_columns.natural(part) for part in file.parts])
    if not listing.images:
        other = f" ({_count(listing.passed_over, 'other file')})" if listing.passed_over else ""
        raise MissingFile(f"{root}: holds no images{other}; expected .png, .jpg, .webp, .pgm, ... or folders of them")
    return listing


def _by_folder(root: Path, listing: _Listing) -> _Table:
    """The first folder on the way to an image is its class."""
    loose = [image for image in listing.images if len(image.parts) == 1]
    if loose and len(loose) < len(listing.images):
        raise DataMismatch(
            f"{root}: holds images beside folders of images ({_count(loose, 'image')}): put them into a class's folder,"
            " or name a --csv of factors"
        )
    if loose:
        return _Table(listing.images, {}, True, ["no folders of classes and no --csv: the data has no factors"])
    words = [_word(image.parts[0]) for image in listing.images]
    notes = [] if len(set(words)) > 1 else [f"one class only ({words[0]}): nothing can be scored or swapped by class"]
    return _Table(listing.images, {"class": words}, True, notes)


def _word(name: str) -> str:
    """A file's name as text; bytes that are no UTF-8 as \\xff."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _read_table(root: Path, path: Path, listing: _Listing, strict: bool) -> _Table:
    header, rows = _read_rows(path)
    if any((root / name).is_file() for name in header):
        raise ForeignFile(f"{path}: its first line names an image; expected names of columns, such as file,size")
    lower = [name.lower() for name in header]
    at = next((lower.index(name) for name in _FILE_COLUMNS if name in lower), 0)
    there, seen = set(listing.images), set()
    notes: list[str] = []
    kept: list[tuple[Path, list[str]]] = []
    missing: list[Path] = []
    for line, row in rows:
        image = Path(os.path.normpath(row[at]))
        if image in seen:
            raise DataMismatch(f"{path}: line {line} names {image} a second time; one row per image")
        seen.add(image)
        if "" in row:
            raise DataMismatch(f"{path}: line {line} ({image}) has no value for {header[row.index('')]}")
        if image in there:
            kept.append((image, [word for i, word in enumerate(row) if i != at]))
        else:
            missing.append(image)
    if not kept:
        raise DataMismatch(f"{path}: none of its {len(rows)} rows names an image below {root}, as {rows[0][1][at]}")
    for found, what in (
        (missing, "rows of the table name no image"),
        (sorted(there - seen, key=lambda f: factor_columns.natural(str(f))), "images have no row in the table"),
    ):
        if found and strict:
            raise DataMismatch(f"{path}: {len(found)} {what} below {root}: {_some(found)} (--strict)")
        if found:
            notes.append(f"{len(found)} {what}, and are left out: {_some(found)}")
    names = [name for i, name in enumerate(header) if i != at]
    columns = {name: [words[i] for _, words in kept] for i, name in enumerate(names)}
    return _Table([image for image, _ in kept], columns, False, notes)


def _read_rows(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header of a table, and its rows with their line numbers; every word is stripped."""
    files.require(path, "CSV file")
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv_format.reader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
            lines = [(reader.line_num, [word.strip() for word in row]) for row in reader if any(row)]
    except (OSError, UnicodeDecodeError, csv_format.Error) as error:
        raise ForeignFile(f"{path}: not a table of comma-separated text ({error})") from None
    if lines and len(lines[0][1]) == 1 and ";" in lines[0][1][0]:
        raise ForeignFile(f"{path}: its columns are separated by semicolons, expected commas (tabs in a .tsv)")
    if len(lines) < 2:
        raise ForeignFile(f"{path}: expected a line of column names and a row per image, found {len(lines)} lines")
    (_, header), *rows = lines
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice or "" in header:
        raise ForeignFile(f"{path}: columns need different names, found {', '.join(header)}")
    for line, row in rows:
        if len(row) != len(header):
            raise ForeignFile(f"{path}: line {line} has {len(row)} columns, the first line names {len(header)}")
    return header, rows


def _source(folder: _Folder, table: _Table, damaged: Sequence[tuple[Path, str]]) -> Source:
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
    size = folder.size or _common_size(folder.path, table.images, headers)
    grey = all(header.grey for header in headers) if folder.grey is None else folder.grey
    channels = 1 if grey else 3
    factors = [
        factor_columns.from_words(name, words) if table.named else factor_columns.from_column(name, words, folder.bins)
        for name, words in table.columns.items()
    ]
    if not table.named:
        notes += factor_columns.remarks(factors)
    facts = factor_columns.facts(factors)

    def images(rows: np.ndarray | None) -> Iterator[np.ndarray]:
        wanted = table.images if rows is None else [table.images[row] for row in rows]
        return _decode(folder, wanted, channels, size)

    def without(unreadable: Sequence[tuple[Path, str]]) -> Source:
        return _source(folder, table, [*damaged, *unreadable])

    how = f"folder {_word(folder.path.resolve().name)}, {len(table.images)} images" + (
        f" cropped and resized to {size[0]}x{size[1]}" if folder.size else ""
    )
    return Source(
        name=_word(folder.path.resolve().name),
        shape=(len(table.images), *size, channels),
        images=images,
        grid=factor_columns.is_grid(facts),
        source=how,
        notes=tuple(notes),
        without=without,
        **facts,
    )


def _with_headers(
    folder: _Folder, table: _Table, damaged: list[tuple[Path, str]]
) -> tuple[_Table, list[read_images.Header]]:
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


def _common_size(root: Path, images: list[Path], headers: list[read_images.Header]) -> tuple[int, int]:
    sizes = Counter((header.height, header.width) for header in headers)
    if len(sizes) > 1:
        (first, many), (second, some), *_ = sizes.most_common()
        example = images[[(h.height, h.width) for h in headers].index(second)]
        raise DataMismatch(
            f"{root}: images of {len(sizes)} sizes ({many} of {first[1]}x{first[0]} pixels, {some} of"
            f" {second[1]}x{second[0]}, such as {example}); --size 64 crops and resizes all to 64x64"
        )
    return next(iter(sizes))


def _decode(folder: _Folder, images: list[Path], channels: int, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Blocks of decoded images, uint8 [n,H,W,C]; Pillow decodes and resizes outside Python's lock."""
    block = max(1, min(1024, _BLOCK // (size[0] * size[1] * channels)))
    damaged: list[tuple[Path, str]] = []

    def one(image: Path) -> np.ndarray:
        try:
            return read_images.read(folder.path / image, channels, size)[0]
        except (ForeignFile, MissingFile) as error:
            if folder.strict:
                raise
            damaged.append((image, str(error)))
            return np.zeros((*size, channels), np.uint8)

    with ThreadPoolExecutor(cpu_count()) as threads:
        for start in range(0, len(images), block):
            yield np.stack(list(threads.map(one, images[start : start + block])))
    if damaged:
        raise Unreadable(sorted(damaged, key=lambda entry: factor_columns.natural(str(entry[0]))))


def _some(found: Sequence[Path]) -> str:
    return ", ".join(map(str, found[:_SHOWN])) + (", ..." if len(found) > _SHOWN else "")


def _count(found: Sequence[Any], what: str) -> str:
    return f"{len(found):,} {what}{'' if len(found) == 1 else 's'}: {_some(found)}"
