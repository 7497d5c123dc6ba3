"""HDF5 files that hold pictures as the bytes of JPEG or PNG files."""

import io
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from disentool.datasets import stored_pictures
from disentool.io import dataset

GREYS = [10, 200, 90, 30]


def encoded(grey: int, kind: str = "PNG", size: tuple[int, int] = (8, 8)) -> bytes:
    file = io.BytesIO()
    Image.new("L", size[::-1], grey).save(file, kind)
    return file.getvalue()


def write(path: str, rows: list[bytes], how: str = "any length", **arrays) -> None:
    with h5py.File(path, "w") as file:
        if how == "any length":
            images = file.create_dataset("pictures", (len(rows),), h5py.vlen_dtype(np.uint8))
            for row, data in enumerate(rows):
                images[row] = np.frombuffer(data, np.uint8)
        else:
            file["pictures"] = np.array(rows, f"{how}{max(map(len, rows))}")
        for name, values in arrays.items():
            file[name.replace("__", "/")] = values


def prepared(cli, *more):
    done = cli("prepare", "p.h5", "-o", "d.h5", "--overwrite", *more)
    done.printed("d.h5")
    return dataset.read(Path("d.h5")), done.err


@pytest.mark.parametrize("how", ["any length", "V", "S"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_pictures_and_their_factors_are_read(cli, folder, how, kind):
    rows = [encoded(grey, kind) for grey in GREYS]
    write("p.h5", rows, how, labels=[1.5, 7, 1.5, 3], spare=np.zeros(2))
    data, said = prepared(cli)
    np.testing.assert_allclose(data.images[:, 3, 3, 0], GREYS, atol=2)
    assert data.factor_values["labels"].tolist() == [1.5, 3, 7] and data.factors[:, 0].tolist() == [0, 2, 0, 1]
    assert "spare" in said and ".partial" not in said
    assert sorted(path.name for path in folder.iterdir()) == ["d.h5", "p.h5"]


def test_factors_in_groups_words_and_one_hot(cli, folder):
    rows = [encoded(grey) for grey in GREYS]
    write("p.h5", rows, factors__size=[3, 1, 3, 1], factors__tilt=[0.5, 0.25, -1, 8])
    data, _ = prepared(cli)
    assert data.factor_names == ("size", "tilt") and data.factors[:, 1].tolist() == [2, 1, 0, 3]
    write("p.h5", rows, words=np.array(["\u00e4, b", "c", "c", "d"], h5py.string_dtype()), hot=np.eye(4)[[2, 0, 2, 3]])
    data, _ = prepared(cli, "--factors-key", "words")
    assert data.class_names["words"] == ["c", "d", "\u00e4, b"]
    data, said = prepared(cli, "--factors-key", "hot")
    assert data.factors[:, 0].tolist() == [1, 0, 1, 2] and "one-hot" in said


def test_sizes_damage_and_errors_name_the_file(cli, folder):
    rows = [encoded(10), encoded(20, size=(16, 12)), b"\xff\xd8\xff no picture", b""]
    write("p.h5", rows, labels=[5, 6, 7, 8])
    failed = cli("prepare", "p.h5", "-o", "d.h5")
    failed.failed(1, "p.h5", "--size")
    assert ".partial" not in failed.err
    data, said = prepared(cli, "--size", 8)
    assert data.images[:, 0, 0, 0].tolist() == [10, 20] and data.factor_values["labels"].tolist() == [5, 6]
    assert "p.h5/2.jpg" in said and ".partial" not in said
    write("p.h5", rows[:1], labels=[5, 6])
    cli("prepare", "p.h5", "-o", "no.h5").failed(1, "2 rows")
    cli("prepare", "p.h5", "--axes", "NHW", "-o", "no.h5").failed(2, "--axes")


def test_which_array_is_meant(cli, folder):
    write("p.h5", [encoded(10)], more=np.array([encoded(20)], "V"))
    cli("prepare", "p.h5", "-o", "d.h5").failed(2, "more", "pictures")
    assert prepared(cli, "--images-key", "more")[0].images[0, 0, 0, 0] == 20
    write("p.h5", [b"a text", b"more"])
    cli("prepare", "p.h5", "-o", "no.h5").failed(1, "bytes")


def test_rows_of_bytes_with_zeros_behind_them(cli, folder):
    """As a matrix of bytes, whose rows are as long as the longest file."""
    rows = [encoded(grey, "JPEG") for grey in GREYS]
    matrix = np.zeros((4, max(map(len, rows)) + 9), np.uint8)
    for row, data in zip(matrix, rows, strict=True):
        row[: len(data)] = np.frombuffer(data, np.uint8)
    with h5py.File("p.h5", "w") as file:
        file.create_dataset("jpeg", data=matrix, chunks=(2, 100), compression="gzip")
        file["labels"] = [4, 4, 2, 4]
    data, _ = prepared(cli)
    np.testing.assert_allclose(data.images[:, 3, 3, 0], GREYS, atol=2)
    assert data.factors[:, 0].tolist() == [1, 1, 0, 1]


@pytest.mark.parametrize("how", ["uint8", "opaque"])
def test_an_array_for_each_picture(cli, folder, how):
    rows = [np.frombuffer(encoded(grey), np.uint8) if how == "uint8" else np.void(encoded(grey)) for grey in GREYS]
    with h5py.File("p.h5", "w") as file:
        for number, data in zip((1, 2, 10, 3), rows, strict=True):
            file[f"image{number}"] = data
        file["labels"] = ["b", "a", "b", "b"]
        file["more"] = np.zeros(5, np.uint8)
    data, said = prepared(cli)
    assert data.images[:, 0, 0, 0].tolist() == [10, 200, 30, 90]  # in natural order of the names
    assert data.factors[:, 0].tolist() == [1, 0, 1, 1]
    assert "image1, image2, ..." in said and "more" in said


def test_groups_of_pictures_are_classes_and_samples_are_none(cli, folder):
    with h5py.File("p.h5", "w") as file:
        file["cat/1"], file["dog/1"], file["dog/2"] = (np.void(encoded(grey)) for grey in GREYS[:3])
    data, _ = prepared(cli)
    assert data.class_names["class"] == ["cat", "dog"] and data.factors[:, 0].tolist() == [0, 1, 1]
    assert prepared(cli, "--images-key", "dog")[0].images[:, 0, 0, 0].tolist() == [200, 90]
    with h5py.File("p.h5", "w") as file:
        for name, grey in (("a", 7), ("b", 8)):
            file[f"{name}/image"], file[f"{name}/size"] = np.void(encoded(grey)), 3
    data, said = prepared(cli)
    assert data.images[:, 0, 0, 0].tolist() == [7, 8] and not data.factor_names
    assert "a/size" in said


def test_names_of_arrays_cannot_leave_the_folder(cli, folder):
    with h5py.File("p.h5", "w") as file:
        h5py.h5g.create(file.id, b"..")
        file[".."].create_dataset("x", data=np.void(encoded(1)))
    cli("prepare", "p.h5", "-o", "no.h5").failed(1, "folder")
    assert [path.name for path in folder.iterdir()] == ["p.h5"]


def test_arrays_of_numbers_come_first_and_text_of_a_rare_layout_is_no_hindrance(cli, folder):
    write("p.h5", [encoded(10)] * 3, images=np.full((3, 8, 8), 200, np.uint8))
    assert prepared(cli)[0].images[0, 0, 0, 0] == 200
    assert prepared(cli, "--images-key", "pictures")[0].images[0, 0, 0, 0] == 10
    write("p.h5", [encoded(10)] * 3)
    with h5py.File("p.h5", "a") as file:
        file.create_dataset("names", data=["a", "b", "c"], chunks=(3,), shuffle=True)
    assert prepared(cli)[0].images[0, 0, 0, 0] == 10


def test_pictures_are_no_larger_than_their_file(cli, folder, monkeypatch):
    monkeypatch.setattr(stored_pictures, "_ALWAYS", 100)
    monkeypatch.setattr(stored_pictures, "_TIMES", 0)
    write("p.h5", [encoded(10), encoded(20)])
    cli("prepare", "p.h5", "-o", "d.h5").failed(1, "bytes")
    assert [path.name for path in folder.iterdir()] == ["p.h5"]
