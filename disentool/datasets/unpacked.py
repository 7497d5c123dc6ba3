"""The pictures of an archive as a folder: every name checked, counts and sizes bounded, no link ever made."""

from pathlib import Path, PurePosixPath

from disentool.errors import ForeignFile, MissingFile, UnsafeFile
from disentool.io import archive, files, read_images

_LARGEST = 512 << 20  # bytes of a picture
_ALWAYS = 1 << 30  # bytes that any archive may unpack to
_TIMES = 100  # more than that: so many times its own size, as pictures are compressed already


def unpack(path: Path, folder: Path) -> tuple[Path, int, int]:
    """The folder of an archive's pictures, made in the empty ``folder``; how many other files the archive has; and how
    many names in it lead above the folder, which are passed over.

    The folder is called as the archive is, without its suffix; where the archive holds nothing but one folder, that
    one is taken. Raises MissingFile where there are no pictures, ForeignFile for a damaged archive, UnsafeFile for a
    name that leads out of the folder and for more bytes than pictures have, NotWritable where the disk is too small.
    """
    members = archive.members(path, ("",), "an archive of pictures")
    wanted = {
        name: place for name in members.names if (place := _place(path, name)).suffix.lower() in read_images.SUFFIXES
    }
    if not wanted:
        raise MissingFile(f"{path}: holds no images; expected .png, .jpg, .webp, .pgm, ... or folders of them")
    total = sum(members.size(name) for name in wanted)
    if total > max(_ALWAYS, _TIMES * path.stat().st_size):
        raise UnsafeFile(f"{path}: claims to hold {total:,} bytes of pictures, more than it can; not unpacked")
    files.probe(folder / "pictures", overwrite=False, need_bytes=total)
    root = folder / stem(path)
    for name, data in members.each(wanted, _LARGEST):
        target = root / wanted[name]
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "xb") as file:
                file.write(data)
        except (FileExistsError, NotADirectoryError):
            raise ForeignFile(f"{path}: has two members {wanted[name]}; unpack it first") from None
        except OSError as error:
            raise files.not_writable(target, error) from None
    if len({place.parts[0] for place in wanted.values()}) == 1 and all(len(p.parts) > 1 for p in wanted.values()):
        root = root / next(iter(wanted.values())).parts[0]
    return root, len(members.names) - len(wanted), members.above


def require_outside(path: Path, table: Path) -> None:
    """MissingFile for a table that is not there, but is a member of the archive ``path``."""
    if table.exists():
        return
    wanted = PurePosixPath(table.as_posix())
    for name in archive.members(path, ("",), "an archive of pictures").names:
        if PurePosixPath(name) == wanted or PurePosixPath(name).name == str(wanted):
            raise MissingFile(
                f"{table}: no such file, but {path} holds {name}; unpack the archive into a folder, and name the folder"
                " and its table"
            )


def stem(path: Path) -> str:
    """A file's name without its suffix, of which an archive may have two."""
    suffix = next((suffix for suffix in archive.ARCHIVES if path.name.lower().endswith(suffix)), path.suffix)
    return path.name[: len(path.name) - len(suffix)] or path.name


def _place(path: Path, name: str) -> PurePosixPath:
    """Where a member goes, below the folder; archives of Windows may have backslashes."""
    place = PurePosixPath(name if "/" in name else name.replace("\\", "/"))
    if not place.parts or place.is_absolute() or ".." in place.parts or ":" in place.parts[0] or "\0" in name:
        raise UnsafeFile(f"{path}: has a member {name[:80]!r}, which leads out of its folder; not unpacked")
    return place
