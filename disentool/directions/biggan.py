"""BigGAN (Brock et al. 2019), as pytorch-pretrained-biggan stores it: a folder with pytorch_model.bin and config.json.

The package would download a model by name, and run what a file of weights holds; here a folder is all it is given, and
both files are checked first.
"""

import hashlib
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from disentool.directions.network import Network
from disentool.errors import DisentoolError, ForeignFile, MissingExtra, WrongUsage, typed
from disentool.io import files, generator_description, records, torch_file
from disentool.io.generator_description import Contract
from disentool.nn.blank import blank

WEIGHTS, CONFIG = "pytorch_model.bin", "config.json"
TRUNCATIONS = (1.0, 0.4)
# What a configuration may say, so that one of a few bytes cannot ask for all memory.
_BOUNDS = {
    "output_dim": (4, 4096),
    "z_dim": (1, 4096),
    "class_embed_dim": (1, 4096),
    "channel_width": (1, 1024),
    "num_classes": (1, 1 << 17),
    "n_stats": (2, 1001),
    "attention_layer_position": (-1, 64),
}


def open_folder(folder: Path, device: torch.device, truncation: float = 1.0) -> tuple[Network, str]:
    """The generator in a folder, and its digest: of its configuration, its weights and the truncation.

    Its image for z ~ N(0, I) is G(truncation * z), with the batch-norm statistics of that truncation: 1 or 0.4 only, as
    the package mixes the statistics of neighbouring truncations the wrong way round.
    ``config.json`` may have ``chunks`` too. Raises MissingFile, ForeignFile, UnsafeFile, MissingExtra or WrongUsage.
    """
    if truncation not in TRUNCATIONS:
        raise WrongUsage(f"--truncation {truncation:g}: expected {' or '.join(f'{t:g}' for t in TRUNCATIONS)}")
    hint = f"a BigGAN is a folder with {CONFIG} and {WEIGHTS}"
    paths = [files.require(folder / name, "file", hint) for name in (CONFIG, WEIGHTS)]
    values = _checked(paths[0], truncation)
    package = _package()
    config = package.BigGANConfig.from_dict(values)
    _check_weights(package, config, paths[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package is older than torch's remarks on what it uses
        network = package.BigGAN.from_pretrained(str(folder.resolve()))
    _fix_spectral_norms(network)
    network.requires_grad_(False).eval().to(device)
    description = generator_description.check(
        paths[0],
        {
            "latent_dim": values["z_dim"],
            "image_range": (-1, 1),
            "num_classes": values["num_classes"],
            "chunks": values.get("chunks", ()),
        },
    )
    digests = [files.sha256(path) for path in paths]
    digest = hashlib.sha256(f"{digests[0]}\n{digests[1]}\n{truncation:g}\n".encode()).hexdigest()
    return Network(_call(network, description, truncation), description, device, str(folder)), digest


def _call(network: nn.Module, description: Contract, truncation: float) -> Callable[[Tensor, Tensor], Tensor]:
    count = description.num_classes
    assert count is not None  # the configuration was checked

    def call(z: Tensor, classes: Tensor) -> Tensor:
        one_hot = nn.functional.one_hot(classes, count).to(z.dtype)
        return network(truncation * z, one_hot, truncation)

    return call


def _package() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of imports for its downloads, which are not used here
            import pytorch_pretrained_biggan as package
    except ImportError:
        raise MissingExtra(
            "BigGAN needs the package pytorch-pretrained-biggan: pip install 'disentool[biggan]'"
        ) from None
    return package


def _checked(path: Path, truncation: float) -> dict[str, Any]:
    """The configuration, each value of the kind and within the bounds that it can have."""
    values = records.read_json(path)
    for name, (low, high) in _BOUNDS.items():
        if type(values.get(name)) is not int or not low <= values[name] <= high:
            raise ForeignFile(
                f"{path}: {name} is {str(values.get(name))[:40]!r}, expected a whole number from {low} to {high:,}"
            )
    layers = values.get("layers")
    if not isinstance(layers, list) or not 1 <= len(layers) <= 64 or not all(map(_layer, layers)):
        raise ForeignFile(f"{path}: layers is not a list of [up-sample, in, out]; expected a BigGAN's configuration")
    if not isinstance(values.get("eps"), float) or not 0 < values["eps"] < 1:
        raise ForeignFile(f"{path}: eps is {str(values.get('eps'))[:40]!r}, expected a small number above 0")
    # In the arithmetic of the package, which would mix statistics wherever this is not exactly whole.
    if math.modf(truncation / (1.0 / (values["n_stats"] - 1)))[0]:
        raise ForeignFile(
            f"{path}: n_stats is {values['n_stats']}, which has no batch-norm statistics for --truncation"
            f" {truncation:g}; expected 51, as in the published models"
        )
    return values


def _layer(layer: Any) -> bool:
    return (
        isinstance(layer, list)
        and len(layer) == 3
        and isinstance(layer[0], bool)
        and all(type(width) is int and 1 <= width <= 64 for width in layer[1:])
    )


def _check_weights(package: Any, config: Any, path: Path) -> None:
    """ForeignFile unless the file has every weight that the configuration asks for.

    The package would leave those that are missing as they were drawn.
    """
    found = torch_file.load(path, "file of weights", f"expected BigGAN's {WEIGHTS}", legacy=True)
    torch_file.check_leaves(path, found)
    if not isinstance(found, dict):
        raise ForeignFile(f"{path}: holds {typed(found)}, expected a dict of weights")
    try:
        with blank(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = package.BigGAN(config).state_dict()
    except DisentoolError:
        raise
    except Exception as error:
        raise ForeignFile(
            f"{path.parent / CONFIG}: does not make a network; expected a published BigGAN's configuration"
        ) from error
    for name, tensor in expected.items():
        here = found.get(name)
        if not isinstance(here, Tensor):
            raise ForeignFile(f"{path}: lacks {name}, which {CONFIG} asks for")
        if here.shape != tensor.shape or not here.is_floating_point():
            raise ForeignFile(
                f"{path}: {name} is {here.dtype} {list(here.shape)}, {CONFIG} asks for float {list(tensor.shape)}"
            )


def _fix_spectral_norms(network: nn.Module) -> None:
    """Divide each weight by its spectral norm once, instead of at every call."""
    with torch.no_grad():
        for module in network.modules():
            if "weight_orig" in dict(module.named_parameters(recurse=False)):
                nn.utils.remove_spectral_norm(module)
