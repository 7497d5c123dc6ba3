"""Archives of pictures, and tensors of torch, given to ``prepare``: read as the folder or the array is, and bounded."""

import io
import json
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from disentool.datasets import unpacked
from disentool.errors import DisentoolError, ForeignFile, MissingFile, UnsafeFile
from disentool.io import dataset, files

GREYS = {"cat/2.png": 20, "cat/10.png": 100, "dog/1.png": 200}


def png(grey: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (8, 8), grey).save(file, "PNG")
    return file.getvalue()


def zipped(path: str, members: dict[str, bytes], links: tuple[str, ...] = ()) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (stat.S_IFLNK | 0o777) << 16 if name in links else 0o644 << 16
            archive.writestr(info, data)
    return Path(path)


def tarred(path: str, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return Path(path)


def write(path: str, members: dict[str, bytes]) -> Path:
    if path.endswith(".zip"):
        return zipped(path, members)
    return tarred(path, members, "w:gz" if path.endswith("gz") else "w")


@pytest.mark.parametrize("archive", ["photos.zip", "photos.tar", "photos.tar.gz", "photos.tgz"])
@pytest.mark.parametrize("prefix", ["", "photos/", "a\\"])
def test_an_archive_is_read_as_its_folder(cli, folder, archive, prefix):
    members = {prefix + name: png(grey) for name, grey in GREYS.items()}
    if prefix == "a\\":  # as Windows writes paths
        members = {name.replace("/", "\\"): data for name, data in members.items()}
    write(archive, {**members, "notes.txt": b"of the whole"})
    outcome = cli("prepare", archive)
    assert outcome.code == 0 and "1 file" in outcome.err
    data = dataset.read(folder / "photos.h5")
    assert data.class_names == {"class": ["cat", "dog"]} and data.name == ("a" if prefix == "a\\" else "photos")
    assert data.images[:, 0, 0, 0].tolist() == [20, 100, 200]
    assert sorted(path.name for path in folder.iterdir()) == sorted([archive, "photos.h5"])
    cli("prepare", "folder", "--from", archive, "--preview", "p.png").printed("p.png")
    assert sorted(path.name for path in folder.iterdir()) == sorted([archive, "photos.h5", "p.png"])


def test_messages_name_the_archive(cli, folder):
    zipped("photos.zip", {"a/0.png": png(0), "a/1.png": b"none", "b/0.png": png(1)})
    outcome = cli("prepare", "photos.zip")
    assert "photos.zip/a/1.png" in outcome.err and ".partial" not in outcome.err
    cli("prepare", "photos.zip", "--csv", "photos.zip", "-o", "d.h5").failed(1, "photos.zip")
    failed = cli("prepare", "folder", "--from", "photos.zip", "--strict", "-o", "d.h5")
    assert failed.code == 1 and "photos.zip/a/1.png" in failed.err and ".partial" not in failed.err
    assert sorted(path.name for path in folder.iterdir()) == ["photos.h5", "photos.zip"]


@pytest.mark.parametrize("name", ["/out.png", "C:/out.png", "C:\\out.png", "a\\..\\..\\out.png"])
def test_a_member_that_leads_out_of_the_folder_is_refused(folder, name):
    archive = zipped("bad.zip", {"a/0.png": png(0), name: png(1)})
    with files.scratch_folder(folder / "deep" / "d.h5") as scratch, pytest.raises(UnsafeFile, match="leads out"):
        unpacked.unpack(archive, scratch)
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) == ["bad.zip", "deep"]


@pytest.mark.parametrize("name", ["../out.png", "a/../../out.png", "..\\out.png"])
def test_a_member_above_the_folder_is_passed_over_as_hidden(folder, name):
    archive = zipped("bad.zip", {"a/0.png": png(0), name: png(1)})
    with files.scratch_folder(folder / "deep" / "d.h5") as scratch:
        unpacked.unpack(archive, scratch)
        assert [path.name for path in scratch.rglob("*.png")] == ["0.png"]
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) == ["bad.zip", "deep"]


def test_members_above_the_folder_are_counted(cli, folder):
    zipped("bad.zip", {"a/0.png": png(0), "../../evil.png": png(1), ".hidden.png": png(2)})
    done = cli("prepare", "bad.zip", "-o", "d.h5")
    done.printed("d.h5")
    assert "1 member" in done.err and len(dataset.read(folder / "d.h5").images) == 1


PHOTOS = {"top/0.png": png(10), "top/1.png": png(20), "notes.pdf": b"of the whole"}
TABLE = b"file,x\n1.png,7\n0.png,5\n"


def read_by_table(cli, archive: str, table: str) -> None:
    done = cli("prepare", archive, "--csv", table, "-o", "d.h5", "--overwrite")
    done.printed("d.h5")
    data = dataset.read(Path("d.h5"))
    assert data.images[:, 0, 0, 0].tolist() == [20, 10] and data.factor_values["x"].tolist() == [5, 7]
    assert data.factors[:, 0].tolist() == [1, 0] and ".partial" not in done.err


@pytest.mark.parametrize("archive", ["a.zip", "a.tar.gz"])
@pytest.mark.parametrize("table", ["top/table.csv", "table.csv", "a.zip/table.csv"])
def test_a_table_within_the_archive_is_read_as_one_within_a_folder(cli, folder, archive, table):
    write(archive, {**PHOTOS, "top/table.csv": TABLE})
    read_by_table(cli, archive, table.replace("a.zip", archive))
    assert "1 file: notes.pdf" in cli("prepare", archive, "-o", "e.h5").err
    assert "--csv table.csv" in cli("prepare", archive, "-o", "e.h5", "--overwrite").err
    (folder / "top").mkdir()
    for name, data in PHOTOS.items():
        (folder / name).write_bytes(data)
    (folder / "top" / "labels.csv").write_bytes(TABLE)
    read_by_table(cli, "top", "labels.csv")
    assert "--csv labels.csv" in cli("prepare", "top", "-o", "e.h5", "--overwrite").err


def test_a_table_above_the_pictures_of_an_archive(cli, folder):
    zipped("a.zip", {**PHOTOS, "labels.txt": TABLE.replace(b"0.png", b"top/0.png").replace(b"1.png", b"top/1.png")})
    read_by_table(cli, "a.zip", "labels.txt")


def test_a_table_outside_the_archive_comes_first_and_none_outside_its_folder_is_meant(cli, folder):
    zipped("a.zip", {**PHOTOS, "top/table.csv": b"file,y\n0.png,1\n", "b/t.csv": TABLE, "c/t.csv": TABLE})
    (folder / "table.csv").write_bytes(TABLE)
    read_by_table(cli, "a.zip", "table.csv")
    for table, noun in (("t.csv", "b/t.csv"), ("other.csv", "no such"), ("b/../../../t.csv", "no such")):
        failed = cli("prepare", "a.zip", "--csv", table, "-o", "no.h5")
        failed.failed(1, noun)
        assert ".partial" not in failed.err


def test_other_texts_of_an_archive_stay_in_it(cli, folder, monkeypatch):
    monkeypatch.setattr(unpacked, "_LONGEST", 100)
    zipped("a.zip", {"0.png": png(10), "0.txt": b"a caption", "long.csv": bytes(101)})
    assert "2 files: 0.txt, long.csv" in cli("prepare", "a.zip", "-o", "d.h5").err


def test_labels_beside_the_pictures_of_a_shard(cli, folder):
    tarred("shard.tar", {"0.png": png(10), "0.cls": b"7\n", "1.png": png(20), "1.cls": b"5\n"})
    done = cli("prepare", "shard.tar")
    done.printed("shard.h5")
    data = dataset.read(folder / "shard.h5")
    assert data.factor_values["class"].tolist() == [5, 7] and data.factors[:, 0].tolist() == [1, 0]
    tarred("half.tar", {"0.png": png(10), "0.cls": b"7\n", "1.png": png(20), "1.cls": bytes(300)})
    said = cli("prepare", "half.tar").err
    assert "no factors" in said and "1 file of 2 is too long, the first 1.cls" in said


def test_labels_beside_pictures_in_folders_come_before_the_folders(cli, folder):
    tarred(
        "shards.tar", {f"s{i % 2}/{i}.{end}": data for i in (0, 1, 2) for end, data in (("png", png(i)), ("cls", b"x"))}
    )
    cli("prepare", "shards.tar").printed("shards.h5")
    data = dataset.read(folder / "shards.h5")
    assert data.class_names["class"] == ["x"] and len(data) == 3
    parts = {
        f"{part}/{i}.{end}": png(i) if end == "png" else b"y"
        for part in ("train", "val")
        for i in (0, 1)
        for end in ("png", "cls")
    }
    tarred("parts.tar", parts)
    cli("prepare", "parts.tar", "--split", "published").printed("parts.h5")
    data = dataset.read(folder / "parts.h5")
    assert data.split.tolist() == [0, 0, 1, 1] and data.class_names["class"] == ["y"]


def test_a_key_ends_at_the_first_dot(cli, folder):
    members = {f"{i}.{end}": data for i in (0, 1) for end, data in (("image.png", png(i)), ("cls", str(i).encode()))}
    tarred("shard.tar", members)
    assert "keys" not in cli("prepare", "shard.tar").err
    assert dataset.read(folder / "shard.h5").factors[:, 0].tolist() == [0, 1]
    tarred("masks.tar", {**members, "0.mask.png": png(7), "1.mask.png": png(7)})
    assert "each of 2 keys has 2 pictures (.image.png, .mask.png)" in cli("prepare", "masks.tar").err
    assert dataset.read(folder / "masks.h5").factors[:, 0].tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("end", ["cls", "json"])
def test_a_label_that_is_missing_is_named(cli, folder, end):
    tarred("shard.tar", {"0.png": png(10), f"0.{end}": b"{}", "1.png": png(20), "2.png": png(20)})
    said = cli("prepare", "shard.tar").err
    assert f".{end} files" in said and "2 images of 3 have none, the first 1.png" in said and "no factors" in said
    cli("prepare", "shard.tar", "--strict", "-o", "no.h5").failed(1, "1.png")


def test_fields_beside_the_pictures_of_a_shard(cli, folder):
    fields = (b'{"size": 2.5, "name": "b", "lit": true, "box": [1]}', b'{"size": 1, "name": "a", "lit": false}')
    members = {f"{row}.{end}": data for row in (0, 1) for end, data in (("png", png(10)), ("json", fields[row]))}
    tarred("shard.tar", members)
    done = cli("prepare", "shard.tar")
    done.printed("shard.h5")
    data = dataset.read(folder / "shard.h5")
    assert data.factor_names == ("size", "name", "lit") and data.factor_values["size"].tolist() == [1, 2.5]
    assert data.factors.tolist() == [[1, 1, 1], [0, 0, 0]] and data.class_names["name"] == ["a", "b"]
    assert "left unread in the .json files: box" in done.err
    for nothing in (b"[1]", b"{", b'{"box": [1]}', b"[" * 50_000, b'{"size": 1}' + bytes(1 << 17)):
        tarred("none.tar", {**members, "1.json": nothing})
        assert "no factors" in cli("prepare", "none.tar", "--overwrite").err


def test_fields_that_are_no_factors_are_left_out(cli, folder):
    """What programs write about a picture: where it lies, what it is called, of which version they are."""
    members = {}
    for row in range(4):
        said = {
            "a/b": row,
            "version": 5,
            "url": f"http://x/{row}",
            "part": "train",
            "subset": ("train", "test")[row % 2],
        }
        members |= {
            f"{row}.png": png(10 * row),
            f"{row}.json": json.dumps(said | {"age": row // 2}).encode("utf-8-sig"),
        }
    tarred("shard.tar", members)
    done = cli("prepare", "shard.tar", "--split", "published")
    done.printed("shard.h5")
    data = dataset.read(folder / "shard.h5")
    assert data.factor_names == ("age",) and data.factors[:, 0].tolist() == [0, 0, 1, 1]
    assert data.split.tolist() == [0, 1, 0, 1]
    for left in ("a/b", "version, part", "url"):
        assert f"left out of the .json files: {left} (" in done.err


def test_a_mark_of_byte_order_is_no_part_of_a_label(cli, folder):
    tarred("s.tar", {"0.png": png(1), "0.cls": b"\xef\xbb\xbf7", "1.png": png(2), "1.cls": b"5"})
    cli("prepare", "s.tar").printed("s.h5")
    assert dataset.read(folder / "s.h5").factor_values["class"].tolist() == [5, 7]


def test_what_systems_leave_in_archives_and_folders_is_no_class(cli, folder):
    members = {"./a/0.png": png(10), "./b/0.png": png(20), "@eaDir/0.png": png(1), "__MACOSX/a/0.png": png(1)}
    zipped("a.zip", {**members, "lost+found/0.png": png(1), ".git/0.png": png(1)})
    (folder / "in").mkdir()
    with zipfile.ZipFile("a.zip") as archive:
        archive.extractall("in")
    for source in ("a.zip", "in"):
        cli("prepare", source, "-o", f"{source}.h5").printed(f"{source}.h5")
        data = dataset.read(Path(f"{source}.h5"))
        assert data.class_names == {"class": ["a", "b"]} and data.images[:, 0, 0, 0].tolist() == [10, 20]


def test_a_link_is_never_made(cli, folder):
    (folder / "secret.png").write_bytes(png(9))
    target = str(folder / "secret.png").encode()
    zipped("links.zip", {"a.png": target, "b.png": png(1)}, links=("a.png",))
    with tarfile.open("links.tar", "w") as archive:
        link = tarfile.TarInfo("a.png")
        link.type, link.linkname = tarfile.SYMTYPE, str(folder / "secret.png")
        archive.addfile(link)
        info = tarfile.TarInfo("b.png")
        info.size = len(png(1))
        archive.addfile(info, io.BytesIO(png(1)))
    for name in ("links.zip", "links.tar"):
        done = cli("prepare", name, "-o", f"{name}.h5")
        done.printed(f"{name}.h5")
        assert dataset.read(folder / f"{name}.h5").images[:, 0, 0, 0].tolist() == [1]
        assert "a.png" in done.err


def test_hard_links_in_a_tar_are_the_files_that_they_name(cli, folder):
    with tarfile.open("links.tar", "w") as archive:
        for name, target in (
            ("a/0.png", ""),
            ("b/0.png", "a/0.png"),
            ("b/1.png", "elsewhere.png"),
            ("b/2.png", "../."),
        ):
            info = tarfile.TarInfo(name)
            if target:
                info.type, info.linkname = tarfile.LNKTYPE, target
                archive.addfile(info)
            else:
                info.size = len(png(7))
                archive.addfile(info, io.BytesIO(png(7)))
    done = cli("prepare", "links.tar")
    done.printed("links.h5")
    data = dataset.read(folder / "links.h5")
    assert data.class_names["class"] == ["a", "b"] and data.images[:, 0, 0, 0].tolist() == [7, 7]
    assert "2 links: b/1.png, b/2.png" in done.err


def test_what_pictures_cannot_be_is_not_unpacked(folder, monkeypatch):
    monkeypatch.setattr(unpacked, "_ALWAYS", 1 << 16)
    monkeypatch.setattr(unpacked, "_LARGEST", 1 << 20)
    bomb = zipped("bomb.zip", {f"{i}.bmp": bytes(1 << 19) for i in range(4)})
    stored = tarred("large.tar", {"0.bmp": bytes((1 << 20) + 1)})
    both = zipped("both.zip", {"a.png": png(0), "a.png/b.png": png(1)})
    empty = zipped("empty.zip", {"a.txt": b"no picture"})
    for archive, error in ((bomb, UnsafeFile), (stored, UnsafeFile), (both, ForeignFile), (empty, MissingFile)):
        with files.scratch_folder(folder / "d.h5") as scratch, pytest.raises(error) as raised:
            unpacked.unpack(archive, scratch)
        assert str(archive) in str(raised.value) and "\n" not in str(raised.value)
    cut = folder / "cut.tar"
    cut.write_bytes(tarred("whole.tar", {"0.png": png(0), "1.png": png(1)}).read_bytes()[:1200])
    with files.scratch_folder(folder / "d.h5") as scratch, pytest.raises(DisentoolError):
        unpacked.unpack(cut, scratch)


IMAGES = np.random.default_rng(0).integers(0, 256, (12, 8, 10, 3), np.uint8)


@pytest.mark.parametrize("kind", ["tensor", "pair", "dict", "half"])
def test_tensors_of_torch(cli, folder, kind):
    images, labels = torch.from_numpy(IMAGES.transpose(0, 3, 1, 2).copy()), torch.arange(12) % 3
    content = {
        "tensor": images,
        "pair": (images, labels),
        "dict": {"images": images, "labels": labels, "epoch": 3},
        "half": {"images": (images / 255).half(), "labels": labels},
    }
    torch.save(content[kind], "t.pt")
    cli("prepare", "t.pt").printed("t.h5")
    data = dataset.read(folder / "t.h5")
    assert np.array_equal(data.images, IMAGES)
    assert kind == "tensor" or data.factors[:, 0].tolist() == labels.tolist()


def test_a_file_of_torch_that_holds_no_images(cli, folder, trained):
    torch.save(torch.zeros(1).expand(100_000, 64, 64), "claims.pt")
    torch.save([1, 2, 3], "none.pt")
    torch.save(torch.nn.Linear(2, 2), "code.pt")
    for name, noun in (("claims.pt", "stored"), ("none.pt", "tensors"), ("code.pt", "Python"), (trained, "checkpoint")):
        cli("prepare", "array", "--from", name, "-o", "d.h5").failed(1, noun)
    assert not (folder / "d.h5").exists()
