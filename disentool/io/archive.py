"""The files of a downloaded data set, in a folder or still in their archives, read one at a time and never unpacked."""

import gzip
import hashlib
import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import IO, Protocol, cast

from disentool.errors import DisentoolError, ForeignFile, MissingFile, UnsafeFile
from disentool.io import files, tar

BESIDE = "../"  # what the names of files beside an archive begin with
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
_AT_ONCE = 512 * 2**20  # bytes of members kept to bring those of a compressed tar into order
_MOST = 5_000_000  # members
_FOLDERS = ("__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found")
_OF_SYSTEMS = (*_FOLDERS, "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r")  # whatever their case


class Container(Protocol):
    """A folder or an archive: sizes in bytes by name, and the contents of some of its files, in the order asked for.

    ``links``: the names in an archive that are links to others; they are not read.
    """

    sizes: dict[str, int]
    links: list[str]

    def read(self, names: list[str]) -> Iterator[bytes]:
        """The bytes of these files."""
        ...


class Members:
    """The files of one download: ``names`` are sorted, whatever the order on disk or in the archive.

    ``above``: how many of an archive have a name that leads to a folder above it; those are hidden as well. ``links``:
    the names that are links in a tar; they are not read.

    A member of an archive that lies in the given folder is called ``archive.zip/name``.
    """

    def __init__(self, path: Path, containers: dict[str, Container], suffixes: tuple[str, ...]):
        self.path = path
        self._places: dict[str, tuple[str, str]] = {}  # name -> its container, and its name therein
        self._containers = containers
        for prefix, container in containers.items():
            for inner in container.sizes:
                if inner.lower().endswith(suffixes) and not _hidden(inner):
                    self._places[prefix + inner] = (prefix, inner)
        self.names = sorted(self._places)
        inside = [inner for container in containers.values() for inner in container.sizes]
        self.links = [link for container in containers.values() for link in container.links if not _hidden(link)]
        self.above = sum(".." in inner.replace("\\", "/").split("/") for inner in inside) if path.is_file() else 0

    def size(self, name: str) -> int:
        """Bytes of this member."""
        prefix, inner = self._places[name]
        return self._containers[prefix].sizes[inner]

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of one member; UnsafeFile if it has more than ``limit``."""
        return next(self.each([name], limit))[1]

    def each(self, names: Iterable[str], limit: int) -> Iterator[tuple[str, bytes]]:
        """Name and bytes of these members, in this order, one at a time."""
        for prefix, group in groupby(names, key=lambda name: self._places[name][0]):
            some = list(group)
            for name in some:
                if not 0 <= self.size(name) <= limit:
                    raise UnsafeFile(
                        f"{self.path}: {name} has {self.size(name):,} bytes, expected at most {limit:,}; not read"
                    )
            contents = self._containers[prefix].read([self._places[name][1] for name in some])
            for name in some:
                with damage(self.path, name):
                    data = next(contents)
                yield name, data

    def digest(self) -> str:
        """What the data come from: name and sha256 of the archive, or of a folder's files.

        A folder's digest is the sha256 of its sorted lines ``sha256-of-the-file  name``, of the files that were used.
        """
        if not self.path.is_dir():
            beside = [self.path.parent / inner for prefix, inner in self._places.values() if prefix == BESIDE]
            return ", ".join(f"{file.name} sha256:{files.sha256(file)}" for file in [self.path, *sorted(beside)])
        used = sorted(
            self.path.parent / inner if prefix == BESIDE else self.path / (prefix.rstrip("/") or inner)
            for prefix, inner in set(self._places.values())
        )
        digest = hashlib.sha256()
        for file in used:
            with damage(file):
                inside = file.is_relative_to(self.path)
                name = file.relative_to(self.path).as_posix() if inside else file.name
                digest.update(f"{files.sha256(file)}  {name}\n".encode())
        return f"{self.path.resolve().name} ({len(used)} files) sha256:{digest.hexdigest()}"


def members(path: Path, suffixes: tuple[str, ...], what: str, *, beside: tuple[str, ...] = ()) -> Members:
    """The files with these (lower-case) suffixes in a folder, its archives, or one archive; ``what`` is for messages.

    ``beside``: names of files that are also taken from the folder in which a single archive, or a folder without any
    of them, lies. Raises MissingFile
    when there is nothing of the kind, ForeignFile for something else or a damaged archive.
    """
    path = Path(path)
    containers: dict[str, Container] = {}
    with damage(path):
        if path.is_dir():
            folder = _Folder(path)
            containers[""] = folder
            if beside and not any(name.rpartition("/")[2] in beside for name in folder.sizes):
                containers[BESIDE] = _Folder(path.parent, only=beside)
            for name in sorted(folder.sizes):
                if "/" not in name and name.lower().endswith(ARCHIVES) and not _hidden(name):
                    containers[f"{name}/"] = _archive(path / name)
        elif path.is_file():
            containers[""] = _archive(path)
            if beside:
                containers[BESIDE] = _Folder(path.parent, only=beside)
        elif path.exists():
            raise ForeignFile(f"{path}: neither a file nor a folder; expected {what}")
        else:
            raise MissingFile(f"{path}: no such file or folder; give {what}")
    found = Members(path, containers, suffixes)
    if not found.names:
        raise MissingFile(f"{path}: no {' or '.join(suffixes) or 'file'} in it; give {what}")
    return found


@contextmanager
def damage(path: Path, name: str = "") -> Iterator[None]:
    """Around every call that reads foreign files: on a damaged one, libraries may raise nearly anything."""
    try:
        yield
    except (DisentoolError, MemoryError):
        raise
    except Exception as error:
        inside = f" {name}:" if name else ""
        raise ForeignFile(f"{path}:{inside} {files.damage_of(error)}; download it again") from error


def is_hidden(part: str) -> bool:
    """Whether a file or folder of this name is hidden, or is what operating systems leave in folders and archives."""
    return (part.startswith(".") and part != ".") or part.lower() in _OF_SYSTEMS


def _hidden(name: str) -> bool:
    return any(map(is_hidden, name.split("/")))


def _archive(path: Path) -> Container:
    with damage(path):
        with path.open("rb") as file:
            start = file.read(512)
        if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return _Zip(path)
        if start.startswith(b"\x1f\x8b") and path.suffix.lower() == ".gz" and not path.stem.lower().endswith(".tar"):
            with gzip.open(path) as file:
                if not tar.is_header(file.read(512)):
                    raise ForeignFile(
                        f"{path}: one gzipped file, not an archive; unpack it, or give the folder that it lies in"
                    )
        if start.startswith(b"\x1f\x8b") or tar.is_header(start):
            return _Tar(path, compressed=start.startswith(b"\x1f\x8b"))
    raise ForeignFile(f"{path}: expected a folder or an archive ({', '.join(ARCHIVES)}), found neither")


class _Folder:
    def __init__(self, path: Path, only: tuple[str, ...] | None = None):
        self.path = path
        self.sizes: dict[str, int] = {}
        self.links: list[str] = []
        for folder, inner, names in os.walk(path):
            inner[:] = [] if only else sorted(name for name in inner if not _hidden(name))
            for name in names:
                file = Path(folder, name)
                if (only is None or name in only) and file.is_file():
                    self.sizes[file.relative_to(path).as_posix()] = file.stat().st_size
            _few(path, self.sizes)

    def read(self, names: list[str]) -> Iterator[bytes]:
        for name in names:
            with open(self.path / name, "rb") as file:
                yield _whole(file.read(self.sizes[name]), self.sizes[name])


class _Zip:
    def __init__(self, path: Path):
        self.path = path
        self.sizes: dict[str, int] = {}
        self.links: list[str] = []
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1:
                    raise ForeignFile(f"{path}: {info.filename} is encrypted or of a rare compression; unpack it first")
                if info.filename in self.sizes:
                    raise ForeignFile(f"{path}: has two members {info.filename}; download it again")
                self.sizes[info.filename] = info.file_size
        _few(path, self.sizes)

    def read(self, names: list[str]) -> Iterator[bytes]:
        with zipfile.ZipFile(self.path) as archive:
            for name in names:
                with archive.open(name) as stream:  # never gives more than the size in the index, and checks the CRC
                    yield _whole(stream.read(self.sizes[name]), self.sizes[name])


class _Tar:
    """A tar; compressed, it can only be read from its start: then a batch of members at a time, pass after pass."""

    def __init__(self, path: Path, *, compressed: bool):
        self.path, self._compressed = path, compressed
        self.sizes: dict[str, int] = {}
        self.links: list[str] = []
        self._offsets: dict[str, int] = {}
        with self._opened() as stream:
            for name, offset, size in tar.entries(stream, path, self.links):
                self.sizes[name], self._offsets[name] = size, offset
                _few(path, self.sizes)
            while stream.read(1 << 20):  # to gzip's checksum
                pass

    def _opened(self) -> IO[bytes]:
        return cast(IO[bytes], gzip.open(self.path)) if self._compressed else open(self.path, "rb")

    def read(self, names: list[str]) -> Iterator[bytes]:
        for batch in _batches(names, self.sizes) if self._compressed else [names]:
            with self._opened() as stream:
                kept = {}
                for name in sorted(set(batch), key=self._offsets.__getitem__) if self._compressed else []:
                    kept[name] = self._member(stream, name)
                for name in batch:
                    yield kept[name] if self._compressed else self._member(stream, name)

    def _member(self, stream: IO[bytes], name: str) -> bytes:
        stream.seek(self._offsets[name])
        return _whole(stream.read(self.sizes[name]), self.sizes[name])


def _batches(names: list[str], sizes: dict[str, int]) -> Iterator[list[str]]:
    batch: list[str] = []
    total = 0
    for name in names:
        if batch and total + sizes[name] > _AT_ONCE:
            yield batch
            batch, total = [], 0
        batch.append(name)
        total += sizes[name]
    if batch:
        yield batch


def _whole(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise EOFError(f"{len(data):,} of {size:,} bytes")
    return data


def _few(path: Path, names: dict[str, int]) -> None:
    if len(names) > _MOST:
        raise UnsafeFile(f"{path}: more than {_MOST:,} files in it")
