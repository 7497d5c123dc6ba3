"""The column of a table that names the images: which one it is, and the image that each row names."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from disentool.datasets import bare_names
from disentool.datasets.table_paths import ImagePaths
from disentool.errors import DataMismatch, ForeignFile, counted, some
from disentool.io import tables

_FILE_COLUMNS = ("file", "filename", "file_name", "path", "image", "name")
_TRIED = 200  # rows in which words are looked for that name an image in a roundabout way
_WHOLE = re.compile(r"[+-]?\d+")


class Found(NamedTuple):
    """The column that names the images, and those beside it that name images too.

    ``bare``: its words have no suffix, so that they may be other numbers or words as well.
    """

    at: int
    others: list[int]
    bare: bool


def found(path: Path, names: Sequence[str], columns: Sequence[list[str]], paths: ImagePaths) -> Found:
    """The column whose words name images, best by their exact paths; else the one with a name for it, else the first.

    A number can be the name of a file without its suffix, and a class as well: it counts where no other column names
    files, see :mod:`disentool.datasets.bare_names`. ForeignFile where it is not clear which numbers are names.
    """
    step = max(1, len(columns[0]) // _TRIED)
    tried = [words[::step] for words in columns]
    exact = [sum(paths.exact(word) is not None for word in set(words)) for words in columns]
    loose = [len({w for w in words if (paths.looks_like_one(w) or "/" in w) and paths.meant(w)}) for words in tried]
    files = [sum(map(paths.looks_like_one, words)) for words in tried]
    for hits in (exact, loose, files):
        if best := max(hits):
            good = [i for i, count in enumerate(hits) if 2 * count >= best]
            at = min(good, key=lambda i: (_rank(names[i]), -hits[i], i))
            return Found(at, _others(columns, at, paths), False)
    if bare := bare_names.found(path, names, columns, paths):
        return Found(*bare, True)
    at = min(range(len(names)), key=lambda i: (_rank(names[i]), bare_names.rank(names[i]), i))
    return Found(at, [], False)


def _others(columns: Sequence[list[str]], at: int, paths: ImagePaths) -> list[int]:
    """The columns beside ``at`` that name an image, by its file's name, in most rows, and most rows another one.

    A column of few different files, such as the template that each image was made from, is a factor.
    """
    more = []
    for i, words in enumerate(columns):
        different = set(words)
        if i != at and 2 * len(different) > len(words) > 1:
            hits = sum(paths.looks_like_one(word) and paths.find(word) is not None for word in different)
            more += [i] if 2 * hits > len(different) else []
    return more


def has_a_name(name: str) -> bool:
    """Whether a column is called as one of files is: file, path, image, ..."""
    return name.lower() in _FILE_COLUMNS


def require_names(path: Path, read: tables.TextTable, at: int, paths: ImagePaths) -> None:
    """ForeignFile where the first line of a table has no names of columns, or a second one has some too."""
    head = read.names[at]
    if len(read.names) > 1 and all(map(_WHOLE.fullmatch, read.names)) and paths.meant(head):
        raise ForeignFile(f"{path}: its first line is one of numbers, as the others are; name the columns in it")
    row = [head] if _is_row(read, at, paths) else []
    row += [name for name in read.names if paths.looks_like_one(name) and paths.meant(name)]
    if row:
        raise ForeignFile(
            f"{path}: its first line names an image ({row[0][:60]}); expected names of columns, such as file,size"
        )
    line, top = read.rows[0]
    if has_a_name(top[at]) and not paths.meant(top[at]):
        raise ForeignFile(f"{path}: line {line} names columns too ({', '.join(top)[:60]}); keep one line of names")
    if not head and (other := [name for name in read.names if name.lower() in _FILE_COLUMNS[:-1]]):
        raise ForeignFile(  # as decimal commas without quotes would make of it
            f"{path}: each row has one word more than the first line names, and column 1 names the images, not"
            f" {other[0]}; put words with commas in quotes, or name every column"
        )


def images(
    path: Path, root: Path, read: tables.TextTable, at: int, paths: ImagePaths
) -> tuple[list[Path | None], list[str], dict[str, str]]:
    """The image that each row names, None for those that name none; notes; and what words mean several images.

    DataMismatch where no row names one, and where two rows name the same.
    """
    meant = [paths.meant(row[at]) for _, row in read.rows]
    several = {
        row[at]: f"{row[at]} may mean {len(hits)} images ({some(hits)}); write the folder too"
        for (_, row), hits in zip(read.rows, meant, strict=True)
        if len(hits) > 1
    }
    named = [hits[0] if len(hits) == 1 else None for hits in meant]
    if not any(named):
        raise _nothing(path, root, read, at, several, paths)
    seen: set[Path] = set()
    roundabout = []
    for (line, row), image in zip(read.rows, named, strict=True):
        file = image or Path(row[at])
        if file in seen and row[at]:
            taken = "" if has_a_name(read.names[at]) else f" ({_called(read.names, at)} was taken for their names)"
            raise DataMismatch(f"{path}: line {line} names {file} a second time{taken}; one row per image")
        seen.add(file)
        if image is not None and paths.exact(row[at]) is None:
            accents = " (its accents are other bytes)" if _same(row[at], image.as_posix()) else ""
            roundabout.append(f"{row[at]} for {image}{accents}")
    if not roundabout:
        return named, [], several
    calls = counted(len(roundabout), "row calls its", "rows call their")
    return named, [f"{path}: {calls} image otherwise, such as {roundabout[0]}"], several


def _nothing(
    path: Path, root: Path, read: tables.TextTable, at: int, several: dict[str, str], paths: ImagePaths
) -> DataMismatch:
    """The error for a table of which no row names an image, with what may be wrong."""
    if several:
        return DataMismatch(f"{path}: no row names one image: {next(iter(several.values()))}")
    words = [row[at] for _, row in read.rows]
    if has_a_name(read.names[at]) or any(paths.looks_like_one(word) or "/" in word for word in words):
        return DataMismatch(
            f"{path}: no row names an image below {root} (the first names {words[0]}); paths are relative to --from"
        )
    return DataMismatch(
        f"{path}: no column names files: {_called(read.names, at)} was taken for the names of the images, and none of"
        f" its words, such as {words[0][:60]}, is one below {root}; add a column file with their paths"
    )


def _is_row(read: tables.TextTable, at: int, paths: ImagePaths) -> bool:
    """Whether the name of the image column names an image of its own, or a file of pictures, as the rows do."""
    head = read.names[at]
    if has_a_name(head) or not (hits := paths.meant(head)):
        return paths.looks_like_one(head)
    return all(paths.meant(row[at]) != hits for _, row in read.rows)


def _called(names: Sequence[str], at: int) -> str:
    return f"column {at + 1} ({names[at] or 'without a name'})"


def _rank(name: str) -> int:
    return _FILE_COLUMNS.index(name.lower()) if has_a_name(name) else len(_FILE_COLUMNS)


def _same(word: str, other: str) -> bool:
    """Whether two texts look alike, and differ in the bytes of their accents only."""
    return unicodedata.normalize("NFC", word) == unicodedata.normalize("NFC", other)
