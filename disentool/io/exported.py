"""What ``export`` writes: weights in .safetensors, the rest of a checkpoint in .json beside them; and reads it back."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import Tensor

from disentool.errors import DisentoolError, ForeignFile
from disentool.io import checkpoint, files, records, safetensors_file
from disentool.io.schema import CHECKPOINT
from disentool.system.names_as_text import as_utf8

_ONLY_TO_RESUME: dict[str, dict[str, Any]] = {"optimizers": {}, "window": {}}


def probe(path: Path, *, overwrite: bool) -> None:
    """Check that both files can be written; see :func:`files.probe`. Half a pair, left by a kill, may be there."""
    files.probe(path, overwrite=overwrite)
    sidecar = path.with_suffix(".json")
    files.probe(sidecar, overwrite=overwrite or _is_half(path, sidecar))


def write(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any], *, overwrite: bool) -> None:
    """Write the pair. It is there from the moment at which the weights are; they are never beside other facts."""
    sidecar = path.with_suffix(".json")
    with files.claim(path), files.claim(sidecar):
        probe(path, overwrite=overwrite)  # another process may have been faster
        replaces = overwrite or _is_half(path, sidecar)
        text = as_utf8(json.dumps(facts, indent=1)) + "\n"
        with (
            safetensors_file.writing(path, tensors, overwrite=overwrite),
            files.whole(sidecar, overwrite=replaces) as temporary,
        ):
            with open(temporary, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            # Both are on the disk, under other names. What is left to do takes a moment, and needs no room.
            path.unlink(missing_ok=True)


def _is_half(path: Path, sidecar: Path) -> bool:
    """Whether there is an exported configuration whose weights are not there."""
    if path.exists() or not sidecar.is_file():
        return False
    with suppress(DisentoolError):
        return _facts(sidecar).get("format") == CHECKPOINT.name
    return False


def read(path: Path) -> dict[str, Any]:
    """The checkpoint's content, but for what only resuming needs. Raises MissingFile, ForeignFile or UnsafeFile."""
    sidecar = path.with_suffix(".json")
    content = _facts(sidecar)
    tensors = safetensors_file.read(path)
    names = content["networks"]
    networks: dict[str, dict[str, Tensor]] = {name: {} for name in names}
    for key, value in tensors.items():
        name, _, parameter = key.partition(".")
        if key == "samples.images":
            content["samples"]["images"] = value
        elif key == "styles":
            content["styles"] = value
        elif name in networks:
            networks[name][parameter] = value
        else:
            raise ForeignFile(f"{path}: tensor {key} belongs to none of the networks {', '.join(names)} of {sidecar}")
    content |= {"networks": networks, **_ONLY_TO_RESUME}
    checkpoint.check(sidecar, content)
    return content


def _facts(sidecar: Path) -> dict[str, Any]:
    files.require(sidecar, "file of the configuration", "`disentool export` writes it beside the weights")
    content = records.read_json(sidecar)
    names = content.get("networks")
    if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names) or "samples" in names:
        raise ForeignFile(f"{sidecar}: expected the configuration that `disentool export` writes beside the weights")
    if not isinstance(content.get("samples"), dict):
        raise ForeignFile(f"{sidecar}: entry 'samples' is missing or damaged")
    return content
