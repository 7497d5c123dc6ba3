"""Checkpoints: one dict of tensors and plain Python, saved by torch.save and read back without executing anything."""

import math
import pickle
import platform
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentool.errors import ForeignFile, UnsafeFile
from disentool.io import files, provenance
from disentool.io.schema import CHECKPOINT

_KINDS = {
    "method": str,
    "config": dict,
    "run": dict,
    "data": dict,
    "networks": dict,
    "optimizers": dict,
    "step": int,
    "rng": dict,
    "history": list,
    "window": dict,
    "statistics": dict,
    "samples": dict,
}


def write(path: Path, content: dict[str, Any], *, overwrite: bool) -> None:
    """Save ``content`` (the entries of the schema without the common ones) whole or not at all."""
    common = {
        "format": CHECKPOINT.name,
        "version": CHECKPOINT.version,
        "created_by": provenance.created_by(),
        "command": provenance.command(),
        "versions": {"python": platform.python_version(), "torch": str(torch.__version__), "numpy": np.__version__},
    }
    with files.whole(path, overwrite=overwrite) as temporary:
        try:
            torch.save(common | content, temporary)
        except RuntimeError as error:  # how torch reports a write that failed
            raise OSError(None, str(error).splitlines()[0]) from None


def read(path: Path) -> dict[str, Any]:
    """A checkpoint's content, on the CPU. Nothing in the file executes, and nothing is allocated that it does not hold.

    Raises MissingFile, UnsafeFile (it holds code, or claims more than it holds) or ForeignFile.
    """
    path = files.require(path, "checkpoint", "`disentool train factorvae` writes ./ckpt.pt")
    _check_archive(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).split("Please file")[0]
        named = [word for word in reason.replace("`", " ").split() if "." in word and not word.endswith(".")]
        what = f" ({named[-1]})" if named else ""
        raise UnsafeFile(f"{path}: holds Python objects{what}, expected tensors and plain values; not opened") from None
    except (RuntimeError, ValueError, KeyError, TypeError, EOFError, AttributeError, OSError, AssertionError) as error:
        reason = (str(error).splitlines() or ["?"])[0][:120]
        raise ForeignFile(f"{path}: not a checkpoint, or a damaged one ({reason})") from None
    if not isinstance(content, dict) or content.get("format") != CHECKPOINT.name:
        raise ForeignFile(f"{path}: a torch file, but not a {CHECKPOINT.name}; `disentool train` writes one")
    version = content.get("version")
    if not isinstance(version, int) or version > CHECKPOINT.version:
        raise ForeignFile(
            f"{path}: {CHECKPOINT.name} version {version}, this disentool reads up to {CHECKPOINT.version};"
            " upgrade disentool"
        )
    for name, kind in _KINDS.items():
        if not isinstance(content.get(name), kind):
            raise ForeignFile(f"{path}: entry {name!r} is missing or not a {kind.__name__}; make it anew")
    _check_leaves(path, content, depth=0)
    return content


def _check_archive(path: Path) -> None:
    """A torch file is a zip of stored members; one that unpacks to more than itself is no checkpoint."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise ForeignFile(f"{path}: not a checkpoint, or one cut short; `disentool train` writes one") from None
    if any(m.compress_type != zipfile.ZIP_STORED for m in members):
        raise UnsafeFile(f"{path}: has compressed members, a checkpoint has none; not opened")
    if sum(m.file_size for m in members) > path.stat().st_size:
        raise UnsafeFile(f"{path}: claims to hold more bytes than it has; not opened")


def _check_leaves(path: Path, value: Any, depth: int) -> None:
    if depth > 20:
        raise UnsafeFile(f"{path}: nested deeper than any checkpoint")
    if isinstance(value, torch.Tensor):
        plain = value.layout == torch.strided and value.device.type == "cpu" and not value.is_quantized
        if not plain or value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise UnsafeFile(f"{path}: holds a tensor {list(value.shape)} that is not stored in full; not used")
    elif isinstance(value, dict):
        for item in value.values():
            _check_leaves(path, item, depth + 1)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _check_leaves(path, item, depth + 1)
    elif not (value is None or isinstance(value, (bool, int, float, str))):
        raise UnsafeFile(f"{path}: holds a {type(value).__name__}, expected tensors and plain values; not used")


def check_networks(path: Path, networks: dict[str, torch.nn.Module], saved: dict[str, Any]) -> None:
    """Compare saved weights with the networks they are for, leaf by leaf; ForeignFile names the first that differs."""
    if set(networks) != set(saved):
        raise ForeignFile(f"{path}: networks {sorted(saved)}, its method has {sorted(networks)}")
    for name, network in networks.items():
        expected, state = network.state_dict(), saved[name]
        if not isinstance(state, dict) or set(state) != set(expected):
            raise ForeignFile(f"{path}: the {name}'s weights have other names than its configuration says")
        for key, tensor in expected.items():
            found = state[key]
            what = f"{list(found.shape)} {found.dtype}" if isinstance(found, torch.Tensor) else type(found).__name__
            if what != f"{list(tensor.shape)} {tensor.dtype}":
                raise ForeignFile(f"{path}: {name}.{key} is {what}, its configuration says {list(tensor.shape)}")


def parameter_bytes(networks: dict[str, torch.nn.Module]) -> int:
    """About how many bytes a checkpoint of these networks takes: weights and Adam's two moments."""
    return 3 * sum(4 * math.prod(p.shape) for n in networks.values() for p in n.parameters())
