"""What is known of a network that does not say it itself: a JSON file beside it, ``disentool.generator``."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentool.errors import ForeignFile
from disentool.io import files, records
from disentool.io.schema import GENERATOR

_MAX_LATENT = 1 << 16
_MAX_CLASSES = 1 << 20
PRIORS = ("normal", "uniform")


@dataclass(frozen=True)
class Contract:
    """How a network is called, z [B,latent_dim] (and classes [B]) -> images NCHW, and what its numbers mean.

    ``image_range``: the values of black and white. ``clip``: pixels beyond them are cut off, else such a network is
    refused. ``prior``: the law of its own z, N(0, 1) or uniform in -1..1. ``num_classes``: how many classes it takes;
    None: it is called with z alone. ``chunks``: widths of the parts in which z enters the network.
    """

    latent_dim: int
    image_range: tuple[float, float] = (0.0, 1.0)
    clip: bool = False
    prior: str = "normal"
    num_classes: int | None = None
    chunks: tuple[int, ...] = ()


KEYS = tuple(Contract.__dataclass_fields__)


def beside(path: Path) -> Path:
    """The description of the network in a file: ``model.pt2`` -> ``model.json``."""
    return path.with_suffix(".json")


def read(path: Path) -> Contract:
    """The description in a JSON file. Raises MissingFile or ForeignFile."""
    files.require(path, "description of the generator", '{"latent_dim": 128, "image_range": [-1, 1]} is one')
    content = records.read_json(path)
    name, version = content.pop("format", GENERATOR.name), content.pop("version", GENERATOR.version)
    if name != GENERATOR.name:
        raise ForeignFile(f"{path}: its format is {str(name)[:60]!r}, expected {GENERATOR.name}")
    if type(version) is not int or not 1 <= version <= GENERATOR.version:
        raise ForeignFile(f"{path}: its version is {str(version)[:40]}, this disentool reads up to {GENERATOR.version}")
    for key in content:
        if key not in KEYS:
            raise ForeignFile(f"{path}: unknown entry {key[:60]!r}; known: {', '.join(KEYS)}")
    return check(path, content)


def check(where: Path | str, values: Mapping[str, Any]) -> Contract:
    """A description from plain values, each checked; ForeignFile names ``where`` and the first that is wrong."""

    def refuse(key: str, expected: str) -> ForeignFile:
        return ForeignFile(f"{where}: {key} is {str(values.get(key))[:60]!r}, expected {expected}")

    if not isinstance(latent := values.get("latent_dim"), int) or not _whole(latent, 1, _MAX_LATENT):
        raise refuse("latent_dim", f"a whole number from 1 to {_MAX_LATENT:,}: how wide z is")
    span = values.get("image_range", (0.0, 1.0))
    if not isinstance(span, (list, tuple)) or len(span) != 2 or not all(map(_number, span)) or not span[0] < span[1]:
        raise refuse("image_range", "two numbers, the values of black and white, such as [-1, 1]")
    if not isinstance(clip := values.get("clip", False), bool):
        raise refuse("clip", "true or false")
    if (prior := values.get("prior", "normal")) not in PRIORS:
        raise refuse("prior", " or ".join(PRIORS))
    if (classes := values.get("num_classes")) is not None and not _whole(classes, 1, _MAX_CLASSES):
        raise refuse("num_classes", "a whole number, or none at all")
    chunks = values.get("chunks", ())
    fits = isinstance(chunks, (list, tuple)) and all(_whole(width, 1, latent) for width in chunks)
    if not fits or (chunks and sum(chunks) != latent):
        raise refuse("chunks", f"widths that sum to latent_dim, {latent}")
    return Contract(latent, (float(span[0]), float(span[1])), clip, prior, classes, tuple(chunks))


def _whole(value: Any, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
