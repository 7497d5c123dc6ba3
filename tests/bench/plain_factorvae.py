"""The yardstick: Kim & Mnih's algorithm 2 for 2D Shapes as one would first write it in eager PyTorch.

Images are uint8 [N,1,64,64] with values 0 and 1 in memory; two batches of 64; the discriminator has 6 hidden layers.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import nn


class PlainFactorVAE:
    """Networks, optimisers and :meth:`step`, with nothing done for speed."""

    def __init__(self, data: torch.Tensor, gamma: float = 40.0, batch: int = 64, latent: int = 10, width: int = 1000):
        self.data, self.gamma, self.batch = data, gamma, batch
        self.encoder = nn.Sequential(
            *(nn.Conv2d(1, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 32, 4, 2, 1), nn.ReLU()),
            *(nn.Conv2d(32, 64, 4, 2, 1), nn.ReLU(), nn.Conv2d(64, 64, 4, 2, 1), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(1024, 128), nn.ReLU(), nn.Linear(128, 2 * latent)),
        )
        self.decoder = nn.Sequential(
            *(nn.Linear(latent, 128), nn.ReLU(), nn.Linear(128, 1024), nn.ReLU(), nn.Unflatten(1, (64, 4, 4))),
            *(nn.ConvTranspose2d(64, 64, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU()),
            *(nn.ConvTranspose2d(32, 32, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(32, 1, 4, 2, 1)),
        )
        sizes = [latent, *[width] * 6]
        hidden = [m for a, b in itertools.pairwise(sizes) for m in (nn.Linear(a, b), nn.LeakyReLU(0.2))]
        self.discriminator = nn.Sequential(*hidden, nn.Linear(width, 2))
        self.vae = [*self.encoder.parameters(), *self.decoder.parameters()]
        self.vae_optimiser = torch.optim.Adam(self.vae, 1e-4)
        self.discriminator_optimiser = torch.optim.Adam(self.discriminator.parameters(), 1e-4, (0.5, 0.9))

    def images(self) -> torch.Tensor:
        """A batch, float32 [B,1,64,64]."""
        return self.data[torch.randint(0, len(self.data), (self.batch,))].float()

    def sample(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Mean, logvar and a sample of q(z|x), each [B,D]."""
        mean, logvar = self.encoder(x).chunk(2, 1)
        return mean, logvar, mean + torch.randn_like(mean) * (logvar / 2).exp()

    def step(self) -> None:
        """One iteration of algorithm 2."""
        x = self.images()
        mean, logvar, z = self.sample(x)
        reconstruction = F.binary_cross_entropy_with_logits(self.decoder(z), x, reduction="sum") / len(x)
        kl = -0.5 * (1 + logvar - mean**2 - logvar.exp()).sum(1).mean()
        logits = self.discriminator(z)
        loss = reconstruction + kl + self.gamma * (logits[:, 0] - logits[:, 1]).mean()
        self.vae_optimiser.zero_grad()
        loss.backward(inputs=self.vae)
        self.vae_optimiser.step()
        with torch.no_grad():
            other = self.sample(self.images())[2]
            other = torch.stack([other[torch.randperm(len(other)), j] for j in range(other.shape[1])], 1)
        zeros = torch.zeros(len(z), dtype=torch.long)
        real, permuted = self.discriminator(z.detach()), self.discriminator(other)
        loss = 0.5 * (F.cross_entropy(real, zeros) + F.cross_entropy(permuted, zeros + 1))
        self.discriminator_optimiser.zero_grad()
        loss.backward()
        self.discriminator_optimiser.step()
