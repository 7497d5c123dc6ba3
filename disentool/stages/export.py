"""Checkpoint -> weights as .safetensors with everything else as .json beside them; and back."""

import json
from pathlib import Path
from typing import Any

import torch

from disentool.configs.reference import is_own
from disentool.errors import ForeignFile, WrongUsage
from disentool.io import checkpoint, files, results, weights
from disentool.stages import model as models

_LEFT_OUT = ("optimizers", "window", "networks", "samples")
_BACK = {"optimizers": {}, "window": {}}  # what only resuming needs


def export(path: Path, output: Path, *, trust: bool = False, overwrite: bool = False) -> list[Path]:
    """Write a checkpoint's weights to ``output`` (.safetensors) and the rest of it beside them (.json).

    The tensors are called NETWORK.PARAMETER, and the images that ``traverse`` starts from ``samples.images``. From a
    .safetensors file, ``output`` is the checkpoint (.pt) that it was: it encodes, scores and traverses like the first,
    but cannot be resumed. Returns the files written. Raises WrongUsage, MissingFile, ForeignFile, UnsafeFile,
    OutputExists or NotWritable.
    """
    path, output = Path(path), Path(output)
    kinds = (path.suffix.lower(), output.suffix.lower())
    if kinds == (".safetensors", ".pt"):
        return [_back(path, output, trust, overwrite)]
    if kinds[1] != ".safetensors":
        raise WrongUsage(f"-o {output}: expected a name ending in .safetensors, or in .pt to go back from one")
    sidecar = output.with_suffix(".json")
    files.require_apart(output, path)
    for target in (output, sidecar):
        files.probe(target, overwrite=overwrite)
    content = checkpoint.read(path)
    tensors = {f"{name}.{key}": value for name, state in content["networks"].items() for key, value in state.items()}
    if isinstance(images := content["samples"].get("images"), torch.Tensor):
        tensors["samples.images"] = images
    facts = {key: value for key, value in content.items() if key not in _LEFT_OUT}
    facts |= {"networks": sorted(content["networks"]), "samples": {"rows": content["samples"].get("rows", [])}}
    with files.claim(output):
        files.write_text(sidecar, json.dumps(facts, indent=1, ensure_ascii=False) + "\n", overwrite=overwrite)
        weights.write(output, tensors, overwrite=overwrite)
    return [output, sidecar]


def _back(path: Path, output: Path, trust: bool, overwrite: bool) -> Path:
    files.probe(output, overwrite=overwrite)
    sidecar = path.with_suffix(".json")
    content = _facts(sidecar)
    tensors = weights.read(path)
    names = content["networks"]
    networks: dict[str, dict[str, torch.Tensor]] = {name: {} for name in names}
    for key, value in tensors.items():
        name, _, parameter = key.partition(".")
        if key == "samples.images":
            content["samples"]["images"] = value
        elif name in networks:
            networks[name][parameter] = value
        else:
            raise ForeignFile(f"{path}: tensor {key} belongs to none of the networks {', '.join(names)} of {sidecar}")
    content |= {"networks": networks, **_BACK}
    checkpoint.check(sidecar, content)
    if not is_own(content["method"]) or trust:
        checkpoint.check_networks(path, models.blank_networks(models.build_method(sidecar, content), sidecar), networks)
    with files.claim(output):
        common = ("format", "version", "created_by", "command", "versions")
        checkpoint.write(output, {k: v for k, v in content.items() if k not in common}, overwrite=overwrite)
    return output


def _facts(sidecar: Path) -> dict[str, Any]:
    files.require(sidecar, "file of the configuration", "`disentool export` writes it beside the weights")
    content = results.read_json(sidecar)
    names = content.get("networks")
    if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names) or "samples" in names:
        raise ForeignFile(f"{sidecar}: expected the configuration that `disentool export` writes beside the weights")
    if not isinstance(content.get("samples"), dict):
        raise ForeignFile(f"{sidecar}: entry 'samples' is missing or damaged")
    return content
