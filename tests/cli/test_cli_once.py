"""Options given twice, and options that a method does not have."""

import shutil

import pytest
from conftest import ROOT


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("train vae --seed 1 --seed 2", "--seed"),
        ("train vae --gamma 1 --gamma 1", "gamma"),
        ("train factorvae --gamma 1 --gamma 1", "--gamma"),
        ("train vae --preset quick --preset paper", "--preset"),
        ("train vae --graph --no-graph", "--graph"),
        ("train vae -o a.pt --output b.pt", "--output"),
        ("prepare dsprites --grey --rgb", "--grey"),
        ("prepare dsprites --subset 3 --subset 4", "--subset"),
        ("prepare dsprites --keep shape=0 --keep shape=1", "shape"),
        ("encode --rows all --rows test", "--rows"),
        ("traverse -o a.png --dims 0 --dims 1", "--dims"),
        ("traverse -o a.png -o a.png", "a.png"),
        ("sample -o a.png -n 3 -n 4", "-n"),
        ("score --set bins=5 --set bins=6", "bins"),
        ("score --set num-bins=5 --set num_bins=5", "num_bins"),
        ("score --metric mig,mig", "mig"),
        ("score --metric mig --metric mig", "mig"),
        ("score --protocol exact --protocol dlib", "--protocol"),
        ("find-direction --transform zoom --transform zoom", "zoom"),
        ("invert -o a.png --loss mse --loss blur", "--loss"),
        ("swap -o a.png --interpolate class --interpolate content", "--interpolate"),
    ],
)
def test_what_is_given_twice_is_refused(cli, folder, words, said):
    outcome = cli(*words.split())
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.err.count("\n") == 1
    assert not list(folder.iterdir())


@pytest.mark.parametrize("words", ["info --json --json", "prepare --list --list", "sample --help --help"])
def test_a_flag_that_only_repeats_itself_is_none(cli, folder, trained, words):
    shutil.copy(trained, "ckpt.pt")
    assert cli(*words.split()).code == 0


@pytest.fixture
def own(monkeypatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "examples")


def test_a_method_without_presets_has_no_such_option(cli, own):
    text = cli("train", "your_method:WAE", "--help").out
    assert "--config" in text
    assert "preset" not in text
    assert cli("train", "your_method:WAE", "--preset", "quick").code == 2


def test_the_options_of_a_method_of_ones_own_stand_below_the_usual_headings(cli, own):
    """Its file names no heading, so it follows from what each option is."""
    _, _, rest = cli("train", "your_method:WAE", "--help").out.partition("\nOptimiser:\n")
    optimiser, _, _ = rest.partition("\nData:\n")
    for name in ("--steps", "--epochs", "--batch-size", "--learning-rate"):
        assert name in optimiser
    assert "--penalty" not in optimiser
