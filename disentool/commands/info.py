"""Facts about any of the toolkit's files, without loading large arrays."""

import dataclasses
import shlex
from pathlib import Path
from typing import Any

from disentool.errors import ForeignFile, MissingFile
from disentool.io import dataset, directions_file, files, generator_description, hdf5, records
from disentool.io.schema import (
    CHECKPOINT,
    CORRELATION,
    DATASET,
    DIRECTIONS,
    EXPORT,
    FORMATS,
    GENERATOR,
    INVERSION,
    LATENTS,
)


def info(path: Path, *, verify: bool = False) -> dict[str, Any]:
    """Facts about one file, as plain Python. ``verify`` recomputes the content digest of an HDF5 file."""
    if Path(path).is_dir():
        raise MissingFile(
            f"{path}: expected a file, found a folder; `disentool prepare folder {shlex.quote(str(path))}` makes a data"
            " set of its pictures"
        )
    path = files.require(path, "file")
    with open(path, "rb") as file:
        magic = file.read(8)
    facts: dict[str, Any] = {"file": str(path), "bytes": path.stat().st_size}
    if hdf5.is_hdf5(path):
        return facts | _hdf5(path, verify)
    if magic.startswith(b"PK"):
        return facts | _checkpoint(path) | {"sha256": files.sha256(path)}
    if path.suffix.lower() == ".safetensors":
        return facts | _weights(path) | {"sha256": files.sha256(path)}
    if path.suffix.lower() == ".json":
        return facts | _sidecar(path)
    if magic[:1] in (b"{", b" ", b"\n"):
        return facts | _lines(path)
    raise ForeignFile(f"{path}: not a file of disentool's: neither HDF5 nor a checkpoint nor JSON lines")


def _hdf5(path: Path, verify: bool) -> dict[str, Any]:
    with hdf5.opened(path) as file:
        name = hdf5.attribute(file, "format", None)
        if name not in (DATASET.name, LATENTS.name, DIRECTIONS.name):
            found = f"format {name!r}" if name else "no format, so it is unfinished or foreign"
            arrays = ", ".join(hdf5.dataset_names(file)) or "none"
            raise ForeignFile(
                f"{path}: HDF5 with {found}; arrays: {arrays} (`score --codes NAME --factors NAME` reads any)"
            )
        hdf5.check(file, path, FORMATS[name])
        facts = hdf5.attributes(file)
        facts = {"format": name, "version": facts.pop("version"), **facts}
        for key in ("provenance", "class_names", "binning"):
            if key in facts:
                facts[key] = hdf5.json_attribute(file, path, key)
        facts.setdefault("class_names", {})
        facts["arrays"] = {n: _array(file[n]) for n in hdf5.dataset_names(file)}
    if name == DATASET.name:
        values = dataset.read(path).factor_values
        facts["factor_values"] = {n: f"{len(v)} from {v.min():g} to {v.max():g}" for n, v in values.items() if v.size}
    if name == DIRECTIONS.name:
        facts["directions"] = {n: _direction(d) for n, d in directions_file.read(path).directions.items()}
    if verify:
        if not facts.get("content_sha256"):
            raise ForeignFile(f"{path}: has no content_sha256, so there is nothing to verify it against")
        digest = hdf5.content_digest(path)
        if digest != facts.get("content_sha256"):
            raise ForeignFile(f"{path}: its arrays do not match its content_sha256; it was damaged or edited")
        facts["verified"] = True
    return facts


def _direction(direction: directions_file.Direction) -> dict[str, Any]:
    return {
        "unit": direction.unit,
        "t_valid": list(direction.t_valid),
        "s_range": [float(direction.knots[0]), float(direction.knots[-1])],
        **direction.facts,
    }


def _array(array: Any) -> str:
    layout = f", {array.compression}" if array.compression else ""
    return f"{array.dtype} [{', '.join(f'{n:,}' for n in array.shape)}]{layout}"


def _checkpoint(path: Path) -> dict[str, Any]:
    from disentool.io import checkpoint
    from disentool.models import collapse  # both need torch, which the other kinds of file do not

    content = checkpoint.read(path)
    weights = {name: sum(tensor.numel() for tensor in state.values()) for name, state in content["networks"].items()}
    last = content["history"][-1] if content["history"] else {}
    keys = ("format", "version", "created_by", "command", "versions", "method", "config", "run", "data", "step")
    facts = {
        **{key: content.get(key) for key in keys},
        "seed": content["rng"].get("seed"),
        "weights": weights,
        "seconds": content.get("seconds"),
        **({"reconstruction_loss": loss} if (loss := content.get("reconstruction_loss")) else {}),
        **(
            {"information": found.verdict}
            if (found := collapse.informative(content["statistics"], content["step"]))
            else {}
        ),
        "last": last,
        "statistics": content["statistics"],
        "samples": content["samples"].get("rows", []),
    }
    return _plain(facts)


def _weights(path: Path) -> dict[str, Any]:
    from disentool.io import safetensors_file  # needs torch

    tensors = safetensors_file.read(path)
    return {"format": EXPORT.name, "tensors": {n: f"{t.dtype} {list(t.shape)}" for n, t in sorted(tensors.items())}}


def _sidecar(path: Path) -> dict[str, Any]:
    """The .json beside exported weights, or beside a network that does not say what it is."""
    content = records.read_json(path)
    if content.get("format") == GENERATOR.name:
        return {"format": GENERATOR.name, **dataclasses.asdict(generator_description.read(path))}
    if content.get("format") != CHECKPOINT.name:
        raise ForeignFile(f"{path}: JSON, but not what `disentool export` writes beside the weights")
    keys = ("version", "created_by", "command", "method", "config", "data", "step", "networks")
    return {"format": EXPORT.name, **{key: content.get(key) for key in keys}}


def _plain(value: Any) -> Any:
    """The same with every tensor, which a checkpoint made elsewhere may hold anywhere, as its shape in words."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else f"tensor {list(value.shape)}"


def _lines(path: Path) -> dict[str, Any]:
    name, found = records.read_lines(path)
    facts: dict[str, Any] = {"format": name, "records": len(found)}
    if name == "disentool.score":
        facts["metrics"] = sorted({str(r.get("metric")) for r in found})
        facts["artefacts"] = sorted({str(r.get("artefact")) for r in found})
    elif name == CORRELATION.name:
        facts["metrics"] = sorted({str(metric) for r in found for metric in _list(r.get("metrics"))})
    elif name == INVERSION.name:
        facts["losses"] = sorted({str(r.get("loss")) for r in found})
        facts["images"] = len({str(r.get("image")) for r in found})
    else:
        facts["steps"] = [found[0]["step"], found[-1]["step"]]
        facts["terms"] = sorted({k for r in found for k in r} - {"step", "time"})
        facts["last"] = found[-1]
    return facts


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
