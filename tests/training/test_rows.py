"""``--rows train|test|all``: training, encoding and scoring keep to the data's split."""

import json

import numpy as np
import pytest
from conftest import NAMES, SIZES, SMALL_FACTOR, flags, square_grid

from disentool.engine.feed import Feed
from disentool.io import checkpoint, hdf5, latents
from disentool.io.schema import DATASET


def write_split(path, split=None):
    """The grid of squares with a split: the largest squares, 64 of 192, are for testing."""
    images, factors = square_grid()
    split = (factors[:, 0] == 2).astype(np.uint8) if split is None else split
    with hdf5.create(path, DATASET) as out:
        out.array("images", images)
        out.array("factors", factors)
        out.array("split", split)
        out.attributes(name="squares", grid=True, factor_names=NAMES, factor_sizes=SIZES)
    return path


TRAIN = ["train", "factorvae", *flags(SMALL_FACTOR | {"steps": 5, "device": "cpu"})]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_split(tmp_path_factory.mktemp("rows") / "squares.h5")


def test_training_keeps_to_the_split(cli, folder, data):
    outcome = cli(*TRAIN, "--data", data)
    outcome.printed("ckpt.pt")
    assert "128 of 192" in outcome.err
    content = checkpoint.read(folder / "ckpt.pt")
    assert content["data"]["shape"] == [128, 32, 32, 1]
    assert content["statistics"]["rows"] == 128
    assert set(content["samples"]["rows"]) <= set(range(128))
    cli(*TRAIN, "--data", data, "--rows", "test", "-o", "test.pt").printed("test.pt")
    content = checkpoint.read(folder / "test.pt")
    assert set(content["samples"]["rows"]) <= set(range(128, 192))
    kept = dict(zip(content["samples"]["rows"], content["samples"]["images"].numpy(), strict=True))
    for row, image in kept.items():
        np.testing.assert_array_equal(image, square_grid()[0][row])
    cli(*TRAIN, "--data", data, "--rows", "all", "-o", "all.pt").printed("all.pt")
    assert checkpoint.read(folder / "all.pt")["data"]["shape"][0] == 192
    cli(*TRAIN, "--data", data, "--rows", "all", "--resume").failed(1, "--rows auto")


def test_training_on_part_is_training_on_the_part_alone(cli, folder, data):
    """The same weights as from a file that has only those rows."""
    images, factors = square_grid()
    with hdf5.create(folder / "part.h5", DATASET) as out:
        out.array("images", images[:128])
        out.array("factors", factors[:128])
        out.attributes(name="part", factor_names=NAMES, factor_sizes=SIZES)
    cli(*TRAIN, "--data", data, "-o", "a.pt").printed("a.pt")
    cli(*TRAIN, "--data", "part.h5", "-o", "b.pt").printed("b.pt")
    one, other = (checkpoint.read(folder / name)["networks"] for name in ("a.pt", "b.pt"))
    for network, state in one.items():
        for key, value in state.items():
            assert (value == other[network][key]).all()


def test_epochs_are_of_the_rows(cli, folder, data):
    arguments = [word for word in TRAIN if word not in ("--steps", "5")]
    cli(*arguments, "--data", data, "--epochs", 2, "-o", "a.pt").printed("a.pt")
    assert checkpoint.read(folder / "a.pt")["step"] == 16  # 2 x 128 / 16


def test_encode_keeps_to_the_split(cli, folder, data, trained):
    cli("encode", trained, "--data", data, "--rows", "test", "-o", "test.h5").printed("test.h5")
    cli("encode", trained, "--data", data, "-o", "all.h5").printed("all.h5")
    part, whole = latents.read(folder / "test.h5"), latents.read(folder / "all.h5")
    np.testing.assert_allclose(part.mean, whole.mean[128:], atol=1e-5)
    np.testing.assert_array_equal(part.factors, square_grid()[1][128:])
    with hdf5.opened(folder / "test.h5") as file:
        np.testing.assert_array_equal(file["row"][()], np.arange(128, 192))
        assert not hdf5.attribute(file, "grid", True)


def test_scoring_keeps_to_the_split(cli, folder, data, trained):
    """A checkpoint on the test rows scores as the latents of the test rows do."""
    cli("encode", trained, "--data", data, "--rows", "test", "-o", "test.h5").printed("test.h5")
    options = ["--metric", "factor", "--metric", "kl"]
    one = cli("score", trained, "--data", data, "--rows", "test", *options)
    other = cli("score", "test.h5", *options)
    records = [[json.loads(line) for line in outcome.out.splitlines()] for outcome in (one, other)]
    assert len(records[0]) == 2
    for mine, its in zip(*records, strict=True):
        assert (mine["metric"], mine["rows"], mine["split"]) == (its["metric"], 64, "test")
        assert mine["score"] == pytest.approx(its["score"], rel=1e-4)
    whole = json.loads(cli("score", trained, "--data", data).out)
    assert (whole["rows"], whole["split"]) == (192, "all")
    error = json.loads(cli("score", trained, "--data", data, "--rows", "test", "--metric", "reconstruction").out)
    assert error["rows"] == 64
    cli("score", "test.h5", "--rows", "test").failed(2, "test.h5")


def test_no_split(cli, folder, squares, trained):
    cli("encode", trained, "--data", squares, "--rows", "test", "-o", "a.h5").failed(1, "split")
    cli(*TRAIN, "--data", squares, "--rows", "train").failed(1, "--rows all")
    cli("encode", trained, "--rows", "some").failed(2, "--rows")
    write_split(folder / "empty.h5", np.zeros(192, np.uint8))
    cli("encode", trained, "--data", "empty.h5", "--rows", "test").failed(1, "empty.h5")
    write_split(folder / "odd.h5", np.full(192, 2, np.uint8))
    cli("encode", trained, "--data", "odd.h5").failed(1, "odd.h5")


def test_feed_of_some_rows():
    import torch

    images, factors = square_grid()
    rows = np.array([3, 50, 100, 191])
    feed = Feed(images, factors, torch.device("cpu"), rows=rows)
    assert len(feed) == 4
    batch = feed.batch(np.array([3, 0, 3]))
    np.testing.assert_array_equal(batch.rows, [3, 0, 3])  # counted among the four
    np.testing.assert_array_equal(batch.factors, factors[[191, 3, 191]])
    expected = images[[191, 3, 191]].transpose(0, 3, 1, 2).astype(np.float32) / 255
    np.testing.assert_array_equal(batch.images, expected)
