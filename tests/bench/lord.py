"""A step of LORD's first stage against a plain eager statement: `python tests/bench/lord.py [PAIRS [SIZE WIDTH]]`.

Interleaved in one process, on made images, with the threads that torch chooses. The plain statement's loss is L1 of the
pixels alone, which is less work than LORD's own.
"""

import sys

import numpy as np
import torch
import torch.nn.functional as F
from spine import pairs, row
from torch import nn

from disentool.configs.lord import LORDConfig
from disentool.engine import device
from disentool.engine.feed import Feed
from disentool.engine.training import Training
from disentool.methods.lord import LORD
from disentool.phase import DataFacts

ROWS, CLASSES, BATCH = 2000, 50, 64


class PlainLORD(nn.Module):
    """Codes, generator, optimiser and :meth:`step`, as one would first write them."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, size: int, width: int):
        super().__init__()
        self.images, self.labels, self.width = images, labels, width
        blocks = {32: 3, 64: 4, 128: 5}[size]
        self.contents, self.classes = nn.Embedding(ROWS, 128), nn.Embedding(CLASSES, 256)
        self.dense = nn.Sequential(
            *(nn.Linear(128, 512), nn.LeakyReLU(0.3), nn.Linear(512, 1024), nn.LeakyReLU(0.3)),
            *(nn.Linear(1024, 16 * width), nn.LeakyReLU(0.3)),
        )
        self.convolutions = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(blocks))
        self.modulations = nn.ModuleList(nn.Linear(256, 2 * width) for _ in range(blocks))
        self.head = nn.Sequential(
            *(nn.Conv2d(width, 64, 5, padding=2), nn.LeakyReLU(0.3), nn.Conv2d(64, 3, 7, padding=3), nn.Sigmoid())
        )
        codes = [self.contents.weight, self.classes.weight]
        rest = [p for p in self.parameters() if all(p is not code for code in codes)]
        groups = [{"params": rest, "lr": 1e-4}, {"params": codes, "lr": 1e-3}]
        self.optimiser = torch.optim.Adam(groups, betas=(0.5, 0.999), eps=1e-7)

    def step(self) -> None:
        """One batch."""
        rows = torch.randint(0, ROWS, (BATCH,))
        content, klass = self.contents(rows), self.classes(self.labels[rows])
        x = self.dense(content + torch.randn_like(content)).view(BATCH, self.width, 4, 4)
        for convolution, modulation in zip(self.convolutions, self.modulations, strict=True):
            x = F.leaky_relu(convolution(F.interpolate(x, scale_factor=2, mode="nearest")), 0.3)
            offset, scale = modulation(klass)[..., None, None].chunk(2, 1)
            x = (x - x.mean((2, 3), keepdim=True)) / (x.std((2, 3), keepdim=True) + 1e-7) * scale + offset
        loss = (self.head(x) - self.images[rows].float() / 255).abs().mean() + 1e-3 * content.square().sum()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()


def main(count: int = 10, size: int = 32, width: int = 64) -> None:
    """Print one line."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (ROWS, size, size, 3), np.uint8)
    labels = rng.integers(0, CLASSES, (ROWS, 1))
    plain = PlainLORD(
        torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(labels[:, 0]), size, width
    )
    cpu = device.choose("cpu")
    facts = DataFacts(ROWS, 3, size, size, "gaussian", ("class",), (CLASSES,), "class")
    method = LORD(LORDConfig(width=width, reconstruction="pixel"), facts)
    ours = Training(method, Feed(images, labels, cpu), 0, cpu)
    mine, theirs, ratio = pairs(ours.advance, plain.step, count)
    row(f"LORD, {size} px, width {width}", f"{ratio:.2f} x", f"{1e3 * mine:.0f} against {1e3 * theirs:.0f} ms a step")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
