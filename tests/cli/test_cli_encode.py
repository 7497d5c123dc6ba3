"""``disentool encode``."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from conftest import shell, square_grid, write_dataset

from disentool.commands.info import info
from disentool.engine.feed import Feed
from disentool.io import dataset, files, latents
from disentool.models.model import load_model


@pytest.fixture
def ckpt(folder, trained) -> Path:
    """./ckpt.pt"""
    shutil.copy(trained, folder / "ckpt.pt")
    return folder / "ckpt.pt"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_every_row_is_encoded(cli, folder, ckpt, squares):
    outcome = cli("encode")
    outcome.printed("ckpt.latents.h5")
    assert outcome.err == ""
    table = latents.read(folder / "ckpt.latents.h5")
    data, model = dataset.read(squares), load_model(ckpt, "cpu")
    with torch.inference_mode():
        expected = model.method.encode(
            model.networks, Feed(data.images, None, model.device).batch(np.arange(192)).images
        )
    assert np.allclose(table.mean, expected["mean"], atol=1e-5)
    assert np.allclose(table.logvar, expected["logvar"], atol=1e-5)
    assert np.array_equal(table.factors, data.factors)
    assert (table.factor_names, table.factor_sizes) == (data.factor_names, data.factor_sizes)
    with h5py.File("ckpt.latents.h5") as file:
        assert np.array_equal(file["row"], np.arange(192))
        assert file.attrs["grid"]
    assert (table.method, table.name) == ("factorvae", "squares")
    assert table.checkpoint_sha256 == files.sha256(ckpt)
    assert table.dataset_sha256 == data.content_sha256
    assert table.provenance["step"] == 30
    assert info(folder / "ckpt.latents.h5", verify=True)["command"] == "disentool encode"
    assert names(folder) == ["ckpt.latents.h5", "ckpt.pt"]


def test_the_same_again_is_the_same_bytes(cli, folder, ckpt):
    cli("encode", "-q", "-o", "a.h5").printed("a.h5")
    first = (folder / "a.h5").read_bytes()
    cli("encode", "-q", "-o", "a.h5").failed(1, "--overwrite")
    (folder / "a.h5").unlink()
    cli("encode", "-q", "-o", "a.h5").printed("a.h5")
    assert (folder / "a.h5").read_bytes() == first
    cli("encode", "-q", "-o", "a.h5", "--overwrite").printed("a.h5")


def test_other_data(cli, folder, ckpt):
    images, _ = square_grid()
    write_dataset(folder / "few.h5", images[::3], None)
    cli("encode", "--data", "few.h5", "-o", "new/z.h5").printed("new/z.h5")
    table = latents.read(folder / "new" / "z.h5")
    assert table.mean.shape == (64, 4)
    assert table.factors is None
    write_dataset(folder / "big.h5", *square_grid(64))
    cli("encode", "--data", "big.h5", "-o", "y.h5").failed(1, "64x64x1")
    write_dataset(folder / "rgb.h5", *square_grid(32, channels=3))
    cli("encode", "--data", "rgb.h5", "-o", "y.h5").failed(1, "32x32x3")
    assert not (folder / "y.h5").exists()


def test_data_that_moved_or_changed(cli, folder, squares, trained):
    content = torch.load(trained, weights_only=True)
    shutil.copy(squares, folder / "data.h5")
    torch.save(content | {"data": content["data"] | {"spec": str(folder / "data.h5")}}, folder / "ckpt.pt")
    cli("encode", "-o", "a.h5").printed("a.h5")
    images, factors = square_grid()
    images[0] = 0
    write_dataset(folder / "data.h5", images, factors)
    cli("encode", "-o", "b.h5").failed(1, "data.h5")
    cli("encode", "-o", "b.h5", "--data", "data.h5").printed("b.h5")
    (folder / "data.h5").unlink()
    cli("encode", "-o", "c.h5").failed(1, "HDF5")
    torch.save(content | {"data": content["data"] | {"spec": ""}}, folder / "ckpt.pt")
    cli("encode", "-o", "c.h5").failed(1, "--data")
    assert not (folder / "c.h5").exists()


def test_several_checkpoints(cli, folder, trained):
    for name in ("a", "b"):
        (folder / name).mkdir()
        shutil.copy(trained, folder / name / "x.pt")
    shutil.copy(trained, folder / "a" / "y.pt")
    cli("encode", "a/x.pt", "b/x.pt").printed("a/x.latents.h5", "b/x.latents.h5")
    cli("encode", "a/x.pt", "a/y.pt", "-o", "z/{stem}.h5").printed("z/x.h5", "z/y.h5")
    cli("encode", "a/y.pt", "a/x.pt").failed(1, "a/x.latents.h5")  # before the first is encoded
    assert names(folder / "a") == ["x.latents.h5", "x.pt", "y.pt"]
    cli("encode", "a/x.pt", "a/y.pt", "-o", "w.h5").failed(2, "{stem}")
    cli("encode", "a/x.pt", "b/x.pt", "-o", "w/{stem}.h5").failed(2, "w/x.h5")
    cli("encode", "a/x.pt", "-o", "w/{sten}.h5").failed(2, "stem?")
    cli("encode", "a/x.pt", "nothing.pt", "-o", "w/{stem}.h5").failed(1, "nothing.pt")
    assert not list(folder.glob("w/*"))


def test_inputs_are_no_outputs(cli, folder, ckpt, squares):
    shutil.copy(squares, folder / "data.h5")
    before = (folder / "data.h5").read_bytes(), ckpt.read_bytes()
    for output in ("ckpt.pt", "./data.h5"):
        cli("encode", "--data", "data.h5", "-o", output, "--overwrite").failed(2, "read")
    assert ((folder / "data.h5").read_bytes(), ckpt.read_bytes()) == before


def test_outputs_that_cannot_be(cli, folder, ckpt):
    (folder / "file").write_text("mine")
    cli("encode", "-o", "file/z.h5").failed(1, "file/z.h5")
    cli("encode", "-o", ".").failed(1, " .: ")
    with files.claim(folder / "z.h5"):
        cli("encode", "-o", "z.h5").failed(1, "running")
    assert names(folder) == ["ckpt.pt", "file"]


def test_wrong_usage(cli, folder, ckpt):
    cli("encode", ".").failed(1, " .: ")
    cli("encode", "").failed(1, "''")
    cli("encode", "--data", "dsprite").failed(2, "dsprites?")
    cli("encode", "-", "ckpt.pt").failed(2, "stdin")
    cli("encode", "--device", "tpu").failed(2, "'--device'")
    assert names(folder) == ["ckpt.pt"]


def test_paths_stream_through(folder, ckpt):
    """A file is written, and its path printed, before stdin is closed."""
    with shell("encode", "-q", "-", "-o", "{stem}.h5", cwd=folder) as process:
        process.stdin.write("ckpt.pt\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ckpt.h5\n"
        out, err = process.communicate("ckpt.pt\n", timeout=60)
    assert (process.returncode, out) == (2, "")
    assert "ckpt.h5" in err
    assert info(folder / "ckpt.h5", verify=True)["verified"]


def test_codes_in_bfloat16_are_within_two_hundredths_of_a_standard_deviation(cli, folder, ckpt, squares):
    cli("encode", "-q", "-o", "full.h5").printed("full.h5")
    cli("encode", "-q", "-o", "low.h5", "--precision", "bf16").printed("low.h5")
    full, low = latents.read(folder / "full.h5"), latents.read(folder / "low.h5")
    assert (full.provenance["precision"], low.provenance["precision"]) == ("fp32", "bf16")
    apart = np.abs(low.mean - full.mean) / full.mean.std(0)
    assert 0 < np.sqrt((apart**2).mean()) < 2e-2
    assert low.mean.dtype == np.float32


def test_tf32_is_of_cuda(cli, folder, ckpt):
    """On a CPU it is float32, to the last bit, and the file says so."""
    cli("encode", "-q", "-o", "full.h5").printed("full.h5")
    cli("encode", "-q", "-o", "tf32.h5", "--precision", "tf32", "--device", "cpu").printed("tf32.h5")
    full, low = latents.read(folder / "full.h5"), latents.read(folder / "tf32.h5")
    assert low.provenance["precision"] == "fp32" and np.array_equal(full.mean, low.mean)
