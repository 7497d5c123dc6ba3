"""``decode``, ``sample`` and ``export``: from codes and priors to images, and weights out and back."""

import json
import os
import shutil
import signal

import h5py
import numpy as np
import pytest
import safetensors.torch
import torch
from conftest import square_grid, write_dataset
from PIL import Image

from disentool.io import checkpoint, dataset, latents
from disentool.models.model import load_model


@pytest.fixture
def ckpt(folder, trained):
    shutil.copy(trained, folder / "ckpt.pt")
    return folder


@pytest.fixture
def codes(ckpt, cli):
    cli("encode", "ckpt.pt", "-o", "z.h5").printed("z.h5")
    return ckpt


def decoded(folder, mean):
    """What the checkpoint makes of codes, stated plainly."""
    model = load_model(folder / "ckpt.pt", "cpu")
    with torch.no_grad():
        images = torch.sigmoid(model.networks["decoder"](torch.from_numpy(mean)))
    return np.round(images.numpy().transpose(0, 2, 3, 1) * 255).astype(np.uint8)


def test_decode_to_a_data_set(cli, codes):
    cli("decode", "ckpt.pt", "z.h5", "-o", "new/images.h5").printed("new/images.h5")
    data, z = dataset.read(codes / "new/images.h5"), latents.read(codes / "z.h5")
    expected = decoded(codes, z.mean)
    assert np.abs(data.images.astype(int) - expected).max() <= 1
    assert np.array_equal(data.factors, z.factors) and data.factor_names == z.factor_names
    assert data.grid and data.likelihood == "bernoulli" and "decoded" in data.name
    with h5py.File(codes / "new/images.h5") as file:
        assert np.array_equal(file["codes"][()], z.mean)
    cli("info", "--verify", "new/images.h5")
    cli("train", "vae", "--data", "new/images.h5", "--steps", 1, "--batch-size", 8, "-o", "b.pt").printed("b.pt")
    cli("decode", "ckpt.pt", "z.h5", "-o", "new/images.h5").failed(1, "new/images.h5")
    cli("decode", "ckpt.pt", "z.h5", "-o", "new/images.h5", "--overwrite").printed("new/images.h5")


def test_decode_to_pictures(cli, codes):
    cli("decode", "ckpt.pt", "z.h5", "--rows", "3,10-12", "-o", "out").printed("out")
    assert sorted(p.name for p in (codes / "out").iterdir()) == [f"{n:06}.png" for n in (3, 10, 11, 12)]
    z = latents.read(codes / "z.h5")
    with Image.open(codes / "out" / "000011.png") as image:
        assert np.abs(np.asarray(image).astype(int) - decoded(codes, z.mean[11:12])[0, :, :, 0]).max() <= 1
    cli("decode", "ckpt.pt", "z.h5", "-o", "out", "--overwrite").failed(1, "folder")


def test_decode_anyones_codes(cli, codes):
    mean = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    np.savez("a.npz", points=mean)
    cli("decode", "ckpt.pt", "a.npz", "--codes", "points", "-o", "d.h5").printed("d.h5")
    data = dataset.read(codes / "d.h5")
    assert np.abs(data.images.astype(int) - decoded(codes, mean)).max() <= 1 and data.factors is None
    np.savez("usual.npz", codes=mean)
    cli("decode", "ckpt.pt", "usual.npz", "-o", "e.h5").printed("e.h5")
    assert np.array_equal(dataset.read(codes / "e.h5").images, data.images)
    cli("decode", "ckpt.pt", "e.h5", "-o", "f.h5").printed("f.h5")  # the codes beside decoded images
    cli("traverse", "--codes", "usual.npz", "--rows", 1, "-o", "t.png").printed("t.png")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["none.pt", "z.h5", "-o", "x.h5"], 1, "none.pt"),
        (["ckpt.pt", "none.h5", "-o", "x.h5"], 1, "none.h5"),
        (["ckpt.pt", "ckpt.pt", "-o", "x.h5"], 1, "codes"),
        (["ckpt.pt", "z.h5", "-o", "x.jpg"], 2, "x.jpg"),
        (["ckpt.pt", "z.h5", "-o", "x.h5", "--rows", "0,192"], 2, "--rows 192"),
        (["ckpt.pt", "z.h5", "-o", "x.h5", "--rows", "0,0"], 2, "--rows 0"),
        (["ckpt.pt", "z.h5", "-o", "x.h5", "--rows", "a"], 2, "--rows a"),
        (["ckpt.pt", "z.h5", "-o", "x.h5", "--codes", "nope"], 1, "'nope'"),
        (["ckpt.pt", "z.h5", "-o", "x.h5", "--codes", "factors"], 1, "3 dimensions"),
        (["ckpt.pt", "z.h5", "-o", "z.h5", "--overwrite"], 2, "z.h5"),
        (["ckpt.pt", "z.h5"], 2, "'-o'"),
    ],
)
def test_decode_refuses(cli, codes, arguments, code, words):
    before = sorted(p.name for p in codes.iterdir())
    outcome = cli("decode", *arguments)
    assert outcome.code == code and words in outcome.err
    assert sorted(p.name for p in codes.iterdir()) == before


def test_codes_that_are_not_finite(cli, codes):
    np.savez("a.npz", z=np.full((2, 4), np.nan))
    cli("decode", "ckpt.pt", "a.npz", "--codes", "z", "-o", "x").failed(1, "finite")
    assert not (codes / "x").exists()


def test_sample_a_grid(cli, ckpt):
    cli("sample", "-n", 10, "-o", "a.png", "--size", 32).printed("a.png")
    cli("sample", "-n", 10, "-o", "b.png", "--size", 32).printed("b.png")
    cli("sample", "-n", 10, "-o", "c.png", "--size", 32, "--seed", 1).printed("c.png")
    one, same, other = ((ckpt / name).read_bytes() for name in ("a.png", "b.png", "c.png"))
    assert one == same != other
    with Image.open(ckpt / "a.png") as image:
        assert image.width > 4 * 32 and image.height > 3 * 32  # 4 columns, 3 rows
    cli("sample", "-n", 100_000, "-o", "d.png", "--size", 64).failed(2, "100,000")


def test_samples_are_keyed_by_seed_and_number(cli, ckpt):
    cli("sample", "-n", 300, "-o", "many.h5").printed("many.h5")
    cli("sample", "-n", 7, "-o", "few.h5").printed("few.h5")
    cli("sample", "-n", 2, "-o", "pictures").printed("pictures")
    with h5py.File(ckpt / "many.h5") as many, h5py.File(ckpt / "few.h5") as few:
        z = many["codes"][()]
        assert np.array_equal(few["codes"][()], z[:7])
        assert abs(z.mean()) < 0.1 and abs(z.std() - 1) < 0.1
        assert np.abs(few["images"][()].astype(int) - decoded(ckpt, z[:7])).max() <= 1
    assert len(list((ckpt / "pictures").iterdir())) == 2
    assert len(dataset.read(ckpt / "many.h5")) == 300
    cli("sample", "-o", "x.gif").failed(2, "x.gif")
    cli("sample", "none.pt", "-o", "x.h5").failed(1, "none.pt")


def test_export_and_back(cli, ckpt):
    cli("export").printed("ckpt.safetensors", "ckpt.json")
    cli("export", "ckpt.safetensors", "-o", "back.pt").printed("back.pt")
    first, second = (checkpoint.read(ckpt / name) for name in ("ckpt.pt", "back.pt"))
    assert set(first["networks"]) - set(second["networks"]) == {"discriminator"}
    for network, state in second["networks"].items():
        for name, tensor in state.items():
            assert tensor.equal(first["networks"][network][name])
    for key in ("method", "config", "data", "step", "statistics", "history", "rng"):
        assert first[key] == second[key]
    assert first["samples"]["images"].equal(second["samples"]["images"])
    records = [json.loads(cli("score", "--metric", "factor", name).out) for name in ("ckpt.pt", "back.pt")]
    assert records[0]["score"] == records[1]["score"] and records[0]["details"] == records[1]["details"]
    cli("traverse", "back.pt", "-o", "t.png").printed("t.png")
    facts = json.loads(cli("info", "--json", "ckpt.safetensors").out)
    assert facts["tensors"]["samples.images"] == "torch.uint8 [16, 32, 32, 1]"
    assert json.loads(cli("info", "--json", "ckpt.json").out)["networks"] == ["decoder", "encoder"]
    assert (ckpt / "ckpt.safetensors").stat().st_mode & 0o044 == 0o044
    safe = safetensors.torch.load_file(ckpt / "ckpt.safetensors")
    assert "encoder.0.weight" in safe and "samples.images" in safe


def test_an_export_is_as_large_as_its_weights(cli, ckpt):
    """Without moments and without a discriminator; an encoder and a decoder of the paper's size take 1 MB each."""
    data = write_dataset(ckpt / "large.h5", *square_grid(64))
    cli("train", "vae", "--data", data, "--steps", 0, "-o", "vae.pt", "-q").printed("vae.pt")
    for name in ("ckpt.pt", "vae.pt"):
        cli("export", name, "-o", "w.safetensors", "--overwrite").printed("w.safetensors", "w.json")
        content = checkpoint.read(ckpt / name)
        kept = [content["networks"][network] for network in ("encoder", "decoder")]
        tensors = [tensor for state in kept for tensor in state.values()]
        numbers = sum(tensor.nbytes for tensor in tensors) + content["samples"]["images"].nbytes
        assert numbers <= (ckpt / "w.safetensors").stat().st_size < numbers + 150 * (len(tensors) + 1)
    assert 2.0e6 < numbers < 2.1e6


def test_an_exported_model_has_no_discriminator(cli, ckpt, squares):
    cli("export", "-o", "w.safetensors")
    options = ("--metric", "tc", "--set", "samples=200")
    names = ("ckpt.pt", "w.safetensors")
    of_training, of_export = (json.loads(cli("score", *options, "--data", squares, name).out) for name in names)
    assert of_training["score"] == of_export["score"]
    estimates = [record["details"]["estimates"]["discriminator"] for record in (of_training, of_export)]
    assert estimates[0] is not None and estimates[1] is None
    cli("score", *options, "--protocol", "discriminator", "--data", squares, "w.safetensors").failed(1, "exported")


def test_exports_of_before_have_their_discriminator(cli, ckpt):
    """Weights and configuration as exported until the networks of the losses stayed behind."""
    cli("export", "-o", "w.safetensors")
    tensors = safetensors.torch.load_file(ckpt / "w.safetensors")
    discriminator = checkpoint.read(ckpt / "ckpt.pt")["networks"]["discriminator"]
    tensors |= {f"discriminator.{name}": tensor for name, tensor in discriminator.items()}
    safetensors.torch.save_file(tensors, ckpt / "w.safetensors")
    facts = json.loads((ckpt / "w.json").read_text())
    (ckpt / "w.json").write_text(json.dumps(facts | {"networks": ["decoder", "discriminator", "encoder"]}))
    assert load_model(ckpt / "w.safetensors").trains


def test_an_export_is_the_same_bytes_each_time(cli, ckpt):
    """The library's own order of metadata differs from call to call: of sixteen, two would differ but by chance."""
    written = set()
    for _ in range(16):
        cli("export", "-o", "w.safetensors", "--overwrite").printed("w.safetensors", "w.json")
        written.add(((ckpt / "w.safetensors").read_bytes(), (ckpt / "w.json").read_bytes()))
    assert len(written) == 1


@pytest.mark.parametrize("overwrite", [False, True])
def test_half_an_export_does_not_block_the_next(cli, ckpt, monkeypatch, overwrite):
    """As a kill between its two files leaves it."""
    if overwrite:
        cli("export", "-o", "w.safetensors").printed("w.safetensors", "w.json")
    more = ["--overwrite"] if overwrite else []
    child = os.fork()
    if child == 0:
        move, moved = ("replace" if overwrite else "link"), []
        real = getattr(os, move)

        def killed(*arguments):
            moved.append(real(*arguments))
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(os, move, killed)
        try:
            cli("export", "-o", "w.safetensors", *more)
        finally:
            os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert (ckpt / "w.json").exists() and not (ckpt / "w.safetensors").exists()
    cli("export", "w.safetensors", "-o", "back.pt").failed(1, "w.safetensors")
    cli("export", "-o", "w.safetensors").printed("w.safetensors", "w.json")
    cli("export", "w.safetensors", "-o", "back.pt").printed("back.pt")
    assert not [path.name for path in ckpt.iterdir() if path.name.startswith(".w")]


def test_a_json_file_of_another_kind_blocks_an_export(cli, ckpt):
    (ckpt / "w.json").write_text('{"networks": ["a"], "samples": {}}')
    cli("export", "-o", "w.safetensors").failed(1, "w.json")


def test_exported_weights_cannot_be_resumed(cli, ckpt, squares):
    cli("export", "-o", "w.safetensors")
    cli("export", "w.safetensors", "-o", "back.pt")
    content = checkpoint.read(ckpt / "back.pt")
    options = [f"--{k.replace('_', '-')}={v}" for k, v in content["config"].items() if k != "steps" and v is not None]
    outcome = cli("train", "factorvae", *options, "--steps", 40, "--data", squares, "-o", "back.pt", "--resume")
    outcome.failed(1, "weights")


def test_export_refuses(cli, ckpt):
    cli("export", "-o", "x.onnx").failed(2, "x.onnx")
    cli("export", "none.pt").failed(1, "none.pt")
    cli("export", "-o", "w.safetensors").printed("w.safetensors", "w.json")
    cli("export", "-o", "w.safetensors").failed(1, "--overwrite")
    facts = json.loads((ckpt / "w.json").read_text())
    for change, words in (
        (lambda f: f.pop("config"), "'config'"),
        (lambda f: f.update(version=99), "version 99"),
        (lambda f: f["config"].update(latent_dim=5), "encoder.9.weight"),
        (lambda f: f["config"].update(latent_dim=10**9), "latent-dim"),
        (lambda f: f.update(networks=["encoder"]), "decoder"),
        (lambda f: f.update(networks="encoder"), "`disentool export`"),
        (lambda f: f.update(method="os:system"), None),
    ):
        changed = json.loads(json.dumps(facts))
        change(changed)
        (ckpt / "w.json").write_text(json.dumps(changed))
        if words is None:
            cli("export", "w.safetensors", "-o", "x.pt").printed("x.pt")
            cli("score", "x.pt").failed(1, "os:system")
            (ckpt / "x.pt").unlink()
        else:
            cli("export", "w.safetensors", "-o", "x.pt").failed(1, words)
    (ckpt / "w.json").write_text("{")
    cli("export", "w.safetensors", "-o", "x.pt").failed(1, "JSON")
    (ckpt / "w.json").unlink()
    cli("export", "w.safetensors", "-o", "x.pt").failed(1, "`disentool export`")
    (ckpt / "w.json").write_text(json.dumps(facts))
    (ckpt / "w.safetensors").write_bytes((ckpt / "w.safetensors").read_bytes()[:-10])
    cli("export", "w.safetensors", "-o", "x.pt").failed(1, "damaged")
    assert not (ckpt / "x.pt").exists()
