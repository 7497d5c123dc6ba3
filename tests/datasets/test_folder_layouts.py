"""Folders as people have them: links, parts of a split, folders in folders; and what ``prepare`` says of pictures."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from disentool.datasets import folder_listing, picture_sizes
from disentool.errors import UnsafeFile
from disentool.io import dataset


def picture(path: str, value=0, size: tuple[int, int] = (8, 8)) -> None:
    """A picture of one colour or grey level, with its folders."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.new("L" if isinstance(value, int) else "RGB", size[::-1], value).save(path)


def prepared(cli, *more):
    done = cli("prepare", "folder", "--from", "in", "-o", "d.h5", "--overwrite", *more)
    done.printed("d.h5")
    return dataset.read(Path("d.h5")), done.err


def test_pictures_of_bytes_that_look_black_are_told(cli, folder):
    picture("in/a/0.png", 15)
    picture("in/a/1.png", (3, 15, 0))
    assert "15 of 255" in prepared(cli)[1]
    picture("in/a/2.png", 16)
    assert "black;" not in prepared(cli)[1]


def test_a_class_without_images_is_told(cli, folder):
    for name in ("a/0.png", "b/1.png", "train/x/0.png", "val/y/0.png"):
        picture(f"in/{name}")
    (folder / "in" / "none").mkdir()
    (folder / "in" / "a" / "deeper").mkdir()
    (folder / "in" / "train" / "gone").mkdir()
    _, said = prepared(cli)
    assert "1 folder: none" in said
    shutil.rmtree("in/a")
    shutil.rmtree("in/b")
    shutil.rmtree("in/none")
    data, said = prepared(cli)
    assert data.class_names["class"] == ["x", "y"] and "1 folder: train/gone" in said and "val/x" not in said


# ---- links


def test_two_classes_may_be_links_to_one_folder(cli, folder):
    picture("store/0.png", 7)
    (folder / "in").mkdir()
    for name in ("one", "other"):
        (folder / "in" / name).symlink_to(folder / "store")
    data, _ = prepared(cli)
    assert data.class_names["class"] == ["one", "other"] and data.images[:, 0, 0, 0].tolist() == [7, 7]


def test_parts_may_share_pictures_by_a_link(cli, folder):
    picture("store/0.png", 7)
    for part in ("train", "test"):
        picture(f"in/{part}/own.png", 1)
        (folder / "in" / part / "shared").symlink_to(folder / "store")
    assert len(prepared(cli)[0]) == 4


def test_loops_of_links_end(cli, folder):
    picture("in/a/b/0.png", 7)
    (folder / "in" / "a" / "b" / "up").symlink_to(folder / "in" / "a")
    (folder / "in" / "a" / "self").symlink_to("self")
    (folder / "in" / "c").symlink_to(folder / "in")
    data, _ = prepared(cli)
    assert (len(data), data.class_names["class"]) == (1, ["a"])


def test_links_that_multiply_are_refused(folder, monkeypatch):
    picture("in/0/0.png")
    for level in range(12):  # two links to the level before in each: thousands of paths to one picture
        for name in "ab":
            (folder / "in" / str(level + 1)).mkdir(exist_ok=True)
            (folder / "in" / str(level + 1) / name).symlink_to(folder / "in" / str(level))
    monkeypatch.setattr(folder_listing, "_MOST", 2000)
    with pytest.raises(UnsafeFile, match="links"):
        folder_listing.listed(folder / "in")


# ---- parts of a split


@pytest.mark.parametrize(
    ("parts", "tests"), [("train val test", "test"), ("train val", "val"), ("Training Testing", "Testing")]
)
def test_folders_of_parts_hold_the_classes(cli, folder, parts, tests):
    for i, part in enumerate(parts.split()):
        for j, name in enumerate(("cat", "dog")):
            picture(f"in/{part}/{name}/0.png", 10 * i + j)
    data, said = prepared(cli, "--split", "published")
    assert data.class_names["class"] == ["cat", "dog"] and data.class_factor == "class"
    assert data.factors[:, 0].tolist() == (data.images[:, 0, 0, 0] % 10).tolist()
    level = 10 * parts.split().index(tests)
    assert data.images[data.rows("test"), 0, 0, 0].tolist() == [level, level + 1]
    assert "split" in said and f"{tests}: for testing" in said
    assert prepared(cli)[0].split is None


def test_all_parts_are_told(cli, folder):
    for part in ("Train", "Valid", "Test"):
        picture(f"in/{part}/a/0.png")
    assert "Test: for testing, Train and Valid: for training" in prepared(cli)[1]


def test_a_part_without_classes_beside_one_with_them_is_refused(cli, folder):
    for name in ("train/cat/0.png", "train/dog/0.png", "test/0.png"):
        picture(f"in/{name}")
    cli("prepare", "in", "-o", "d.h5").failed(1, "--from in/train")
    picture("in/test/cat/0.png")
    picture("in/train/1.png")
    data, said = prepared(cli, "--split", "published")
    assert data.factors is None and data.split.sum() == 2 and "no factors" in said


def test_parts_without_classes_have_no_factors(cli, folder):
    for i, part in enumerate(("train", "test")):
        picture(f"in/{part}/{i}.png", i)
    data, said = prepared(cli, "--split", "published")
    assert data.factors is None and data.split.tolist() == [1, 0]
    assert "no factors" in said


@pytest.mark.parametrize("names", [("train", "plane"), ("test", "val"), ("train", "training")])
def test_other_folders_are_classes(cli, folder, names):
    for name in names:
        picture(f"in/{name}/deep/0.png")
    data, said = prepared(cli)
    assert data.class_names["class"] == sorted(names)
    assert f"not used, such as {min(names)}/deep" in said


def test_one_folder_around_the_classes_is_told(cli, folder):
    for name in ("cat", "dog"):
        picture(f"in/images/{name}/0.png")
    assert "--from in/images" in prepared(cli)[1]


# ---- what prepare says of the pictures


@pytest.mark.parametrize("kind", ["gif", "png", "webp", "tif"])
def test_frames_that_are_not_read_are_told(cli, folder, kind):
    frames = [Image.new("RGB", (8, 8), (40 * i,) * 3) for i in range(6)]
    picture("in/a/0.png", (0, 0, 0))
    frames[0].save(f"in/a/x.{kind}", save_all=True, append_images=frames[1:])
    data, said = prepared(cli)
    assert len(data) == 2 and (data.images == 0).all()
    assert f"a/x.{kind} (of 6)" in said and "first" in said


def test_dark_pictures_of_sixteen_bits_are_told(cli, folder):
    (folder / "in" / "a").mkdir(parents=True)
    for name, most in (("dark", 4095), ("bright", 4200)):
        Image.fromarray(np.linspace(0, most, 64).astype(np.uint16).reshape(8, 8)).save(f"in/a/{name}.png")
    assert "16 bits" not in prepared(cli)[1]
    Path("in/a/bright.png").unlink()
    assert "16 bits" in prepared(cli)[1]


def test_white_on_a_transparent_ground_is_told(cli, folder):
    picture("in/a/0.png", (5, 6, 7))
    shape = Image.new("RGBA", (8, 8), (255, 255, 255, 0))
    shape.paste((255, 255, 255, 255), (2, 2, 6, 6))
    shape.save("in/a/1.png")
    shape.paste((0, 0, 255, 255), (2, 2, 6, 6))
    shape.save("in/a/2.png")
    Image.new("RGBA", (8, 8), (9, 9, 9, 255)).save("in/a/3.png")
    _, said = prepared(cli)
    assert "white in 2 pictures: a/1.png, a/2.png" in said
    assert "alike in 3 pictures: a/0.png, a/1.png, a/3.png; on white" in said


def test_prepare_ends_by_saying_what_it_found(cli, folder):
    picture("in/a/0.png", 9, (10, 20))
    picture("in/a/1.png", (9, 9, 9), (16, 16))
    picture("in/b/2.png", 9, (40, 40))
    Path("in/b/broken.png").write_text("no picture")
    _, said = prepared(cli, "--size", 16, "--split", "rows:1")
    last = said.splitlines()[-1]
    for words in (
        "3 images 16x16x3",
        "factor class 2",
        "2 for training and 1 for testing",
        "2 resized",
        "10x20, the smallest, up to 40x40",
        "(1 cropped",
        "2 grey made RGB",
    ):
        assert words in last
    assert "left out 1 image" in said
    assert "1 made grey" in prepared(cli, "--size", 16, "--grey")[1]
    assert prepared(cli, "--size", 16, "-q")[1] == ""


def test_the_only_factor_of_a_table_is_the_class(cli, folder):
    for i in range(4):
        picture(f"in/{i}.png", i)
    Path("one.csv").write_text("file,who\n" + "".join(f"{i}.png,{i % 2}\n" for i in range(4)))
    Path("two.csv").write_text("file,who,how\n" + "".join(f"{i}.png,{i % 2},{i}\n" for i in range(4)))
    data, said = prepared(cli, "--csv", "one.csv")
    assert data.class_factor == "who" and "the class is who" in said
    assert prepared(cli, "--csv", "two.csv")[0].class_factor == ""
    assert prepared(cli)[0].class_factor == ""


def test_a_measured_factor_is_told_with_the_rule_that_cuts_it(cli, folder):
    values = np.random.default_rng(0).uniform(size=60)
    for i in range(60):
        picture(f"in/{i}.png", i)
    Path("t.csv").write_text("file,depth,count\n" + "".join(f"{i}.png,{v},{i % 30}\n" for i, v in enumerate(values)))
    _, said = prepared(cli, "--csv", "t.csv")
    assert "factor depth: 60 different values cut into 20 bins" in said and "factor count" not in said
    np.savez("a.npz", images=np.zeros((60, 8, 8), np.uint8), factors=values)
    cli("prepare", "array", "--from", "a.npz", "-o", "a.h5").printed("a.h5")
    same = dataset.read(Path("a.h5")).factors[:, 0]
    np.testing.assert_array_equal(same, dataset.read(Path("d.h5")).factors[:, 0])


@pytest.mark.parametrize(
    ("size", "side"), [((10, 90), 16), ((24, 24), 32), ((40, 50), 32), ((50, 50), 64), ((3000, 4000), 64)]
)
def test_a_size_is_suggested(size, side):
    assert picture_sizes.suggested(size) == side
    assert picture_sizes.remarks(size, (32, 32)) == []


@pytest.mark.parametrize(("size", "words"), [((300, 200), "--size 64"), ((4, 8), "--size 16"), ((64, 128), "")])
def test_a_size_is_suggested_where_it_is_needed(cli, folder, size, words):
    picture("in/0.png", 0, size)
    assert ("--size" in prepared(cli)[1]) == bool(words)
    assert words in prepared(cli)[1]
    picture("in/1.png", 0, (60, 60))
    cli("prepare", "folder", "--from", "in", "-o", "e.h5").failed(1, "--size")
