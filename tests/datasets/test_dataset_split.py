"""``prepare --split``: drawn from the seed, stored, class numbers untouched."""

import numpy as np
import pytest
from raw_files import encoded, idx, picture, write_folder

from disentool.commands.info import info
from disentool.datasets import mnist
from disentool.errors import DataMismatch
from disentool.io import dataset
from disentool.io.dataset import asked_rows


@pytest.fixture
def people(tmp_path):
    """12 people with 5 pictures each, for `prepare faces`."""
    names = grid_of(12, 5)
    return write_folder(tmp_path / "people", {f"{p:02}/{v}.png": encoded(picture(p, 20, 20), "PNG") for p, v in names})


def grid_of(*sizes):
    return zip(*np.unravel_index(np.arange(np.prod(sizes)), sizes), strict=True)


def made(cli, tmp_path, people, *options):
    cli("prepare", "faces", "--from", people, "-o", tmp_path / "a.h5", "--overwrite", *options).printed(
        tmp_path / "a.h5"
    )
    return dataset.read(tmp_path / "a.h5")


def test_rows(cli, tmp_path, people):
    found = made(cli, tmp_path, people, "--split", "rows:0.1")
    assert found.split.dtype == np.uint8
    assert found.split.sum() == 6
    assert info(found.path)["split_rule"] == "6 of 60 rows, drawn with seed 0"
    np.testing.assert_array_equal(made(cli, tmp_path, people, "--split", "rows:6").split, found.split)
    assert (made(cli, tmp_path, people, "--split", "rows:6", "--seed", 1).split != found.split).any()
    np.testing.assert_array_equal(found.rows("test"), np.flatnonzero(found.split))
    np.testing.assert_array_equal(found.rows("auto"), np.flatnonzero(found.split == 0))
    assert len(found.rows("all")) == 60


def test_classes_keep_their_numbers(cli, tmp_path, people):
    plain = made(cli, tmp_path, people)
    assert plain.split is None
    assert len(plain.rows("auto")) == 60
    with pytest.raises(DataMismatch, match="split") as raised:
        plain.rows("test")
    assert "--" not in str(raised.value)  # a caller of Python has no options
    with pytest.raises(DataMismatch, match="--rows all"):
        asked_rows(plain, "test")
    found = made(cli, tmp_path, people, "--split", "classes:3")
    np.testing.assert_array_equal(found.factors, plain.factors)
    test = np.unique(found.factors[found.rows("test"), 0])
    train = np.unique(found.factors[found.rows("train"), 0])
    assert (len(test), len(train)) == (3, 9)
    assert not np.intersect1d(test, train).size
    np.testing.assert_array_equal(made(cli, tmp_path, people, "--split", "identity:0.25").split, found.split)
    small = made(cli, tmp_path, people, "--split", "classes:3", "--subset", 30)
    assert len(np.unique(small.factors[small.rows("test"), 0])) == 3
    assert len(small.rows("test")) + len(small.rows("train")) == 30


def test_published(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "PARTS", {"train": 6, "t10k": 4})
    files = {}
    for part, rows in mnist.PARTS.items():
        files[f"{part}-images-idx3-ubyte"] = idx(np.zeros((rows, 28, 28), np.uint8))
        files[f"{part}-labels-idx1-ubyte"] = idx(np.zeros(rows, np.uint8))
    folder = write_folder(tmp_path / "mnist", files)
    cli("prepare", "mnist", "--from", folder, "--split", "published", "-o", tmp_path / "b.h5").printed(
        tmp_path / "b.h5"
    )
    assert dataset.read(tmp_path / "b.h5").split.tolist() == [0] * 6 + [1] * 4


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("rows:0", "1 to 59"),
        ("rows:60", "1 to 59"),
        ("rows:1.5", "1 to 59"),
        ("rows:nan", "1 to 59"),
        ("rows:x", "1 to 59"),
        ("classes:12", "1 to 11"),
        ("person:3", "'person'"),
        ("half", "classes:20"),
        ("published", "--split published"),
    ],
)
def test_wrong_rules(cli, tmp_path, people, rule, words):
    cli("prepare", "faces", "--from", people, "-o", tmp_path / "a.h5", "--split", rule).failed(2, words)
    assert not (tmp_path / "a.h5").exists()


def test_several_factors_and_no_class(cli, tmp_path):
    outcome = cli("prepare", "dsprites", "--subset", 20, "--split", "classes:1", "-o", tmp_path / "a.h5")
    outcome.failed(2, "NAME:20")
    cli("prepare", "dsprites", "--subset", 20, "--split", "shape:1", "-o", tmp_path / "a.h5").printed(tmp_path / "a.h5")
    found = dataset.read(tmp_path / "a.h5")
    assert np.unique(found.factors[found.rows("test"), 0]).size == 1
