"""Words of anyone's files: arrays [N] of text in HDF5, .npy, .npz and torch files, with bounds on what they claim."""

from pathlib import Path

from disentool.errors import ForeignFile, UnsafeFile
from disentool.io import arrays, hdf5, hdf5_heap

_WORD = 10_000  # bytes of a word in HDF5
_CHARACTER = 4  # bytes in NumPy
_MOST = 1 << 29  # bytes of all of them


def read(path: Path, name: str) -> list[str] | None:
    """The words of an array [N], or of one column or row; None for an array of anything but text.

    Raises MissingFile; ForeignFile for another shape or a damaged file; UnsafeFile for more than words have.
    """
    if hdf5.is_hdf5(path):
        with hdf5.opened(path) as file:
            array = hdf5.located(file, path, name)
            if not hdf5_heap.holds_text(array):
                return None
            pieces = hdf5_heap.pieces(array, path, name, _WORD)
            return [word.rstrip(b"\0").decode("utf-8", "replace") for word in pieces]
    with arrays.opened(path, text=True) as file:
        array = file(name)
        if array.dtype.kind not in "US":
            return None
        if len(array.shape) > 2 or (len(array.shape) == 2 and 1 not in array.shape):
            raise ForeignFile(f"{path}: array {name!r} is {list(array.shape)} words, expected one for each image")
        size = array.dtype.itemsize
        if size > _CHARACTER * _WORD or size * max(array.shape) > _MOST:
            raise UnsafeFile(f"{path}: array {name!r} claims {max(array.shape):,} words of {size:,} bytes; not read")
        words = array.all().reshape(-1).tolist()
        return [word.decode("utf-8", "replace") if isinstance(word, bytes) else word for word in words]
