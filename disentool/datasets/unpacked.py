"""The pictures and tables of an archive as a folder: names checked, counts and sizes bounded, no link ever made."""

from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from disentool.datasets import labels_beside, other_files
from disentool.datasets.folder_listing import counted
from disentool.errors import ForeignFile, MissingFile, UnsafeFile
from disentool.io import archive, files, read_images

_LARGEST = 512 << 20  # bytes of a picture
_ALWAYS = 1 << 30  # bytes that any archive may unpack to
_TIMES = 100  # more than that: so many times its own size, as pictures are compressed already
_TEXTS = (".csv", ".tsv", labels_beside.CLASS, labels_beside.FIELDS)  # tables, and labels of single pictures
_LONGEST = 256 << 20  # bytes of a table


class Unpacked(NamedTuple):
    """What an archive became.

    ``root``: the folder of its pictures. ``top``: that of the whole archive, which may be the same. ``others``: the
    members, below ``top``, that are no pictures, and no texts below ``root``. ``above``: how many names lead above the
    folder; they are passed over, as ``links`` are.
    """

    root: Path
    top: Path
    others: list[str]
    above: int
    links: list[str]


def unpack(path: Path, folder: Path, table: Path | None = None) -> Unpacked:
    """The pictures and tables of an archive as files, in the empty ``folder``; ``table``: one that may be of any kind.

    Its folder is called as the archive is, without its suffix; where all pictures lie in one folder, that one is the
    root. Raises MissingFile where there are no pictures, ForeignFile for a damaged archive, UnsafeFile for a name that
    leads out of the folder and for more bytes than pictures have, NotWritable where the disk is too small.
    """
    members = archive.members(path, ("",), "an archive of pictures")
    places = {name: place_of(path, name) for name in members.names}
    pictures = [place for place in places.values() if place.suffix.lower() in read_images.SUFFIXES]
    if not pictures:
        expected = "expected .png, .jpg, .webp, .pgm, ... or folders of them"
        raise MissingFile(
            f"{path}: holds no images ({counted(members.names, 'other file')});"
            f" {other_files.archives(members.names) or expected}"
        )
    texts = {*_TEXTS, *((table.suffix.lower(),) if table is not None else ())} - read_images.SUFFIXES
    wanted = {
        name: place
        for name, place in places.items()
        if place.suffix.lower() in read_images.SUFFIXES
        or (place.suffix.lower() in texts and members.size(name) <= _LONGEST)
    }
    total = sum(members.size(name) for name in wanted)
    if total > max(_ALWAYS, _TIMES * path.stat().st_size):
        raise UnsafeFile(f"{path}: claims to hold {total:,} bytes of pictures, more than it can; not unpacked")
    files.probe(folder / "pictures", overwrite=False, need_bytes=total)
    top = folder / stem(path)
    for name, data in members.each(wanted, _LARGEST):
        target = top / wanted[name]
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "xb") as file:
                file.write(data)
        except (FileExistsError, NotADirectoryError):
            raise ForeignFile(f"{path}: has two members {wanted[name]}; unpack it first") from None
        except OSError as error:
            raise files.not_writable(target, error) from None
    alone = {place.parts[0] for place in pictures}
    root = top / pictures[0].parts[0] if len(alone) == 1 and all(len(place.parts) > 1 for place in pictures) else top
    others = [
        str(place)
        for name, place in places.items()
        if name not in wanted or (root != top and place.parts[0] != root.name)
    ]
    for place in others:  # a folder without pictures is a class that is missing
        with suppress(FileExistsError, NotADirectoryError):
            (top / place).parent.mkdir(parents=True, exist_ok=True)
    return Unpacked(root, top, others, members.above, members.links)


def table(path: Path, unpacked: Unpacked, wanted: Path) -> Path:
    """The file that a table's path means: one that is there, else one in the archive ``path``.

    In the archive it is looked for below the folder of pictures, then below its top, then by its name alone. Raises
    MissingFile where there is none, or more than one.
    """
    if wanted.exists():
        return wanted
    inner = wanted.relative_to(path) if wanted.is_relative_to(path) else wanted
    if not inner.is_absolute() and ".." not in inner.parts:
        for folder in (unpacked.root, unpacked.top):
            if (folder / inner).is_file():
                return folder / inner
        found = [file for file in sorted(unpacked.top.rglob("*")) if file.is_file() and file.name == str(inner)]
        if len(found) > 1:
            names = [file.relative_to(unpacked.top).as_posix() for file in found]
            raise MissingFile(
                f"{wanted}: {path} holds {counted(names, 'table')} of this name; name one with its folder"
            )
        if found:
            return found[0]
    raise MissingFile(f"{wanted}: no such file, and no such table in {path}")


def stem(path: Path) -> str:
    """A file's name without its suffix, of which an archive may have two."""
    suffix = next((suffix for suffix in archive.ARCHIVES if path.name.lower().endswith(suffix)), path.suffix)
    return path.name[: len(path.name) - len(suffix)] or path.name


def place_of(path: Path, name: str) -> PurePosixPath:
    """Where a member goes, below the folder; archives of Windows may have backslashes.

    UnsafeFile for a name that leads out of it.
    """
    place = PurePosixPath(name if "/" in name else name.replace("\\", "/"))
    if not place.parts or place.is_absolute() or ".." in place.parts or ":" in place.parts[0] or "\0" in name:
        raise UnsafeFile(f"{path}: has a member {name[:80]!r}, which leads out of its folder; not unpacked")
    return place
