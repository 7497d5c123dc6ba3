"""What the tests share: a small complete grid of squares, and a checkpoint trained on it for a moment."""

import os
from pathlib import Path

# Small networks gain nothing from threads, and lose much when something else runs; subprocesses inherit it.
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pytest
import torch

from disentool.io import hdf5
from disentool.io.schema import DATASET
from disentool.stages.jobs import plan
from disentool.stages.train import train

torch.set_num_threads(1)

NAMES, SIZES = ("size", "pos_x", "pos_y"), (3, 8, 8)


def square_grid(side: int = 32, channels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """White squares of 3 sizes at 8 x 8 places: images uint8 [192,side,side,channels], factors int32 [192,3]."""
    factors = np.stack(np.meshgrid(*(np.arange(s) for s in SIZES), indexing="ij"), -1).reshape(-1, 3).astype(np.int32)
    images = np.zeros((len(factors), side, side, channels), np.uint8)
    unit = side // 16
    for image, (size, x, y) in zip(images, factors, strict=True):
        half, cx, cy = (size + 1) * unit, 3 * unit + x * 10 * unit // 7, 3 * unit + y * 10 * unit // 7
        image[max(cy - half, 0) : cy + half, max(cx - half, 0) : cx + half] = 255
    return images, factors


def write_dataset(path: Path, images: np.ndarray, factors: np.ndarray | None, **attributes) -> Path:
    """A data-set file of these arrays."""
    with hdf5.create(path, DATASET, overwrite=True) as out:
        out.array("images", images)
        facts = {"name": path.stem, "source": "a test", "likelihood": "bernoulli", "grid": False}
        if factors is not None:
            out.array("factors", factors.astype(np.int32))
            facts |= {"grid": True, "factor_names": NAMES, "factor_sizes": SIZES}
        out.attributes(**facts | attributes)
    return path


@pytest.fixture(scope="session")
def squares(tmp_path_factory) -> Path:
    """A data-set file: the whole grid of squares, 32x32."""
    return write_dataset(tmp_path_factory.mktemp("data") / "squares.h5", *square_grid())


SMALL = {"latent_dim": 4, "hidden_units": 32, "batch_size": 16}
SMALL_FACTOR = SMALL | {"discriminator_units": 32, "discriminator_layers": 2}


@pytest.fixture(scope="session")
def trained(squares, tmp_path_factory) -> Path:
    """A small FactorVAE after 30 steps on the squares."""
    output = tmp_path_factory.mktemp("model") / "ckpt.pt"
    given = SMALL_FACTOR | {"steps": 30, "log_every": 10, "data": str(squares), "device": "cpu"}
    return next(train(plan("factorvae", given, output=str(output))))


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty working folder, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISENTOOL_CACHE", str(tmp_path / "cache"))
    return tmp_path
