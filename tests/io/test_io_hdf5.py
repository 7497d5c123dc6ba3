"""HDF5 files: what is written comes back, and what is damaged or hostile is refused by name."""

import ast
import ctypes
import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import square_grid, write_dataset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from same_files import assert_same_bytes

from disentool.commands.info import info
from disentool.errors import DataMismatch, ForeignFile, InputBusy, MissingFile, OutputExists, UnsafeFile
from disentool.io import dataset, hdf5, latents, provenance
from disentool.io.hdf5_output import HDF5Output
from disentool.io.schema import DATASET, LATENTS


def write_latents(path: Path, rows: int = 20, **attributes) -> Path:
    rng = np.random.default_rng(0)
    with hdf5.create(path, LATENTS, overwrite=True) as out:
        out.array("mean", rng.normal(size=(rows, 3)).astype(np.float32))
        out.array("logvar", rng.normal(size=(rows, 3)).astype(np.float32))
        out.array("row", np.arange(rows))
        out.array("factors", rng.integers(0, 2, (rows, 2)).astype(np.int32))
        facts = {"method": "vae", "name": "few", "grid": False, "factor_names": ["a", "b"], "factor_sizes": [2, 2]}
        out.attributes(**facts | {"provenance": json.dumps({"seed": 3})} | attributes)
    return path


@contextmanager
def edited(path: Path):
    """The file, open for anyone's changes."""
    with h5py.File(path, "r+") as file:
        yield file


def replace(file: h5py.File, name: str, values: np.ndarray, **options) -> None:
    del file[name]
    file.create_dataset(name, data=values, **options)


@pytest.fixture
def small(tmp_path) -> Path:
    return write_dataset(tmp_path / "small.h5", *square_grid(16))


# ---- round trips


def test_a_data_set_comes_back(tmp_path):
    images, factors = square_grid(16, channels=3)
    path = write_dataset(tmp_path / "a.h5", images, factors, likelihood="gaussian", citation="Ångström et al.")
    data = dataset.read(path)
    assert np.array_equal(data.images, images)
    assert isinstance(data.images, np.memmap)  # opened without reading the pixels
    assert np.array_equal(data.factors, factors)
    assert data.factors.dtype == np.int32
    assert (data.name, data.likelihood, data.grid) == ("a", "gaussian", True)
    assert data.factor_names == ("size", "pos_x", "pos_y")
    assert data.factor_sizes == (3, 8, 8)
    assert len(data) == 192
    assert info(path)["citation"] == "Ångström et al."


def test_a_memory_map_does_not_write_back(small):
    before = small.read_bytes()
    images = dataset.read(small).images
    images[:] = 7
    images.flush()
    assert small.read_bytes() == before


def test_factor_values_come_back(tmp_path, small):
    with edited(small) as file:
        file["factor_values/pos_x"] = np.linspace(0, 1, 8)
    values = dataset.read(small).factor_values
    assert list(values) == ["pos_x"]
    assert np.array_equal(values["pos_x"], np.linspace(0, 1, 8))


@pytest.mark.parametrize("values", [3, np.zeros(7), np.zeros((8, 1)), np.zeros(0)])
def test_factor_values_that_are_not_one_for_each_class_are_refused(small, values):
    with edited(small) as file:
        file["factor_values/pos_x"] = values
    with pytest.raises(ForeignFile, match="factor_values/pos_x") as refused:
        dataset.read(small)
    assert "expected [8]" in str(refused.value)


def test_without_factors(tmp_path):
    images, _ = square_grid(16)
    data = dataset.read(write_dataset(tmp_path / "a.h5", images, None))
    assert data.factors is None
    assert data.factor_names == ()


def test_names_and_sizes_of_factors_may_be_missing(small):
    with edited(small) as file:
        del file.attrs["factor_names"], file.attrs["factor_sizes"]
    data = dataset.read(small)
    assert data.factor_names == ("factor0", "factor1", "factor2")
    assert data.factor_sizes == (3, 8, 8)


def test_compressed_images_are_decoded(tmp_path):
    images, _ = square_grid(16)
    path = tmp_path / "a.h5"
    with hdf5.create(path, DATASET) as out:
        with out.stream("images", images.shape, np.uint8, compress=True) as append:
            for start in range(0, len(images), 50):  # not the size of a chunk
                append(images[start : start + 50])
        out.attributes(name="a")
    assert np.array_equal(dataset.read(path).images, images)
    assert path.stat().st_size < images.nbytes
    assert hdf5.content_digest(path) == info(path)["content_sha256"]


def test_compressed_files_do_not_depend_on_the_blocks(tmp_path):
    """Chunks of 13 MB, more than HDF5 keeps in memory to fill them."""
    images = np.random.default_rng(0).integers(0, 255, (80, 256, 256, 3), np.uint8)
    for name, step in (("a.h5", 30), ("b.h5", 80)):
        with hdf5.create(tmp_path / name, DATASET) as out:
            with out.stream("images", images.shape, np.uint8, compress=True) as append:
                for start in range(0, len(images), step):
                    append(images[start : start + step])
            out.attributes(name="a")
    assert_same_bytes(tmp_path / "a.h5", tmp_path / "b.h5")


def test_latents_come_back(tmp_path):
    table = latents.read(write_latents(tmp_path / "z.h5"))
    assert table.mean.shape == table.logvar.shape == (20, 3)
    assert table.mean.dtype == np.float32
    assert table.factor_names == ("a", "b")
    assert table.provenance == {"seed": 3}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=arrays.arrays(
        st.sampled_from(["u1", "i4", "i8", "f4", "f8"]),
        arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5),
        elements={"allow_nan": False},
    ),
    cut=st.integers(0, 5),
    compress=st.booleans(),
)
def test_any_array_comes_back_in_blocks(tmp_path, values, cut, compress):
    path = tmp_path / "a.h5"
    with (
        hdf5.create(path, DATASET, overwrite=True) as out,
        out.stream("a/b", values.shape, values.dtype, compress=compress) as append,
    ):
        append(values[:cut])
        append(values[cut:])
    with hdf5.opened(path) as file:
        assert hdf5.dataset_names(file) == ["a/b"]
        back = hdf5.array(file, path, "a/b")
        assert back.dtype == values.dtype
        assert np.array_equal(back[()], values)
        assert np.array_equal(hdf5.mapped(back, path), values)
    assert hdf5.content_digest(path) == info_attributes(path)["content_sha256"]


def info_attributes(path: Path) -> dict:
    with hdf5.opened(path) as file:
        return hdf5.attributes(file)


def test_a_stream_must_be_filled(tmp_path):
    with (
        pytest.raises(ValueError, match="3 of 4"),
        hdf5.create(tmp_path / "a.h5", DATASET) as out,
        out.stream("a", (4, 2), np.uint8) as append,
    ):
        append(np.zeros((3, 2), np.uint8))
    assert not list(tmp_path.iterdir())


# ---- what every file carries


def test_common_attributes(tmp_path):
    provenance.set_command(["prepare", "a b", "-o", "x.h5"])
    path = write_dataset(tmp_path / "a.h5", *square_grid(16))
    provenance.set_command([])
    facts = info_attributes(path)
    assert facts["format"] == "disentool.dataset"
    assert facts["version"] == 1
    assert facts["created_by"].startswith("disentool ")
    assert facts["command"] == "disentool prepare 'a b' -o x.h5"
    assert len(facts["content_sha256"]) == 64


def test_format_is_written_last(tmp_path, monkeypatch):
    written = []
    real = h5py.AttributeManager.__setitem__
    monkeypatch.setattr(
        h5py.AttributeManager, "__setitem__", lambda self, name, value: (written.append(name), real(self, name, value))
    )
    write_dataset(tmp_path / "a.h5", *square_grid(16))
    assert written[-1] == "format"
    assert written.count("format") == 1


def test_the_digest_is_what_its_description_says(small):
    lines = []
    with h5py.File(small) as file:
        for name in ("factors", "images"):
            values = file[name][()]
            digest = hashlib.sha256(values.tobytes()).hexdigest()
            lines.append(f"{name} {values.dtype.str} {'x'.join(map(str, values.shape))} {digest}")
    expected = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    assert hdf5.content_digest(small) == expected == dataset.read(small).content_sha256


def test_the_digest_is_of_the_content_alone(tmp_path):
    images, factors = square_grid(16)
    one = dataset.read(write_dataset(tmp_path / "a.h5", images, factors)).content_sha256
    two = dataset.read(write_dataset(tmp_path / "b.h5", images, factors, source="elsewhere")).content_sha256
    assert one == two
    images[0, 0, 0, 0] ^= 1
    assert dataset.read(write_dataset(tmp_path / "c.h5", images, factors)).content_sha256 != one


def test_same_content_same_bytes(tmp_path):
    one = write_dataset(tmp_path / "a.h5", *square_grid(16), name="x").read_bytes()
    time.sleep(1.1)  # no time of day is in it
    assert write_dataset(tmp_path / "b.h5", *square_grid(16), name="x").read_bytes() == one


def test_verify_notices_a_changed_pixel(small):
    assert info(small, verify=True)["verified"]
    with edited(small) as file:
        file["images"][5, 3, 3, 0] ^= 1
    with pytest.raises(ForeignFile, match="content_sha256"):
        info(small, verify=True)


def test_what_others_add_is_tolerated_and_shown(small):
    with edited(small) as file:
        file["extra/notes"] = np.arange(5)
        file.attrs["mood"] = "good"
        file.attrs["a list"] = [1.5, 2.5]
        file.attrs["nothing"] = h5py.Empty("f")
        file.attrs["a pair"] = np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f4")])
        file.attrs["a reference"] = file["images"].ref
    assert len(dataset.read(small)) == 192
    facts = info(small)
    assert facts["arrays"]["extra/notes"] == "int64 [5]"
    assert facts["mood"] == "good"
    assert facts["a list"] == [1.5, 2.5]
    assert facts["nothing"] == []
    assert json.dumps(facts)


def test_nothing_is_replaced_unasked(small):
    before = small.read_bytes()
    with pytest.raises(OutputExists), hdf5.create(small, DATASET) as out:
        out.array("images", np.zeros((1, 8, 8, 1), np.uint8))
    assert small.read_bytes() == before
    assert [path.name for path in small.parent.iterdir()] == ["small.h5"]


# ---- what does not fit the format


def test_versions(small):
    with edited(small) as file:
        file.attrs["version"] = 2
    with pytest.raises(ForeignFile, match="version 2"):
        dataset.read(small)
    for value in (0, -1, "1", 1.0, [1], True):
        with edited(small) as file:
            file.attrs["version"] = value
        with pytest.raises(ForeignFile, match="version"):
            dataset.read(small)


def test_other_files(tmp_path, small):
    with pytest.raises(MissingFile, match=r"nothing\.h5"):
        dataset.read(tmp_path / "nothing.h5")
    with pytest.raises(MissingFile, match="folder"):
        dataset.read(tmp_path)
    with pytest.raises(ForeignFile, match=r"disentool\.latents"):
        latents.read(small)
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(ForeignFile, match=r"text\.h5"):
        dataset.read(tmp_path / "text.h5")
    (tmp_path / "empty.h5").touch()
    with pytest.raises(ForeignFile, match=r"empty\.h5"):
        dataset.read(tmp_path / "empty.h5")
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["x"] = [1, 2]
    with pytest.raises(ForeignFile, match="origin"):
        dataset.read(tmp_path / "foreign.h5")
    with pytest.raises(ForeignFile, match="arrays: x"):
        info(tmp_path / "foreign.h5")


IMAGES, FACTORS = square_grid(16)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("images", IMAGES[:100], "100"),
        ("images", IMAGES[:0], "N = 0|N > 0"),
        ("images", IMAGES[..., 0], r"\[192, 16, 16\]"),
        ("images", IMAGES.astype(np.float32), "float32"),
        ("images", np.repeat(IMAGES, 2, axis=3), "C 1"),
        ("images", np.array(["a", "b"], dtype="S1"), "numbers"),
        ("factors", FACTORS - 1, "row"),
        ("factors", FACTORS + 1, "row"),
        ("factors", FACTORS.astype(np.int64), "int64"),
        ("factors", FACTORS[:, :2], "2 factors"),
        ("factors", FACTORS[:, :0], "K > 0"),
        ("factors", np.full_like(FACTORS, 2**31 - 1), "row"),
    ],
)
def test_arrays_that_do_not_fit(small, name, values, words):
    with edited(small) as file:
        replace(file, name, values)
    with pytest.raises(ForeignFile, match=words):
        dataset.read(small)


def test_arrays_that_are_missing(small):
    with edited(small) as file:
        del file["images"]
    with pytest.raises(ForeignFile, match="array 'images'"):
        dataset.read(small)
    with edited(small) as file:
        file.create_group("images")
    with pytest.raises(ForeignFile, match="group"):
        dataset.read(small)


@pytest.mark.parametrize(
    "changes",
    [
        {"factor_names": "abc"},
        {"factor_names": [1, 2, 3]},
        {"factor_names": ["a", "a", "b"]},
        {"factor_names": 5},
        {"factor_sizes": [3, 8]},
        {"factor_sizes": ["3", "8", "8"]},
        {"factor_sizes": [3.5, 8.0, 8.0]},
        {"factor_sizes": [[3, 8, 8]]},
        {"factor_sizes": 8},
        {"likelihood": "poisson"},
        {"likelihood": [1, 2]},
        {"format": 3},
    ],
)
def test_attributes_that_do_not_fit(small, changes):
    with edited(small) as file:
        for name, value in changes.items():
            file.attrs[name] = value
    with pytest.raises(ForeignFile, match=r"small\.h5: "):
        dataset.read(small)


def test_latents_that_do_not_fit(tmp_path):
    path = write_latents(tmp_path / "z.h5", provenance="{")
    with pytest.raises(ForeignFile, match="provenance"):
        latents.read(path)
    with edited(path) as file:
        file.attrs["provenance"] = "{}"
        replace(file, "logvar", np.zeros((20, 4), np.float32))
    with pytest.raises(ForeignFile, match="logvar"):
        latents.read(path)


def test_after_a_block_of_someone_else(tmp_path, small):
    """MATLAB's files begin with 512 bytes of text."""
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=512) as file, h5py.File(small) as source:
        for name in ("images", "factors"):
            source.copy(name, file)
        for name, value in source.attrs.items():
            file.attrs[name] = value
    assert np.array_equal(dataset.read(tmp_path / "a.h5").images, IMAGES)
    assert info(tmp_path / "a.h5", verify=True)["verified"]


# ---- anyone's codes


def test_codes_and_factors_of_any_name(tmp_path):
    path = tmp_path / "any.h5"
    with h5py.File(path, "w", userblock_size=512) as file:  # as MATLAB's files have
        file["deep/er/z"] = np.array([[1.5, 2.5], [3.5, 1e300]])
        file["labels"] = np.array([0, 1], dtype=">i2")
    table = latents.read_foreign(path, "deep/er/z", "labels")
    assert table.mean.dtype == np.float32
    assert table.mean.tolist() == [[1.5, 2.5], [3.5, np.inf]]  # beyond float32, which a metric then refuses
    assert table.factors.tolist() == [[0], [1]]


@pytest.mark.parametrize(
    ("codes", "factors", "error", "words"),
    [
        ("nothing", None, ForeignFile, "'nothing'"),
        ("z", "nothing", ForeignFile, "'nothing'"),
        ("/", None, ForeignFile, "'/'"),
        ("z/", "labels/x", ForeignFile, "'labels/x'"),
        ("z3", None, ForeignFile, "z3"),
        ("labels", None, ForeignFile, r"\[3\]"),
        ("z", "z3", ForeignFile, r"\[2, 2, 2\]"),
        ("z", "labels", DataMismatch, "2 rows"),
    ],
)
def test_codes_that_are_not_there(tmp_path, codes, factors, error, words):
    path = tmp_path / "any.h5"
    with h5py.File(path, "w") as file:
        file["z"], file["z3"], file["labels"] = np.zeros((2, 2)), np.zeros((2, 2, 2)), np.zeros(3)
    with pytest.raises(error, match=words):
        latents.read_foreign(path, codes, factors)


# ---- hostile files


@contextmanager
def never_opened(path: Path):
    """Assert that nobody opens a file: asked of the kernel, as HDF5 opens files by itself."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.inotify_init1(os.O_NONBLOCK)
    assert libc.inotify_add_watch(handle, bytes(path), 0x20) >= 0  # IN_OPEN
    try:
        yield
        with pytest.raises(BlockingIOError):
            os.read(handle, 4096)
        path.open("rb").close()
        assert os.read(handle, 4096)  # the watch works
    finally:
        os.close(handle)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux who opens a file")
@pytest.mark.parametrize("kind", ["external link", "soft link", "link in a group", "external bytes", "virtual"])
def test_nothing_outside_the_file_is_read(tmp_path, small, kind):
    other = tmp_path / "other.h5"
    write_dataset(other, IMAGES, FACTORS)
    with edited(small) as file:
        del file["images"]
        if kind == "external link":
            file["images"] = h5py.ExternalLink(str(other), "/images")
        elif kind == "soft link":
            file["hidden"] = IMAGES
            file["images"] = h5py.SoftLink("/hidden")
        elif kind == "link in a group":
            file["images"] = IMAGES
            del file["factors"]
            file["factors"] = h5py.ExternalLink(str(other), "/factors")
        elif kind == "external bytes":
            file.create_dataset("images", IMAGES.shape, "u1", external=[(str(other), 0, IMAGES.size)])
        else:
            layout = h5py.VirtualLayout(IMAGES.shape, "u1")
            layout[:] = h5py.VirtualSource(str(other), "images", IMAGES.shape)
            file.create_virtual_dataset("images", layout)
    with never_opened(other), pytest.raises(UnsafeFile, match="arrays"):
        dataset.read(small)
    with never_opened(other), pytest.raises(UnsafeFile):
        latents.read_foreign(small, "images" if kind != "link in a group" else "factors", None)
    with never_opened(other), pytest.raises(UnsafeFile):
        info(small, verify=True)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux who opens a file")
def test_links_that_nobody_asked_for_are_not_followed(tmp_path, small):
    other = write_dataset(tmp_path / "other.h5", IMAGES, FACTORS)
    with edited(small) as file:
        file["elsewhere"] = h5py.ExternalLink(str(other), "/")
        file["dangling"] = h5py.SoftLink("/nothing")
    with never_opened(other):
        assert info(small, verify=True)["verified"]
        assert len(dataset.read(small)) == 192


def test_groups_that_contain_themselves(small):
    with edited(small) as file:
        for name in "abcdefgh":
            file[name] = file["/"]
        file.create_group("x")
        file["x/y"] = file["/"]
    with hdf5.opened(small) as file:
        assert hdf5.dataset_names(file) == ["factors", "images"]


@pytest.mark.parametrize("options", [{}, {"chunks": (64, 64, 64, 1)}, {"chunks": (64, 64, 64, 1), "compression": 9}])
def test_claims_of_size_are_not_believed(small, options):
    with edited(small) as file:
        del file["images"]
        images = file.create_dataset("images", (192, 2**16, 2**16, 1), "u1", **options)
        if options:
            images[0, :64, :64] = 1
    tracemalloc.start()
    with pytest.raises(UnsafeFile, match="824,633,720,832"):
        dataset.read(small)
    with pytest.raises(UnsafeFile):
        info(small, verify=True)
    with pytest.raises(UnsafeFile):
        latents.read_foreign(small, "images", None)
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()


def test_non_finite_codes_are_read_as_they_are(tmp_path):
    path = write_latents(tmp_path / "z.h5")
    with edited(path) as file:
        file["mean"][3, 1] = np.nan
    assert np.isnan(latents.read(path).mean[3, 1])


# ---- damage


@pytest.mark.parametrize("make", ["dataset", "latents"])
def test_cut_short_anywhere(tmp_path, make):
    path = tmp_path / "a.h5"
    whole = (write_dataset(path, *square_grid(16)) if make == "dataset" else write_latents(path)).read_bytes()
    for length in {0, 1, 8, 100, 511, 512, *range(0, len(whole), len(whole) // 60), len(whole) - 1}:
        path.write_bytes(whole[:length])
        for read in (dataset.read, latents.read, info):
            with pytest.raises(ForeignFile, match=r"a\.h5: "):
                read(path)


DAMAGE = """
import collections, os, pickle, random, resource, sys, traceback, warnings
from pathlib import Path
from disentool.config import write_yaml
from disentool.errors import DisentoolError
from disentool.io import dataset, latents
from disentool.io.records import to_json
from disentool.commands.info import info

warnings.simplefilter("error")
path, reader = Path(sys.argv[1]), {"dataset": dataset, "latents": latents}[sys.argv[2]].read
whole, rng, outcomes = path.read_bytes(), random.Random(0), collections.Counter()

def attempt(call):
    try:
        call(path)
        return "read"
    except DisentoolError as error:
        assert str(path) in str(error), error
        return type(error).__name__
    except BaseException as error:
        return "".join(traceback.format_exception_only(error))

def describe(path):
    facts = info(path, verify=True)
    write_yaml(facts), to_json(facts)

for case in range(int(sys.argv[3])):
    data = bytearray(whole)
    for _ in range(rng.choice([1, 1, 3, 10])):
        near = rng.choice([range(len(data)), range(min(2048, len(data))), range(max(0, len(data) - 6000), len(data))])
        data[rng.choice(near)] = rng.choice([0, 255, rng.randrange(256)])
    path.write_bytes(data)
    reading, writing = os.pipe()
    child = os.fork()  # HDF5 itself does not survive everything
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.write(writing, pickle.dumps([attempt(reader), attempt(describe)]))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        answer = file.read()
    os.waitpid(child, 0)
    outcomes.update(pickle.loads(answer) if answer else ["died"])
print(dict(outcomes))
"""


@pytest.mark.parametrize("kind", ["dataset", "latents"])
def test_damaged_bytes_are_read_or_refused_by_name(tmp_path, kind):
    path = tmp_path / "a.h5"
    _ = write_dataset(path, *square_grid(16)) if kind == "dataset" else write_latents(path)
    done = subprocess.run(
        [sys.executable, "-c", DAMAGE, str(path), kind, "250"], capture_output=True, text=True, check=True
    )
    outcomes = ast.literal_eval(done.stdout)
    # A damaged heap of strings can make HDF5 itself loop for ever, which nothing here can prevent.
    assert outcomes.pop("died", 0) <= 2
    assert set(outcomes) <= {"read", "ForeignFile", "UnsafeFile"}, outcomes
    assert outcomes["ForeignFile"] > 100
    assert done.stderr == ""


# ---- a full disk

FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from disentool.errors import NotWritable
from disentool.io import hdf5
from disentool.io.schema import DATASET

folder = Path(sys.argv[1])
rng = np.random.default_rng(0)
images = rng.integers(0, 255, (200, 32, 32, 1), dtype=np.uint8)
for limit in (0, 1000, 4096, 100_000, 204_000, 206_000, 207_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    for compress in (False, True):
        try:
            with hdf5.create(folder / "a.h5", DATASET, overwrite=True) as out:
                with out.stream("images", images.shape, np.uint8, compress=compress) as append:
                    for start in range(0, 200, 20):
                        append(images[start : start + 20])
                for i in range(20):
                    out.attributes(**{f"a{i}": "x" * 500})
            print(limit, compress, "written")
        except NotWritable as error:
            assert "a.h5" in str(error), error
print("end")
"""


def test_a_disk_that_fills_up_while_writing(tmp_path):
    """HDF5 crashes when it must close a file that it could not write; a limit on file sizes stands for a full disk."""
    path = write_dataset(tmp_path / "a.h5", *square_grid(16))
    good = path.read_bytes()
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")
    assert path.read_bytes() == good
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_while_writing_are_not_lost(tmp_path, monkeypatch, number):
    """What a signal raises would be, if it came up while HDF5 is calling back to write."""

    class Interrupted(Exception):
        pass

    def interrupt(*_):
        raise Interrupted

    def write(sink, data):
        signal.raise_signal(number)
        return real(sink, data)

    real = HDF5Output.write
    monkeypatch.setattr(HDF5Output, "write", write)
    former = {n: signal.signal(n, interrupt) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(Interrupted):
            write_dataset(tmp_path / "a.h5", *square_grid(32))
        assert signal.getsignal(number) is interrupt
    finally:
        for n, handler in former.items():
            signal.signal(n, handler)
    assert list(tmp_path.iterdir()) == []


def test_written_from_another_thread(tmp_path):
    with ThreadPoolExecutor(1) as pool:
        path = pool.submit(write_dataset, tmp_path / "a.h5", *square_grid(16)).result()
    assert len(dataset.read(path)) == 192


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_read_without(tmp_path, monkeypatch, number):
    path = write_latents(tmp_path / "a.h5")
    real = h5py.File

    def refusing(*arguments, locking=None, **options):
        if locking is False:
            return real(*arguments, locking=False, **options)
        raise OSError(number, f"Unable to open file (unable to lock file, errno = {number})")

    monkeypatch.setattr(h5py, "File", refusing)
    assert len(latents.read(path).mean) == 20


@pytest.mark.skipif(sys.platform == "win32", reason="locks by fcntl")
def test_a_file_open_in_another_program_is_said_to_be(tmp_path):
    import fcntl

    path, fresh = write_latents(tmp_path / "a.h5"), tmp_path / "b.h5"
    fresh.touch()  # as of a program that has written nothing out yet
    for each in (path, fresh):
        with open(each, "rb") as other:
            fcntl.flock(other, fcntl.LOCK_EX)  # as HDF5 locks a file that it opens for writing
            with pytest.raises(InputBusy, match="another program"), hdf5.opened(each):
                pass
    assert len(latents.read(path).mean) == 20
    with pytest.raises(ForeignFile), hdf5.opened(fresh):
        pass
    unclosed = """
import os, sys, h5py
file = h5py.File(sys.argv[1], "w", libver="latest")
file["x"] = [1, 2, 3]
file.swmr_mode = True
file.flush()
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", unclosed, tmp_path / "c.h5"], check=True)
    with pytest.raises(InputBusy, match="h5clear"), hdf5.opened(tmp_path / "c.h5"):
        pass
