"""The density of an equal mixture of many diagonal Gaussians, streamed over its components."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

ELEMENTS = 1 << 20  # of one block, on a CPU
ELEMENTS_ELSEWHERE = 1 << 26
HEADROOM = 40.0  # e^40 times any number of components is far from the largest float32


def log_density(
    z: Tensor, mean: Tensor, logvar: Tensor, progress: Callable[[int, int], None] | None = None
) -> tuple[Tensor, Tensor]:
    """log (1/N) sum_n N(z; mean_n, exp logvar_n) in nats: the joint float64 [M], and the marginals float64 [M,D].

    z float32 [M,D], mean and logvar float32 [N,D], all on one device. Memory: one block, whatever M and N are. The
    exponentials are float32, their sums over blocks float64 (float32 on a device without it).
    """
    (many, size), components = z.shape, len(mean)
    elements = ELEMENTS if z.device.type == "cpu" else ELEMENTS_ELSEWHERE
    wide = torch.float32 if z.device.type == "mps" else torch.float64
    rows = min(many, 8 if z.device.type == "cpu" else 1024)
    columns = max(1, elements // (rows * size))
    # [D,N] and [D,M]: a block's last dimension, which is summed over, is contiguous
    mean, offset = mean.T.contiguous(), -0.5 * logvar.T.contiguous()
    scale = torch.exp(offset) * math.sqrt(0.5)
    # No exponent exceeds its dimension's highest offset, so that one shift serves all: sums up to e^HEADROOM times N do
    # not overflow, and what is e^-120 below the highest density still counts.
    shift = offset.amax(1, keepdim=True) - HEADROOM
    offset = offset - shift
    joint = torch.full((many,), -math.inf, dtype=wide, device=z.device)
    sums = torch.zeros((size, many), dtype=wide, device=z.device)
    z = z.T.contiguous()
    blocks = math.ceil(many / rows) * math.ceil(components / columns)
    done = 0
    for top in range(0, many, rows):
        part = slice(top, min(top + rows, many))
        for left in range(0, components, columns):
            block = slice(left, left + columns)
            # -1/2 (z - mean)^2 / sigma^2 - log sigma
            terms = z[:, part, None] - mean[:, None, block]
            terms.mul_(scale[:, None, block]).square_().neg_().add_(offset[:, None, block])
            joint[part] = torch.logaddexp(joint[part], terms.sum(0).logsumexp(1).to(wide))
            sums[:, part] += terms.exp_().sum(2)
            done += 1
            if progress and (done % 64 == 0 or done == blocks):
                progress(done, blocks)
    shift = shift.to(wide)
    constant = 0.5 * math.log(2 * math.pi)
    return (
        joint + shift.sum() - math.log(components) - size * constant,
        (sums.log() + shift).T - math.log(components) - constant,
    )
