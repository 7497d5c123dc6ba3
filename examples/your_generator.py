"""A generator of your own: disentool find-direction --trust your_generator:Blob --transform shift-x -o dirs.h5

Called with codes z [B,latent_dim], standard normal, it gives images [B,C,H,W] that can be differentiated in z. Other
attributes it may have: ``image_range = (-1, 1)``, the numbers of black and white; ``clip = True`` to cut off what is
beyond them; ``prior = "uniform"`` for a z in -1..1; ``num_classes``, to be called with classes [B] too; ``chunks``.
"""

import math

import torch


class Blob:
    """A bright Gaussian blob, whose place and size are linear in z: three known directions among eight dimensions."""

    latent_dim = 8
    side = 32

    def __init__(self):
        generator = torch.Generator().manual_seed(0)
        mixed = torch.randn(self.latent_dim, 3, generator=generator)
        self.directions = torch.linalg.qr(mixed).Q.T  # unit vectors [3,8]: horizontal place, vertical place, size

    def __call__(self, z: torch.Tensor) -> torch.Tensor:
        x, y, size = (z @ self.directions.T.to(z)).T[:, :, None, None]
        grid = (torch.arange(self.side, device=z.device) + 0.5) / self.side - 0.5  # in image widths
        across = grid[None, None, :] - 0.08 * x
        down = grid[None, :, None] - 0.08 * y
        width = 0.1 * torch.exp(0.1 * size)
        return torch.exp(-0.5 * (across**2 + down**2) / width**2)[:, None]


class Moons(Blob):
    """Two classes: a blob, and the same with a bite taken out of it. Its pixels go from -1 to 1."""

    num_classes = 2
    image_range = (-1, 1)

    def __call__(self, z: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        blob = super().__call__(z)
        bite = super().__call__(z + math.sqrt(2) * self.directions[0].to(z))
        return 2 * (blob * (1 - bite * classes[:, None, None, None])) - 1
