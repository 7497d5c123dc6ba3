"""The latent codes of InfoGAN (Chen et al. 2016): categorical, continuous, and noise that Q does not recognise."""

import math

import torch
from torch import Tensor

from disentool.contract import ClassSupport, IntervalSupport, Noise, Noises, Support


class LatentCodes:
    """How codes are drawn, enter the generator, and are recognised by Q.

    A code [B,D] holds one column per categorical code, its class as a number 0..n-1, then the continuous codes. The
    generator is given each class as a one-hot vector; Q answers with n logits per class, a mean and a logvar per
    continuous code.
    """

    def __init__(self, categories: tuple[int, ...], continuous: int, law: str, noise: int):
        """``categories``: how many classes each categorical code has. ``law`` of the continuous: uniform, normal."""
        self.categories, self.continuous, self.law, self.noise_size = categories, continuous, law, noise
        self.width = len(categories) + continuous  # D
        self.inputs = sum(categories) + continuous + noise  # of the generator
        self.outputs = sum(categories) + 2 * continuous  # of Q
        per_continuous = math.log(2) if law == "uniform" else 0.5 * math.log(2 * math.pi * math.e)
        self.entropy = sum(map(math.log, categories)) + continuous * per_continuous  # H(c), nats

    def draws(self, batch: int) -> tuple[Noise, ...]:
        """The random tensors that :meth:`sample` needs."""
        return (
            Noise("classes", (batch, len(self.categories)), "uniform"),
            Noise("continuous", (batch, self.continuous), "uniform" if self.law == "uniform" else "normal"),
            Noise("rest", (batch, self.noise_size), "normal"),
        )

    def sample(self, noise: Noises) -> tuple[Tensor, Tensor]:
        """Codes [B,D] from their prior, and what the generator is given [B,inputs]."""
        uniform = noise["classes"]
        classes = [self._class(uniform[:, i : i + 1], n) for i, n in enumerate(self.categories)]
        continuous = noise["continuous"]
        if self.law == "uniform":
            continuous = 2 * continuous - 1
        codes = torch.cat([*classes, continuous], 1)
        return codes, torch.cat([self._expand(codes), noise["rest"]], 1)

    @staticmethod
    def _class(uniform: Tensor, count: int) -> Tensor:
        """0..1 -> 0..count-1, whole numbers."""
        return (uniform * count).floor().clamp(0, count - 1)

    def _expand(self, codes: Tensor) -> Tensor:
        """Codes [B,D] with each class, the nearest that there is, as a one-hot vector."""
        parts = []
        for i, count in enumerate(self.categories):
            nearest = codes[:, i : i + 1].round().clamp(0, count - 1)
            parts.append((nearest == torch.arange(count, device=codes.device)).to(codes.dtype))
        return torch.cat([*parts, codes[:, len(self.categories) :]], 1)

    def generator_input(self, codes: Tensor) -> Tensor:
        """Codes [B,D], with the noise at its mean, zero; or codes and noise [B,D+noise]. -> [B,inputs]."""
        missing = self.width + self.noise_size - codes.shape[1]
        rest = codes[:, self.width :] if missing == 0 else codes.new_zeros(len(codes), self.noise_size)
        return torch.cat([self._expand(codes[:, : self.width]), rest], 1)

    def log_q(self, outputs: Tensor, codes: Tensor) -> Tensor:
        """log Q(c|x) [B] in nats of codes [B,D], from Q's outputs [B,outputs] for x."""
        one_hot = self._expand(codes)
        total, first = codes.new_zeros(len(codes)), 0
        for count in self.categories:
            logits = outputs[:, first : first + count].log_softmax(1)
            total = total + (logits * one_hot[:, first : first + count]).sum(1)
            first += count
        mean, logvar = outputs[:, first:].chunk(2, dim=1)
        squares = (codes[:, len(self.categories) :] - mean).square()
        return total - 0.5 * (squares * torch.exp(-logvar) + logvar + math.log(2 * math.pi)).sum(1)

    def mean(self, outputs: Tensor) -> Tensor:
        """Q's outputs -> codes [B,D]: the most probable class of each categorical code, the mean of each other."""
        parts, first = [], 0
        for count in self.categories:
            parts.append(outputs[:, first : first + count].argmax(1, keepdim=True).to(outputs.dtype))
            first += count
        return torch.cat([*parts, outputs[:, first : first + self.continuous]], 1)

    def from_normals(self, normals: Tensor) -> Tensor:
        """Standard normals [n,D] (or [n,D+noise]) -> as many draws of the prior: what the generator was trained on."""
        uniform = torch.special.ndtr(normals)
        classes = [self._class(uniform[:, i : i + 1], n) for i, n in enumerate(self.categories)]
        last = slice(len(self.categories), self.width)
        continuous = 2 * uniform[:, last] - 1 if self.law == "uniform" else normals[:, last]
        return torch.cat([*classes, continuous, normals[:, self.width :]], 1)

    def reference(self, rows: int) -> Tensor:
        """What the generator is given for ``rows`` draws of the prior, from torch's global generator."""
        return self.generator_input(self.from_normals(torch.randn(rows, self.width + self.noise_size)))

    def supports(self) -> tuple[Support, ...]:
        """Which values each of the D columns takes; None: a standard normal."""
        interval = IntervalSupport(-1.0, 1.0) if self.law == "uniform" else None
        return (*(ClassSupport(count) for count in self.categories), *[interval] * self.continuous)
