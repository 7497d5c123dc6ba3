"""Weights of LPIPS with random values, in the files that they are published in."""

import math
from pathlib import Path

import torch

from disentool.nn.lpips import shapes


def random_weights(kind, seed=0):
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, shape in shapes(kind).items():
        values = torch.randn(shape, generator=generator)
        found[name] = values.abs() if name.startswith("lin") else values / math.sqrt(math.prod(shape[1:]) or 1)
    return found


def as_published(weights, folder: Path) -> tuple[Path, Path]:
    """Two files: torchvision's, whose classifier comes with it, and the linear layers as the lpips package has them."""
    trunk = {name: w for name, w in weights.items() if name.startswith("features.")}
    trunk["classifier.6.bias"] = torch.zeros(1000)
    torch.save(trunk, folder / "trunk.pth")
    torch.save({f"{n}.model.1.weight": w for n, w in weights.items() if n.startswith("lin")}, folder / "lin.pth")
    return folder / "trunk.pth", folder / "lin.pth"
