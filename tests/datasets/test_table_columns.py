"""Columns of a table that are no factors, tables without names of columns, and tables whose files are not clear."""

from pathlib import Path

import pytest
from PIL import Image
from table_pictures import COUNT

from disentool.datasets import split_words
from disentool.datasets.folder_listing import listed
from disentool.datasets.table_paths import ImagePaths
from disentool.io import dataset


@pytest.fixture
def twice(folder) -> Path:
    """Pictures of the same names in two folders, and one that is there once."""
    for place in ("a/0", "a/1", "b/0", "b/1", "a/7"):
        (folder / "in" / place).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8)).save(folder / "in" / f"{place}.png")
    return folder


def prepared(cli, text: str, *more):
    """The data set of a table, and what was said of it."""
    Path("t.csv").write_text(text)
    done = cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "d.h5", "--overwrite", *more)
    done.printed("d.h5")
    return dataset.read(Path("d.h5")), done.err


def refused(cli, text: str, *words, more=()) -> None:
    Path("t.csv").write_text(text)
    cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "no.h5", *more).failed(1, "t.csv", *words)


def rows(header: str, line: str, **columns) -> str:
    """A header, then ``line`` for each image, with its number ``i`` and words of ``columns`` filled in."""
    filled = [line.format(i=i, **{name: words[i] for name, words in columns.items()}) for i in range(COUNT)]
    return "\n".join([header, *filled, ""])


# ---- tables without names of columns


@pytest.mark.parametrize("line", ["{i:03},cat", "00{i},{i}", "cat,{i:03}", "in/{i:03},cat", "{i:03}.PNG,cat"])
def test_a_first_line_that_names_an_image_is_none_of_names(cli, pictures, line):
    text = rows("", line).lstrip()
    Path("t.csv").write_text(text)
    outcome = cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "no.h5")
    outcome.failed(1, "first line")


def test_a_first_line_that_names_a_file_which_is_not_there_is_none_of_names(cli, pictures):
    refused(cli, rows("gone.png,cat", "{i:03}.png,dog"), "first line")


def test_a_name_of_the_column_may_be_the_name_of_an_image_too(cli, folder):
    (folder / "in").mkdir()
    for name in ("image", "img", "x"):
        Image.new("L", (8, 8)).save(folder / "in" / f"{name}.png")
    for head in ("image", "img"):
        data, _ = prepared(cli, f"{head},x\nimage.png,1\nimg.png,1\nx.png,0\n")
        assert data.factor_names == ("x",) and len(data.images) == 3


# ---- a published split


@pytest.mark.parametrize("name", ["split", "Set", "data_split", "subset", "partition", "fold", "data set"])
@pytest.mark.parametrize("test", ["test", "Test", "testing", "val", "dev"])
def test_a_column_of_the_parts_of_a_split_is_the_published_split(cli, pictures, name, test):
    parts = ["train", "Train", "train", "train", "training", "train", test, test]
    text = rows(f"file,x,{name}", "{i:03}.png,{x},{part}", x=[i % 2 for i in range(COUNT)], part=parts)
    data, said = prepared(cli, text, "--split", "published")
    assert data.factor_names == ("x",)
    assert data.split.tolist() == [0] * 6 + [1] * 2
    assert f"column {name}" in said and test in said
    assert prepared(cli, text)[0].split is None


def test_rows_without_an_image_leave_the_split_in_step(cli, pictures):
    parts = ["test", "train"] * 4
    text = rows("file,split", "{i:03}.png,{part}", part=parts).replace("002.png", "gone.png")
    data, _ = prepared(cli, text, "--split", "published")
    assert data.images[:, 0, 0, 0].tolist() == [0, 1, 3, 4, 5, 6, 7]
    assert data.split.tolist() == [1, 0, 0, 1, 0, 1, 0]


@pytest.mark.parametrize("there", ["train", "test"])
def test_a_split_is_told_by_the_rows_without_an_image_too(cli, pictures, there):
    parts = ["test", "train"] * 4
    text = rows("file,x,split", "{i:03}.png,{x},{part}", x=[0, 0, 1, 1] * 2, part=parts)
    lines = [line if f",{there}" in line else line.replace(".png", "-gone.png") for line in text.splitlines()]
    data, said = prepared(cli, "\n".join([text.splitlines()[0], *lines[1:], ""]), "--split", "published")
    assert data.factor_names == ("x",) and data.split.tolist() == [int(there == "test")] * 4
    assert f"no image for {'training' if there == 'test' else 'testing'}" in said


def test_the_parts_of_a_split_are_not_kept_as_those_of_a_factor(cli, pictures):
    Path("t.csv").write_text(rows("file,x,split", "{i:03}.png,{i},{part}", part=["test", "train"] * 4))
    call = ("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "d.h5")
    cli(*call, "--keep", "split=train").failed(2, "--split published", "--rows train")
    cli(*call, "--keep", "part=train").failed(2, "unknown")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("split", ["0", "1", "2", "0"] * 2),
        ("split", ["left", "right"] * 4),
        ("split", ["train", "test", "other", "train"] * 2),
        ("split", ["train"] * 8),
        ("mode", ["train", "test"] * 4),
    ],
)
def test_other_columns_stay_factors(cli, pictures, name, parts):
    data, _ = prepared(cli, rows(f"file,{name}", "{i:03}.png,{part}", part=parts))
    assert data.factor_names == (name,) and data.factor_sizes == (len(set(parts)),)


def test_validation_is_for_training_beside_a_part_for_testing():
    assert split_words.parts(["train", "val", "test"]) == ([0, 0, 1], "test: for testing, train and val: for training")
    assert split_words.parts(["train", "val"]) == ([0, 1], "val: for testing, train: for training")
    assert split_words.parts(["val", "test"]) is None


# ---- columns that are left out


@pytest.mark.parametrize("name", ["index", "Index", "idx", "id", "ID", "image_id", "row", "#", "No.", "Unnamed: 0"])
@pytest.mark.parametrize("first", [0, 1])
def test_a_column_that_counts_the_rows_is_no_factor(cli, pictures, name, first):
    counts = [i + first for i in range(COUNT)]
    data, said = prepared(cli, rows(f"{name},file,x", "{n},{i:03}.png,{x}", n=counts, x=[0, 1] * 4))
    assert data.factor_names == ("x",) and "numbers the rows" in said


@pytest.mark.parametrize(
    ("name", "numbers"),
    [("id", [3, 1, 2, 0, 4, 5, 6, 7]), ("id", [0, 1] * 4), ("angle", range(8)), ("id", range(2, 10))],
)
def test_other_numbers_are_factors(cli, pictures, name, numbers):
    data, said = prepared(cli, rows(f"{name},file,x", "{n},{i:03}.png,{x}", n=numbers, x=[0, 1] * 4))
    assert data.factor_names == (name, "x") and "numbers the rows" not in said
    assert ("nothing can be learned" in said) == (len(set(numbers)) == COUNT)


@pytest.mark.parametrize("gap", ["", "NA", "NaN", "None"])
def test_a_column_without_a_value_is_left_out(cli, pictures, gap):
    data, said = prepared(cli, rows("file,x,y,z", f"{{i:03}}.png,{{x}},{gap},{{x}}", x=[0, 1] * 4))
    assert data.factor_names == ("x", "z") and "column 3 (y)" in said
    data, said = prepared(cli, rows("file,,x", "{i:03}.png,,{x}", x=[0, 1] * 4))
    assert data.factor_names == ("x",) and "column 2" in said


# ---- files that are not clear


@pytest.mark.parametrize(("header", "line"), [("x,y", "{i},{i}"), ("x,y", "{n},{n}"), ("id,y", "{i},{n}")])
def test_a_table_without_files_says_which_column_was_taken_for_them(cli, pictures, header, line):
    refused(cli, rows(header, line, n=[0, 1] * 4), "column 1", header.split(",")[0], "column file")


def test_a_repeated_name_says_which_column_was_taken_for_the_files(cli, twice):
    refused(cli, "x,y\n7.png,1\na/7.png,0\n", "column 1 (x)", "second time")


def test_words_for_several_images_are_told_with_them(cli, twice):
    refused(cli, "file,x\n0.png,1\n1.png,0\n", "a/0.png, b/0.png", "the folder too")
    refused(cli, "x,y\n0,1\n1,0\n", "a/0.png, b/0.png")
    data, said = prepared(cli, "file,x\n0.png,1\n1.png,0\n7.png,1\n")
    assert len(data.images) == 1 and "2 rows may mean several images" in said and "a/0.png, b/0.png" in said
    refused(cli, "file,x\n0.png,1\n1.png,0\n7.png,1\n", "several", more=["--strict"])


def test_all_images_that_a_word_can_mean(twice):
    paths = ImagePaths(twice / "in", listed(twice / "in").images)
    assert paths.meant("0.png") == paths.meant("0") == [Path("a/0.png"), Path("b/0.png")]
    assert paths.meant("b/0") == [Path("b/0.png")] and paths.meant("9") == []
    assert paths.find("0.png") is None and paths.find("7.png") == Path("a/7.png")
