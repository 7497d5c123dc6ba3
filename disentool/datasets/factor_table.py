"""A table with a row for each image: which column names the image, and what the others say of it."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from disentool.datasets import factor_columns, number_marks
from disentool.datasets.folder_listing import Listing, Table, some
from disentool.datasets.table_paths import ImagePaths
from disentool.errors import DataMismatch, ForeignFile, counted
from disentool.io import tables

_FILE_COLUMNS = ("file", "filename", "file_name", "path", "image", "name")
_TRIED = 200  # rows in which words are looked for that name an image in a roundabout way
_INDEX = re.compile(r"(unnamed: 0(\.\d+)?)?")  # what pandas calls the column of row numbers: nothing, then this
_WHOLE = re.compile(r"[+-]?\d+")


def by_table(root: Path, path: Path, listing: Listing, strict: bool) -> Table:
    """The images that the table ``path`` names, with a factor for each of its other columns.

    ``strict``: a row without an image below ``root``, or an image without a row, is refused, not left out. Raises
    MissingFile, ForeignFile or DataMismatch.
    """
    read = tables.read(path)
    paths = ImagePaths(root, listing.images)
    if any(paths.looks_like_one(name) and paths.find(name) is not None for name in read.names):
        raise ForeignFile(f"{path}: its first line names an image; expected names of columns, such as file,size")
    columns = [list(words) for words in zip(*(row for _, row in read.rows), strict=True)]
    at = _image_column(read.names, columns, paths)
    if len(read.names) > 1 and all(map(_WHOLE.fullmatch, read.names)) and paths.find(read.names[at]) is not None:
        raise ForeignFile(f"{path}: its first line is one of numbers, as the others are; name the columns in it")
    line, top = read.rows[0]
    if top[at].lower() in _FILE_COLUMNS and paths.find(top[at]) is None:
        raise ForeignFile(f"{path}: line {line} names columns too ({', '.join(top)[:60]}); keep one line of names")
    if not read.names[at] and (other := [name for name in read.names if name.lower() in _FILE_COLUMNS[:-1]]):
        raise ForeignFile(  # as decimal commas without quotes would make of it
            f"{path}: each row has one word more than the first line names, and column 1 names the images, not"
            f" {other[0]}; put words with commas in quotes, or name every column"
        )
    notes = list(read.notes)
    if at and read.names[at].lower() not in _FILE_COLUMNS:
        notes.append(f"{path}: column {at + 1} ({read.names[at] or 'without a name'}) names the images")
    others = _other_image_columns(columns, at, paths)
    if others:
        named = ", ".join(read.names[i] or f"column {i + 1}" for i in others)
        verbs = ("names", "is") if len(others) == 1 else ("name", "are")
        notes.append(
            f"{path}: {named} {verbs[0]} images too, and {verbs[1]} left out; the images are those of"
            f" {read.names[at] or f'column {at + 1}'}"
        )
    used = [i for i in _named(path, read.names, columns, at, notes) if i != at and i not in others]
    images = _images(path, root, read.rows, at, paths, notes)
    _refuse_gaps(path, read, used, [image or Path(row[at]) for (_, row), image in zip(read.rows, images, strict=True)])
    kept = [i for i, image in enumerate(images) if image is not None]
    missing = [row[at] or f"line {line}" for (line, row), image in zip(read.rows, images, strict=True) if image is None]
    without_row = sorted(
        set(listing.images).difference(filter(None, images)), key=lambda file: factor_columns.natural(str(file))
    )
    for found, what in ((missing, f"no image in the folder {root}"), (without_row, "no row in the table")):
        if not found:
            continue
        one = len(found) == 1
        verb = ("names" if one else "name") if found is missing else ("has" if one else "have")
        told = f"{counted(len(found), 'row' if found is missing else 'image')} {verb} {what}"
        if strict:
            raise DataMismatch(
                f"{path}: {told}: {some(found)}; without --strict {'it is' if one else 'they are'} left out"
            )
        notes.append(f"{told}, and {'is' if one else 'are'} left out: {some(found)}")
    words = {}
    for i in used:
        words[read.names[i]], remark = number_marks.without(
            path, read.names[i], [columns[i][row] for row in kept], decimal_commas=read.decimal_commas
        )
        notes += [remark] if remark else []
    return Table([image for image in images if image is not None], words, False, notes)


def _image_column(names: Sequence[str], columns: Sequence[list[str]], paths: ImagePaths) -> int:
    """The column whose words name images, best by their exact paths; else the one with a name for it, else the first.

    A number can be the name of a file without its suffix, and a class as well: it counts where no other column names
    files, and the column has no word twice.
    """
    step = max(1, len(columns[0]) // _TRIED)
    tried = [words[::step] for words in columns]
    exact = [sum(paths.exact(word) is not None for word in set(words)) for words in columns]
    loose = [len({w for w in words if (paths.looks_like_one(w) or "/" in w) and paths.find(w)}) for words in tried]
    files = [sum(map(paths.looks_like_one, words)) for words in tried]
    bare = [len({w for w in words if paths.find(w)}) if len(set(words)) == len(words) else 0 for words in tried]
    for found in (exact, loose, files, bare):
        if best := max(found):
            good = [i for i, count in enumerate(found) if 2 * count >= best]
            return min(good, key=lambda i: (_rank(names[i]), -found[i], i))
    return min(range(len(names)), key=lambda i: (_rank(names[i]), i))


def _refuse_gaps(path: Path, read: tables.TextTable, used: Sequence[int], images: Sequence[Path]) -> None:
    """DataMismatch for rows that have no value for one of the columns ``used``: how many, and which is the first."""
    gaps = [
        (line, image, empty)
        for (line, row), image in zip(read.rows, images, strict=True)
        if "" in row and (empty := [read.names[i] for i in used if not row[i]])
    ]
    if not gaps:
        return
    (line, image, empty), count = gaps[0], len(gaps)
    where = f"line {line}, {image}, has" if count == 1 else f"{count:,} of {len(read.rows):,} rows have"
    what = "no value" if count == 1 else f"an empty cell; the first, line {line}, {image}, has no value"
    raise DataMismatch(
        f"{path}: {where} {what} for {empty[0]}; write {'one' if count == 1 else 'a value in each'}, or take the"
        f" {'line' if count == 1 else 'rows'} out"
    )


def _other_image_columns(columns: Sequence[list[str]], at: int, paths: ImagePaths) -> list[int]:
    """The columns beside ``at`` that name an image, by its file's name, in most rows, and most rows another one.

    A column of few different files, such as the template that each image was made from, is a factor.
    """
    others = []
    for i, words in enumerate(columns):
        different = set(words)
        if i != at and 2 * len(different) > len(words) > 1:
            found = sum(paths.looks_like_one(word) and paths.find(word) is not None for word in different)
            others += [i] if 2 * found > len(different) else []
    return others


def _rank(name: str) -> int:
    lower = name.lower()
    return _FILE_COLUMNS.index(lower) if lower in _FILE_COLUMNS else len(_FILE_COLUMNS)


def _named(path: Path, names: list[str], columns: list[list[str]], at: int, notes: list[str]) -> list[int]:
    """The columns with names; one of row numbers without is left out, any other is refused."""
    used = []
    for i, name in enumerate(names):
        if i != at and _INDEX.fullmatch(name.lower()):
            numbers = len(set(columns[i])) == len(columns[i]) and all(map(_WHOLE.fullmatch, columns[i]))
            if numbers:
                notes.append(f"{path}: left out column {i + 1}, which numbers the rows")
                continue
            if not name:
                raise ForeignFile(f"{path}: columns need different names, column {i + 1} has none; name it, or drop it")
        used.append(i)
    return used


def _same(word: str, other: str) -> bool:
    """Whether two texts look alike, and differ in the bytes of their accents only."""
    return unicodedata.normalize("NFC", word) == unicodedata.normalize("NFC", other)


def _images(
    path: Path, root: Path, rows: list[tuple[int, list[str]]], at: int, paths: ImagePaths, notes: list[str]
) -> list[Path | None]:
    """The image that each row names; None for those that name none."""
    images: list[Path | None] = []
    seen: set[Path] = set()
    roundabout = []
    for line, row in rows:
        image = paths.find(row[at])
        named = image or Path(row[at])
        if named in seen and row[at]:
            raise DataMismatch(f"{path}: line {line} names {named} a second time; one row per image")
        seen.add(named)
        images.append(image)
        if image is not None and paths.exact(row[at]) is None:
            accents = " (its accents are other bytes)" if _same(row[at], image.as_posix()) else ""
            roundabout.append(f"{row[at]} for {image}{accents}")
    if not any(image is not None for image in images):
        raise DataMismatch(
            f"{path}: no row names an image below {root} (the first names {rows[0][1][at]}); paths are relative to"
            " --from"
        )
    if roundabout:
        notes.append(
            f"{path}: {counted(len(roundabout), 'row calls its', 'rows call their')} image otherwise, such as"
            f" {roundabout[0]}"
        )
    return images
