"""Checkpoints: plain tensors and values come back; nothing in the file executes, and nothing it claims is believed."""

import collections
import io
import os
import pickle
import random
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SMALL_FACTOR
from same_files import assert_same_bytes

from disentool import config
from disentool.commands.info import info
from disentool.errors import DisentoolError, ForeignFile, MissingFile, OutputExists, UnsafeFile
from disentool.io import checkpoint
from disentool.methods.factorvae.config import FactorVAEConfig
from disentool.models.model import load_model


@pytest.fixture(scope="module")
def content(trained) -> dict:
    return torch.load(trained, weights_only=True)


def save(path: Path, content: dict, *places: str, value=None) -> Path:
    """The checkpoint with the entry at content[place][place]... replaced."""
    content = dict(content)
    inner = content
    for place in places[:-1]:
        inner[place] = dict(inner[place])
        inner = inner[place]
    if places:
        inner[places[-1]] = value
    torch.save(content, path)
    return path


# ---- round trips


def test_it_comes_back(tmp_path, content):
    own = {k: v for k, v in content.items() if k not in ("format", "version", "created_by", "command", "versions")}
    checkpoint.write(tmp_path / "a.pt", own, overwrite=False)
    back = checkpoint.read(tmp_path / "a.pt")
    assert back.keys() == content.keys()
    for name, state in content["networks"].items():
        for key, tensor in state.items():
            assert torch.equal(back["networks"][name][key], tensor)
    for key in ("config", "run", "data", "step", "history", "statistics", "window", "rng"):
        assert back[key] == content[key]
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_same_content_same_bytes(tmp_path, content):
    for name in "ab":
        checkpoint.write(tmp_path / f"{name}.pt", content, overwrite=False)
    assert_same_bytes(tmp_path / "a.pt", tmp_path / "b.pt")


def test_plain_torch_opens_it(trained):
    content = torch.load(trained, weights_only=True)
    assert content["format"] == "disentool.checkpoint"
    assert content["created_by"].startswith("disentool ")
    assert content["versions"]["torch"] == str(torch.__version__)


def test_a_model_comes_back_as_it_was(trained, content):
    loaded = load_model(trained, "cpu")
    assert loaded.facts.factor_names == ("size", "pos_x", "pos_y")
    for name, network in loaded.networks.items():
        assert not network.training
        assert not any(parameter.requires_grad for parameter in network.parameters())
        for key, tensor in network.state_dict().items():
            assert torch.equal(tensor, content["networks"][name][key])


def test_nothing_is_replaced_unasked(trained, content):
    before = trained.read_bytes()
    with pytest.raises(OutputExists):
        checkpoint.write(trained, content, overwrite=False)
    assert trained.read_bytes() == before


# ---- code


class Code:
    """What pickles as a call of os.system."""

    def __init__(self, command: str):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize("place", ["method", "samples", "history"])
def test_code_is_never_executed(tmp_path, content, place):
    value = Code(f"touch {tmp_path / 'executed'}")
    path = save(tmp_path / "a.pt", content, place, value=[value] if place == "history" else value)
    for read in (checkpoint.read, load_model, info):
        with pytest.raises(UnsafeFile, match=r"(posix|nt)\.system"):
            read(path)
    assert not (tmp_path / "executed").exists()


def test_bare_pickles_are_not_opened(tmp_path, content):
    path = tmp_path / "a.pt"
    path.write_bytes(pickle.dumps(Code(f"touch {tmp_path / 'executed'}")))
    with pytest.raises(ForeignFile, match="checkpoint"):
        checkpoint.read(path)
    torch.save(content, path, _use_new_zipfile_serialization=False)
    with pytest.raises(ForeignFile, match="checkpoint"):
        checkpoint.read(path)
    assert not (tmp_path / "executed").exists()


def test_a_whole_module_is_not_opened(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "a.pt")
    with pytest.raises(UnsafeFile, match=r"torch\.nn\.modules\.linear\.Linear"):
        checkpoint.read(tmp_path / "a.pt")


# ---- other files


def test_other_files(tmp_path, squares):
    with pytest.raises(MissingFile, match=r"a\.pt"):
        checkpoint.read(tmp_path / "a.pt")
    with pytest.raises(MissingFile, match="folder"):
        checkpoint.read(tmp_path)
    for name, data in {"empty.pt": b"", "text.pt": b"hello", "h5.pt": squares.read_bytes()}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ForeignFile, match=name):
            checkpoint.read(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a.txt", "hello")
    with pytest.raises(ForeignFile, match=r"other\.zip"):
        checkpoint.read(tmp_path / "other.zip")
    np.savez(tmp_path / "arrays.npz", a=np.zeros(3))
    with pytest.raises(ForeignFile, match=r"arrays\.npz"):
        checkpoint.read(tmp_path / "arrays.npz")
    for thing in ({"state_dict": {}}, [1, 2], torch.zeros(3), {"format": torch.zeros(3)}):
        torch.save(thing, tmp_path / "other.pt")
        with pytest.raises(ForeignFile, match=r"other\.pt"):
            checkpoint.read(tmp_path / "other.pt")


def test_versions(tmp_path, content):
    with pytest.raises(ForeignFile, match="version 2"):
        checkpoint.read(save(tmp_path / "a.pt", content, "version", value=2))
    for value in (0, -1, "1", 1.0, None, True, [1], torch.ones(1)):
        with pytest.raises(ForeignFile, match="version"):
            checkpoint.read(save(tmp_path / "a.pt", content, "version", value=value))


# Every entry that a reader relies on.
ENTRIES = (
    "method",
    "config",
    "run",
    "data",
    "networks",
    "optimizers",
    "step",
    "rng",
    "history",
    "window",
    "statistics",
)


@pytest.mark.parametrize("name", [*ENTRIES, "samples"])
def test_missing_entries_and_wrong_types(tmp_path, content, name):
    torch.save({k: v for k, v in content.items() if k != name}, tmp_path / "a.pt")
    with pytest.raises(ForeignFile, match=f"'{name}'"):
        checkpoint.read(tmp_path / "a.pt")
    for value in (None, 1.5, torch.zeros(3), ("x",)):
        with pytest.raises(ForeignFile, match=f"'{name}'"):
            checkpoint.read(save(tmp_path / "a.pt", content, name, value=value))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("step",), -1),
        (("step",), 10**30),
        (("history",), [1, 2]),
        (("networks", "encoder"), 5),
        (("networks", "encoder"), {"0.weight": 5}),
        (("networks",), {}),
        (("networks", "extra"), {}),
        (("method",), "unheard"),
        (("method",), "../vae"),
        (("config", "gama"), 1.0),
        (("config", "gamma"), "much"),
        (("config", "gamma"), float("nan")),
        (("config", "gamma"), [1.0, 2.0]),
        (("config", "likelihood"), "poisson"),
        (("config", "latent_dim"), 4096),
        (("config", "hidden_units"), 10**12),
        (("data",), {}),
        (("data", "shape"), [192, 32, 32]),
        (("data", "shape"), [192, 32, 32, 4]),
        (("data", "shape"), [192, 0, 32, 1]),
        (("data", "shape"), [192, 64, 64, 1]),
        (("data", "shape"), [192, float("nan"), 32, 1]),
        (("data", "shape"), "abcd"),
        (("data", "factor_names"), 5),
        (("data", "shape"), [192, 7, 32, 1]),
        (("data", "shape"), [192, float("inf"), 32, 1]),
        (("seconds",), torch.zeros(())),
        (("reconstruction_loss",), torch.zeros(2)),
        (("config", "gamma"), torch.tensor(1.0)),
        (("data", "name"), torch.zeros(2)),
        (("history",), [{"step": 1, "time": 1.0, "kl": torch.zeros(())}]),
        (("rng", "seed"), torch.tensor(0)),
        (("run", "data"), torch.zeros(1)),
        (("data", "spec"), ["d.h5"]),
        (("data", "content_sha256"), None),
    ],
    ids=str,
)
def test_contents_that_make_no_model(tmp_path, content, place, value):
    path = save(tmp_path / "a.pt", content, *place, value=value)
    with pytest.raises(ForeignFile, match=r"a\.pt: "):
        load_model(path, "cpu")


@pytest.mark.parametrize("name", ["discriminator_layers", "discriminator_units", "hidden_units", "latent_dim"])
def test_huge_numbers_take_no_time_and_no_memory(tmp_path, content, name):
    """Sizes have bounds, and are compared with the weights before networks are made of them."""
    high = config.options(FactorVAEConfig)[name].high
    for value in (int(high), 10**6, 10**12, 10**30):
        start = time.monotonic()
        with pytest.raises(ForeignFile, match=r"a\.pt: "):
            load_model(save(tmp_path / "a.pt", content, "config", name, value=value), "cpu")
        assert time.monotonic() - start < 5


# ---- weights


def weights(content: dict) -> torch.Tensor:
    return content["networks"]["encoder"]["0.weight"]


def test_weights_of_other_shapes(tmp_path, content):
    place = ("networks", "encoder", "0.weight")
    for value in (weights(content)[:5], weights(content).flatten(), weights(content).double()):
        path = save(tmp_path / "a.pt", content, *place, value=value.clone())
        with pytest.raises(ForeignFile, match=r"encoder\.0\.weight"):
            load_model(path, "cpu")
    state = {f"x.{key}": value for key, value in content["networks"]["encoder"].items()}
    with pytest.raises(ForeignFile, match="names"):
        load_model(save(tmp_path / "a.pt", content, "networks", "encoder", value=state), "cpu")


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(1).expand(10**6, 10**5),
        torch.zeros(4).as_strided((10**9,), (0,)),
        torch.zeros(3, 3).to_sparse(),
        torch.zeros(3, device="meta"),
    ],
    ids=["expanded", "strided", "sparse", "meta"],
)
def test_tensors_that_are_not_stored_in_full(tmp_path, content, tensor):
    for place in (("networks", "encoder", "0.weight"), ("samples", "images"), ("optimizers", "vae")):
        path = save(tmp_path / "a.pt", content, *place, value=tensor)
        with pytest.raises((UnsafeFile, ForeignFile), match=r"a\.pt: "):
            checkpoint.read(path)


@pytest.mark.parametrize("value", [torch.float32, 1j, {1}, b"bytes", {(1, 2): 3}, {None: 1}, 10**400])
def test_leaves_that_are_not_plain(tmp_path, content, value):
    with pytest.raises((UnsafeFile, ForeignFile), match=r"a\.pt: "):
        checkpoint.read(save(tmp_path / "a.pt", content, "history", value=[{"x": value}]))


def test_lists_within_themselves(tmp_path, content):
    nested: list = [1]
    for _ in range(15):  # 10**15 values in a few bytes
        nested = [nested] * 10
    endless: list = []
    endless.append(endless)
    for value in (nested, endless):
        start = time.monotonic()
        with pytest.raises(UnsafeFile, match="nested"):
            checkpoint.read(save(tmp_path / "a.pt", content, "statistics", "kl", value=value))
        assert time.monotonic() - start < 20


# ---- archives


def rewritten(source: Path, target: Path, edit=None, **options) -> Path:
    """The archive's members written anew, each as ``edit(name, bytes)`` says."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", **options) as new:
        for member in old.infolist():
            data = old.read(member)
            new.writestr(member.filename, edit(member.filename, data) if edit else data)
    return target


def test_compressed_members_are_not_unpacked(tmp_path, trained):
    assert checkpoint.read(rewritten(trained, tmp_path / "stored.pt"))
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        path = rewritten(trained, tmp_path / "a.pt", compression=method)
        with pytest.raises(UnsafeFile, match="members"):
            checkpoint.read(path)


def test_a_bomb_is_not_unpacked(tmp_path, trained):
    def blown_up(name, data):
        return bytes(200_000_000) if name.endswith("/data/0") else data

    path = rewritten(trained, tmp_path / "a.pt", blown_up, compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10_000_000
    start = time.monotonic()
    with pytest.raises(UnsafeFile):
        checkpoint.read(path)
    assert time.monotonic() - start < 1


def test_members_that_share_their_bytes(tmp_path, trained):
    """Many entries of a zip's directory may point to the same bytes: together they claim more than there is."""
    data = bytearray(trained.read_bytes())
    end = data.rfind(b"PK\x05\x06")
    start, size = (
        int.from_bytes(data[end + 16 : end + 20], "little"),
        int.from_bytes(data[end + 12 : end + 16], "little"),
    )
    directory = bytes(data[start : start + size]) * 50
    count = int.from_bytes(data[end + 8 : end + 10], "little") * 50
    tail = bytearray(data[end:])
    tail[8:12] = (count.to_bytes(2, "little")) * 2
    tail[12:16] = len(directory).to_bytes(4, "little")
    (tmp_path / "a.pt").write_bytes(bytes(data[:start]) + directory + bytes(tail))
    with pytest.raises((UnsafeFile, ForeignFile), match=r"a\.pt: "):
        checkpoint.read(tmp_path / "a.pt")


@pytest.mark.parametrize("size", [0, 5, 10**6])
def test_members_of_other_sizes(tmp_path, trained, size):
    def resized(name, data):
        return bytes(size) if name.endswith("/data/0") else data

    with pytest.raises(ForeignFile, match="damaged"):
        checkpoint.read(rewritten(trained, tmp_path / "a.pt", resized))


@pytest.mark.parametrize("numel", [-1, 0, 10**6, 10**12, 2**62])
def test_storages_that_claim_more_than_their_member(tmp_path, numel):
    storage = torch.UntypedStorage(4)

    class Pickler(pickle._Pickler):
        def persistent_id(self, thing):
            return ("storage", torch.FloatStorage, "0", "cpu", numel) if thing is storage else None

    class Tensor:
        def __reduce__(self):
            tensor = (storage, 0, (max(numel, 1),), (1,), False, collections.OrderedDict())
            return torch._utils._rebuild_tensor_v2, tensor

    buffer = io.BytesIO()
    Pickler(buffer, protocol=2).dump({"format": "disentool.checkpoint", "version": 1, "networks": Tensor()})
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        members = {"data.pkl": buffer.getvalue(), "byteorder": "little", "data/0": bytes(16), "version": "3\n"}
        for name, data in members.items():
            archive.writestr(f"x/{name}", data)
    with pytest.raises(ForeignFile, match=r"a\.pt: "):
        checkpoint.read(tmp_path / "a.pt")


# ---- damage


def test_cut_short_anywhere(tmp_path, trained):
    whole, path = trained.read_bytes(), tmp_path / "a.pt"
    for length in {0, 1, 4, 100, *range(0, len(whole), len(whole) // 40), len(whole) - 100, len(whole) - 1}:
        path.write_bytes(whole[:length])
        with pytest.raises(ForeignFile, match="checkpoint"):
            checkpoint.read(path)


def test_damaged_bytes_are_read_or_refused_by_name(tmp_path, trained):
    whole, path, rng = trained.read_bytes(), tmp_path / "a.pt", random.Random(0)
    pickled = whole.find(b"PK\x03\x04", 100)
    outcomes = collections.Counter()
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(rng.choice([1, 1, 3, 10])):
            near = rng.choice([range(pickled), range(12_000), range(len(data) - 12_000, len(data)), range(len(data))])
            data[rng.choice(near)] = rng.choice([0, 255, rng.randrange(256)])
        path.write_bytes(data)
        for read in (lambda p: load_model(p, "cpu"), info):
            try:
                read(path)
                outcomes["read"] += 1
            except DisentoolError as error:
                outcomes[type(error).__name__ if "a.pt" in str(error) else str(error)] += 1
    assert set(outcomes) <= {"read", "ForeignFile", "UnsafeFile"}
    assert outcomes["ForeignFile"] > 50


def test_info_of_odd_contents(tmp_path, content):
    for place, value in {
        ("samples", "rows"): torch.zeros(16),
        ("history",): [],
        ("statistics",): {},
    }.items():
        facts = info(save(tmp_path / "a.pt", content, *place, value=value))
        assert config.write_yaml(facts)


# ---- a full disk

FULL = """
import resource, sys
from pathlib import Path
import torch
from disentool.errors import NotWritable
from disentool.io import checkpoint

path = Path(sys.argv[1])
size = path.stat().st_size
for limit in (0, 10, 1000, 5000, 100_000, size // 2, size - 70_000, size - 3000, size - 100, size - 1):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        checkpoint.write(path, checkpoint.read(path), overwrite=True)
        print(limit, "written")
    except NotWritable as error:
        assert str(path) in str(error), error
print("end")
"""


def test_a_disk_that_fills_up_keeps_the_last_good_checkpoint(tmp_path, trained):
    path = tmp_path / "a.pt"
    checkpoint.write(path, checkpoint.read(trained), overwrite=False)  # as long as the one that is to be written
    good = path.read_bytes()
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")
    assert path.read_bytes() == good
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


def test_the_size_that_is_asked_of_the_disk(trained, content):
    networks = load_model(trained, "cpu").networks
    assert content["config"].items() >= SMALL_FACTOR.items()
    asked, taken = checkpoint.parameter_bytes(networks), trained.stat().st_size
    assert 0.95 * taken < asked < 1.05 * taken
