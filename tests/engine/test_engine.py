"""The engine: draws, the feed, the meter, and that a step is what a plain statement of it says."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from conftest import SMALL_FACTOR, square_grid
from torch import nn

from disentool.contract import Adam, Batch, DataFacts, Noise, Phase, Stage, epoch, uniform
from disentool.engine import devices, inference, randomness
from disentool.engine.feed import Feed
from disentool.engine.inputs import Inputs
from disentool.engine.meter import Meter
from disentool.engine.randomness import Randomness, latent_noise
from disentool.engine.training_loop import Training
from disentool.errors import DeviceUnavailable, NonFinite
from disentool.methods.factorvae.config import FactorVAEConfig
from disentool.methods.factorvae.method import FactorVAE

CPU = torch.device("cpu")


def phase(draw, noise=(), repeats=1) -> Phase:
    return Phase("p", ("net",), Adam(1e-3), lambda *_: None, draw, noise, repeats)


def test_uniform_rows_are_keyed_by_seed_step_phase_and_repeat():
    def rows(seed, step, index, repeat):
        return Randomness(seed, 1000).draw(phase(uniform(32)), index, step, repeat)[0]

    base = rows(0, 5, 0, 0)
    assert np.array_equal(base, rows(0, 5, 0, 0))
    assert base.min() >= 0 and base.max() < 1000
    for other in (rows(1, 5, 0, 0), rows(0, 6, 0, 0), rows(0, 5, 1, 0), rows(0, 5, 0, 1)):
        assert not np.array_equal(base, other)


def test_a_steps_stream_is_that_of_a_generator_made_for_it():
    """Whatever was drawn before it: odd numbers of 32 bits leave a half behind."""
    steps = randomness._Steps(7)
    for phase_number, repeat, step in ((0, 0, 0), (1, 0, 5), (1, 3, 2**40), (0, 0, 0)):
        fresh = randomness._stream(7, randomness._STEP, phase_number, repeat, step)
        again = steps.at(phase_number, repeat, step)
        for stream in (fresh, again):
            stream.integers(0, 3, 5, dtype=np.uint32)
        assert np.array_equal(fresh.standard_normal(33, np.float32), again.standard_normal(33, np.float32))
        assert np.array_equal(fresh.integers(0, 1000, 7), again.integers(0, 1000, 7))
        again.random(3, np.float32)


def test_uniform_rows_cover_the_data_evenly():
    draws = Randomness(0, 10)
    counts = sum(np.bincount(draws.draw(phase(uniform(50)), 0, step)[0], minlength=10) for step in range(400))
    assert abs(counts - 2000).max() < 6 * np.sqrt(2000)


@pytest.mark.parametrize(("rows", "batch"), [(64, 16), (50, 16), (10, 16), (16, 16), (7, 50)])
def test_epoch_gives_each_row_once_a_pass(rows, batch):
    draws = Randomness(3, rows)
    stream = np.concatenate([draws.draw(phase(epoch(batch)), 0, step)[0] for step in range(3 * rows)])
    for start in range(0, 3 * batch * rows - rows + 1, rows):
        assert np.array_equal(np.sort(stream[start : start + rows]), np.arange(rows))
    assert not np.array_equal(stream[:rows], stream[rows : 2 * rows]) or rows < 8


def test_epoch_needs_no_memory_of_earlier_steps():
    fresh, running = Randomness(3, 50), Randomness(3, 50)
    walked = [running.draw(phase(epoch(16)), 0, step)[0] for step in range(20)]
    assert np.array_equal(fresh.draw(phase(epoch(16)), 0, 17)[0], walked[17])


def test_repeats_of_an_epoch_phase_see_successive_batches():
    draws = Randomness(0, 60)
    seen = [draws.draw(phase(epoch(10), repeats=3), 0, step, r)[0] for step in range(2) for r in range(3)]
    assert np.array_equal(np.sort(np.concatenate(seen)), np.arange(60))


def test_noise_follows_its_law():
    noise = (
        Noise("normal", (4000, 3), "normal"),
        Noise("uniform", (4000,), "uniform"),
        Noise("order", (200, 5), "permutation"),
    )
    got = Randomness(0, 10).draw(phase(uniform(1), noise), 0, 0)[1]
    assert (
        got["normal"].dtype == np.float32 and abs(got["normal"].mean()) < 0.05 and abs(got["normal"].std() - 1) < 0.03
    )
    assert got["uniform"].min() >= 0 and got["uniform"].max() < 1 and abs(got["uniform"].mean() - 0.5) < 0.03
    order = got["order"]
    assert np.array_equal(np.sort(order, 0), np.tile(np.arange(200)[:, None], 5))
    assert len({tuple(column) for column in order.T}) == 5  # every dimension in its own order


def test_latent_noise_belongs_to_the_row():
    together = latent_noise(0, np.array([3, 9, 4]), 10)
    assert np.array_equal(together[1:2], latent_noise(0, np.array([9]), 10))
    assert not np.array_equal(together[0], latent_noise(1, np.array([3]), 10)[0])


def test_feed_gathers_floats_in_0_1_channels_first():
    images = np.random.default_rng(0).integers(0, 256, (20, 6, 5, 3), dtype=np.uint8)
    factors = np.arange(40).reshape(20, 2)
    batch = Feed(images, factors, CPU).batch(np.array([7, 0, 7]))
    assert batch.images.shape == (3, 3, 6, 5) and batch.images.dtype == torch.float32
    expected = images[[7, 0, 7]].transpose(0, 3, 1, 2).astype(np.float32) / 255
    assert np.array_equal(batch.images.numpy(), expected)
    assert batch.factors.tolist() == [[14, 15], [0, 1], [14, 15]]


def test_meter_means_and_first_bad_step():
    meter = Meter(CPU)
    for step, value in enumerate([1.0, 3.0, float("nan"), float("inf")]):
        meter.add({"a": torch.tensor(value), "b": torch.tensor(float(step))}, torch.tensor(step))
        meter.count += 1
        if step == 1:
            assert meter.means() == {"a": 2.0, "b": 0.5}
            assert meter.means() == {}
    assert meter.bad() == [(2, "a")]
    half = Meter(CPU)
    half.add({"a": torch.tensor(1.0)}, torch.tensor(0))
    half.count += 1
    other = Meter(CPU)
    other.restore(half.state())
    other.add({"a": torch.tensor(4.0)}, torch.tensor(1))
    other.count += 1
    assert other.means() == {"a": 2.5}


def test_unavailable_device_is_named():
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(DeviceUnavailable, match="--device cuda"):
        devices.choose("cuda")


def plain_step(networks, images, rows, noise, config, optimizers):
    """Algorithm 2 of Kim & Mnih, written out: two batches, the updated encoder, a detached discriminator."""
    encoder, decoder, discriminator = (networks[n] for n in ("encoder", "decoder", "discriminator"))

    def sample(which):
        x = torch.from_numpy(images[rows[which]].transpose(0, 3, 1, 2).astype(np.float32) / 255)
        mean, logvar = encoder(x).chunk(2, 1)
        return x, mean, logvar, mean + torch.from_numpy(noise[which]["posterior"]) * (logvar / 2).exp()

    x, mean, logvar, z = sample(0)
    reconstruction = F.binary_cross_entropy_with_logits(decoder(z), x, reduction="sum") / len(x)
    kl = -0.5 * (1 + logvar - mean**2 - logvar.exp()).sum(1).mean()
    logits = discriminator(z)
    tc = (logits[:, 0] - logits[:, 1]).mean()
    optimizers[0].zero_grad()
    (reconstruction + kl + config.gamma * tc).backward(inputs=[*encoder.parameters(), *decoder.parameters()])
    optimizers[0].step()
    with torch.no_grad():
        z2 = sample(1)[3]
        order = torch.from_numpy(noise[1]["permutation"])
        z2 = torch.stack([z2[order[:, j], j] for j in range(z2.shape[1])], 1)
    real, permuted = discriminator(z.detach()), discriminator(z2)
    target = torch.zeros(len(z), dtype=torch.long)
    loss = 0.5 * (F.cross_entropy(real, target) + F.cross_entropy(permuted, target + 1))
    optimizers[1].zero_grad()
    loss.backward()
    optimizers[1].step()
    return {"reconstruction": reconstruction, "kl": kl, "tc": tc, "discriminator_loss": loss}


def factor_training(seed=0, **changes) -> tuple[Training, FactorVAEConfig, np.ndarray]:
    images = square_grid()[0]
    config = FactorVAEConfig(**SMALL_FACTOR | {"gamma": 10.0, "steps": 100} | changes)
    method = FactorVAE(config, DataFacts(len(images), 1, 32, 32))
    return Training(method, Feed(images, None, CPU), seed, CPU), config, images


def test_factorvae_steps_equal_algorithm_2_written_out():
    training, config, images = factor_training(learning_rate=1e-3, discriminator_learning_rate=1e-3)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        networks = training.method.networks()
    for name in networks:  # the same seed gives the same weights
        for a, b in zip(networks[name].parameters(), training.networks[name].parameters(), strict=True):
            assert torch.equal(a, b)
    optimizers = (
        torch.optim.Adam([*networks["encoder"].parameters(), *networks["decoder"].parameters()], 1e-3),
        torch.optim.Adam(networks["discriminator"].parameters(), 1e-3, (0.5, 0.9)),
    )
    draws = Randomness(0, len(images))
    phases = training.stages[0].phases
    for step in range(5):
        drawn = [draws.draw(p, i, step) for i, p in enumerate(phases)]
        terms = plain_step(networks, images, [d[0] for d in drawn], [d[1] for d in drawn], config, optimizers)
        training.advance()
        means = training.window()
        for name, value in terms.items():
            assert means[name] == pytest.approx(float(value.detach()), rel=1e-4, abs=1e-5), (step, name)
    for name in networks:
        for a, b in zip(networks[name].parameters(), training.networks[name].parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-3, atol=2e-5)


def test_no_gradient_leaks_between_phases():
    """Each phase moves its own networks only, whatever its loss touches: the bug of most other implementations."""
    training, _, _ = factor_training()
    vae, critic = training.stages[0].phases
    inputs = Inputs(training.stages[0], {"vae": 0, "discriminator": 1}, Randomness(0, 192), training.feed)
    inputs.fill(0)

    def snapshot():
        return {n: [p.clone() for p in net.parameters()] for n, net in training.networks.items()}

    def moved(before):
        return {
            n
            for n, net in training.networks.items()
            if any(not torch.equal(a, b) for a, b in zip(before[n], net.parameters(), strict=True))
        }

    before = snapshot()
    carry = training._update(vae, *inputs.of(0), {})
    assert moved(before) == {"encoder", "decoder"}
    assert not carry["codes"].requires_grad
    before = snapshot()
    training._update(critic, *inputs.of(1), carry)
    assert moved(before) == {"discriminator"}
    assert all(p.grad is None for net in training.networks.values() for p in net.parameters())


def test_discriminator_loss_alone_would_not_reach_the_encoder():
    training, _, _ = factor_training()
    vae, critic = training.stages[0].phases
    networks, noise = training.networks, Randomness(0, 192)
    rows, drawn = noise.draw(vae, 0, 0)
    tensors = {k: torch.from_numpy(v) for k, v in drawn.items()}
    _, _, carry = vae.loss(networks, training.feed.batch(rows), tensors, {}, torch.tensor(0))
    rows, drawn = noise.draw(critic, 1, 0)
    tensors = {k: torch.from_numpy(v) for k, v in drawn.items()}
    loss, _, _ = critic.loss(networks, training.feed.batch(rows), tensors, carry, torch.tensor(0))
    for name in ("encoder", "decoder"):
        parameters = list(networks[name].parameters())
        assert all(g is None for g in torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True))


class Two:
    """A method of two stages, to see the engine go from one to the next."""

    def __init__(self):
        self.started = []

    def networks(self):
        return {"a": nn.Linear(1, 1), "b": nn.Linear(1, 1)}

    def stages(self):
        def loss(name):
            def value(networks, batch, noise, carry, step):
                return networks[name](batch.images.flatten(1)[:, :1]).square().mean(), {"step": step.float()}, {}

            return value

        first = Phase("one", ("a",), Adam(0.1), loss("a"), uniform(4), repeats=2)
        second = Phase("two", ("b",), Adam(0.1), loss("b"), uniform(4))
        return (Stage((first,), 3), Stage((second,), 2, on_start=lambda nets, batch: self.started.append(sorted(nets))))


def test_stages_follow_each_other_and_repeat_their_phases():
    method = Two()
    training = Training(method, Feed(square_grid()[0], None, CPU), 0, CPU)
    assert training.total == 5
    for _ in range(3):
        training.advance()
    assert method.started == []
    assert training.meters["one"].count == 6
    weight = training.networks["a"].weight.clone()
    training.advance()
    assert method.started == [["a", "b"]]
    training.advance()
    assert torch.equal(weight, training.networks["a"].weight)
    assert training.window()["step"] == pytest.approx(3.5)  # the losses see the step of the whole run


def test_state_and_restore_continue_bit_for_bit():
    straight, _, _ = factor_training()
    for _ in range(8):
        straight.advance()
    first, _, _ = factor_training()
    for _ in range(5):
        first.advance()
    second, _, _ = factor_training()
    second.restore(first.state())
    for _ in range(3):
        second.advance()
    for name, network in straight.networks.items():
        for a, b in zip(network.parameters(), second.networks[name].parameters(), strict=True):
            assert torch.equal(a, b)
    assert straight.window() == second.window()


def test_non_finite_losses_are_named_with_their_step():
    training, _, _ = factor_training(learning_rate=1e30)
    for _ in range(10):
        training.advance()
    with pytest.raises(NonFinite, match="discriminator_loss"):
        training.check()


def test_non_finite_weights_are_noticed_before_the_next_loss():
    training, _, _ = factor_training()
    training.advance()
    with torch.no_grad():
        training.networks["decoder"][0].weight[0, 0] = float("inf")
    with pytest.raises(NonFinite, match="decoder"):
        training.check_weights()


def test_moments_that_overflow_are_noticed():
    training, _, _ = factor_training()
    training.advance()
    training.check_weights()
    next(iter(training.optimizers["vae"].state.values()))["exp_avg_sq"][0] = float("inf")
    with pytest.raises(NonFinite, match="phase vae"):
        training.check_weights()


def test_a_meter_wants_the_same_terms():
    meter = Meter(CPU)
    meter.add({"a": torch.tensor(1.0)}, torch.tensor(0))
    with pytest.raises(ValueError, match="terms"):
        meter.add({"a": torch.tensor(1.0), "b": torch.tensor(1.0)}, torch.tensor(1))


def test_layout_does_not_change_the_numbers():
    """Channels-last weights, gradients and moments are the same numbers as contiguous ones."""
    training, _, _ = factor_training()
    for _ in range(3):
        training.advance()
    state = training.state()
    assert all(t.is_contiguous() for net in state["networks"].values() for t in net.values())
    for optimizer in training.optimizers.values():
        for parameter, moments in optimizer.state.items():
            assert moments["exp_avg"].stride() == parameter.stride()


def test_encode_batches_do_not_matter(monkeypatch):
    training, _, _ = factor_training()
    rows = np.arange(50)

    def encode():
        parts = list(inference.encode(training.method, training.networks, training.feed, rows, reconstruct_seed=0))
        return {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}

    whole = encode()
    monkeypatch.setattr(inference, "BATCH", 7)
    small = encode()
    assert set(whole) == {"mean", "logvar", "reconstruction_nats", "squared_error"}
    for name in whole:
        np.testing.assert_allclose(whole[name], small[name], rtol=2e-5, atol=1e-6)


def test_batch_is_what_the_contract_says():
    batch = Feed(square_grid()[0], None, CPU).batch(np.array([1, 2]))
    assert isinstance(batch, Batch) and batch.factors is None and batch.rows.dtype == torch.int64
    images, factors = square_grid()
    assert factors.dtype == np.int32
    assert Feed(images, factors, CPU).batch(np.array([1])).factors.dtype == torch.int64


def test_names_used_twice_are_refused():
    class Twice(Two):
        def stages(self):
            first, second = super().stages()
            return (first, Stage(first.phases, second.steps))

    with pytest.raises(ValueError, match="phases"):
        Training(Twice(), Feed(square_grid()[0], None, CPU), 0, CPU)

    class Both(Two):
        def stages(self):
            first, second = super().stages()
            return (Stage((*first.phases, *second.phases), 2),)

    training = Training(Both(), Feed(square_grid()[0], None, CPU), 0, CPU)
    training.advance()
    with pytest.raises(ValueError, match="log step"):
        training.window()


def test_a_phase_whose_loss_misses_a_network_is_named():
    class Missing(Two):
        def stages(self):
            one = super().stages()[0].phases[0]
            return (Stage((Phase("one", ("a", "b"), one.optimiser, one.loss, one.draw),), 1),)

    with pytest.raises(ValueError, match=r"b\.weight"):
        Training(Missing(), Feed(square_grid()[0], None, CPU), 0, CPU).advance()


def test_what_a_stage_draws_when_it_starts_is_the_runs_own():
    class Fresh(Two):
        def stages(self):
            first, second = super().stages()
            return (first, Stage(second.phases, 1, on_start=lambda nets, batch: nets["b"].reset_parameters()))

    def weights(seed):
        training = Training(Fresh(), Feed(square_grid()[0], None, CPU), seed, CPU)
        for _ in range(4):
            training.advance()
        return training.networks["b"].weight

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))
