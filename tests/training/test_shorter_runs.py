"""What is advised in place of a long run is shorter than the run."""

from types import SimpleNamespace

import pytest
from conftest import SMALL, flags

from disentool.config import build
from disentool.contract.configuration import presets_of
from disentool.engine.training_loop import Training
from disentool.methods import METHODS
from disentool.named_code import load
from disentool.training.shorter_runs import advice


def config_of(method: str, **options):
    return build(load(METHODS[method].config), options)


def test_a_run_of_minutes_is_not_announced():
    assert advice(config_of("vae"), 1000, 1000, 2.0) == ""


@pytest.mark.parametrize("method", METHODS)
def test_a_preset_is_advised_for_longer_runs_alone(method):
    """Of 601 seconds at a step a second, and of ten times as many steps as the preset has."""
    steps = presets_of(load(METHODS[method].config)).get("quick", {}).get("steps")
    for left in (601, *([steps, 10 * steps] if steps else [])):
        said = advice(config_of(method), left, left, 1.0 if left < 5000 else 0.5)
        assert ("--preset quick" in said) == (bool(said) and steps is not None and steps < left)
    assert "--steps" in advice(config_of(method), 601, 601, 1.0)


def test_what_is_left_counts_and_not_the_whole_run():
    """A resumed run of 300,000 steps with 700 left is shorter than the preset."""
    assert "--preset" not in advice(config_of("vae"), 300_000, 700, 1.0)
    said = advice(config_of("vae"), 300_000, 200_000, 10.0)
    assert "1,000 steps, about 2 minutes" in said and "about 6 hours" in said


@pytest.mark.parametrize("later", [1.0, 100.0])
def test_the_first_step_is_no_part_of_the_rate(cli, squares, folder, monkeypatch, later):
    """The first of 20 steps takes hours. Nothing is said where each of the others takes a second."""
    now, step = [0.0], Training.advance

    def advance(training):
        step(training)
        now[0] += 9000.0 if training.step == 1 else later

    monkeypatch.setattr(Training, "advance", advance)
    monkeypatch.setattr("disentool.training.run.time", SimpleNamespace(perf_counter=lambda: now[0]))
    said = cli("train", "vae", *flags(SMALL | {"steps": 20, "data": squares, "device": "cpu"})).err
    assert ("a second" in said) == (later == 100.0)
