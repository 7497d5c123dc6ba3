"""Anyone's arrays, in .npy, .npz, HDF5 and torch files: in blocks, no code executed, nothing allocated unchecked."""

import math
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import h5py
import numpy as np

from disentool.errors import DisentoolError, ForeignFile, UnsafeFile
from disentool.io import files, foreign_files, hdf5
from disentool.io.zip_kinds import is_zip

_BLOCK = 16 << 20  # bytes read at a time


class Rows(NamedTuple):
    """One array, not yet read.

    ``along(start, stop, axis)`` gives that part of an axis; cheapest along the first, where ``start`` never goes back.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    along: Callable[[int, int, int], np.ndarray]
    matlab: bool = False  # written by MATLAB, whose arrays often have their rows along the last axis

    def read(self, start: int, stop: int) -> np.ndarray:
        """These rows."""
        return self.along(start, stop, 0)

    def all(self) -> np.ndarray:
        """The whole array."""
        return self.read(0, self.shape[0])

    def blocks(self) -> Iterator[np.ndarray]:
        """The whole array, a few megabytes at a time."""
        size = max(1, _BLOCK // max(1, self.dtype.itemsize * math.prod(self.shape[1:])))
        for start in range(0, self.shape[0], size):
            yield self.read(start, min(start + size, self.shape[0]))

    def ordered(self, axes: Sequence[int]) -> "Rows":
        """The same array with its axes in this order, as by ``np.transpose``."""
        return self._replace(
            shape=tuple(self.shape[axis] for axis in axes),
            along=lambda start, stop, axis: self.along(start, stop, axes[axis]).transpose(axes),
        )


def upright(labels: Rows, count: int) -> Rows:
    """Labels of ``count`` rows: [N], [N,K], or one row [1,N], as MATLAB writes a list, made a column."""
    lies = len(labels.shape) == 2 and labels.shape[0] == 1 and labels.shape[1] == count
    return labels.ordered((1, 0)) if lies else labels


@contextmanager
def opened(path: Path, *, text: bool = False) -> Iterator[Callable[[str], Rows]]:
    """A function from an array's name to its :class:`Rows`, good while the file is open.

    ``text``: also of words, unless it is HDF5 (:mod:`disentool.io.word_arrays` reads those of any file). Raises
    MissingFile, ForeignFile (another kind of file, no such array, Python objects) or UnsafeFile.
    """
    path = files.require(path, "file of arrays (.npy, .npz or HDF5)")
    if hdf5.is_hdf5(path):
        with hdf5.opened(path) as file:
            yield lambda name: _of_hdf5(hdf5.array(file, path, name), path, name)
        return
    with open(path, "rb") as file:
        magic = file.read(6)
    if foreign_files.is_torch(path):
        from disentool.io import torch_arrays  # it loads torch, which takes seconds

        tensors = torch_arrays.read(path)
        yield lambda name: _tensor(tensors, path, name, text)
    elif magic.startswith(b"PK"):
        with _damage(path), zipfile.ZipFile(path) as archive, ExitStack() as stack:
            yield lambda name: _of_npz(archive, stack, path, name, text)
    elif magic == b"\x93NUMPY":
        with _damage(path):
            yield lambda name: _of_npy(path, text)
    else:
        raise ForeignFile(
            f"{path}: expected arrays: a .npy, .npz, HDF5 or .pt file, found {foreign_files.described(path)}"
        )


def listing(path: Path) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    """Shape and dtype of every array in a file, by name; the one of a .npy is called by the empty string.

    What cannot be read as numbers (Python objects, text, sizes that are not true) has shape () and dtype object; a
    single value of a torch file has its own dtype.
    """
    single: dict[str, np.dtype] = {}
    with opened(path) as rows:
        if hdf5.is_hdf5(path):
            with hdf5.opened(path) as file:
                names = [name for name in hdf5.dataset_names(file) if not name.startswith("#")]  # MATLAB's own
        elif foreign_files.is_torch(path):
            from disentool.io import torch_arrays

            tensors = torch_arrays.read(path)
            names = sorted(tensors)
            single = {name: a.dtype for name, a in tensors.items() if isinstance(a, np.ndarray) and not a.ndim}
        elif is_zip(path):
            with zipfile.ZipFile(path) as archive:
                names = sorted(n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy"))
        else:
            names = [""]
        found = {}
        for name in names:
            try:
                array = rows(name)
                found[name] = (array.shape, array.dtype)
            except ForeignFile:  # refused only if it is asked for
                if names == [""]:
                    raise
                found[name] = ((), single.get(name, np.dtype(object)))
        return found


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """On a damaged file zipfile, zlib and NumPy may raise nearly anything."""
    try:
        yield
    except (DisentoolError, MemoryError):
        raise
    except Exception as error:
        raise ForeignFile(f"{path}: {files.damage_of(error)}; make it anew") from error


def _of_hdf5(array: h5py.Dataset, path: Path, name: str) -> Rows:
    if array.ndim == 0:
        raise ForeignFile(f"{path}: array {name!r} is a single number, expected several")
    rows = Rows(array.shape, array.dtype, lambda start, stop, axis: array[_part(start, stop, axis)])
    kind = hdf5.attribute(array, "MATLAB_class", None)
    if kind is None:
        return rows
    if kind == "char" or hdf5.attribute(array, "MATLAB_empty", 0):
        raise ForeignFile(f"{path}: array {name!r} is {'text' if kind == 'char' else 'empty'}, expected numbers")
    # MATLAB counts the first axis fastest, and HDF5 the last: the file has the axes of MATLAB's array reversed.
    return rows.ordered(tuple(range(array.ndim))[::-1])._replace(matlab=True)


def _of_npy(path: Path, text: bool) -> Rows:
    with open(path, "rb") as file:
        shape, fortran, dtype = _npy_header(file, f"{path}:", text)
        offset = file.tell()
    if path.stat().st_size < offset + dtype.itemsize * math.prod(shape):
        raise ForeignFile(f"{path}: cut short: its header says {dtype} {list(shape)}")
    array = np.memmap(path, dtype, "r", offset, shape, "F" if fortran else "C") if math.prod(shape) else None
    return _in_memory(np.zeros(shape, dtype) if array is None else array)


def _in_memory(array: np.ndarray) -> Rows:
    return Rows(array.shape, array.dtype, lambda start, stop, axis: array[_part(start, stop, axis)])


def _part(start: int, stop: int, axis: int) -> tuple[slice, ...]:
    return (*[slice(None)] * axis, slice(start, stop))


def _of_npz(archive: zipfile.ZipFile, stack: ExitStack, path: Path, name: str, text: bool) -> Rows:
    """One member, decompressed as a stream."""
    member = name if name in archive.namelist() else f"{name}.npy"
    if member not in archive.namelist():
        known = ", ".join(sorted(n.removesuffix(".npy") for n in archive.namelist())) or "none"
        raise ForeignFile(f"{path}: no array {name!r}; its arrays are {known}")
    info = archive.getinfo(member)
    if info.file_size > 1100 * max(info.compress_size, 1):  # deflate cannot shrink by more than about a thousand times
        raise UnsafeFile(
            f"{path}: array {name!r} claims {info.file_size:,} bytes but only {info.compress_size:,} are stored"
        )
    stream = stack.enter_context(archive.open(info))
    shape, fortran, dtype = _npy_header(stream, f"{path}: array {name!r}", text)
    offset, per_row = stream.tell(), dtype.itemsize * math.prod(shape[1:])
    if info.file_size != offset + per_row * shape[0]:
        raise ForeignFile(
            f"{path}: array {name!r} has {info.file_size:,} bytes, not those of its shape {list(shape)}; make it anew"
        )
    by_column = fortran and len(shape) > 1  # as transposed arrays are saved: no row is there before the end
    whole: list[np.ndarray] = []

    def along(start: int, stop: int, axis: int) -> np.ndarray:
        first, last = (start, stop) if axis == 0 else (0, shape[0])
        with _damage(path):
            if by_column:
                whole[:] = whole or [np.frombuffer(stream.read(), dtype).reshape(shape, order="F")]
                return whole[0][_part(start, stop, axis)]
            stream.seek(offset + first * per_row)
            block = np.frombuffer(stream.read((last - first) * per_row), dtype).reshape(last - first, *shape[1:])
        return block if axis == 0 else block[_part(start, stop, axis)]

    return Rows(shape, dtype, along)


def _tensor(tensors: Mapping[str, np.ndarray | str], path: Path, name: str, text: bool) -> Rows:
    if name not in tensors:
        raise ForeignFile(f"{path}: no tensor {name!r}; its tensors are {', '.join(sorted(tensors)) or 'none'}")
    tensor = tensors[name]
    if isinstance(tensor, str):
        raise ForeignFile(f"{path}: {name!r} is {tensor}, expected a tensor of numbers")
    if not tensor.ndim:
        raise ForeignFile(f"{path}: {name!r} is a single value, expected several")
    if tensor.dtype.kind == "U" and not text:
        raise ForeignFile(f"{path}: {name!r} is a list of words, expected numbers")
    return _in_memory(tensor)


def _npy_header(file: IO[bytes], what: str, text: bool) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, Fortran's order, and type; errors begin with ``what``. ``text``: words are no error."""
    version = np.lib.format.read_magic(file)
    reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if reader is None:
        raise ForeignFile(f"{what} has .npy version {'.'.join(map(str, version))}, expected 1.0 or 2.0; save it anew")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # NumPy remarks on a header that Python 2 wrote; it reads it
        shape, fortran, dtype = reader(file)
    if dtype.hasobject:
        raise UnsafeFile(f"{what} holds Python objects, which could execute code when read; save it as numbers")
    if dtype.kind not in ("buifUS" if text else "buif"):
        pictures = ", or pictures each as a file, for `disentool prepare folder`" if dtype.kind in "SV" else ""
        raise ForeignFile(f"{what} holds {_kinds(dtype)}, expected numbers; save it as numbers{pictures}")
    if not shape or any(size < 0 for size in shape):
        raise ForeignFile(f"{what} has shape {list(shape)}, expected an array of rows")
    return shape, fortran, dtype


def _kinds(dtype: np.dtype) -> str:
    """What an array without numbers holds, in words."""
    words = {"U": "text", "S": "bytes", "M": "dates", "m": "durations", "c": "complex numbers", "V": "records"}
    return words.get(dtype.kind, str(dtype))
