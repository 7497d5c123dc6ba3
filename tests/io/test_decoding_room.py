"""Large pictures that are decoded in threads wait for each other, and in bands of rows they have the same pixels."""

import io
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from disentool.datasets import folder, picture_files
from disentool.io import archive, decoding_room, picture_bands, published_images, read_images


@pytest.fixture
def most(monkeypatch) -> list[int]:
    """How many pictures were decoded at once, in each call of the decoder."""
    found, inside, lock = [], [], threading.Lock()
    original = picture_bands.flat

    def slowly(*arguments, **named):
        with lock:
            inside.append(1)
            found.append(len(inside))
        time.sleep(0.01)
        made = original(*arguments, **named)
        with lock:
            inside.pop()
        return made

    monkeypatch.setattr(picture_bands, "flat", slowly)
    monkeypatch.setattr(picture_files, "cpu_count", lambda: 8)
    return found


def _pictures(tmp_path, count: int, side: int) -> None:
    for i in range(count):
        Image.new("RGB", (side, side), (i, 0, 0)).save(tmp_path / f"{i}.png")


@pytest.mark.parametrize(("room", "at_once"), [(1, 1), (3 * 4 * 64 * 64, 3)])
def test_as_many_are_decoded_at_once_as_there_is_room_for(tmp_path, monkeypatch, most, room, at_once):
    monkeypatch.setattr(decoding_room, "_ROOM", room)
    _pictures(tmp_path, 12, 64)
    source = folder.open_source(tmp_path, size=(8, 8))
    blocks = np.concatenate(list(source.images(None)))
    assert blocks[:, 0, 0, 0].tolist() == list(range(12))
    assert max(most) == at_once


def test_members_of_an_archive_wait_as_well(tmp_path, monkeypatch, most):
    monkeypatch.setattr(decoding_room, "_ROOM", 1)
    _pictures(tmp_path, 12, 64)
    found = archive.members(tmp_path, (".png",), "pictures")
    images = picture_files.images_in(found, [f"{i}.png" for i in range(12)], 3, (8, 8))
    assert np.concatenate(list(images(None)))[:, 0, 0, 0].tolist() == list(range(12))
    assert max(most) == 1


def test_small_pictures_do_not_wait(tmp_path, most):
    _pictures(tmp_path, 24, 64)
    assert sum(map(len, folder.open_source(tmp_path, size=(8, 8)).images(None))) == 24
    assert max(most) > 3


def test_one_that_cannot_be_read_leaves_its_room(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding_room, "_ROOM", 1)
    _pictures(tmp_path, 4, 64)
    whole = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(whole[:-30])
    source = folder.open_source(tmp_path, size=(8, 8))
    with pytest.raises(Exception, match=r"1\.png"):
        list(source.images(None))
    assert decoding_room._taken == 0
    assert sum(map(len, source.without([(Path("1.png"), "damaged")]).images(None))) == 4 - 1


def test_few_large_items_are_kept():
    read = []

    def items():
        for i in range(20):
            read.append(i)
            yield i

    results = picture_files.in_threads(lambda item: item, items(), item_bytes=lambda item: 40 << 20)
    for taken, result in enumerate(results):
        assert result == taken
        assert len(read) <= taken + 2


def _noise(mode: str) -> Image.Image:
    random = np.random.default_rng(0)
    if mode == "I;16":
        return Image.fromarray(random.integers(0, 65536, (50, 30), dtype=np.uint16))
    if mode in ("1", "P"):
        return Image.fromarray(random.integers(0, 256, (50, 30), dtype=np.uint8)).convert(mode)
    shape = (50, 30, *((len(mode),) if len(mode) > 1 else ()))
    return Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8))


@pytest.mark.parametrize("turned", [1, 6])
@pytest.mark.parametrize(
    ("mode", "options"),
    [
        *((mode, {}) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
        ("P", {"transparency": 3}),
        ("P", {"transparency": bytes(range(256))}),
        ("RGB", {"transparency": (10, 20, 30)}),
        ("I;16", {"transparency": 300}),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_bands_have_the_pixels_of_the_whole(tmp_path, monkeypatch, mode, options, turned, channels):
    exif = Image.Exif()
    exif[0x0112] = turned
    _noise(mode).save(tmp_path / "a.png", exif=exif, **options)
    whole = read_images.picture(tmp_path / "a.png", channels, (40, 20))
    monkeypatch.setattr(picture_bands, "_BAND", 100)
    bands = read_images.picture(tmp_path / "a.png", channels, (40, 20))
    assert (bands.pixels == whole.pixels).all()
    assert bands[1:] == whole[1:]


def test_large_blocks_of_pillow_return_to_the_system(tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    read_images.picture(tmp_path / "a.png", 1, (8, 8))
    assert Image.core.get_block_size() >= 64 << 20


def test_a_picture_of_a_download_is_held_until_it_is_left():
    stream = io.BytesIO()
    Image.new("RGB", (10, 10)).save(stream, "PNG")
    with published_images.decoded(stream.getvalue(), Path("download.zip"), "a.png", 3) as picture:
        assert picture.shape == (10, 10, 3)
        assert decoding_room._taken == 400
    assert decoding_room._taken == 0
