"""Writing pictures so that what was drawn comes back."""

import sys

import numpy as np
import pytest
from PIL import Image, ImageSequence
from same_files import assert_same_bytes

from disentool.errors import MissingExtra, OutputExists, WrongUsage
from disentool.models.label import Label
from disentool.pictures import lettering, writing
from disentool.pictures.canvas import Sheet
from disentool.pictures.layout import Block, factor

GREYS = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)


def save(path, array, **options):
    Image.fromarray(array).save(path, **options)
    return path


def read_frames(path):
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)], dict(image.info)


def test_suffixes(tmp_path):
    writing.check_suffix(tmp_path / "a.PNG", writing.STILL)
    writing.check_suffix(tmp_path / "a.webp", writing.MOVING)
    with pytest.raises(WrongUsage, match=r"a\.jpg"):
        writing.check_suffix(tmp_path / "a.jpg", writing.STILL)
    with pytest.raises(WrongUsage):
        writing.check_suffix(tmp_path / "gif", writing.MOVING)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_video_needs_its_package(tmp_path, suffix, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(MissingExtra, match="imageio-ffmpeg"):
        writing.check_suffix(tmp_path / f"a{suffix}", writing.MOVING)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_video(tmp_path, suffix):
    pytest.importorskip("imageio_ffmpeg")
    frames = [np.full((31, 41, 3), 20 * i, np.uint8) for i in range(8)]
    for name in ("a", "b"):
        writing.write_animation(tmp_path / (name + suffix), frames, 10, overwrite=False)
    assert_same_bytes(tmp_path / f"a{suffix}", tmp_path / f"b{suffix}")


def test_png_comes_back_with_its_comment(tmp_path):
    writing.write_png(tmp_path / "a.png", GREYS, overwrite=False, comment="made by a test")
    with Image.open(tmp_path / "a.png") as image:
        assert np.array_equal(np.asarray(image), GREYS)
        assert image.info["Comment"] == "made by a test"
        assert round(image.info["dpi"][0]) == 300


def test_nothing_is_overwritten_unasked(tmp_path):
    for name, write in (
        ("a.png", lambda path, **options: writing.write_png(path, GREYS, **options)),
        ("a.gif", lambda path, **options: writing.write_animation(path, [GREYS, 255 - GREYS], 10, **options)),
    ):
        (tmp_path / name).write_bytes(b"mine")
        with pytest.raises(OutputExists):
            write(tmp_path / name, overwrite=False)
        assert (tmp_path / name).read_bytes() == b"mine"
        write(tmp_path / name, overwrite=True)
        assert (tmp_path / name).read_bytes() != b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gif", "a.png"]


def test_gif_keeps_all_256_greys_and_repeats_for_ever(tmp_path):
    frames = [np.roll(GREYS, i, axis=0) for i in range(7)]
    writing.write_animation(tmp_path / "a.gif", frames, 15, overwrite=False, comment="made by a test")
    found, info = read_frames(tmp_path / "a.gif")
    assert len(found) == 7
    assert all(np.array_equal(a, b) for a, b in zip(found, frames, strict=True))
    assert info["loop"] == 0 and info["duration"] == 70 and info["comment"] == b"made by a test"


def test_gif_keeps_few_colours_exactly(tmp_path):
    rng = np.random.default_rng(0)
    palette = rng.integers(0, 256, (200, 3), np.uint8)
    frames = [palette[rng.integers(0, 200, (20, 30))] for _ in range(4)]
    writing.write_animation(tmp_path / "a.gif", frames, 10, overwrite=False)
    found, _ = read_frames(tmp_path / "a.gif")
    assert all(np.array_equal(a, b) for a, b in zip(found, frames, strict=True))


def test_gif_of_many_colours_stays_close(tmp_path):
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    frames = [np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], np.uint8(60 * i)), axis=2) for i in range(4)]
    writing.write_animation(tmp_path / "a.gif", frames, 10, overwrite=False)
    found, _ = read_frames(tmp_path / "a.gif")
    errors = [np.abs(a.astype(int) - b).mean() for a, b in zip(found, frames, strict=True)]
    assert max(errors) < 8


def test_unchanged_areas_of_a_gif_cost_next_to_nothing(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)
    frames = [noise.copy() for _ in range(20)]
    for i, frame in enumerate(frames):
        frame[:10, :10] = frame[-10:, -10:] = 10 * i
    writing.write_animation(tmp_path / "one.gif", frames[:2], 10, overwrite=False)
    writing.write_animation(tmp_path / "all.gif", frames, 10, overwrite=False)
    one, many = ((tmp_path / name).stat().st_size for name in ("one.gif", "all.gif"))
    assert many < 1.5 * one


def test_webp_keeps_every_colour(tmp_path):
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (20, 30, 3), np.uint8) for _ in range(3)]
    writing.write_animation(tmp_path / "a.webp", frames, 20, overwrite=False)
    found, info = read_frames(tmp_path / "a.webp")
    assert all(np.array_equal(a, b) for a, b in zip(found, frames, strict=True))
    assert info["loop"] == 0


def test_images_are_enlarged_by_a_whole_number():
    assert [factor(64, 64, size) for size in (128, 64, 90, 10)] == [2, 1, 1, 1]
    assert factor(28, 20, 64) == 2
    assert factor(300, 300, 64) == 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.linspace(-3, 3, 13)[:4], ["-3.0", "-2.5", "-2.0", "-1.5"]),
        ([-1, 0, 1], ["-1", "0", "1"]),
        (np.linspace(-1, 1, 4), ["-1.00", "-0.33", "0.33", "1.00"]),
        ([-1e-12, 0.002, 0.004], ["0.000", "0.002", "0.004"]),
        ([5.0], ["5"]),
    ],
)
def test_numbers_of_an_axis_have_one_number_of_decimals(values, expected):
    assert lettering.numbers(values) == expected


def sheet(channels=1, heads=True, **options):
    cells = np.random.default_rng(0).integers(0, 200, (2, 3, 4, 5, channels), np.uint8)
    labels = (Label("z1", "2.00 nats"), Label("z0", "<0.01 nats", muted=True))
    side = np.full((4, 5, channels), 77, np.uint8)
    block = Block(labels, tuple(map(Label, ("-1", "0", "1"))), ((("input", side), ("again", side + 1)),), heads)
    return Sheet([block], 4, 5, 8, **options), cells, side


@pytest.mark.parametrize("channels", [1, 3])
def test_every_cell_is_where_the_sheet_says(channels):
    layout, cells, side = sheet(channels)
    picture = layout.draw([cells])
    assert picture.dtype == np.uint8 and picture.shape == (*layout.shape, 3)
    for row, column in np.ndindex(2, 3):
        y, x = layout.cell(0, row, column)
        part = picture[y : y + 32, x : x + 40]
        assert np.array_equal(part, np.broadcast_to(cells[row, column].repeat(8, 0).repeat(8, 1), (32, 40, 3)))
    for row in range(2):
        y, x = layout.aside(0, 0, row)
        assert (picture[y : y + 32, x : x + 40] == side[0, 0, 0] + row).all()


def test_nothing_overlaps_and_the_edge_is_white():
    layout, cells, _ = sheet()
    boxes = [layout.cell(0, row, column) for row, column in np.ndindex(2, 3)]
    boxes += [layout.aside(0, 0, row) for row in range(2)]
    count = np.zeros(layout.shape, int)
    for y, x in boxes:
        count[y : y + 32, x : x + 40] += 1
    assert count.max() == 1 and count.sum() == 8 * 32 * 40
    picture = layout.draw([cells])
    text = (picture[:, :, 0] < 255) & (count == 0)
    assert text.any()
    for edge in (picture[:10], picture[-10:], picture[:, :10], picture[:, -10:]):
        assert (edge == 255).all()


def test_labels_are_beside_their_rows_and_pale_when_muted():
    layout, cells, _ = sheet()
    picture = layout.draw([cells])[:, :, 0]
    darkest = []
    for row in range(2):
        y, x = layout.cell(0, row, 0)
        beside = layout.aside(0, 0, row)[1] + 40  # labels stand between the images of the start and the cells
        darkest.append(picture[y : y + 32, beside:x].min())
    assert darkest[0] < 60 and 150 < darkest[1] < 200


def test_a_block_without_heads_takes_less_room():
    with_heads, without = sheet()[0], sheet(heads=False)[0]
    assert without.shape[0] < with_heads.shape[0] and without.shape[1] == with_heads.shape[1]


def test_the_marker_moves_along_the_axis():
    layout, cells, _ = sheet(scale=3.0)
    assert layout.shape[0] > sheet()[0].shape[0]
    blank = layout.draw([cells])
    for value in (-3.0, 0.7, 3.0):
        y, x = layout.marker(value)
        changed = np.argwhere((layout.draw([cells], value) != blank).any(2))
        assert np.abs(changed.mean(0) - (y, x)).max() < 1
    assert layout.marker(3)[1] - layout.marker(0)[1] == layout.marker(0)[1] - layout.marker(-3)[1] > 0


def test_labels_that_do_not_fit_are_thinned_out():
    labels = tuple(Label(f"{v:g}") for v in np.linspace(-2.5, 2.5, 11))
    layout = Sheet([Block((Label("z0"),), labels)], 8, 8, 1)
    head = layout.draw([np.full((1, 11, 8, 8, 1), 255, np.uint8)])[: layout.cell(0, 0, 0)[0] - 2, :, 0]
    inked = (head < 255).any(0)
    first, last = layout.cell(0, 0, 0)[1] + 4, layout.cell(0, 0, 10)[1] + 4
    assert inked[first - 8 : first + 8].any() and inked[last - 8 : last + 8].any()
    gaps = np.diff(np.flatnonzero(inked))
    assert gaps.max() > 6  # words stand apart
