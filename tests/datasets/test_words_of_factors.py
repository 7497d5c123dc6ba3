"""Words of a column that differ in writing, or in an order of their own: what they mean, and what is said of them."""

import numpy as np
import pytest

from disentool.datasets import factor_columns
from disentool.errors import DataMismatch


def read(words):
    """The factor of a column, and all that is said of it."""
    factor = factor_columns.from_column("f", words)
    return factor, "; ".join(factor_columns.remarks([factor]))


@pytest.mark.parametrize(
    "words",
    [
        ["1", "01", "001", "2"],
        ["1.1", "1.10", "1.2", "1.9", "1.11"],
        ["1.1", "1.10", "1.9", "2.1", "2.10", "2.11"],
        ["3.1", "3.8", "3.9", "3.10", "3.11", "3.12", "4"],
        [f"{row}.{column}" for row in (1, 2) for column in range(1, 121)],
        ["1e1", "10", "2e0", "2"],
        ["1E3", "1000"],
        ["1.9", "1.10", "1.1"] + [f"1.{i}" for i in range(20, 30)],
        ["5", *(f"{i:02}" for i in range(30))],
        [f"{i}" for i in range(10)] + [f"{i:02}" for i in range(1, 10)],
    ],
)
def test_codes_that_are_equal_as_numbers_are_classes_of_their_own(words):
    factor, said = read([*words, *words])
    assert set(factor.names) == set(words) and factor.size == len(words)
    assert "one number" in said or "zeros" in said


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["1.5", "1.50", "2"], [1.5, 2]),
        (["1.5", "1.50", "2.0"], [1.5, 2]),
        (["1.0", "1", "2"], [1, 2]),
        (["2.50", "2.5", "3.75", "0.125"], [0.125, 2.5, 3.75]),
        (["0.1", "0.10", "0.05"], [0.05, 0.1]),
        (["+1", "1"], [1]),
        (["-0", "0"], [0]),
        (["1e3", "1000", "0.5"], [0.5, 1000]),
        (["1E+03", "1000"], [1000]),
        ([".5", "0.5"], [0.5]),
        (["0.1", "0.10000000000000001"], [0.1]),
        (["1.1", "1.10", "1.2", "1.9"], [1.1, 1.2, 1.9]),
        (["3.5", "3.50", *(f"{i / 10}" for i in range(30))], [i / 10 for i in range(30)] + [3.5]),
        (["12.5", "12.50", "9.9", "8.4"], [8.4, 9.9, 12.5]),
        (["0.1", "0.10", "0.2", "0.20", "0.5"], [0.1, 0.2, 0.5]),
        (["0.1", "0.10", "0.15", "0.2", "0.20", "0.25", "0.5"], [0.1, 0.15, 0.2, 0.25, 0.5]),
        (["0.1", "0.10", *(f"{i / 100}" for i in range(11, 100))], [i / 100 for i in range(10, 100)]),
        (["3.1", "3.10", "3.11", "3.12", "3.15", "3.18", "3.20"], [3.1, 3.11, 3.12, 3.15, 3.18, 3.2]),
        (["5", "05", *(f"{i}" for i in range(30) if i != 5)], [*range(30)]),
        (["1000", "1e3", *(f"{i}00" for i in range(1, 10))], [i * 100 for i in range(1, 11)]),
    ],
)
def test_one_number_written_twice_is_one_class_and_told(words, values):
    said = read([*words, *words])[1]
    assert factor_columns.from_column("f", [*words, *words], bins=200).values.tolist() == values
    assert f"{words[0]} and {words[1]}" in said


def test_numbers_in_one_writing_are_not_told():
    for words in (["1.5", "2.25", "3"], ["01", "02", "10"], ["1.10", "1.2"], ["9007199254740993", "9007199254740992"]):
        factor, said = read([*words, *words])
        assert factor.size == len(words) and not said


@pytest.mark.parametrize("added", [[], ["3.1"]])
def test_versions_are_names_in_their_order(added):
    factor, said = read(["3.10", "3.12", "3.9", "3.11", *added] * 2)
    assert factor.names == (*added, "3.9", "3.10", "3.11", "3.12")
    assert "3.10" in said


@pytest.mark.parametrize("words", [["1.10", "1.9"], ["0.9", "0.11", "0.12"], ["9.30", "9.45", "10.15", "8.5"]])
def test_decimals_of_several_lengths_are_numbers(words):
    factor, said = read([*words, *words])
    assert factor.values.tolist() == sorted(map(float, words)) and not said


def test_levels_that_are_not_cut_are_told():
    values = np.tile(np.arange(40) / 8, 2)
    factor = factor_columns.from_numbers("f", values, 5)
    assert factor.size == 40 and "levels" in factor_columns.remarks([factor])[0]
    assert not factor_columns.remarks([factor_columns.from_numbers("f", values, 40)])


def test_words_of_truth_are_two_classes():
    factor, said = read(["True", "FALSE", "TRUE", "false", "true", "False"])
    assert factor.names == ("FALSE", "True") and factor.classes.tolist() == [1, 0, 1, 0, 1, 0]
    assert "'TRUE'" in said and "'false'" in said
    factor, said = read(["True", "False", "TRUE", "false", "1", "0", "true", "FALSE"])
    assert factor.names == ("False", "True") and factor.classes.tolist() == [1, 0, 1, 0, 1, 0, 1, 0]
    assert "'1'" in said
    assert read(["True", "False", "True"])[1] == ""
    assert read(["True", "TRUE", "maybe", "maybe"])[0].size == 3
    assert read(["True", "1", "True"])[0].size == 2  # 1 may be the name of another class
    assert read(["1", "0", "1"])[0].values.tolist() == [0, 1]


def test_all_names_that_read_alike_are_told():
    names = ["CAT", "Cat", "cat", "Dog", "dog", "cow", "Cow", "EMU", "emu", "Fox", "fox"]
    factor, said = read([*names, *names])
    assert factor.size == len(names)
    assert "'CAT', 'Cat' and 'cat'" in said and "'Dog' and 'dog'" in said and "2 more" in said


@pytest.mark.parametrize(
    ("words", "noun"),
    [
        (["10/2/2024", "9/1/2024", "1/12/2023", "2/1/2025"], "2024-09-01"),
        (["10.2.2024", "9.1.2024"], "dates"),
        (["10/2/24 13:30", "9/1/24 12:15"], "dates"),
        (["1 Jan 2024", "Feb 3, 2024"], "dates"),
        (["1-Jan-24", "3-FEB-24"], "dates"),
        (["01Jan2024", "2024 Feb 3"], "dates"),
        (["Mon, 1 January 2024 13:30", "Tue, 2 May 2023 9:00"], "dates"),
        (["12:30 AM", "1:30 pm"], "13:30"),
        (["1 h", "2 h", "3 h", "30 min"], "'1 h' and '30 min'"),
        (["1h30", "45min"], "unit"),
        (["5 cm", "-10 mm"], "unit"),
        (["1 day", "2 weeks"], "unit"),
        (["5 KG", "700 g"], "unit"),
        (["5 km/h", "3 m/s"], "unit"),
        (["3h", "45min."], "unit"),
        (["Mar2024", "Jan2023"], "dates"),
        (["mar 1", "jan 3"], "dates"),
    ],
)
def test_an_order_that_the_text_does_not_have_is_told(words, noun):
    factor, said = read([*words, *words])
    assert factor.names is not None and noun in said


@pytest.mark.parametrize(
    "words",
    [
        ["2024-09-01", "2023-12-01"],
        ["2024/9/1", "2023/12/1"],
        ["9:00", "13:30"],
        ["1 h 30 min", "2 h 15 min"],
        ["3 cats", "2 dogs"],
        ["1.2.10", "1.2.11"],
        ["may", "june"],
        ["it may be 5", "or may be 7"],
        ["marble 1", "march"],
        ["9/1/2024"],
        ["1A", "2B"],
        ["3 Series", "5 Series"],
        ["10 x", "12 x"],
        ["2d", "3h", "10s", "4c"],
        ["2d", "3h", "10s"],
        ["5 m", "5 s"],
        ["mar1", "jan3"],
        ["may5", "sep10"],
    ],
)
def test_other_words_say_nothing_of_an_order(words):
    assert read([*words, *words])[1].replace("factor f has one value only", "") == ""


@pytest.mark.parametrize("words", [["a", "b", "c"], ["7", "3", "5"], [str(2**60 + i) for i in range(3)]])
def test_a_value_for_each_image_is_told_of_few_images_too(words):
    assert "nothing can be learned" in read(words)[1]
    assert not read([*words, words[0]])[1] and not read(words[:2])[1]


def test_a_measurement_may_have_a_value_for_each_image():
    assert not read(["0.5", "1.5", "2"])[1]
    assert not factor_columns.remarks([factor_columns.from_numbers("f", np.linspace(0, 1, 50))])


@pytest.mark.parametrize(
    ("names", "noun"), [(["w/h"], "w_h"), ([".", "x"], "'.'"), (["x", "y", "x"], "'x'"), ([""], "''")]
)
def test_names_that_no_factor_can_have_are_told_with_what_to_write(names, noun):
    with pytest.raises(DataMismatch, match=noun) as raised:
        factor_columns.facts([factor_columns.from_words(name, ["a", "b"]) for name in names])
    assert "write" in str(raised.value) and "'y'" not in str(raised.value)
