"""2D Shapes: the renderer against frames, a digest and a plain rasteriser; the reader against both layouts."""

import hashlib
import math
import os
import zipfile

import h5py
import numpy as np
import pytest
from conftest import DATA

from disentool.datasets import dsprites
from disentool.errors import ForeignFile, MissingFile

FRAMES = DATA / "dsprites_reference.npz"
N = 737_280
SIZES = (3, 6, 40, 32, 32)
NPZ = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
HDF5 = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.hdf5"
SOME = np.array([0, 1, 1, 1023, 1024, 5000, 250_000, 250_001, 491_520, N - 1])  # a row may be asked for twice


def images_of(source, rows):
    return np.concatenate(list(source.images(rows)))


def drain(blocks):
    for _ in blocks:
        pass


def grid_classes():
    """The published ``latents_classes``: int64 [N, 6], the constant colour first."""
    axes = np.meshgrid(*(np.arange(n) for n in (1, *SIZES)), indexing="ij")
    return np.stack([axis.ravel() for axis in axes], axis=1)


# ---- rendering


def test_facts():
    source = dsprites.open_source(None)
    assert source.name == "dsprites"
    assert source.shape == (N, 64, 64, 1)
    assert source.factor_names == ("shape", "scale", "orientation", "pos_x", "pos_y")
    assert source.factor_sizes == SIZES
    assert source.grid
    assert (source.likelihood, source.source, source.licence) == ("bernoulli", "rendered", "Apache-2.0")
    assert "Matthey" in source.citation
    assert "2017" in source.citation
    assert list(source.factor_values) == list(source.factor_names)
    assert [len(v) for v in source.factor_values.values()] == list(SIZES)
    assert all(v.dtype == np.float64 for v in source.factor_values.values())
    assert source.factor_values["scale"].tolist() == pytest.approx([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert source.factor_values["orientation"][-1] == 2 * math.pi


def test_factors_are_the_row_major_grid():
    factors = dsprites.open_source(None).factors
    assert factors(None).dtype == np.int32
    np.testing.assert_array_equal(factors(None), grid_classes()[:, 1:])
    np.testing.assert_array_equal(factors(SOME), grid_classes()[SOME, 1:])


def test_every_published_frame():
    with np.load(FRAMES) as reference:
        frames, factors = reference["images"], reference["factors"]
    rows = np.ravel_multi_index(tuple(factors.T), SIZES)
    order = np.argsort(rows)
    assert len(rows) == 475
    images = images_of(dsprites.open_source(None), rows[order])
    np.testing.assert_array_equal(images[..., 0], frames[order] * 255)


def test_the_whole_set():
    """Known digest and count of white pixels, blocks in order and of the size that the memory limit asks for."""
    digest, white, count = hashlib.sha256(), 0, 0
    for block in dsprites.open_source(None).images(None):
        assert block.dtype == np.uint8
        assert block.shape[1:] == (64, 64, 1)
        assert block.nbytes <= 50 * 2**20
        count += len(block)
        ones = np.count_nonzero(block)
        assert int(block.sum(dtype=np.int64)) == 255 * ones
        assert block.max() == 255
        white += ones
        digest.update(np.packbits(block[..., 0]).tobytes())
    assert count == N
    assert white == 128_328_862 + 2  # the published count, and the two pixels that differ
    assert digest.hexdigest() == "3a228f4037ef3d42a42588e0e01f1078aa2df13cfa17584e88c95ed9fb5672da"


def test_rows_are_the_slice_of_the_whole():
    source = dsprites.open_source(None)
    polygon = 347
    whole = images_of(source, np.arange(polygon * 1024, (polygon + 2) * 1024))
    rows = np.array([0, 3, 3, 500, 1023, 1024, 2047])
    np.testing.assert_array_equal(images_of(source, rows + polygon * 1024), whole[rows])
    for place, packed in enumerate(dsprites.packed(polygon)):
        np.testing.assert_array_equal(packed, np.packbits(whole[place] > 0))


def test_no_rows():
    source = dsprites.open_source(None)
    assert list(source.images(np.array([], dtype=np.int64))) == []
    assert source.factors(np.array([], dtype=np.int64)).shape == (0, 5)


@pytest.mark.parametrize("rows", [[-1], [N], [5, 4]])
def test_rows_outside_or_out_of_order(rows):
    with pytest.raises(ValueError, match="ascend"):
        list(dsprites.open_source(None).images(np.array(rows)))
    with pytest.raises(ValueError, match="ascend"):
        dsprites.open_source(None).factors(np.array(rows))


def plain_image(shape, scale, orientation, pos_x, pos_y):
    """One image, pixel by pixel: a pixel is white when an odd number of edges lies at or left of its centre."""
    if shape == 0:
        outline = [(-9.6, -9.6), (9.6, -9.6), (9.6, 9.6), (-9.6, 9.6)]
    elif shape == 1:
        angles = [2 * math.pi * k / 100 for k in range(100)]
        outline = [(9.6 * 1.33 * math.cos(t), 9.6 / 1.33 * math.sin(t)) for t in angles]
    else:
        outline = []
        for t in (2 * math.pi * k / 150 for k in range(150)):
            y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
            outline.append((9.6 * math.sin(t) ** 3, -(9.6 / 14.5) * y - 1.44))
    size, angle = 0.5 + 0.1 * scale, 2 * math.pi * orientation / 39
    centre_x, centre_y = 16 + 32 * pos_x / 31, 16 + 32 * pos_y / 31
    corners = []
    for vx, vy in outline:
        x = centre_x + size * (math.cos(angle) * vx + math.sin(angle) * vy)
        y = centre_y + size * (math.cos(angle) * vy - math.sin(angle) * vx)
        corners.append((math.floor(256 * x + 0.5), math.floor(256 * y + 0.5)))
    edges = list(zip(corners, corners[1:] + corners[:1], strict=True))
    image = np.zeros((64, 64, 1), np.uint8)
    for row in range(64):
        cy = 256 * row + 128
        crossed = [(a, b) if a[1] < b[1] else (b, a) for a, b in edges if (a[1] < cy) != (b[1] < cy)]
        for column in range(64):
            cx = 256 * column + 128
            left = sum((cx - x0) * (y1 - y0) >= (cy - y0) * (x1 - x0) for (x0, y0), (x1, y1) in crossed)
            image[row, column] = 255 * (left % 2)
    return image


def test_a_plain_rasteriser_agrees():
    rows = np.sort(np.random.default_rng(0).choice(N, 36, replace=False))
    for image, factors in zip(images_of(dsprites.open_source(None), rows), grid_classes()[rows, 1:], strict=True):
        np.testing.assert_array_equal(image, plain_image(*factors.tolist()), err_msg=str(factors))


# ---- published files


def write_hdf5(path, images=None, classes=None):
    """The published HDF5 layout; without images every pixel is black, which takes no space."""
    with h5py.File(path, "w") as file:
        if images is None:
            file.create_dataset("imgs", (N, 64, 64), np.uint8, chunks=(1024, 64, 64))
        else:
            dataset = file.create_dataset("imgs", (N, 64, 64), np.uint8, chunks=(23040, 2, 4), compression="gzip")
            for start in range(0, N, 23040):  # in the published file's chunks
                dataset[start : start + 23040] = images(start, start + 23040)
        classes = grid_classes() if classes is None else classes
        file.create_dataset("latents/classes", data=classes, compression="gzip", compression_opts=1)
        file.create_dataset("latents/values", (N, 6), np.float64, chunks=True)
    return path


def write_npz(path, **members):
    np.savez_compressed(path, **members)
    return path


def rendered(start, stop):
    return images_of(dsprites.open_source(None), np.arange(start, stop))[..., 0] // 255


@pytest.fixture(scope="module")
def published_npz(tmp_path_factory):
    path = tmp_path_factory.mktemp("npz") / NPZ
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("metadata.npy", "w") as member:  # a pickle that must never be opened
            np.lib.format.write_array(member, np.array([Explosive()], dtype=object), allow_pickle=True)
        with archive.open("imgs.npy", "w", force_zip64=True) as member:
            header = {"descr": "|u1", "fortran_order": False, "shape": (N, 64, 64)}
            np.lib.format.write_array_header_1_0(member, header)
            for start in range(0, N, 1024):
                member.write(rendered(start, start + 1024).tobytes())
        with archive.open("latents_classes.npy", "w") as member:
            np.lib.format.write_array(member, grid_classes())
    return path


@pytest.fixture(scope="module")
def published_hdf5(tmp_path_factory):
    return write_hdf5(tmp_path_factory.mktemp("hdf5") / HDF5, images=rendered)


@pytest.fixture(scope="module")
def black_hdf5(tmp_path_factory):
    return write_hdf5(tmp_path_factory.mktemp("black") / HDF5)


class Explosive:
    def __reduce__(self):
        return os.abort, ()


def same_as_rendered(path):
    source, expected = dsprites.open_source(path), dsprites.open_source(None)
    assert source.source == f"{path.name} sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    for name in ("name", "shape", "factor_names", "factor_sizes", "grid", "likelihood", "citation", "licence"):
        assert getattr(source, name) == getattr(expected, name)
    np.testing.assert_array_equal(source.factors(SOME), expected.factors(SOME))
    np.testing.assert_array_equal(images_of(source, SOME), images_of(expected, SOME))
    for block, other in zip(source.images(None), expected.images(None), strict=True):
        assert block.dtype == np.uint8
        assert np.array_equal(block, other)


@pytest.mark.slow
def test_published_npz(published_npz):
    same_as_rendered(published_npz)


@pytest.mark.slow
def test_published_hdf5(published_hdf5):
    same_as_rendered(published_hdf5)


@pytest.mark.slow
def test_npz_damaged_in_the_middle(published_npz, tmp_path):
    data = bytearray(published_npz.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 8] = bytes(byte ^ 0x5A for byte in data[middle : middle + 8])
    path = tmp_path / NPZ
    path.write_bytes(data)
    source = dsprites.open_source(path)  # the factors are whole
    rejects(path, lambda: drain(source.images(None)))


@pytest.mark.slow
def test_hdf5_damaged_in_the_middle(published_hdf5, tmp_path):
    path = tmp_path / HDF5
    path.write_bytes(published_hdf5.read_bytes())
    with h5py.File(path) as file:
        chunk = file["imgs"].id.get_chunk_info(700)
    with path.open("r+b") as file:
        file.seek(chunk.byte_offset)
        file.write(b"\xff" * chunk.size)
    source = dsprites.open_source(path)
    rejects(path, lambda: drain(source.images(None)))


def test_black_hdf5_opens(black_hdf5):
    """The files below are bad in one respect only: without it, this layout is read."""
    source = dsprites.open_source(black_hdf5)
    images = images_of(source, SOME)
    assert images.shape == (len(SOME), 64, 64, 1)
    assert not images.any()


def test_folder_with_one_file(black_hdf5):
    assert dsprites.open_source(black_hdf5.parent).source == dsprites.open_source(black_hdf5).source


def test_folder_with_two_files(tmp_path):
    (tmp_path / NPZ).touch()
    (tmp_path / HDF5).touch()
    with pytest.raises(ForeignFile, match=HDF5):
        dsprites.open_source(tmp_path)


def test_folder_without_a_file(tmp_path):
    (tmp_path / "README.md").touch()
    with pytest.raises(MissingFile, match="folder"):
        dsprites.open_source(tmp_path)


def test_missing(tmp_path):
    with pytest.raises(MissingFile, match="dSprites") as caught:
        dsprites.open_source(tmp_path / NPZ)
    assert str(tmp_path / NPZ) in str(caught.value)


def rejects(path, call=None, match=None):
    """One clear line that names the file, what was expected and what to do."""
    with pytest.raises(ForeignFile, match=match) as caught:
        (call or (lambda: dsprites.open_source(path)))()
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    assert "published" in message
    assert "download" in message


def test_text_and_empty_files(tmp_path):
    for name, content in ((NPZ, b"not a zip\n"), (HDF5, b"<html>404</html>"), ("empty.npz", b"")):
        (tmp_path / name).write_bytes(content)
        rejects(tmp_path / name, match="HDF5")


def test_neither_file_nor_folder(tmp_path):
    os.mkfifo(tmp_path / NPZ)
    rejects(tmp_path / NPZ, match="folder")
    rejects(tmp_path / ("x" * 5000), match="read")


SMALL = np.zeros((4, 64, 64), np.uint8)
CLASSES = np.zeros((4, 6), np.int64)


@pytest.mark.parametrize(
    ("members", "match"),
    [
        ({"latents_classes": CLASSES}, "imgs"),
        ({"imgs": SMALL, "latents_classes": CLASSES}, r"\[4, 64, 64\]"),
        ({"imgs": SMALL.astype(float), "latents_classes": CLASSES}, "float64"),
        ({"imgs": np.array(0, np.uint8)}, r"uint8 \[\],"),
        ({"imgs": np.array([Explosive()], dtype=object)}, "object"),
    ],
)
def test_npz_of_another_layout(tmp_path, members, match):
    rejects(write_npz(tmp_path / NPZ, **members), match=match)


def write_header(path, text, compression=zipfile.ZIP_DEFLATED, version=b"\x01\x00"):
    """An ``imgs.npy`` that is a header and nothing else."""
    text = text.encode() + b"\n"
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("imgs.npy", b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text)
    return path


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (737280, 64, 64)}", "bytes"),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (737280L, 64L, 64L)}", "bytes"),
        ("{'descr': '|u1', 'fortran_order': True, 'shape': (737280, 64, 64)}", "Fortran"),
        ("{'descr': '|b1', 'fortran_order': False, 'shape': (737280, 64, 64)}", "bool"),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': 3}", "damaged"),
        ("__import__('os').abort()", "damaged"),
        ("{'descr': (((", "damaged"),
        (f"{{{' ' * 30000}}}", "damaged"),
    ],
)
def test_npz_headers(tmp_path, text, match):
    rejects(write_header(tmp_path / NPZ, text), match=match)


def test_npz_of_other_versions(tmp_path):
    text = "{'descr': '|u1', 'fortran_order': False, 'shape': (737280, 64, 64)}"
    rejects(write_header(tmp_path / NPZ, text, version=b"\x02\x00"), match=r"version 1\.0")
    rejects(write_header(tmp_path / NPZ, text, compression=zipfile.ZIP_BZIP2), match="compressed")
    with zipfile.ZipFile(tmp_path / NPZ, "w") as archive:
        archive.writestr("imgs.npy", "no array at all")
    rejects(tmp_path / NPZ, match="damaged")


def test_truncated_and_garbled_npz(tmp_path):
    whole = write_npz(tmp_path / "whole.npz", imgs=SMALL, latents_classes=CLASSES).read_bytes()
    path = tmp_path / NPZ
    for length in (4, 10, 40, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        path.write_bytes(whole[:length])
        rejects(path, match="damaged")
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        rejects(path)


def test_truncated_hdf5(black_hdf5, tmp_path):
    whole, path = black_hdf5.read_bytes(), tmp_path / HDF5
    for length in (9, 100, 1000, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        rejects(path, match="damaged")


def test_garbled_hdf5_factors(black_hdf5, tmp_path):
    whole, path = bytearray(black_hdf5.read_bytes()), tmp_path / HDF5
    with h5py.File(black_hdf5) as file:
        chunk = file["latents/classes"].id.get_chunk_info(3)
    whole[chunk.byte_offset : chunk.byte_offset + 64] = b"\xff" * 64
    path.write_bytes(whole)
    rejects(path, match="damaged")


def test_factors_that_are_not_the_grid(tmp_path):
    classes = grid_classes()
    classes[[300_000, 300_001]] = classes[[300_001, 300_000]]
    rejects(write_hdf5(tmp_path / "swapped.h5", classes=classes), match="299008")
    classes = grid_classes()
    classes[-1, 0] = 1
    rejects(write_hdf5(tmp_path / "coloured.h5", classes=classes), match="736256")


def test_pixels_other_than_0_and_1(tmp_path):
    path = write_hdf5(tmp_path / HDF5)
    with h5py.File(path, "r+") as file:
        file["imgs"][2000, 5, 5] = 255
    source = dsprites.open_source(path)
    assert len(images_of(source, np.array([0, 1023]))) == 2
    rejects(path, lambda: list(source.images(np.array([0, 2001]))), match="2047")


def test_file_replaced_after_it_was_opened(tmp_path):
    path = write_hdf5(tmp_path / HDF5)
    source = dsprites.open_source(path)
    path.write_bytes(b"gone")
    rejects(path, lambda: list(source.images(SOME)), match="neither")


def other_hdf5(path, change):
    """The layout of ``black_hdf5`` with ``imgs`` replaced."""
    write_hdf5(path)
    with h5py.File(path, "r+") as file:
        file["kept"] = file["imgs"]
        del file["imgs"]
        change(file)
    return path


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda file: None, "imgs"),
        (lambda file: file.update(imgs=h5py.SoftLink("/kept")), "imgs"),
        (lambda file: file.update(imgs=h5py.ExternalLink("elsewhere.h5", "/imgs")), "imgs"),
        (lambda file: file.create_group("imgs"), "dataset"),
        (lambda file: file.create_dataset("imgs", data=SMALL), r"\[4, 64, 64\]"),
        (lambda file: file.create_dataset("imgs", dtype="f4", shape=(N, 64, 64), chunks=True), "float32"),
        (lambda file: file.create_dataset("imgs", data=h5py.Empty("u1")), r"uint8 \[\],"),
        (lambda file: file.create_dataset("imgs", data=["text"]), "object"),
        (lambda file: file.create_dataset("imgs", (N, 64, 64), "u1", chunks=(46080, 64, 64)), "128 MB"),
        (
            lambda file: file.create_dataset("imgs", (N, 64, 64), "u1", external=[("elsewhere.bin", 0, N * 4096)]),
            "other files",
        ),
        (
            lambda file: file.create_virtual_dataset("imgs", h5py.VirtualLayout((N, 64, 64), "u1")),
            "other files",
        ),
    ],
)
def test_hdf5_of_another_layout(tmp_path, change, match):
    rejects(other_hdf5(tmp_path / HDF5, change), match=match)


def test_hdf5_without_factors(tmp_path):
    for change in (
        lambda file: file.pop("latents/classes"),
        lambda file: (file.pop("latents"), file.update(latents=np.zeros(3))),
        lambda file: (file.pop("latents"), file.update(latents=h5py.ExternalLink("elsewhere.h5", "/"))),
    ):
        path = write_hdf5(tmp_path / HDF5)
        with h5py.File(path, "r+") as file:
            change(file)
        rejects(path, match="latents/classes")
