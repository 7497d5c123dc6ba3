"""Encoding a data set, and the total correlation of all its posteriors."""

from collections.abc import Iterator

import numpy as np
import torch
from measure import Machine, Row, against, timed
from plain_factorvae import PlainFactorVAE
from runs import Made, method_of

from disentool.datasets import dsprites
from disentool.engine import inference
from disentool.engine.feed import Feed

BATCH = 256


def encode(machine: Machine) -> Iterator[Row]:
    """2,048 images against a plain batched forward pass; on CUDA as many as 2D Shapes has, from where they lie."""
    made = Made(8192)
    method = method_of("factorvae", made)
    networks = {name: n.to(machine.device, memory_format=torch.channels_last) for name, n in method.networks().items()}
    plain = PlainFactorVAE((torch.from_numpy(made.images).permute(0, 3, 1, 2) // 255).contiguous().to(machine.device))
    plain.encoder.to(machine.device)
    rows = np.arange(8192 if machine.cuda else 2048)

    def ours(feed: Feed, rows: np.ndarray) -> None:
        for _ in inference.encode(method, networks, feed, rows):
            pass

    def theirs() -> None:
        with torch.no_grad():
            for start in range(0, len(rows), BATCH):
                plain.encoder(plain.data[start : start + BATCH].float()).cpu()

    feed = Feed(made.images, None, machine.device)
    speed, ratio = against(lambda: ours(feed, rows), theirs, machine)
    memory = machine.peak(lambda: ours(feed, rows))
    yield Row(f"encode {len(rows):,} images", f"{len(rows) * speed:,.0f} images/s", ratio, memory)
    if machine.cuda:
        images = np.zeros((dsprites.ROWS, 64, 64, 1), np.uint8)
        images[::7] = 255
        everything = np.arange(dsprites.ROWS)
        sending = timed(lambda: Feed(images, None, machine.device))
        feed = Feed(images, None, machine.device)
        seconds = timed(lambda: ours(feed, everything))
        yield Row(
            "encode 737,280 images", f"{seconds:.1f} s and {sending:.1f} s to send them", note="of an aim of 5 s in all"
        )
