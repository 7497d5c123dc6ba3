"""Checkpoint -> weights as .safetensors with everything else as .json beside them; and back."""

from pathlib import Path

import torch

from disentool.contract.optional import training_networks
from disentool.errors import ForeignFile, WrongUsage
from disentool.io import checkpoint, exported, files, torch_file
from disentool.models.model import blank_networks, build_method
from disentool.named_code import is_own

_LEFT_OUT = ("optimizers", "window", "networks", "samples", "styles")


def export(path: Path, output: Path, *, trust: bool = False, overwrite: bool = False) -> list[Path]:
    """Write a checkpoint's weights to ``output`` (.safetensors) and the rest of it beside them (.json).

    The tensors are called NETWORK.PARAMETER, the images that ``traverse`` starts from ``samples.images``, and those of
    ``--styles`` are ``styles``. Networks that only the method's losses use stay behind; those of a user's own method
    are only known with ``trust``. From a .safetensors file, ``output`` is a checkpoint (.pt) again: it encodes, scores
    and traverses like the first, but has no discriminator and cannot be resumed. Returns the files written. Raises
    WrongUsage, MissingFile, ForeignFile, UnsafeFile, OutputExists or NotWritable.
    """
    path, output = Path(path), Path(output)
    files.require_file_name(output)
    kinds = (path.suffix.lower(), output.suffix.lower())
    if kinds == (".safetensors", ".pt"):
        return [_back(path, output, trust, overwrite)]
    if kinds[1] != ".safetensors":
        raise WrongUsage(
            f"-o {output}: expected a name ending in .safetensors; or in .pt, where the input is .safetensors"
        )
    sidecar = output.with_suffix(".json")
    files.require_apart(output, path)
    exported.probe(output, overwrite=overwrite)
    content = checkpoint.read(path)
    left_out = training_networks(build_method(path, content)) if not is_own(content["method"]) or trust else ()
    networks = {name: state for name, state in content["networks"].items() if name not in left_out}
    tensors = {f"{name}.{key}": value for name, state in networks.items() for key, value in state.items()}
    if isinstance(images := content["samples"].get("images"), torch.Tensor):
        tensors["samples.images"] = images
    if isinstance(styles := content.get("styles"), torch.Tensor):
        tensors["styles"] = styles
    facts = {key: value for key, value in content.items() if key not in _LEFT_OUT}
    facts |= {"networks": sorted(networks), "samples": {"rows": content["samples"].get("rows", [])}}
    for key in (key for key, value in facts.items() if torch_file.holds_tensors(value)):
        raise ForeignFile(f"{path}: entry {key!r} holds a tensor, expected plain values; make it anew")
    exported.write(output, tensors, facts, overwrite=overwrite)
    return [output, sidecar]


def _back(path: Path, output: Path, trust: bool, overwrite: bool) -> Path:
    files.probe(output, overwrite=overwrite)
    content = exported.read(path)
    if not is_own(content["method"]) or trust:
        method = build_method(path.with_suffix(".json"), content)
        expected = blank_networks(method, path.with_suffix(".json"))
        checkpoint.check_networks(path, expected, content["networks"], optional=training_networks(method))
    with files.claim(output):
        common = ("format", "version", "created_by", "command", "versions")
        checkpoint.write(output, {k: v for k, v in content.items() if k not in common}, overwrite=overwrite)
    return output
