"""``prepare folder``: anyone's images, by class or with a table of factors."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from disentool.commands.info import info
from disentool.datasets import factor_columns
from disentool.errors import DataMismatch
from disentool.io import dataset, hdf5


def picture(path: Path, value, size: tuple[int, int] = (8, 8)) -> Path:
    """A picture of one colour (three numbers) or grey level."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L" if isinstance(value, int) else "RGB", size[::-1], value).save(path)
    return path


@pytest.fixture
def classes(folder) -> Path:
    """Three classes of pictures, whose levels tell them apart."""
    for i, name in enumerate(("obj1", "obj10", "obj2")):
        for view in (0, 1, 10, 2):
            picture(folder / "in" / name / f"{view}.png", 20 * i + view)
    return folder


def test_a_folder_for_each_class(cli, classes):
    cli("prepare", "folder", "--from", "in", "-o", "d.h5").printed("d.h5")
    data = dataset.read(classes / "d.h5")
    assert data.images.shape == (12, 8, 8, 1)
    assert (data.factor_names, data.factor_sizes) == (("class",), (3,))
    assert data.class_names == {"class": ["obj1", "obj2", "obj10"]}  # in natural order
    assert data.factors[:, 0].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert data.images[:, 0, 0, 0].tolist() == [0, 1, 2, 10, 40, 41, 42, 50, 20, 21, 22, 30]  # views in order too
    assert (data.name, data.grid) == ("in", False)
    assert info(classes / "d.h5", verify=True)["class_names"] == {"class": ["obj1", "obj2", "obj10"]}
    assert "class: '3: obj1, obj2, obj10'" in cli("info", "d.h5").out


def test_kinds_of_picture_are_one_in_the_end(cli, folder):
    deep = np.full((8, 8), 257 * 7, np.uint16)
    (folder / "in" / "a").mkdir(parents=True)
    Image.fromarray(deep).save(folder / "in" / "a" / "deep.png")
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, 7, 7, 7])
    palette.save(folder / "in" / "a" / "palette.png")
    for suffix in ("jpg", "pgm", "webp", "bmp", "tiff"):
        picture(folder / "in" / "b" / f"x.{suffix.upper()}", 7)
    cli("prepare", "folder", "--from", "in", "-o", "d.h5").printed("d.h5")
    images = dataset.read(folder / "d.h5").images
    assert (
        images.shape == (7, 8, 8, 3) and np.abs(images.astype(int) - 7).max() <= 1
    )  # one has a palette, so all colour
    cli("prepare", "folder", "--from", "in", "-o", "g.h5", "--grey").printed("g.h5")
    assert dataset.read(folder / "g.h5").images.shape == (7, 8, 8, 1)


def test_size_crops_about_the_centre(cli, folder):
    wide = np.zeros((20, 60), np.uint8)
    wide[:, 20:40] = 200
    (folder / "in").mkdir()
    Image.fromarray(wide).save(folder / "in" / "wide.png")
    picture(folder / "in" / "square.png", 200, (50, 50))
    cli("prepare", "folder", "--from", "in", "-o", "d.h5").failed(1, "2 sizes")
    done = cli("prepare", "folder", "--from", "in", "-o", "d.h5", "--size", 10)
    done.printed("d.h5")
    assert "--csv" in done.err
    data = dataset.read(folder / "d.h5")
    assert data.factors is None and (data.images == 200).all()
    cli("prepare", "folder", "--from", "in", "-o", "e.h5", "--size", "10x30").printed("e.h5")
    assert dataset.read(folder / "e.h5").images.shape == (2, 10, 30, 1)
    for wrong in ("0", "x", "8x8x8", "-3", "9999"):
        cli("prepare", "folder", "--from", "in", "-o", "f.h5", "--size", wrong).failed(2, "--size")


def test_damaged_images_are_counted_named_and_left_out(cli, classes):
    (classes / "in" / "obj2" / "text.png").write_text("not a picture")  # known from its header
    noise = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    Image.fromarray(noise).save(classes / "in" / "obj1" / "cut.png")
    content = (classes / "in" / "obj1" / "cut.png").read_bytes()
    (classes / "in" / "obj1" / "cut.png").write_bytes(content[:-40])  # known when it is decoded
    (classes / "in" / "obj1" / "readme.txt").write_text("hello")
    done = cli("prepare", "folder", "--from", "in", "-o", "d.h5")
    done.printed("d.h5")
    assert "2 images" in done.err
    for name in ("obj1/cut.png", "obj2/text.png"):
        assert f"in/{name}" in done.err
    assert "obj1/readme.txt" in done.err
    data = dataset.read(classes / "d.h5")
    assert len(data) == 12 and data.factor_sizes == (3,)
    assert data.images[:, 0, 0, 0].tolist() == [0, 1, 2, 10, 40, 41, 42, 50, 20, 21, 22, 30]
    cli("prepare", "folder", "--from", "in", "-o", "e.h5", "--strict").failed(1, "in/obj2/text.png")
    assert not (classes / "e.h5").exists()
    for file in (classes / "in").rglob("*.png"):
        file.write_text("nothing")
    cli("prepare", "folder", "--from", "in", "-o", "e.h5").failed(1, "in/obj1/0.png")
    assert sorted(p.name for p in classes.iterdir()) == ["d.h5", "in"]


def test_a_table_of_factors(cli, folder):
    levels = [3, 1, 2, 0, 4]
    for level in levels:
        picture(folder / "in" / "sub" / f"{level}.png", level)
    rows = [f"sub/{level}.png,{'red' if level % 2 else 'blue'},{level * 10},{level / 3:.3f}" for level in levels]
    (folder / "t.csv").write_text("\n".join(["File,colour,age,angle", *rows, ""]))
    cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "d.h5").printed("d.h5")
    data = dataset.read(folder / "d.h5")
    assert data.images[:, 0, 0, 0].tolist() == levels  # in the table's order
    assert (data.factor_names, data.factor_sizes) == (("colour", "age", "angle"), (2, 5, 5))
    assert data.class_names == {"colour": ["blue", "red"]}
    assert data.factors.tolist() == [[level % 2, level, level] for level in levels]
    assert data.factor_values["age"].tolist() == [0, 10, 20, 30, 40]
    assert data.factor_values["angle"].tolist() == [0, 0.333, 0.667, 1, 1.333]


def test_a_measured_factor_is_cut_into_bins(cli, folder):
    values = np.random.default_rng(0).exponential(size=60)
    for i in range(60):
        picture(folder / "in" / f"{i}.png", i)
    rows = [f"{i}.png\t{value}" for i, value in enumerate(values)]
    (folder / "t.tsv").write_text("\n".join(["image\tdepth", *rows]))
    cli("prepare", "folder", "--from", "in", "--csv", "t.tsv", "--bins", 4, "-o", "d.h5").printed("d.h5")
    data = dataset.read(folder / "d.h5")
    assert data.factor_sizes == (4,) and np.bincount(data.factors[:, 0]).tolist() == [15] * 4
    expected = np.argsort(np.argsort(values)) // 15
    assert data.factors[:, 0].tolist() == expected.tolist()
    assert np.allclose(data.factor_values["depth"], [np.median(values[expected == b]) for b in range(4)])
    with hdf5.opened(folder / "d.h5") as file:
        assert np.array_equal(file["continuous/depth"][()], values)
    facts = info(folder / "d.h5", verify=True)
    assert facts["binning"]["depth"].startswith("60 different values cut into 4 bins of equal count")
    cli("prepare", "folder", "--from", "in", "--csv", "t.tsv", "--subset", 7, "-o", "s.h5").printed("s.h5")
    with hdf5.opened(folder / "s.h5") as file:
        assert np.array_equal(file["continuous/depth"][()], values[dataset.read(folder / "s.h5").images[:, 0, 0, 0]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "lines"),
        ("file,size\n", "1 line"),
        ("file,size\n0.png,1\n0.png,2\n", "line 3"),
        ("file,size\n0.png,1\n1.png\n", "line 3"),
        ("file,size\n0.png,\n", "line 2"),
        ("file,size,size\n0.png,1,2\n", "size"),
        ("file,size\nx.png,1\n", "x.png"),
        ("file,a/b\n0.png,1\n1.png,1\n", "a/b"),
    ],
)
def test_wrong_tables(cli, folder, text, words):
    for i in range(3):
        picture(folder / "in" / f"{i}.png", i)
    (folder / "t.csv").write_text(text)
    cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "d.h5").failed(1, words)
    assert not (folder / "d.h5").exists()


def test_rows_without_a_file_and_files_without_a_row(cli, folder):
    for i in range(3):
        picture(folder / "in" / f"{i}.png", i)
    (folder / "t.csv").write_text("file,size\n0.png,1\n1.png,2\ngone.png,3\n")
    done = cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "d.h5")
    done.printed("d.h5")
    assert "gone.png" in done.err
    assert "2.png" in done.err
    assert dataset.read(folder / "d.h5").factors.tolist() == [[0], [1]]
    arguments = ("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "e.h5", "--strict")
    cli(*arguments).failed(1, "gone.png")
    (folder / "t.csv").write_text("file,size\n0.png,1\n1.png,2\n")
    cli(*arguments).failed(1, "2.png")
    (folder / "t.csv").write_bytes(b"\xff\xfe\x00file")
    cli(*arguments).failed(1, "t.csv")


def test_folders_that_cannot_be(cli, folder):
    (folder / "empty").mkdir()
    cli("prepare", "folder", "-o", "d.h5").failed(2, "--from")
    cli("prepare", "folder", "--from", "none", "-o", "d.h5").failed(1, "none: ")
    cli("prepare", "folder", "--from", "empty", "-o", "d.h5").failed(1, "empty: ")
    (folder / "empty" / "a.txt").write_text("x")
    cli("prepare", "folder", "--from", "empty", "-o", "d.h5").failed(1, "a.txt")
    picture(folder / "both" / "a.png", 0)
    picture(folder / "both" / "c" / "b.png", 0)
    cli("prepare", "folder", "--from", "both", "-o", "d.h5").failed(1, "--csv")
    cli("prepare", "folder", "--from", "both/c", "--images-key", "x").failed(2, "--images-key")
    assert sorted(p.name for p in folder.iterdir()) == ["both", "empty"]
    cli("train", "vae", "--data", "folder").failed(2, "--data folder")


def test_one_class_is_told(cli, folder):
    for i in range(2):
        picture(folder / "in" / "only" / f"{i}.png", i)
    done = cli("prepare", "folder", "--from", "in", "-o", "d.h5")
    done.printed("d.h5")
    assert "(only)" in done.err
    assert dataset.read(folder / "d.h5").factor_sizes == (1,)


def test_a_complete_table_is_a_grid(cli, folder):
    rows = ["file,x,y"]
    for i in range(6):
        picture(folder / "in" / f"{i}.png", i)
        rows.append(f"{i}.png,{i // 3},{i % 3}")
    (folder / "t.csv").write_text("\n".join(rows))
    cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "d.h5").printed("d.h5")
    assert dataset.read(folder / "d.h5").grid


def test_labels():
    assert sorted(["b10", "b9", "a", "10", "9"], key=factor_columns.natural) == ["9", "10", "a", "b9", "b10"]
    words = factor_columns.from_column("f", ["1_000", "2", "nan"])
    assert words.names == ("1_000", "2", "nan")
    whole = factor_columns.from_numbers("f", np.arange(500) % 300 * 2)
    assert (whole.size, whole.rule) == (300, "")  # whole numbers are classes, however many
    levels = np.linspace(0, 1, 40)  # as the orientations of dSprites: each equally often
    assert factor_columns.from_numbers("f", np.tile(levels, 3)).values.tolist() == levels.tolist()
    assert factor_columns.from_numbers("f", levels).size == factor_columns.BINS  # a different one for each row
    ties = factor_columns.from_numbers("f", np.r_[np.zeros(50), np.linspace(0.1, 1, 50)], bins=4)
    assert len(set(ties.classes[:50])) == 1 and ties.size == np.unique(ties.classes).size
    with pytest.raises(DataMismatch, match="factor f"):
        factor_columns.from_numbers("f", np.array([0.5, np.inf]))


@pytest.mark.parametrize("share", [1, 5, 10, 60, 95, 99])
@pytest.mark.parametrize("mark", ["NaN", "NA", "inf", "None", "-inf", "#N/A"])
def test_missing_numbers_are_refused_at_any_share(mark, share):
    words = [mark if i < share else f"{i / 7:.2f}" for i in range(100)]
    for column in (words, words[::-1], [mark if word == mark else str(i) for i, word in enumerate(words)]):
        with pytest.raises(DataMismatch, match="number"):
            factor_columns.from_column("age", column)
    with pytest.raises(DataMismatch, match="missing"):
        factor_columns.from_column("age", [mark] * 100)


def test_other_marks_of_missing_numbers():
    for mark in ("?", "-", "unknown"):
        with pytest.raises(DataMismatch, match="numbers"):
            factor_columns.from_column("age", [mark if i % 3 == 0 else f"{i / 7:.2f}" for i in range(100)])
    doors = factor_columns.from_column("doors", ["3", "5", "none", "3"])
    assert doors.names == ("3", "5", "none") and "none" in factor_columns.remarks([doors])[0]
    with pytest.raises(DataMismatch, match="missing"):
        factor_columns.from_column("kind", ["cat", "dog", "NaN"])
    assert factor_columns.remarks([factor_columns.from_column("f", ["a1", "2", "nan"])])


@pytest.mark.parametrize("mark", ["-", "--", "\u2014", "?", ".", "n.a.", "Na", "missing", "#DIV/0!", "Unknown", "k.A."])
def test_marks_of_missing_numbers_are_refused_among_a_few_whole_numbers_too(mark):
    with pytest.raises(DataMismatch, match="3 of 4"):
        factor_columns.from_column("rating", ["1", "2", mark, "1"])
    words = factor_columns.from_column("rating", ["good", "bad", mark, "good"])
    assert words.size == 3 and mark in factor_columns.remarks([words])[0]


def test_names_that_read_alike_are_classes_of_their_own_and_are_told():
    for one, other, noun in (("Yes", "yes", "capitals"), ("a  b", "a b", "blanks"), ("\u00e9", "e\u0301", "accents")):
        factor = factor_columns.from_column("f", [one, other, "no"])
        assert factor.size == 3 and noun in factor_columns.remarks([factor])[0]
    assert not factor_columns.remarks([factor_columns.from_column("f", ["a1", "a01", "b", "b"])])


def test_whole_numbers_of_any_size_are_told_apart():
    users = [2**60 + i % 4 for i in range(12)]
    column = factor_columns.from_column("user", [str(user) for user in users])
    assert column.classes.tolist() == [i % 4 for i in range(12)]
    assert column.names == tuple(str(2**60 + i) for i in range(4))
    assert not factor_columns.remarks([column])
    assert factor_columns.from_column("user", ["-9007199254740993", "-9007199254740992", "1"]).size == 3
    assert factor_columns.remarks([factor_columns.from_column("user", ["1.23457E+18", "1.23458E+18"])])
    for kind in (np.int64, np.uint64):
        numbers = np.array(users, kind)
        assert factor_columns.from_numbers("user", numbers).classes.tolist() == column.classes.tolist()
    lowest = factor_columns.from_numbers("user", np.array([-(2**63), 2**63 - 1, 2**63 - 2]))
    assert lowest.classes.tolist() == [0, 2, 1]
    assert factor_columns.from_numbers("user", np.array([1, 2**53 - 1])).values.tolist() == [1, 2**53 - 1]
    for floats in (np.array([2.0**53, 1]), np.array([2**24, 1], np.float32)):
        assert factor_columns.remarks([factor_columns.from_numbers("user", floats)])


def test_frequent_numbers_have_a_bin_to_themselves():
    rng = np.random.default_rng(0)
    numbers = np.r_[np.full(5900, 0.5), rng.uniform(0.5, 1, 50), rng.uniform(0, 0.5, 50)]
    found = factor_columns.from_numbers("f", numbers)
    middle = found.classes[:5900]
    assert len(set(middle)) == 1 and not (found.classes[5900:] == middle[0]).any()
    assert found.size == 3 and "cut into 3 bins" in found.rule


def test_columns_that_can_hardly_be_meant(cli, folder):
    for i in range(30):
        picture(folder / "in" / f"{i}.png", i)
    rows = [f"{i}.png,{i + 0.5},same,text {i}" for i in range(30)]
    (folder / "t.csv").write_text("\n".join(["file,depth,kind,caption", *rows]))
    done = cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "d.h5")
    done.printed("d.h5")
    assert "factor kind" in done.err and "factor caption" in done.err
    (folder / "t.csv").write_text("\n".join(["file,depth,kind,caption", *rows[:-1], "29.png,NA,same,x"]))
    cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "e.h5").failed(1, "'NA'")
    (folder / "t.csv").write_text("\n".join(rows))
    cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "e.h5").failed(1, "first line")
    (folder / "t.csv").write_text("file|size\n0.png|1\n")
    cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "e.h5").failed(1, "bars")


def test_inputs_are_not_replaced(cli, classes):
    (classes / "t.csv").write_text("file,size\nobj1/0.png,1\nobj1/1.png,2\n")
    arguments = ("prepare", "folder", "--from", "in", "--csv", "t.csv", "--overwrite")
    cli(*arguments, "-o", "t.csv").failed(2, "t.csv")
    cli(*arguments, "-o", "in/obj1/0.png").failed(2, "in/obj1/0.png")
    np.savez(classes / "a.h5", images=np.zeros((3, 8, 8), np.uint8))  # a .npz by another name
    (classes / "a.h5.npz").rename(classes / "a.h5")
    cli("prepare", "array", "--from", "a.h5", "-o", "a.h5", "--overwrite").failed(2, "read")


def test_links_to_folders_are_followed_but_for_loops(cli, classes):
    (classes / "in" / "linked").symlink_to(classes / "in" / "obj1", target_is_directory=True)
    (classes / "in" / "obj2" / "loop").symlink_to(classes / "in", target_is_directory=True)
    (classes / "elsewhere").mkdir()
    picture(classes / "elsewhere" / "x.png", 99)
    (classes / "in" / "zz").symlink_to(classes / "elsewhere", target_is_directory=True)
    cli("prepare", "folder", "--from", "in", "-o", "d.h5").printed("d.h5")
    data = dataset.read(classes / "d.h5")
    assert data.class_names["class"] == ["linked", "obj1", "obj2", "obj10", "zz"]
    assert np.bincount(data.factors[:, 0]).tolist() == [4, 4, 4, 4, 1]


def test_names_that_are_not_utf8(cli, folder):
    for name in (b"in/cl\xff", b"in/other"):
        os.makedirs(name)
        Image.new("L", (8, 8)).save(os.path.join(os.fsdecode(name), "a.png"))
    cli("prepare", "folder", "--from", "in", "-o", "d.h5").printed("d.h5")
    assert dataset.read(folder / "d.h5").class_names["class"] == ["cl\\xff", "other"]


def test_a_folder_laid_out_as_coil20(cli, folder):
    """obj1 to obj20, 50 views of each, grey; drawn at random, as COIL-20 itself is for research alone."""
    views = np.random.default_rng(0).integers(0, 256, (20, 50, 32, 32), np.uint8)
    for i, pictures in enumerate(views, start=1):
        (folder / "coil" / f"obj{i}").mkdir(parents=True)
        for view, pixels in enumerate(pictures):
            Image.fromarray(pixels).save(folder / "coil" / f"obj{i}" / f"{view}.png")
    cli("prepare", "folder", "--from", "coil", "-o", "coil.h5").printed("coil.h5")
    data = dataset.read(folder / "coil.h5")
    assert data.factor_sizes == (20,)
    assert data.class_names["class"] == [f"obj{i}" for i in range(1, 21)]
    np.testing.assert_array_equal(data.images[..., 0], views.reshape(1000, 32, 32))
