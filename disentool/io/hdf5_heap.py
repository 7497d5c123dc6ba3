"""Bytes of any length in an HDF5 array, one piece a row: read from the file's global heap with bounds on everything.

Not HDF5's own reader: it takes the memory that a piece claims before it looks for its bytes, and copies as many bytes
as the heap claims into it. The layout is that of HDF5's file format specification, III.E (global heap) and IV.A.2.d.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np

from disentool.errors import ForeignFile, UnsafeFile

_REFERENCE = np.dtype([("length", "<u4"), ("address", "<u8"), ("index", "<u4")])  # to a piece, in its row
_HEADER = 16  # bytes, of a collection of pieces and of each piece in it
_KEPT = 64  # collections whose pieces are remembered
_ROWS = 50_000_000
_BLOCK = 16 << 20  # bytes of rows of a fixed length that are read at a time
_PACKING = 1032  # gzip cannot shrink by more than about a thousand times
_GZIP = h5py.h5z.FILTER_DEFLATE


def holds_bytes(array: h5py.Dataset) -> bool:
    """Whether an array [N] has pieces of bytes or text: of any length, or of a fixed one (opaque, text)."""
    return array.ndim == 1 and (_varies(array) or (array.dtype.kind in "SV" and array.dtype.names is None))


def holds_text(array: h5py.Dataset) -> bool:
    """Whether an array [N] is declared as text."""
    return array.ndim == 1 and h5py.check_string_dtype(array.dtype) is not None


def pieces(array: h5py.Dataset, path: Path, name: str, limit: int) -> Iterator[bytes]:
    """The pieces of an array [N] that :func:`holds_bytes`, in order; of a fixed length, with the zeros behind them.

    ``path``: its file. Raises UnsafeFile for a piece of more than ``limit`` bytes, or of more than the file has;
    ForeignFile for a damaged file, and for a layout that h5py does not write unless asked.
    """
    if array.shape[0] > _ROWS:
        raise UnsafeFile(f"{path}: array {name!r} claims {array.shape[0]:,} rows; not read")
    if not _varies(array):
        yield from _fixed(array, path, name, limit)
        return
    references = np.frombuffer(_references(array, path, name), _REFERENCE)
    longest = int(references["length"].max(initial=0))
    if longest > min(limit, path.stat().st_size):
        raise UnsafeFile(f"{path}: array {name!r} claims a row of {longest:,} bytes, expected at most {limit:,}")
    base = array.file.userblock_size
    known: dict[int, dict[int, tuple[int, int]]] = {}  # address of a collection -> its pieces
    with open(path, "rb") as file:
        for row, (length, address, index) in enumerate(references.tolist()):
            if not length:
                yield b""
                continue
            if address not in known:
                while len(known) >= _KEPT:
                    known.pop(next(iter(known)))
                known[address] = _collection(file, base + address, path)
            at, size = known[address].get(index, (0, -1))
            if size != length:
                raise ForeignFile(f"{path}: array {name!r}: row {row} is not where the file says; make it anew")
            file.seek(at)
            yield file.read(size)


def _varies(array: h5py.Dataset) -> bool:
    text = h5py.check_string_dtype(array.dtype)
    base = h5py.check_vlen_dtype(array.dtype)
    return base in (np.uint8, np.int8) or (text is not None and text.length is None)


def _fixed(array: h5py.Dataset, path: Path, name: str, limit: int) -> Iterator[bytes]:
    each = array.dtype.itemsize
    stored = min(array.id.get_storage_size(), path.stat().st_size) * (_PACKING if array.compression else 1)
    if each > limit or each * array.shape[0] > stored:
        raise UnsafeFile(f"{path}: array {name!r} claims rows of {each:,} bytes, more than it has, or than {limit:,}")
    rows = max(1, _BLOCK // max(each, 1))
    for start in range(0, array.shape[0], rows):
        block = array[start : start + rows].tobytes()
        for at in range(0, len(block), max(each, 1)):
            yield block[at : at + each]


def _references(array: h5py.Dataset, path: Path, name: str) -> bytes:
    """What the array itself holds: for each row, where its piece lies."""
    size, offset = array.shape[0] * _REFERENCE.itemsize, array.id.get_offset()
    if not array.shape[0]:
        return b""
    if offset is not None and array.chunks is None:
        with open(path, "rb") as file:
            file.seek(offset)
            found = file.read(size)
        if len(found) != size or array.id.get_storage_size() != size:
            raise ForeignFile(f"{path}: array {name!r} is cut short; make it anew")
        return found
    if array.chunks is None or not _plain(array):
        raise ForeignFile(f"{path}: array {name!r} is stored in a rare way; save it as h5py does unless it is told to")
    each, most = array.chunks[0] * _REFERENCE.itemsize, path.stat().st_size
    chunks: list[h5py.h5d.StoreInfo] = []
    array.id.chunk_iter(chunks.append)
    if size > most * (_PACKING if array.compression else 1) or any(chunk.size > most for chunk in chunks):
        raise UnsafeFile(f"{path}: array {name!r} claims {array.shape[0]:,} rows, more than are stored")
    whole = bytearray(size)
    for chunk in chunks:
        mask, packed = array.id.read_direct_chunk(chunk.chunk_offset)
        unpacked = zlib.decompressobj().decompress(packed, each) if array.compression and not mask else packed
        at = chunk.chunk_offset[0] * _REFERENCE.itemsize
        part = unpacked[: min(each, max(0, size - at))]
        whole[at : at + len(part)] = part
    return bytes(whole)


def _plain(array: h5py.Dataset) -> bool:
    """Whether nothing but gzip was done to the array's chunks."""
    plan = array.id.get_create_plist()
    return all(plan.get_filter(number)[0] == _GZIP for number in range(plan.get_nfilters()))


def _collection(file: BinaryIO, at: int, path: Path) -> dict[int, tuple[int, int]]:
    """The pieces of the collection that begins at this byte: index -> where it begins, and its length in bytes."""
    end = path.stat().st_size
    file.seek(at)
    header = file.read(_HEADER)
    if len(header) < _HEADER or header[:5] != b"GCOL\x01":
        raise ForeignFile(f"{path}: no bytes where the file says; make it anew")
    stop = at + struct.unpack_from("<Q", header, 8)[0]
    if stop > end:
        raise ForeignFile(f"{path}: cut short; make it anew")
    found, at = {}, at + _HEADER
    while at + _HEADER <= stop:
        file.seek(at)
        index, _, _, size = struct.unpack("<HHIQ", file.read(_HEADER))
        at += _HEADER
        if index == 0:  # what is left is free
            break
        if at + size > stop:
            raise ForeignFile(f"{path}: cut short; make it anew")
        found[index] = (at, size)
        at += -(-size // 8) * 8
    return found
