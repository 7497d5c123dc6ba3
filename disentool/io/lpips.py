"""The weights of LPIPS: torchvision's AlexNet or VGG16, and the linear layers that its authors publish."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from disentool.errors import ForeignFile, WrongUsage
from disentool.io import pretrained_weights

_WANTED = "torchvision's alexnet or vgg16 (.pth) and the lpips package's linear layers for it (weights/v0.1/alex.pth)"
_TRUNK = re.compile(r"(?:features|net\.slice\d)\.(\d+)\.(weight|bias)")
_LINEAR = re.compile(r"lins?\.?(\d)\.model\.1\.weight")


def read(paths: Sequence[Path], shapes: Mapping[str, Mapping[str, tuple[int, ...]]]) -> tuple[str, dict[str, Tensor]]:
    """Which network, ``alex`` or ``vgg``, and its tensors, float32, from one or two files, in any order.

    ``shapes``: of each network's tensors, as :func:`disentool.nn.lpips.shapes` gives them. Raises WrongUsage where a
    part is missing, MissingFile, UnsafeFile or ForeignFile. Nothing in the files executes.
    """
    found: dict[str, tuple[Path, Any]] = {}
    for path in paths:
        for name, tensor in _content(path).items():
            trunk, linear = _TRUNK.fullmatch(str(name)), _LINEAR.fullmatch(str(name))
            if trunk:
                found[f"features.{trunk[1]}.{trunk[2]}"] = (path, tensor)
            elif linear:
                found[f"lin{linear[1]}"] = (path, tensor)
    names = ", ".join(map(str, paths))
    if "features.0.weight" not in found or "lin0" not in found:
        lacking = "network" if "features.0.weight" not in found else "linear layers"
        raise WrongUsage(f"--lpips {names}: no {lacking} in it; expected, each with --lpips, {_WANTED}")
    first = found["features.0.weight"][1]
    kind = "alex" if isinstance(first, Tensor) and first.shape[-1:] == (11,) else "vgg"
    weights = {}
    for name, shape in shapes[kind].items():
        if name not in found:
            raise ForeignFile(f"{names}: holds no {name} of LPIPS's {kind}; expected {_WANTED}")
        path, tensor = found[name]
        weights[name] = pretrained_weights.check_values(
            path, name, pretrained_weights.check_shape(path, name, tensor, shape, f": {_WANTED}")
        )
    return kind, weights


def _content(path: Path) -> dict[Any, Any]:
    return pretrained_weights.read(path, "file of LPIPS's weights", f"expected {_WANTED}", f"expected {_WANTED}")
