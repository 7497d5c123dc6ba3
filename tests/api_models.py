"""What the tests of the Python API share: images, a trained model, and what the command makes of its data."""

import numpy as np
import pytest
from conftest import square_grid

import disentool
from disentool.commands.encode import encode
from disentool.commands.train import train
from disentool.io import latents
from disentool.training.plan import plan


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return square_grid()[0]


@pytest.fixture(scope="module")
def model(trained) -> disentool.Model:
    return disentool.load(trained, device="cpu")


@pytest.fixture(scope="module")
def table(trained, tmp_path_factory) -> latents.Latents:
    """What the command makes of the whole data set."""
    return latents.read(encode(trained, tmp_path_factory.mktemp("latents") / "z.h5", device="cpu"))


def made(squares, folder, method: str, **given) -> disentool.Model:
    """The model of a method after two steps on the squares."""
    small = {"steps": 2, "data": str(squares), "device": "cpu", "batch_size": 8}
    return disentool.load(next(train(plan(method, small | given, output=str(folder / f"{method}.pt")))), device="cpu")
