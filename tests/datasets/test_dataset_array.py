"""``prepare array``: anyone's arrays; and :mod:`disentool.io.arrays`, which reads them."""

import pickle
import zipfile

import h5py
import numpy as np
import pytest

from disentool.errors import ForeignFile, UnsafeFile
from disentool.io import arrays, dataset

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (12, 8, 10, 3), np.uint8)
LABELS = np.stack([np.arange(12) // 4, np.arange(12) % 4], 1)


@pytest.mark.parametrize("kind", ["npz", "compressed", "h5"])
def test_the_same_from_every_kind_of_file(cli, folder, kind):
    path = "d.h5" if kind == "h5" else "d.npz"
    if kind == "h5":
        with h5py.File(path, "w") as file:
            file["deep/images"], file["factors"] = IMAGES, LABELS
            file.attrs["factor_names"] = ["row", "column"]
    else:
        (np.savez if kind == "npz" else np.savez_compressed)(path, images=IMAGES, factors=LABELS)
    cli("prepare", "array", "--from", path, "-o", "out.h5").printed("out.h5")
    data = dataset.read(folder / "out.h5")
    assert np.array_equal(data.images, IMAGES) and np.array_equal(data.factors, LABELS)
    assert data.factor_names == (("row", "column") if kind == "h5" else ("factors0", "factors1"))
    assert data.grid
    cli("prepare", "array", "--from", path, "--subset", 5, "-o", "some.h5").printed("some.h5")
    some = dataset.read(folder / "some.h5")
    assert np.array_equal(some.images, IMAGES[[np.flatnonzero((f == LABELS).all(1))[0] for f in some.factors]])


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (IMAGES[..., 0], IMAGES[..., :1]),
        (IMAGES.transpose(0, 3, 1, 2), IMAGES),
        (IMAGES[..., 0] > 127, np.where(IMAGES[..., :1] > 127, 255, 0)),
        (IMAGES / np.float32(255), IMAGES),
        (IMAGES.astype(np.float64) / 255, IMAGES),
        ((IMAGES[..., 0] > 127).astype(np.uint8), np.where(IMAGES[..., :1] > 127, 255, 0)),
    ],
)
def test_layouts_and_ranges(cli, folder, array, expected):
    np.save("a.npy", array)
    np.save("y.npy", np.arange(12) % 2 + 5)
    cli("prepare", "array", "--from", "a.npy", "--factors-key", "y.npy", "-o", "d.h5").printed("d.h5")
    data = dataset.read(folder / "d.h5")
    assert np.array_equal(data.images, expected)
    assert (data.factor_names, data.factors[:4, 0].tolist()) == (("y",), [0, 1, 0, 1])
    assert data.factor_values["y"].tolist() == [5, 6]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_just_outside_0_to_1_are_taken(cli, folder, dtype):
    array = (IMAGES / 255).astype(dtype)
    array[0, 0, 0], array[0, 0, 1] = np.nextafter(dtype(1), dtype(2)), dtype(-1e-8)
    array[0, 0, 2], array[0, 0, 3] = 1.0019, -0.0019
    np.save("a.npy", array)
    cli("prepare", "array", "--from", "a.npy", "-o", "d.h5").printed("d.h5")
    expected = IMAGES.copy()
    expected[0, 0, :4] = np.array([255, 0, 255, 0])[:, None]
    assert np.array_equal(dataset.read(folder / "d.h5").images, expected)


@pytest.mark.parametrize(("value", "digits"), [(1.003, "1.003"), (-0.0025, "-0.0025"), (1.0123456, "1.0123456")])
def test_floats_further_outside_are_refused_with_all_digits(cli, folder, value, digits):
    array = IMAGES / 255
    array[0, 0, 0, 0] = value
    np.save("a.npy", array)
    cli("prepare", "array", "--from", "a.npy", "-o", "d.h5").failed(1, digits)


def test_arrays_saved_column_by_column(cli, folder):
    np.savez("a.npz", images=np.asfortranarray(IMAGES), factors=np.asfortranarray(LABELS))
    cli("prepare", "array", "--from", "a.npz", "-o", "d.h5").printed("d.h5")
    data = dataset.read(folder / "d.h5")
    assert np.array_equal(data.images, IMAGES) and np.array_equal(data.factors, LABELS)


def test_sizes_and_colours(cli, folder):
    np.save("a.npy", IMAGES)
    done = cli("prepare", "array", "--from", "a.npy", "--size", 16, "--grey", "-o", "d.h5")
    done.printed("d.h5")
    assert "--factors-key" in done.err
    data = dataset.read(folder / "d.h5")
    assert data.images.shape == (12, 16, 16, 1)
    assert "cropped and resized to 16x16 and made grey" in data.source
    cli("prepare", "dsprites", "--subset", 3, "--size", 32, "--rgb", "-o", "e.h5").printed("e.h5")
    assert dataset.read(folder / "e.h5").images.shape == (3, 32, 32, 3)


@pytest.mark.parametrize(
    ("saved", "arguments", "words"),
    [
        ({"images": IMAGES.astype(np.int64)}, [], "int64"),
        ({"images": IMAGES * 1.0}, [], "0 to 255"),
        ({"images": np.full((3, 8, 8), np.nan)}, [], "infinity"),
        (
            {"images": np.r_[np.zeros((7000, 28, 28), "f4"), np.full((1, 28, 28), np.nan, "f4")]},
            [],
            "infinity",
        ),
        ({"images": IMAGES, "factors": LABELS[:11]}, [], "11 rows"),
        ({"images": IMAGES, "labels": np.array([{}] * 12)}, [], "Python"),
        ({"images": IMAGES[:0]}, [], "[0, 8, 10, 3]"),
        ({"images": np.zeros((3, 8, 8, 5))}, [], "[3, 8, 8, 5]"),
        ({"images": IMAGES}, ["--images-key", "x"], "'x'"),
        ({"images": IMAGES}, ["--factors-key", "x"], "'x'"),
        ({"images": IMAGES, "y": LABELS[:5]}, ["--factors-key", "y"], "5 rows"),
        (
            {"images": IMAGES, "y": LABELS[:, :, None, None, None]},
            ["--factors-key", "y"],
            "[12, 2, 1, 1, 1]",
        ),
        ({"images": IMAGES, "y": np.full(12, np.inf)}, ["--factors-key", "y"], "factor y"),
        ({"images": IMAGES, "y": np.array(["2020-01-01"] * 12, "M8[D]")}, ["--factors-key", "y"], "dates"),
        ({"images": IMAGES, "y": np.array([["a", "b"]] * 12)}, ["--factors-key", "y"], "words"),
        ({"images": IMAGES, "y": np.array(["a"] * 5)}, ["--factors-key", "y"], "5 rows"),
        ({"images": IMAGES, "labels": LABELS, "factors": LABELS[:5]}, [], "--factors-key ''"),
    ],
)
def test_wrong_arrays(cli, folder, saved, arguments, words):
    np.savez("a.npz", **saved)
    cli("prepare", "array", "--from", "a.npz", "-o", "d.h5", *arguments).failed(1, words)
    assert [p.name for p in folder.iterdir()] == ["a.npz"]


def test_which_images(cli, folder):
    np.savez("a.npz", one=IMAGES, two=IMAGES)
    cli("prepare", "array", "--from", "a.npz").failed(2, "--images-key")
    cli("prepare", "array").failed(2, "--from")
    (folder / "a.txt").write_text("hello")
    cli("prepare", "array", "--from", "a.txt").failed(1, "a.txt")
    cli("prepare", "array", "--from", "none.npy").failed(1, "none.npy")


def test_what_was_done_to_the_arrays_is_said(cli, folder):
    for images, done in (
        (IMAGES, ""),
        (IMAGES / 255, "; floats 0..1 made bytes 0..255"),
        (IMAGES.transpose(0, 3, 1, 2), "; axes NCHW put in the order NHWC"),
        (IMAGES.transpose(1, 2, 3, 0), "; axes HWCN put in the order NHWC"),
    ):
        np.savez("d.npz", images=images, labels=np.arange(12) % 3)
        said = cli("prepare", "d.npz", "--overwrite").err
        assert said.endswith(f"12 images 8x10x3; factor labels 3; the class is labels{done}\n")
        assert np.array_equal(dataset.read(folder / "d.h5").images, IMAGES)


def test_images_that_look_black_are_told(cli, folder):
    for images, dark in (
        (IMAGES // 17, True),
        (IMAGES // 16 + 1, False),
        (IMAGES / 255 / 255, True),
        (np.zeros_like(IMAGES), False),
        (IMAGES // 128, False),  # black and white
    ):
        np.save("d.npy", images)
        assert ("black;" in cli("prepare", "d.npy", "--overwrite").err) == dark


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((12, 8, 8, 4), np.uint8), "fourth channel"),
        (np.zeros((12, 4, 8, 8), np.uint8), "fourth channel"),
        (np.zeros((12, 784), np.uint8), "reshape"),
        (np.zeros((12, 8, 8), np.uint16), "images // 257"),
        (np.zeros((12, 8, 8), np.int64), "astype"),
        (IMAGES.astype(float), "images / 255"),
        (IMAGES / 127.5 - 1, "(images + 1) / 2"),
        ((IMAGES / 255 - 0.5) * 4, "(images + 2) / 4"),
    ],
)
def test_arrays_that_need_a_step_before(cli, folder, images, words):
    np.savez("d.npz", images=images)
    done = cli("prepare", "d.npz")
    assert done.code in (1, 2) and words in done.err


def test_images_of_one_value_are_told(cli, folder):
    np.save("a.npy", np.where(np.arange(12)[:, None, None, None] % 5 == 3, IMAGES[:, :1, :1], IMAGES))
    assert "alike in 2 images: row 3, row 8" in cli("prepare", "a.npy").err


@pytest.mark.parametrize("kind", ["npz", "h5"])
def test_factors_in_a_group_of_arrays(cli, folder, kind):
    factors = {"labels/hue": np.linspace(-1, 1, 12), "labels/size": np.arange(12) % 3}
    if kind == "h5":
        with h5py.File("d.h5", "w") as file:
            file["images"], file["labels/size"], file["labels/hue"] = IMAGES, *reversed(factors.values())
    else:
        np.savez("d.npz", images=IMAGES, **factors)
    for more in ((), ("--factors-key", "labels")):
        cli("prepare", f"d.{kind}", "-o", "out.h5", "--overwrite", *more).printed("out.h5")
        data = dataset.read(folder / "out.h5")
        assert data.factor_names == ("hue", "size")
        np.testing.assert_array_equal(data.factors, np.stack([np.arange(12), np.arange(12) % 3], 1))
    cli("prepare", f"d.{kind}", "-o", "out.h5", "--overwrite", "--factors-key", "labels/size").printed("out.h5")
    assert dataset.read(folder / "out.h5").factor_names == ("size",)


def test_a_group_of_arrays_of_different_lengths_is_left_unread(cli, folder):
    np.savez("d.npz", images=IMAGES, **{"labels/train": np.arange(8), "labels/test": np.arange(4)})
    assert "left unread: labels/test [4], labels/train [8]" in cli("prepare", "d.npz").err


@pytest.mark.parametrize("kind", ["S", "O"])
def test_words_as_labels_in_hdf5(cli, folder, kind):
    words = ["cat", "dog", "a cow"] * 4
    with h5py.File("d.h5", "w") as file:
        file["images"] = IMAGES
        file.create_dataset("labels", data=np.array(words, "S") if kind == "S" else words)
    cli("prepare", "d.h5", "-o", "out.h5").printed("out.h5")
    data = dataset.read(folder / "out.h5")
    assert data.class_names == {"labels": ["a cow", "cat", "dog"]} and data.factors[:3, 0].tolist() == [1, 2, 0]
    with h5py.File("d.h5", "a") as file:
        file["labels"][0] = "NaN"
    cli("prepare", "d.h5", "-o", "no.h5").failed(1, "missing")


def test_arrays_that_are_not_used_are_named(cli, folder):
    np.savez("a.npz", imgs=IMAGES, latents_values=np.ones((12, 2)), latents_classes=LABELS, words=np.array(["a"] * 12))
    done = cli("prepare", "a.npz", "-o", "d.h5")
    done.printed("d.h5")
    assert "latents_values [12, 2], words (no numbers)" in done.err and "latents_classes [" not in done.err
    with h5py.File("b.h5", "w") as file:
        file["images"], file["colour"], file["size"] = IMAGES, LABELS[:, 0], np.arange(12.0)
    done = cli("prepare", "b.h5", "-o", "e.h5")
    done.printed("e.h5")
    assert "colour [12], size [12]" in done.err
    done = cli("prepare", "b.h5", "--factors-key", "colour", "-o", "f.h5")
    done.printed("f.h5")
    assert "size [12]" in done.err and "colour [" not in done.err


class Bomb:
    def __reduce__(self):
        return (exec, ("raise SystemExit('executed')",))


@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_objects_are_refused_and_not_opened(cli, folder, kind):
    objects = np.array([Bomb()] * 3, dtype=object)
    np.save("a.npy", objects, allow_pickle=True) if kind == "npy" else np.savez("a.npz", images=objects)
    arguments = ("prepare", "array", "--from", f"a.{kind}", "--images-key", "images", "-o", "d.h5")
    cli(*arguments).failed(1, "Python")
    (folder / "p.npy").write_bytes(pickle.dumps(Bomb()))
    cli("prepare", "array", "--from", "p.npy", "-o", "d.h5").failed(1, "p.npy")


def test_damaged_files(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, IMAGES)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ForeignFile, match="header"):
        arrays.listing(path)
    path = tmp_path / "b.npz"
    np.savez_compressed(path, images=IMAGES)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(ForeignFile, match=r"b\.npz"), arrays.opened(path) as file:
        file("images").all()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ForeignFile, match=r"b\.npz"), arrays.opened(path):
        pass


def test_claims_are_checked_before_memory_is_taken(tmp_path):
    path = tmp_path / "a.npz"
    header = b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': '|u1', 'fortran_order': False, 'shape': (9000000, 64, 64, 3)}"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", header.ljust(127) + b"\n")
    with arrays.opened(path) as file, pytest.raises(ForeignFile, match="128 bytes"):
        file("images")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("images.npy", bytes(20_000_000))
    with arrays.opened(path) as file, pytest.raises(UnsafeFile, match="20,000,000"):
        file("images")


# ---- the order of the axes


def matlab(path, **variables) -> None:
    """A file as MATLAB 7.3 writes it: every array's axes reversed, and its class beside it."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in variables.items():
            file[name] = np.ascontiguousarray(values.T)
            kind = {"uint16": "char", "bool": "logical"}.get(str(values.dtype), str(values.dtype))
            file[name].attrs["MATLAB_class"] = np.bytes_(kind)
        file["#refs#/a"] = np.zeros((4, 4, 4))
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64")


def matlab_images(cli, folder, array, *arguments, **others) -> np.ndarray:
    matlab("a.mat", images=array, **others)
    cli("prepare", "array", "--from", "a.mat", "-o", "d.h5", "--overwrite", *arguments).printed("d.h5")
    return dataset.read(folder / "d.h5").images


@pytest.mark.parametrize("axes", [(1, 2, 3, 0), (0, 1, 2, 3), (0, 3, 1, 2)])
def test_a_matlab_file_has_the_axes_that_it_had_in_matlab(cli, folder, axes):
    assert np.array_equal(matlab_images(cli, folder, IMAGES.transpose(axes)), IMAGES)
    labels = np.arange(12.0)[:, None] % 4
    name = np.frombuffer("a name".encode("utf-16-le"), np.uint16)[None]
    for listed in (labels, labels.T):  # MATLAB writes a list as a row as often
        assert np.array_equal(matlab_images(cli, folder, IMAGES.transpose(axes), labels=listed, name=name), IMAGES)
        assert dataset.read(folder / "d.h5").factors[:, 0].tolist() == [0, 1, 2, 3] * 3


def test_three_axes_of_a_matlab_file_are_told_apart_or_refused(cli, folder):
    grey, labels = IMAGES[..., 0], np.arange(12)
    for array, order in ((grey.transpose(1, 2, 0), "HWN"), (grey, "NHW")):
        matlab("a.mat", images=array)
        cli("prepare", "array", "--from", "a.mat", "-o", "none.h5").failed(1, "MATLAB")
        assert np.array_equal(matlab_images(cli, folder, array, "--axes", order)[..., 0], grey)
        assert np.array_equal(matlab_images(cli, folder, array, labels=labels)[..., 0], grey)
        square = array[:8] if order == "HWN" else array[:, :, :8]
        square = square[:, :8]
        expected = square.transpose(2, 0, 1) if order == "HWN" else square
        assert np.array_equal(matlab_images(cli, folder, square)[..., 0], expected)


@pytest.mark.parametrize("kind", ["npy", "npz", "fortran", "h5"])
def test_images_along_the_last_axis(cli, folder, kind):
    def prepared(array, *arguments, **others):
        path = {"npy": "a.npy", "h5": "a.h5"}.get(kind, "a.npz")
        if kind == "h5":
            with h5py.File(path, "w") as file:
                for name, values in {"images": array, **others}.items():
                    file[name] = values
        elif kind == "npy":
            np.save(path, array)
            np.save("y.npy", others.get("labels", np.zeros(12)))
            arguments += ("--factors-key", "y.npy") if others else ()
        else:
            np.savez(path, images=np.asfortranarray(array) if kind == "fortran" else array.copy(), **others)
        done = cli("prepare", "array", "--from", path, "-o", "d.h5", "--overwrite", *arguments)
        return dataset.read(folder / "d.h5").images if done.code == 0 else done.failed(1, "--axes")

    assert np.array_equal(prepared(IMAGES.transpose(1, 2, 3, 0)), IMAGES)
    grey = IMAGES[:, :8, :8, 0]
    assert prepared(grey.transpose(1, 2, 0)) is None  # 12 images of 8x8, or 8 of 8x12
    assert np.array_equal(prepared(grey.transpose(1, 2, 0), "--axes", "hwn")[..., 0], grey)
    assert np.array_equal(prepared(grey.transpose(1, 2, 0), labels=np.arange(12))[..., 0], grey)
    assert np.array_equal(prepared(grey)[..., 0], grey)


@pytest.mark.parametrize(("axes", "noun"), [("NHWC", "[N,H,W,C]"), ("NHW", "[N,H,W]")])
def test_axes_that_do_not_fit_are_told_what_they_need(cli, folder, axes, noun):
    np.savez("a.npz", images=IMAGES.transpose(1, 2, 3, 0))
    cli("prepare", "a.npz", "--axes", axes, "-o", "d.h5").failed(1, "[8, 10, 3, 12]", noun)


def test_wrong_axes(cli, folder):
    np.save("a.npy", IMAGES)
    for letters, code in (("NHWX", 2), ("HW", 2), ("HWN", 1), ("NCHW", 1)):
        cli("prepare", "array", "--from", "a.npy", "--axes", letters, "-o", "d.h5").failed(code, "--axes")


@pytest.mark.parametrize("kind", ["<i8", ">i8", "<u8"])
def test_identity_numbers_beyond_what_floats_tell_apart(cli, folder, kind):
    users = np.array([2**62 + 1, 2**62, 2**62 + 2, 2**62 + 1], kind)
    np.savez("a.npz", images=IMAGES[:4], labels=users)
    cli("prepare", "array", "--from", "a.npz", "-o", "d.h5").printed("d.h5")
    data = dataset.read(folder / "d.h5")
    assert data.factors[:, 0].tolist() == [1, 0, 2, 1]
    assert data.class_names["labels"] == [str(2**62 + i) for i in range(3)]
    cli("prepare", "array", "--from", "a.npz", "--keep", f"labels={2**62 + 1}", "-o", "e.h5").printed("e.h5")
    assert len(dataset.read(folder / "e.h5")) == 2
    np.savez("a.npz", images=IMAGES[:4], labels=users.astype(np.float64) * [1, 2, 1, 1])
    done = cli("prepare", "array", "--from", "a.npz", "-o", "f.h5")
    done.printed("f.h5")
    assert "float64" in done.err
