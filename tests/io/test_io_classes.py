"""The class of an image: one factor or several joined, as numbers, as words, on the command line."""

import numpy as np
import pytest
import torch

from disentool.errors import DataMismatch, NoFactors, UnknownName, WrongUsage
from disentool.io.classes import choose

NAMES, SIZES = ("colour", "shape", "place"), (4, 3, 7)
WORDS = {"shape": ["square", "ellipse", "heart+"]}


def test_every_combination_of_joined_factors_is_a_class_of_its_own():
    classes = choose("place+colour", NAMES, SIZES)
    grid = np.stack(np.meshgrid(*map(np.arange, SIZES), indexing="ij"), -1).reshape(-1, 3)
    index = classes.of(grid)
    assert classes.count == 28 and classes.text == "place+colour"
    assert sorted(set(index.tolist())) == list(range(28))
    for row, number in zip(grid, index.tolist(), strict=True):
        assert classes.values(number) == (row[2], row[0])
        assert number == row[2] * 4 + row[0]
    assert torch.equal(classes.of(torch.from_numpy(grid)), torch.from_numpy(index))


def test_words_and_numbers_name_classes():
    one, two = choose("shape", NAMES, SIZES), choose("shape+place", NAMES, SIZES)
    assert one.index("heart+", WORDS) == one.index("2", {}) == 2
    assert one.label(1, WORDS) == "ellipse"
    assert two.index("ellipse+6", WORDS) == 13
    assert two.label(13, WORDS) == "ellipse+6"
    with pytest.raises(UnknownName, match="ellipse"):
        one.index("elipse", WORDS)
    with pytest.raises(WrongUsage, match="0 to 6"):
        two.index("ellipse+7", WORDS)
    with pytest.raises(WrongUsage, match="2 values joined"):
        two.index("ellipse", WORDS)


def test_the_data_may_name_its_class_factor():
    assert choose("auto", NAMES, SIZES, "shape").names == ("shape",)
    assert choose("a+b", ("a+b", "a"), (2, 3)).names == ("a+b",)  # a factor's name may hold a plus


@pytest.mark.parametrize(
    ("spec", "names", "sizes", "error", "told"),
    [
        ("auto", NAMES, SIZES, NoFactors, "--class-factor names it .*colour, shape, place"),
        ("auto", (), (), NoFactors, "no factors"),
        ("size", NAMES, SIZES, WrongUsage, "shape"),
        ("shape+shape", NAMES, SIZES, WrongUsage, "twice"),
        ("a+b", ("a", "b"), (2000, 2000), DataMismatch, "4,000,000 classes"),
    ],
)
def test_what_is_no_class_factor_is_refused(spec, names, sizes, error, told):
    with pytest.raises(error, match=told):
        choose(spec, names, sizes)
