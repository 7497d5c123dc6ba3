"""``disentool prepare --verify`` and ``--list``."""

import h5py
import numpy as np
import pytest
from conftest import NAMES, SIZES, square_grid, write_dataset

from disentool.datasets import DATASETS, catalogue
from disentool.io import hdf5
from disentool.io.schema import DATASET


def test_verify_says_what_is_there(cli, folder, squares):
    outcome = cli("prepare", "--verify", squares)
    outcome.printed(squares)
    assert all(words in outcome.err for words in ("192", "32x32x1", "size 3", "pos_x 8", "pos_y 8", "grid", "digest"))
    cli("prepare", "dsprites", "--subset", 50, "--split", "rows:0.2", "-o", "a.h5")
    outcome = cli("prepare", "--verify", "a.h5")
    outcome.printed("a.h5")
    assert all(words in outcome.err for words in ("50 of 737,280", "40", "10"))
    assert cli("prepare", "--verify", "a.h5", "-q").err == ""


def edited(path, change):
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def test_verify_finds_damage(cli, folder):
    images, factors = square_grid()
    path = write_dataset(folder / "a.h5", images, factors)
    cli("prepare", "--verify", edited(path, lambda f: f["images"].__setitem__((5, 0, 0, 0), 1))).failed(1, "digest")
    cli("prepare", "--verify", edited(path, lambda f: f["factors"].__setitem__((5, 0), 9))).failed(1, "row 5", "size 9")
    path.write_bytes(path.read_bytes()[:5000])
    cli("prepare", "--verify", path).failed(1, "a.h5: ")
    cli("prepare", "--verify", "nothing.h5").failed(1, "nothing.h5")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f[:-1], "191"),
        (
            lambda f: np.concatenate([f[:-1], f[:1]]),
            "1 combination ",
        ),
        (lambda f: f[::-1], "order"),
    ],
)
def test_verify_wants_a_whole_grid(cli, folder, change, words):
    images, factors = square_grid()
    changed = change(factors)
    path = write_dataset(folder / "a.h5", images[: len(changed)], changed)
    cli("prepare", "--verify", path).failed(1, words)


@pytest.mark.parametrize("values", [np.zeros(4), np.array([1, np.nan, 2])])
def test_verify_wants_a_value_for_every_class(cli, folder, values):
    images, factors = square_grid()
    with hdf5.create(folder / "a.h5", DATASET) as out:
        out.array("images", images)
        out.array("factors", factors)
        out.array("factor_values/size", values)
        out.attributes(factor_names=NAMES, factor_sizes=SIZES)
    cli("prepare", "--verify", folder / "a.h5").failed(1, "factor_values/size")


def test_list_has_six_columns(cli):
    lines = cli("prepare", "--list").out.splitlines()
    assert [line.split("\t")[0] for line in lines] == list(DATASETS)
    assert all(len(line.split("\t")) == 6 for line in lines)
    assert next(line for line in lines if line.startswith("mpi3d")).endswith("\tCC BY 4.0")


def test_the_catalogue_names_files_that_can_be_checked():
    for facts in catalogue.PUBLISHED.values():
        for file in facts.files:
            assert all(mirror.startswith("http") and mirror.endswith(file.name) for mirror in file.mirrors)
            assert (
                not file.checksum
                or len(file.checksum.partition(":")[2]) == {"md5": 32, "sha256": 64}[file.checksum.partition(":")[0]]
            )
