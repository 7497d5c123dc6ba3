"""Pictures and folders of them, put through a model without a data set: ``encode --image``, ``score --image``."""

import json

import h5py
import numpy as np
import pytest
from conftest import square_grid
from PIL import Image

import disentool
from disentool.errors import NoFactors, WrongUsage
from disentool.io import latents
from disentool.models import fitted_images


@pytest.fixture
def photos(folder):
    """``photos/a/1.png``, ``photos/b/2.png``: squares; ``photos/b/10.png``: one enlarged, ``large.png`` the same."""
    images = square_grid()[0][[3, 60, 120], :, :, 0]
    for index, name in enumerate(("a/1.png", "b/2.png", "b/10.png")):
        path = folder / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[index].repeat(1 + index // 2, 0).repeat(1 + index // 2, 1)).save(path)
    (folder / "large.png").write_bytes((folder / "photos/b/10.png").read_bytes())
    return images[..., None]


def names(path) -> list[str]:
    with h5py.File(path) as file:
        return file.attrs["images"].tolist()


def test_encoded_pictures_are_named(cli, trained, folder, photos):
    outcome = cli("encode", trained, "--image", "large.png", "--image", "photos", "--device", "cpu", "-o", "z.h5")
    outcome.printed("z.h5")
    assert "resized" in outcome.err
    assert names("z.h5") == ["large.png", "photos/a/1.png", "photos/b/2.png", "photos/b/10.png"]
    found = latents.read(folder / "z.h5")
    assert found.row.tolist() == [0, 1, 2, 3] and found.factors is None
    np.testing.assert_array_equal(found.mean[0], found.mean[3])
    model = disentool.load(trained, device="cpu")
    np.testing.assert_allclose(found.mean[1:3], model.encode(photos[:2]), atol=1e-5)
    facts = json.loads(cli("info", "--json", "z.h5").out)
    assert facts["images"][:2] == ["large.png", "photos/a/1.png"]
    cli("decode", trained, "z.h5", "--device", "cpu", "-o", "decoded.h5").printed("decoded.h5")


def test_the_digest_is_that_of_a_data_set_of_the_same_images(cli, trained, folder, photos):
    for name, image in zip("ab", photos[:2], strict=True):
        (folder / "flat").mkdir(exist_ok=True)
        Image.fromarray(image[..., 0]).save(folder / "flat" / f"{name}.png")
    cli("prepare", "folder", "--from", "flat", "-q", "-o", "flat.h5").printed("flat.h5")
    for data, name in ((("--data", "flat.h5"), "x.h5"), (("--image", "flat"), "y.h5")):
        cli("encode", trained, *data, "--device", "cpu", "-o", name).printed(name)
    one, other = latents.read(folder / "x.h5"), latents.read(folder / "y.h5")
    assert one.dataset_sha256 == other.dataset_sha256
    np.testing.assert_array_equal(one.mean, other.mean)
    with h5py.File("x.h5") as file:
        assert "images" not in file.attrs  # rows of a data set have numbers


def test_pictures_have_no_rows_and_no_other_data(cli, trained, folder, photos):
    for more in (("--data", "dsprites"), ("--rows", "test")):
        cli("encode", trained, "--image", "photos", *more, "-o", "z.h5").failed(2, "--image")
        cli("score", trained, "--image", "photos", *more, "--metric", "kl").failed(2, "--image")
    cli("encode", trained, "--image", "none.png", "-o", "z.h5").failed(1, "none.png")
    cli("encode", trained, "--image", "large.png", "--overwrite", "-o", "large.png").failed(2, "large.png")
    assert not (folder / "z.h5").exists()


def test_a_folder_of_too_many_is_for_prepare(cli, trained, folder, photos, monkeypatch):
    monkeypatch.setattr(fitted_images, "MAX_IMAGES", 2)
    cli("encode", trained, "--image", "photos", "-o", "z.h5").failed(2, "prepare folder")


def test_only_the_first_frame_is_said(cli, trained, folder, photos):
    frames = [Image.fromarray(image[..., 0]) for image in photos]
    frames[0].save("move.gif", save_all=True, append_images=frames[1:])
    outcome = cli("encode", trained, "--image", "move.gif", "--device", "cpu", "-o", "z.h5")
    outcome.printed("z.h5")
    assert "frames" in outcome.err


def test_transparency_is_said(cli, trained, folder, photos):
    Image.new("RGBA", (32, 32), (255, 255, 255, 100)).save("ghost.png")
    outcome = cli("encode", trained, "--image", "ghost.png", "--device", "cpu", "-o", "z.h5")
    outcome.printed("z.h5")
    assert "transparency" in outcome.err


def test_metrics_without_factors_score_pictures(cli, trained, folder, photos):
    call = ("score", trained, "--device", "cpu", "--format", "jsonl", "--metric", "reconstruction,kl")
    cli("prepare", "folder", "--from", "photos", "--size", 32, "-q", "-o", "p.h5").printed("p.h5")
    scored, expected = (
        [json.loads(line) for line in cli(*call, *data).out.splitlines()]
        for data in (("--image", "photos"), ("--data", "p.h5"))
    )
    assert [record["metric"] for record in scored] == ["reconstruction", "kl"]
    assert [record["score"] for record in scored] == pytest.approx([record["score"] for record in expected])
    assert {record["data"] for record in scored} == {"photos"} and {record["rows"] for record in scored} == {3}
    every = cli(*call[:-1], "all", "--image", "photos")
    assert every.code == 0 and '"reconstruction"' in every.out and '"factor"' not in every.out


@pytest.mark.parametrize("metric", [(), ("--metric", "mig,kl"), ("--metric", "leakage")])
def test_metrics_of_factors_refuse_pictures_with_the_next_command(cli, trained, folder, photos, metric):
    cli("score", trained, "--image", "photos/b", *metric).failed(NoFactors.exit_code, "prepare folder")


def test_ready_codes_take_no_pictures(cli, trained, folder, photos):
    cli("encode", trained, "--image", "photos", "--device", "cpu", "-q", "-o", "z.h5").printed("z.h5")
    cli("score", "z.h5", "--image", "photos", "--metric", "mutual-information").failed(WrongUsage.exit_code, "--image")


def test_the_same_in_python(trained, folder, photos):
    disentool.encode(trained, "one.h5", image="large.png", device="cpu")
    disentool.encode(trained, "two.h5", image=["large.png", folder / "photos"], device="cpu")
    assert names("one.h5") == ["large.png"]
    assert len(names("two.h5")) == 4
