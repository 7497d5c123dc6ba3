"""Functions that read and write files: each is its command."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from same_files import assert_same_bytes

import disentool
from disentool.errors import (
    MissingFile,
    OutputExists,
    UnknownName,
    WrongUsage,
)
from disentool.io import latents


def test_encoding_a_file_is_the_command(trained, table, cli, folder):
    assert disentool.encode(trained, "a.h5", device="cpu") == Path("a.h5")
    cli("encode", trained, "-o", "b.h5", "--device", "cpu").printed("b.h5")
    np.testing.assert_array_equal(latents.read(Path("a.h5")).mean, latents.read(Path("b.h5")).mean)
    with pytest.raises(OutputExists):
        disentool.encode(trained, "a.h5", device="cpu")
    for wrong in ({"device": "gpu"}, {"rows": "some"}, {"codes_from": "mean"}):
        with pytest.raises(UnknownName):
            disentool.encode(trained, "c.h5", **wrong)


def test_pictures_are_the_commands(trained, cli, folder):
    shown = {"rows": [3, 100], "dims": range(2), "size": 32, "device": "cpu"}
    assert disentool.traverse(trained, "a.png", **shown) == [Path("a.png")]
    words = ("--rows", "3,100", "--dims", "0,1", "--size", 32, "--device", "cpu")
    cli("traverse", trained, "-o", "b.png", *words).printed("b.png")
    assert_same_bytes(Path("a.png"), Path("b.png"))
    sides = {"content_rows": [0, 9], "class_rows": [[100, 101], [7]], "average": True, "dims": [1]}
    assert disentool.swap(trained, ["s.png", "s.h5"], **sides, device="cpu") == [Path("s.png"), Path("s.h5")]
    words = ("--content-rows", "0,9", "--class-rows", "100,101", "--class-rows", 7, "--average", "--dims", 1)
    cli("swap", trained, "-o", "t.png", *words, "--device", "cpu").printed("t.png")
    assert_same_bytes(Path("s.png"), Path("t.png"))


def test_directions(trained, cli, folder):
    settings = {"starts": 5, "method": "tangent", "force": True, "device": "cpu"}
    assert disentool.find_direction(trained, "brightness", "a.h5", **settings) == Path("a.h5")
    words = ("--transform", "brightness", "--starts", 5, "--method", "tangent", "--force", "--device", "cpu")
    cli("find-direction", trained, "-o", "b.h5", *words).printed("b.h5")
    with h5py.File("a.h5") as first, h5py.File("b.h5") as second:
        np.testing.assert_array_equal(first["brightness/u"][()], second["brightness/u"][()])
    moved = {"direction": "a.h5:brightness", "size": 32, "device": "cpu"}
    disentool.traverse(trained, "a.png", alpha=[(-1, 1)], **moved)
    words = ("--direction", "a.h5:brightness", "--size", 32, "--device", "cpu")
    cli("traverse", trained, "--alpha=-1:1", "-o", "b.png", *words).printed("b.png")
    assert_same_bytes(Path("a.png"), Path("b.png"))
    disentool.sample(trained, "c.png", 4, t="0", **moved)
    cli("sample", trained, "-n", 4, "--t", 0, "-o", "d.png", *words).printed("d.png")
    assert_same_bytes(Path("c.png"), Path("d.png"))


def test_options_that_contradict_each_other(trained, folder):
    along = {"direction": "dirs.h5:shift-x"}
    for wrong in (
        lambda: disentool.traverse(trained, "a.png", t=[(0, 1)]),
        lambda: disentool.traverse(trained, "a.png", dims=[0], **along),
        lambda: disentool.traverse(trained, "a.png", t=[(0, 1)], alpha=[(0, 1)], **along),
        lambda: disentool.sample(trained, "a.png", t="0"),
        lambda: disentool.swap(trained, "a.png", interpolate="both"),
    ):
        with pytest.raises(WrongUsage):
            wrong()
    assert not list(folder.iterdir())


def test_a_data_set_is_mapped(squares, tmp_path):
    data = disentool.open_dataset(squares)
    assert isinstance(data, disentool.Dataset)
    assert isinstance(data.images, np.memmap)
    assert (data.images.dtype, data.factors.dtype) == (np.uint8, np.int32)
    with pytest.raises(MissingFile):
        disentool.open_dataset(tmp_path / "none.h5")
    with pytest.raises(UnknownName, match="dsprites"):
        disentool.open_dataset("dsprite")


def test_a_data_set_is_prepared_as_by_the_command(folder, cli):
    kept = {"shape": [0, 2], "scale": ["4-5"], "orientation": [0], "pos_x": range(3)}
    assert disentool.prepare("dsprites", "a.h5", keep=kept, subset=100, seed=3) == Path("a.h5")
    words = ("shape=0,2", "scale=4-5", "orientation=0", "pos_x=0-2")
    keeping = [word for rule in words for word in ("--keep", rule)]
    cli("prepare", "dsprites", *keeping, "--subset", 100, "--seed", 3, "-o", "b.h5").printed("b.h5")
    first, second = (disentool.open_dataset(name) for name in ("a.h5", "b.h5"))
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.factors, second.factors)
    with pytest.raises(WrongUsage, match="class_protocol"):
        disentool.prepare("dsprites", "c.h5", class_protocol="pose")


def test_what_is_printed_is_one_line(model, squares, table, images, folder):
    data = disentool.open_dataset(squares)
    shown = {
        repr(data): ("Dataset", "192 images", "32x32x1", "size 3", "pos_x 8", "pos_y 8"),
        repr(disentool.Dataset(Path("a.h5"), images, None)): ("a.h5", "factors: none"),
        repr(disentool.score(table.mean, table.factors)): ("Result", "protocol exact", "per_factor", "details"),
        repr(model): ("Model", "factorvae"),
    }
    for text, words in shown.items():
        assert len(text) < 250
        assert "\n" not in text
        assert not [word for word in words if word not in text], text


def test_the_rows_of_an_unknown_part_are_refused(squares):
    with pytest.raises(UnknownName, match="train"):
        disentool.open_dataset(squares).rows("some")
