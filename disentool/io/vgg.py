"""The weights of VGG16, as torchvision keeps them: found, checked and read."""

import math
import os
import pickle
import warnings
import zipfile
from pathlib import Path

import torch
from torch import Tensor

from disentool.errors import ForeignFile, MissingFile, UnsafeFile
from disentool.io import files

NAME = "vgg16-397923af.pth"  # torchvision's file; the digits begin its sha256
_WIDTHS = {
    0: 64,
    2: 64,
    5: 128,
    7: 128,
    10: 256,
    12: 256,
    14: 256,
    17: 512,
    19: 512,
    21: 512,
    24: 512,
    26: 512,
    28: 512,
}
_EXPECTED = "expected torchvision's VGG16, such as " + NAME


def find() -> Path | None:
    """The file in torch's hub cache, where torchvision and others leave it; None if there is none."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / NAME
    return path if path.is_file() else None


def choose(loss: str, path: str | None) -> Path | None:
    """The file that a perceptual ``loss`` reads; None where the loss is another.

    ``auto``: perceptual where ``path`` is given or the file is in torch's hub cache. MissingFile if it has to be, and
    is not.
    """
    if loss in ("pixel", "native"):
        return None
    found = find() if path is None else Path(path)
    if found is None and loss == "perceptual":
        raise MissingFile(
            f"--reconstruction perceptual: no {NAME} in {torch.hub.get_dir()}/checkpoints; --vgg names it, or"
            " --reconstruction pixel does without"
        )
    return found


def read(path: Path) -> dict[str, Tensor]:
    """``features.N.weight`` and ``features.N.bias`` of the 13 convolutions, float32, each key and shape checked.

    MissingFile, UnsafeFile or ForeignFile. Nothing in the file executes; the other layers' weights are left out.
    """
    path = files.require(path, "file of VGG16's weights", "torchvision's vgg16 downloads " + NAME)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > os.path.getsize(path):
                raise UnsafeFile(f"{path}: claims to hold more bytes than it has; not opened")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks of torch's on what is refused below
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise UnsafeFile(f"{path}: holds Python objects or is no torch file; {_EXPECTED}") from None
    except MemoryError:
        raise
    except Exception as error:  # on a damaged file torch may raise nearly anything
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise ForeignFile(f"{path}: cannot be read ({reason}); {_EXPECTED}") from None
    if not isinstance(content, dict):
        raise ForeignFile(f"{path}: holds a {type(content).__name__}; {_EXPECTED}")
    weights, size = {}, 3
    for layer, width in _WIDTHS.items():
        for name, shape in ((f"features.{layer}.weight", (width, size, 3, 3)), (f"features.{layer}.bias", (width,))):
            tensor = content.get(name)
            if not isinstance(tensor, Tensor):
                raise ForeignFile(f"{path}: has no {name}; {_EXPECTED}")
            plain = tensor.layout == torch.strided and tensor.is_floating_point() and not tensor.is_quantized
            if not plain or tensor.shape != shape:
                raise ForeignFile(f"{path}: {name} is {list(tensor.shape)}, expected {list(shape)}; {_EXPECTED}")
            if math.prod(shape) * tensor.element_size() > tensor.untyped_storage().nbytes():
                raise UnsafeFile(f"{path}: {name} is not stored in full; {_EXPECTED}")
            if not bool(tensor.isfinite().all()):
                raise ForeignFile(f"{path}: {name} is not finite; {_EXPECTED}")
            weights[name] = tensor.float().clone()
        size = width
    return weights
