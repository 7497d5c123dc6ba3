"""The same architecture with fresh weights: what the scores of a trained model are to be compared with.

A random encoder is smooth, and keeps much of what distinguishes images. How much a metric makes of that depends on the
architecture and on the law of its first weights, so no number holds for all.
"""

from dataclasses import replace

import torch

from disentool.engine.feed import to_device
from disentool.engine.precision import computing
from disentool.models.model import TrainedModel

_APART = 1000  # from the seed of training, so that no run of the usual seeds began with these weights


def weights_seed(model: TrainedModel) -> int:
    """The seed of the fresh weights: another one than that of training, and another for each run of a sweep."""
    seed = model.content["rng"].get("seed")
    return _APART + (seed if isinstance(seed, int) else 0)


def untrained(model: TrainedModel) -> TrainedModel:
    """The model with the networks that its method starts from, of :func:`weights_seed`; all else is the model's."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(weights_seed(model))  # on the CPU, as in training
        networks = model.method.networks()
    for network in networks.values():
        to_device(network.requires_grad_(False).eval(), model.device)
    return replace(model, networks=computing(networks, model.precision))
