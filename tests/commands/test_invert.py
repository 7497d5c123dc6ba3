"""``invert``: codes whose images are like given ones, compared over losses, in any generator."""

import json
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from conftest import ROOT
from lpips_files import as_published, random_weights
from PIL import Image
from same_files import assert_same_bytes
from scipy.ndimage import gaussian_filter
from test_biggan import Z, tiny_biggan, write_folder

from disentool.directions.inversion import Descent, InversionLoss, detail, find_codes
from disentool.models.generator import open_generator
from disentool.pictures import inversion_files
from disentool.scoring import model_functions

EXAMPLES = ROOT / "examples"
FAST = ("--starts", 4, "--steps", 60, "--device", "cpu")


@pytest.fixture
def blob(folder, monkeypatch) -> Path:
    """A folder with the example's generator in it, and pictures of three codes that lie within the ball."""
    shutil.copy(EXAMPLES / "your_generator.py", folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    generator = open_generator("your_generator:Blob", "cpu", trust=True).generator
    z = known_codes()
    for i, image in enumerate(generator(z)):
        Image.fromarray((image[0] * 255).round().byte().numpy()).save(f"{i}.png")
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith("your"):
            del sys.modules[name]


def known_codes() -> torch.Tensor:
    z = torch.randn(3, 8, generator=torch.Generator().manual_seed(5))
    return 2 * z / z.norm(dim=1, keepdim=True)


def records(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_known_codes_are_found(cli, blob):
    images = [word for i in range(3) for word in ("--image", f"{i}.png")]
    done = cli("invert", "--trust", "your_generator:Blob", *images, *FAST, "-o", "t.jsonl", "-o", "z.h5", "-o", "p.png")
    done.printed("t.jsonl", "z.h5", "p.png")
    lines = records(blob / "t.jsonl")
    assert [(line["loss"], line["sigma"], line["image"]) for line in lines[::3]] == [
        ("mse", None, "0.png"),
        ("dssim", None, "0.png"),
        *(("blur", sigma, "0.png") for sigma in (0.375, 0.75, 1.5)),  # of 32 pixels
    ]
    with h5py.File(blob / "z.h5") as file:
        z, rows = file["z"][()], file["row"][()]
        assert file["mean"][()].tolist() == z.tolist()
    directions = sys.modules["your_generator"].Blob().directions.numpy()
    for code, row, line in zip(z, rows, lines, strict=True):
        # 8 bits a pixel; what the other five dimensions are, no image tells
        np.testing.assert_allclose(directions @ code, directions @ known_codes()[row].numpy(), atol=0.1)
        assert line["psnr"] > 40 and 0.97 < line["detail"] < 1.03 and line["norm"] <= 8**0.5 + 1e-4
        assert line["reached"]["best"] <= line["reached"]["median"] <= line["reached"]["worst"]
        assert line["details"] == {"starts": 4, "steps": 60, "learning_rate": 0.1, "seed": 0, "blur_sigma": 0.75}
    picture = np.asarray(Image.open(blob / "p.png"))
    assert picture.shape[1] > 6 * 128 and picture.shape[0] > 3 * 128


def test_lpips_measures_what_was_found_whatever_was_made_small(cli, blob):
    trunk, linear = as_published(random_weights("alex"), blob)
    call = (
        "invert",
        "--trust",
        "your_generator:Blob",
        "--image",
        "0.png",
        "--image",
        "1.png",
        *FAST,
        "--loss",
        "mse,blur",
    )
    cli(*call, "--lpips", trunk, "-o", "t.jsonl").failed(2, "linear layers")
    cli(*call, "--lpips", trunk, "--lpips", linear, "-o", "t.jsonl", "-o", "z.h5", "-o", "p.svg").printed(
        "t.jsonl", "z.h5", "p.svg"
    )
    generator = open_generator("your_generator:Blob", "cpu", trust=True).generator
    with h5py.File(blob / "z.h5") as file:
        found = generator(torch.from_numpy(file["mean"][()])).permute(0, 2, 3, 1).numpy()
        rows = file["row"][()]
    wanted = np.stack([np.asarray(Image.open(f"{i}.png"), np.float32)[..., None] / 255 for i in range(2)])
    lines = records(blob / "t.jsonl")
    expected = model_functions.lpips([trunk, linear], "cpu")(found, wanted[rows])
    assert [line["lpips"] for line in lines] == pytest.approx(expected.tolist(), rel=1e-4)
    assert (blob / "p.svg").read_text().count("lpips") == len(lines) // 2  # once a column


def test_the_same_call_makes_the_same_bytes(cli, blob):
    call = ("invert", "--trust", "your_generator:Blob", "--image", "0.png", *FAST, "--loss", "mse")
    for name in ("a", "b"):
        cli(*call, "-o", f"{name}.png", "-o", f"{name}.jsonl").printed(f"{name}.png", f"{name}.jsonl")
    assert_same_bytes(blob / "a.png", blob / "b.png")
    assert_same_bytes(blob / "a.jsonl", blob / "b.jsonl")
    cli(*call, "--seed", 1, "-o", "c.jsonl").printed("c.jsonl")
    assert (blob / "c.jsonl").read_bytes() != (blob / "a.jsonl").read_bytes()


def test_losses_and_detail_by_plain_formulas():
    random = np.random.default_rng(0)
    x, y = random.random((2, 3, 1, 24, 24))
    a, b = (torch.from_numpy(v).float() for v in (x, y))
    np.testing.assert_allclose(InversionLoss("mse")(a, b), np.square(x - y).mean((1, 2, 3)), rtol=1e-5)
    blurred = np.stack([gaussian_filter(d[0], 2.0, mode="constant", truncate=4.0) for d in x - y])
    np.testing.assert_allclose(InversionLoss("blur", 2.0)(a, b), np.square(blurred).mean((1, 2)), rtol=1e-3)
    energy = [sum(np.square(np.diff(v, axis=i)).sum((1, 2, 3)) for i in (2, 3)) for v in (x, y)]
    np.testing.assert_allclose(detail(a, b), energy[0] / energy[1], rtol=1e-5)
    assert detail(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)).tolist() == [1.0]


def test_a_batch_in_parts_is_the_batch(blob, monkeypatch):
    """Codes do not touch each other, and the best step of a start counts, not its last."""
    generator = open_generator("your_generator:Blob", "cpu", trust=True).generator
    images = generator(known_codes())
    starts = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))
    moved = []
    descent = Descent(steps=15, learning_rate=0.5)
    whole = find_codes(generator, InversionLoss("mse"), descent, images, starts, None, moved.append)
    assert sum(moved) == 3 * 4 * 15
    monkeypatch.setattr("disentool.directions.inversion._NUMBERS_AT_ONCE", 5 * 32 * 32)
    parts = find_codes(generator, InversionLoss("mse"), descent, images, starts, None, moved.append)
    np.testing.assert_allclose(whole.z, parts.z, atol=1e-5)
    reached = (generator(whole.z) - images).square().mean((1, 2, 3))
    np.testing.assert_allclose(reached, whole.losses.min(1).values, rtol=1e-5)
    longer = find_codes(generator, InversionLoss("mse"), Descent(0, 0.5), images, starts, None, moved.append)
    assert (whole.losses <= longer.losses).all()


def test_a_folder_stands_for_the_pictures_below_it(cli, blob):
    (blob / "in").mkdir()
    for i in (10, 9):
        shutil.copy(blob / "0.png", blob / "in" / f"{i}.png")
    call = ("invert", "--trust", "your_generator:Blob", "--starts", 1, "--steps", 1, "--device", "cpu", "--loss", "mse")
    cli(*call, "--image", "in", "--image", "1.png", "-o", "f.jsonl").printed("f.jsonl")
    assert [line["image"] for line in records(blob / "f.jsonl")] == ["in/9.png", "in/10.png", "1.png"]
    (blob / "none").mkdir()
    cli(*call, "--image", "none", "-o", "g.jsonl").failed(1, "none")


def test_a_checkpoints_own_images_and_encoder(cli, folder, trained, squares):
    call = ("invert", trained, *FAST, "--images", 2, "--loss", "mse,blur", "--sigma", 1)
    cli(*call, "-o", "t.jsonl", "-o", "z.h5").printed("t.jsonl", "z.h5")
    lines = records(folder / "t.jsonl")
    assert [(line["loss"], line["image"]) for line in lines] == [
        (loss, image) for loss in ("encoder", "mse", "blur") for image in ("#0", "#1")
    ]
    assert "reached" not in lines[0] and lines[2]["mse"] < lines[0]["mse"]
    # The codes are what decode takes.
    cli("decode", trained, "z.h5", "-o", "d.h5").printed("d.h5")
    with h5py.File("d.h5") as file:
        decoded = file["images"][()] / 255.0
    model = open_generator(trained, "cpu").model
    targets = model.content["samples"]["images"][:2].numpy() / 255.0
    for image, line in zip(decoded, lines, strict=True):
        target = targets[int(line["image"][1:])]
        np.testing.assert_allclose(np.square(image - target).mean(), line["mse"], rtol=0.03)
    cli("traverse", trained, "--codes", "z.h5", "--rows", 2, "-o", "t.png").printed("t.png")
    cli("invert", trained, *FAST, "--rows", "3,5", "--loss", "mse", "-o", "r.jsonl").printed("r.jsonl")
    assert [line["image"] for line in records(folder / "r.jsonl")][:2] == ["3", "5"]
    assert cli("info", "t.jsonl").out.count("disentool.inversion") == 1


def test_the_class_is_found_too(cli, blob):
    generator = open_generator("your_generator:Moons", "cpu", trust=True).generator
    for index in (0, 1):
        image = generator(known_codes()[:1], torch.tensor([index]))[0, 0]
        Image.fromarray((image * 255).round().byte().numpy()).save(f"m{index}.png")
    images = ("--image", "m0.png", "--image", "m1.png")
    call = ("invert", "--trust", "your_generator:Moons", *images, *FAST, "--class", "0-1", "--loss", "mse")
    cli(*call, "-o", "t.jsonl").printed("t.jsonl")
    assert [(line["class"], line["psnr"] > 30) for line in records(blob / "t.jsonl")] == [(0, True), (1, True)]


def test_biggan(cli, folder):
    biggan = write_folder(folder / "b", tiny_biggan())
    generator = open_generator(biggan, "cpu", truncation=0.4).generator
    image = generator(torch.randn(1, Z, generator=torch.Generator().manual_seed(3)), torch.tensor([4]))[0]
    Image.fromarray((image.permute(1, 2, 0) * 255).round().byte().numpy()).save("4.png")
    call = ("invert", biggan, "--image", "4.png", "--loss", "mse")
    cli(*call, *FAST, "--class", 4, "--truncation", 0.4, "-o", "t.jsonl", "-o", "t.png").printed("t.jsonl", "t.png")
    (line,) = records(folder / "t.jsonl")
    assert line["class"] == 4 and line["psnr"] > 20 and line["details"]["truncation"] == 0.4
    cli(*call, "-o", "x.jsonl").failed(2, "5 classes")
    cli(*call, "--class", 9, "-o", "x.jsonl").failed(2, "--class 9")
    cli(*call, "--class", 4, "--truncation", 0.5, "-o", "x.jsonl").failed(2, "--truncation 0.5")
    cli("invert", biggan, "--class", 1, "-o", "x.jsonl").failed(2, "--image")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "picture"),
        (("-o", "x.gif"), 2, "x.gif"),
        (("-o", "x.png", "-o", "x.png"), 2, "x.png"),
        (("-o", "x.png", "--loss", "mae"), 2, "'mae'"),
        (("-o", "x.png", "--sigma", "0"), 2, "--sigma 0"),
        (("-o", "x.png", "--sigma", "a"), 2, "--sigma a"),
        (("-o", "x.png", "--loss", "mse", "--sigma", "1"), 2, "--sigma 1"),
        (("-o", "x.png", "--starts", "0"), 2, "--starts 0"),
        (("-o", "x.png", "--steps", "-1"), 2, "--steps -1"),
        (("-o", "x.png", "--learning-rate", "0"), 2, "--learning-rate 0"),
        (("-o", "x.png", "--class", "1"), 2, "--class 1"),
        (("-o", "x.png", "--truncation", "0.4"), 2, "--truncation"),
        (("-o", "x.png", "--image", "none.png"), 1, "none.png"),
        (("-o", "x.png", "--image", "there.png", "--images", "2"), 2, "--rows"),
        (("-o", "there.png"), 1, "there.png"),
    ],
)
def test_bad_input(cli, folder, trained, words, code, message):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save("there.png")
    cli("invert", trained, *words).failed(code, message)
    assert sorted(path.name for path in folder.iterdir()) == ["there.png"]


def test_pictures_of_another_size_are_fitted_with_a_note(cli, folder, trained):
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save("large.png")
    done = cli("invert", trained, "--image", "large.png", *FAST, "--loss", "mse", "-o", "t.jsonl")
    done.printed("t.jsonl")
    assert "large.png: 40x60" in done.err
    assert [line["loss"] for line in records(folder / "t.jsonl")] == ["encoder", "mse"]


def test_distances_have_one_number_of_decimals():
    for means, decimals in (([0.02, 0.0243], 3), ([0.0021, 0.24], 4), ([0.0, 0.5], 2), ([1e-9, 0.5], 5), ([0.0], 1)):
        assert inversion_files._decimals(np.array(means)) == decimals, means
