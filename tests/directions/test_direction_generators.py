"""``find-direction`` in generators that are not the toolkit's: a BigGAN with its classes, the example, TorchScript."""

import itertools
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT
from test_biggan import tiny_biggan, write_folder
from test_generators import SIDECAR, Once, write_exported, write_torchscript
from torch import nn

from disentool.io import directions_file

EXAMPLES = ROOT / "examples"
# What a network with random weights can follow.
COLOURS = ("--transform", "brightness", "--transform", "red", "--device", "cpu", "--starts", 6)


@pytest.fixture
def own(folder, monkeypatch) -> Path:
    """A working folder with the example in it; what is imported from there is forgotten afterwards."""
    before = set(sys.modules)
    shutil.copy(EXAMPLES / "your_generator.py", folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith(("your", "mine")):
            del sys.modules[name]


@pytest.fixture(scope="module")
def biggan(tmp_path_factory) -> Path:
    return write_folder(tmp_path_factory.mktemp("weights") / "biggan", tiny_biggan(), chunks=[4, 8])


METHODS = {
    "paper": ("--method", "paper", "--range", 0.1, "--steps", 1),
    "lm": ("--method", "lm", "--steps", 1),
    "tangent": ("--method", "tangent"),
}


@pytest.mark.parametrize("method", METHODS)
def test_biggan_per_class_pooled_and_cosines(cli, folder, biggan, method):
    cli("find-direction", biggan, *COLOURS, "--class", "1,3,4", *METHODS[method], "-o", "d.h5").printed("d.h5")
    found = directions_file.read(folder / "d.h5")
    endings = ("", "@1", "@3", "@4")
    assert sorted(found.directions) == sorted(n + e for n in ("brightness", "red") for e in endings)
    for name in ("brightness", "red"):
        of = {ending[1:]: found.directions[name + ending] for ending in endings}
        assert [of[key].facts["classes"] for key in of] == [[1, 3, 4], [1], [3], [4]]
        assert [len(of[key].kept) for key in of] == [18, 6, 6, 6]
        for one, other in itertools.product(of, ("1", "3", "4")):
            cosine = of[one].u.astype(float) @ of[other].u.astype(float)
            np.testing.assert_allclose(of[one].facts["cosine_with"][other], cosine, atol=1e-6)
        for direction in of.values():
            u = direction.u.astype(float)
            parts = [np.square(u[:4]).sum(), np.square(u[4:]).sum()]
            np.testing.assert_allclose([p["value"] for p in direction.facts["chunk_norms"]], parts, atol=1e-6)
    assert found.generator == str(biggan) and found.provenance["classes"] == [1, 3, 4]


def test_biggans_brightness_is_what_u_and_g_say(cli, folder, biggan):
    """The pooled direction, taken for new codes of every class, against a random one; and each class's by itself."""
    from disentool.models.generator import open_generator

    call = ("find-direction", biggan, *COLOURS, "--method", "tangent")
    cli(*call, "--class", "1,3", "-o", "d.h5").printed("d.h5")
    cli(*call, "--class", "3,1", "-o", "e.h5").printed("e.h5")
    cli(*call, "--class", 1, "-o", "one.h5").printed("one.h5")
    found = directions_file.read(folder / "d.h5")
    alone = directions_file.read(folder / "one.h5")
    assert set(alone.directions) == {"brightness", "red"}  # of a single class nothing is pooled
    np.testing.assert_allclose(found.directions["red@1"].u, alone.directions["red"].u, atol=1e-3)
    assert found.generator_sha256 == open_generator(biggan, "cpu").sha256
    generator = open_generator(biggan, "cpu").generator
    random = torch.Generator().manual_seed(9)
    z, classes = torch.randn(200, 12, generator=random), torch.arange(200) % 5
    u = torch.from_numpy(found.directions["brightness"].u)
    other = torch.nn.functional.normalize(torch.randn(12, generator=random), dim=0)

    def brighter(along):
        return (generator(z + along, classes) - generator(z - along, classes)).mean((1, 2, 3))

    assert (brighter(0.5 * u) > 0).float().mean() > 0.9
    assert brighter(0.5 * u).mean() > 2 * brighter(0.5 * other).abs().mean()


def test_biggan_other_truncation_and_any_class(cli, folder, biggan):
    """Without --class each start has a class drawn at random; a truncation is part of what the directions belong to."""
    call = ("find-direction", biggan, *COLOURS, "--method", "tangent")
    cli(*call, "--truncation", 0.4, "-o", "d.h5").printed("d.h5")
    cli(*call, "-o", "e.h5").printed("e.h5")
    one, two = (directions_file.read(folder / name) for name in ("d.h5", "e.h5"))
    assert one.generator_sha256 != two.generator_sha256
    assert one.provenance["truncation"] == 0.4 and "truncation" not in two.provenance
    assert set(one.directions) == {"brightness", "red"}
    assert len(one.directions["red"].facts["classes"]) > 1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--class", "9"), 2, "--class 9"),
        (("--class", "1,1"), 2, "--class 1"),
        (("--class", "dog"), 2, "--class dog"),
        (("--class", "1", "--truncation", "0.7"), 2, "--truncation 0.7"),
        (("--class", "1", "--space", "class"), 2, "--space class"),
    ],
)
def test_bad_input(cli, folder, biggan, words, code, message):
    cli("find-direction", biggan, *COLOURS, *words, "-o", "d.h5").failed(code, message)
    assert not list(folder.iterdir())


# ---- the example, and files that hold code


def test_the_examples_own_directions_are_found(cli, own):
    moves = ("--transform", "shift-x", "--transform", "shift-y", "--transform", "zoom")
    call = ("find-direction", "your_generator:Blob", *moves, "--method", "tangent", "--starts", 20, "--device", "cpu")
    cli(*call, "-o", "d.h5").failed(1, "--trust")
    cli(*call, "--trust", "-o", "d.h5").printed("d.h5")
    found = directions_file.read(own / "d.h5").directions
    true = sys.modules["your_generator"].Blob().directions.numpy()
    for name, u in zip(("shift-x", "shift-y", "zoom"), true, strict=True):
        assert found[name].u @ u > 0.99, name
    # g: 0.08 image widths a unit.
    shift = found["shift-x"]
    middle = np.abs(shift.knots) < 1
    np.testing.assert_allclose(shift.values[middle], 0.08 * shift.knots[middle], atol=0.01)


def test_the_examples_classes_share_their_direction(cli, own):
    call = ("find-direction", "--trust", "your_generator:Moons", "--transform", "shift-y", "--class", "0,1")
    cli(*call, "--method", "tangent", "--starts", 12, "--device", "cpu", "-o", "d.h5").printed("d.h5")
    found = directions_file.read(own / "d.h5").directions
    down = sys.modules["your_generator"].Moons().directions[1].numpy()
    for name in ("shift-y", "shift-y@0", "shift-y@1"):
        assert found[name].u @ down > 0.99, name
    assert found["shift-y@0"].facts["cosine_with"]["1"] > 0.98


class Lamp(nn.Module):
    """5 numbers to 8x8 RGB in -1..1: stripes, as bright as the first three say."""

    def __init__(self):
        super().__init__()
        self.register_buffer("stripes", torch.linspace(-0.6, 0.6, 8).expand(3, 8, 8).clone())

    def forward(self, z):
        return torch.tanh(0.3 * z[:, :3, None, None] + self.stripes + 0.01 * z[:, 3:].sum(1)[:, None, None, None])


@pytest.mark.parametrize(("name", "write"), [("g.pt", write_torchscript), ("g.pt2", write_exported)])
def test_opaque_files(cli, folder, name, write):
    write(folder / name, Lamp())
    call = ("find-direction", name, *COLOURS, "--method", "tangent")
    cli(*call, "-o", "d.h5").failed(1, "--trust")
    cli(*call, "--trust", "-o", "d.h5").printed("d.h5")
    found = directions_file.read(folder / "d.h5").directions
    assert found["red"].u[0] > 0.99
    np.testing.assert_allclose(found["brightness"].u[:3], 3**-0.5, atol=0.02)
    # The Lamp cannot shift: stripes of z stay where they are, however bright.
    cli("find-direction", name, "--transform", "shift-y", "--trust", "-o", "e.h5", *METHODS["paper"]).failed(
        1, "--force"
    )
    assert not (folder / "e.h5").exists()
    assert json.loads((folder / "g.json").read_text()) == SIDECAR


ONCE = """
import torch
from test_generators import Once, good
def g(z):
    return good(Once.apply(z))
g.latent_dim = 4
"""


def test_what_differentiates_once_is_enough_for_the_papers_method(cli, own):
    assert Once is not None
    (own / "mine.py").write_text(ONCE)
    call = ("find-direction", "--trust", "mine:g", "--transform", "brightness", "--starts", 6, "--device", "cpu")
    for method in ("lm", "tangent"):
        cli(*call, *METHODS[method], "-o", "d.h5").failed(1, "--method paper")
    cli(*call, *METHODS["paper"], "--force", "-o", "d.h5").printed("d.h5")  # no direction of it is useful
