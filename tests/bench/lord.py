"""A step of LORD's first stage against a plain eager statement of it, both with a loss of VGG16's features."""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from measure import Machine, Row, against
from runs import Made, advance, method_of, training
from torch import Tensor, nn

from disentool.nn.perceptual import Vgg16

LAYERS = (64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512, 512, 512, "pool", 512, 512, 512, "pool")
TAPS = (3, 8, 13, 22, 30)


def made_vgg() -> dict[str, Tensor]:
    """Weights of VGG16's convolutions, drawn: they take as long as learned ones."""
    plain = PlainVgg()
    return {name: tensor.clone() for name, tensor in plain.state_dict().items()}


class PlainVgg(nn.Module):
    """Features at five layers, as one would first write it."""

    def __init__(self) -> None:
        super().__init__()
        layers, size = [], 3
        for out in LAYERS:
            layers += [nn.MaxPool2d(2)] if out == "pool" else [nn.Conv2d(size, out, 3, padding=1), nn.ReLU()]
            size = size if out == "pool" else out
        self.features = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Five tensors."""
        found = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in TAPS:
                found.append(x)
        return found


class PlainLORD(nn.Module):
    """Codes, generator, optimiser and :meth:`step`, as one would first write them."""

    def __init__(self, made: Made, width: int, batch: int, vgg: dict[str, Tensor] | None, device: torch.device):
        super().__init__()
        self.width, self.batch = width, batch
        self.data = torch.from_numpy(made.images).permute(0, 3, 1, 2).contiguous().to(device)
        self.labels = torch.from_numpy(made.factors[:, 0].astype(np.int64)).to(device)
        blocks = {32: 3, 64: 4, 128: 5}[made.facts.height]
        self.contents, self.classes = nn.Embedding(len(self.data), 128), nn.Embedding(50, 256)
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
        self.vgg = None
        if vgg is not None:
            self.vgg = PlainVgg()
            self.vgg.load_state_dict(vgg)
            self.vgg.requires_grad_(False)
        self.to(device)

    def step(self) -> None:
        """One batch."""
        rows = torch.randint(0, len(self.data), (self.batch,), device=self.data.device)
        content, klass = self.contents(rows), self.classes(self.labels[rows])
        x = self.dense(content + torch.randn_like(content)).view(-1, self.width, 4, 4)
        for convolution, modulation in zip(self.convolutions, self.modulations, strict=True):
            x = F.leaky_relu(convolution(F.interpolate(x, scale_factor=2, mode="nearest")), 0.3)
            offset, scale = modulation(klass)[..., None, None].chunk(2, 1)
            x = (x - x.mean((2, 3), keepdim=True)) / (x.std((2, 3), keepdim=True) + 1e-7) * scale + offset
        images, targets = self.head(x), self.data[rows].float() / 255
        if self.vgg is None:
            reconstruction = (images - targets).abs().mean()
        else:
            pairs = zip(self.vgg(images), self.vgg(targets), strict=True)
            reconstruction = sum((a - b).abs().mean() for a, b in pairs)
        self.optimiser.zero_grad()
        (reconstruction + 1e-3 * content.square().sum()).backward()
        self.optimiser.step()


def lord(machine: Machine) -> Iterator[Row]:
    """On CUDA the paper's sizes, by precision; on a CPU small ones."""
    size, width, batch = (64, 256, 64) if machine.cuda else (64, 64, 16)
    made = Made(2_000, size, channels=3)
    for perceptual in (False, True):
        vgg = made_vgg() if perceptual else None
        plain = PlainLORD(made, width, batch, vgg, machine.device)
        for bfloat16 in (False, True) if machine.cuda else (False,):
            method = method_of("lord", made, width=width, batch_size=batch, reconstruction="pixel")
            method.frozen = lambda vgg=vgg: {} if vgg is None else {"vgg": Vgg16(vgg, "normalised")}
            ours = training(method, made, machine.device, graphs=machine.cuda, bfloat16=bfloat16)
            eager = training(method, made, machine.device, bfloat16=bfloat16)

            def step(ours=ours) -> None:
                advance([ours])

            speed, ratio = against(step, plain.step, machine)
            loss = "VGG16" if perceptual else "pixels"
            what = f"LORD, {size} pixels, width {width}, batch {batch}, {loss}{', bfloat16' if bfloat16 else ''}"
            figure = f"{speed:,.2f} steps/s, {speed * batch:,.0f} images/s"
            yield Row(
                what, figure, ratio, machine.peak(step), note=ours.why_eager, **machine.floors(eager.advance, 1 / speed)
            )
