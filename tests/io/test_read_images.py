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


# ---- orientation: one upright picture, red over blue on the left, white on the right, stored in every way

UPRIGHT = np.full((24, 16, 3), 255, np.uint8)
UPRIGHT[:12, :8] = (200, 0, 0)
UPRIGHT[12:, :8] = (0, 0, 200)
STORED = {  # EXIF's orientation -> the pixels that a camera stores of it
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.transpose(1, 0, 2),
    6: UPRIGHT.transpose(1, 0, 2)[::-1],
    7: UPRIGHT.transpose(1, 0, 2)[::-1, ::-1],
    8: UPRIGHT.transpose(1, 0, 2)[:, ::-1],
}


def exif_of(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def png_with(path, pixels, extra: bytes, *, late: bool):
    """A PNG with a chunk before its pixels, or behind them."""
    content = save(path, pixels).read_bytes()
    at = content.index(b"IEND" if late else b"IDAT") - 4
    path.write_bytes(content[:at] + extra + content[at:])


def stored_sideways(path, kind: str, orientation: int) -> None:
    pixels = np.ascontiguousarray(STORED[orientation])
    exif = exif_of(orientation)
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf tiff:Orientation="{orientation}"/></x:xmpmeta>'.encode()
    if kind in ("jpg", "webp"):
        save(path, pixels, exif=exif, quality=100, **({"subsampling": 0} if kind == "jpg" else {"lossless": True}))
    elif kind == "jpg-xmp":
        save(path, pixels, xmp=xmp, quality=100, subsampling=0)
    elif kind == "tif":
        save(path, pixels, tiffinfo={0x0112: orientation})
    elif kind == "tif-deflate":
        save(path, pixels, tiffinfo={0x0112: orientation}, compression="tiff_adobe_deflate")
    elif kind == "png-raw-profile":
        profile = f"\nexif\n{len(exif):8}\n{exif.hex()}\n".encode()
        png_with(path, pixels, chunk(b"tEXt", b"Raw profile type exif\0" + profile), late=False)
    elif kind in ("png-xmp", "png-late-xmp"):
        text = b"XML:com.adobe.xmp" + bytes(5) + xmp
        png_with(path, pixels, chunk(b"iTXt", text), late=kind == "png-late-xmp")
    else:
        png_with(path, pixels, chunk(b"eXIf", exif.removeprefix(b"Exif\0\0")), late=kind == "png-late")


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize(
    "kind",
    [
        "jpg",
        "jpg-xmp",
        "webp",
        "tif",
        "tif-deflate",
        "png",
        "png-late",
        "png-raw-profile",
        "png-xmp",
        "png-late-xmp",
    ],
)
def test_every_orientation_of_every_kind_is_turned_upright(tmp_path, kind, orientation):
    path = tmp_path / f"a.{kind.partition('-')[0]}"
    stored_sideways(path, kind, orientation)
    assert read_images.header(path)[:2] == (24, 16)
    found = read_images.picture(path, 3, (24, 16))
    assert found.had == (24, 16)
    assert np.abs(found.pixels.astype(int) - UPRIGHT).max() <= 3  # of JPEG's rounding


@pytest.mark.parametrize("deep", [False, True])
def test_a_sideways_tiff_of_greys(tmp_path, deep):
    stored = STORED[6][:, :, 0].astype(np.uint16) * 257 if deep else np.ascontiguousarray(STORED[6][:, :, 0])
    save(tmp_path / "a.tif", stored, tiffinfo={0x0112: 6})
    assert read_images.header(tmp_path / "a.tif") == (24, 16, True)
    assert np.array_equal(read_images.read(tmp_path / "a.tif", 1, (24, 16))[0][:, :, 0], UPRIGHT[:, :, 0])


# ---- sixteen bits: 0..65535 in 256 steps, in every way of storing them

STEPS = (np.arange(256).reshape(16, 16) * 257).astype(np.uint16)
BYTES = (STEPS // 257).astype(np.uint8)


def tiff(path, stored: np.ndarray, tags: dict[int, int], order: str = "<") -> None:
    """A TIFF of one strip: short or long tags, then the pixels."""
    height, width = stored.shape
    data = stored.astype(stored.dtype.newbyteorder(order)).tobytes()
    facts = {256: width, 257: height, 258: 8 * stored.itemsize, 259: 1, 277: 1, 278: height, 279: len(data)} | tags
    facts[273] = 8 + 2 + 12 * (len(facts) + 1) + 4
    big = "big" if order == ">" else "little"
    entries = b"".join(
        tag.to_bytes(2, big) + (4).to_bytes(2, big) + (1).to_bytes(4, big) + value.to_bytes(4, big)
        for tag, value in sorted(facts.items())
    )
    start = (b"MM\0*" if order == ">" else b"II*\0") + (8).to_bytes(4, big)
    path.write_bytes(start + len(facts).to_bytes(2, big) + entries + bytes(4) + data)


def pgm(path, stored: np.ndarray, largest: int) -> None:
    path.write_bytes(b"P5 16 16 %d\n" % largest + stored.astype(">u2").tobytes())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("png", BYTES),
        ("pgm-65535", BYTES),
        ("pgm-4095", BYTES),
        ("tif", BYTES),
        ("tif-big-endian", BYTES),
        ("tif-white-is-zero", 255 - BYTES),
        ("tif-white-is-zero-8-bits", 255 - BYTES),
    ],
)
def test_sixteen_bits_of_every_kind(tmp_path, kind, expected):
    path = tmp_path / f"a.{kind[:3]}"
    if kind == "png":
        save(path, STEPS)
    elif kind.startswith("pgm"):
        largest = int(kind[4:])
        pgm(path, np.round(STEPS / 65535 * largest), largest)
    else:
        white_is_zero = {262: 0 if "zero" in kind else 1}
        tiff(path, BYTES if "8-bits" in kind else STEPS, white_is_zero, ">" if "endian" in kind else "<")
    found = read_images.picture(path, 1, (16, 16))
    assert np.abs(found.pixels[:, :, 0].astype(int) - expected).max() <= 1  # of 4,095's rounding
    assert found.largest == (None if "8-bits" in kind else 65535)
    assert read_images.header(path).grey


def test_twelve_bits_packed_in_a_tiff(tmp_path):
    twelve = (BYTES.astype(int) * 16 + BYTES // 16).ravel()  # 0..4095
    bits = "".join(f"{value:012b}" for value in twelve)
    packed = np.array([int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)], np.uint8).reshape(16, 24)
    tiff(tmp_path / "a.tif", packed, {256: 16, 258: 12, 262: 1})
    found = read_images.picture(tmp_path / "a.tif", 1, (16, 16))
    assert np.abs(found.pixels[:, :, 0].astype(int) - BYTES).max() <= 1 and found.largest == 65535


def test_a_transparent_grey_of_sixteen_bits_is_laid_on_white(tmp_path):
    grey = STEPS // 2
    grey[3, 3] = 1000
    png_with(tmp_path / "a.png", grey, chunk(b"tRNS", (1000).to_bytes(2, "big")), late=False)
    found = read_images.picture(tmp_path / "a.png", 1, (16, 16))
    assert found.pixels[3, 3, 0] == 255 and found.pixels[3, 4, 0] == STEPS[3, 4] // 2 // 257
    assert found.largest == 32767


def test_a_transparent_colour_of_sixteen_bits_is_laid_on_white(tmp_path):
    rows = b"".join(b"\0" + colour * 4 for colour in (b"\x80\0\0\0\x10\0", b"\x20\0\x30\0\x40\0"))
    size = (4).to_bytes(4, "big") + (2).to_bytes(4, "big") + bytes((16, 2, 0, 0, 0))
    clear = chunk(b"tRNS", b"\x80\0\0\0\x10\0")
    parts = chunk(b"IHDR", size), clear, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    image, _ = read_images.read(tmp_path / "a.png", 3, (2, 4))
    assert (image[0] == 255).all() and (image[1] == (0x20, 0x30, 0x40)).all()


def test_grey_with_transparency_of_sixteen_bits_is_grey(tmp_path):
    stored = np.stack([np.full((8, 8), 0x8080), np.full((8, 8), 0xFFFF)], -1).astype(">u2")
    stored[0, :, 1] = 0
    lines = b"".join(b"\0" + line.tobytes() for line in stored)
    head = chunk(b"IHDR", bytes([0, 0, 0, 8, 0, 0, 0, 8, 16, 4, 0, 0, 0]))
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    )
    assert read_images.header(tmp_path / "a.png").grey
    pixels, _ = read_images.read(tmp_path / "a.png", 1, (8, 8))
    assert pixels[0, 0, 0] == 255 and pixels[1, 0, 0] == 128


def test_how_bright_sixteen_bits_are_is_told(tmp_path):
    save(tmp_path / "a.png", STEPS // 16)
    found = read_images.picture(tmp_path / "a.png", 1, (16, 16))
    assert found.largest == 4095 and found.pixels.max() == 15


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_pixels_with_signs_are_refused(tmp_path, bits):
    tiff(tmp_path / "a.tif", np.zeros((16, 16), f"i{bits // 8}"), {262: 1, 339: 2})
    with pytest.raises(ForeignFile, match=rf"{bits}-bit"):
        read_images.read(tmp_path / "a.tif", 1, (16, 16))


# ---- frames, and what is no picture of its own


@pytest.mark.parametrize("kind", ["gif", "png", "webp", "tif"])
def test_of_several_frames_the_first_is_read(tmp_path, kind):
    frames = [Image.fromarray(np.full((16, 16, 3), 40 * i, np.uint8)) for i in range(6)]
    frames[0].save(tmp_path / f"a.{kind}", save_all=True, append_images=frames[1:])
    found = read_images.picture(tmp_path / f"a.{kind}", 3, (16, 16))
    assert found.frames == 6 and (found.pixels == 0).all()


def test_pages_are_counted_up_to_a_bound(tmp_path, monkeypatch):
    pages = [Image.fromarray(np.full((4, 4), i, np.uint8)) for i in range(20)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    monkeypatch.setattr(read_images, "_MOST_PAGES", 7)
    found = read_images.picture(tmp_path / "a.tif", 1, (4, 4))
    assert found.frames == 7 and (found.pixels == 0).all()


def test_no_other_program_is_started_for_a_picture(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *given: started.append(given))
    (tmp_path / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n")
    with pytest.raises(ForeignFile, match="not a picture"):
        read_images.read(tmp_path / "a.png", 1, (8, 8))
    assert not started


def test_a_damaged_tiff_is_refused_without_a_word_of_the_library(tmp_path, capfd):
    """Libtiff prints by itself what is wrong with packed pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    path = save(tmp_path / "a.tif", pixels, compression="tiff_lzw")
    with Image.open(path) as image:
        at = image.tag_v2[273][0]
    data = bytearray(path.read_bytes())
    data[at + 10 : at + 40] = b"\xff" * 30
    path.write_bytes(data)
    with pytest.raises(ForeignFile, match=r"a\.tif"):
        read_images.read(path, 3, (16, 16))
    assert capfd.readouterr() == ("", "")
