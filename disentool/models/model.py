"""A loaded checkpoint: its method, its networks on a device, and the facts that it holds."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentool import methods, named_code
from disentool.config import build
from disentool.contract import DataFacts, Method, class_content, optional
from disentool.contract.precision import Precision
from disentool.datasets.cache import data_spec
from disentool.engine import devices
from disentool.engine.feed import to_device
from disentool.engine.precision import computing
from disentool.errors import DataMismatch, DisentoolError, ForeignFile, UnsafeFile
from disentool.io import checkpoint, exported, files, provenance
from disentool.io.classes import describes
from disentool.io.dataset import Dataset
from disentool.named_code import is_own
from disentool.nn.blank import blank


@dataclass(frozen=True)
class TrainedModel:
    """A method with trained networks, loaded from a checkpoint.

    ``sha256``: hex digest of the file. ``content``: its entries, as :mod:`disentool.io.checkpoint` has them.
    ``precision``: what the networks compute in; never ``auto``.
    """

    path: Path
    sha256: str
    content: dict[str, Any]
    method: Method
    networks: dict[str, Any]  # modules, or what calls them in another precision
    device: torch.device
    precision: Precision = "fp32"

    @property
    def facts(self) -> DataFacts:
        """Size and kind of the images it was trained on."""
        return self.method.facts

    @property
    def trains(self) -> bool:
        """Whether it has the networks that only losses use; an exported model has not."""
        return set(optional.training_networks(self.method)) <= set(self.networks)

    @property
    def prior_width(self) -> int:
        """How wide a draw from its prior is; at least as wide as what it encodes."""
        return optional.prior_width(self.method)

    @property
    def comment(self) -> str:
        """What a picture is of, as JSON: free of paths and times, so that the same inputs make the same bytes."""
        return json.dumps(
            {
                "created_by": provenance.created_by(),
                "method": self.content["method"],
                "seed": self.content["rng"].get("seed"),
                "step": self.content["step"],
                "checkpoint_sha256": self.sha256,
            }
        )


# A checkpoint's file, or what was loaded from one.
Checkpoint = str | Path | TrainedModel


def path_of(source: Checkpoint) -> Path:
    """The checkpoint's file."""
    return source.path if isinstance(source, TrainedModel) else Path(source)


def data_facts(data: Dataset, rows: int) -> DataFacts:
    """What a method may know of a data set, ``rows`` rows of which it is trained on."""
    _, height, width, channels = data.images.shape
    law: Any = data.likelihood  # one of the two, as whatever opened the data has checked
    return DataFacts(rows, channels, height, width, law, data.factor_names, data.factor_sizes, data.class_factor)


def describe_data(data: Dataset, spec: str, rows: int) -> dict[str, Any]:
    """A data set's entry in a checkpoint; ``spec`` is how it was named, ``rows`` how many rows are trained on."""
    return {
        "spec": data_spec(spec),
        "name": data.name,
        "content_sha256": data.content_sha256,
        "shape": [rows, *data.images.shape[1:]],
        "likelihood": data.likelihood,
        "factor_names": list(data.factor_names),
        "factor_sizes": list(data.factor_sizes),
        "class_factor": data.class_factor,
    }


def describe_classes(method: Method, data: Dataset, rows: np.ndarray) -> dict[str, Any]:
    """The ``classes`` of a checkpoint's data, of a method that has them; ``rows``: int64 [n], those trained on."""
    classes = class_content.class_labels(method)
    if classes is None or data.factors is None:
        return {}
    images = np.bincount(classes.of(data.factors[rows]), minlength=classes.count)
    named = data.words()
    words = {name: list(named[name]) for name in classes.names if name in named}
    return {"classes": {"factor": classes.text, "images": images.tolist(), "names": words}}


def trained_classes(model: TrainedModel) -> dict[str, Any]:
    """What :func:`describe_classes` wrote into a checkpoint of a method with classes; ForeignFile if it is damaged."""
    found = model.content["data"].get("classes")
    if not describes(found, model.facts.factor_names, model.facts.factor_sizes):
        raise ForeignFile(f"{model.path}: its entry data.classes is damaged; expected factor, images and names")
    return found


def load_model(
    source: Checkpoint, device: str = "auto", *, trust: bool = False, precision: Precision = "auto"
) -> TrainedModel:
    """Rebuild the networks of a checkpoint (.pt), or of an exported one (.safetensors, with its .json beside it).

    A model that is loaded already stays as it is, on its device. ``precision``: what its networks then compute in;
    ``auto`` is ``fp32``, and so is ``tf32`` where the device is not CUDA. Codes and images are float32 always.

    Sizes are compared before memory is taken for them. ``trust``: a checkpoint of the user's own method may import, and
    so execute, the module that it names; without it, UnsafeFile. Raises also MissingFile, ForeignFile or
    DeviceUnavailable.
    """
    if isinstance(source, TrainedModel):
        return source
    chosen, path = devices.choose(device), Path(source)
    content = exported.read(path) if path.suffix.lower() == ".safetensors" else checkpoint.read(path)
    if is_own(content["method"]) and not trust:
        raise UnsafeFile(
            f"{path}: was made by code that is not the toolkit's, {content['method'][:80]}; --trust imports and runs it"
        )
    method = build_method(path, content)
    networks = blank_networks(method, path)
    checkpoint.check_networks(path, networks, content["networks"], optional=optional.training_networks(method))
    networks = {name: network for name, network in networks.items() if name in content["networks"]}
    for name, network in networks.items():
        network.load_state_dict(content["networks"][name], assign=True)
        to_device(network.requires_grad_(False).eval(), chosen)
    if precision == "auto" or (precision == "tf32" and chosen.type != "cuda"):
        precision = "fp32"
    called = computing(networks, precision)
    return TrainedModel(path, files.sha256(path), content, method, called, chosen, precision)


def blank_networks(method: Method, path: Path) -> dict[str, torch.nn.Module]:
    """A method's networks without memory, for their shapes; ForeignFile names ``path`` if there can be none."""
    try:
        with blank():
            return method.networks()
    except DisentoolError as error:
        raise ForeignFile(f"{path}: its configuration does not make a model: {str(error).removeprefix('--')}") from None


def build_method(path: Path, content: dict[str, Any]) -> Method:
    """The method a checkpoint names, with its configuration; ForeignFile if they do not fit."""
    name = content["method"]
    try:
        entry = methods.find(name)
    except DisentoolError as error:
        made_by = f"was made by {name}, which " if is_own(name) else ""
        raise ForeignFile(f"{path}: {made_by}cannot be loaded: {error}") from None
    try:
        config = build(named_code.load(entry.config), content["config"])
        data = content["data"]
        rows, height, width, channels = (int(n) for n in data["shape"])
        if not (0 < height <= 4096 and 0 < width <= 4096 and channels in (1, 3)):
            raise ValueError(f"images of {height}x{width}x{channels}")
        known = DataFacts(
            rows,
            channels,
            height,
            width,
            data["likelihood"],
            tuple(data["factor_names"]),
            tuple(data["factor_sizes"]),
            str(data.get("class_factor", "")),  # checkpoints made before there were classes lack it
        )
        return named_code.load(entry.implementation)(config, known)
    except DisentoolError as error:
        raise ForeignFile(f"{path}: its configuration does not make a model: {str(error).removeprefix('--')}") from None
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ForeignFile(f"{path}: its entry data is damaged, so it does not make a model; make it anew") from error


def require_image_size(model: TrainedModel, data: Dataset) -> None:
    """DataMismatch unless the data's images have the size the model was trained on."""
    expected = (model.facts.height, model.facts.width, model.facts.channels)
    if data.images.shape[1:] != expected:
        raise DataMismatch(
            f"{data.path}: images are {'x'.join(map(str, data.images.shape[1:]))},"
            f" but {model.path} was trained on {'x'.join(map(str, expected))}; name other data with --data"
        )
