"""Data sets published as arrays (3D Cars, Small NORB, MPI3D, MNIST), from small files in the publishers' layouts."""

import io
import itertools
import tarfile

import numpy as np
import pytest
import scipy.io
from conftest import DATA
from PIL import Image
from raw_files import idx, norb, shrunk, write_folder, write_tar, write_zip, zipped

from disentool.datasets import cars3d, mnist, mpi3d, smallnorb
from disentool.errors import ForeignFile, MissingFile, UnknownName, UnsafeFile, WrongUsage
from disentool.io import dataset, mat

MNIST = DATA / "mnist"


def images_of(source, rows=None):
    return np.concatenate(list(source.images(None if rows is None else np.asarray(rows))))


def consistent(source, some):
    """Whole and rows agree, the shape is true, factors are within their sizes. Returns all images."""
    whole = images_of(source)
    assert whole.shape == source.shape
    assert whole.dtype == np.uint8
    np.testing.assert_array_equal(images_of(source, some), whole[some])
    factors = source.factors(None)
    np.testing.assert_array_equal(source.factors(np.asarray(some)), factors[some])
    assert factors.dtype == np.int32
    assert factors.shape == (len(whole), len(source.factor_sizes))
    assert factors.min() >= 0 and (factors.max(axis=0) < source.factor_sizes).all()
    assert all(len(v) == source.factor_sizes[source.factor_names.index(n)] for n, v in source.factor_values.items())
    if source.grid:
        np.testing.assert_array_equal(
            np.ravel_multi_index(factors.T, source.factor_sizes), np.arange(len(whole), dtype=np.int64)
        )
    return whole


def cli_rejects(cli, tmp_path, name, path, *words, code=1):
    cli("prepare", name, "--from", path, "-o", tmp_path / "out.h5").failed(code, *words)
    assert not (tmp_path / "out.h5").exists()


# ---- 3D Cars


def car(seed: int, **save) -> tuple[bytes, np.ndarray]:
    """A published file: im uint8 [128,128,3,24,4] beside the mask."""
    im = np.random.default_rng(seed).integers(0, 256, (128, 128, 3, 24, 4), np.uint8)
    out = io.BytesIO()
    scipy.io.savemat(out, {"im": im, "mask": np.zeros((128, 128, 24, 4), np.uint8)}, **{"do_compression": True} | save)
    return out.getvalue(), im


@pytest.fixture(scope="module")
def cars(tmp_path_factory):
    """Three of the 183 models, in no order, and what else is in the archive."""
    folder = tmp_path_factory.mktemp("cars")
    members, ims = {"data/shapes48.mat": b"another data set", "data/cars/list.txt": b"car_101_mesh"}, {}
    for number in (101, 7, 33):
        data, ims[number] = car(number)
        members[f"data/cars/car_{number:03}_mesh.mat"] = data
    return members, ims, write_tar(folder / "nips2015-analogy-data.tar.gz", members)


def test_cars3d(cars, tmp_path, monkeypatch):
    members, ims, tar = cars
    monkeypatch.setattr(cars3d, "SIZES", (4, 24, 3))
    source = cars3d.open_source(tar)
    images = consistent(source, [0, 5, 5, 100, 287])
    assert source.shape == (288, 64, 64, 3)
    assert source.factor_values["model"].tolist() == [7, 33, 101]
    assert source.factor_values["azimuth"][:3].tolist() == [0, 15, 30]
    for elevation, azimuth, model in ((0, 0, 0), (3, 23, 2), (1, 10, 1)):
        row = np.ravel_multi_index((elevation, azimuth, model), (4, 24, 3))
        expected = shrunk(ims[(7, 33, 101)[model]][:, :, :, azimuth, elevation])
        np.testing.assert_array_equal(images[row], expected)
    folder = write_folder(tmp_path / "cars", {n.rpartition("/")[2]: d for n, d in members.items()})
    unpacked = cars3d.open_source(folder)
    np.testing.assert_array_equal(images_of(unpacked), images)
    full = images_of(cars3d.open_source(folder, size=(128, 128)), [2])
    np.testing.assert_array_equal(full[0], ims[101][:, :, :, 0, 0])
    with pytest.raises(WrongUsage, match="128"):
        cars3d.open_source(folder, size=(256, 256))


def test_cars3d_that_are_not(cars, cli, tmp_path, monkeypatch):
    members, _, tar = cars
    cli_rejects(cli, tmp_path, "cars3d", tar, "3 files")
    monkeypatch.setattr(cars3d, "SIZES", (4, 24, 3))
    good = members["data/cars/car_007_mesh.mat"]
    other = io.BytesIO()
    scipy.io.savemat(other, {"im": np.zeros((64, 64, 3, 24, 4), np.uint8)})
    floats = io.BytesIO()
    scipy.io.savemat(floats, {"im": np.zeros((8, 8))})
    for data, problem in (
        (good[: len(good) // 2], "cut short"),
        (good[:2000] + b"\xff" * 64 + good[2064:], "damaged"),
        (b"\x89HDF\r\n\x1a\n" + bytes(1000), "MATLAB 5 file"),
        (other.getvalue(), "[64, 64, 3, 24, 4]"),
        (floats.getvalue(), "[8, 8]"),
        (b"", "MATLAB 5 file"),
    ):
        folder = write_folder(tmp_path / "cars", members | {"data/cars/car_007_mesh.mat": data})
        cli_rejects(cli, tmp_path, "cars3d", folder, problem)


def test_mat_equals_scipy(tmp_path):
    """The reader against the reference one, also big-endian and with a name in the small format."""
    values = np.random.default_rng(0).integers(0, 256, (3, 5, 2), np.uint8)
    for compression in (False, True):
        for name in ("im", "image_data"):
            out = io.BytesIO()
            scipy.io.savemat(out, {"before": np.eye(3), name: values, "s": {"a": 1}}, do_compression=compression)
            expected = scipy.io.loadmat(io.BytesIO(out.getvalue()))[name]
            found = mat.uint8_array(out.getvalue(), name, (3, 5, 2), tmp_path, "x.mat")
            np.testing.assert_array_equal(found, expected)
    # Big-endian, laid out by hand: header, matrix, flags, dimensions, small-format name, values.
    body = np.array([6, 8, 9, 0, 5, 12, 3, 5, 2, 0], ">u4").tobytes()
    body += np.array([2 << 16 | 1], ">u4").tobytes() + b"im\0\0" + np.array([2, 30], ">u4").tobytes()
    body += values.tobytes(order="F") + bytes(2)
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI" + np.array([14, len(body)], ">u4").tobytes()
    np.testing.assert_array_equal(mat.uint8_array(head + body, "im", (3, 5, 2), tmp_path, "x.mat"), values)


def test_mat_bombs(tmp_path):
    """A compressed array of a hundred megabytes is given up on after what was expected."""
    out = io.BytesIO()
    scipy.io.savemat(out, {"im": np.zeros((100, 1 << 20), np.uint8)}, do_compression=True)
    with pytest.raises(ForeignFile, match=r"\[100, 1048576\]"):
        mat.uint8_array(out.getvalue(), "im", (4, 4), tmp_path, "x.mat")


# ---- Small NORB

NORB = (5, 10, 2, 3, 2, 2)  # two elevations, three azimuths, two lights


def norb_files(compress=False) -> tuple[dict[str, bytes], dict[tuple, np.ndarray]]:
    """The six files, pairs in a shuffled order as published, and each image by its factors."""
    rng = np.random.default_rng(5)
    files, images = {}, {}
    for half, instances in smallnorb.HALVES.items():
        pairs = [
            (category, instance, *rest)
            for category in range(5)
            for instance in instances
            for rest in itertools.product(range(2), range(3), range(2))
        ]
        pairs = [pairs[k] for k in rng.permutation(len(pairs))]
        dat = rng.integers(0, 256, (len(pairs), 2, 96, 96), np.uint8)
        for pair, views in zip(pairs, dat, strict=True):
            images |= {(*pair, camera): views[camera] for camera in (0, 1)}
        cat = np.array([p[0] for p in pairs], np.int32)
        info = np.array([(i, e, 2 * a, light) for _, i, e, a, light in pairs], np.int32)
        for kind, values in (("dat", dat), ("cat", cat), ("info", info)):
            data = norb(values)
            files[f"{half}-{kind}.mat{'.gz' * compress}"] = zipped(data) if compress else data
    return files, images


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(smallnorb, "SIZES", NORB)


@pytest.mark.parametrize("compress", [False, True])
def test_smallnorb(tmp_path, small, compress):
    files, images = norb_files(compress)
    folder = write_folder(tmp_path / "norb", files)
    source = smallnorb.open_source(folder)
    found = consistent(source, [0, 3, 3, 700, 1199])
    assert source.grid
    assert source.shape == (1200, 64, 64, 1)
    assert source.factor_names == ("category", "instance", "elevation", "azimuth", "lighting", "camera")
    for factors in ((0, 0, 0, 0, 0, 0), (4, 9, 1, 2, 1, 1), (2, 5, 1, 1, 0, 1)):
        row = np.ravel_multi_index(factors, NORB)
        np.testing.assert_array_equal(found[row], shrunk(images[factors][..., None]))
    assert source.factor_values["elevation"].tolist() == [30, 35]
    assert source.factor_values["azimuth"].tolist() == [0, 20, 40]
    np.testing.assert_array_equal(source.split == 0, np.isin(source.factors(None)[:, 1], (4, 6, 7, 8, 9)))
    whole = smallnorb.open_source(folder, size=(96, 96))
    np.testing.assert_array_equal(images_of(whole, [7])[0, ..., 0], images[(0, 0, 0, 1, 1, 1)])


def test_smallnorb_classes(tmp_path, small, cli):
    folder = write_folder(tmp_path / "norb", norb_files()[0])
    plain = smallnorb.open_source(folder).factors(None)
    instance = smallnorb.open_source(folder, class_protocol="instance")
    assert instance.factor_sizes == (50, *NORB)
    np.testing.assert_array_equal(instance.factors(None)[:, 0], plain[:, 0] * 10 + plain[:, 1])
    pose = smallnorb.open_source(folder, class_protocol="pose")
    classes = pose.factors(None)[:, 0]
    assert pose.factor_sizes[0] == 5 * 10 * 2 * 2 * 2
    assert (np.bincount(classes) == 3).all()  # the azimuths
    for one in (0, 11, 399):
        assert (np.ptp(plain[classes == one], axis=0) == (0, 0, 0, 2, 0, 0)).all()
    assert not pose.grid
    with pytest.raises(UnknownName, match="poses"):
        smallnorb.open_source(folder, class_protocol="poses")
    options = ("--class-protocol", "pose", "--subset", 30, "-o", tmp_path / "a.h5")
    cli("prepare", "smallnorb", "--from", folder, *options).printed(tmp_path / "a.h5")
    assert dataset.read(tmp_path / "a.h5").factor_names[0] == "class"


def test_smallnorb_that_is_not(tmp_path, small, cli):
    files, _ = norb_files()
    training, testing = smallnorb.HALVES
    dat, info = files[f"{testing}-dat.mat"], files[f"{testing}-info.mat"]
    cases = {
        "0x1e3d4c54": {f"{testing}-dat.mat": info},
        "5,529,624": {f"{testing}-dat.mat": dat[:-1]},
        "cut short": {f"{testing}-dat.mat": dat[:10]},
        "value 2": {f"{testing}-info.mat": info[:24] + (2).to_bytes(4, "little") + info[28:]},
        "azimuths": {f"{testing}-info.mat": info[:28] + (1).to_bytes(4, "little") + info[32:]},
        "[4, 6, 7, 8, 9]": {f"{testing}-info.mat": files[f"{training}-info.mat"]},
        "category": {f"{testing}-cat.mat": files[f"{training}-cat.mat"]},
        "damaged": {f"{testing}-dat.mat": zipped(dat)[:-2000]},
        "longer": {f"{testing}-dat.mat": zipped(dat + b"x")},
    }
    for problem, change in cases.items():
        folder = write_folder(tmp_path / "norb", files | change)
        cli_rejects(cli, tmp_path, "smallnorb", folder, problem)
    (folder / f"{testing}-cat.mat").unlink()
    cli_rejects(cli, tmp_path, "smallnorb", folder, f"no {testing}-cat.mat")
    cli_rejects(cli, tmp_path, "smallnorb", tmp_path / "nothing", "nothing: ")


# ---- MPI3D

MPI = (2, 3, 2, 3, 3, 2, 2)


@pytest.fixture
def mpi(monkeypatch):
    monkeypatch.setattr(mpi3d, "SIZES", (MPI, (1, 3, 2, 3, 3, 2, 2)))
    monkeypatch.setattr(mpi3d, "_BLOCK", 50)  # no divisor of the 432 rows


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_mpi3d(tmp_path, mpi, save):
    pixels = np.random.default_rng(0).integers(0, 256, (432, 64, 64, 3), np.uint8)
    save(tmp_path / "mpi3d_real.npz", images=pixels)
    for path in (tmp_path, tmp_path / "mpi3d_real.npz"):
        source = mpi3d.open_source(path)
        np.testing.assert_array_equal(consistent(source, [0, 49, 50, 50, 431]), pixels)
    assert source.grid
    assert source.factor_sizes == MPI
    assert source.factors(np.array([431])).tolist() == [[1, 2, 1, 2, 2, 1, 1]]  # the last factor is the fastest
    assert source.class_names["background_color"] == ("purple", "sea green", "salmon")
    assert source.factor_values["vertical_axis"].tolist() == [0, 1]
    assert source.source.startswith("mpi3d_real.npz sha256:")


def test_the_published_sizes_of_mpi3d():
    assert [int(np.prod(sizes)) for sizes in mpi3d.SIZES] == [1_036_800, 460_800]
    # The README's formula of the first release, for 4 colours and 4 shapes.
    strides = [int(np.prod(mpi3d.SIZES[1][k + 1 :])) for k in range(7)]
    assert strides == [115_200, 28_800, 14_400, 4_800, 1_600, 40, 1]


def test_mpi3d_that_is_not(tmp_path, mpi, cli):
    path = tmp_path / "mpi3d_toy.npz"
    np.savez(path, images=np.zeros((431, 64, 64, 3), np.uint8))
    cli_rejects(cli, tmp_path, "mpi3d", path, "[431, 64, 64, 3]")
    np.savez(path, images=np.array([{}], object))
    with pytest.raises(UnsafeFile, match="Python"):
        mpi3d.open_source(path)
    np.savez(path, other=np.zeros(3))
    cli_rejects(cli, tmp_path, "mpi3d", path, "array 'images'")
    np.savez(path, images=np.arange(432 * 12288, dtype=np.uint32).astype(np.uint8).reshape(432, 64, 64, 3))
    data = bytearray(path.read_bytes())
    data[3_000_000] ^= 1
    path.write_bytes(data)
    cli_rejects(cli, tmp_path, "mpi3d", path, "damaged")
    path.write_bytes(data[:-1000])
    cli_rejects(cli, tmp_path, "mpi3d", path, "mpi3d_toy.npz: ")
    np.savez(tmp_path / "second.npz", images=np.zeros(3))
    cli_rejects(cli, tmp_path, "mpi3d", tmp_path, "second.npz")


# ---- MNIST


def mnist_files(compress: bool) -> tuple[dict[str, bytes], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    pixels, labels = rng.integers(0, 256, (70, 28, 28), np.uint8), rng.integers(0, 10, 70).astype(np.uint8)
    files = {}
    for part, rows in (("train", slice(0, 60)), ("t10k", slice(60, 70))):
        files[f"{part}-images-idx3-ubyte"] = idx(pixels[rows])
        files[f"{part}-labels-idx1-ubyte"] = idx(labels[rows])
    return {f"{n}.gz": zipped(d) for n, d in files.items()} if compress else files, pixels, labels


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(mnist, "PARTS", {"train": 60, "t10k": 10})


@pytest.mark.parametrize("compress", [False, True])
def test_mnist(tmp_path, few, compress):
    files, pixels, labels = mnist_files(compress)
    source = mnist.open_source(write_folder(tmp_path / "mnist", files))
    np.testing.assert_array_equal(consistent(source, [0, 59, 60, 69])[..., 0], pixels)
    np.testing.assert_array_equal(source.factors(None)[:, 0], labels)
    assert source.split.tolist() == [0] * 60 + [1] * 10
    test_only = {name: data for name, data in files.items() if name.startswith("t10k")}
    source = mnist.open_source(write_zip(tmp_path / "raw.zip", test_only))
    np.testing.assert_array_equal(images_of(source)[..., 0], pixels[60:])
    assert (source.split == 1).all()


def test_mnist_that_is_not(tmp_path, few, cli):
    files, _, labels = mnist_files(False)
    images = files["t10k-images-idx3-ubyte"]
    cases = {
        "7,855 bytes": {"t10k-images-idx3-ubyte": images[:-1]},
        "00000801": {"t10k-images-idx3-ubyte": files["t10k-labels-idx1-ubyte"]},
        "7,857 bytes": {"t10k-images-idx3-ubyte": zipped(images + b"x")},
        "damaged": {"t10k-images-idx3-ubyte": zipped(images)[:-20]},
        "digits": {"t10k-labels-idx1-ubyte": idx(labels[60:] + 5)},
        "t10k-images-idx3-ubyte.gz": {"t10k-images-idx3-ubyte.gz": zipped(images)},
    }
    for problem, change in cases.items():
        folder = write_folder(tmp_path / problem[:5], files | change)
        cli_rejects(cli, tmp_path, "mnist", folder, problem)
    (folder / "train-labels-idx1-ubyte").unlink()
    (folder / "t10k-images-idx3-ubyte.gz").unlink()
    cli_rejects(cli, tmp_path, "mnist", folder, "train-images-idx3-ubyte")


def test_the_real_mnist(tmp_path, cli):
    cli("prepare", "mnist", "--from", MNIST, "-o", tmp_path / "mnist.h5").printed(tmp_path / "mnist.h5")
    found = dataset.read(tmp_path / "mnist.h5")
    assert found.images.shape == (10_000, 28, 28, 1)
    assert found.factors[:10, 0].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.bincount(found.factors[:, 0]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert found.images.mean() == pytest.approx(0.1325 * 255, abs=0.01)


def test_size_and_colour_of_any_source(tmp_path, mpi, few, cli):
    """Also of readers that know neither."""
    pixels = np.random.default_rng(0).integers(0, 256, (432, 64, 64, 3), np.uint8)
    np.savez(tmp_path / "m.npz", images=pixels)
    options = ("--size", "16x32", "--grey", "--subset", 3, "-o", tmp_path / "a.h5")
    cli("prepare", "mpi3d", "--from", tmp_path / "m.npz", *options).printed(tmp_path / "a.h5")
    found = dataset.read(tmp_path / "a.h5")
    assert found.images.shape == (3, 16, 32, 1)
    row = np.ravel_multi_index(found.factors[1], MPI)
    grey = np.asarray(Image.fromarray(pixels[row]).convert("L"))[16:48, :, None]  # the middle, twice as wide as high
    np.testing.assert_array_equal(found.images[1], shrunk(grey, 16, 32))
    folder = write_folder(tmp_path / "mnist", mnist_files(True)[0])
    options = ("--size", 32, "--rgb", "-o", tmp_path / "b.h5")
    cli("prepare", "mnist", "--from", folder, *options).printed(tmp_path / "b.h5")
    assert dataset.read(tmp_path / "b.h5").images.shape == (70, 32, 32, 3)
    options = ("--every", 2, "-o", tmp_path / "c.h5")
    cli("prepare", "mnist", "--from", folder, *options).failed(2, "--every")


@pytest.mark.parametrize("module", [cars3d, smallnorb, mpi3d, mnist])
def test_nothing_to_render(module):
    with pytest.raises(MissingFile, match="--from"):
        module.open_source(None)


def test_a_tar_of_other_things(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archived:
        archived.addfile(tarfile.TarInfo("readme.txt"))
    for module in (cars3d, mnist):
        with pytest.raises(MissingFile, match=r"a\.tar"):
            module.open_source(tmp_path / "a.tar")
