"""Which images lie below a folder, and what its folders' names, or a table, say of each."""

import csv as csv_format
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentool.datasets import factor_columns
from disentool.errors import DataMismatch, ForeignFile, MissingFile
from disentool.io import files, read_images

_FILE_COLUMNS = ("file", "filename", "file_name", "path", "image", "name")
_SHOWN = 3  # of the files that a note names


@dataclass
class Listing:
    """The files below a folder, relative to it, in natural order; hidden ones are not there."""

    images: list[Path]
    passed_over: list[Path]


@dataclass
class Table:
    """Images with a column of words for each factor; ``named``: the columns are words even where they are numbers."""

    images: list[Path]
    columns: dict[str, list[str]]
    named: bool
    notes: list[str]

    def without(self, damaged: set[Path]) -> "Table":
        """The same, less some images."""
        keep = [i for i, image in enumerate(self.images) if image not in damaged]
        columns = {name: [words[i] for i in keep] for name, words in self.columns.items()}
        return Table([self.images[i] for i in keep], columns, self.named, self.notes)


def images_below(root: Path) -> list[Path]:
    """The image files below a folder, in natural order of their names; MissingFile if there are none."""
    return [root / image for image in listed(root).images]


def listed(root: Path) -> Listing:
    """What lies below a folder; links to folders are followed, once each. MissingFile if there are no images."""
    listing = Listing([], [])
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
        other = f" ({counted(listing.passed_over, 'other file')})" if listing.passed_over else ""
        raise MissingFile(f"{root}: holds no images{other}; expected .png, .jpg, .webp, .pgm, ... or folders of them")
    return listing


def by_folder(root: Path, listing: Listing) -> Table:
    """The first folder on the way to an image is its class; images without folders have none.

    DataMismatch where some images have one and others do not.
    """
    loose = [image for image in listing.images if len(image.parts) == 1]
    if loose and len(loose) < len(listing.images):
        raise DataMismatch(
            f"{root}: holds images beside folders of images ({counted(loose, 'image')}):"
            " put them into a class's folder, or name a --csv of factors"
        )
    if loose:
        return Table(listing.images, {}, True, ["no folders of classes and no --csv: the data has no factors"])
    words = [as_text(image.parts[0]) for image in listing.images]
    notes = [] if len(set(words)) > 1 else [f"one class only ({words[0]}): nothing can be scored or swapped by class"]
    return Table(listing.images, {"class": words}, True, notes)


def as_text(name: str) -> str:
    """A file's name as text; bytes that are no UTF-8 as \\xff."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def by_table(root: Path, path: Path, listing: Listing, strict: bool) -> Table:
    """The images that the table ``path`` names, with a factor for each of its other columns.

    ``strict``: a row without an image below ``root``, or an image without a row, is refused, not left out. Raises
    MissingFile, ForeignFile or DataMismatch.
    """
    header, rows = _rows(path)
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
    return Table([image for image, _ in kept], columns, False, notes)


def _rows(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
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


def _some(found: Sequence[Path]) -> str:
    return ", ".join(map(str, found[:_SHOWN])) + (", ..." if len(found) > _SHOWN else "")


def counted(found: Sequence[Any], what: str) -> str:
    """How many there are of a kind, and the names of the first."""
    return f"{len(found):,} {what}{'' if len(found) == 1 else 's'}: {_some(found)}"
