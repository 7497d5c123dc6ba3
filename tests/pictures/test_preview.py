"""``prepare NAME --preview``: which images are shown, where they stand, and what is said of them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import NAMES, SIZES, square_grid
from PIL import Image
from same_files import assert_same_bytes

from disentool.datasets.source import Source
from disentool.pictures import preview
from disentool.pictures.canvas import Sheet


def source(images, factors, sizes, names, **facts):
    return Source(
        name="made",
        shape=images.shape,
        images=lambda rows: iter([images if rows is None else images[rows]]),
        factors=lambda rows: factors if rows is None else factors[rows],
        factor_names=names,
        factor_sizes=sizes,
        **facts,
    )


@pytest.fixture
def squares():
    images, factors = square_grid(16)
    return source(images, factors, SIZES, NAMES, grid=True), images, factors


def test_a_grid_changes_one_factor_at_a_time(squares):
    made, _, factors = squares
    shown = preview._shown(made, None)
    base = [1, 2, 6]  # the middle; pos_x and pos_y have the same values and are spread
    for k, (classes, rows) in enumerate(shown):
        assert classes.tolist() == list(range(SIZES[k]))
        expected = np.tile(base, (SIZES[k], 1))
        expected[:, k] = classes
        np.testing.assert_array_equal(factors[rows], expected)


def test_many_values_are_evenly_spaced_with_both_ends():
    assert preview._spread(40).tolist() == [0, 3, 6, 8, 11, 14, 17, 20, 22, 25, 28, 31, 33, 36, 39]
    assert preview._spread(3).tolist() == [0, 1, 2]
    assert preview._spread(1).tolist() == [0]


def test_without_a_grid_the_nearest_rows(squares):
    _, images, factors = squares
    keep = np.flatnonzero(~((factors[:, 1] == 5) & (factors[:, 2] != 7)) & (factors[:, 2] != 3))
    table = factors[keep]
    partial = source(images[keep], table, SIZES, NAMES)
    (_, sizes), (classes_x, pos_x), (classes_y, _) = preview._shown(partial, table)
    assert (table[sizes] == [[0, 2, 6], [1, 2, 6], [2, 2, 6]]).all()
    assert classes_x.tolist() == list(range(8))
    assert table[pos_x[5]].tolist() == [1, 5, 7]  # the only place where pos_x is 5
    assert (np.delete(table[pos_x], 5, axis=0)[:, [0, 2]] == [1, 6]).all()
    assert 3 not in classes_y  # no row has it
    said = preview._agreement(partial, table, preview._shown(partial, table))
    assert "in 17 of 18 images" in said


def test_the_sheet_holds_the_images_in_their_places(squares):
    made, images, _ = squares
    shown = preview._shown(made, None)
    cells = preview._images(made, np.concatenate([rows for _, rows in shown]))
    np.testing.assert_array_equal(cells, images[np.concatenate([rows for _, rows in shown])])
    blocks, grids = preview._drawn(made, shown, cells)
    sheet = Sheet(blocks, 16, 16, round(72 / 16)).draw(grids)
    assert sheet.dtype == np.uint8
    assert sheet.shape[2] == 3
    factor = round(72 / 16)
    for image in cells[::5]:
        large = image.repeat(factor, axis=0).repeat(factor, axis=1).repeat(3, axis=2)
        corners = np.argwhere((sheet[: -len(large), : -len(large)] == large[0, 0]).all(axis=2))
        assert any((sheet[y : y + len(large), x : x + len(large)] == large).all() for y, x in corners)


def test_words_and_values():
    made = source(
        np.zeros((4, 8, 8, 1), np.uint8),
        np.array([[0, 0, 0], [0, 1, 1], [1, 0, 0], [1, 1, 1]]),
        (2, 2, 2),
        ("kind", "angle", "plain"),
        class_names={"kind": ("cat", "dog")},
        factor_values={"angle": np.array([-30.0, 30.123])},
    )
    both = np.array([0, 1])
    assert preview._words(made, "kind", both) == ["cat", "dog"]
    assert preview._words(made, "angle", both) == ["-30.00", "30.12"]
    assert preview._words(made, "plain", both) == ["0", "1"]


def test_without_factors_images_evenly_spaced(squares):
    made, images, _ = squares
    plain = replace(made, factor_names=(), factor_sizes=(), grid=False, factors=lambda rows: np.zeros((192, 0), int))
    ((classes, rows),) = preview._shown(plain, plain.factors(None))
    assert rows.tolist() == classes.tolist() == preview._spread(192).tolist()
    blocks, cells = preview._drawn(plain, [(classes, rows)], images[rows])
    assert Sheet(blocks, 16, 16, 4).draw(cells).ndim == 3


# ---- the command


def test_a_picture_and_no_data_set(cli, folder):
    cli("prepare", "dsprites", "--preview", "new/a.png").printed("new/a.png")
    assert not (folder / "dsprites.h5").exists()
    with Image.open(folder / "new" / "a.png") as picture:
        said = json.loads(picture.text["Comment"])
        assert picture.mode == "RGB"
    assert (said["name"], said["source"]) == ("dsprites", "rendered")
    cli("prepare", "dsprites", "--preview", "b.png", "-q").printed("b.png")
    assert_same_bytes(folder / "b.png", folder / "new" / "a.png")


def test_both_when_both_are_named(cli, folder):
    cli("prepare", "dsprites", "--subset", 3, "--preview", "a.png", "-o", "a.h5").printed("a.h5", "a.png")


def test_of_colour(cli, folder):
    cli("prepare", "shapes3d", "--preview", "a.png").printed("a.png")
    pixels = np.asarray(Image.open(folder / "a.png"))
    assert (pixels == (153, 226, 249)).all(axis=2).sum() > 10_000  # the sky


def test_a_folder_of_classes(cli, folder):
    for name, level in (("dark", 30), ("light", 220)):
        (folder / "raw" / name).mkdir(parents=True)
        for number in range(3):
            Image.new("L", (16, 16), level + number).save(folder / "raw" / name / f"{number}.png")
    outcome = cli("prepare", "folder", "--from", "raw", "--preview", "a.png")
    outcome.printed("a.png")
    pixels = np.asarray(Image.open(folder / "a.png"))
    assert (pixels == 30).any()
    assert (pixels == 220).any()


def test_what_cannot_be(cli, folder):
    cli("prepare", "dsprites", "--preview", "a.jpg").failed(2, "a.jpg")
    cli("prepare", "dsprite", "--preview", "a.png").failed(2, "dsprites?")
    (folder / "a.png").write_text("mine")
    cli("prepare", "dsprites", "--preview", "a.png").failed(1, "a.png")
    assert (folder / "a.png").read_text() == "mine"
    assert sorted(path.name for path in folder.iterdir()) == ["a.png"]
