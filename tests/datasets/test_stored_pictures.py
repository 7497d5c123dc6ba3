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
    with h5py.File("p.h5", "w") as file:
        file["0"], file["1"] = np.void(encoded(1)), np.void(encoded(2))
    cli("prepare", "p.h5", "-o", "no.h5").failed(1, "one array")


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
