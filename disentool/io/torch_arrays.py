"""What a file of torch holds beside one another: tensors and lists as arrays, and of the rest what it is."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentool.errors import counted, typed
from disentool.io import torch_file

_LONGEST = 2500  # characters of a word: more is a text, and no class
_WORDS = 1 << 26  # characters that the words of a list take as an array


def read(path: Path) -> dict[str, np.ndarray | str]:
    """The tensors of a file by name, as arrays; one alone is called by the empty string.

    In a dict also single values, and lists of numbers or of words, as arrays; of anything else it is said what it is,
    such as ``a list of 8 tensors``. A pair, as torchvision keeps MNIST, is ``images`` and ``labels`` where the second
    one can be labels. Nothing executes. Raises ForeignFile or UnsafeFile.
    """
    content = _content(path)
    if isinstance(content, (tuple, list)) and len(content) == 2:
        images, labels = map(_as_array, content)
        if images is not None and images.ndim > 2 and labels is not None and labels.ndim in (1, 2):
            return {"images": images, "labels": labels}
    if not isinstance(content, dict):
        array = torch_file.as_array(content)
        return {} if array is None else {"": array}
    found = ((str(name), value, _as_array(value)) for name, value in content.items())
    return {name: _said(value) if array is None else array for name, value, array in found}


def described(path: Path) -> str:
    """What the object in a file is, such as ``a list of 8 tensors``."""
    return _said(_content(path))


def _content(path: Path) -> Any:
    hint = "save a tensor of images, or a dict of tensors images and labels"
    content = torch_file.load(path, "file of tensors", hint, mapped=True)
    torch_file.check_leaves(path, content)
    return content


def _as_array(value: Any) -> np.ndarray | None:
    """A tensor, a single value, or a list of numbers or of words; None for anything else."""
    if isinstance(value, torch.Tensor):
        return torch_file.as_array(value)
    plain = value if isinstance(value, (list, tuple)) else [value]
    if not plain:
        return None
    if all(isinstance(item, str) for item in plain):
        longest = max(map(len, plain))
        return np.array(value) if longest <= _LONGEST and longest * len(plain) <= _WORDS else None
    if not all(isinstance(item, (bool, int, float)) for item in plain):
        return None
    array = np.array(value)
    return array if array.dtype.kind in "buif" else None  # whole numbers beyond 64 bits are objects


def _said(value: Any) -> str:
    """What a value is that is no array."""
    if isinstance(value, (list, tuple)) and value:
        kinds = {type(item) for item in value}
        kind = type(value[0]).__name__ if len(kinds) == 1 else "thing"
        item = {"Tensor": "tensor", "str": "word", "int": "number", "float": "number"}.get(kind, kind)
        return f"{typed(value)} of {counted(len(value), item)}"
    if isinstance(value, dict) and value:
        names = [str(name)[:40] for name in value]
        return f"a dict of {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}"
    return typed(value)
