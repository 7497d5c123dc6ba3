"""One class that is written as several columns, and one picture that is given for many."""

import numpy as np
import pytest

from disentool.datasets import factor_columns, one_hot
from disentool.io import dataset

CLASSES = np.random.default_rng(0).integers(0, 3, 12)
IMAGES = np.random.default_rng(1).integers(0, 256, (12, 8, 10, 3), np.uint8)


@pytest.mark.parametrize("dtype", [np.float64, np.uint8, bool])
@pytest.mark.parametrize("width", [3, 5])
def test_one_hot_labels_are_one_class(cli, folder, dtype, width):
    np.savez("a.npz", images=IMAGES, labels=np.eye(width)[CLASSES].astype(dtype))
    done = cli("prepare", "a.npz", "-o", "d.h5")
    done.printed("d.h5")
    assert "one-hot" in done.err
    data = dataset.read(folder / "d.h5")
    assert data.factor_names == ("labels",) and data.factor_sizes == (width,)
    assert data.factors[:, 0].tolist() == CLASSES.tolist()


@pytest.mark.parametrize("table", [[[0, 0], [0, 1], [1, 0], [1, 1]], [[1, 0], [1, 0]], [[0, 2], [2, 0]], [[1], [1]]])
def test_what_is_no_one_hot_table(table):
    assert not one_hot.is_one_hot(np.array(table))


def test_named_columns_stay_factors_and_are_said_to_be_one_class(cli, folder):
    from PIL import Image

    (folder / "in").mkdir()
    lines = ["file,colour_red,colour_green,colour_blue,x"]
    for i, one in enumerate(np.eye(3, dtype=int)[CLASSES]):
        Image.fromarray(IMAGES[i]).save(f"in/{i}.png")
        lines.append(f"{i}.png,{one[0]},{one[1]},{one[2]},{i % 2}")
    (folder / "t.csv").write_text("\n".join(lines))
    done = cli("prepare", "in", "--csv", "t.csv", "-o", "d.h5")
    done.printed("d.h5")
    assert "one-hot" in done.err and "colour_green" in done.err
    assert dataset.read(folder / "d.h5").factor_sizes == (2, 2, 2, 2)


@pytest.mark.parametrize(
    ("left", "right", "told"),
    [
        (["0", "1", "1"], ["1", "0", "0"], True),
        (["yes", "no", "no"], ["no", "yes", "yes"], True),
        (["True", "false", "false"], ["false", "True", "True"], True),
        (["left", "right", "right"], ["b", "a", "a"], False),
        (["3", "5", "5"], ["5", "3", "3"], False),
        (["yes", "no", "no"], ["yes", "no", "no"], False),
    ],
)
def test_only_words_of_yes_and_no_are_one_hot(left, right, told):
    factors = [factor_columns.from_column(name, words) for name, words in (("hand", left), ("side", right))]
    assert bool(one_hot.remarks(factors)) == told


@pytest.mark.parametrize("channels", [1, 3])
def test_one_picture_is_not_many_grey_ones(cli, folder, channels):
    np.save("one.npy", IMAGES[0, ..., :channels])
    cli("prepare", "one.npy", "-o", "d.h5").failed(1, "picture")
    np.savez("labelled.npz", images=IMAGES[0, ..., :channels], labels=np.arange(8))
    done = cli("prepare", "labelled.npz", "-o", "d.h5")
    done.printed("d.h5")
    assert dataset.read(folder / "d.h5").images.shape == (8, 10, channels, 1)
    assert "below 8" in done.err  # a network takes no less
    cli("prepare", "one.npy", "--axes", "NHW", "--size", 16, "-o", "e.h5").printed("e.h5")
    assert dataset.read(folder / "e.h5").images.shape == (8, 16, 16, 1)


def test_three_pictures_that_may_be_one_are_noted(cli, folder):
    np.save("chw.npy", IMAGES[0].transpose(2, 0, 1))
    done = cli("prepare", "chw.npy", "-o", "d.h5")
    done.printed("d.h5")
    assert "[1, 3, 8, 10]" in done.err
