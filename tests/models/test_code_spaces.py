"""Generators of class-and-content methods: directions are looked for in the content, the class, or both."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from disentool.commands.train import train
from disentool.directions.generator import GeneratorFacts
from disentool.errors import ForeignFile, WrongUsage
from disentool.io import checkpoint
from disentool.models.generator import open_generator, opening_options
from disentool.training.plan import plan

# Class code 2, content code 3; a class table as LORD has one, of the sizes of the squares.
PAIR = '''
import torch
from dataclasses import dataclass
from disentool.config import opt
from disentool.io.classes import choose
from disentool.nn import conv
from disentool.contract import Adam, Phase, Stage, epoch

@dataclass(frozen=True)
class Config:
    """Small."""

    batch_size: int = opt(16, "images a batch", low=2)
    steps: int = opt(2, "training steps", low=0)
    table: bool = opt(True, "a code for each class")

class Pair:
    """Class and content."""

    Config = Config

    def __init__(self, config, facts):
        self.config, self.facts = config, facts
        self.classes = choose("size", facts.factor_names, facts.factor_sizes)

    def networks(self):
        size = (self.facts.channels, self.facts.height, self.facts.width, 32, 5)
        made = {"encoder": conv.encoder(*size), "decoder": conv.decoder(*size)}
        return made | ({"classes": torch.nn.Embedding(3, 2)} if self.config.table else {})

    def code_tables(self, networks):
        return {"class_code": networks["classes"].weight} if self.config.table else {}

    def stages(self):
        return (Stage((Phase("p", ("encoder", "decoder"), Adam(1e-3), self.loss, epoch(16)),), self.config.steps),)

    def loss(self, networks, batch, noise, carry, step):
        error = (self.decode(networks, self.encode(networks, batch.images)["mean"]) - batch.images).square()
        return error.sum() / 16, {}, {}

    def codes(self):
        return {"mean": 5, "class_code": 2, "content_code": 3}

    def encode(self, networks, images):
        codes = networks["encoder"](images)
        return {"mean": codes, "class_code": codes[:, :2], "content_code": codes[:, 2:]}

    def decode(self, networks, codes):
        return networks["decoder"](codes).sigmoid()
'''


@pytest.fixture
def pair(folder, squares, monkeypatch):
    """Trains :class:`Pair` for a moment; with a table of class codes or without."""
    (folder / "mine_pair.py").write_text(PAIR)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield lambda table: next(
        train(plan("mine_pair:Pair", {"data": str(squares), "device": "cpu", "table": table}, output=f"{table}.pt"))
    )
    sys.modules.pop("mine_pair", None)


def opened(path: Path, space: str | None = None, **options):
    return open_generator(path, "cpu", trust=True, space=space, **options)


def test_the_content_is_the_default_with_a_class_held(pair):
    path = pair(True)
    found = opened(path)
    generator = found.generator
    assert generator.facts == GeneratorFacts(3, 1, 32, 32, (), num_classes=3)
    statistics = found.model.content["statistics"]
    mean, std = (np.array(statistics[name]) for name in ("mean_mean", "mean_std"))
    z, classes = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 2, 2, 1])
    table = found.model.networks["classes"].weight.numpy()
    expected = np.concatenate([table[classes], mean[2:] + std[2:] * z.numpy()], 1)
    np.testing.assert_allclose(generator.codes(z, classes), expected, rtol=1e-5, atol=1e-6)
    decoded = found.model.method.decode(found.model.networks, torch.from_numpy(expected).float())
    np.testing.assert_allclose(generator(z, classes), decoded, atol=1e-5)
    with pytest.raises(WrongUsage, match="3 classes"):
        generator(z)


def test_the_class_and_both(pair):
    path = pair(True)
    klass, both = opened(path, "class"), opened(path, "all")
    table = klass.model.networks["classes"].weight
    statistics = np.array(klass.model.content["statistics"]["mean_mean"])
    assert klass.generator.facts == GeneratorFacts(2, 1, 32, 32)
    assert both.generator.facts == GeneratorFacts(5, 1, 32, 32, chunks=(2, 3))
    z = torch.tensor([[0.5, -1.0]])
    expected = torch.cat([table.mean(0) + table.std(0) * z, torch.from_numpy(statistics[None, 2:]).float()], 1)
    np.testing.assert_allclose(klass.generator.codes(z), expected, rtol=1e-5)
    at_mean = both.generator.codes(torch.zeros(1, 5))
    np.testing.assert_allclose(at_mean[0], [*table.mean(0), *statistics[2:]], rtol=1e-5)
    assert klass.sha256 == both.sha256


def test_without_a_table_the_class_is_the_mean_of_all(pair):
    found = opened(pair(False))
    statistics = np.array(found.model.content["statistics"]["mean_mean"])
    assert found.generator.facts.num_classes is None
    np.testing.assert_allclose(found.generator.codes(torch.zeros(2, 3)), np.stack([statistics] * 2), rtol=1e-5)


def test_spaces_in_the_shell(cli, pair, trained):
    path = pair(True)
    call = ("invert", "--trust", path, "--loss", "mse", "--starts", 2, "--steps", 5, "--images", 2)
    cli(*call, "--class", "0-2", "-o", "t.jsonl", "-o", "z.h5").printed("t.jsonl", "z.h5")
    cli("decode", "--trust", path, "z.h5", "-o", "d.h5").printed("d.h5")
    cli(*call, "--space", "class", "-o", "c.jsonl").printed("c.jsonl")
    cli(*call, "-o", "x.jsonl").failed(2, "3 classes")
    cli("invert", trained, "--space", "class", "-o", "x.jsonl").failed(2, "--space class")


def test_damaged_statistics(pair):
    path = pair(True)
    content = checkpoint.read(path)
    content["statistics"]["mean_std"] = [1.0]
    checkpoint.write(path, content, overwrite=True)
    with pytest.raises(ForeignFile, match="5 dimensions"):
        opened(path)


def test_how_a_generator_was_opened_is_in_a_directions_file():
    assert opening_options({"truncation": 0.4, "space": "class", "seed": 3}) == {
        "truncation": 0.4,
        "space": "class",
    }
    assert opening_options({"truncation": "all", "space": 3}) == {"truncation": None, "space": None}
