"""Every method: its losses against hand-written statements, and the contract that capture and stacking rely on."""

import math

import numpy as np
import pytest
import torch
from conftest import SMALL, SMALL_FACTOR
from rehearsal import WAITING
from torch.utils._python_dispatch import TorchDispatchMode

from disentool import methods
from disentool.config import build
from disentool.contract import Batch, DataFacts
from disentool.contract.units import units_of
from disentool.engine.randomness import Randomness
from disentool.engine.rates import cosine
from disentool.errors import DataMismatch
from disentool.methods.betavae.schedule import linear
from disentool.nn import conv, gaussian
from disentool.nn.discriminator import permute_dims
from disentool.nn.likelihood import negative_log_likelihood
from disentool.plots.terms import unit_of

FACTS = DataFacts(
    rows=100, channels=1, height=32, width=32, factor_names=("a", "b", "c"), factor_sizes=(5, 4, 5), class_factor="a"
)
VARIANTS = {
    "vae": ("vae", SMALL),
    "betavae": ("betavae", SMALL | {"beta": 3.0}),
    "betavae-capacity": ("betavae", SMALL | {"objective": "burgess", "capacity": 5.0, "capacity_steps": 10}),
    "factorvae": ("factorvae", SMALL_FACTOR | {"gamma": 7.0}),
    "factorvae-gaussian": ("factorvae", SMALL_FACTOR | {"likelihood": "gaussian"}),
}
# Their losses are stated beside what else is tested of them, in test_method_NAME.py.
SMALL_CODES = {"categorical": "3+4", "continuous": 2, "noise_dim": 5, "batch_size": 8}
SMALL_CLASSES = {"class_dim": 4, "content_dim": 3}
CONTRACT = VARIANTS | {
    "betatcvae": ("betatcvae", SMALL),
    "betatcvae-stratified": ("betatcvae", SMALL | {"estimator": "stratified"}),
    "betatcvae-analytic": ("betatcvae", SMALL | {"estimator": "analytic"}),
    "dipvae-i": ("dipvae", SMALL),
    "dipvae-ii": ("dipvae", SMALL | {"variant": "ii"}),
    "aae": ("aae", SMALL_FACTOR),
    "aae-deterministic": ("aae", SMALL_FACTOR | {"posterior": "deterministic"}),
    "infogan": ("infogan", SMALL_CODES),
    "infogan-own": ("infogan", SMALL_CODES | {"recogniser": "own", "continuous_law": "normal"}),
    "infowgan-gp": ("infowgan-gp", SMALL_CODES),
    "infowgan-gp-own": ("infowgan-gp", SMALL_CODES | {"recogniser": "own"}),
    "adagvae": ("adagvae", SMALL),
    "adagvae-symmetric": ("adagvae", SMALL | {"divergence": "symmetric"}),
    "mlvae": ("mlvae", SMALL_CLASSES | {"hidden_units": 32, "batch_size": 16, "group_size": 4}),
    "mlvae-pixel": (
        "mlvae",
        SMALL_CLASSES | {"hidden_units": 32, "batch_size": 16, "group_size": 4, "reconstruction": "pixel"},
    ),
    "drnet": ("drnet", SMALL_CLASSES | {"width": 4, "batch_size": 6}),
    "drnet-no-skip": ("drnet", SMALL_CLASSES | {"width": 4, "batch_size": 6, "skip": False}),
}
FACTORS = np.stack(np.unravel_index(np.arange(FACTS.rows), (5, 4, 5)), 1)


def make(variant, facts=FACTS):
    name, options = CONTRACT[variant]
    entry = methods.find(name)
    method = methods.load(entry.implementation)(build(methods.load(entry.config), options), facts)
    torch.manual_seed(0)
    networks = {n: net.double() for n, net in method.networks().items()}
    return method, networks


def inputs(method, step=4):
    """For each phase: batch and noise in float64, as the engine would draw them."""
    draws = Randomness(0, FACTS.rows, FACTORS)
    out = []
    for index, phase in enumerate(method.stages()[0].phases):
        rows, noise = draws.draw(phase, index, step)
        facts = method.facts
        shape = (len(rows), facts.channels, facts.height, facts.width)
        images = torch.from_numpy(np.random.default_rng(index).random(shape))
        tensors = {
            k: torch.from_numpy(v).double() if v.dtype == np.float32 else torch.from_numpy(v) for k, v in noise.items()
        }
        out.append((phase, Batch(images, torch.from_numpy(rows), torch.from_numpy(FACTORS[rows])), tensors))
    return out


def statement(variant, networks, batches, noises, step=4):
    """The objectives as the papers print them, in float64, one image at a time."""
    _, options = VARIANTS[variant]
    nats, kls, codes = [], [], []
    for x, eps in zip(batches[0].images, noises[0]["posterior"], strict=True):
        h = networks["encoder"](x[None])[0]
        mean, logvar = h[: len(eps)], h[len(eps) :]
        z = mean + torch.exp(logvar / 2) * eps
        logits = networks["decoder"](z[None])[0]
        p = 1 / (1 + torch.exp(-logits))
        if options.get("likelihood") == "gaussian":
            nats.append((0.5 * (p - x) ** 2 + 0.5 * math.log(2 * math.pi)).sum())
        else:
            nats.append(-(x * torch.log(p) + (1 - x) * torch.log(1 - p)).sum())
        kls.append((-0.5 * (1 + logvar - mean**2 - torch.exp(logvar))).sum())
        codes.append(z)
    reconstruction, kl = sum(nats) / len(nats), sum(kls) / len(kls)
    if variant == "vae":
        return [reconstruction + kl]
    if variant == "betavae":
        return [reconstruction + options["beta"] * kl]
    if variant == "betavae-capacity":
        capacity = options["capacity"] * min(step / options["capacity_steps"], 1)
        return [reconstruction + 1000 * abs(kl - capacity)]
    gamma = options.get("gamma", 40.0)
    tc, disc = 0.0, 0.0
    for z in codes:
        d = torch.softmax(networks["discriminator"](z[None])[0], 0)
        tc += torch.log(d[0] / (1 - d[0])) / len(codes)
        disc += -0.5 * torch.log(d[0]) / len(codes)
    other = []
    for x, eps in zip(batches[1].images, noises[1]["posterior"], strict=True):
        h = networks["encoder"](x[None])[0]
        other.append(h[: len(eps)] + torch.exp(h[len(eps) :] / 2) * eps)
    for i in range(len(other)):
        permuted = torch.stack([other[noises[1]["permutation"][i, j]][j] for j in range(len(other[i]))])
        d = torch.softmax(networks["discriminator"](permuted[None])[0], 0)
        disc += -0.5 * torch.log(1 - d[0]) / len(other)
    return [reconstruction + kl + gamma * tc, disc]


@pytest.mark.parametrize("variant", VARIANTS)
def test_losses_equal_their_hand_written_statement(variant):
    method, networks = make(variant)
    drawn = inputs(method)
    carry, got = {}, []
    for phase, batch, noise in drawn:
        loss, _, carry = phase.loss(networks, batch, noise, carry, torch.tensor(4))
        got.append(float(loss.detach()))
    expected = statement(variant, networks, [d[1] for d in drawn], [d[2] for d in drawn])
    assert got == pytest.approx([float(e.detach()) for e in expected], rel=1e-10)


class Watch(TorchDispatchMode):
    """Refuses what a captured step cannot do: draw, fetch a value, or branch on one."""

    FORBIDDEN = ("rand", "bernoulli", "multinomial", "dropout", "normal_", "uniform_", *WAITING)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = str(func)
        if any(f"aten.{word}" in name for word in self.FORBIDDEN):
            raise AssertionError(f"a loss calls {name}")
        return func(*args, **(kwargs or {}))


def test_the_watch_sees_what_it_must():
    for bad in (lambda: torch.rand(3), lambda: bool(torch.ones(()) > 0), lambda: torch.ones(()).item()):
        with pytest.raises(AssertionError, match="calls"), Watch():
            bad()


@pytest.mark.parametrize("variant", CONTRACT)
def test_losses_neither_draw_nor_fetch_nor_branch(variant):
    method, networks = make(variant)
    with Watch():
        carry = {}
        for phase, batch, noise in inputs(method):
            loss, terms, carry = phase.loss(networks, batch, noise, carry, torch.tensor(4))
            assert loss.ndim == 0 and all(term.ndim == 0 for term in terms.values())


@pytest.mark.parametrize("name", [name for name in methods.METHODS if name != "lord"])
def test_units_are_of_terms_that_the_method_logs(name):
    logged, carry = set(), {}
    for variant, (of, _) in CONTRACT.items():
        if of == name:
            method, networks = make(variant)
            for phase, batch, noise in inputs(method):
                _, terms, carry = phase.loss(networks, batch, noise, carry, torch.tensor(4))
                logged |= {*terms, f"{phase.name}_loss"}
    units = units_of(methods.load(methods.find(name).config))
    assert set(units) <= logged
    assert all(unit == unit_of(term, name, "") for term, unit in units.items())


@pytest.mark.parametrize("variant", CONTRACT)
def test_losses_stack_over_a_gang(variant):
    """vmap over stacked parameters gives each member its own gradient, as a gang of seeds needs."""
    method, first = make(variant)
    torch.manual_seed(1)
    second = {n: net.double() for n, net in method.networks().items()}
    names = list(first)
    stacked, buffers = ({n: torch.func.stack_module_state([first[n], second[n]])[i] for n in names} for i in (0, 1))
    carries, carry_stack = [{}, {}], {}
    for phase, batch, noise in inputs(method):

        def loss(parameters, buffers, carry, phase=phase, batch=batch, noise=noise):
            weights = {n: (parameters[n], buffers[n]) for n in names}
            calls = {n: (lambda *x, n=n: torch.func.functional_call(first[n], weights[n], x)) for n in names}
            value, _, out = phase.loss(calls, batch, noise, carry, torch.tensor(4))
            return value, out

        grads, (values, out) = torch.func.vmap(torch.func.grad_and_value(loss, has_aux=True))(
            stacked, buffers, carry_stack
        )
        for member, networks in enumerate((first, second)):
            value, _, carries[member] = phase.loss(networks, batch, noise, carries[member], torch.tensor(4))
            parameters = [p for n in phase.updates for p in networks[n].parameters()]
            single = torch.autograd.grad(value, parameters)
            mine = [grads[n][k][member] for n in phase.updates for k, _ in networks[n].named_parameters()]
            assert float(values[member].detach()) == pytest.approx(float(value.detach()), rel=1e-10)
            for a, b in zip(single, mine, strict=True):
                torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-9)
        carry_stack = out


@pytest.mark.parametrize(
    ("channels", "height", "width", "layers"),
    [(1, 64, 64, 4), (3, 32, 32, 3), (1, 128, 128, 5), (3, 64, 48, 3), (1, 28, 28, 2), (1, 8, 8, 1), (1, 16, 64, 2)],
)
def test_networks_follow_the_image_size(channels, height, width, layers):
    encoder = conv.encoder(channels, height, width, 16, 6)
    decoder = conv.decoder(channels, height, width, 16, 3)
    assert sum(isinstance(m, torch.nn.Conv2d) for m in encoder) == layers
    x = torch.zeros(2, channels, height, width)
    assert encoder(x).shape == (2, 6)
    assert decoder(torch.zeros(2, 3)).shape == x.shape


def test_networks_for_64_pixels_are_the_papers():
    encoder = conv.encoder(1, 64, 64, 128, 20)
    decoder = conv.decoder(1, 64, 64, 128, 10)
    assert [m.out_channels for m in encoder if isinstance(m, torch.nn.Conv2d)] == [32, 32, 64, 64]
    assert [m.out_channels for m in decoder if isinstance(m, torch.nn.ConvTranspose2d)] == [64, 32, 32, 1]
    assert sum(p.numel() for p in encoder.parameters()) == 544 + 16416 + 32832 + 65600 + 131200 + 2580


@pytest.mark.parametrize("size", [(8, 8), (28, 28), (33, 65), (100, 75), (17, 300), (128, 128)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_size_from_8_up_comes_back_as_it_was(size, channels):
    encoder = conv.encoder(channels, *size, 16, 6)
    decoder = conv.decoder(channels, *size, 16, 3)
    x = torch.zeros(2, channels, *size)
    assert encoder(x).shape == (2, 6)
    assert decoder(torch.zeros(2, 3)).shape == x.shape


def test_sizes_too_small_are_refused():
    with pytest.raises(DataMismatch, match="7x50"):
        conv.encoder(1, 7, 50, 16, 6)


def test_permute_dims_keeps_every_marginal_and_breaks_dependence():
    z = torch.randn(2000, 1, generator=torch.Generator().manual_seed(0)).repeat(1, 3)
    order = torch.from_numpy(np.argsort(np.random.default_rng(0).random((2000, 3)), axis=0))
    permuted = permute_dims(z, order)
    assert torch.equal(permuted.sort(0).values, z.sort(0).values)
    assert torch.corrcoef(z.T)[0, 1] > 0.99
    assert abs(torch.corrcoef(permuted.T) - torch.eye(3)).max() < 0.1


def test_kl_of_a_gaussian_against_numerical_integration():
    mean, logvar = torch.tensor([[0.7, -1.2]]).double(), torch.tensor([[-0.5, 0.8]]).double()
    x = torch.linspace(-15, 15, 200_001).double()
    for j in range(2):
        q = torch.distributions.Normal(mean[0, j], (logvar[0, j] / 2).exp())
        density = q.log_prob(x).exp() * (q.log_prob(x) - torch.distributions.Normal(0.0, 1.0).log_prob(x))
        assert float(gaussian.kl_to_prior(mean, logvar)[0, j]) == pytest.approx(
            float(torch.trapezoid(density, x)), rel=1e-6
        )


def test_likelihood_is_a_log_density():
    logits, images = torch.randn(3, 2, 4, 4).double(), torch.rand(3, 2, 4, 4).double()
    got = negative_log_likelihood(logits, images, "gaussian")
    want = -torch.distributions.Normal(torch.sigmoid(logits), 1.0).log_prob(images).flatten(1).sum(1)
    torch.testing.assert_close(got, want)
    got = negative_log_likelihood(logits, images.round(), "bernoulli")
    want = -torch.distributions.Bernoulli(logits=logits).log_prob(images.round()).flatten(1).sum(1)
    torch.testing.assert_close(got, want)


OWN_ADVERSARY = [(1e-4, (0.9, 0.999)), (1e-4, (0.5, 0.9))]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((name, [(1e-4, (0.9, 0.999))]) for name in ("vae", "betavae", "betatcvae", "dipvae", "adagvae")),
        ("factorvae", OWN_ADVERSARY),
        ("aae", OWN_ADVERSARY),
        ("infogan", [(2e-4, (0.5, 0.999)), (1e-3, (0.5, 0.999))]),
        ("infowgan-gp", [(1e-4, (0.5, 0.9)), (1e-4, (0.5, 0.9))]),
        ("mlvae", [(1e-3, (0.9, 0.999))]),
        ("drnet", [(2e-3, (0.5, 0.999)), (2e-3, (0.5, 0.999))]),
    ],
)
def test_each_optimiser_is_the_papers(name, expected):
    """Others give the discriminator the autoencoder's decay rates."""
    entry = methods.find(name)
    method = methods.load(entry.implementation)(build(methods.load(entry.config), {}), FACTS)
    phases = [phase for stage in method.stages() for phase in stage.phases]
    assert [(phase.optimiser.learning_rate, phase.optimiser.betas) for phase in phases] == expected


@pytest.mark.parametrize("name", ["vae", "betavae", "betatcvae", "dipvae", "adagvae", "factorvae", "aae"])
def test_a_cosine_takes_every_rate_of_a_run_to_a_hundredth(name):
    entry = methods.find(name)
    rates = {"learning_rate": 4e-3} | ({"discriminator_learning_rate": 2e-3} if name in ("factorvae", "aae") else {})
    config = build(methods.load(entry.config), rates | {"schedule": "cosine", "steps": 1000})
    (stage,) = methods.load(entry.implementation)(config, FACTS).stages()
    for phase, start in zip(stage.phases, rates.values(), strict=True):
        rate = phase.optimiser.learning_rate
        found = [cosine(rate, step) for step in (0, 500, 1000)]
        assert found == pytest.approx([start, start * 0.505, start * 0.01])


@pytest.mark.parametrize("name", ["factorvae", "aae"])
def test_the_discriminator_starts_from_the_law_of_the_others(name):
    """With torch's weights a difference of codes is lost on its way through six layers; with He's it is kept."""
    entry = methods.find(name)
    spread = {}
    for law in ("torch", "he"):
        torch.manual_seed(0)
        method = methods.load(entry.implementation)(build(methods.load(entry.config), {"initialisation": law}), FACTS)
        with torch.no_grad():
            spread[law] = float(method.networks()["discriminator"](torch.randn(64, 10)).std(0).mean())
    assert spread["torch"] < 0.02 and 0.5 < spread["he"] < 2


@pytest.mark.parametrize("law", ["torch", "he", "glorot"])
def test_factorvaes_discriminator_may_start_from_a_law_of_its_own(law):
    """Biases tell torch's law, which draws them, from the two that set them to 0."""
    entry = methods.find("factorvae")
    for others in ("torch", "he"):
        options = {"initialisation": others, "discriminator_initialisation": law}
        networks = methods.load(entry.implementation)(build(methods.load(entry.config), options), FACTS).networks()
        zero = {n: not any(p.any() for k, p in net.named_parameters() if "bias" in k) for n, net in networks.items()}
        assert zero == {"encoder": others == "he", "decoder": others == "he", "discriminator": law != "torch"}


@pytest.mark.parametrize("name", ["factorvae", "aae"])
def test_the_discriminator_has_six_hidden_layers_unless_asked(name):
    """Others read the paper's "6 layers" as 5 and an output; here it is the number of hidden ones."""
    entry = methods.find(name)
    for options, count, units in (({}, 6, 1000), ({"discriminator_layers": 5, "discriminator_units": 32}, 5, 32)):
        method = methods.load(entry.implementation)(build(methods.load(entry.config), options), FACTS)
        modules = list(method.networks()["discriminator"])
        linear = [(m.in_features, m.out_features) for m in modules if isinstance(m, torch.nn.Linear)]
        assert linear == [(10, units), *[(units, units)] * (count - 1), (units, 2)]
        slopes = [m.negative_slope for m in modules if isinstance(m, torch.nn.LeakyReLU)]
        assert slopes == [0.2] * count and len(modules) == 2 * count + 1


def test_linear_schedule():
    assert [float(linear(torch.tensor(s), 0.0, 25.0, 100)) for s in (0, 50, 100, 500)] == [0, 12.5, 25, 25]
