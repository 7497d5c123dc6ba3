"""What is in memory already, a model or a data set, does for the functions that write files."""

import filecmp
from pathlib import Path

import numpy as np
import pytest
from conftest import SMALL_FACTOR

import disentool
from disentool.errors import WrongUsage
from disentool.io import checkpoint, latents


@pytest.fixture(scope="module")
def model(trained) -> disentool.Model:
    return disentool.load(trained, device="cpu")


@pytest.fixture(scope="module")
def codes(trained, tmp_path_factory) -> Path:
    return disentool.encode(trained, tmp_path_factory.mktemp("codes") / "z.h5", device="cpu")


def test_a_loaded_model_makes_the_files_of_its_checkpoint(model, trained, codes, folder, monkeypatch):
    quick = {"method": "tangent", "starts": 5, "force": True}
    calls = {
        "encode": lambda source: disentool.encode(source, "z.h5"),
        "decode": lambda source: disentool.decode(source, codes, "images", rows=range(2)),
        "sample": lambda source: disentool.sample(source, "sample.png", 4),
        "traverse": lambda source: disentool.traverse(source, "traverse.png", dims=[0]),
        "swap": lambda source: disentool.swap(source, "swap.png", content_rows=[0, 9], dims=[0]),
        "find_direction": lambda source: disentool.find_direction(source, "brightness", "dirs.h5", **quick),
        "along": lambda source: disentool.traverse(
            source, "moved.png", direction="dirs.h5:brightness", alpha=[(-1, 1)], size=32
        ),
        "laws": lambda source: disentool.sample(source, "laws.png", 4, direction="dirs.h5:brightness", t="0"),
    }
    for place in ("loaded", "file"):
        (folder / place).mkdir()
        monkeypatch.chdir(folder / place)
        for call in calls.values():
            call(model if place == "loaded" else trained)
    pictures = sorted(path.name for path in (folder / "file").glob("*.png"))
    assert len(pictures) == 5
    assert not filecmp.cmpfiles(folder / "loaded", folder / "file", pictures, shallow=False)[1]
    means = [latents.read(folder / place / "z.h5").mean for place in ("loaded", "file")]
    np.testing.assert_array_equal(*means)


def test_a_loaded_model_stays_on_its_device(model, folder, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert disentool.sample(model, "auto.png", 2) == Path("auto.png")
    with pytest.raises(WrongUsage, match="device"):
        disentool.sample(model, "other.png", 2, device="cuda")
    assert not Path("other.png").exists()


def test_an_open_data_set_is_trained_on_and_encoded(squares, model, codes, folder):
    data = disentool.open_dataset(squares)
    run = SMALL_FACTOR | {"steps": 2, "device": "cpu"}
    disentool.train("factorvae", data=data, output="open.pt", **run)
    disentool.train("factorvae", data=squares, output="named.pt", **run)
    opened, named = (checkpoint.read(Path(name)) for name in ("open.pt", "named.pt"))
    assert opened["data"] == named["data"]
    assert opened["run"] == named["run"]
    disentool.train("factorvae", data=squares, output="open.pt", resume=True, **run | {"steps": 3})
    assert disentool.load("open.pt", device="cpu").step == 3
    disentool.encode(model, "z.h5", data=data)
    np.testing.assert_array_equal(latents.read(Path("z.h5")).mean, latents.read(codes).mean)
    assert disentool.traverse(model, "t.png", data=data, rows=[3], dims=[0]) == [Path("t.png")]
    assert disentool.swap(model, "s.png", data=data, content_rows=[3], class_rows=[7], dims=[0]) == [Path("s.png")]
