"""One numeric array of a MATLAB 5 .mat file, as MathWorks' "MAT-File Format" document lays it out.

Not scipy.io: its whosmat and loadmat both decompress as many bytes as a tag claims, in a name or in values, and a file
of 1 MB can claim 1 GB. Here only bytes are wanted, and their number is checked before they are made.
"""

import math
import struct
import zlib
from pathlib import Path

import numpy as np

from disentool.errors import ForeignFile

_COMPRESSED, _MATRIX = 15, 14
_INT8, _INT32, _UINT32, _UINT8 = 1, 5, 6, 2
_UINT8_CLASS = 9


def uint8_array(data: bytes, name: str, shape: tuple[int, ...], path: Path, member: str) -> np.ndarray:
    """The uint8 array ``name`` of exactly this shape, in Fortran order. Raises ForeignFile naming ``member``."""

    def foreign(problem: str) -> ForeignFile:
        return ForeignFile(f"{path}: {member}: {problem}; expected MATLAB 5 with uint8 {name!r} {list(shape)}")

    if len(data) < 136 or data[126:128] not in (b"IM", b"MI") or not data.startswith(b"MATLAB 5"):
        raise foreign("not a MATLAB 5 file, or cut short")
    order = "<" if data[126:128] == b"IM" else ">"
    need = math.prod(shape)
    at, seen = 128, []
    try:
        while at < len(data):
            kind, size = struct.unpack_from(f"{order}II", data, at)
            at += 8
            if at + size > len(data):
                raise foreign("cut short")
            if kind == _COMPRESSED:
                unpacker = zlib.decompressobj()
                # The array's own header is small; what comes out beyond the expected size is another array.
                element = unpacker.decompress(data[at : at + size], need + 4096)
                whole = unpacker.eof
            else:
                element, whole = data[at - 8 : at + size], True
            at += size
            found, array = _matrix(element, order, name, shape, need)
            seen.append(found)
            if array is not None:
                if not whole or (kind == _COMPRESSED and unpacker.unused_data):
                    raise foreign(f"{name!r} is longer than its shape")
                return array
    except (struct.error, zlib.error, ValueError, IndexError) as error:
        raise foreign("damaged") from error
    raise foreign(f"holds {', '.join(str(item)[:40] for item in seen) or 'nothing'}")


def _matrix(element: bytes, order: str, name: str, shape: tuple[int, ...], need: int) -> tuple[str, np.ndarray | None]:
    """What one matrix element is, and its values if it is the array asked for."""
    kind, _ = struct.unpack_from(f"{order}II", element, 0)
    if kind != _MATRIX:
        return f"an element of type {kind}", None
    flags, at = _part(element, 8, order, _UINT32, 8)
    dims, at = _part(element, at, order, _INT32, 4 * 32)
    found, at = _part(element, at, order, _INT8, 256)
    sizes = struct.unpack(f"{order}{len(dims) // 4}i", dims)
    array_class = struct.unpack_from(f"{order}I", flags)[0] & 0xFF
    text = found.decode("ascii", "replace")
    label = f"{text!r} {list(sizes)} of class {array_class}"
    if text != name or sizes != shape or array_class != _UINT8_CLASS:
        return label, None
    values, _ = _part(element, at, order, _UINT8, need)
    if len(values) != need:
        raise ValueError(f"{len(values)} of {need} bytes")
    return label, np.frombuffer(values, np.uint8).reshape(shape, order="F")


def _part(element: bytes, at: int, order: str, expected: int, most: int) -> tuple[bytes, int]:
    """Bytes of a sub-element and where the next one starts; up to four bytes are packed into its tag."""
    kind, size = struct.unpack_from(f"{order}II", element, at)
    if kind >> 16:  # small format: size in the upper half
        kind, size, start, end = kind & 0xFFFF, kind >> 16, at + 4, at + 8
    else:
        start, end = at + 8, at + 8 + -(-size // 8) * 8
    if kind != expected or size > most or start + size > len(element):
        raise ValueError(f"a sub-element of type {kind} with {size} bytes, expected type {expected}")
    return element[start : start + size], end
