"""The methods by name, torch-free: name -> (configuration class, implementation, one-line summary), as strings."""

import dataclasses
import inspect
from dataclasses import dataclass

from disentool.config import options
from disentool.configs.reference import is_own, load
from disentool.errors import UnknownName, WrongUsage


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
    "betatcvae": MethodEntry(
        "disentool.configs.betatcvae:BetaTCVAEConfig",
        "disentool.methods.betatcvae:BetaTCVAE",
        "beta-TCVAE: a VAE with a weighted total correlation, from minibatches (Chen et al. 2018)",
    ),
    "dipvae": MethodEntry(
        "disentool.configs.dipvae:DIPVAEConfig",
        "disentool.methods.dipvae:DIPVAE",
        "DIP-VAE I and II: a VAE whose codes' covariance is drawn to the identity (Kumar et al. 2018)",
    ),
    "aae": MethodEntry(
        "disentool.configs.aae:AAEConfig",
        "disentool.methods.aae:AAE",
        "adversarial autoencoder: a discriminator draws the codes to their prior (Makhzani et al. 2015)",
    ),
    "infogan": MethodEntry(
        "disentool.configs.infogan:InfoGANConfig",
        "disentool.methods.infogan:InfoGAN",
        "InfoGAN: a GAN with categorical and continuous codes (Chen et al. 2016)",
    ),
    "infowgan-gp": MethodEntry(
        "disentool.configs.infowgangp:InfoWGANGPConfig",
        "disentool.methods.infowgangp:InfoWGANGP",
        "InfoWGAN-GP: InfoGAN's codes with a Wasserstein critic and gradient penalty (Kim & Mnih 2018)",
    ),
    "adagvae": MethodEntry(
        "disentool.configs.adagvae:AdaGVAEConfig",
        "disentool.methods.adagvae:AdaGVAE",
        "Ada-GVAE: a VAE of pairs of images that share most factors (Locatello et al. 2020)",
    ),
    "mlvae": MethodEntry(
        "disentool.configs.mlvae:MLVAEConfig",
        "disentool.methods.mlvae:MLVAE",
        "ML-VAE: a VAE of groups of images of a class, with a code for class and content (Bouchacourt et al. 2018)",
    ),
    "drnet": MethodEntry(
        "disentool.configs.drnet:DrNetConfig",
        "disentool.methods.drnet:DrNet",
        "DrNet: class and content codes kept apart by an adversary (Denton & Birodkar 2017)",
    ),
    "lord": MethodEntry(
        "disentool.configs.lord:LORDConfig",
        "disentool.methods.lord:LORD",
        "LORD: class and content, by optimised codes, then by encoders (Gabbay & Hoshen 2020)",
    ),
}


def find(name: str) -> MethodEntry:
    """The table's entry for a method, or one made of the user's own ``module:Class``, which is imported.

    UnknownName suggests the nearest names; WrongUsage says what a class lacks to be a method.
    """
    if is_own(name):
        return _own(name)
    if name not in METHODS:
        raise UnknownName("method", name, METHODS)
    return METHODS[name]


_PARTS = ("networks", "stages", "codes", "encode", "decode")  # of disentool.phase.Method


def _own(name: str) -> MethodEntry:
    found = load(name)
    if not isinstance(found, type):
        raise WrongUsage(f"{name}: expected a class that is a method, found a {type(found).__name__}")
    config = getattr(found, "Config", None)
    lacking = [part for part in _PARTS if not callable(getattr(found, part, None))]
    if not (isinstance(config, type) and dataclasses.is_dataclass(config)):
        lacking.insert(0, "Config (a frozen dataclass)")
    if lacking:
        raise WrongUsage(f"{name}: is no method yet: it lacks {', '.join(lacking)} (see disentool.phase.Method)")
    try:
        fields = options(config)
    except (TypeError, KeyError, NameError) as error:
        raise WrongUsage(f"{name}: Config: {error}; declare its fields with disentool.config.opt") from None
    for field in ("steps", "batch_size"):
        if field not in fields:
            raise WrongUsage(f"{name}: Config lacks the field {field}")
    summary = (inspect.getdoc(found) or name).splitlines()[0].rstrip(".")
    return MethodEntry(f"{name}.Config", name, summary)
