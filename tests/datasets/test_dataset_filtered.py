"""``prepare --keep``: rows by the values of their factors, numbered anew."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from disentool.commands.prepare import prepare
from disentool.datasets import shapes3d
from disentool.datasets.filtered import filtered, parse
from disentool.datasets.source import Source, table
from disentool.datasets.split import split
from disentool.errors import UnknownName, WrongUsage
from disentool.io import dataset
from disentool.io.classes import choose


def listed() -> Source:
    """Six images, no grid; image i is filled with i."""
    factors = np.array([[0, 2], [1, 0], [0, 1], [1, 2], [0, 2], [1, 1]])
    images = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    return Source(
        name="listed",
        shape=images.shape,
        images=lambda rows: iter([images if rows is None else images[rows]]),
        factors=table(factors),
        factor_names=("pose", "kind"),
        factor_sizes=(2, 3),
        factor_values={"kind": np.array([5.0, 6.0, 7.0])},
        class_names={"kind": ("cat", "dog", "emu")},
        continuous={"age": np.arange(6.0)},
        split=np.array([0, 1, 0, 1, 0, 1], np.uint8),
    )


def test_rows_of_a_list_are_kept_with_all_that_belongs_to_them():
    source = filtered(listed(), {"kind": ["emu", "0"]})
    rows = [0, 1, 3, 4]
    np.testing.assert_array_equal(np.concatenate(list(source.images(None)))[:, 0, 0, 0], rows)
    np.testing.assert_array_equal(source.factors(None), [[0, 1], [1, 0], [1, 1], [0, 1]])
    np.testing.assert_array_equal(np.concatenate(list(source.images(np.array([1, 3]))))[:, 0, 0, 0], [1, 4])
    np.testing.assert_array_equal(source.factors(np.array([1, 3])), [[1, 0], [0, 1]])
    assert (source.shape, source.factor_sizes) == ((4, 2, 2, 1), (2, 2))
    assert source.class_names == {"kind": ("cat", "emu")}
    assert source.factor_values["kind"].tolist() == [5.0, 7.0]
    assert source.continuous["age"].tolist() == rows
    assert source.split.tolist() == [0, 1, 1, 0]
    assert source.source.endswith("kept kind=emu,0")


def test_of_a_grid_a_grid_is_left(tmp_path):
    wanted = parse(["floor_hue=0,2", "wall_hue=1", "object_hue=0-1,9", "scale=3", "shape=0-3", "orientation=0,14"])
    path = prepare("shapes3d", tmp_path / "small.h5", keep=wanted, size=(16, 16), split="shape+object_hue:3")
    with h5py.File(path) as made:
        assert made.attrs["grid"]
        assert made["images"].shape == (2 * 1 * 3 * 1 * 4 * 2, 16, 16, 3)
        factors, images, chosen = made["factors"][:], made["images"][:], made["split"][:]
    sizes = factors.max(axis=0) + 1
    np.testing.assert_array_equal(np.ravel_multi_index(factors.T, sizes), np.arange(len(factors)))
    # The images are those of the whole set's rows with the same factors.
    values = [[0, 2], [1], [0, 1, 9], [3], [0, 1, 2, 3], [0, 14]]
    old = np.stack([np.take(kept_, column) for kept_, column in zip(values, factors.T, strict=True)], 1)
    whole = filtered(shapes3d.open_source(None), {})
    rows = np.ravel_multi_index(old.T, shapes3d.SIZES)
    true = np.concatenate(list(whole.images(rows))).reshape(len(rows), 16, 4, 16, 4, 3).mean((2, 4))
    assert np.abs(true - images).mean() < 6  # resized another way
    # Whole joint classes are apart.
    test = {tuple(pair) for pair in factors[chosen == 1][:, [4, 2]]}
    assert len(test) == 3
    assert not test & {tuple(pair) for pair in factors[chosen == 0][:, [4, 2]]}


def test_what_keeps_nothing_or_is_unknown_is_refused():
    with pytest.raises(WrongUsage, match="FACTOR=VALUE"):
        parse(["shape"])
    with pytest.raises(WrongUsage, match="shape=2"):
        parse(["shape=1", "shape=2"])
    with pytest.raises(UnknownName, match="kinds"):
        filtered(listed(), {"kinds": ["cat"]})
    for value in ("3", "2-1", "-1", "fox", "1.5"):
        with pytest.raises(WrongUsage, match="cat, dog, emu"):
            filtered(listed(), {"kind": [value]})
    with pytest.raises(WrongUsage, match="listed"):
        filtered(
            listed(),
            {
                "pose": ["1"],
                "kind": ["2"],
            }
            | {"kind": ["0"], "pose": ["0"]},
        )
    with pytest.raises(UnknownName, match="hue"):
        split(listed(), None, "pose+hue:1", 0)


def rated(**facts) -> Source:
    """Six images with the factor rating; image i is filled with i."""
    ranks = np.array([0, 1, 2, 3, 0, 1])
    values = {"rating": np.array([1.0, 2.0, 3.0, 4.0])}
    of_it = {"factors": table(ranks[:, None]), "factor_names": ("rating",), "factor_sizes": (4,)}
    return replace(listed(), **of_it | {"factor_values": values, "class_names": {}, "continuous": {}} | facts)


def kept(source: Source, *values: str) -> list[int]:
    return np.concatenate(list(filtered(source, {"rating": values}).images(None)))[:, 0, 0, 0].tolist()


def test_a_number_is_a_value_and_never_the_place_of_another():
    assert kept(rated(), "1") == kept(rated(), "1.0") == [0, 4]
    assert kept(rated(), "4") == [3]
    assert kept(rated(), "1-2", "4") == [0, 1, 3, 4, 5]
    with pytest.raises(WrongUsage, match="rating=0"):
        kept(rated(), "0")
    fractions = rated(factor_values={"rating": np.array([-2.0, -0.5, 0.25, 1.0])})
    assert kept(fractions, "1") == [3]
    assert kept(fractions, "-2--0.5") == [0, 1, 4, 5]
    folders = rated(factor_values={}, class_names={"rating": ("1", "2", "3", "4")})
    assert kept(folders, "1") == [0, 4]
    assert kept(folders, "2-3") == [1, 2, 5]
    with pytest.raises(WrongUsage, match="rating=0"):
        kept(folders, "0")
    assert filtered(rated(), {"rating": ["3", "1"]}).words() == {"rating": ("1", "3")}


def test_a_number_counts_classes_where_nothing_else_can_be_meant_and_that_is_said():
    assert kept(rated(class_numbers=True), "0") == [0, 4]  # as the published class numbers of dSprites
    assert kept(rated(factor_values={}), "0") == [0, 4]
    words = rated(factor_values={}, class_names={"rating": ("bad", "poor", "fair", "good")})
    assert kept(words, "1") == [1, 5]
    assert any("1 is poor" in note for note in filtered(words, {"rating": ["1"]}).notes)
    assert not any("poor" in note for note in filtered(words, {"rating": ["poor"]}).notes)


def test_of_a_measurement_the_numbers_are_compared_not_the_bins():
    numbers = np.array([30.5, 41.0, 52.5, 60.0, 33.0, 40.0])
    measured = rated(continuous={"rating": numbers}, grid=True)
    assert kept(measured, "30-40.5") == [0, 4, 5]
    assert kept(measured, "41", "60") == [1, 3]
    some = filtered(measured, {"rating": ["30-40.5"]})
    assert not some.grid
    assert some.factors(None).tolist() == [[0], [0], [1]]
    assert some.factor_sizes == (2,)
    assert some.continuous["rating"].tolist() == [30.5, 33.0, 40.0]
    for value in ("old", "1-"):
        with pytest.raises(WrongUsage, match="rating"):
            kept(measured, value)


def test_the_values_of_numbers_name_the_classes_of_the_file(cli, folder):
    np.savez("a.npz", images=np.zeros((4, 8, 8), np.uint8), labels=np.array([1, 2, 3, 4]))
    cli("prepare", "array", "--from", "a.npz", "-o", "a.h5").printed("a.h5")
    words = dataset.read(folder / "a.h5").words()
    assert words == {"labels": ["1", "2", "3", "4"]}
    classes = choose("labels", ("labels",), (4,))
    assert [classes.index(text, words) for text in ("1", "4")] == [0, 3]  # what `swap --class-label 1` means
    with pytest.raises(UnknownName, match="labels"):
        classes.index("0", words)
    np.savez("b.npz", images=np.zeros((4, 16, 16), np.uint8), labels=np.array([1, 2, 3, 4]))
    cli("prepare", "array", "--from", "b.npz", "-o", "b.h5").printed("b.h5")
    cli("train", "mlvae", "--data", "b.h5", "--class-factor", "labels", "--steps", 1, "--device", "cpu").printed(
        "ckpt.pt"
    )
    common = "--device", "cpu", "-q", "-o"
    cli("swap", "--class-label", 4, *common, "s.h5").printed("s.h5")
    cli("swap", "--class-label", 0, *common, "t.h5").failed(2, "labels")
    cli("encode", *common, "z.h5").printed("z.h5")
    cli("swap", "z.h5", "--content-row", 0, "--class-label", 4, *common, "y.h5").printed("y.h5")
    cli("swap", "z.h5", "--content-row", 0, "--class-label", 0, *common, "x.h5").failed(2, "labels")
