"""Codes of which no dimension carries information: it is said while a run goes on, at its end, and of its file."""

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SMALL, flags

from disentool.commands.train import train
from disentool.config import build, values
from disentool.io import checkpoint
from disentool.methods import METHODS
from disentool.models.collapse import Informative, in_words, in_words_meanwhile, informative
from disentool.models.dimensions import choose
from disentool.models.model import load_model
from disentool.named_code import load
from disentool.reporting import Silent
from disentool.training import run
from disentool.training.plan import plan

NONE, SOME = Informative(0, 10, 300), Informative(3, 10, 300)


class Notes(Silent):
    """Keeps what is noted."""

    def __init__(self):
        self.said: list[str] = []

    def note(self, message: str) -> None:
        self.said.append(message)


def notes_of(data: Path, output: Path, method: str = "betavae", steps: int = 12, **options) -> list[str]:
    """What is noted of dimensions while a small run is carried out."""
    report = Notes()
    given = SMALL | {"steps": steps, "log_every": 5, "data": str(data), "device": "cpu"} | options
    list(train(plan(method, given, output=str(output)), report=report))
    return [line for line in report.said if "dimensions" in line]


def config_of(method: str, **options):
    return build(load(METHODS[method].config), options)


def test_dimensions_are_counted_by_their_kl():
    assert informative({"kl": [0.049, 0.05, 3.0]}, 100) == Informative(2, 3, 100)
    assert informative({"kl": [0.0, 0.01]}, 100).collapsed
    assert not SOME.collapsed
    for damaged in ({}, {"kl": []}, {"kl": None}, {"kl": 3}, {"kl": ["a"]}, {"kl": [float("nan")]}):
        assert informative(damaged, 100) is None
    assert informative({"kl": [torch.zeros(2)]}, 100) is None


def test_a_few_steps_are_no_collapse_yet(cli, squares, tmp_path):
    assert informative({"kl": [0.0]}, 100).verdict.endswith("collapsed")
    assert "99 steps are too few" in informative({"kl": [0.0]}, 99).verdict
    assert informative({"kl": [3.0]}, 1).verdict == str(Informative(1, 1, 1))
    (end,) = notes_of(squares, tmp_path / "m.pt", steps=3, beta=1e4)
    assert "0 of 4" in end and "too few" in end and "--steps" in end
    assert "too few" in cli("info", "--json", tmp_path / "m.pt").out


@pytest.mark.parametrize(
    ("method", "options", "words", "no_words"),
    [
        ("vae", {}, ("--initialisation he", "--preset quick"), ("--beta",)),
        ("vae", {"initialisation": "he", "learning_rate": 1e-3}, (), ("--initialisation", "--preset", "--beta")),
        ("betavae", {}, ("--initialisation he", "--preset quick", "--beta"), ()),
        ("betavae", {"beta": 1.0}, ("--initialisation he",), ("--beta",)),
        ("betavae", {"objective": "burgess", "steps": 1000}, ("--capacity-steps",), ("--beta",)),
        ("betavae", {"objective": "burgess", "capacity_steps": 10}, (), ("--capacity-steps", "--beta")),
        ("betatcvae", {"initialisation": "he"}, ("--beta",), ("--initialisation",)),
        ("adagvae", {"beta": 4.0}, ("--beta",), ()),
        ("mlvae", {}, (), ("--beta", "--initialisation", "--preset")),
        ("mlvae", {"beta": 2.0}, ("--beta",), ("--initialisation",)),
    ],
)
def test_only_what_applies_is_advised(method, options, words, no_words):
    for text in (
        in_words(NONE, config_of(method, **options)),
        in_words_meanwhile(NONE, config_of(method, **options)),
    ):
        assert [word for word in words if word not in text] == []
        assert [word for word in no_words if word in text] == []


def test_a_longer_run_is_advised_after_few_steps_alone():
    assert "--steps" in in_words(NONE, config_of("vae"))
    assert "--steps" not in in_words(Informative(0, 10, 300_000), config_of("vae"))
    assert "--steps" not in in_words_meanwhile(NONE, config_of("vae"))
    assert "collapsed" not in in_words(SOME, config_of("vae"))


def test_a_run_that_stays_collapsed_says_so_once_on_its_way_and_at_its_end(squares, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "_UNINFORMATIVE_STEPS", 102)
    meanwhile, end = notes_of(squares, tmp_path / "m.pt", steps=104, beta=1e4)
    assert "after 102 steps 0 of 4" in meanwhile
    assert "collapsed" in end and "0 of 4" in end


def test_a_run_that_does_not_collapse_says_how_many_dimensions_carry_information(squares, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "_UNINFORMATIVE_STEPS", 100)
    (end,) = notes_of(squares, tmp_path / "m.pt", "vae", 102, initialisation="he", learning_rate=1e-3)
    assert "collapsed" not in end
    kl = np.array(checkpoint.read(tmp_path / "m.pt")["statistics"]["kl"])
    assert f"{(kl >= 0.05).sum()} of 4" in end


def test_methods_without_a_posterior_say_nothing(squares, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "_UNINFORMATIVE_STEPS", 100)
    options = {"steps": 101, "batch_size": 8, "data": str(squares), "device": "cpu"}
    report = Notes()
    list(train(plan("infogan", options, output=str(tmp_path / "m.pt")), report=report))
    assert [line for line in report.said if "dimensions" in line] == []


def test_saying_so_changes_no_weight_and_no_history(squares, tmp_path, monkeypatch):
    contents = []
    for steps in (100, 500):
        monkeypatch.setattr(run, "_UNINFORMATIVE_STEPS", steps)
        notes_of(squares, tmp_path / f"{steps}.pt", "factorvae", 105, discriminator_units=8, discriminator_layers=1)
        contents.append(checkpoint.read(tmp_path / f"{steps}.pt"))
    a, b = contents
    for name, state in a["networks"].items():
        assert all(torch.equal(tensor, b["networks"][name][key]) for key, tensor in state.items())
    assert [{**line, "time": 0} for line in a["history"]] == [{**line, "time": 0} for line in b["history"]]


@pytest.fixture
def collapsed_model(trained, folder) -> str:
    """The trained checkpoint, as if none of its dimensions carried information."""
    content = torch.load(trained, weights_only=True)
    content["statistics"]["kl"], content["step"] = [0.01] * 4, 1000
    torch.save(content, "flat.pt")
    return "flat.pt"


def test_commands_say_it_of_a_checkpoint(cli, trained, collapsed_model):
    for command in (["traverse", "-o", "{}.png", "--size", 32], ["sample", "-n", 4, "-o", "{}-sample.png"]):
        name, *rest = [str(word) for word in command]
        said = cli(name, collapsed_model, *(word.format("flat") for word in rest)).err
        assert "collapsed" in said and "--initialisation" in said
        assert "collapsed" not in cli(name, trained, *(word.format("trained") for word in rest)).err
    assert "0 of 4" in cli("info", collapsed_model).out
    assert "collapsed" in cli("info", "--json", collapsed_model).out


def test_a_run_of_the_command_line_says_it_on_stderr(cli, squares, folder):
    options = flags(SMALL | {"steps": 100, "data": squares, "device": "cpu", "beta": 1e4})
    done = cli("train", "betavae", *options)
    done.printed("ckpt.pt")
    assert "collapsed" in done.err
    assert cli("train", "betavae", *options, "--overwrite", "-q").err == ""


def test_advice_names_options_that_there_are():
    """Every option that is advised of a method's defaults is an option of that method."""
    for name, entry in METHODS.items():
        config = load(entry.config)()
        advised = [word for word in in_words_meanwhile(NONE, config).replace(",", "").split() if word[:2] == "--"]
        assert {word[2:].replace("-", "_") for word in advised} <= {*values(config), "preset"}, name


def test_labels_are_muted_below_the_same_information_that_words_count(trained, folder):
    content = torch.load(trained, weights_only=True)
    content["statistics"]["kl"] = [0.004, 0.049, 0.05, 3.0]
    torch.save(content, "some.pt")
    labels = [one.label for one in choose(load_model("some.pt", "cpu"), range(4), Silent())]
    assert [label.muted for label in labels] == [True, True, False, False]
    assert [label.detail for label in labels] == ["KL <0.01", "KL 0.05 nats", "KL 0.05 nats", "KL 3.00 nats"]
