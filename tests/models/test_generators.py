"""Generators of every kind are opened, tried out, and refused with the reason: no code runs unless it is trusted."""

import json
import logging
import logging.handlers
import os
import pickle
import queue
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT, SMALL
from torch import nn

from disentool.commands.export import export
from disentool.commands.train import train
from disentool.directions.generator import GeneratorFacts
from disentool.directions.generator_checks import probe, probe_twice
from disentool.errors import DisentoolError, ForeignFile, MissingFile, UnsafeFile, WrongUsage
from disentool.io import generator_description
from disentool.models.generator import open_generator
from disentool.training.plan import plan

EXAMPLES = ROOT / "examples"


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


def trusted(spec, **options):
    return open_generator(spec, "cpu", trust=True, **options)


# ---- the trial


class Made:
    """A generator made of a function of z, 4 numbers."""

    def __init__(self, function, channels=1, classes=None):
        self.function, self.device = function, torch.device("cpu")
        self.asked: list[int] = []  # classes
        self.facts = GeneratorFacts(4, channels, 8, 8, (), classes)

    def __call__(self, z, classes=None):
        self.asked += [] if classes is None else classes.tolist()
        return self.function(z) if classes is None else self.function(z, classes)


WEIGHTS = torch.randn(4, 64, generator=torch.Generator().manual_seed(1))


def good(z):
    return torch.sigmoid(z @ WEIGHTS).reshape(len(z), 1, 8, 8)


class Lying(torch.autograd.Function):
    """The identity, with half of its gradient."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        return g / 2


class Once(torch.autograd.Function):
    """The identity, that can be differentiated once."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        return g.clone()


class LyingTwice(torch.autograd.Function):
    """The identity, whose gradient depends on what it is multiplied with in a way that no gradient does."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        return g.detach() + 0.3 * (g - g.detach())


def normalised(z):
    return torch.sigmoid((z - z.mean(0)) @ WEIGHTS).reshape(len(z), 1, 8, 8)


def faintly(z):
    return good(z) * (1 - 1e-3 * torch.sigmoid(z.mean()))


def only_sevens(z):
    return good(z.reshape(7, 4))


def test_a_good_one_passes_whatever_its_classes():
    plain = Made(good)
    darker = Made(lambda z, c: good(z) * (1 - 0.1 * c[:, None, None, None]), classes=3)
    only_twos = Made(lambda z, c: good(z) / (c == 2)[:, None, None, None].float(), classes=3)
    probe(plain, "g")
    probe(darker, "g")
    probe(only_twos, "g", classes=(2,))
    assert plain.asked == [] and set(darker.asked) <= {0, 1, 2} and set(only_twos.asked) == {2}


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda z: good(z).log() / 0, "NaN"),
        (lambda z: 2 * good(z) - 1, "image_range"),
        (lambda z: 255 * good(z), "255"),
        (lambda z: good(z + 0.1 * torch.randn_like(z)), "same z"),
        (lambda z: nn.functional.dropout(good(z), 0.2, training=True) / 2, "same z"),
        (normalised, "batch"),
        (faintly, "others"),
        (only_sevens, "[1, 4]"),
        (lambda z: good(z.detach()), "no gradient"),
        (lambda z: torch.from_numpy(good(z).detach().numpy()), "no gradient"),
        (lambda z: good(z.round()), "zero"),
        (lambda z: good(z * torch.tensor(0.0)), "zero"),
        (lambda z: good(Lying.apply(z)), "0.50"),
        (lambda z: good(z - z.detach() + torch.tanh(3 * z.detach())), "slope"),
        (lambda z: good(z)[:, :, :7], "[7, 1, 7, 8]"),
        (lambda z: z @ torch.zeros(5, 5), "[7, 4]"),
    ],
)
def test_each_failure_has_a_message_of_its_own(function, words):
    with pytest.raises(ForeignFile) as caught:
        probe(Made(function), "net")
    assert str(caught.value).startswith("net: ") and words in str(caught.value), caught.value
    assert "\n" not in str(caught.value)


def test_what_a_jacobian_needs():
    probe_twice(Made(good), "net")
    probe_twice(Made(lambda z, c: good(z) * (1 - 0.1 * c[:, None, None, None]), classes=3), "net", classes=(1,))
    for function, words in (
        (lambda z: good(Once.apply(z)), "--method paper"),
        (lambda z: good(LyingTwice.apply(z)), "0.30"),
    ):
        probe(Made(function), "net")  # which is enough for the paper's method
        with pytest.raises(ForeignFile) as caught:
            probe_twice(Made(function), "net")
        assert str(caught.value).startswith("net: ") and words in str(caught.value)


def test_a_batch_norm_in_training_mode_is_found_out():
    torch.manual_seed(0)
    norm = nn.BatchNorm1d(4)
    network = nn.Sequential(nn.Linear(4, 4), norm, nn.Linear(4, 64), nn.Sigmoid(), nn.Unflatten(1, (1, 8, 8)))
    with pytest.raises(ForeignFile, match="training"):
        probe(Made(network), "net")
    probe(Made(network.eval()), "net")


# ---- the toolkit's own


def test_a_checkpoint_and_its_export(trained, tmp_path):
    opened = open_generator(trained, "cpu")
    assert opened.name == "factorvae" and opened.generator.facts == GeneratorFacts(4, 1, 32, 32)
    z = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    images = opened.generator(z)
    assert images.shape == (3, 1, 32, 32)
    assert images.equal(opened.model.method.decode(opened.model.networks, z))
    assert all(not p.requires_grad for network in opened.model.networks.values() for p in network.parameters())
    weights, _ = export(trained, tmp_path / "w.safetensors")
    again = open_generator(weights, "cpu")
    assert again.generator(z).equal(images) and again.sha256 != opened.sha256
    (tmp_path / "w.json").unlink()
    with pytest.raises(MissingFile, match=r"w\.json"):
        open_generator(weights, "cpu")


def test_a_gan_is_driven_by_standard_normals(squares, tmp_path):
    given = {"data": str(squares), "device": "cpu", "steps": 2, "batch_size": 16, "categorical": 3, "continuous": 2}
    path = next(train(plan("infogan", given | {"noise_dim": 5}, output=str(tmp_path / "g.pt"))))
    opened = open_generator(path, "cpu")
    assert opened.generator.facts == GeneratorFacts(8, 1, 32, 32, chunks=(1, 2, 5))
    z = torch.randn(64, 8, generator=torch.Generator().manual_seed(0))
    codes = opened.generator.codes(z)
    assert set(codes[:, 0].tolist()) == {0.0, 1.0, 2.0}
    assert codes[:, 1:3].abs().max() <= 1 and codes[:, 3:].equal(z[:, 3:])


@pytest.mark.parametrize("method", ["betavae", "aae"])
def test_what_its_method_says_nothing_of_is_normal(method, squares, tmp_path):
    given = SMALL | {"data": str(squares), "device": "cpu", "steps": 2}
    path = next(train(plan(method, given, output=str(tmp_path / "m.pt"))))
    assert open_generator(path, "cpu").generator.facts == GeneratorFacts(4, 1, 32, 32)


def test_what_does_not_apply_is_refused(trained):
    with pytest.raises(WrongUsage, match=r"--truncation 0\.4"):
        open_generator(trained, "cpu", truncation=0.4)
    with pytest.raises(WrongUsage, match="--class 3"):
        open_generator(trained, "cpu", classes=(3,))


# ---- the user's own code


def test_the_example_is_a_generator(own):
    opened = trusted("your_generator:Blob")
    assert opened.name == "your_generator:Blob" and opened.generator.facts == GeneratorFacts(8, 1, 32, 32)
    # A blob's barycenter moves along the first direction, and along no other: half a width is 0.5.
    directions = sys.modules["your_generator"].Blob().directions
    across = (torch.arange(32) + 0.5) / 32 - 0.5
    for i, expected in enumerate((0.08, 0.0, 0.0)):
        images = opened.generator(directions[i : i + 1] * torch.tensor([[-1.0], [1.0]]))
        place = (images.sum((1, 2)) * across).sum(1) / images.sum((1, 2, 3))
        np.testing.assert_allclose((place[1] - place[0]) / 2, expected, atol=1e-3)


def test_an_example_with_classes(own):
    opened = trusted("your_generator:Moons", classes=(0, 1))
    assert opened.generator.facts.num_classes == 2
    z = torch.zeros(2, 8)
    images = opened.generator(z, torch.tensor([0, 1]))
    assert images.min() >= 0 and images[0].max() > 0.9 > images[1].max()
    with pytest.raises(WrongUsage, match="2 classes"):
        opened.generator(z)
    with pytest.raises(WrongUsage, match="--class 2"):
        trusted("your_generator:Moons", classes=(2,))
    with pytest.raises(WrongUsage, match="--class 1"):
        trusted("your_generator:Moons", classes=(1, 1))


def test_own_code_runs_only_where_it_is_trusted(own):
    with pytest.raises(UnsafeFile, match="--trust"):
        open_generator("your_generator:Blob", "cpu")
    assert "your_generator" not in sys.modules


def test_the_digest_is_of_source_and_weights(own):
    text = (
        "import torch\nclass G(torch.nn.Module):\n    latent_dim = 3\n"
        "    def __init__(self):\n        super().__init__()\n        torch.manual_seed({})\n"
        "        self.f = torch.nn.Linear(3, 64)\n"
        "    def forward(self, z):\n        return self.f(z).sigmoid().reshape(-1, 1, 8, 8)\n"
    )
    digests = []
    for name, seed in (("mine_a", 0), ("mine_b", 0), ("mine_c", 1)):
        (own / f"{name}.py").write_text(text.format(seed))
        digests.append(trusted(f"{name}:G").sha256)
    assert len(set(digests)) == 3
    assert trusted("mine_a:G").sha256 == digests[0]


UNIFORM = """
import torch
W = torch.randn(3, 64, generator=torch.Generator().manual_seed(0))
seen = []
def g(z):
    seen.append(z.detach().clone())
    return 255 * (z @ W).sigmoid().reshape(-1, 1, 8, 8)
g.latent_dim, g.prior, g.image_range, g.chunks = 3, "uniform", (0, 255), (1, 2)
"""


def test_a_function_with_attributes_and_a_uniform_prior(own):
    (own / "mine.py").write_text(UNIFORM)
    opened = trusted("mine:g")
    assert opened.generator.facts.chunks == (1, 2)
    opened.generator(torch.tensor([[-10.0, 0.0, 0.6744898]]))
    np.testing.assert_allclose(sys.modules["mine"].seen[-1].numpy(), [[-1, 0, 0.5]], atol=1e-6)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("def g(z): return z", DisentoolError, "TypeError"),
        ("g = 3", WrongUsage, "latent_dim"),
        ("def g():\n    raise SystemExit(3)", DisentoolError, "SystemExit"),
        ("def g(z): return z\ng.latent_dim = 4", ForeignFile, "[1,C,H,W]"),
        ("def g(z): return [1]\ng.latent_dim = 4", ForeignFile, "list"),
        ("def g(z): return (z > 0)\ng.latent_dim = 4", ForeignFile, "torch.bool"),
        ("def g(z): return z\ng.latent_dim = 0", ForeignFile, "latent_dim"),
        ("def g(z): return z\ng.latent_dim, g.prior = 4, 'cauchy'", ForeignFile, "uniform"),
        ("def g(z): return z\ng.latent_dim, g.chunks = 4, (2, 3)", ForeignFile, "chunks"),
    ],
)
def test_what_is_no_generator(own, text, kind, words):
    (own / "mine.py").write_text(text)
    with pytest.raises(kind) as caught:
        trusted("mine:g")
    assert words in str(caught.value)


# ---- files that hold code


class Tiny(nn.Module):
    """5 numbers to 8x8 RGB in -1..1."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.line = nn.Linear(5, 192)

    def forward(self, z):
        return torch.tanh(self.line(z)).reshape(-1, 3, 8, 8)


SIDECAR = {"format": "disentool.generator", "version": 1, "latent_dim": 5, "image_range": [-1, 1]}


def write_torchscript(path: Path, network: nn.Module) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(network.eval()), str(path))
    path.with_suffix(".json").write_text(json.dumps(SIDECAR))


def write_exported(path: Path, network: nn.Module, dynamic: bool = True) -> None:
    shapes = {"z": {0: torch.export.Dim("batch", min=1)}} if dynamic else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(network.eval(), (torch.zeros(3, 5),), dynamic_shapes=shapes)
        torch.export.save(program, str(path))
    path.with_suffix(".json").write_text(json.dumps(SIDECAR))


@pytest.mark.parametrize(
    ("name", "write", "words"),
    [
        ("g.pt", write_torchscript, "TorchScript"),
        ("g.pt2", write_exported, "torch.export"),
    ],
)
def test_opaque_files(tmp_path, name, write, words):
    network, path = Tiny(), tmp_path / name
    write(path, network)
    with pytest.raises(UnsafeFile) as caught:
        open_generator(path, "cpu")
    assert words in str(caught.value)
    opened = trusted(path)
    assert opened.generator.facts == GeneratorFacts(5, 3, 8, 8)
    z = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(opened.generator(z), (network(z).detach() + 1) / 2, atol=1e-6)
    path.with_suffix(".json").write_text(json.dumps(SIDECAR | {"prior": "uniform"}))
    assert trusted(path).sha256 != opened.sha256
    probe_twice(opened.generator, "net")
    path.with_suffix(".json").write_text(json.dumps({"latent_dim": 5}))
    with pytest.raises(ForeignFile, match="image_range"):
        trusted(path)
    path.with_suffix(".json").write_text(json.dumps({"latent_dim": 5, "clip": True}))
    assert trusted(path).generator(z).min() == 0
    path.with_suffix(".json").unlink()
    with pytest.raises(MissingFile, match=r"g\.json"):
        trusted(path)


def test_an_exported_file_of_one_batch_size(tmp_path):
    write_exported(tmp_path / "g.pt2", Tiny(), dynamic=False)
    with pytest.raises(ForeignFile, match=r"g\.pt2"):
        trusted(tmp_path / "g.pt2")


@pytest.mark.parametrize("name", ["g.pt2", "g.pkl", "g.pt"])
def test_rubbish_is_refused_in_a_line(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04" + bytes(range(200)))
    (tmp_path / "g.json").write_text(json.dumps(SIDECAR))
    with pytest.raises(ForeignFile) as caught:
        trusted(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value) and "\n" not in str(caught.value)


def test_a_damaged_exported_file_is_refused_in_a_line(tmp_path):
    """Torch logs a traceback of its own."""
    write_exported(tmp_path / "g.pt2", Tiny())
    (tmp_path / "g.pt2").write_bytes((tmp_path / "g.pt2").read_bytes()[:-30])
    said, log = queue.Queue(), logging.getLogger("torch.export")
    log.addHandler(handler := logging.handlers.QueueHandler(said))
    try:
        with pytest.raises(ForeignFile, match=r"g\.pt2"):
            trusted(tmp_path / "g.pt2")
    finally:
        log.removeHandler(handler)
    assert said.empty()
    assert logging.root.manager.disable == logging.NOTSET


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[1]", "list"),
        ("{", "JSON"),
        ('{"latent_dim": 5, "image_rnge": [0, 1]}', "'image_rnge'"),
        ('{"latent_dim": true}', "'True'"),
        ('{"latent_dim": 1e9}', "latent_dim"),
        ('{"latent_dim": 5, "image_range": [1, 1]}', "'[1, 1]'"),
        ('{"latent_dim": 5, "image_range": [0, NaN]}', "image_range"),
        ('{"latent_dim": 5, "clip": 1}', "clip"),
        ('{"latent_dim": 5, "num_classes": 0}', "num_classes"),
        ('{"latent_dim": 5, "format": "other"}', "'other'"),
        ('{"latent_dim": 5, "version": 2}', "version"),
        ("{}", "'None'"),
    ],
)
def test_a_sidecar_is_checked_before_anything_is_opened(tmp_path, content, words):
    (tmp_path / "g.pt2").write_bytes(b"")
    (tmp_path / "g.json").write_text(content)
    with pytest.raises(ForeignFile) as caught:
        trusted(tmp_path / "g.pt2")
    assert words in str(caught.value) and str(tmp_path / "g.json") in str(caught.value)


STYLE = """
import torch
class Style(torch.nn.Module):
    z_dim, img_resolution, img_channels = 6, 16, 3
    def __init__(self, classes):
        super().__init__()
        self.c_dim = classes
        self.line = torch.nn.Linear(6 + classes, 3 * 256)
    def forward(self, z, c, truncation_psi=1, noise_mode="random", force_fp32=False):
        assert c.shape == (len(z), self.c_dim) and force_fp32
        images = 1.3 * self.line(torch.cat([z, c], 1)).tanh().reshape(-1, 3, 16, 16)
        return images if noise_mode == "const" else images + torch.randn_like(images)
"""


def test_the_text_of_a_contract_is_part_of_digests():
    expected = (
        "Contract(latent_dim=4, image_range=(-1.0, 1.0), clip=False, prior='normal', num_classes=None, chunks=(1, 3))"
    )
    assert (
        str(generator_description.check("x", {"latent_dim": 4, "image_range": [-1, 1], "chunks": [1, 3]})) == expected
    )


def test_info_says_what_a_sidecar_says(cli, folder):
    Path("g.json").write_text(json.dumps(SIDECAR | {"chunks": [2, 3]}))
    facts = json.loads(cli("info", "--json", "g.json").out)
    assert (facts["format"], facts["latent_dim"], facts["chunks"]) == ("disentool.generator", 5, [2, 3])
    Path("g.json").write_text(json.dumps(SIDECAR | {"chunks": [2, 2]}))
    cli("info", "g.json").failed(1, "[2, 2]")


def test_a_stylegan_pickle(own):
    (own / "mine_style.py").write_text(STYLE)
    sys.path.append(os.getcwd())
    import mine_style

    torch.manual_seed(0)
    for classes in (0, 4):
        with open("g.pkl", "wb") as file:
            pickle.dump({"G": None, "D": None, "G_ema": mine_style.Style(classes), "training_set_kwargs": {}}, file)
        with pytest.raises(UnsafeFile, match="--trust"):
            open_generator("g.pkl", "cpu")
        opened = trusted("g.pkl")
        assert opened.generator.facts == GeneratorFacts(6, 3, 16, 16, (), classes or None)
        labels = torch.tensor([1, 2]) if classes else None
        images = opened.generator(3 * torch.ones(2, 6), labels)
        assert images.min() >= 0 and images.max() <= 1  # what goes beyond -1..1 is cut off, as where such are shown
    Path("x.pkl").write_bytes(b"cnowhere_at_all\nThing\n.")
    with pytest.raises(ForeignFile, match="nowhere_at_all"):
        trusted("x.pkl")
    Path("z.pkl").write_bytes(b"cbuiltins\nbytearray\n(I4611686018427387904\ntR.")
    with pytest.raises(ForeignFile, match=r"z\.pkl: .*memory"):
        trusted("z.pkl")
    Path("y.pkl").write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(ForeignFile, match=r"y\.pkl"):
        trusted("y.pkl")
