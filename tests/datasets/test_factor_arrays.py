"""Labels in files of arrays: which arrays can be factors, words of every kind of file, and lists in files of torch."""

import tracemalloc
import zipfile

import numpy as np
import pytest
import torch

from disentool.datasets import summary
from disentool.io import dataset

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
WORDS = ["cat", "a dog", "cat", "émeu", "a dog", "cat"]


def prepared(cli, file: str, *more: str):
    done = cli("prepare", file, "-o", "d.h5", "--overwrite", *more)
    done.printed("d.h5")
    return dataset.read("d.h5"), done.err


@pytest.mark.parametrize("shape", [(6, 8, 8), (6, 5, 4), (6, 16000), (6, 2001)])
def test_labels_that_cannot_be_factors_are_left_unread_unless_asked_for(cli, folder, shape):
    np.savez_compressed("a.npz", images=IMAGES, labels=np.ones(shape, np.uint8))
    data, said = prepared(cli, "a.npz", "--images-key", "images")
    assert data.factors is None
    assert f"{list(shape)}" in said and "labels holds no factors" in said
    assert "no factors:" not in prepared(cli, "a.npz", "--images-key", "images", "--factors-key", "")[1]
    asked = cli("prepare", "a.npz", "--images-key", "images", "--factors-key", "labels", "-o", "e.h5")
    asked.failed(1, "--factors-key ''")


def test_the_next_usual_name_is_taken_where_the_first_holds_no_factors(cli, folder):
    np.savez("a.npz", images=IMAGES, factors=np.zeros((6, 2, 2)), labels=np.arange(6) % 3)
    data, said = prepared(cli, "a.npz", "--images-key", "images")
    assert data.factor_names == ("labels",) and "factors holds no factors" in said


@pytest.mark.parametrize("order", ["C", "F"])
def test_labels_are_checked_before_they_are_read(cli, folder, order):
    """Labels of 400 MB in a file of 0.4 MB."""
    np.savez("a.npz", images=IMAGES)
    header = f"{{'descr': '|u1', 'fortran_order': {order == 'F'}, 'shape': (8, 50000000)}}".encode()
    with zipfile.ZipFile("a.npz", "a", zipfile.ZIP_DEFLATED) as archive, archive.open("labels.npy", "w") as file:
        file.write(b"\x93NUMPY\x01\x00\x76\x00" + header.ljust(117) + b"\n")
        for _ in range(100):
            file.write(bytes(4_000_000))
    tracemalloc.start()
    assert "pixels" in prepared(cli, "a.npz")[1]
    cli("prepare", "a.npz", "--factors-key", "labels", "-o", "e.h5").failed(1, "pixels")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 100_000_000


def test_a_row_of_labels_is_a_list_of_any_length(cli, folder):
    np.savez("a.npz", images=np.zeros((2001, 8, 8), np.uint8), labels=np.arange(2001)[None] % 5)
    assert prepared(cli, "a.npz")[0].factor_sizes == (5,)


@pytest.mark.parametrize("kind", ["U", "S"])
@pytest.mark.parametrize("shape", [(6,), (6, 1), (1, 6)])
def test_words_in_arrays_of_numpy(cli, folder, kind, shape):
    words = np.array([word.encode() for word in WORDS] if kind == "S" else WORDS).reshape(shape)
    np.savez("a.npz", images=IMAGES, labels=words)
    data, _ = prepared(cli, "a.npz")
    assert data.class_names == {"labels": ["a dog", "cat", "émeu"]} and data.factors[:, 0].tolist() == [
        1,
        0,
        1,
        2,
        0,
        1,
    ]
    np.save("w.npy", words)
    np.save("i.npy", IMAGES)
    assert prepared(cli, "i.npy", "--factors-key", "w.npy")[0].class_names == {"w": ["a dog", "cat", "émeu"]}


def test_lists_in_a_dict_of_torch(cli, folder):
    images = torch.from_numpy(IMAGES)
    other = {"classes": ["cat", "dog"], "epoch": 3, "boxes": [[1, 2]] * 6, "name": "x"}
    torch.save({"images": images, "labels": [2, 0, 1, 1, 0, 2], **other}, "a.pt")
    data, said = prepared(cli, "a.pt")
    assert data.factors[:, 0].tolist() == [2, 0, 1, 1, 0, 2]
    assert "left unread: boxes (no numbers), classes (no numbers), epoch (one value), name (one value)" in said
    torch.save({"images": images, "labels": WORDS, "size": [0.5, 1, 2, 0.5, 1, 2]}, "b.pt")
    assert prepared(cli, "b.pt")[0].class_names == {"labels": ["a dog", "cat", "émeu"]}
    assert prepared(cli, "b.pt", "--factors-key", "size")[0].factors[:, 0].tolist() == [0, 1, 2, 0, 1, 2]
    torch.save({"images": images, "labels": [0, "a"] * 3}, "c.pt")
    data, said = prepared(cli, "c.pt")
    assert data.factors is None and "labels holds no factors" in said
    torch.save((images, WORDS), "d.pt")
    assert prepared(cli, "d.pt")[0].factor_names == ("labels",)


@pytest.mark.parametrize(
    ("content", "noun"),
    [
        ([torch.zeros(16, 16, 3)] * 2, "2 tensors"),
        ((torch.zeros(6, 8, 8), torch.zeros(6), torch.zeros(6)), "3 tensors"),
        ({"a": {"images": torch.zeros(6, 8, 8)}}, "a dict"),
        ({"images": [torch.zeros(8, 8, 3)] * 6}, "6 tensors"),
        ([{"x": 1}, 2], "2 things"),
    ],
)
def test_what_a_file_of_torch_holds_instead_is_said(cli, folder, content, noun):
    torch.save(content, "a.pt")
    cli("prepare", "a.pt", "-o", "d.h5").failed(1, noun)


def test_combinations_without_end_are_told_by_their_order_of_magnitude():
    factors = np.zeros((2, 2000), np.int32)
    said = summary.summary((2, 8, 8, 1), [str(i) for i in range(2000)], [10**6] * 2000, factors, False, None)
    assert "1 of 10^12000 combinations" in said
