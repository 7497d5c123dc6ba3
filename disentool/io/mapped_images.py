"""Images mapped from a file, which another program may cut short: to read what is gone would end the process."""

import mmap

import numpy as np

from disentool.errors import ForeignFile


class MappedImages:
    """Watches the file that images are mapped from; images in memory need no watch."""

    def __init__(self, images: np.ndarray):
        found = getattr(images, "_mmap", None) if isinstance(images, np.memmap) else None
        self._map: mmap.mmap | None = found
        self._size = 0 if found is None else found.size()

    def require_whole(self) -> None:
        """ForeignFile if the file is shorter than it was; takes about a microsecond."""
        if self._map is not None and self._map.size() < self._size:
            raise ForeignFile("the data set's file was cut short while it was read; make it anew")
