"""LORD's generator and encoders (Gabbay & Hoshen 2020), for any image size from 32 pixels a side up."""

import math

import torch
from torch import Tensor, nn

from disentool.methods.lord.adain import Kind, adain
from disentool.methods.lord.upsampling import UpConv
from disentool.nn.conv import halved_sizes, require_sides

SMALLEST = 32  # pixels a side
_HEAD = 64  # channels between the generator's last two convolutions


def halvings(height: int, width: int) -> int:
    """How often the image is halved down to about 4x4: 4 times at 64 pixels."""
    require_sides(height, width, SMALLEST)
    return int(math.log2(min(height, width) / 4))


class Generator(nn.Module):
    """[B,class_dim + content_dim] -> logits of pixels [B,channels,height,width].

    The content is the input of the first layer, and the class enters by adaptive instance normalisation alone.
    """

    def __init__(
        self,
        class_dim: int,
        content_dim: int,
        channels: int,
        height: int,
        width: int,
        features: int,
        slope: float,
        kind: Kind,
    ):
        """``features``: channels of the convolutions; ``slope``: of the leaky ReLUs; ``kind``: of the normalisation."""
        super().__init__()
        self.class_dim, self.kind = class_dim, kind
        blocks = halvings(height, width)
        # From the smallest, each rounded up, so that two times it covers the next; what is over is cut off.
        self.sizes = [(math.ceil(height / 2**n), math.ceil(width / 2**n)) for n in range(blocks, -1, -1)]
        small = self.sizes[0]
        self.act = nn.LeakyReLU(slope)
        self.dense = nn.Sequential(
            *(nn.Linear(content_dim, 512), nn.LeakyReLU(slope)),
            *(nn.Linear(512, 1024), nn.LeakyReLU(slope)),
            *(nn.Linear(1024, features * math.prod(small)), nn.LeakyReLU(slope)),
            nn.Unflatten(1, (*small, features)),  # channels last, as the convolutions like them
        )
        self.convolutions = nn.ModuleList(UpConv(features, features) for _ in range(blocks))
        self.modulations = nn.ModuleList(nn.Linear(class_dim, 2 * features) for _ in range(blocks))
        self.head = nn.Sequential(
            nn.Conv2d(features, _HEAD, 5, padding=2), nn.LeakyReLU(slope), nn.Conv2d(_HEAD, channels, 7, padding=3)
        )

    @torch.no_grad()
    def modulate_by_identity(self) -> None:
        """Let a class code of 0 scale by 1 and shift by 0, so that at first the content passes through every block.

        Biases of 0 leave each channel a scale near 0 of either sign, and every class another mixture of them.
        """
        for modulation in self.modulations:
            bias = modulation.get_parameter("bias")
            bias.zero_()
            bias[len(bias) // 2 :] = 1

    def forward(self, codes: Tensor) -> Tensor:
        """The codes of class and content side by side, as ``mean`` has them."""
        klass, content = codes[:, : self.class_dim], codes[:, self.class_dim :]
        x = self.dense(content).permute(0, 3, 1, 2)
        for convolution, modulation, (height, width) in zip(
            self.convolutions, self.modulations, self.sizes[1:], strict=True
        ):
            x = self.act(convolution(x)[:, :, :height, :width])
            offset, scale = modulation(klass).chunk(2, dim=1)
            x = adain(x, offset, scale, self.kind)
        made: Tensor = self.head(x)
        return made


def encoder(channels: int, height: int, width: int, features: int, outputs: int, slope: float) -> nn.Sequential:
    """[B,channels,height,width] -> [B,outputs]: a 7x7 convolution, 4x4 ones of stride 2 to about 4x4, three layers.

    ``features``: channels of the last convolutions (256 as published); the first two have a quarter and a half of them.
    """
    layers: list[nn.Module] = [nn.Conv2d(channels, features // 4, 7, padding=3), nn.LeakyReLU(slope)]
    size, count = features // 4, halvings(height, width)
    for out in [features // 2] + [features] * (count - 1):
        layers += [nn.Conv2d(size, out, 4, 2, 1), nn.LeakyReLU(slope)]
        size = out
    flat = size * math.prod(halved_sizes(height, width, count)[-1])
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        *(nn.Linear(flat, 256), nn.LeakyReLU(slope)),
        *(nn.Linear(256, 256), nn.LeakyReLU(slope)),
        nn.Linear(256, outputs),
    )


def table(rows: int, size: int) -> nn.Embedding:
    """A code for each of ``rows`` rows, [rows,size], uniform in -0.05..0.05 as in both releases of the authors."""
    codes = nn.Embedding(rows, size)
    nn.init.uniform_(codes.weight, -0.05, 0.05)
    return codes


def gaussian_table(rows: int, size: int) -> nn.Embedding:
    """A mean and a log variance for each of ``rows`` rows, [rows,2*size]; the variances begin at 1."""
    codes = nn.Embedding(rows, 2 * size)
    with torch.no_grad():
        codes.weight[:, :size] = table(rows, size).weight
        codes.weight[:, size:] = 0
    return codes
