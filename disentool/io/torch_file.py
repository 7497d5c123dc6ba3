"""What ``torch.save`` wrote, read back without executing anything and without taking memory it does not hold."""

import mmap
import pickle
import pickletools
import re
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import torch

from disentool.errors import DisentoolError, ForeignFile, UnsafeFile, typed

_LEGACY = 5  # pickles at the head of a file of torch < 1.6: magic, protocol, system, the object, the storages' keys
_CODE_FREE = re.compile(
    r"collections OrderedDict|torch\._utils _rebuild_(tensor|tensor_v2|parameter)"
    r"|torch (Float|Double|Half|BFloat16|Long|Int|Short|Char|Byte|Bool)Storage|torch Size"
)
_WHOLE = ("BININT", "BININT1", "BININT2", "LONG1")  # how pickles hold a whole number that is positive
_MEMO = ("BINPUT", "LONG_BINPUT", "PUT", "MEMOIZE")


def load(path: Path, what: str, hint: str, *, legacy: bool = False, mapped: bool = False) -> Any:
    """The object in a file, on the CPU: tensors and plain Python. ``what`` and ``hint`` are for errors' words.

    ``legacy``: the format of torch before 1.6 is accepted too. ``mapped``: numbers stay in the file until they are
    used. Raises UnsafeFile (it holds code, or claims more than it holds) or ForeignFile. Where tensors are views, they
    can still be larger than what is stored: :func:`check_leaves`.
    """
    if legacy and not zipfile.is_zipfile(path):
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
    """A torch file is a zip of stored members; one that unpacks to more than itself is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise ForeignFile(f"{path}: not a {what}, or one cut short; {hint}") from None
    if any(m.compress_type != zipfile.ZIP_STORED for m in members):
        raise UnsafeFile(f"{path}: has compressed members, a {what} has none; not opened")
    if sum(m.file_size for m in members) > path.stat().st_size:
        raise UnsafeFile(f"{path}: claims to hold more bytes than it has; not opened")


def _check_legacy(path: Path, what: str, hint: str) -> None:
    """UnsafeFile unless the pickles name nothing but tensors, and all storages together fit into the file."""
    try:
        for opcode, argument in _opcodes(path):
            if opcode in ("GLOBAL", "STACK_GLOBAL", "INST") and not _CODE_FREE.fullmatch(str(argument)):
                named = str(argument or "by a computed name").replace(" ", ".")[:80]
                raise UnsafeFile(
                    f"{path}: holds Python objects ({named}), expected tensors and plain values; not opened"
                )
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
        elif not (value is None or isinstance(value, (bool, int, float, str))):
            raise UnsafeFile(f"{path}: holds {typed(value)}, expected tensors and plain values; not used")


def as_array(value: Any) -> np.ndarray | None:
    """A tensor as an array, of a type that NumPy has; None for anything else."""
    if not isinstance(value, torch.Tensor):
        return None
    value = value.detach()
    return cast(np.ndarray, (value.float() if value.dtype in (torch.bfloat16, torch.float16) else value).numpy())
