"""Rows of bytes in HDF5: as h5py writes them, and as nobody should."""

import struct
from pathlib import Path

import h5py
import numpy as np
import pytest

from disentool.errors import DisentoolError, ForeignFile, UnsafeFile
from disentool.io import hdf5, hdf5_heap

RNG = np.random.default_rng(0)
ROWS = [RNG.integers(0, 256, length, np.uint8).tobytes() for length in (10, 0, 5000, 3, 70_000, 8, 16, 17)]
LIMIT = 1 << 20


def write(path: Path, userblock: int = 0, **layout) -> Path:
    with h5py.File(path, "w", userblock_size=userblock) as file:
        array = file.create_dataset("a", (len(ROWS),), h5py.vlen_dtype(np.uint8), **layout)
        for row, data in enumerate(ROWS):
            array[row] = np.frombuffer(data, np.uint8)
    return path


def read(path: Path, name: str = "a", limit: int = LIMIT) -> list[bytes]:
    with hdf5.opened(path) as file:
        return list(hdf5_heap.pieces(hdf5.located(file, path, name), path, name, limit))


@pytest.mark.parametrize("userblock", [0, 512])
@pytest.mark.parametrize("layout", [{}, {"chunks": (3,)}, {"maxshape": (None,)}, {"chunks": (3,), "compression": 4}])
def test_rows_of_any_length(tmp_path, layout, userblock):
    assert read(write(tmp_path / "a.h5", userblock, **layout)) == ROWS


def test_rows_of_a_fixed_length_and_text(tmp_path):
    words = ["grün", "", "b"]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["opaque"] = np.array([b"ab\0c", b"d"], "V6")
        file["fixed"] = np.array([b"abc", b"d"])
        file.create_dataset("packed", data=np.array([b"abc"] * 500, "V900"), chunks=(100,), compression="gzip")
        file.create_dataset("text", data=words, dtype=h5py.string_dtype())
        file["numbers"], file["table"] = np.arange(3), np.zeros((2, 2), "V3")
        kinds = {name: (hdf5_heap.holds_bytes(file[name]), hdf5_heap.holds_text(file[name])) for name in file}
    assert kinds == {
        "fixed": (True, True),
        "numbers": (False, False),
        "opaque": (True, False),
        "packed": (True, False),
        "table": (False, False),
        "text": (True, True),
    }
    assert read(tmp_path / "a.h5", "opaque") == [b"ab\0c\0\0", b"d" + bytes(5)]
    assert read(tmp_path / "a.h5", "fixed") == [b"abc", b"d\0\0"]
    assert read(tmp_path / "a.h5", "packed") == [b"abc" + bytes(897)] * 500
    assert [word.decode() for word in read(tmp_path / "a.h5", "text")] == words


def test_a_row_longer_than_the_limit_is_not_read(tmp_path):
    with pytest.raises(UnsafeFile, match="70,000"):
        read(write(tmp_path / "a.h5"), limit=10_000)


def test_what_a_file_claims_is_checked_before_it_is_read(tmp_path):
    path = write(tmp_path / "a.h5")
    whole = path.read_bytes()
    at = whole.index(struct.pack("<I", 70_000))  # the reference to the fifth row: length, address, index
    for place, value, error in (
        (at, struct.pack("<I", 2**32 - 1), UnsafeFile),
        (at, struct.pack("<I", 60_000), ForeignFile),  # the heap has more
        (at, struct.pack("<I", 70_001), ForeignFile),
        (at + 4, struct.pack("<Q", 2**63), ForeignFile),
        (at + 4, struct.pack("<Q", 8), ForeignFile),  # no heap there
        (at + 12, struct.pack("<I", 77), ForeignFile),
    ):
        path.write_bytes(whole[:place] + value + whole[place + len(value) :])
        with pytest.raises(error):
            read(path)


def test_damage_of_any_kind_is_told(tmp_path):
    path = write(tmp_path / "a.h5", chunks=(3,), compression=4)
    whole = bytearray(path.read_bytes())
    rng = np.random.default_rng(1)
    told = 0
    for _ in range(150):
        damaged = bytearray(whole)
        for at in rng.integers(0, 6000, 3):
            damaged[at] = rng.integers(0, 256)
        path.write_bytes(damaged)
        try:
            assert all(len(row) <= LIMIT for row in read(path))
        except DisentoolError:
            told += 1
    assert told
