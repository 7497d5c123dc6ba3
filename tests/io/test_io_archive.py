"""Folders and archives as sources: the same members in the same order, and nothing read that claims too much."""

import gzip
import io
import os
import tarfile
import tracemalloc
import zipfile

import numpy as np
import pytest
from raw_files import write_folder, write_tar, write_zip

from disentool.errors import ForeignFile, MissingFile, UnsafeFile
from disentool.io import archive, tar

MEMBERS = {
    "set/b.bin": b"two",
    "set/a.bin": b"one" * 1000,
    "set/deep/" + "x" * 120 + "/c.bin": b"",
    "set/notes.txt": b"not asked for",
}
WANTED = sorted(name for name in MEMBERS if name.endswith(".bin"))


def source(kind, folder):
    if kind == "folder":
        return write_folder(folder / "raw", MEMBERS)
    if kind == "zip":
        return write_zip(folder / "raw.zip", MEMBERS)
    format = tarfile.PAX_FORMAT if "pax" in kind else tarfile.GNU_FORMAT
    return write_tar(folder / ("raw.tar.gz" if "gz" in kind else "raw.tar"), MEMBERS, format)


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar pax", "tar gz", "tar pax gz"])
def test_every_kind_gives_the_same(tmp_path, kind):
    found = archive.members(source(kind, tmp_path), (".bin",), "the set")
    assert found.names == WANTED
    assert [found.size(name) for name in WANTED] == [3000, 3, 0]
    assert dict(found.each(WANTED, 3000)) == {name: MEMBERS[name] for name in WANTED}
    some = [WANTED[1], WANTED[1], WANTED[0]]  # in the order asked for, however often
    assert [data for _, data in found.each(some, 3000)] == [MEMBERS[name] for name in some]
    with pytest.raises(UnsafeFile, match="3,000 bytes"):
        list(found.each(WANTED, 2999))


def test_a_compressed_tar_is_read_in_passes(tmp_path, monkeypatch):
    members = {f"{i:03}.bin": os.urandom(50) for i in np.random.default_rng(0).permutation(40)}
    found = archive.members(write_tar(tmp_path / "raw.tgz", members), (".bin",), "the set")
    monkeypatch.setattr(archive, "_AT_ONCE", 333)
    assert list(found.each(found.names, 50)) == sorted(members.items())


def test_archives_in_a_folder_and_files_beside_an_archive(tmp_path):
    write_zip(tmp_path / "one.zip", {"a.bin": b"1"})
    write_tar(tmp_path / "two.tar.gz", {"a.bin": b"2"})
    write_folder(tmp_path, {"c.bin": b"3", ".hidden.bin": b"4", "__MACOSX/d.bin": b"5"})
    found = archive.members(tmp_path, (".bin",), "the set")
    assert dict(found.each(found.names, 10)) == {"c.bin": b"3", "one.zip/a.bin": b"1", "two.tar.gz/a.bin": b"2"}
    beside = archive.members(tmp_path / "one.zip", (".bin",), "the set", beside=("c.bin",))
    assert dict(beside.each(beside.names, 10)) == {"../c.bin": b"3", "a.bin": b"1"}


def test_digests_name_the_source(tmp_path):
    one = archive.members(write_folder(tmp_path / "one", MEMBERS), (".bin",), "the set").digest()
    other = write_folder(tmp_path / "other" / "one", MEMBERS)
    assert archive.members(other, (".bin",), "the set").digest() == one
    assert one.startswith("one (3 files) sha256:")
    (other / "set" / "b.bin").write_bytes(b"too")
    assert archive.members(other, (".bin",), "the set").digest() != one
    zipped = write_zip(tmp_path / "raw.zip", MEMBERS)
    assert archive.members(zipped, (".bin",), "the set").digest().startswith("raw.zip sha256:")


def test_what_is_not_there(tmp_path):
    with pytest.raises(MissingFile, match="nothing"):
        archive.members(tmp_path / "nothing", (".bin",), "the set")
    with pytest.raises(MissingFile, match=r"\.bin"):
        archive.members(tmp_path, (".bin",), "the set")
    (tmp_path / "file").write_bytes(b"text" * 200)
    with pytest.raises(ForeignFile, match="archive"):
        archive.members(tmp_path / "file", (".bin",), "the set")


@pytest.mark.parametrize("kind", ["zip", "tar", "tar gz"])
def test_archives_cut_short(tmp_path, kind):
    path = source(kind, tmp_path)
    data = path.read_bytes()
    for length in (600, len(data) // 2) if kind == "tar" else (30, len(data) // 2, len(data) - 10):
        path.write_bytes(data[:length])
        with pytest.raises(ForeignFile, match=path.name):
            archive.members(path, (".bin",), "the set")


def test_damage_in_a_member(tmp_path):
    path = tmp_path / "raw.zip"
    with zipfile.ZipFile(path, "w") as archived:
        archived.writestr("a.bin", b"hello world")
    path.write_bytes(path.read_bytes().replace(b"hello", b"jello"))
    found = archive.members(path, (".bin",), "the set")
    with pytest.raises(ForeignFile, match=r"a\.bin"):
        found.read("a.bin", 100)


def test_links_are_not_followed(tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"secret")
    with tarfile.open(tmp_path / "raw.tar", "w") as archived:
        for kind, name in (
            (tarfile.SYMTYPE, "link.bin"),
            (tarfile.LNKTYPE, "hard.bin"),
            (tarfile.FIFOTYPE, "pipe.bin"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, str(secret)
            archived.addfile(info)
        for name in ("../../outside.bin", "inside.bin"):
            info = tarfile.TarInfo(name)
            info.size = 2
            archived.addfile(info, io.BytesIO(b"in"))
    found = archive.members(tmp_path / "raw.tar", (".bin",), "the set")
    assert dict(found.each(found.names, 10)) == {"inside.bin": b"in"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["raw.tar", "secret.bin"]


def test_twice_the_same_name(tmp_path):
    with tarfile.open(tmp_path / "raw.tar", "w") as archived:
        for _ in range(2):
            archived.addfile(tarfile.TarInfo("a.bin"))
    with pytest.raises(ForeignFile, match=r"a\.bin"):
        archive.members(tmp_path / "raw.tar", (".bin",), "the set")


def test_a_header_that_claims_gigabytes(tmp_path):
    """64 MB of zeros in a few KB: a long name of that size is refused without being read."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = b"L", 64 << 20
    path = tmp_path / "raw.tar.gz"
    with gzip.open(path, "wb") as out:
        out.write(info.tobuf())
        out.write(bytes(64 << 20))
    tracemalloc.start()
    with pytest.raises(UnsafeFile, match="67,108,864"):
        archive.members(path, (".bin",), "the set")
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_tar_headers_are_those_of_tarfile(tmp_path):
    names = ["a", "d/" + "n" * 99, "p" * 90 + "/" + "n" * 90, "p" * 140 + "/" + "q" * 120, "ü/ß.bin"]
    for format in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        some = [name for name in names if format != tarfile.USTAR_FORMAT or len(name) < 250]
        path = write_tar(tmp_path / "raw.tar", {name: name.encode() for name in some}, format)
        with path.open("rb") as stream, tarfile.open(path) as reference:
            expected = [(m.name, m.offset_data, m.size) for m in reference if m.isfile()]
            assert list(tar.entries(stream, path, [])) == expected


@pytest.mark.parametrize("size", ["-1", "-512", "1e3", ""])
def test_a_pax_size_that_is_no_size(tmp_path, size):
    """A negative one would read the rest of the archive into memory."""
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as made:
        member = tarfile.TarInfo("a.png")
        member.size, member.pax_headers = 3, {"size": size}
        made.addfile(member, io.BytesIO(b"abc"))
    with pytest.raises(ForeignFile, match=r"a\.tar"):
        list(archive.members(path, (".png",), "pictures").each(["a.png"], 100))


def test_one_gzipped_file_is_no_archive(tmp_path):
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(b"abc" * 1000))
    with pytest.raises(ForeignFile, match="gzipped"):
        archive.members(path, (".png",), "pictures")
