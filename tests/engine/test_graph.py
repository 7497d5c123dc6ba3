"""Captured steps: what a CUDA graph asks of a step, on a CPU by its stand-in, and on CUDA where there is one."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import SMALL_FACTOR, flags
from rehearsal import Rehearsal
from test_methods import CONTRACT, FACTORS, FACTS

from disentool import methods
from disentool.config import build
from disentool.contract import Adam, Cosine, Noise, Phase, Plateau, Stage, epoch, groups, pairs, uniform
from disentool.engine.feed import Feed
from disentool.engine.graph import WARM_UP, CudaGraphs, NotCapturable
from disentool.engine.inputs import Inputs
from disentool.engine.randomness import Randomness
from disentool.engine.training_loop import Training
from disentool.io import checkpoint

CPU = torch.device("cpu")
IMAGES = np.random.default_rng(0).integers(0, 256, (FACTS.rows, FACTS.height, FACTS.width, 1), np.uint8)
CASES = CONTRACT | {
    "lord": ("lord", {"class_dim": 4, "content_dim": 3, "width": 8, "batch_size": 6, "steps": 28, "latent_share": 0.5}),
}
STEPS = WARM_UP + 5
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def training(variant, graphs=None, device=CPU, rows=None, resident=True):
    name, options = CASES[variant]
    entry = methods.find(name)
    method = methods.load(entry.implementation)(build(methods.load(entry.config), options), FACTS)
    feed = Feed(IMAGES, FACTORS, device, rows=rows, resident=resident)
    return Training(method, feed, 3, device, graphs)


def run(run, steps=STEPS):
    for _ in range(steps):
        run.advance()
    return run


def state(run):
    """Every tensor that a checkpoint would hold, by name."""
    out = {}

    def walk(name, value):
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{name}.{key}", inner)
        else:
            out[name] = value

    walk("", run.state())
    return out


def assert_same(first, second):
    a, b = state(first), state(second)
    assert a.keys() == b.keys()
    for name, value in a.items():
        same = torch.equal(value, b[name]) if isinstance(value, torch.Tensor) else value == b[name]
        assert same, name


@pytest.mark.parametrize("variant", CASES)
def test_every_methods_step_can_be_captured(variant):
    """The same operations at the same addresses, step after step; nothing waits; and the weights are the eager ones."""
    rehearsed = run(training(variant, Rehearsal()))
    assert rehearsed.why_eager == ""
    assert rehearsed._replay is not None
    assert_same(rehearsed, run(training(variant)))


def test_a_split_is_gathered_within_the_step():
    rows = np.arange(0, FACTS.rows, 3)
    assert_same(run(training("factorvae", Rehearsal(), rows=rows)), run(training("factorvae", rows=rows)))


def test_images_the_device_does_not_hold_are_sent_to_where_the_step_reads_them():
    away = training("factorvae", Rehearsal())
    away.feed.resident = False
    assert_same(run(away), run(training("factorvae")))


def test_each_stage_is_captured_anew():
    lord = run(training("lord", Rehearsal()), 5)
    first = lord._replay
    assert first is not None and lord.step < lord.stages[0].steps
    run(lord, 9 + WARM_UP + 2)
    assert lord._stage == 1 and lord._replay not in (None, first)


def changed(method, loss):
    """A method whose first phase has another loss."""
    stage = method.stages()[0]
    phase = replace(stage.phases[0], loss=loss)
    method.stages = lambda: (replace(stage, phases=(phase, *stage.phases[1:])),)
    return method


def refused(make_loss):
    name, options = CASES["vae"]
    entry = methods.find(name)
    method = methods.load(entry.implementation)(build(methods.load(entry.config), options), FACTS)
    own = method.stages()[0].phases[0].loss
    trained = Training(changed(method, make_loss(own)), Feed(IMAGES, FACTORS, CPU), 0, CPU, Rehearsal())
    with pytest.raises(NotCapturable) as caught:
        run(trained)
    return str(caught.value)


def test_what_cannot_be_captured_is_found_on_any_device():
    def fetches(own):
        def loss(*given):
            value, terms, carry = own(*given)
            return value * (1 if value.item() > 0 else 2), terms, carry

        return loss

    assert "device" in refused(fetches)

    def counts(own):
        steps = iter(range(100))

        def loss(*given):
            value, terms, carry = own(*given)
            return value * (1 + next(steps)), terms, carry  # a number, which a graph would keep for ever

        return loss

    assert "and is" in refused(counts)

    def grows(own):
        kept = []

        def loss(*given):
            value, terms, carry = own(*given)
            kept.append(torch.ones(2 + len(kept)))
            return value + 0 * kept[-1].sum(), terms, carry

        return loss

    assert "and is" in refused(grows)

    def wanders(own):
        def loss(*given):
            value, terms, carry = own(*given)
            with torch.utils._python_dispatch._disable_current_modes():
                fresh = [
                    torch.zeros(()) for _ in range(64)
                ]  # memory of this step alone, which a graph would go on reading
                wanders.kept = getattr(wanders, "kept", []) + fresh
            return value + fresh[0], terms, carry

        return loss

    assert "and is" in refused(wanders)


def test_a_step_that_cannot_be_captured_runs_on_as_it_is():
    class Refuses:
        def capture(self, step):
            raise NotCapturable("an operation waits")

    eager = run(training("factorvae", Refuses()))
    assert eager.why_eager == "an operation waits"
    assert_same(eager, run(training("factorvae")))


def test_inputs_are_what_is_drawn_and_stay_where_they_are():
    drawn = [uniform(5), epoch(7), pairs(4), groups(3, 2, (0,))]
    noise = (Noise("n", (3, 2), "normal"), Noise("u", (4,), "uniform"), Noise("p", (5, 2), "permutation"))
    phases = tuple(
        Phase(f"p{i}", (), Adam(1e-3), lambda *_: None, draw, noise, repeats=1 + i % 2) for i, draw in enumerate(drawn)
    )
    randomness = Randomness(1, FACTS.rows, FACTORS)
    inputs = Inputs(Stage(phases, 9), {p.name: i for i, p in enumerate(phases)}, randomness, Feed(IMAGES, FACTORS, CPU))
    where = None
    for step in range(4):
        inputs.fill(step)
        number, addresses = 0, []
        for index, phase in enumerate(phases):
            for repeat in range(phase.repeats):
                rows, expected = Randomness(1, FACTS.rows, FACTORS).draw(phase, index, step, repeat)
                batch, given = inputs.of(number)
                assert np.array_equal(batch.rows.numpy(), rows)
                assert np.array_equal(batch.factors.numpy(), FACTORS[rows])
                assert np.array_equal((batch.images * 255).round().numpy()[:, 0], IMAGES[rows][..., 0])
                assert given.keys() == expected.keys()
                for name, value in expected.items():
                    assert np.array_equal(given[name].numpy(), value) and given[name].numpy().dtype == value.dtype
                addresses += [batch.rows.data_ptr(), *(tensor.data_ptr() for tensor in given.values())]
                assert all(address % 16 == 0 for address in addresses)
                number += 1
        assert where in (None, addresses)
        where = addresses


@needs_cuda
@pytest.mark.parametrize("variant", CASES)
def test_captured_steps_equal_eager_ones_on_cuda(variant):
    cuda = torch.device("cuda")
    tf32 = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    try:
        captured = run(training(variant, CudaGraphs(cuda), cuda), WARM_UP + 10)
        eager = run(training(variant, None, cuda), WARM_UP + 10)
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = tf32
    assert captured.why_eager == "" and captured._replay is not None
    for (name, a), b in zip(state(captured).items(), state(eager).values(), strict=True):
        if isinstance(a, torch.Tensor) and name.startswith(".networks"):
            assert (a.double() - b.double()).norm() <= 1e-4 * b.double().norm() + 1e-6, name


def same_weights(squares, folder, device, *runs):
    """Whether runs of the command, each with more words, end with the same weights bit for bit."""
    states = []
    for number, more in enumerate(runs):
        path = folder / f"{number}.pt"
        given = flags(SMALL_FACTOR | {"data": squares, "device": device, "steps": 20, "output": path})
        command = [sys.executable, "-m", "disentool", "train", "factorvae", "--deterministic", *given, *more]
        subprocess.run(command, check=True, capture_output=True)
        networks = checkpoint.read(path)["networks"]
        states.append({f"{name}.{key}": value for name, s in networks.items() for key, value in s.items()})
    return all(torch.equal(value, state[key]) for state in states for key, value in states[0].items())


def test_deterministic_runs_of_the_command_are_equal(squares, tmp_path):
    assert same_weights(squares, tmp_path, "cpu", ["--no-graph"], ["--graph"])


@needs_cuda
def test_deterministic_runs_on_cuda_are_equal_bit_for_bit_captured_or_not(squares, tmp_path):
    assert same_weights(squares, tmp_path, "cuda", ["--no-graph"], ["--graph"], ["--graph"])


def test_rates_that_change_are_set_before_the_step():
    """Cosine and plateau rates, rehearsed, equal the eager ones."""
    for rate in (Cosine(1e-3, 1e-5, 6), Plateau(1e-3, hold=2, patience=1)):

        def scheduled(graphs, rate=rate):
            name, options = CASES["vae"]
            entry = methods.find(name)
            method = methods.load(entry.implementation)(build(methods.load(entry.config), options), FACTS)
            stage = method.stages()[0]
            method.stages = lambda: (replace(stage, phases=(replace(stage.phases[0], optimiser=Adam(rate)),)),)
            return Training(method, Feed(IMAGES, FACTORS, CPU), 0, CPU, graphs)

        assert_same(run(scheduled(Rehearsal())), run(scheduled(None)))
