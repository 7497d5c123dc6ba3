"""The images of a data set for several processes: one map, or one copy, for all of them."""

import mmap
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np


@dataclass(frozen=True)
class SharedImages:
    """Images in an open file, which the processes that are started with it inherit.

    ``number``: of the file, the same in all of them. ``offset``: where the pixels begin, in bytes. ``shape``: N,H,W,C.
    """

    number: int
    offset: int
    shape: tuple[int, ...]

    def mapped(self) -> np.ndarray:
        """uint8 [N,H,W,C]: a copy-on-write memory map; all processes share the pages that nobody writes to."""
        with os.fdopen(os.dup(self.number), "rb") as file:
            return np.memmap(file, dtype=np.uint8, mode="c", offset=self.offset, shape=self.shape)


@contextmanager
def share(images: np.ndarray, *, opened_here: bool) -> Iterator[SharedImages]:
    """The images (uint8 [N,H,W,C]) in an open file: their own where they are a map of one, else a copy in memory.

    Where the map was not ``opened_here``, its pixels may have been changed in memory; then there is a copy too. Where
    the system has no files in memory (macOS), the copy is a temporary file.
    """
    if isinstance(images, np.memmap) and isinstance(images.base, mmap.mmap):  # else a part of one, at another place
        with open(str(images.filename), "rb") as file:
            shared = SharedImages(file.fileno(), images.offset, images.shape)
            if opened_here or _equal(images, shared.mapped()):
                yield shared
                return
    with _in_memory() as file:
        for image in images:
            file.write(np.ascontiguousarray(image).data)
        file.flush()
        yield SharedImages(file.fileno(), 0, images.shape)


def _equal(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether all pixels are the same, compared some megabytes at a time."""
    rows = max(1, (16 << 20) // max(first[0].nbytes, 1))
    return all(np.array_equal(first[n : n + rows], second[n : n + rows]) for n in range(0, len(first), rows))


def _in_memory() -> BinaryIO:
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("disentool-images"), "w+b")
    return tempfile.TemporaryFile()
