"""Numbers with decimal commas and with marks of thousands: read right, or refused with what they may mean."""

from pathlib import Path

import pytest
from PIL import Image

from disentool.datasets import factor_columns, number_marks
from disentool.errors import DataMismatch
from disentool.io import dataset

TABLE = Path("t.csv")


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (["1,5", "2", "-3,25"], ["1.5", "2", "-3.25"]),
        (["1,234,567", "2,345", "12"], ["1234567", "2345", "12"]),
        (["1,234.5", "345.5", "-2,000"], ["1234.5", "345.5", "-2000"]),
        (["1.234,5", "345,5", "12"], ["1234.5", "345.5", "12"]),
        (["1.234.567", "1.234", "12"], ["1234567", "1234", "12"]),
        (["1 234", "12"], ["1234", "12"]),
        (["1\u202f234,5", "12,5"], ["1234.5", "12.5"]),
        (["1'234.5", "12"], ["1234.5", "12"]),
        (["12,34,567", "2,345"], ["1234567", "2345"]),
        (["33.3%", "-5 %", "1e2%"], ["33.3", "-5", "1e2"]),
        (["33,3%", "5%"], ["33.3", "5"]),
        (["10°", "12.5 °"], ["10", "12.5"]),
        (["10 cm", "-2.5 cm"], ["10", "-2.5"]),
        (["5kg", "1,5kg"], ["5", "1.5"]),
        (["3 \u00b0C", "21 \u00b0C"], ["3", "21"]),
        (["$1,234.50", "$12"], ["1234.50", "12"]),
        (["\u22121.5", "2"], ["-1.5", "2"]),
        (["\u20135 mm", "\u22127 mm"], ["-5", "-7"]),
        (["1,5", "n.a.", "2"], ["1.5", "n.a.", "2"]),
        (["5 m2", "7.5 m2"], ["5", "7.5"]),
        (["5 cm\u00b2", "7 cm\u00b2"], ["5", "7"]),
        (["5 m/s^2", "-7 m/s^2"], ["5", "-7"]),
        (["2 s-1", "3 s-1"], ["2", "3"]),
        (["5 KG", "7.5 KG"], ["5", "7.5"]),
        (["10 min.", "5 min."], ["10", "5"]),
        (["3 g/cm\u00b3", "2 g/cm\u00b3"], ["3", "2"]),
    ],
)
def test_numbers_of_other_countries(words, numbers):
    read, note = number_marks.without(TABLE, "v", words)
    assert read == numbers
    assert "factor v" in note


@pytest.mark.parametrize(
    "words",
    [
        ["1", "2.5", "1e3"],
        ["1.234", "2"],
        ["a", "1,5"],
        ["1,2,3", "1,2"],
        ["1-2", "3"],
        ["10%", "5"],
        ["10%", "ten%"],
        ["2020-01-02"],
        ["1A", "2A"],
        ["2D", "3D"],
        ["10 cm", "1 m"],
        ["3 of 4", "2 of 4"],
        ["\u2013", "\u2212a"],
        ["1\u20ac50", "2\u20ac50"],
        ["10\u00b030'", "12\u00b030'"],
        ["12\u00b030'N", "7\u00b030'N"],
        ["1h30", "2h30"],
        ["1 h30", "2 h30"],
        ["1 h3", "2 h3"],
        ["5 e3", "7 e3"],
        ["5 x10^3", "7 x10^3"],
        ["1\u00bd", "2\u00bd"],
        ["1 \u00bd", "2 \u00bd"],
        ["1 h\u00bd", "2 h\u00bd"],
        ["5\u00b2", "7\u00b2"],
        ["3 Series", "5 Series"],
        ["10 x", "12 x"],
        ["5 stars", "4 stars"],
    ],
)
def test_other_words_stay(words):
    assert number_marks.without(TABLE, "v", words) == (words, "")


def test_cells_of_a_grid_are_no_decimals():
    words, note = number_marks.without(TABLE, "cell", ["1,1", "1,9", "1,10", "1,11", "1,1"])
    assert words == ["1,1", "1,9", "1,10", "1,11", "1,1"] and "1,1 and 1,10" in note
    words, note = number_marks.without(TABLE, "version", ["3,9", "3,10", "3,11"])
    assert words == ["3,9", "3,10", "3,11"] and "3,10" in note
    words, note = number_marks.without(TABLE, "length", ["1,5", "1,50", "2"])
    assert words == ["1.5", "1.50", "2"] and "decimal commas" in note


def test_what_has_a_unit_is_no_code():
    words, note = number_marks.without(TABLE, "length", ["1.1 cm", "1.10 cm", "1.2 cm"])
    assert words == ["1.1", "1.1", "1.2"] and "1.1 and 1.10" in note
    words, note = number_marks.without(TABLE, "length", ["3.9 cm", "3.10 cm", "3.11 cm"])
    assert factor_columns.from_column("length", words).values.tolist() == [3.1, 3.11, 3.9]
    words, _ = number_marks.without(TABLE, "pop", ["1.234", "01", "1"], decimal_commas=True)
    assert words == ["1234", "01", "01"]


def test_points_in_a_table_with_decimal_commas_are_marks_of_thousands():
    for words, numbers in (
        (["900", "1.100"], ["900", "1100"]),
        (["1.100 \u20ac", "2.000 \u20ac"], ["1100", "2000"]),
        (["1.100", "1,234"], ["1100", "1.234"]),
    ):
        read, note = number_marks.without(TABLE, "v", words, decimal_commas=True)
        assert read == numbers and "thousands" in note
    for words in (["0.5", "1.100"], ["1.10", "2"], ["1.100", "1e3"]):
        assert number_marks.without(TABLE, "v", words, decimal_commas=True) == (words, "")
    with pytest.raises(DataMismatch, match="or 1100"):
        number_marks.without(TABLE, "v", ["900", "1.100"], decimal_commas=None)


@pytest.mark.parametrize(
    ("words", "noun"),
    [
        (["1,234", "2,345", "12"], "1.234 or 1234"),
        (["1,234", "1.234"], "1234 or 1.234"),
        (["1,5", "2.5"], "several ways"),
        (["1,234.5", "1.234,5"], "several ways"),
    ],
)
def test_what_may_mean_two_numbers_is_refused(words, noun):
    with pytest.raises(DataMismatch, match=noun) as raised:
        number_marks.without(TABLE, "v", words)
    assert str(raised.value).startswith("t.csv: factor v")


def test_tables_of_such_numbers(cli, folder):
    (folder / "in").mkdir()
    for i in range(3):
        Image.new("L", (8, 8), i).save(folder / "in" / f"{i}.png")
    (folder / "t.csv").write_text('file,v\n0.png,"1,234.5"\n1.png,"12.5"\n2.png,"2,000"\n')
    cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "d.h5").printed("d.h5")
    assert dataset.read(folder / "d.h5").factor_values["v"].tolist() == [12.5, 1234.5, 2000]
    (folder / "t.csv").write_text("file,v\n0.png,1,5\n1.png,2,5\n2.png,3,5\n")  # decimal commas that nothing quotes
    cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "e.h5").failed(1, "quotes")
    (folder / "t.csv").write_text("file;v\n0.png;1,5\n1.png;2,5\n2.png;3,5\n")
    cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "e.h5").printed("e.h5")
    assert dataset.read(folder / "e.h5").factor_values["v"].tolist() == [1.5, 2.5, 3.5]
    (folder / "t.csv").write_text("file;pop;w\n0.png;900;0,5\n1.png;1.100;1,5\n2.png;2.000;3\n")
    done = cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "f.h5")
    done.printed("f.h5")
    assert dataset.read(folder / "f.h5").factor_values["pop"].tolist() == [900, 1100, 2000] and "thousands" in done.err
    (folder / "t.csv").write_text("file;pop\n0.png;900\n1.png;1.100\n2.png;2.000\n")  # nothing says which it is
    cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "g.h5").failed(1, "1100")
    (folder / "t.csv").write_text("file;x;w\n0.png;1.125;0.5\n1.png;1.100;1.5\n2.png;2.000;2\n")  # decimal points
    cli("prepare", "folder", "--from", "in", "--csv", "t.csv", "-o", "h.h5").printed("h.h5")
    assert dataset.read(folder / "h.h5").factor_values["x"].tolist() == [1.1, 1.125, 2]
