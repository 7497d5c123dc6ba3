"""What ``export`` writes, read back: weights in .safetensors, the rest of a checkpoint in .json beside them."""

from pathlib import Path
from typing import Any

from torch import Tensor

from disentool.errors import ForeignFile
from disentool.io import checkpoint, files, records, safetensors_file

_ONLY_TO_RESUME: dict[str, dict[str, Any]] = {"optimizers": {}, "window": {}}


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
