"""Images and codes of a caller's, NumPy or torch, checked and taken to a model's device batch by batch."""

from collections.abc import Iterator
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from disentool.contract import DataFacts
from disentool.engine import inference
from disentool.engine.feed import to_float
from disentool.errors import DataMismatch, typed

# What a caller gives is what he gets: NumPy arrays, or tensors on the device that theirs are on.
Array = TypeVar("Array", np.ndarray, Tensor)


class Posterior(NamedTuple, Generic[Array]):
    """q(z|x) of some images: ``mean`` and ``logvar``, float32 [N,D] each."""

    mean: Array
    logvar: Array


def image_batches(images: np.ndarray | Tensor, facts: DataFacts, device: torch.device) -> Iterator[Tensor]:
    """The images on the device, float32 [b,C,H,W] in 0..1.

    ``images``: uint8, or float in 0..1; a NumPy array [N,H,W,C] or a tensor [N,C,H,W], or [N,H,W] where C is 1.
    Raises DataMismatch, which says what was found: before the first batch for type and shape, else with its batch.
    """
    _require_shape(images, facts)
    for start in range(0, len(images), inference.BATCH):
        part = images[start : start + inference.BATCH]
        if isinstance(part, np.ndarray):  # a copy: torch warns of memory that cannot be written, such as a file's
            there = torch.from_numpy(part.copy() if part.dtype == np.uint8 else _float32(part))
            there = there.reshape(-1, facts.height, facts.width, facts.channels)
        else:
            there = part.detach() if part.dtype == torch.uint8 else part.detach().to(torch.float32)
            there = there.reshape(-1, facts.channels, facts.height, facts.width).permute(0, 2, 3, 1).contiguous()
        there = there.to(device)
        if there.dtype == torch.uint8:
            yield to_float(there)
            continue
        _require_range(there, start)
        yield there.permute(0, 3, 1, 2)


def code_batches(codes: np.ndarray | Tensor, widths: tuple[int, ...], device: torch.device) -> Iterator[Tensor]:
    """The codes on the device, float32 [b,D], D being one of ``widths``; DataMismatch says what was found instead."""
    _require_codes(codes, widths)
    for start in range(0, len(codes), inference.BATCH):
        part = codes[start : start + inference.BATCH]
        there = torch.from_numpy(_float32(part)) if isinstance(part, np.ndarray) else part.detach()
        there = there.to(torch.float32).to(device)
        if not bool(there.isfinite().all()):
            wrong = start + int((~there.isfinite()).any(1).nonzero()[0])
            raise DataMismatch(f"codes: row {wrong} holds NaN or infinity")
        yield there


def as_given(parts: list[Tensor], given: Array) -> Array:
    """Batches [b,...] on a model's device as one array of the caller's kind, in its layout (images: see above)."""
    joined = torch.cat(parts)
    if isinstance(given, Tensor):
        return joined.to(given.device).clone()  # out of inference mode, so that a caller may compute gradients with it
    joined = joined.permute(0, 2, 3, 1) if joined.ndim == 4 else joined
    return np.ascontiguousarray(joined.cpu().numpy())


def _require_shape(images: np.ndarray | Tensor, facts: DataFacts) -> None:
    kind = require_array(images, "images", "[N,H,W,C]")
    height, width, channels = facts.height, facts.width, facts.channels
    expected = (height, width, channels) if kind == "NumPy array" else (channels, height, width)
    shape = tuple(images.shape)
    if shape[1:] != expected and not (channels == 1 and shape[1:] == (height, width)):
        grey = f" or [N,{height},{width}]" if channels == 1 else ""
        wanted = f"[N,{','.join(map(str, expected))}]{grey}"
        hint = _layout_hint(kind, shape, (height, width, channels))
        raise DataMismatch(f"images: a {kind} of shape {list(shape)}, expected {wanted}{hint}")
    if not shape[0]:
        raise DataMismatch("images: none are there")
    if images.dtype in (np.uint8, torch.uint8):
        return
    if not _is_float(images):
        raise DataMismatch(f"images: {_dtype(images)} values, expected uint8, or float in 0..1")


def _layout_hint(kind: str, shape: tuple[int, ...], size: tuple[int, int, int]) -> str:
    """What makes images of that shape fit, where one call does; ``size``: height, width and channels."""
    last, first = size, (size[2], *size[:2])
    if shape in (last if kind == "NumPy array" else first, size[:2]):
        return "; one image needs a first axis of 1"
    if kind == "tensor" and shape[1:] == last:
        return "; its channels are last: give images.permute(0, 3, 1, 2)"
    if kind == "NumPy array" and shape[1:] == first:
        return "; its channels are first: give images.transpose(0, 2, 3, 1)"
    return ""


def _require_range(images: Tensor, first: int) -> None:
    """DataMismatch unless float images [b,...], the first of which is the caller's ``first``, are in 0..1."""
    flat = images.flatten(1)
    low, high = flat.amin(1), flat.amax(1)  # NaN where a value is
    wrong = (~((low >= 0) & (high <= 1))).nonzero().flatten()
    if len(wrong):
        at = int(wrong[0])
        found = f"{float(low[at]):g} to {float(high[at]):g}"
        what = f"values from {found}" if bool(flat[at].isfinite().all()) else "NaN or infinite values"
        raise DataMismatch(f"images: image {first + at} has {what}, expected float in 0..1 (or uint8 in 0..255)")


def _require_codes(codes: np.ndarray | Tensor, widths: tuple[int, ...]) -> None:
    require_array(codes, "codes", "[N,D]")
    shape = tuple(codes.shape)
    if len(shape) != 2 or shape[1] not in widths:
        wanted = " or ".join(f"[N,{width}]" for width in dict.fromkeys(widths))
        raise DataMismatch(f"codes: shape {list(shape)}, expected {wanted}")
    if not shape[0]:
        raise DataMismatch("codes: none are there")
    if not _is_float(codes):
        raise DataMismatch(f"codes: {_dtype(codes)} values, expected float")


def require_array(value: Any, what: str, shape: str) -> str:
    """``NumPy array`` or ``tensor``; DataMismatch for anything else."""
    if isinstance(value, np.ma.MaskedArray):
        raise DataMismatch(f"{what}: a masked array, expected one without a mask")
    if isinstance(value, np.ndarray):
        return "NumPy array"
    if isinstance(value, Tensor):
        _require_dense(value, what)
        return "tensor"
    raise DataMismatch(f"{what}: {typed(value)}, expected a NumPy array {shape} or a torch tensor")


def _require_dense(tensor: Tensor, what: str) -> None:
    """DataMismatch unless each number of a tensor is there."""
    found = (
        "without data (on the device meta)"
        if tensor.is_meta
        else "that is nested"
        if tensor.is_nested
        else "that is quantized"
        if tensor.is_quantized
        else "that is sparse"
        if tensor.layout != torch.strided
        else ""
    )
    if found:
        raise DataMismatch(f"{what}: a tensor {found}, expected a dense one")


def _float32(array: np.ndarray) -> np.ndarray:
    """A copy; what float32 cannot hold becomes infinite, which is refused afterwards."""
    with np.errstate(over="ignore"):
        return np.array(array, np.float32)


def _is_float(array: np.ndarray | Tensor) -> bool:
    return array.dtype.kind == "f" if isinstance(array, np.ndarray) else array.dtype.is_floating_point


def _dtype(array: np.ndarray | Tensor) -> str:
    return str(array.dtype).removeprefix("torch.")
