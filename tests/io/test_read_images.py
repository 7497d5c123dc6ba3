"""Reading the pictures of users."""

import zlib

import numpy as np
import pytest
from PIL import Image

from disentool.errors import ForeignFile, MissingFile
from disentool.io import read_images


def save(path, array, **options):
    Image.fromarray(array).save(path, **options)
    return path


def test_reading_keeps_the_pixels_of_a_picture_that_fits(tmp_path):
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    image, had = read_images.read(save(tmp_path / "a.png", grey), 1, (3, 4))
    assert image.dtype == np.uint8 and image.shape == (3, 4, 1) and had == (3, 4)
    assert np.array_equal(image[:, :, 0], grey)
    colour, _ = read_images.read(tmp_path / "a.png", 3, (3, 4))
    assert np.array_equal(colour, np.repeat(grey[:, :, None], 3, axis=2))


def test_reading_resizes_and_tells_the_size_it_was(tmp_path):
    image, had = read_images.read(save(tmp_path / "a.png", np.full((30, 50, 3), 90, np.uint8)), 3, (16, 16))
    assert image.shape == (16, 16, 3) and had == (30, 50) and (image == 90).all()


def test_reading_lays_transparency_on_white(tmp_path):
    clear = np.zeros((4, 4, 4), np.uint8)
    clear[:2] = (10, 20, 30, 255)
    image, _ = read_images.read(save(tmp_path / "a.png", clear), 3, (4, 4))
    assert (image[:2] == (10, 20, 30)).all() and (image[2:] == 255).all()


def test_reading_scales_sixteen_bits_to_eight(tmp_path):
    deep = np.array([[0, 257, 257 * 100, 65535]], np.uint16)
    image, _ = read_images.read(save(tmp_path / "a.png", deep), 1, (1, 4))
    assert image[0, :, 0].tolist() == [0, 1, 100, 255]


def test_reading_turns_a_photograph_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held sideways: turn clockwise
    wide = np.zeros((4, 8, 3), np.uint8)
    wide[:, :4] = 255
    image, had = read_images.read(save(tmp_path / "a.png", wide, exif=exif), 3, (8, 4))
    assert had == (8, 4) and (image[:4] == 255).all() and (image[4:] == 0).all()


def test_reading_what_is_no_picture(tmp_path):
    (tmp_path / "text.png").write_text("not a picture")
    whole = save(tmp_path / "whole.png", np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8)).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    for name in ("text.png", "cut.png"):
        with pytest.raises(ForeignFile, match=name):
            read_images.read(tmp_path / name, 1, (8, 8))
    with pytest.raises(MissingFile, match=r"none\.png"):
        read_images.read(tmp_path / "none.png", 1, (8, 8))
    with pytest.raises(MissingFile, match="folder"):
        read_images.read(tmp_path, 1, (8, 8))


@pytest.mark.parametrize("side", [9_000, 11_000, 30_000])
def test_reading_refuses_a_picture_that_would_fill_memory(tmp_path, side):
    path = tmp_path / "bomb.png"
    Image.new("1", (1, 1)).save(path)
    content = bytearray(path.read_bytes())
    content[16:24] = side.to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    path.write_bytes(content)
    with pytest.raises(ForeignFile, match=r"bomb\.png"):
        read_images.read(path, 1, (8, 8))


def test_reading_crops_about_the_centre_rather_than_squeezing(tmp_path):
    wide = np.zeros((20, 60), np.uint8)
    wide[:, 20:40] = 200  # the middle square
    image, had = read_images.read(save(tmp_path / "a.png", wide), 1, (10, 10))
    assert had == (20, 60) and (image == 200).all()


def test_resizing_is_antialiased(tmp_path):
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    image, _ = read_images.read(save(tmp_path / "a.png", stripes), 1, (16, 16))
    assert np.abs(image.astype(int) - 127).max() < 12  # nearest-neighbour sampling would give 0 or 255


@pytest.mark.parametrize(("mode", "grey"), [("1", True), ("L", True), ("LA", True), ("I;16", True), ("RGB", False)])
def test_headers(tmp_path, mode, grey):
    path = tmp_path / "a.png"
    Image.new(mode, (5, 3)).save(path)
    assert read_images.header(path) == (3, 5, grey)


def test_a_palette_becomes_its_colours(tmp_path):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 10, 200, 30])
    image.save(tmp_path / "a.png")
    assert (read_images.read(tmp_path / "a.png", 3, (4, 4))[0] == (10, 200, 30)).all()


@pytest.mark.parametrize(("dtype", "words"), [(np.float32, "floating-point"), (np.int32, "32-bit")])
def test_pixels_of_unknown_range_are_refused(tmp_path, dtype, words):
    Image.fromarray(np.full((4, 4), 200, dtype)).save(tmp_path / "a.tiff")
    with pytest.raises(ForeignFile, match=words):
        read_images.read(tmp_path / "a.tiff", 1, (4, 4))


def test_headers_do_not_decode(tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", np.zeros((4, 4), np.uint8))
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", None)
    assert read_images.header(path) == (4, 4, True)


def test_a_palette_of_greys_is_grey(tmp_path):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 90, 90, 90])
    image.save(tmp_path / "a.png")
    assert read_images.header(tmp_path / "a.png").grey
