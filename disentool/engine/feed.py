"""The data set where training can reach it: uint8 rows on the device, gathered by index, float32 in 0..1."""

import numpy as np
import torch
from torch import Tensor

from disentool.phase import Batch


class Feed:
    """Images and factors by row.

    On a CPU the images stay where they are: a memory map of the file, cached by the system. On an accelerator they are
    copied there once as uint8 when they fit, else gathered in memory and sent batch by batch from pinned memory.
    """

    def __init__(self, images: np.ndarray, factors: np.ndarray | None, device: torch.device):
        """``images``: uint8 [N,H,W,C]. ``factors``: int [N,K] or None."""
        self.device = device
        self.images = torch.from_numpy(images)
        self.resident = device.type == "cpu"
        if device.type != "cpu" and images.nbytes < 0.8 * _free_bytes(device):
            self.images, self.resident = self.images.to(device), True
        self.factors = None if factors is None else torch.from_numpy(np.ascontiguousarray(factors)).to(device)

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, rows: np.ndarray) -> Batch:
        """The batch of ``rows`` (int64 [B]), images float32 [B,C,H,W] in 0..1, stored channels last."""
        index = torch.from_numpy(rows)
        if self.resident:
            index = index.to(self.device)
            images = self.images.index_select(0, index)
        else:
            images = self.images.index_select(0, index)
            if self.device.type == "cuda":
                images = images.pin_memory()
            images, index = images.to(self.device, non_blocking=True), index.to(self.device, non_blocking=True)
        factors = None if self.factors is None else self.factors.index_select(0, index)
        return Batch(to_float(images), index, factors)


def to_float(images: Tensor) -> Tensor:
    """uint8 [B,H,W,C] -> float32 [B,C,H,W] in 0..1; a view of channels-last memory, which convolutions like best."""
    return images.permute(0, 3, 1, 2).float().div_(255)


def _free_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return 8 << 30  # MPS shares the system's memory; a larger set stays where it is
