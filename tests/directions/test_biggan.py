"""BigGAN through the package that stores it, from a folder: a tiny one with random weights, written by the test."""

import json
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from disentool.directions.generator import GeneratorFacts
from disentool.errors import DisentoolError, ForeignFile, MissingFile, UnsafeFile, WrongUsage
from disentool.io import torch_file
from disentool.models.generator import open_generator

CLASSES, Z = 5, 12
LAYERS = [[False, 16, 16], [True, 16, 8], [True, 8, 4], [False, 4, 4], [True, 4, 2], [False, 2, 1]]


def the_package():
    return pytest.importorskip("pytorch_pretrained_biggan", reason="disentool[biggan] is not installed")


def tiny_biggan(seed: int = 0) -> nn.Module:
    """32x32, 5 classes, 12 numbers of z. Some calls in training mode bring the spectral norms to what they are."""
    package = the_package()
    config = package.BigGANConfig(
        output_dim=32,
        z_dim=Z,
        class_embed_dim=Z,
        channel_width=8,
        num_classes=CLASSES,
        layers=LAYERS,
        attention_layer_position=2,
    )
    torch.manual_seed(seed)
    network = package.BigGAN(config)
    torch.nn.init.ones_(network.generator.bn.weight)
    torch.nn.init.zeros_(network.generator.bn.bias)
    with torch.no_grad():
        for name, means in network.named_buffers():
            if name.endswith("running_means"):  # each truncation has its own
                means += 0.05 * torch.randn_like(means)
        for _ in range(20):
            network(torch.randn(8, Z), torch.eye(CLASSES)[torch.arange(8) % CLASSES], 1.0)
    return network.eval()


def write_folder(folder: Path, network: nn.Module, *, legacy: bool = False, **changes) -> Path:
    folder.mkdir(exist_ok=True)
    values = network.config.to_dict() | changes
    (folder / "config.json").write_text(json.dumps(values))
    torch.save(network.state_dict(), folder / "pytorch_model.bin", _use_new_zipfile_serialization=not legacy)
    return folder


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return tiny_biggan()


@pytest.fixture
def biggan(network, tmp_path) -> Path:
    return write_folder(tmp_path / "biggan", network)


@pytest.mark.parametrize("truncation", [None, 1.0, 0.4])
def test_its_images_are_the_networks(network, biggan, truncation):
    opened = open_generator(biggan, "cpu", truncation=truncation, classes=(1, 4))
    assert opened.name == "BigGAN" and opened.model is None
    assert opened.generator.facts == GeneratorFacts(Z, 3, 32, 32, (), CLASSES)
    z, classes = torch.randn(3, Z, generator=torch.Generator().manual_seed(0)), torch.tensor([1, 4, 0])
    with torch.no_grad():
        t = truncation or 1.0
        expected = (network(t * z, torch.eye(CLASSES)[classes], t) + 1) / 2
    np.testing.assert_allclose(opened.generator(z, classes), expected, atol=1e-5)
    assert expected.std() > 0.05


def test_the_digest_is_of_weights_configuration_and_truncation(network, biggan, tmp_path):
    digests = [open_generator(biggan, "cpu", truncation=t).sha256 for t in (1.0, 0.4)]
    digests.append(open_generator(write_folder(tmp_path / "b", network, chunks=[6, 6]), "cpu").sha256)
    digests.append(open_generator(write_folder(tmp_path / "c", tiny_biggan(1)), "cpu").sha256)
    assert len(set(digests)) == 4
    assert open_generator(biggan, "cpu").sha256 == digests[0]


def test_the_published_files_are_of_the_old_format(network, biggan, tmp_path):
    old = open_generator(write_folder(tmp_path / "old", network, legacy=True), "cpu")
    z, classes = torch.randn(2, Z), torch.tensor([0, 3])
    assert old.generator(z, classes).equal(open_generator(biggan, "cpu").generator(z, classes))


def test_parts_of_z(network, tmp_path):
    folder = write_folder(tmp_path / "b", network, chunks=[4, 4, 4])
    assert open_generator(folder, "cpu").generator.facts.chunks == (4, 4, 4)
    write_folder(folder, network, chunks=[4, 4])
    with pytest.raises(ForeignFile, match="chunks"):
        open_generator(folder, "cpu")


def test_nothing_is_downloaded(monkeypatch, folder):
    """A published model's name is a name of a file like any other."""
    with pytest.raises(MissingFile, match="biggan-deep-128"):
        open_generator("biggan-deep-128", "cpu")
    Path("biggan-deep-128").mkdir()
    with pytest.raises(MissingFile, match=r"biggan-deep-128/config\.json"):
        open_generator("biggan-deep-128", "cpu")
    write_folder(Path("biggan-deep-128"), tiny_biggan())

    def refuse(*arguments, **options):
        raise AssertionError("went to the network")

    monkeypatch.setattr("pytorch_pretrained_biggan.file_utils.get_from_cache", refuse)
    assert open_generator("biggan-deep-128", "cpu").name == "BigGAN"


@pytest.mark.parametrize("truncation", [0.5, 0.0, 2.0])
def test_other_truncations_are_refused(biggan, truncation):
    with pytest.raises(WrongUsage, match=rf"--truncation {truncation:g}"):
        open_generator(biggan, "cpu", truncation=truncation)


def test_classes_are_checked(biggan):
    with pytest.raises(WrongUsage, match="--class 5"):
        open_generator(biggan, "cpu", classes=(1, 5))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"z_dim": 13}, "embeddings.weight"),
        ({"channel_width": 1 << 40}, "channel_width"),
        ({"num_classes": "many"}, "num_classes"),
        ({"layers": [[True, 16, 1000000]]}, "layers"),
        ({"eps": 0}, "eps"),
        ({"n_stats": 12}, "--truncation 0.4"),
        ({"attention_layer_position": 99}, "attention_layer_position"),
        ({"layers": [*LAYERS, [True, 1, 1]]}, "generator.layers.7."),
    ],
)
def test_a_wrong_configuration(network, tmp_path, changes, words):
    folder = write_folder(tmp_path / "b", network, **changes)
    with pytest.raises(ForeignFile) as caught:
        open_generator(folder, "cpu", truncation=0.4)
    assert words in str(caught.value) and str(folder) in str(caught.value)


def test_a_network_that_cannot_run(network, tmp_path):
    layers = [*LAYERS[:-1], [False, 2, 2]]
    package = the_package()
    config = package.BigGANConfig.from_dict(network.config.to_dict() | {"layers": layers})
    folder = write_folder(tmp_path / "b", package.BigGAN(config))
    with pytest.raises(ForeignFile, match=r"\[1, 12\]"):
        open_generator(folder, "cpu")


def test_weights_that_are_missing_are_not_left_to_chance(network, biggan):
    state = network.state_dict()
    del state["generator.bn.weight"]
    torch.save(state, biggan / "pytorch_model.bin")
    with pytest.raises(ForeignFile, match=r"generator\.bn\.weight"):
        open_generator(biggan, "cpu")


def test_untrained_weights_fail_the_trial(network, biggan):
    state = network.state_dict()
    state["generator.gen_z.bias"] = torch.full_like(state["generator.gen_z.bias"], float("nan"))
    torch.save(state, biggan / "pytorch_model.bin")
    with pytest.raises(ForeignFile, match="NaN"):
        open_generator(biggan, "cpu")


# ---- files of weights that mean harm


class Harm:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("legacy", [False, True])
def test_code_in_the_weights_does_not_run(network, biggan, tmp_path, legacy):
    state = dict(network.state_dict()) | {"x": Harm(tmp_path / "harm")}
    torch.save(state, biggan / "pytorch_model.bin", _use_new_zipfile_serialization=not legacy)
    with pytest.raises(UnsafeFile, match=r"pytorch_model\.bin"):
        open_generator(biggan, "cpu")
    assert not (tmp_path / "harm").exists()


def legacy_file(path: Path, numel: int) -> Path:
    """A file of torch < 1.6 with one tensor of 2 numbers, whose storage claims ``numel``."""
    torch.save({"a": torch.zeros(2)}, path, _use_new_zipfile_serialization=False)
    data = path.read_bytes()
    written = b"K\x02N" + b"t"  # BININT1 2, NONE, TUPLE
    assert data.count(written) == 1
    path.write_bytes(data.replace(written, b"\x8a\x08" + struct.pack("<q", numel) + b"Nt"))
    return path


@pytest.mark.parametrize("numel", [10**9, 2**50, -1])
def test_memory_that_the_weights_do_not_fill_is_not_taken(tmp_path, numel):
    with pytest.raises(UnsafeFile, match=r"numbers|storages"):
        torch_file.load(legacy_file(tmp_path / "w.bin", numel), "file", "hint", legacy=True)


def test_a_storages_size_cannot_be_hidden(tmp_path):
    path = tmp_path / "w.bin"
    torch.save({"a": torch.zeros(2)}, path, _use_new_zipfile_serialization=False)
    data = path.read_bytes()
    hidden = b"\x8a\x05" + struct.pack("<q", 10**11)[:5] + b"q\x63" + b"0" + b"h\x63" + b"Nt"  # put, pop, get
    path.write_bytes(data.replace(b"K\x02Nt", hidden))
    with pytest.raises(UnsafeFile, match="storages"):
        torch_file.load(path, "file", "hint", legacy=True)


@pytest.mark.parametrize("data", [b"", b"rubbish", pickle.dumps(3), pickle.dumps(3)[:-1], bytes(100)])
def test_rubbish(tmp_path, data):
    (tmp_path / "w.bin").write_bytes(data)
    with pytest.raises(ForeignFile, match="hint"):
        torch_file.load(tmp_path / "w.bin", "file", "hint", legacy=True)


def test_a_legacy_file_reads_as_it_was_written(tmp_path):
    kept = {"a": torch.arange(6).reshape(2, 3).float(), "b": torch.tensor([1, 2]), "c": torch.ones(2).half()}
    torch.save(kept, tmp_path / "w.bin", _use_new_zipfile_serialization=False)
    found = torch_file.load(tmp_path / "w.bin", "file", "hint", legacy=True)
    assert all(found[name].equal(tensor) for name, tensor in kept.items())
    with pytest.raises(DisentoolError, match="checkpoint"):
        torch_file.load(tmp_path / "w.bin", "checkpoint", "hint")
