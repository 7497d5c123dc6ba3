"""Files of published networks' weights, read without executing anything and checked tensor by tensor."""

import os
import pickle
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from disentool.errors import ForeignFile, UnsafeFile, typed
from disentool.io import files, torch_file


def read(path: Path, what: str, hint: str, expected: str) -> dict[Any, Any]:
    """The dict that ``torch.save`` wrote, in today's format or that of torch before 1.6, on the CPU.

    ``what`` and ``hint``: the file and how to get it, for MissingFile. ``expected`` ends every other message. Raises
    MissingFile, UnsafeFile (it holds code, or claims more than it holds) or ForeignFile. What the dict holds is not
    checked: :func:`check_shape`, :func:`check_values`.
    """
    path = files.require(path, what, hint)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > os.path.getsize(path):
                raise UnsafeFile(f"{path}: claims to hold more bytes than it has; not opened")
    else:
        with suppress(ValueError, OSError, IndexError):  # no pickles: torch says it below
            torch_file.check_storages(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks of torch's on what is refused below
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise UnsafeFile(f"{path}: holds Python objects or is no torch file; {expected}") from None
    except MemoryError:
        raise
    except Exception as error:  # on a damaged file torch may raise nearly anything
        raise ForeignFile(f"{path}: not a file of torch's weights, or a damaged one; {expected}") from error
    if not isinstance(content, dict):
        raise ForeignFile(f"{path}: holds {typed(content)}; {expected}")
    return content


def check_shape(path: Path, name: str, value: Any, shape: tuple[int, ...], end: str) -> Tensor:
    """``value`` if it is an ordinary tensor of floating-point numbers of this shape; else ForeignFile.

    ``name``: the tensor's, ``end``: the end of the message.
    """
    tensor = value if isinstance(value, Tensor) else None
    if (
        tensor is None
        or tensor.layout != torch.strided
        or not tensor.is_floating_point()  # which no quantised tensor is
        or tensor.shape != shape
    ):
        had = type(value).__name__ if tensor is None else list(tensor.shape)
        raise ForeignFile(f"{path}: {name} is {had}, expected {list(shape)}{end}")
    return tensor


def check_values(path: Path, name: str, tensor: Tensor, end: str = "") -> Tensor:
    """A float32 copy; UnsafeFile for a tensor that is not stored in full, ForeignFile for one that is not finite."""
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise UnsafeFile(f"{path}: {name} is not stored in full{end}")
    if not bool(tensor.isfinite().all()):
        raise ForeignFile(f"{path}: {name} is not finite{end}")
    return tensor.float().clone()
