"""The contract: which method has which group, members with the contract's own parameters, and what holds without."""

import inspect

import pytest
import torch
from conftest import ROOT, SMALL
from test_methods import FACTS

from disentool import contract, methods
from disentool.config import build
from disentool.contract import class_content, configuration, optional
from disentool.errors import DataMismatch, WrongUsage

GROUPS = {
    name: group
    for name, group in (vars(optional) | vars(class_content)).items()
    if inspect.isclass(group) and getattr(group, "_is_runtime_protocol", False)
}
# What each method has beyond the required; a new method says so here.
AUTOENCODER = {"Reconstructs"}
GAN = {"TrainingNetworks", "Reconstructs", "NonNormalCodes", "OwnPrior", "WiderPrior", "StopsEarly"}
BASELINE = {"Reconstructs", "ClassContent", "NamedLoss", "FrozenNetworks"}
HAS = {
    "vae": AUTOENCODER,
    "betavae": AUTOENCODER,
    "betatcvae": AUTOENCODER,
    "dipvae": AUTOENCODER,
    "aae": AUTOENCODER | {"TrainingNetworks"},
    "adagvae": AUTOENCODER,
    "factorvae": AUTOENCODER | {"DensityRatio", "TrainingNetworks"},
    "infogan": GAN,
    "infowgan-gp": GAN,
    "mlvae": BASELINE | {"JoinsClasses"},
    "drnet": BASELINE | {"TrainingNetworks", "Transfers", "OwnPrior", "WithoutPrior"},
    "lord": BASELINE | {"CodeTables", "ContentNoise", "FittedPrior", "NoticesDeadContent", "RowCodes", "StopsEarly"},
}


def method_of(name: str):
    entry = methods.find(name)
    return methods.load(entry.implementation)(build(methods.load(entry.config), {}), FACTS)


class Bare:
    """A method with the required members, and nothing else."""

    config, facts = None, FACTS
    networks = stages = encode = decode = None

    def codes(self):
        return {"mean": 4}


@pytest.mark.parametrize("name", methods.METHODS)
def test_each_method_has_the_groups_it_is_known_for(name):
    method = method_of(name)
    assert {group for group, protocol in GROUPS.items() if isinstance(method, protocol)} == HAS[name]


@pytest.mark.parametrize("name", methods.METHODS)
def test_members_take_what_the_contract_says(name):
    method = method_of(name)
    for protocol in (contract.Method, *(GROUPS[group] for group in HAS[name])):
        for member, declared in vars(protocol).items():
            if inspect.isfunction(declared) and not member.startswith("_"):
                wanted = list(inspect.signature(declared).parameters)[1:]
                assert list(inspect.signature(getattr(method, member)).parameters) == wanted, member


def test_class_and_content_go_together():
    for name in ("mlvae", "drnet", "lord"):
        method = method_of(name)
        widths = method.codes()
        assert class_content.class_labels(method).names == ("a",)
        assert class_content.class_width(method) == widths["class_code"] == widths["mean"] - widths["content_code"]


def test_what_holds_for_a_method_without_the_groups():
    method = Bare()
    assert not [group for group, protocol in GROUPS.items() if isinstance(method, protocol)]
    assert (
        class_content.class_labels(method)
        is class_content.class_width(method)
        is class_content.content_noise(method)
        is None
    )
    assert optional.encoders_ready(method, 0)
    assert optional.prior_width(method) == 4 and not optional.fits_prior(method)
    normals = torch.randn(2, 4)
    assert optional.from_prior(method, normals) is normals
    assert not optional.stops_early(method, [{"step": 3}])
    assert class_content.code_tables(method, {}) == {}
    assert optional.frozen_networks(method) == {} and optional.reconstruction_loss(method) == ""
    with pytest.raises(DataMismatch, match="Bare"):
        optional.reconstructing(method)


def test_what_configurations_may_say():
    plain, staged = (build(methods.load(methods.find(name).config), {}) for name in ("vae", "lord"))
    assert (configuration.total_steps(plain), configuration.needed_steps(plain)) == (plain.steps, 0)
    assert configuration.presets_of(type(plain)) == type(plain).PRESETS and configuration.presets_of(object) == {}
    assert configuration.extending_options(plain) == {"steps"}
    assert configuration.splits_classes(plain) is None and configuration.follows_data_likelihood(plain)
    assert configuration.extending_options(staged) == {"steps", "stage", "latent_share", "stop_after", "vgg"}
    assert configuration.splits_classes(staged) is None and not configuration.follows_data_likelihood(staged)
    class_of = methods.load(methods.find("lord").config)
    assert configuration.follows_data_likelihood(build(class_of, {"cross_entropy": 0.5}))
    latent, amortize, split = (
        build(class_of, words) for words in ({"stage": "latent"}, {"stage": "amortize"}, {"styles": 3})
    )
    assert configuration.total_steps(latent) == latent.latent_steps
    assert configuration.needed_steps(amortize) == amortize.latent_steps > 0
    assert configuration.splits_classes(split) is split
    gaussian = build(methods.load(methods.find("vae").config), SMALL | {"likelihood": "gaussian"})
    assert not configuration.follows_data_likelihood(gaussian)


def test_what_a_class_of_ones_own_lacks_is_said_in_the_contracts_order():
    class Half:
        Config = dict
        decode = networks = print

    assert contract.REQUIRED == ("networks", "stages", "codes", "encode", "decode")
    assert contract.missing_parts(Half) == ["Config (a frozen dataclass)", "stages", "codes", "encode"]


def test_classes_that_are_something_else_are_refused_by_name():
    method = method_of("vae")
    method.classes = 10
    with pytest.raises(WrongUsage, match=r"VAE\.classes"):
        class_content.class_labels(method)


def test_the_guide_lists_every_name_with_a_meaning():
    """Of methods and of their configurations, so that nobody uses one of them for something else."""
    guide = (ROOT / "examples" / "your-code.md").read_text(encoding="utf-8")
    protocols = [
        contract.Method,
        *GROUPS.values(),
        *(each for each in vars(configuration).values() if is_protocol(each)),
    ]
    labels = set(vars(contract.ClassLabels))  # members of what ``classes`` is
    names = {name for each in protocols if each is not contract.ClassLabels for name in members(each)}
    assert {"classes", "prior", "stage", "likelihood", "codes", "EXTENDS"} <= names - (labels - {"classes"})
    assert {name for name in (*names, "PRESETS") if f"`{name}`" not in guide and f"`{name}()`" not in guide} == set()


def is_protocol(found: object) -> bool:
    return inspect.isclass(found) and getattr(found, "_is_runtime_protocol", False)


def members(protocol: type) -> set[str]:
    own = {name for name, each in vars(protocol).items() if inspect.isfunction(each) or isinstance(each, property)}
    return {name for name in own | set(inspect.get_annotations(protocol)) if not name.startswith("_")}
