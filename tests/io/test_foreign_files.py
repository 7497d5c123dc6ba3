"""Files that were taken for something else: each is told what it is, and which command reads it."""

import io
import shutil
import tarfile
import zipfile

import h5py
import numpy as np
import pytest
import torch
from PIL import Image

from disentool.io import foreign_files


def png() -> bytes:
    file = io.BytesIO()
    Image.new("L", (8, 8), 7).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def containers(folder):
    """A file of every kind."""
    with zipfile.ZipFile("my pictures.zip", "w") as archive:
        archive.writestr("a/0.png", png())
    with tarfile.open("shard.tar", "w") as archive:
        for name, data in (("0.png", png()), ("0.cls", b"3")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    torch.save(torch.zeros(3, 8, 8), "tensor.pt")
    np.savez("arrays.npz", images=np.zeros((3, 8, 8), np.uint8))
    np.save("array.npy", np.zeros((3, 8, 8), np.uint8))
    with h5py.File("jpegs.h5", "w") as file:
        file.create_dataset("images", (3,), h5py.vlen_dtype(np.uint8))[:] = [np.frombuffer(png(), np.uint8)] * 3
    with h5py.File("compound.h5", "w") as file:
        file["t"] = np.zeros(3, [("img", "u1", (8, 8)), ("y", "i4")])
    with h5py.File("plain.h5", "w") as file:
        file["images"] = np.zeros((3, 8, 8), np.uint8)
    (folder / "pictures.7z").write_bytes(b"7z\xbc\xaf\x27\x1c")
    (folder / "old.pkl").write_bytes(b"\x80\x04.")
    (folder / "words.csv").write_text("file,x\n")
    (folder / "t.parquet").write_bytes(b"PAR1")
    (folder / "t.tfrecord").write_bytes(b"\x08")
    (folder / "t-idx3-ubyte").write_bytes(b"\0\0\x08\x03")
    (folder / "t.mp4").write_bytes(b"\0\0\0 ftypisom")
    (folder / "t.heic").write_bytes(b"\0\0\0 ftypheic")
    (folder / "t.dcm").write_bytes(bytes(128) + b"DICM")
    (folder / "t.pdf").write_bytes(b"%PDF-1.4")
    (folder / "t.nef").write_bytes(b"MM\0*")
    (folder / "bare").write_bytes(png())
    for name in ("empty.zip", "empty.npz", "empty.h5"):
        (folder / name).write_bytes(b"")
    (folder / "t.avi").write_bytes(b"RIFF    AVI ")
    (folder / "one.avif").write_bytes(b"\0\0\0 ftypavif")
    (folder / "t.tar.xz").write_bytes(b"\xfd7zXZ\0")
    (folder / "cut.zip").write_bytes(b"PK\x03\x04 and no more")
    (folder / "photos").mkdir()
    (folder / "photos" / "0.png").write_bytes(png())
    return folder


@pytest.mark.parametrize(
    ("file", "noun"),
    [
        ("arrays.npz", "array --from arrays.npz"),
        ("plain.h5", "array --from plain.h5"),
        ("photos/0.png", "folder"),
        ("pictures.7z", "7z"),
        ("tensor.pt", "torch"),
        ("words.csv", "--csv words.csv"),
        ("old.pkl", "pickle"),
        ("cut.zip", "damaged"),
        ("t.parquet", "Parquet"),
        ("t.tfrecord", "TFRecord"),
        ("t-idx3-ubyte", "prepare mnist"),
        ("t.mp4", "ffmpeg -i t.mp4"),
        ("t.avi", "ffmpeg"),
        ("t.heic", "heif-convert t.heic t.png"),
        ("t.dcm", "DICOM"),
        ("t.pdf", "PDF"),
        ("t.nef", "camera"),
        ("bare", "bare.png"),
        ("empty.zip", "empty"),
        ("one.avif", "picture"),
        ("t.tar.xz", "unpack"),
    ],
)
def test_a_file_that_is_no_folder(cli, containers, file, noun):
    cli("prepare", "folder", "--from", file, "-o", "d.h5").failed(1, file, noun)


@pytest.mark.parametrize(
    ("file", "noun"),
    [
        ("my pictures.zip", "'my pictures.zip'"),
        ("shard.tar", "shard.tar"),
        ("compound.h5", "img, y"),
        ("empty.npz", "an empty file"),
        ("empty.h5", "an empty file"),
        ("words.csv", "--csv"),
    ],
)
def test_a_file_that_is_no_array(cli, containers, file, noun):
    cli("prepare", "array", "--from", file, "-o", "d.h5").failed(1, file, noun)


@pytest.mark.parametrize(
    ("file", "noun"),
    [
        ("arrays.npz", "array --from arrays.npz"),
        ("array.npy", "array --from array.npy"),
        ("plain.h5", "array --from plain.h5"),
        ("photos", "folder --from photos"),
        ("tensor.pt", "torch"),
        ("words.csv", "--csv words.csv"),
    ],
)
def test_a_file_that_is_no_data_set(cli, containers, file, noun):
    cli("train", "vae", "--data", f"./{file}", "--steps", 1, "-o", "a.pt").failed(1, file, noun)


@pytest.mark.parametrize(
    ("file", "noun"),
    [
        ("arrays.npz", "array --from arrays.npz"),
        ("my pictures.zip", "prepare folder"),
        ("t.mp4", "ffmpeg"),
        ("t.heic", "HEIC"),
        ("words.csv", "not a picture"),
    ],
)
def test_a_file_that_is_no_picture(cli, trained, containers, file, noun):
    cli("encode", trained, "--image", file, "-o", "z.h5").failed(1, file, noun)


def test_data_and_folders_of_pictures_are_told_from_checkpoints(cli, trained, squares, containers):
    cli("encode", trained, "--image", squares, "-o", "z.h5").failed(1, "--data")
    for name in ("photos", "photos/0.png"):
        cli("encode", trained, name, "-o", "z.h5").failed(2, f"--image {name}")
        cli("encode", trained, name).failed(1, f"--image {name}")


@pytest.mark.parametrize(
    ("name", "data", "noun"),
    [
        ("0.HEIC", b"\0\0\0 ftypheic", "HEIC"),
        ("0.mp4", b"\0\0\0 ftypisom", "ffmpeg"),
        ("0.npy", b"\x93NUMPY", "array --from in/0.npy"),
        ("0", png(), "to 0.png"),
        ("0.txt", b"a", "expected .png"),
    ],
)
def test_a_folder_without_pictures_says_what_its_files_are(cli, folder, name, data, noun):
    (folder / "in").mkdir()
    for file in (name, name.replace("0", "1"), "Thumbs.db", "desktop.ini", ".DS_Store"):
        (folder / "in" / file).write_bytes(data)
    cli("prepare", "in", "-o", "d.h5").failed(1, "2 other files", noun)


@pytest.mark.parametrize("zipped", [False, True])
def test_a_class_of_other_files_is_told_first(cli, folder, zipped):
    heic = b"\0\0\0 ftypheic"
    for name, data in (("a/0.png", png()), ("b/0.heic", heic), ("a/0.heic", heic), ("c/0.png", png())):
        (folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "in" / name).write_bytes(data)
    said = cli("prepare", shutil.make_archive("in", "zip", "in") if zipped else "in", "-o", "d.h5").err
    assert "no class of 1 folder: b" in said and "2 files: a/0.heic, b/0.heic" in said
    assert zipped or (said.index("no class") < said.index("passed over") and "heif-convert in/b/0.heic" in said)


def test_archives_in_an_archive_are_unpacked_first(cli, folder):
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.writestr("inner.zip", b"PK")
    cli("prepare", "a.zip", "-o", "d.h5").failed(1, "unpack")


def test_a_folder_that_is_not_there_is_no_data_set_either(cli, folder):
    cli("prepare", "photos", "-o", "d.h5").failed(2, "folder", "dsprites")


def test_nothing_is_decoded_to_tell_what_a_file_is(containers, monkeypatch):
    opened = zipfile.ZipFile.open

    def names_only(archive, member, *words, **options):
        assert str(getattr(member, "filename", member)).endswith(".pkl")  # what tensors there are, not their numbers
        return opened(archive, member, *words, **options)

    monkeypatch.setattr(zipfile.ZipFile, "open", names_only)
    assert "torch" in foreign_files.described(containers / "tensor.pt")


def test_a_checkpoint_is_no_data_set(cli, trained, squares, folder):
    (folder / "b.pt").write_bytes(trained.read_bytes())
    cli("train", "vae", "--data", "b.pt", "-o", "new.pt").failed(1, "checkpoint", "squares.h5", "factorvae")
    cli("prepare", "b.pt", "-o", "d.h5").failed(1, "checkpoint", "squares.h5")


@pytest.mark.parametrize("command", ["traverse", "swap", "invert"])
def test_a_wrong_input_is_told_before_a_missing_output(cli, trained, squares, folder, command):
    cli(command, squares).failed(1, "data set")
    cli(command, trained).failed(2, "-o")
