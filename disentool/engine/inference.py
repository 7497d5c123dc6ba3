"""Encoding and reconstructing many rows, batch by batch."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from disentool.contract import DensityRatio, Method, Networks
from disentool.contract.optional import reconstructing
from disentool.engine.devices import full_precision
from disentool.engine.feed import Feed
from disentool.engine.randomness import latent_noise

BATCH = 256  # small enough that activations stay in a CPU's cache
_GPU_BATCH = 1024  # large enough that a GPU does not wait for launches


@contextmanager
def repeatable() -> Iterator[None]:
    """Inference whose bits are the same every time: on CUDA in full float32, by deterministic convolutions.

    Scores are votes between near ties, and pictures are compared byte for byte; training has faster settings.
    """
    with full_precision(), torch.inference_mode():
        yield


def encode(
    method: Method, networks: Networks, feed: Feed, rows: np.ndarray, reconstruct_seed: int | None = None
) -> Iterator[dict[str, np.ndarray]]:
    """For each batch of ``rows`` (int64 [n]): ``mean`` (and ``logvar``) float32 [b,D].

    With ``reconstruct_seed`` also, for one z ~ q(z|x) drawn per row from that seed, ``reconstruction_nats`` float64 [b]
    (-log p(x|z)) and ``squared_error`` float64 [b] (mean over pixels and channels, values in 0..1).
    """
    some = _GPU_BATCH if feed.device.type == "cuda" else BATCH
    for start in range(0, len(rows), some):
        yield _encode(method, networks, feed, rows[start : start + some], reconstruct_seed)


def _encode(
    method: Method, networks: Networks, feed: Feed, rows: np.ndarray, reconstruct_seed: int | None
) -> dict[str, np.ndarray]:
    with repeatable():  # not around a yield: it would hold for whoever takes the batch
        images = feed.batch(rows).images
        posterior = method.encode(networks, images)
        out = {name: value.float().cpu().numpy() for name, value in posterior.items()}
        if reconstruct_seed is not None:
            codes = posterior["mean"]
            if "logvar" in posterior:
                noise = torch.from_numpy(latent_noise(reconstruct_seed, rows, codes.shape[1]))
                codes = codes + torch.exp(0.5 * posterior["logvar"]) * noise.to(codes.device)
            out |= _errors(method, networks, codes, images)
    return out


def _errors(method: Method, networks: Networks, codes: torch.Tensor, images: torch.Tensor) -> dict[str, np.ndarray]:
    """``reconstruction_nats`` and ``squared_error``, float64 [b], of codes [b,D] for images [b,C,H,W]."""
    nats, decoded = reconstructing(method).reconstruction(networks, codes, images)
    squares = (decoded - images).square().flatten(1).mean(1)
    found = (("reconstruction_nats", nats), ("squared_error", squares))
    return {name: values.cpu().double().numpy() for name, values in found}


def reconstruct(
    method: Method, networks: Networks, feed: Feed, rows: np.ndarray, codes: np.ndarray
) -> dict[str, np.ndarray]:
    """``reconstruction_nats`` and ``squared_error``, as :func:`encode` gives them, of float32 codes [b,D]."""
    with repeatable():
        return _errors(method, networks, torch.from_numpy(codes).to(feed.device), feed.batch(rows).images)


def log_likelihood(method: Method, networks: Networks, feed: Feed, rows: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """log p(x|z) in nats, float64 [B,K], of the images ``rows`` (int64 [B]) for codes float32 [B,K,D]."""
    flat = torch.from_numpy(codes.reshape(-1, codes.shape[2]))
    owners = np.repeat(rows, codes.shape[1])
    model = reconstructing(method)
    parts = []
    with repeatable():
        for start in range(0, len(owners), BATCH):
            images = feed.batch(owners[start : start + BATCH]).images
            nats, _ = model.reconstruction(networks, flat[start : start + BATCH].to(feed.device), images)
            parts.append(-nats.cpu().double().numpy())
    return np.concatenate(parts).reshape(codes.shape[:2])


def density_ratio(method: DensityRatio, networks: Networks, device: torch.device, codes: np.ndarray) -> np.ndarray:
    """log q(z) - log prod_j q(z_j) in nats, float64 [M], as the method's discriminator sees codes float32 [M,D]."""
    with repeatable():
        parts = torch.split(torch.from_numpy(codes).to(device), BATCH)
        return torch.cat([method.density_ratio(networks, part) for part in parts]).cpu().double().numpy()
