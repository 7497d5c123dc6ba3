"""Tables of text as other programs write them: their encoding, separator, comments and spare columns."""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from disentool.errors import ForeignFile, UnsafeFile, counted
from disentool.io import files

_LIMIT = 256 << 20  # bytes of a table
_EXCEL = "sep="  # what a first line begins with that tells Excel the separator
_LOOKED_AT = 20  # lines, to find out what separates columns
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # it begins as UTF-16's does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHERS = (
    (b"PK\x03\x04", "a workbook"),
    (b"\xd0\xcf\x11\xe0", "a workbook"),
    (b"\x1f\x8b", "a compressed file"),
    (b"PAR1", "a Parquet file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"<", "HTML or XML"),
)
_MOST_TITLES = 3  # lines above the names of columns, in which a table's title may stand
_SEPARATED = {"|": "bars", " ": "spaces"}
_VALUE = re.compile(r"[+-]?[\d.,]+|.*\.\w{2,4}").fullmatch  # a number, or a file's name: no name of a column

# Numbers with a decimal sign that is no mark of thousands: no three digits behind one to three.
_NO_THOUSANDS = r"[+-]?(?![1-9]\d{0,2}%s\d{3}$)\d*%s\d+(e[+-]?\d+)?"
_COMMA, _POINT = (re.compile(_NO_THOUSANDS % (s, s), re.IGNORECASE).fullmatch for s in (",", r"\."))
_ANY_COMMA = re.compile(r"[+-]?\d+,\d+").fullmatch


@dataclass(frozen=True)
class TextTable:
    """Names of the columns, and the rows with their line numbers; every word is stripped.

    A column without a name is called by the empty string. ``notes``: what was passed over. ``decimal_commas``: its
    decimals have commas; None: no number in it says whether they have.
    """

    names: list[str]
    rows: list[tuple[int, list[str]]]
    notes: list[str]
    decimal_commas: bool | None


def read(path: Path) -> TextTable:
    """A table with commas, tabs or semicolons between its columns, a line of names first.

    Semicolons are meant where they, and neither commas nor tabs, separate the names.

    UTF-8, or UTF-16 and UTF-32 with their marks. Lines of comments (``#``), empty lines, and commas at the ends of
    lines are passed over. Where every row has one word more than there are names, as R writes it, the first column has
    no name. Raises MissingFile; ForeignFile for any other separator or encoding, and for rows of different lengths;
    UnsafeFile for a file of more than 256 MB.
    """
    text = _text(path)
    separator = _separator(path, text)
    lines, comments = _without_comments(path, _lines(path, text, separator))
    if len(lines) < 2:
        raise ForeignFile(
            f"{path}: expected a line of column names and a row per image, found {counted(len(lines), 'line')}"
        )
    (_, names), *rows = lines
    names, rows = _whole(path, names, rows)
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise ForeignFile(f"{path}: columns need different names, found {', '.join(twice)} more than once")
    notes = [f"{path}: passed over {comments:,} line{'' if comments == 1 else 's'} of comments"] if comments else []
    decimal_commas = _decimal_commas(separator, rows)
    if decimal_commas:
        notes.append(f"{path}: its columns are separated by semicolons, so a comma in a number is a decimal comma")
    return TextTable(names, rows, notes, decimal_commas)


def _decimal_commas(separator: str, rows: Sequence[tuple[int, list[str]]]) -> bool | None:
    """Whether decimals have commas; None where no number says so.

    Semicolons are what Excel writes where they have, but other programs write them with decimal points. 0,5 is a proof
    for commas and 0.5 for points; 1,234 and 1.234 may have a mark of thousands.
    """
    words = {word for _, row in rows for word in row if "," in word or "." in word}
    commas = any(map(_COMMA, words))
    points = any(map(_POINT, words))
    if separator != ";":
        return None if commas and not points else False
    return True if commas or (not points and any(map(_ANY_COMMA, words))) else (False if points else None)


def _text(path: Path) -> str:
    """What the file says, whatever Unicode it is in."""
    files.require(path, "CSV file")
    if path.stat().st_size > _LIMIT:
        raise UnsafeFile(f"{path}: has {path.stat().st_size:,} bytes, expected a table of at most {_LIMIT:,}; not read")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ForeignFile(f"{path}: cannot be read: {error.strerror}") from None
    for start, what in _OTHERS:
        if data.removeprefix(codecs.BOM_UTF8).startswith(start):
            raise ForeignFile(f"{path}: is {what}, not a table of comma-separated text; save it as CSV in UTF-8")
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ForeignFile(
            f"{path}: not a table of comma-separated text in {encoding.upper()} (byte 0x{data[error.start]:02x} in line"
            f" {line}); save it as UTF-8"
        ) from None
    if "\0" in text:
        raise ForeignFile(f"{path}: not a table of comma-separated text (it holds zero bytes); save it as UTF-8")
    return text


def _lines(path: Path, text: str, separator: str) -> list[tuple[int, list[str]]]:
    """Every line that is not empty, as words, with its number."""
    before = csv.field_size_limit()
    csv.field_size_limit(max(before, len(text)))  # of the whole process: put back
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        lines = [(reader.line_num, [word.strip() for word in row]) for row in reader if any(row)]
    except csv.Error as error:
        raise ForeignFile(
            f"{path}: not a table of comma-separated text, see line {reader.line_num}; save it as CSV"
        ) from error
    finally:
        csv.field_size_limit(before)
    return lines[1:] if lines and lines[0][1][0].startswith(_EXCEL) else lines


def _separator(path: Path, text: str) -> str:
    """A comma, a tab or a semicolon: the one that makes columns; ForeignFile where only another one does."""
    sample = []
    for line in io.StringIO(text):
        if line.strip() and not line.startswith(("#", _EXCEL)):
            sample.append(line[:100_000])
        if len(sample) == _LOOKED_AT:
            break
    if sample and ";" in sample[0] and not set(",\t") & set(sample[0]):
        return ";"
    usual = "\t," if path.suffix.lower() == ".tsv" else ",\t"
    for separator in usual:
        if _columns(sample, separator) > 1:
            return separator
    for titles in range(1, min(_MOST_TITLES, len(sample) - 2) + 1):
        below = [separator for separator in (*usual, ";") if _columns(sample[titles:], separator) > 1]
        if below and not set(below) & set("".join(sample[:titles])):
            line = sample[titles - 1].strip()
            raise ForeignFile(f"{path}: {line[:40]!r} stands above the names of its columns; take such lines out")
    for separator in (*usual, *_SEPARATED):  # a table of no single width may be meant for this one all the same
        if sample and separator in sample[0]:
            if separator in usual:
                return separator
            name = _SEPARATED[separator]
            raise ForeignFile(f"{path}: its columns are separated by {name}, expected commas (tabs in a .tsv)")
    return usual[0]


def _columns(sample: Sequence[str], separator: str) -> int:
    """How many columns the lines have with this separator; 0 where they differ."""
    try:
        counts = {len(row) for row in csv.reader(sample, delimiter=separator)}
    except csv.Error:
        return 0
    return counts.pop() if len(counts) == 1 else 0


def _without_comments(path: Path, lines: list[tuple[int, list[str]]]) -> tuple[list[tuple[int, list[str]]], int]:
    """The lines that are no comments, and how many are.

    A comment begins with ``#`` and is no row: it has another number of words. Before the names there may be any.
    """
    first = next((i for i, (_, words) in enumerate(lines) if not words[0].startswith("#")), len(lines))
    if first == 1 and len(lines) > 1 and len(lines[0][1]) == len(lines[1][1]) > 1 and any(map(_VALUE, lines[1][1])):
        number, words = lines[0]  # names behind a #, as NumPy writes them
        lines, first = [(number, [words[0].lstrip("# "), *words[1:]]), *lines[1:]], 0
    rest = lines[first:]
    kept = [line for line in rest if not line[1][0].startswith("#") or len(line[1]) == len(rest[0][1])]
    return kept, len(lines) - len(kept)


def _whole(
    path: Path, names: list[str], rows: list[tuple[int, list[str]]]
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Names and rows of one length: without the empty words behind the last comma of lines, and R's names of rows."""
    while names and not names[-1] and all(len(row) < len(names) or not row[len(names) - 1] for _, row in rows):
        names = names[:-1]
    width = len(names)
    rows = [(line, row[:width] if not any(row[width:]) else row) for line, row in rows]
    if all(len(row) == width + 1 for _, row in rows):
        return ["", *names], rows
    for line, row in rows:
        if len(row) != width:
            raise ForeignFile(
                f"{path}: line {line} has {counted(len(row), 'column')}, the first line names {width}; give each line"
                " as many"
            )
    return names, rows
