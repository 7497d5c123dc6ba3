"""What ``torch.save`` wrote, read back without executing anything and without taking memory it does not hold."""

import mmap
import pickle
import pickletools
import re
import struct
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import torch

from disentool.errors import DisentoolError, ForeignFile, UnsafeFile, typed
from disentool.io.zip_kinds import is_zip

_LEGACY = 5  # pickles at the head of a file of torch < 1.6: magic, protocol, system, the object, the storages' keys
# All that these files may name. Torch itself lets more pass: bytearray(10**10), say, takes the memory it asks for.
_CODE_FREE = re.compile(
    r"collections OrderedDict|torch\._utils _rebuild_(tensor|tensor_v2|parameter)|torch\.nn\.parameter Parameter"
    r"|torch (Float|Double|Half|BFloat16|Long|Int|Short|Char|Byte|Bool|ComplexFloat|ComplexDouble)Storage|torch Size"
    r"|torch\._utils _rebuild_(tensor_v3|parameter_with_state)|torch\.storage UntypedStorage"
    r"|torch (u?int|float|bfloat|complex)\d+(_\w+)?|torch (bool|device)"
)
_LONGEST = 64 << 20  # bytes of a pickle, in which no number of a tensor is
_END, _END64, _LOCATOR = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")  # of a zip
_WHOLE = ("BININT", "BININT1", "BININT2", "LONG1")  # how pickles hold a whole number that is positive
_MEMO = ("BINPUT", "LONG_BINPUT", "PUT", "MEMOIZE")


def load(path: Path, what: str, hint: str, *, legacy: bool = False, mapped: bool = False) -> Any:
    """The object in a file, on the CPU: tensors and plain Python. ``what`` and ``hint`` are for errors' words.

    ``legacy``: the format of torch before 1.6 is accepted too. ``mapped``: numbers stay in the file until they are
    used. Raises UnsafeFile (it holds code, or claims more than it holds) or ForeignFile. Where tensors are views, they
    can still be larger than what is stored: :func:`check_leaves`.
    """
    if legacy and not is_zip(path):
        _check_legacy(path, what, hint)
    else:
        _check_archive(path, what, hint)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks of torch's on what is refused below
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        if not (named := re.search(r"GLOBAL ([\w.]+)", str(error))):
            raise _damaged(path, what, hint) from error
        raise UnsafeFile(
            f"{path}: holds Python objects ({named[1]}), expected tensors and plain values; not opened"
        ) from None
    except (DisentoolError, MemoryError):  # the former: SIGTERM arrived
        raise
    except Exception as error:  # on a damaged file torch may raise nearly anything
        raise _damaged(path, what, hint) from error


def _damaged(path: Path, what: str, hint: str) -> ForeignFile:
    return ForeignFile(f"{path}: not a {what}, or a damaged one; {hint}")


def _check_archive(path: Path, what: str, hint: str) -> None:
    """A torch file is a zip of stored members, with pickles of tensors; it does not unpack to more than itself."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if any(m.compress_type != zipfile.ZIP_STORED for m in members):
                raise UnsafeFile(f"{path}: has compressed members, a {what} has none; not opened")
            if sum(m.file_size for m in members) > path.stat().st_size or not _has_one_directory(path, archive):
                raise UnsafeFile(f"{path}: claims to hold more bytes than it has; not opened")
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        raise ForeignFile(f"{path}: not a {what}, or one cut short; {hint}") from None
    try:
        with zipfile.ZipFile(path) as archive:
            for member in members:
                if member.filename.endswith(".pkl"):
                    _check_pickle(path, archive, member)
    except (zipfile.BadZipFile, OSError, ValueError, IndexError, NotImplementedError, RuntimeError, EOFError) as error:
        raise _damaged(path, what, hint) from error


def _has_one_directory(path: Path, archive: zipfile.ZipFile) -> bool:
    """Whether every reader of a zip finds the directory that Python's finds.

    A zip may have several, one behind the other, or before other bytes: the one that was checked is then not the one
    that torch reads. So it must end where the end records begin, these must agree, and the file must end with them.
    """
    size = path.stat().st_size
    with open(path, "rb") as file:
        file.seek(size - _END.size)
        sign, *disks, here, entries, length, start, comment = _END.unpack(file.read(_END.size))
        last = size - _END.size
        file.seek(max(0, last - _LOCATOR.size))
        locator = _LOCATOR.unpack(file.read(_LOCATOR.size))
        if locator[0] == b"PK\6\7":
            last = locator[2]
            file.seek(last)
            sign64, *_, here64, entries64, length64, start64 = _END64.unpack(file.read(_END64.size))
            told = [(here, here64, 0xFFFF), (entries, entries64, 0xFFFF)]
            told += [(length, length64, 0xFFFFFFFF), (start, start64, 0xFFFFFFFF)]
            if sign64 != b"PK\6\6" or any(short not in (long, most) for short, long, most in told):
                return False
            if last + _END64.size + _LOCATOR.size + _END.size != size:
                return False
            entries, length, start = entries64, length64, start64
    whole = sign == b"PK\5\6" and not any(disks) and not comment and start + length == last
    return whole and archive.start_dir == start and len(archive.infolist()) == entries


def _check_pickle(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """UnsafeFile for a pickle that names anything but tensors and what they are kept in."""
    if member.file_size > _LONGEST:
        raise UnsafeFile(f"{path}: its description takes {member.file_size:,} bytes; not opened")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks of pickletools' on damaged text
        for opcode, argument, _ in pickletools.genops(archive.read(member)):
            _check_global(path, opcode.name, argument)


def _check_global(path: Path, opcode: str, argument: Any) -> None:
    if opcode in ("GLOBAL", "STACK_GLOBAL", "INST") and not _CODE_FREE.fullmatch(str(argument)):
        named = str(argument or "by a computed name").replace(" ", ".")[:80]
        raise UnsafeFile(f"{path}: holds Python objects ({named}), expected tensors and plain values; not opened")


def _check_legacy(path: Path, what: str, hint: str) -> None:
    """UnsafeFile unless the pickles name nothing but tensors, and all storages together fit into the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks of pickletools' on damaged text
            for opcode, argument in _opcodes(path):
                _check_global(path, opcode, argument)
            check_storages(path)
    except (ValueError, OSError, IndexError) as error:  # genops says ValueError to what is no pickle
        raise _damaged(path, what, hint) from error


def check_storages(path: Path) -> None:
    """UnsafeFile unless all storages of a file of torch before 1.6 fit into it; ValueError or IndexError for another.

    Torch takes the memory that a storage claims before it looks for its bytes.
    """
    claimed = 0
    recent: list[tuple[str, Any]] = []
    for opcode, argument in _opcodes(path):
        if opcode == "BINPERSID":
            # ('storage', type, key, device, elements, view or None): where the last but one is a number
            # put there directly, torch sees the one that is counted here.
            end = [entry for entry in recent if entry[0] not in _MEMO][-3:]
            as_written = [name for name, _ in end[1:]] == ["NONE", "TUPLE"] and end[0][0] in _WHOLE
            if not as_written or end[0][1] < 0:
                raise UnsafeFile(f"{path}: its storages are not as torch writes them; not opened")
            claimed += end[0][1]
        recent = [*recent[-6:], (opcode, argument)]
    if claimed > path.stat().st_size:
        raise UnsafeFile(f"{path}: claims to hold more numbers than it has bytes; not opened")


def _opcodes(path: Path) -> Iterator[tuple[str, Any]]:
    """Name and argument of each opcode of a legacy file's pickles: read, not run."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for _ in range(_LEGACY):
            # genops asks of its file only what an mmap has: read and readline.
            for opcode, argument, _ in pickletools.genops(cast(IO[bytes], data)):
                yield opcode.name, argument


def check_leaves(path: Path, content: Any) -> None:
    """Tensors stored in full and plain values only, no more of them than the file has bytes.

    (A few bytes of pickle can put one list into another again and again, or into itself.)
    """
    left, waiting = path.stat().st_size, [(content, 0)]
    while waiting:
        value, depth = waiting.pop()
        left -= 1
        if depth > 20 or left < 0:
            raise UnsafeFile(f"{path}: nested deeper than any checkpoint; not used")
        if isinstance(value, torch.Tensor):
            plain = value.layout == torch.strided and value.device.type == "cpu" and not value.is_quantized
            if not plain or value.numel() * value.element_size() > value.untyped_storage().nbytes():
                raise UnsafeFile(f"{path}: holds a tensor {list(value.shape)} that is not stored in full; not used")
        elif isinstance(value, dict):
            if not all(isinstance(key, (str, int)) for key in value):
                raise UnsafeFile(f"{path}: holds a dict whose keys are no names; not used")
            waiting += [(item, depth + 1) for item in value.values()]
        elif isinstance(value, (list, tuple)):
            waiting += [(item, depth + 1) for item in value]
        elif isinstance(value, int) and value.bit_length() > 1000:
            raise UnsafeFile(f"{path}: holds a number that is larger than any float; not used")
        elif not (value is None or isinstance(value, (bool, int, float, str))):
            raise UnsafeFile(f"{path}: holds {typed(value)}, expected tensors and plain values; not used")


def holds_tensors(value: Any) -> bool:
    """Whether a tensor is anywhere in what :func:`check_leaves` let pass."""
    if isinstance(value, dict):
        return any(map(holds_tensors, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(holds_tensors, value))
    return isinstance(value, torch.Tensor)


def as_array(value: Any) -> np.ndarray | None:
    """A tensor as an array, of a type that NumPy has; None for anything else."""
    if not isinstance(value, torch.Tensor):
        return None
    value = value.detach()
    with suppress(TypeError, RuntimeError):  # of a type that NumPy has not, such as whole numbers of 3 bits
        small = value.is_floating_point() and value.element_size() < 4
        return cast(np.ndarray, (value.float() if small else value).numpy())
    return None
