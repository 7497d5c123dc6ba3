"""The rows of a data set for training: uint8 in memory or on the device, gathered by index as float32 in 0..1."""

import numpy as np
import torch
from torch import Tensor, nn

from disentool.contract import Batch
from disentool.io.mapped_images import MappedImages


class Feed:
    """Images and factors by row.

    On a CPU (and on MPS, whose memory is the CPU's) the images stay where they are: a memory map of the file, cached by
    the system. On CUDA they are copied there once as uint8 when they fit, else gathered in memory and sent batch by
    batch from pinned memory.
    """

    def __init__(
        self,
        images: np.ndarray,
        factors: np.ndarray | None,
        device: torch.device,
        *,
        rows: np.ndarray | None = None,
        resident: bool = True,
    ):
        """``images``: uint8 [N,H,W,C]. ``factors``: int [N,K] or None. ``resident`` False: images stay off CUDA.

        ``rows``: only these (int64 [n]), which are then counted from 0; None: all.
        """
        self.device = device
        self._rows = None if rows is None or len(rows) == len(images) else torch.from_numpy(rows)
        self._watched = MappedImages(images)
        self.images = torch.from_numpy(images)
        if device.type == "cuda" and resident and images.nbytes < 0.8 * torch.cuda.mem_get_info(device)[0]:
            self.images = self.images.to(device)
        self.resident = self.images.device.type == device.type  # whether the device can gather by itself
        self._rows_there = None if self._rows is None else self._rows.to(device)
        self.factors = None if factors is None else torch.from_numpy(factors.astype(np.int64)).to(device)

    def __len__(self) -> int:
        return len(self.images) if self._rows is None else len(self._rows)

    def labels(self) -> np.ndarray | None:
        """The factors of its rows, int64 [n,K], or None."""
        if self.factors is None:
            return None
        factors = self.factors.cpu()
        return (factors if self._rows is None else factors[self._rows.cpu()]).numpy()

    def batch(self, rows: np.ndarray) -> Batch:
        """The batch of ``rows`` (int64 [B]), images float32 [B,C,H,W] in 0..1, stored channels last."""
        cuda = self.device.type == "cuda"
        index = torch.from_numpy(rows)
        images = None
        if not self.resident:
            images = self.gather(index)
            # Only pinned memory may be sent without waiting: it is kept until the copy is done.
            images = (images.pin_memory() if cuda else images).to(self.device, non_blocking=cuda)
        return self.at(index.to(self.device), images)

    def gather(self, index: Tensor) -> Tensor:
        """uint8 [B,H,W,C]: the images of the rows ``index``, int64 [B] in memory. The images must be in memory too.

        ForeignFile if the file that they are mapped from was cut short.
        """
        self._watched.require_whole()
        return self.images.index_select(0, index if self._rows is None else self._rows[index])

    def at(self, index: Tensor, images: Tensor | None) -> Batch:
        """The batch of the rows ``index``, int64 [B] on the device.

        ``images``: theirs, uint8 [B,H,W,C] on the device, where the device cannot gather them itself. Nothing here
        waits for the device, so that a captured step can begin with it.
        """
        stored = index if self._rows_there is None else self._rows_there.index_select(0, index)
        if images is None:
            if self.images.device.type == "cpu":
                self._watched.require_whole()
            images = self.images.index_select(0, stored)
        factors = None if self.factors is None else self.factors.index_select(0, stored)
        return Batch(to_float(images), index, factors)


def to_device(network: nn.Module, device: torch.device) -> nn.Module:
    """The network itself, moved to the device, its weights stored channels last as the images are."""
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[no-any-return,call-overload]  # of torch


def to_float(images: Tensor) -> Tensor:
    """uint8 [B,H,W,C] -> float32 [B,C,H,W] in 0..1; a view of channels-last memory, the fastest for convolutions."""
    return images.permute(0, 3, 1, 2).div(255)


def to_uint8(images: Tensor) -> np.ndarray:
    """float [B,C,H,W] in 0..1 (other values are clipped) -> uint8 [B,H,W,C], rounded to the nearest level."""
    return (images * 255).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
