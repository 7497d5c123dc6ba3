"""Which image a word of a table means: by its path below the folder, or by one that can mean no other."""

import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from disentool.io import read_images


class ImagePaths:
    """The images below a folder, found by words."""

    def __init__(self, root: Path, images: Sequence[Path]):
        self._exact = {image.as_posix(): image for image in images}
        self._images = images
        self._roots = {
            tuple(_folded(part) for part in path.as_posix().split("/")) for path in (root.absolute(), root.resolve())
        }
        self._names = {parts[-1] for parts in self._roots}

    def exact(self, word: str) -> Path | None:
        """The image of this path below the folder."""
        return self._exact.get(posixpath.normpath(word))

    def find(self, word: str) -> Path | None:
        """The one image that a word can mean; None where there is none, or more than one: see :meth:`meant`."""
        images = self.meant(word)
        return images[0] if len(images) == 1 else None

    def meant(self, word: str) -> list[Path]:
        """The images that a word can mean, in order: one, none, or several that it does not tell apart.

        If it is no exact path: one with backslashes, in another case, of accents composed otherwise (NFC, NFD), without
        the suffix, below the folder's own name or absolute path, the name of an image that lies deeper, or any of these
        as addresses write it (%20).
        """
        several: list[Path] = []
        for plain in dict.fromkeys((word, unquote(word))):
            exact = self.exact(plain)
            images = self._otherwise(plain) if exact is None else [exact]
            if len(images) == 1:
                return images
            several = several or images
        return several

    def _otherwise(self, word: str) -> list[Path]:
        """The images that a word can mean which is no exact path, by the first way to read it that finds any."""
        keys = self._keys(word)
        for table in (self._by_path, self._by_stem):
            if hits := {image for key in keys for image in table.get(key, ())}:
                return sorted(hits)
        if keys and "/" not in keys[0]:
            return sorted({image for table in (self._by_name, self._by_name_stem) for image in table.get(keys[0], ())})
        return []

    def looks_like_one(self, word: str) -> bool:
        """Whether a word names a file of pictures, there or not."""
        return PurePosixPath(word.replace("\\", "/")).suffix.lower() in read_images.SUFFIXES

    def _keys(self, word: str) -> list[str]:
        """What a word may be below the folder: itself, and what follows the folder's path or name in it."""
        path = _folded(posixpath.normpath(word.replace("\\", "/")))
        parts = tuple(path.split("/"))
        for root in self._roots:
            if parts[: len(root)] == root:
                return ["/".join(parts[len(root) :])]
        below = ["/".join(parts[i + 1 :]) for i, part in enumerate(parts[:-1]) if part in self._names]
        return [*([] if path.startswith("/") else [path]), *below]

    @cached_property
    def _by_path(self) -> dict[str, list[Path]]:
        return self._table(lambda image: image.as_posix())

    @cached_property
    def _by_stem(self) -> dict[str, list[Path]]:
        return self._table(lambda image: image.with_suffix("").as_posix())

    @cached_property
    def _by_name(self) -> dict[str, list[Path]]:
        return self._table(lambda image: image.name)

    @cached_property
    def _by_name_stem(self) -> dict[str, list[Path]]:
        return self._table(lambda image: image.stem)

    def _table(self, text: Callable[[Path], str]) -> dict[str, list[Path]]:
        found = defaultdict(list)
        for image in self._images:
            found[_folded(text(image))].append(image)
        return dict(found)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
