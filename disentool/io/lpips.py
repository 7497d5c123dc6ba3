"""The weights of LPIPS: torchvision's AlexNet or VGG16, and the linear layers that its authors publish."""

import os
import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from disentool.errors import ForeignFile, UnsafeFile, WrongUsage
from disentool.io import files

_WANTED = "torchvision's alexnet or vgg16 (.pth) and the lpips package's linear layers for it (weights/v0.1/alex.pth)"
_TRUNK = re.compile(r"(?:features|net\.slice\d)\.(\d+)\.(weight|bias)")
_LINEAR = re.compile(r"lins?\.?(\d)\.model\.1\.weight")


def read(paths: Sequence[Path], shapes: Mapping[str, Mapping[str, tuple[int, ...]]]) -> tuple[str, dict[str, Tensor]]:
    """Which network, ``alex`` or ``vgg``, and its tensors, float32, from one or two files, in any order.

    ``shapes``: of each network's tensors, as :func:`disentool.nn.lpips.shapes` gives them. Raises WrongUsage where a
    part is missing, MissingFile, UnsafeFile or ForeignFile. Nothing in the files executes.
    """
    found: dict[str, tuple[Path, Tensor]] = {}
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
        plain = isinstance(tensor, Tensor) and tensor.layout == torch.strided and tensor.is_floating_point()
        if not plain or tensor.shape != shape:
            had = list(tensor.shape) if isinstance(tensor, Tensor) else type(tensor).__name__
            raise ForeignFile(f"{path}: {name} is {had}, expected {list(shape)}: {_WANTED}")
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise UnsafeFile(f"{path}: {name} is not stored in full")
        if not bool(tensor.isfinite().all()):
            raise ForeignFile(f"{path}: {name} is not finite")
        weights[name] = tensor.float().clone()
    return kind, weights


def _content(path: Path) -> dict:
    path = files.require(path, "file of LPIPS's weights", f"expected {_WANTED}")
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > os.path.getsize(path):
                raise UnsafeFile(f"{path}: claims to hold more bytes than it has; not opened")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks of torch's on what is refused below
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise UnsafeFile(f"{path}: holds Python objects or is no torch file; expected {_WANTED}") from None
    except MemoryError:
        raise
    except Exception as error:  # on a damaged file torch may raise nearly anything
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise ForeignFile(f"{path}: cannot be read ({reason}); expected {_WANTED}") from None
    if not isinstance(content, dict):
        raise ForeignFile(f"{path}: holds a {type(content).__name__}; expected {_WANTED}")
    return content
