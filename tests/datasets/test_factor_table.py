"""Tables of factors, as programs and people write them: which column names the image, in which words."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from table_pictures import COUNT

from disentool.datasets.folder_listing import listed
from disentool.datasets.table_paths import ImagePaths
from disentool.errors import UnsafeFile
from disentool.io import dataset, tables


def prepared(cli, table: str, text: str | bytes, *more):
    """The data set of a table, and what was said of it."""
    Path(table).write_bytes(text.encode() if isinstance(text, str) else text)
    done = cli("prepare", "folder", "--from", "in", "--csv", table, "-o", "d.h5", "--overwrite", *more)
    done.printed("d.h5")
    return dataset.read(Path("d.h5")), done.err


def refused(cli, table: str, text: str | bytes, *words) -> None:
    Path(table).write_bytes(text.encode() if isinstance(text, str) else text)
    cli("prepare", "folder", "--from", "in", "--csv", table, "-o", "no.h5").failed(1, table, *words)
    assert not Path("no.h5").exists()


def rows(line: str, header: str, count: int = COUNT) -> str:
    """A header, then ``line`` for each image, with its name and number filled in."""
    return "\n".join([header, *(line.format(file=f"{i:03}.png", i=i) for i in range(count)), ""])


# ---- which column names the image


@pytest.mark.parametrize(
    ("header", "line", "names", "said"),
    [
        ("file,x", "{file},{i}", ("x",), ""),
        ("patch,image_id,x", "P_0,{file},{i}", ("patch", "x"), "column 2 (image_id)"),
        ("x,side,img", "{i},l,{file}", ("x", "side"), "column 3 (img)"),
        ("image_id,name,x", "{file},k,{i}", ("name", "x"), ""),
        ("name,picture,x", "k,{file},{i}", ("name", "x"), "column 2 (picture)"),
        ("x,file", "{i},{file}", ("x",), ""),  # 0 to 7 are names of no files here
    ],
)
def test_the_image_column_is_the_one_that_names_files(cli, pictures, header, line, names, said):
    data, notes = prepared(cli, "t.csv", rows(line, header))
    assert data.factor_names == names
    assert data.images[:, 0, 0, 0].tolist() == list(range(COUNT))
    assert data.factors[:, names.index("x")].tolist() == list(range(COUNT))
    assert said in notes


def test_of_two_columns_of_files_the_one_with_a_name_for_it_is_taken(cli, pictures):
    data, said = prepared(cli, "t.csv", rows("{file},{file},{i}", "mask,file,x"))
    assert data.factor_names == ("x",) and "mask" in said


def test_a_second_column_of_images_is_no_factor_and_one_of_a_few_files_is(cli, pictures):
    lines = [f"{i:03}.png,{COUNT - 1 - i:03}.png,{i % 2:03}.png" for i in range(COUNT)]
    data, said = prepared(cli, "t.csv", "\n".join(["left,right,template", *lines]))
    assert data.factor_names == ("template",) and data.factor_sizes == (2,)
    assert data.images[:, 0, 0, 0].tolist() == list(range(COUNT))
    assert "right" in said and "left" in said


def test_leading_zeros_that_tell_words_apart_make_names_of_numbers(cli, pictures):
    codes = ["01", "1", "001", "2"]
    text = "\n".join(["file,zip,n", *(f"{i:03}.png,{codes[i % 4]},{i:02}" for i in range(COUNT))])
    data, said = prepared(cli, "t.csv", text)
    assert data.factor_sizes == (4, COUNT) and set(data.class_names["zip"]) == set(codes)
    assert "zeros" in said and "factor n:" not in said  # 00, 01, ... are different numbers


def test_semicolons_separate_where_decimals_have_commas(cli, pictures):
    data, said = prepared(cli, "t.csv", rows('{file};{i},125;"a, b {i}"', "file;x;words"))
    assert data.factor_names == ("x", "words") and "semicolons" in said
    assert data.factor_values["x"].tolist() == [i + 0.125 for i in range(COUNT)]
    assert data.class_names["words"][1] == "a, b 1"
    data, _ = prepared(cli, "t.csv", "sep=;\n" + rows("{file};{i}.5", "file;x"))
    assert data.factor_values["x"].tolist() == [i + 0.5 for i in range(COUNT)]
    data, _ = prepared(cli, "t.csv", rows("{file};1.23{i},5", "file;x"))
    assert data.factor_values["x"].tolist() == [1230.5 + i for i in range(COUNT)]


def test_a_gap_is_told_with_its_number_and_its_first_line(cli, pictures):
    text = "\n".join(["file,angle", *(f"{i:03}.png,{'' if i in (2, 5) else i}" for i in range(COUNT))])
    refused(cli, "t.csv", text, "2 of 8", "line 4")
    text = text.replace("5.png,", "5.png,1.5")
    refused(cli, "t.csv", text, "line 4")
    refused(cli, "t.csv", text.replace("2.png,", "2.png,NA").replace("6.png,6", "6.png,NA"), "6 of 8", "2 are not")


def test_levels_that_were_cut_say_how_they_are_kept(cli, pictures):
    text = "\n".join(["file,deg", *(f"{i:03}.png,{[0, 0.5, 1, 1.5][i % 4 if i < 7 else 0]}" for i in range(COUNT))])
    data, said = prepared(cli, "t.csv", text, "--bins", 2)
    assert data.factor_sizes < (4,) and "--bins 4" in said
    data, _ = prepared(cli, "t.csv", text, "--bins", 4)
    assert data.factor_sizes == (4,)


def test_a_number_is_a_file_only_where_no_column_names_files(cli, folder):
    (folder / "in").mkdir()
    for i in range(4):
        Image.new("L", (8, 8), i).save(folder / "in" / f"{i}.png")
    data, _ = prepared(cli, "t.csv", "x,picture\n" + "".join(f"{3 - i},{i}.png\n" for i in range(4)))
    assert data.images[:, 0, 0, 0].tolist() == [0, 1, 2, 3] and data.factors[:, 0].tolist() == [3, 2, 1, 0]
    data, _ = prepared(cli, "t.csv", "class,id\n" + "".join(f"{i // 2},{i}\n" for i in range(4)))
    assert data.images[:, 0, 0, 0].tolist() == [0, 1, 2, 3] and data.factors[:, 0].tolist() == [0, 0, 1, 1]
    refused(cli, "t.csv", "file,size\nx.png,1\ny.png,2\n", "names an image")  # the sizes are no files


# ---- numbers that may name images


@pytest.fixture
def numbered(folder) -> Path:
    """Six pictures, 1.png to 6.png, whose level is their number."""
    (folder / "in").mkdir()
    for i in range(1, 7):
        Image.new("L", (8, 8), i).save(folder / "in" / f"{i}.png")
    return folder


MIXED = (3, 1, 4, 2, 6, 5)


def beside(header: str, *columns) -> str:
    """A table of these columns, and one ``x`` of ten times the mixed numbers, which name no images."""
    columns = (*columns, [10 * i for i in MIXED])
    return "\n".join([f"{header},x", *(",".join(map(str, row)) for row in zip(*columns, strict=True)), ""])


@pytest.mark.parametrize("index", ["", "Unnamed: 0", "index", "row", "#"])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("name", ["image_id", "ID", "frame", "code"])
def test_row_numbers_name_no_images_where_another_column_does(cli, numbered, index, first, name):
    data, said = prepared(cli, "t.csv", beside(f"{index},{name}", range(first, first + 6), MIXED))
    assert data.factor_names == ("x",)
    assert data.images[:, 0, 0, 0].tolist() == list(MIXED)
    assert data.factor_values["x"][data.factors[:, 0]].tolist() == [10 * i for i in MIXED]
    assert f"column 2 ({name})" in said and "numbers the rows" in said


@pytest.mark.parametrize("name", ["", "id", "code", "file"])
def test_the_only_column_of_numbers_that_are_names_is_told(cli, numbered, name):
    data, said = prepared(cli, "t.csv", beside(name, range(1, 7)))
    assert data.images[:, 0, 0, 0].tolist() == list(range(1, 7)) and data.factor_names == ("x",)
    assert f"column 1 ({name or 'without a name'}) names the images" in said


@pytest.mark.parametrize(
    ("header", "taken"),
    [("rank,image_id", 1), ("id,Image", 1), ("image_id,file", 1), ("file,path", 0), ("frame_id,img_id", 1)],
)
def test_names_of_columns_decide_which_numbers_are_names(cli, numbered, header, taken):
    columns = [(6, 5, 4, 3, 2, 1), (6, 5, 4, 3, 2, 1)]
    columns[taken] = range(1, 7)
    data, said = prepared(cli, "t.csv", beside(header, *columns))
    assert data.images[:, 0, 0, 0].tolist() == list(range(1, 7))
    assert data.factor_names == (header.split(",")[1 - taken], "x")
    assert f"column {taken + 1}" in said


def test_a_number_that_names_fewer_images_gives_way_to_an_id(cli, numbered):
    data, _ = prepared(cli, "t.csv", beside("age,id", range(3, 9), range(1, 7)))
    assert data.images[:, 0, 0, 0].tolist() == list(range(1, 7)) and data.factor_names == ("age", "x")
    data, _ = prepared(cli, "t.csv", beside("id,age", (1, 2, 3, 4, 5, 7), range(3, 9)))
    assert data.images[:, 0, 0, 0].tolist() == list(range(1, 6))


@pytest.mark.parametrize("header", ["rank,id", "rank,code", "rank,"])
def test_two_columns_of_numbers_of_which_nothing_tells_are_refused(cli, numbered, header):
    first, second = header.split(",")
    numbers = range(3, 9) if not second else MIXED  # row numbers that fit better than ranks do
    refused(cli, "t.csv", beside(header, numbers, range(1, 7)), first, second or "column 2", "suffix")


def test_a_column_that_says_the_same_images_again_is_no_rival(cli, numbered):
    data, said = prepared(cli, "t.csv", beside("code,again,idx", MIXED, MIXED, range(1, 7)))
    assert data.images[:, 0, 0, 0].tolist() == list(MIXED) and data.factor_names == ("x",)
    assert "again names images too" in said and "column 3 (idx), which numbers" in said


def test_one_repeated_number_leaves_the_column_that_is_called_for_images(cli, numbered):
    refused(cli, "t.csv", beside("rank,image_id", MIXED, (1, 2, 3, 3, 5, 6)), "image_id", "second time")


def test_no_word_twice_is_asked_of_every_row(cli, folder):
    (folder / "in").mkdir()
    for i in range(400):
        Image.new("L", (4, 4), i % 256).save(folder / "in" / f"{i}.png")
    text = "person,image_id\n" + "".join(f"{i // 2},{i}\n" for i in range(400))
    data, _ = prepared(cli, "t.csv", text)
    assert data.factor_names == ("person",) and data.factors[:, 0].tolist() == [i // 2 for i in range(400)]
    assert data.images[:, 0, 0, 0].tolist() == [i % 256 for i in range(400)]


# ---- tables as programs write them


@pytest.mark.parametrize(
    ("name", "text", "noun"),
    [
        ("index.csv", rows("{i},{file},{i}", ",file,x"), "column 1"),
        ("index-again.csv", rows("{i},{file},{i}", "Unnamed: 0,file,x"), "column 1"),
        ("row-names.csv", rows('"{i}","{file}",{i}', '"file","x"'), "column 1"),
        ("trailing-comma.csv", rows("{file},{i},", "file,x,"), ""),
        ("trailing-comma-below.csv", rows("{file},{i},", "file,x"), ""),
        ("trailing-comma-above.csv", rows("{file},{i}", "file,x,"), ""),
        ("tab.csv", rows("{file}\t{i}", "file\tx"), ""),
        ("tab.txt", rows("{file}\t{i}", "file\tx"), ""),
        ("comma.tsv", rows("{file},{i}", "file,x"), ""),
        ("comment.csv", "# made by hand, in a hurry\n" + rows("{file},{i}", "file,x"), "comment"),
        ("comment-within.csv", rows("{file},{i}", "file,x").replace("003", "# half of it\n003"), "comment"),
        ("commented-names.csv", rows("{file},{i}", "# file,x"), ""),
        ("excel.csv", "sep=,\r\n" + rows("{file},{i}", "file,x").replace("\n", "\r\n"), ""),
        ("spaces.csv", rows("{file} , {i}", " file , x "), ""),
        ("quoted.csv", rows('"{file}","{i}"', '"file","x"'), ""),
        ("old-mac.csv", rows("{file},{i}", "file,x").replace("\n", "\r"), ""),
        ("index-of-files.csv", rows("{file},{i}", ",x"), ""),
    ],
)
def test_what_is_meant_is_read(cli, pictures, name, text, noun):
    data, said = prepared(cli, name, text)
    assert data.factor_names == ("x",)
    assert data.factors[:, 0].tolist() == data.images[:, 0, 0, 0].tolist() == list(range(COUNT))
    assert noun in said


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_every_unicode_is_read(cli, pictures, encoding):
    data, _ = prepared(cli, "t.csv", rows("{file},grün {i}", "file,farbe").encode(encoding))
    assert data.class_names["farbe"][0] == "grün 0"


def test_a_long_text_is_read_and_the_limit_of_the_process_stays(cli, pictures):
    import csv

    before = csv.field_size_limit()
    data, _ = prepared(cli, "t.csv", rows("{file}," + 200_000 * "z" + "{i}", "file,text"))
    assert len(data.class_names["text"]) == COUNT
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("text", "noun"),
    [
        (rows("{file}|{i}", "file|x"), "bars"),
        (rows("{file} {i}", "file x"), "spaces"),
        (rows("{file};{i},5", "file;x").replace("005.png;5,5", "005.png;5;5"), "line 7"),
        (rows("{file},grün", "file,farbe").encode("latin-1"), "UTF-8"),
        (rows("{file},{i}", "file,x").encode("utf-16-le"), "UTF-8"),
        (rows("{file},{i}", "file,front/side"), "front/side"),
        (rows("a,{file},{i}", ",file,x"), "column 1"),
        (rows("{file},{i},{i}", "file,x,x"), "names"),
        (rows("{file},{i}", "file,x").replace("005.png,5", "005.png,5,6"), "line 7"),
        ("Measured in June\n" + rows("{file},{i}", "file,x"), "Measured in June"),
        ("June, the tenth\n" + rows("{file},{i}", "file,x"), "line 2"),
        ("\n".join(f"{i:03},{i}" for i in range(COUNT)), "numbers"),
        ('\ufeff[{"file": "000.png"}]', "JSON"),
        ('{"file": "000.png", "x": 1}\n', "JSON"),
        ("<!DOCTYPE html><table>", "HTML"),
        (b"PAR1\0\0", "Parquet"),
        (b"PK\x03\x04 a workbook", "workbook"),
        (b"\x1f\x8b compressed", "compressed"),
    ],
)
def test_what_is_not_clear_is_refused_with_the_reason(cli, pictures, text, noun):
    refused(cli, "t.csv", text, noun)


def test_a_table_is_not_read_before_its_size_is_known(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("file,x\n0.png,1\n")
    monkeypatch.setattr(tables, "_LIMIT", 10)
    with pytest.raises(UnsafeFile, match="bytes"):
        tables.read(tmp_path / "t.csv")


def test_names_longer_than_a_file_system_takes(cli, pictures):
    refused(cli, "t.csv", rows("{file},{i}", 3000 * "z" + ",x").replace("0", "9" * 300), "names an image")


# ---- decimal commas


def test_decimal_commas_are_numbers(cli, pictures):
    text = "file\tdepth\n" + "".join(f"{i:03}.png\t{i},25\n" for i in range(COUNT))
    data, said = prepared(cli, "t.tsv", text)
    assert data.factor_values["depth"].tolist() == [i + 0.25 for i in range(COUNT)]
    assert "decimal commas" in said
    data, _ = prepared(cli, "q.csv", rows('{file},"-{i},5e-1"', "file,depth"))
    assert data.factor_values["depth"].tolist() == [-(i + 0.5) / 10 for i in reversed(range(COUNT))]


def test_commas_of_thousands_are_not_guessed(cli, pictures):
    refused(cli, "t.csv", rows('{file},"1,{i}00"', "file,depth"), "1,000")
    data, _ = prepared(cli, "t.csv", rows('{file},"a,{i}"', "file,word"))
    assert data.class_names["word"][0] == "a,0"


# ---- the words for an image


@pytest.fixture
def tree(folder) -> Path:
    for i in range(4):
        (folder / "images" / "a").mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), i).save(folder / "images" / "a" / f"{i}.png")
    return folder / "images"


@pytest.mark.parametrize(
    "word", ["a/0.png", "./a//0.png", "images/a/0.png", "data/images/a/0.png", "a\\0.png", "images\\a\\0.png"]
)
@pytest.mark.parametrize("change", [str, str.upper, lambda word: word[:-4]])
def test_words_that_can_mean_one_image_only(tree, word, change):
    assert ImagePaths(tree, listed(tree).images).find(change(word)) == Path("a/0.png")


def test_absolute_paths_and_bare_names(tree):
    paths = ImagePaths(tree, listed(tree).images)
    assert paths.find(str(tree / "a" / "1.png")) == Path("a/1.png")
    assert paths.find("C:\\Users\\me\\images\\a\\1.png") == Path("a/1.png")
    assert paths.find("1.png") == paths.find("1") == Path("a/1.png")
    for wrong in ("b/1.png", "/elsewhere/a/1.png", "a/9.png", "9", "", ".", "/", "../a/1.png", "a/1.jpg", "\0"):
        assert paths.find(wrong) is None, wrong


def test_addresses_name_images(tree):
    for name in ("a b.png", "c%20d.png", "c d.png"):
        Image.new("L", (8, 8)).save(tree / "a" / name)
    paths = ImagePaths(tree, listed(tree).images)
    assert paths.find("https://x.org/images/a/a%20b.png") == paths.find("a%2Fa%20b.png") == Path("a/a b.png")
    assert paths.find("file:///pictures/images/a/c%2520d.png") == paths.find("a/c%20d.png") == Path("a/c%20d.png")


def test_rows_without_an_image_are_told_by_their_lines(cli, pictures):
    text = rows("{file},{i}", "file,x").replace("003.png,3", ",3").replace("005.png,5", ",5")
    data, said = prepared(cli, "t.csv", text)
    assert data.images[:, 0, 0, 0].tolist() == [0, 1, 2, 4, 6, 7] and "line 5, line 7" in said


def test_words_that_can_mean_two_images_mean_none(tree):
    (tree / "b").mkdir()
    for name in ("b/1.png", "a/1.jpg", "a/X.png", "a/x.png"):
        Image.new("L", (8, 8)).save(tree / name)
    paths = ImagePaths(tree, listed(tree).images)
    for word in ("1.png", "a/1", "A/x.PNG"):
        assert paths.find(word) is None, word
    assert paths.find("a/x.png") == Path("a/x.png")
    assert paths.find("a/1.png") == Path("a/1.png")


@pytest.mark.parametrize(("disk", "table"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_composed_and_decomposed(cli, folder, disk, table):
    (folder / "in").mkdir()
    for i in range(2):
        Image.new("L", (8, 8), i).save(folder / "in" / unicodedata.normalize(disk, f"é{i}.png"))
    data, said = prepared(cli, "t.csv", unicodedata.normalize(table, "file,x\né0.png,0\né1.png,1\n"))
    assert data.images[:, 0, 0, 0].tolist() == [0, 1]
    assert "otherwise" in said


def test_paths_of_a_whole_table(cli, tree, monkeypatch):
    lines = "".join(f"{tree}/a/{i}.png,{i % 2}\n" for i in range(4))
    Path("t.csv").write_text(f"file,x\n{lines}")
    cli("prepare", "folder", "--from", "images", "--csv", "t.csv", "-o", "d.h5").printed("d.h5")
    data = dataset.read(Path("d.h5"))
    assert data.images[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(data.factors[:, 0], [0, 1, 0, 1])
    Path("t.csv").write_text("file,x\nelse/0.png,1\nelse/1.png,0\n")
    cli("prepare", "folder", "--from", "images", "--csv", "t.csv", "-o", "e.h5").failed(1, "relative")
    Path("t.csv").write_text("file,x\na/0.png,1\nA\\0.png,0\n")
    cli("prepare", "folder", "--from", "images", "--csv", "t.csv", "-o", "e.h5").failed(1, "second")
