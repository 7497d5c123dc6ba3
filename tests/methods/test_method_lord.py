"""LORD: its parts and losses against plain statements in float64, and the networks as the paper's account has them."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from conftest import pixel_cost
from torch import nn

from disentool.config import build
from disentool.contract import Adam, Batch, Cosine, DataFacts, Phase, Plateau, epoch
from disentool.contract.configuration import preset_values
from disentool.engine.rates import Rates, cosine
from disentool.errors import DataMismatch, NoFactors, WrongUsage
from disentool.methods.lord import networks
from disentool.methods.lord.adain import adain
from disentool.methods.lord.config import LORDConfig
from disentool.methods.lord.method import LORD
from disentool.methods.lord.upsampling import UpConv
from disentool.nn import perceptual, pixel_loss

FACTS = DataFacts(
    rows=60, channels=1, height=32, width=32, factor_names=("a", "b"), factor_sizes=(5, 12), class_factor="a"
)
TINY = {"width": 8, "class_dim": 6, "content_dim": 4, "batch_size": 5, "reconstruction": "pixel", "steps": 10}
FACTORS = torch.stack(torch.meshgrid(torch.arange(5), torch.arange(12), indexing="ij"), -1).reshape(-1, 2)


def make(**options):
    method = LORD(build(LORDConfig, TINY | options), FACTS)
    torch.manual_seed(0)
    return method, {name: network.double() for name, network in method.networks().items()}


def some(rows=(3, 17, 40, 59, 12)):
    rows = torch.tensor(rows)
    images = torch.from_numpy(np.random.default_rng(0).random((len(rows), 1, 32, 32)))
    return Batch(images, rows, FACTORS[rows])


def generated(networks, klass, content, slope=0.3, floor="std"):
    """The generator as the account of the paper prints it: enlarge, 3x3 convolution, LeakyReLU, AdaIN; one image."""
    g = networks["generator"]
    x = content[None]
    for layer in g.dense[:6]:
        x = layer(x)
    size = g.sizes[0]
    x = x.reshape(1, *size, -1).permute(0, 3, 1, 2)
    for convolution, modulation in zip(g.convolutions, g.modulations, strict=True):
        big = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
        x = F.leaky_relu(F.conv2d(big, convolution.weight, convolution.bias, padding=1), slope)
        offset, scale = modulation(klass[None])[0].reshape(2, -1, 1, 1)
        mean = x.mean((2, 3), keepdim=True)
        variance = (x - mean).square().mean((2, 3), keepdim=True)
        deviation = variance.sqrt() + 1e-7 if floor == "std" else (variance + 1e-5).sqrt()
        x = (x - mean) / deviation * scale + offset
    x = g.head[2](F.leaky_relu(g.head[0](x), slope))
    return 1 / (1 + torch.exp(-x[0]))


@pytest.mark.parametrize("size", [(4, 4), (1, 3), (5, 7)])
def test_enlarging_convolution_is_nearest_then_3x3(size):
    torch.manual_seed(0)
    layer = UpConv(3, 5).double()
    x = torch.randn(2, 3, *size, dtype=torch.float64, requires_grad=True)
    plain = F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), layer.weight, layer.bias, padding=1)
    torch.testing.assert_close(layer(x), plain, rtol=1e-12, atol=1e-12)
    weights = torch.randn_like(plain)
    wanted = [x, *layer.parameters()]
    for mine, theirs in zip(
        torch.autograd.grad((layer(x) * weights).sum(), wanted),
        torch.autograd.grad((plain * weights).sum(), wanted),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["std", "variance"])
def test_adain_gives_each_channel_its_moments(kind):
    torch.manual_seed(0)
    x, offset, scale = torch.randn(2, 3, 4, 5).double(), torch.randn(2, 3).double(), torch.randn(2, 3).double()
    out = adain(x, offset, scale, kind)
    torch.testing.assert_close(out.mean((2, 3)), offset, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(out.std((2, 3), correction=0), scale.abs(), rtol=1e-3, atol=1e-3)
    flat = torch.ones(1, 1, 3, 3, dtype=torch.float64, requires_grad=True)
    value = adain(flat, torch.ones(1, 1).double(), torch.ones(1, 1).double(), kind)
    assert torch.equal(value, torch.ones_like(value))
    assert bool(torch.autograd.grad(value.sum(), flat)[0].isfinite().all())


def test_pixel_loss_is_as_written():
    images, targets = (torch.from_numpy(np.random.default_rng(i).random((3, 3, 32, 64))) for i in (0, 1))
    assert float(pixel_loss.pixel_loss(images, targets)) == pytest.approx(
        pixel_cost(images.numpy(), targets.numpy()), rel=1e-12
    )
    assert float(perceptual.recipe_loss({}, images, targets, "normalised")) == pytest.approx(
        255 * pixel_cost(images.numpy(), targets.numpy())
    )
    small = torch.rand(2, 1, 5, 7)  # too small to be halved
    assert float(pixel_loss.pixel_loss(small, small)) == 0


@pytest.mark.parametrize(
    ("options", "noisy"),
    [
        ({}, True),
        ({"penalty": "noisy-mean", "loss_input": "raw", "normalisation": "variance"}, True),
        ({"noise": 0.0}, False),
        ({"penalty": "mean", "cross_entropy": 0.5}, True),
        ({"loss_input": "raw", "cross_entropy": 1.0}, True),
        ({"noise": 0.5, "content": "amortised"}, True),
        ({"regularisation": "kl"}, True),
        ({"regularisation": "kl", "content": "amortised", "penalty": "noisy-mean"}, True),
    ],
)
def test_first_stage_is_as_written(options, noisy):
    method, networks = make(**options)
    config, batch = method.config, some()
    phase = method.stages()[0].phases[0]
    assert bool(phase.noise) == noisy
    noise = {"content": torch.from_numpy(np.random.default_rng(1).standard_normal((5, 4)))} if noisy else {}
    loss, terms, _ = phase.loss(networks, batch, noise, {}, torch.tensor(0))
    images, penalty = [], 0.0
    for i in range(5):
        eps = noise["content"][i] if noisy else torch.zeros(4).double()
        if config.content == "optimised":
            found = networks["contents"].weight[batch.rows[i]]
        else:
            found = networks["contents"](batch.images[i : i + 1])[0]
        if config.regularisation == "kl":
            mean, logvar = found[:4], found[4:]
            code = mean + torch.exp(logvar / 2) * eps
            cost = float((0.5 * (mean**2 + torch.exp(logvar) - logvar - 1)).sum().detach())
        else:
            code = found + config.noise * eps
            cost = float(((code if config.penalty == "noisy-mean" else found) ** 2).sum().detach())
        penalty += cost if config.penalty == "sum" else cost / 5
        klass = networks["classes"].weight[batch.factors[i, 0]]
        images.append(generated(networks, klass, code, floor=config.normalisation))
    unit = 255 if config.loss_input == "normalised" else 1
    made = torch.stack(images).detach()
    entropy = -(batch.images * made.log() + (1 - batch.images) * (1 - made).log()).mean()
    share = config.cross_entropy
    reconstruction = unit * ((1 - share) * pixel_cost(made.numpy(), batch.images.numpy()) + share * float(entropy))
    assert float(terms["reconstruction"].detach()) == pytest.approx(reconstruction, rel=1e-9)
    assert float(loss.detach()) == pytest.approx(reconstruction + config.penalty_weight * penalty, rel=1e-9)


def test_second_stage_is_as_written():
    method, networks = make(amortize_weight=7.0)
    batch = some()
    phase = method.stages()[1].phases[0]
    assert phase.updates == ("class_encoder", "content_encoder", "generator") and not phase.noise
    loss, _, _ = phase.loss(networks, batch, {}, {}, torch.tensor(6))
    klass, content = (networks[name](batch.images) for name in ("class_encoder", "content_encoder"))
    images = torch.stack([generated(networks, a, b) for a, b in zip(klass, content, strict=True)])
    distance = (klass - networks["classes"].weight[batch.factors[:, 0]]).square().mean()
    distance += (content - networks["contents"].weight[batch.rows]).square().mean()
    expected = 255 * pixel_cost(images.detach().numpy(), batch.images.numpy()) + 7 * float(distance.detach())
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-9)
    for name in ("classes", "contents"):  # its targets are fixed
        gradient = torch.autograd.grad(loss, networks[name].weight, allow_unused=True, retain_graph=True)[0]
        assert gradient is None


def test_networks_at_64_pixels_are_the_papers():
    facts = DataFacts(rows=7, channels=3, height=64, width=64, factor_names=("a",), factor_sizes=(5,), class_factor="a")
    with torch.device("meta"):
        networks = LORD(build(LORDConfig, {}), facts).networks()
    sizes = {name: sum(p.numel() for p in network.parameters()) for name, network in networks.items()}
    modulation = sum(p.numel() for p in networks["generator"].modulations.parameters())
    assert (len(networks["generator"].convolutions), modulation) == (4, 4 * (256 + 1) * 512)
    assert round(sizes["generator"] - modulation, -4) == 7_570_000
    assert round(sizes["class_encoder"], -5) == 3_900_000 and round(sizes["content_encoder"], -5) == 3_900_000
    assert (sizes["classes"], sizes["contents"]) == (5 * 256, 7 * 128)
    strides = [m.stride[0] for m in networks["class_encoder"] if isinstance(m, nn.Conv2d)]
    assert strides == [1, 2, 2, 2, 2]


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (64, 48), (128, 128), (32, 200)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_size_from_32_up(size, channels):
    with torch.device("meta"):
        generator = networks.Generator(6, 4, channels, *size, 8, 0.3, "std")
        encoder = networks.encoder(channels, *size, 8, 5, 0.3)
        assert generator(torch.zeros(2, 10)).shape == (2, channels, *size)
        assert encoder(torch.zeros(2, channels, *size)).shape == (2, 5)


def test_smaller_images_are_refused():
    facts = DataFacts(rows=7, channels=1, height=28, width=32, factor_names=("a",), factor_sizes=(5,), class_factor="a")
    with pytest.raises(DataMismatch, match="28x32"):
        LORD(build(LORDConfig, TINY), facts).networks()


def test_weights_begin_as_the_recipe_says():
    """The layers of the release for torch begin as torch's, and the codes of both releases in -0.05..0.05."""
    assert preset_values(LORDConfig, "torch")["initialisation"] == "torch"
    for law in ("glorot", "torch"):
        _, networks = make(initialisation=law)
        for name in ("contents", "classes"):
            codes = networks[name].weight.detach()
            assert 0.04 < float(codes.abs().max()) <= 0.05
            assert abs(float(codes.std()) - 0.1 / math.sqrt(12)) < 0.005
        means, logvars = make(initialisation=law, regularisation="kl")[1]["contents"].weight.detach().chunk(2, 1)
        assert 0.04 < float(means.abs().max()) <= 0.05 and not logvars.any()
        biases = [m.bias for m in networks["class_encoder"].modules() if isinstance(m, nn.Conv2d)]
        assert all(bool((bias == 0).all()) for bias in biases) == (law == "glorot")


@pytest.mark.parametrize(
    ("spec", "error", "words"),
    [
        ("colour", WrongUsage, "--class-factor colour"),
        ("a+a", WrongUsage, "twice"),
        ("auto", NoFactors, "--class-factor"),
    ],
)
def test_class_factors_that_there_are_not(spec, error, words):
    facts = DataFacts(60, 1, 32, 32, factor_names=("a", "b"), factor_sizes=(5, 12))
    with pytest.raises(error) as caught:
        LORD(build(LORDConfig, TINY | {"class_factor": spec}), facts)
    assert words in str(caught.value)


def test_several_factors_make_a_class_and_styles_are_one_more():
    method = LORD(build(LORDConfig, TINY | {"class_factor": "a+b"}), FACTS)
    assert (method.classes.text, method.classes.count) == ("a+b", 60)
    styled = DataFacts(60, 1, 32, 32, "bernoulli", ("a", "b", "style"), (5, 12, 3), "a")
    method = LORD(build(LORDConfig, TINY | {"styles": 3}), styled)
    assert (method.classes.text, method.classes.count) == ("a+style", 15)


def test_modulation_that_begins_at_the_identity_lets_the_content_pass():
    _, networks = make(modulation="identity")
    _, plain = make()
    for layer, before in zip(networks["generator"].modulations, plain["generator"].modulations, strict=True):
        offset, scale = layer(torch.zeros(1, 6).double()).chunk(2, dim=1)
        assert bool((offset == 0).all()) and bool((scale == 1).all())
        assert torch.equal(layer.weight, before.weight)  # by which class codes are learned
    scales = [layer(networks["classes"].weight).chunk(2, dim=1)[1] for layer in networks["generator"].modulations]
    assert all(bool((scale > 0.5).all()) for scale in scales)


def test_cross_entropy_is_for_data_whose_likelihood_is_bernoulli():
    data, logits = some().images, torch.full((5, 1, 32, 32), 40.0).double()
    wanted = 255 * pixel_cost(np.ones(data.shape), data.numpy())
    for likelihood, share, loss in (("gaussian", 1.0, wanted), ("bernoulli", 0.0, wanted)):
        method = LORD(build(LORDConfig, TINY | {"cross_entropy": share}), replace(FACTS, likelihood=likelihood))
        assert float(method._reconstruction({}, logits, data)) == pytest.approx(loss)
    method = LORD(build(LORDConfig, TINY | {"cross_entropy": 1.0}), FACTS)
    logits.requires_grad_()
    (gradient,) = torch.autograd.grad(method._reconstruction({}, logits, data), logits)
    torch.testing.assert_close(gradient, 255 * (1 - data) / data.numel())  # the sigmoid alone would leave none


def test_the_second_stage_stops_once_its_loss_no_longer_falls():
    def stopped(losses, **options):
        method, _ = make(stop_after=2, least_fall=1.0, **options)  # an epoch has twelve steps
        lines = [{"step": 6, "latent_loss": 1.0}]
        lines += [{"step": 12 * n, "amortize_loss": loss} for n, loss in enumerate(losses, 1)]
        return [method.stop_early(lines[: n + 1]) for n in range(len(lines))]

    assert stopped([9.0, 7.0, 6.5, 5.5, 5.0, 4.9, 4.8]) == [False] * 6 + [True, True]
    assert stopped([9.0, 8.5, 8.4]) == [False, False, False, True]
    assert not make()[0].stop_early([{"step": 12 * n, "amortize_loss": 9.0} for n in range(1, 100)])
    larger, _ = make(stop_after=2, least_fall=1.0, batch_size=500)  # than the data: an epoch has one step
    lines = [{"step": n, "amortize_loss": 9.0} for n in range(1, 5)]
    assert [larger.stop_early(lines[:n]) for n in range(1, 5)] == [False, False, True, True]


def test_presets_are_the_recipes():
    facts = DataFacts(6400, 3, 64, 64, factor_names=("a",), factor_sizes=(5,), class_factor="a")

    def phases(name):
        values = preset_values(LORDConfig, name)
        values.pop("epochs", None)
        method = LORD(build(LORDConfig, {"steps": 1000, "reconstruction": "pixel"} | values), facts)
        return [phase for stage in method.stages() for phase in stage.phases], method.config

    (first, second), config = phases("iclr")
    assert first.optimiser.betas == (0.5, 0.999) and first.optimiser.epsilon == 1e-7
    assert first.optimiser.learning_rate == Cosine(1e-4, 1e-5, 500, 100)  # moves once an epoch
    assert first.optimiser.networks == {name: Cosine(1e-3, 1e-4, 500, 100) for name in ("classes", "contents")}
    assert second.optimiser.learning_rate == Plateau(1e-4, 100, 20, least_fall=1)
    assert (config.stop_after, config.modulation, config.cross_entropy) == (40, "drawn", 0)
    assert (config.penalty_weight, config.penalty, config.amortize_weight) == (1e-3, "sum", 1e4)
    (first, _), config = phases("tf")
    assert first.optimiser.networks["contents"] == first.optimiser.learning_rate == Cosine(3e-4, 1e-5, 833, 100)
    (first, second), config = phases("torch")
    assert first.optimiser.epsilon == 1e-8 and first.draw == epoch(128)
    assert first.optimiser.networks["classes"] == Cosine(3e-3, 1e-5, 500, 1)
    assert second.optimiser.learning_rate == Cosine(1e-4, 1e-5, 500, 1)
    assert (config.penalty_weight, config.penalty, config.amortize_weight) == (1e-4, "noisy-mean", 10.0)
    assert (config.stop_after, config.modulation, config.cross_entropy) == (0, "drawn", 0)


def test_rates_fall_and_plateaus_wait():
    rate = Cosine(1e-3, 1e-4, 100, 10)
    assert [cosine(rate, step) for step in (0, 9, 100, 500)] == [1e-3, 1e-3, 1e-4, 1e-4]
    assert cosine(rate, 57) == cosine(rate, 50) == pytest.approx((1e-3 + 1e-4) / 2)
    phase = Phase("p", (), Adam(Plateau(0.8, 2, 3)), lambda *_: None, epoch(4))
    parameter = nn.Parameter(torch.zeros(1))

    def fresh():
        optimizer = torch.optim.Adam([parameter], lr=0.8)
        return optimizer, Rates(phase, optimizer, [phase.optimiser.learning_rate], torch.device("cpu"))

    optimizer, rates = fresh()
    seen = []
    for step, loss in enumerate([5, 3, 4, 4, 5, 5, 4, 6, 9, 9, 1, 1, 2, 2]):  # means 4 4 5 5 9 1 2, each over two steps
        rates.before(step)
        seen.append(optimizer.param_groups[0]["lr"])
        rates.add_loss(torch.tensor(float(loss)))
        rates.after(1)
        if step == 4:  # what was seen so far goes with the checkpoint
            state = rates.state()
            optimizer, rates = fresh()
            rates.restore(state)
    assert seen == [0.8] * 8 + [0.4] * 6
    with pytest.raises(ValueError, match="phase p"):
        rates.restore([])
    phase = replace(phase, optimiser=Adam(Plateau(0.8, 1, 2, least_fall=1.0)))
    _, rates = fresh()
    for loss in (9.0, 8.5, 7.5, 7.0, 7.0):  # 7.5 is the only fall; two without it halve the rate
        rates.add_loss(torch.tensor(loss))
        rates.after(1)
    assert (rates.state()[0]["best"], rates.state()[0]["scale"]) == (7.5, 0.5)


def test_row_codes_of_amortised_contents_need_the_images():
    method, networks = make(content="amortised")
    batch = some()
    with pytest.raises(WrongUsage, match="amortised"):
        method.row_codes(networks, batch.rows, batch.factors)
    codes = method.row_codes(networks, batch.rows, batch.factors, batch.images)
    assert {name: code.shape[1] for name, code in codes.items()} == method.codes()
    assert math.isfinite(float(codes["mean"].detach().sum()))
