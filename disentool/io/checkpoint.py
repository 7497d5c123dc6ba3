"""Checkpoints: one dict of tensors and plain Python, saved by torch.save and read back without executing anything."""

import math
import platform
import shlex
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentool.errors import ForeignFile, typed
from disentool.io import files, hdf5, provenance, torch_file
from disentool.io.schema import CHECKPOINT, DATASET, DIRECTIONS, LATENTS

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
    "stages": list,
    "statistics": dict,
    "samples": dict,
}
# The entries that tell of the run: no numbers of its networks are in them, so commands may print and compare them.
_TOLD: tuple[str, ...] = (
    "method",
    "config",
    "run",
    "data",
    "stages",
    "rng",
    "history",
    "seconds",
    "reconstruction_loss",
)
_TOLD += ("command", "created_by", "versions")
_WORDS = ("spec", "name", "content_sha256", "likelihood", "class_factor")  # of the data


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
            with open(temporary, "wb") as file:
                torch.save(common | content, file)
        except RuntimeError as error:  # how torch reports a write that failed
            raise (error.__context__ if isinstance(error.__context__, OSError) else error) from None


def read(path: Path) -> dict[str, Any]:
    """A checkpoint's content, on the CPU. Nothing in the file executes, and nothing is allocated that it does not hold.

    Raises MissingFile, UnsafeFile (it holds code, or claims more than it holds) or ForeignFile.
    """
    hint = "`disentool train` writes one"
    path = files.require(path, "checkpoint", "`disentool train factorvae` writes ./ckpt.pt")
    refuse_hdf5(path)
    content = torch_file.load(path, "checkpoint", hint)
    check(path, content)
    return content


def require_readable(path: str | Path, *, or_codes: bool = False) -> None:
    """Raises what :func:`read` does; ``or_codes``: a latents file would do."""
    if or_codes and hdf5.is_hdf5(Path(path)):
        refuse_hdf5(path, or_codes=True)
    else:
        read(Path(path))


def refuse_hdf5(path: str | Path, *, or_codes: bool = False) -> None:
    """ForeignFile for a data set, codes or directions in place of a checkpoint; nothing else of the file is checked.

    ``or_codes``: a latents file would do.
    """
    path = Path(path)
    if not hdf5.is_hdf5(path):
        return
    with hdf5.opened(path) as file:
        name = hdf5.attribute(file, "format", None)
    if not (or_codes and name == LATENTS.name):
        raise ForeignFile(f"{path}: not a checkpoint, but {_of_hdf5(path, name)}")


def _of_hdf5(path: Path, name: Any) -> str:
    """What an HDF5 file of format ``name`` is that was taken for a checkpoint, and where it belongs."""
    if name == DATASET.name:
        return (
            f"a data set; `disentool train METHOD --data {shlex.quote(str(path))}` makes a checkpoint of it; encode,"
            " invert, score, swap and traverse take it beside a checkpoint, with --data"
        )
    if name == LATENTS.name:
        return "codes; `disentool decode CKPT FILE` makes images of them, and `disentool score` measures them"
    if name == DIRECTIONS.name:
        return "directions; name the checkpoint first; sample and traverse take directions beside it, with --direction"
    return (
        "an HDF5 file; `disentool prepare array` makes a data set of one, and `disentool train METHOD --data` a model"
    )


def check(path: Path, content: Any) -> None:
    """ForeignFile or UnsafeFile unless ``content`` is what a checkpoint of a known version holds."""
    if not isinstance(content, dict) or content.get("format") != CHECKPOINT.name:
        raise ForeignFile(f"{path}: a torch file, but not a {CHECKPOINT.name}; `disentool train` writes one")
    version = content.get("version")
    if type(version) is not int or version < 1:
        raise ForeignFile(f"{path}: its version is {str(version)[:40]!r}, expected a whole number; make it anew")
    if version > CHECKPOINT.version:
        raise ForeignFile(
            f"{path}: {CHECKPOINT.name} version {version}, this disentool reads up to {CHECKPOINT.version};"
            " upgrade disentool"
        )
    for name, kind in _KINDS.items():
        if not isinstance(content.get(name), kind):
            raise ForeignFile(f"{path}: entry {name!r} is missing or damaged (expected: {kind.__name__}); make it anew")
    if not 0 <= content["step"] < 2**63 or not isinstance(content.get("seconds", 0), (int, float)):
        raise ForeignFile(f"{path}: its numbers of steps and seconds are damaged; make it anew")
    torch_file.check_leaves(path, content)
    for name in (name for name in _TOLD if torch_file.holds_tensors(content.get(name))):
        raise ForeignFile(f"{path}: entry {name!r} holds a tensor, expected plain values; make it anew")
    for name in (name for name in _WORDS if not isinstance(content["data"].get(name, ""), str)):
        raise ForeignFile(f"{path}: data.{name} is {typed(content['data'][name])}, expected text; make it anew")
    lines, states = content["history"], content["networks"].values()
    if not all(isinstance(item, dict) for item in (*lines, *states)) or not all(
        isinstance(tensor, torch.Tensor) for state in states for tensor in state.values()
    ):
        raise ForeignFile(f"{path}: its history or its networks are damaged; make it anew")


def check_networks(
    path: Path, networks: dict[str, torch.nn.Module], saved: dict[str, Any], optional: Collection[str] = ()
) -> None:
    """Compare saved weights with the networks they are for, leaf by leaf; ForeignFile names the first that differs.

    ``optional``: the names of the networks that may be missing.
    """
    if not set(networks) - set(optional) <= set(saved) <= set(networks):
        raise ForeignFile(f"{path}: networks {sorted(saved)}, its method has {sorted(networks)}")
    for name in (name for name in networks if name in saved):
        expected, state = networks[name].state_dict(), saved[name]
        if set(state) != set(expected):
            raise ForeignFile(f"{path}: the {name}'s weights have other names than its configuration says")
        for key, tensor in expected.items():
            found = state[key]
            if found.shape != tensor.shape or found.dtype != tensor.dtype:
                raise ForeignFile(
                    f"{path}: {name}.{key} is {list(found.shape)} {found.dtype},"
                    f" its configuration says {list(tensor.shape)} {tensor.dtype}"
                )


def parameter_bytes(networks: dict[str, torch.nn.Module]) -> int:
    """About how many bytes a checkpoint of these networks takes: weights and Adam's two moments."""
    return 3 * sum(4 * math.prod(p.shape) for n in networks.values() for p in n.parameters())
