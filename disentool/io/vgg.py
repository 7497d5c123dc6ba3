"""The weights of VGG16, as torchvision keeps them: found, checked and read."""

from pathlib import Path

import torch
from torch import Tensor

from disentool.errors import ForeignFile, MissingFile
from disentool.io import pretrained_weights

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
    content = pretrained_weights.read(
        path, "file of VGG16's weights", "torchvision's vgg16 downloads " + NAME, _EXPECTED
    )
    weights, size = {}, 3
    for layer, width in _WIDTHS.items():
        for name, shape in ((f"features.{layer}.weight", (width, size, 3, 3)), (f"features.{layer}.bias", (width,))):
            if not isinstance(content.get(name), Tensor):
                raise ForeignFile(f"{path}: has no {name}; {_EXPECTED}")
            tensor = pretrained_weights.check_shape(path, name, content[name], shape, f"; {_EXPECTED}")
            weights[name] = pretrained_weights.check_values(path, name, tensor, f"; {_EXPECTED}")
        size = width
    return weights
