"""Files in a folder of pictures that are none that can be read: what they are, and what makes pictures of them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from disentool.io import archive, foreign_files

_LOOKED_AT = 3  # files of the most frequent suffix that could be read


def remark(root: Path, files: Sequence[Path]) -> str:
    """What a file of the most frequent suffix is, such as ``a.HEIC is a HEIC picture, ...``; empty if not known.

    ``files``: below ``root``, relative to it.
    """
    for file in _most_frequent(files)[:_LOOKED_AT]:
        try:
            kind = foreign_files.kind_of(root / file)
        except OSError:  # a link to nothing, a file that may not be read
            continue
        return f"{file} is {kind}" if kind else ""
    return ""


def archives(names: Sequence[str]) -> str:
    """What to do where the most frequent files of an archive are archives; empty for others."""
    found = _most_frequent([Path(name) for name in names if name.lower().endswith(archive.ARCHIVES)])
    return f"it holds archives, such as {found[0]}: unpack it first, and name one of them" if found else ""


def _most_frequent(files: Sequence[Path]) -> list[Path]:
    """The files of the suffix that most of them have."""
    counts = Counter(file.suffix.lower() for file in files)
    return [file for file in files if file.suffix.lower() == counts.most_common(1)[0][0]]
