"""Pictures that are decoded in threads: their order, blocks that come in time, and what an interrupt leaves undone."""

import threading
import time
from pathlib import Path

import numpy as np
from joblib import cpu_count
from PIL import Image

from disentool.datasets import folder, picture_files, source
from disentool.io import read_images


def test_an_interrupt_does_not_wait_for_what_has_not_begun():
    begun, go = [], threading.Event()

    def function(item: int) -> int:
        begun.append(item)
        assert item == 0 or go.wait(60)
        return item

    results = picture_files.in_threads(function, range(1000))
    assert next(results) == 0
    threading.Timer(0.2, go.set).start()
    results.close()
    assert len(begun) <= 2 * cpu_count() + 1


def test_few_large_results_are_kept():
    begun = []
    for taken, _ in enumerate(picture_files.in_threads(begun.append, range(100), 60 << 20), 1):
        assert len(begun) <= taken + 1


def test_pictures_that_take_long_come_before_their_block_is_full(tmp_path, monkeypatch):
    for i in range(8):
        Image.new("L", (8, 8), 20 * i).save(tmp_path / f"{i}.png")
    original = read_images.picture

    def slowly(path: Path, *arguments):
        time.sleep(0.03 if path.name == "0.png" else 0.01)
        return original(path, *arguments)

    monkeypatch.setattr(read_images, "picture", slowly)
    monkeypatch.setattr(source, "_PATIENCE", 0.005)
    blocks = list(folder.open_source(tmp_path).images(None))
    assert len(blocks) > 1
    assert np.concatenate(blocks)[:, 0, 0, 0].tolist() == [20 * i for i in range(8)]
