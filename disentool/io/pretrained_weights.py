"""Files of published networks' weights, read without executing anything and checked tensor by tensor."""

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
    content = torch_file.load(path, "file of torch's weights", expected, legacy=True)
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
