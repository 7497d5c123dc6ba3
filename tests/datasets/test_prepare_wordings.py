"""What ``prepare`` says of pictures and tables: sizes, counts of what was kept, and names that are given wrongly."""

import h5py
import numpy as np
import pytest
from PIL import Image

from disentool.datasets.filtered import filtered
from disentool.datasets.source import Source, table
from disentool.errors import WrongUsage
from disentool.io import class_words, dataset


@pytest.fixture
def pictures(folder):
    """Six pictures, of which the first and the fourth are 40x20 (height x width), and a table of them."""
    (folder / "in").mkdir()
    lines = ["file,colour,angle"]
    for i in range(6):
        Image.new("L", (20, 40) if i % 3 == 0 else (30, 60), i).save(folder / "in" / f"{i}.png")
        lines.append(f"{i}.png,{'Red' if i < 2 else 'blue'},{i + 0.5}")
    (folder / "t.csv").write_text("\n".join(lines))
    return folder


def test_a_table_behind_a_folder_is_shown_its_option(cli, pictures):
    cli("prepare", "in", "t.csv", "--size", 16, "-o", "d.h5").failed(2, "--csv t.csv")
    cli("prepare", "in", "in", "-o", "d.h5").failed(2, "one folder")


def test_sizes_are_height_by_width_everywhere(cli, pictures):
    cli("prepare", "in", "-o", "d.h5").failed(1, "60x30", "40x20", "height x width")
    done = cli("prepare", "in", "--size", 16, "-o", "d.h5")
    assert "40x20, the smallest, up to 60x30" in done.err


@pytest.mark.parametrize("choice", [("--keep", "colour=Red"), ("--subset", 2)])
def test_only_kept_pictures_are_counted_as_resized(cli, pictures, choice):
    done = cli("prepare", "in", "--csv", "t.csv", "--size", 16, *choice, "-o", "d.h5")
    assert "2 images" in done.err and "2 resized" in done.err


def test_case_is_ignored_where_only_one_word_is_meant(cli, pictures):
    cli("prepare", "in", "--csv", "t.csv", "--size", 16, "--keep", "colour=red", "-o", "d.h5").printed("d.h5")
    assert len(dataset.read(pictures / "d.h5").images) == 2
    assert class_words.find(["Red", "red"], "red") == 1
    assert class_words.find(["Red", "rED"], "red") is None


def test_a_value_that_no_image_has_is_told_with_the_nearest():
    angles = np.array([1.5, 2.25, 7.5])
    bins = table(np.arange(3)[:, None])
    source = Source("d", (3, 8, 8, 1), lambda rows: iter(()), bins, ("angle",), (3,), continuous={"angle": angles})
    for value, nearest in (("3", "2.25"), ("8-9", "7.5")):
        with pytest.raises(WrongUsage, match=f"7.5.* {nearest};"):
            filtered(source, {"angle": [value]})


@pytest.mark.parametrize("method", ["lord", "drnet"])
def test_small_images_get_the_command_that_resizes_them(cli, folder, method):
    with h5py.File("a.h5", "w") as file:
        file["images"], file["labels"] = np.zeros((8, 20, 24, 3), np.uint8), np.arange(8) % 2
    cli("prepare", "a.h5", "-o", "z.h5").printed("z.h5")
    cli("train", method, "--data", "z.h5", "--class-factor", "labels", "-o", "c.pt").failed(1, "--size 32")
    cli("prepare", "z.h5", "--size", 32, "-o", "resized.h5").printed("resized.h5")
    assert dataset.read(folder / "resized.h5").factor_names == ("labels",)


def test_names_of_other_kinds_are_told_apart(cli, folder):
    cli("train", "dsprite").failed(2, "--data dsprites")
    cli("train", "tcvae").failed(2, "betatcvae?")
