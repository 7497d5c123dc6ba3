"""Extreme data and options: every method ends with a finite checkpoint, or with one line that names what is wrong."""

import numpy as np
import pytest
from conftest import square_grid, write_dataset

from disentool.io import records
from disentool.methods import METHODS

SMALL = {
    "factorvae": "--hidden-units 8 --discriminator-units 8",
    "aae": "--hidden-units 8 --discriminator-units 8",
    "mlvae": "--hidden-units 8 --class-factor size --group-size 4",
    "drnet": "--width 4 --class-factor size",
    "lord": "--preset small --width 4 --class-factor size",
}
GANS = ("infogan", "infowgan-gp")  # which have no hidden units
WEIGHTS = {
    "betavae": "--beta",
    "factorvae": "--gamma",
    "betatcvae": "--beta",
    "dipvae": "--lambda-od",
    "aae": "--prior-weight",
    "infogan": "--information-weight",
    "infowgan-gp": "--penalty-weight",
    "mlvae": "--beta",
    "lord": "--penalty-weight",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    images, factors = square_grid()
    folder = tmp_path_factory.mktemp("extremes")
    one_level = factors[:, 0] == 0
    sets = {
        "grid": (images, factors),
        "black": (np.zeros_like(images), factors),
        "white": (np.full_like(images, 255), factors),
        "one image": (images[:1], factors[:1]),
        "two images": (images[:2], factors[:2]),
        "one level": (images[one_level], factors[one_level]),
    }
    return {name: write_dataset(folder / f"{name}.h5", *arrays) for name, arrays in sets.items()}


def train(cli, method, data, *more, steps=3, batch=8):
    small = SMALL.get(method, "" if method in GANS else "--hidden-units 8").split()
    common = ("--steps", steps, "--batch-size", batch, "--log-every", 1, "--device", "cpu", "-q", "--overwrite")
    return cli("train", method, "--data", data, *small, *common, "-o", "m.pt", *more)


def require_sense(done, case) -> None:
    """It is complete with finite numbers, or says in one line why not."""
    assert done.code in (0, 1, 2) and "internal error" not in done.err, (case, done.err)
    if done.code:
        assert done.err.startswith("disentool: ") and done.err.count("\n") == 1, (case, done.err)
    else:
        lines = records.read_lines("m.history.jsonl")[1]
        assert None not in [value for line in lines for value in line.values()], (case, lines)


@pytest.mark.parametrize("method", METHODS)
def test_data_of_one_kind_or_few(method, data, cli, folder):
    for name, path in data.items():
        require_sense(train(cli, method, path), name)
    assert train(cli, method, data["grid"], steps=0).code == 0
    assert train(cli, method, data["black"]).code == 0


@pytest.mark.parametrize("method", METHODS)
def test_rates_and_weights(method, data, cli, folder):
    for rate in ("1e-30", "1e30"):
        require_sense(train(cli, method, data["grid"], "--learning-rate", rate), rate)
    for rate in ("0", "nan", "inf", "-1"):
        done = train(cli, method, data["grid"], "--learning-rate", rate)
        assert done.code == 2 and f"got '{rate}'" in done.err
    for weight in ("0", "1e30", "1e300", "nan", "inf", "-1") if method in WEIGHTS else ():
        require_sense(train(cli, method, data["grid"], WEIGHTS[method], weight), weight)


@pytest.mark.parametrize("method", [method for method in METHODS if method not in (*GANS, "lord")])
def test_a_batch_larger_than_the_data(method, data, cli, folder):
    require_sense(train(cli, method, data["one level"], steps=1, batch=128), "batch")
