"""LPIPS against a plain statement of it; the files that its weights come in, and files that they do not come in."""

import math
import struct
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from lpips_files import as_published, random_weights

from disentool.errors import DataMismatch, DisentoolError, ForeignFile, MissingFile, UnsafeFile, WrongUsage
from disentool.io import lpips as weights
from disentool.io import vgg
from disentool.nn.lpips import LAYERS, LPIPS, shapes
from disentool.scoring import model_functions

SHAPES = {kind: shapes(kind) for kind in LAYERS}


@pytest.fixture(scope="module")
def alex():
    return random_weights("alex")


def plain(w, first, second):
    """Eq. 1 of Zhang et al. (2018) in float64 with AlexNet written out; images [B,1|3,H,W] in 0..1."""
    w = {name: value.double() for name, value in w.items()}
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])

    def features(images):
        x = (images.double().expand(-1, 3, -1, -1) * 2 - 1 - shift.double().view(3, 1, 1)) / scale.double().view(
            3, 1, 1
        )
        a = F.relu(F.conv2d(x, w["features.0.weight"], w["features.0.bias"], stride=4, padding=2))
        b = F.relu(F.conv2d(F.max_pool2d(a, 3, 2), w["features.3.weight"], w["features.3.bias"], padding=2))
        c = F.relu(F.conv2d(F.max_pool2d(b, 3, 2), w["features.6.weight"], w["features.6.bias"], padding=1))
        d = F.relu(F.conv2d(c, w["features.8.weight"], w["features.8.bias"], padding=1))
        e = F.relu(F.conv2d(d, w["features.10.weight"], w["features.10.bias"], padding=1))
        return [f / (f.pow(2).sum(1, keepdim=True).sqrt() + 1e-10) for f in (a, b, c, d, e)]

    total = 0
    for number, (p, q) in enumerate(zip(features(first), features(second), strict=True)):
        total = total + ((p - q) ** 2 * w[f"lin{number}"].view(1, -1, 1, 1)).sum(1).mean((1, 2))
    return total


@pytest.mark.parametrize("channels", [1, 3])
def test_as_stated(alex, channels):
    first, second = torch.rand(2, 3, channels, 64, 48)
    found = LPIPS("alex", alex)(first, second)
    torch.testing.assert_close(found.double(), plain(alex, first, second), rtol=1e-4, atol=1e-6)
    assert (found > 0).all()
    assert LPIPS("alex", alex)(first, first).tolist() == [0, 0, 0]


def test_vgg_has_torchvisions_layout():
    """13 convolutions, and features after the ReLU of conv1_2, 2_2, 3_3, 4_3 and 5_3."""
    named = shapes("vgg")
    numbers = [int(name.split(".")[1]) for name in named if name.endswith("weight") and name.startswith("features")]
    assert numbers == [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    assert LAYERS["vgg"][1] == (3, 8, 15, 22, 29)
    assert [named[f"lin{n}"][1] for n in range(5)] == [64, 128, 256, 512, 512]
    assert [shapes("alex")[f"lin{n}"][1] for n in range(5)] == [64, 192, 384, 256, 256]
    assert (
        sum(math.prod(s) for n, s in named.items() if n.startswith("features")) == 14_714_688
    )  # VGG16 without its head


def test_the_published_files_in_any_order(alex, tmp_path):
    trunk, linear = as_published(alex, tmp_path)
    for order in ((trunk, linear), (linear, trunk)):
        kind, found = weights.read(order, SHAPES)
        assert kind == "alex"
        assert found.keys() == alex.keys()
        assert all(torch.equal(found[name], alex[name]) for name in alex)
    measure = model_functions.lpips([trunk, linear], "cpu")
    images = torch.rand(2, 5, 32, 32, 1).numpy()
    expected = plain(alex, *(torch.from_numpy(a).permute(0, 3, 1, 2) for a in images))
    assert measure(*images) == pytest.approx(expected.numpy(), rel=1e-4)
    with pytest.raises(DataMismatch, match="28x28"):
        measure(*images[:, :, :28, :28])


def test_files_that_are_not_it(alex, tmp_path):
    trunk, linear = as_published(alex, tmp_path)
    with pytest.raises(WrongUsage, match=r"trunk\.pth"):
        weights.read([trunk], SHAPES)
    with pytest.raises(WrongUsage, match=r"lin\.pth"):
        weights.read([linear], SHAPES)
    with pytest.raises(MissingFile, match=r"none\.pth"):
        weights.read([tmp_path / "none.pth"], SHAPES)

    def refused(change, words, error: type[DisentoolError] = ForeignFile):
        content = dict(torch.load(trunk, weights_only=True))
        change(content)
        torch.save(content, tmp_path / "bad.pth")
        with pytest.raises(error, match=words):
            weights.read([tmp_path / "bad.pth", linear], SHAPES)

    refused(lambda c: c.pop("features.8.bias"), r"lin\.pth")
    refused(lambda c: c.update({"features.8.bias": torch.zeros(3)}), r"\[256\]")
    refused(lambda c: c.update({"features.8.bias": torch.full((256,), math.nan)}), "finite")
    refused(lambda c: c.update({"features.8.bias": 3}), "is int,")
    refused(lambda c: c.update({"features.8.bias": torch.zeros(1).expand(256)}), "in full", UnsafeFile)
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(ForeignFile, match=r"text.pth"):
        weights.read([tmp_path / "text.pth", linear], SHAPES)
    torch.save(torch.zeros(3), tmp_path / "tensor.pth")
    with pytest.raises(ForeignFile, match="Tensor"):
        weights.read([tmp_path / "tensor.pth", linear], SHAPES)


def test_nothing_in_them_executes(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "exploded",))

    torch.save({"features.0.weight": Bomb()}, tmp_path / "bomb.pth")
    with pytest.raises(UnsafeFile):
        weights.read([tmp_path / "bomb.pth"], SHAPES)
    assert not (tmp_path / "exploded").exists()


def test_memory_that_an_old_file_does_not_fill_is_not_taken(alex, tmp_path):
    """The published VGG16 is a file of torch < 1.6, whose storages claim their sizes."""
    path = tmp_path / "old.pth"
    torch.save({"features.0.weight": torch.zeros(2)}, path, _use_new_zipfile_serialization=False)
    data, written = path.read_bytes(), b"K\x02Nt"  # BININT1 2, NONE, TUPLE
    assert data.count(written) == 1
    path.write_bytes(data.replace(written, b"\x8a\x08" + struct.pack("<q", 2**34) + b"Nt"))
    for read in (vgg.read, lambda path: weights.read([path], SHAPES)):
        with pytest.raises(UnsafeFile, match=r"old\.pth"):
            read(path)
    trunk, linear = as_published(alex, tmp_path)
    torch.save(torch.load(trunk, weights_only=True), path, _use_new_zipfile_serialization=False)
    found = weights.read([path, linear], SHAPES)[1]
    assert all(found[name].equal(tensor) for name, tensor in alex.items())
