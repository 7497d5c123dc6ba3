"""The methods by name, torch-free: name -> (configuration class, implementation, one-line summary), as strings."""

import inspect
from dataclasses import dataclass

from disentool import contract
from disentool.config import options
from disentool.errors import UnknownName, WrongUsage, typed
from disentool.named_code import is_own, load


@dataclass(frozen=True)
class MethodEntry:
    """Where a method's parts are, as ``module:Class``, what it is in one line, and its name as papers print it."""

    config: str
    implementation: str
    summary: str
    title: str = ""  # empty: its name in the table


METHODS: dict[str, MethodEntry] = {
    "vae": MethodEntry(
        "disentool.methods.vae.config:VAEConfig",
        "disentool.methods.vae.method:VAE",
        "a variational autoencoder (Kingma & Welling 2014)",
        "VAE",
    ),
    "betavae": MethodEntry(
        "disentool.methods.betavae.config:BetaVAEConfig",
        "disentool.methods.betavae.method:BetaVAE",
        "beta-VAE (Higgins et al. 2017), with the capacity schedule of Burgess et al. (2018)",
        "β-VAE",
    ),
    "factorvae": MethodEntry(
        "disentool.methods.factorvae.config:FactorVAEConfig",
        "disentool.methods.factorvae.method:FactorVAE",
        "FactorVAE: a VAE with a total-correlation penalty (Kim & Mnih 2018)",
        "FactorVAE",
    ),
    "betatcvae": MethodEntry(
        "disentool.methods.betatcvae.config:BetaTCVAEConfig",
        "disentool.methods.betatcvae.method:BetaTCVAE",
        "beta-TCVAE: a VAE with a weighted total correlation, from minibatches (Chen et al. 2018)",
        "β-TCVAE",
    ),
    "dipvae": MethodEntry(
        "disentool.methods.dipvae.config:DIPVAEConfig",
        "disentool.methods.dipvae.method:DIPVAE",
        "DIP-VAE I and II: a VAE whose codes' covariance is drawn to the identity (Kumar et al. 2018)",
        "DIP-VAE",
    ),
    "aae": MethodEntry(
        "disentool.methods.aae.config:AAEConfig",
        "disentool.methods.aae.method:AAE",
        "an adversarial autoencoder: a discriminator draws the codes to their prior (Makhzani et al. 2015)",
        "AAE",
    ),
    "infogan": MethodEntry(
        "disentool.methods.infogan.config:InfoGANConfig",
        "disentool.methods.infogan.method:InfoGAN",
        "InfoGAN: a GAN with categorical and continuous codes (Chen et al. 2016)",
        "InfoGAN",
    ),
    "infowgan-gp": MethodEntry(
        "disentool.methods.infowgangp.config:InfoWGANGPConfig",
        "disentool.methods.infowgangp.method:InfoWGANGP",
        "InfoWGAN-GP: InfoGAN's codes with a Wasserstein critic and gradient penalty (Kim & Mnih 2018)",
        "InfoWGAN-GP",
    ),
    "adagvae": MethodEntry(
        "disentool.methods.adagvae.config:AdaGVAEConfig",
        "disentool.methods.adagvae.method:AdaGVAE",
        "Ada-GVAE: a VAE of pairs of images that share most factors (Locatello et al. 2020)",
        "Ada-GVAE",
    ),
    "mlvae": MethodEntry(
        "disentool.methods.mlvae.config:MLVAEConfig",
        "disentool.methods.mlvae.method:MLVAE",
        "ML-VAE: a VAE of groups of images of a class, with a code for class and content (Bouchacourt et al. 2018)",
        "ML-VAE",
    ),
    "drnet": MethodEntry(
        "disentool.methods.drnet.config:DrNetConfig",
        "disentool.methods.drnet.method:DrNet",
        "DrNet: class and content codes kept apart by an adversary (Denton & Birodkar 2017)",
        "DrNet",
    ),
    "lord": MethodEntry(
        "disentool.methods.lord.config:LORDConfig",
        "disentool.methods.lord.method:LORD",
        "LORD: class and content, by optimised codes, then by encoders (Gabbay & Hoshen 2020)",
        "LORD",
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


def _own(name: str) -> MethodEntry:
    found = load(name)
    if not isinstance(found, type):
        raise WrongUsage(f"{name}: expected a class that is a method, found {typed(found)}")
    config, missing = contract.own_config(found), contract.missing_parts(found)
    if config is None or missing:
        raise WrongUsage(f"{name}: is no method yet: it lacks {', '.join(missing)} (see disentool.contract.Method)")
    try:
        fields = options(config)
    except (TypeError, KeyError, NameError) as error:
        raise WrongUsage(f"{name}: Config: {error}; declare its fields with disentool.config.opt") from None
    for field in contract.REQUIRED_OPTIONS:
        if field not in fields:
            raise WrongUsage(f"{name}: Config lacks the field {field}")
    summary = (inspect.getdoc(found) or name).splitlines()[0].rstrip(".")
    return MethodEntry(f"{name}.Config", name, summary)
