"""Data whose file becomes shorter while it is read: one line instead of the system's "Bus error"."""

import os

import numpy as np
import pytest
import torch
from conftest import SMALL, flags, shell, square_grid, write_dataset

from disentool.engine.feed import Feed
from disentool.errors import DataCut
from disentool.io import checkpoint, dataset

CPU = torch.device("cpu")


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("rows", [None, np.arange(100, 192)])
def test_a_batch_of_a_file_that_was_cut(tmp_path, rows):
    path = write_dataset(tmp_path / "a.h5", *square_grid())
    feed = Feed(dataset.read(path).images, None, CPU, rows=rows)
    assert feed.batch(np.arange(4)).images.shape == (4, 1, 32, 32)
    cut(path)
    with pytest.raises(DataCut, match=r"a\.h5"):
        feed.batch(np.arange(4))
    with pytest.raises(DataCut, match=r"a\.h5"):
        feed.gather(torch.arange(4))


def test_a_file_that_is_replaced_is_read_on(tmp_path):
    """What is mapped is the old file, which is whole."""
    path = write_dataset(tmp_path / "a.h5", *square_grid())
    feed = Feed(dataset.read(path).images, None, CPU)
    before = feed.batch(np.arange(4)).images
    (tmp_path / "b").write_bytes(b"short")
    os.replace(tmp_path / "b", path)
    assert feed.batch(np.arange(4)).images.equal(before)


def test_images_in_memory_have_no_file():
    assert Feed(square_grid()[0], None, CPU).batch(np.arange(2)).images.shape == (2, 1, 32, 32)


def test_training_keeps_the_last_saved_step(folder):
    images, factors = square_grid()
    path = write_dataset(folder / "a.h5", np.tile(images, (20, 1, 1, 1)), np.tile(factors, (20, 1)))
    options = flags(SMALL | {"steps": 1_000_000, "keep_every": 20, "data": "a.h5", "device": "cpu"})
    process = shell("train", "vae", *options, "-q")
    try:
        assert process.stdout.readline() == "ckpt-20.pt\n"
        cut(path)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1, (out, err)
    assert err.count("\n") == 1 and "a.h5: became shorter" in err and "ckpt.pt keeps" in err
    assert checkpoint.read(folder / "ckpt.pt")["step"] >= 20
