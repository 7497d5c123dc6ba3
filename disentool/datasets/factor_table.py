"""A table with a row for each image: the images that its rows name, and what its other columns say of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from disentool.datasets import factor_columns, image_column, missing_values, number_marks, row_numbers, split_words
from disentool.datasets.folder_listing import Listing, Table
from disentool.datasets.table_paths import ImagePaths
from disentool.errors import DataMismatch, ForeignFile, counted, some
from disentool.io import tables


def by_table(root: Path, path: Path, listing: Listing, strict: bool) -> Table:
    """The images that the table ``path`` names, with a factor for each of its other columns.

    A column called split, or otherwise so, whose words are train, test and validation is the published split, no
    factor. Columns that only number the rows, or have no value in any row, are left out.

    ``strict``: a row without an image below ``root``, or an image without a row, is refused, not left out. Raises
    MissingFile, ForeignFile or DataMismatch.
    """
    read = tables.read(path)
    paths = ImagePaths(root, listing.images)
    columns = [list(words) for words in zip(*(row for _, row in read.rows), strict=True)]
    at, others, bare = image_column.found(path, read.names, columns, paths)
    image_column.require_names(path, read, at, paths)
    notes = list(read.notes)
    if bare or (at and not image_column.has_a_name(read.names[at])):
        notes.append(f"{path}: column {at + 1} ({read.names[at] or 'without a name'}) names the images")
    if others:
        named = ", ".join(read.names[i] or f"column {i + 1}" for i in others)
        verbs = ("names", "is") if len(others) == 1 else ("name", "are")
        notes.append(
            f"{path}: {named} {verbs[0]} images too, and {verbs[1]} left out; the images are those of"
            f" {read.names[at] or f'column {at + 1}'}"
        )
    used = _used(path, read.names, columns, [i for i in range(len(columns)) if i != at and i not in others], notes)
    images, remarks, several = image_column.images(path, root, read, at, paths)
    notes += remarks
    _refuse_gaps(path, read, used, [image or Path(row[at]) for (_, row), image in zip(read.rows, images, strict=True)])
    for left in _left_out(root, read, at, images, several, listing):
        if strict:
            raise DataMismatch(
                f"{path}: {left.told}: {left.which}; without --strict {'it is' if left.one else 'they are'} left out"
            )
        notes.append(f"{left.told}, and {'is' if left.one else 'are'} left out: {left.which}")
    kept = [i for i, image in enumerate(images) if image is not None]
    words: dict[str, list[str]] = {}
    split = None
    for i in used:
        parts = split_words.parts(columns[i]) if split is None and split_words.names_a_split(read.names[i]) else None
        if parts is not None:  # also where the rows of one of them have no images
            split = [parts[0][row] for row in kept]
            notes.append(f"{path}: the column {read.names[i]} says the parts of a split, and is no factor ({parts[1]})")
            if len(set(split)) == 1:
                notes.append(f"{path}: no image for {'training' if split[0] else 'testing'} is there")
            continue
        column = [columns[i][row] for row in kept]
        words[read.names[i]], remark = number_marks.without(
            path, read.names[i], column, decimal_commas=read.decimal_commas
        )
        notes += [remark] if remark else []
    return Table([image for image in images if image is not None], words, False, notes, split)


class _Left(NamedTuple):
    """Rows or images that are left out: that it is ``one``, what is told of them, which they are."""

    one: bool
    told: str
    which: str


def _left_out(
    root: Path,
    read: tables.TextTable,
    at: int,
    images: Sequence[Path | None],
    several: dict[str, str],
    listing: Listing,
) -> list[_Left]:
    """Rows that name no image, rows of which each may mean several, and images that no row names."""
    none = [(line, row[at]) for (line, row), image in zip(read.rows, images, strict=True) if image is None]
    missing = [word or f"line {line}" for line, word in none if word not in several]
    unclear = [word for _, word in none if word in several]
    without_row = sorted(
        set(listing.images).difference(filter(None, images)), key=lambda file: factor_columns.natural(str(file))
    )
    left = []
    for found, nouns, verbs, what, which in (
        (missing, ("row", "rows"), ("names", "name"), f"no image in the folder {root}", some(missing)),
        (
            unclear,
            ("row", "rows"),
            ("may mean", "may mean"),
            "several images",
            several.get(next(iter(unclear), ""), ""),
        ),
        (without_row, ("image", "images"), ("has", "have"), "no row in the table", some(without_row)),
    ):
        if found:
            one = len(found) == 1
            left.append(_Left(one, f"{counted(len(found), *nouns)} {verbs[0 if one else 1]} {what}", which))
    return left


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


def _used(
    path: Path, names: list[str], columns: list[list[str]], factors: Sequence[int], notes: list[str]
) -> list[int]:
    """The columns of ``factors`` that say something; those that number the rows or are empty are left out.

    ForeignFile for any other one without a name.
    """
    used = []
    for i in factors:
        called = f"column {i + 1}" + (f" ({names[i]})" if names[i] else "")
        if len(columns[i]) > 1 and all(not word or missing_values.of_programs(word) for word in columns[i]):
            notes.append(f"{path}: left out {called}, which has no value in any row")
        elif row_numbers.numbers_rows(names[i], columns[i]):
            notes.append(f"{path}: left out {called}, which numbers the rows")
        elif not names[i]:
            raise ForeignFile(f"{path}: columns need different names, column {i + 1} has none; name it, or drop it")
        else:
            used.append(i)
    return used
