"""The methods by name, torch-free: name -> (configuration class, implementation, one-line summary), as strings."""

import importlib
from dataclasses import dataclass

from disentool.errors import UnknownName


@dataclass(frozen=True)
class MethodEntry:
    """Where a method's parts are, as ``module:Class``, and what it is in one line."""

    config: str
    implementation: str
    summary: str


METHODS: dict[str, MethodEntry] = {
    "vae": MethodEntry(
        "disentool.configs.vae:VAEConfig",
        "disentool.methods.vae:VAE",
        "variational autoencoder (Kingma & Welling 2014)",
    ),
    "betavae": MethodEntry(
        "disentool.configs.betavae:BetaVAEConfig",
        "disentool.methods.betavae:BetaVAE",
        "beta-VAE (Higgins et al. 2017), with the capacity schedule of Burgess et al. (2018)",
    ),
    "factorvae": MethodEntry(
        "disentool.configs.factorvae:FactorVAEConfig",
        "disentool.methods.factorvae:FactorVAE",
        "FactorVAE: a VAE with a total-correlation penalty (Kim & Mnih 2018)",
    ),
}


def find(name: str) -> MethodEntry:
    """The table's entry for a method; UnknownName suggests the nearest names."""
    if name not in METHODS:
        raise UnknownName("method", name, METHODS)
    return METHODS[name]


def load(reference: str) -> type:
    """The class that ``module:Class`` names."""
    module, _, attribute = reference.partition(":")
    return getattr(importlib.import_module(module), attribute)
