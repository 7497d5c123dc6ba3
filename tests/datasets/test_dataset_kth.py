"""KTH's videos: AVI files as published, decoded one at a time."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from raw_files import picture, shrunk, write_folder, write_zip

from disentool.datasets import kth
from disentool.errors import ForeignFile, MissingExtra, MissingFile, WrongUsage
from disentool.io import avi, dataset


def avi_bytes(seed: int, frames: int, size=(160, 120), codec="ffv1") -> tuple[bytes, np.ndarray]:
    """A grey AVI of the published shape and rate, and the frames uint8 [n,120,160] it was made of."""
    pytest.importorskip("imageio_ffmpeg")
    pixels = np.stack([picture(100 * seed + i, size[1], size[0], 1)[..., 0] for i in range(frames)])
    command = [avi.require(None), "-v", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{size[0]}x{size[1]}"]
    command += ["-r", "25", "-i", "pipe:0", "-c:v", codec, "-pix_fmt", "gray" if codec == "ffv1" else "yuv420p"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*command, f"{folder}/a.avi"], input=pixels.tobytes(), capture_output=True, check=True)
        return Path(folder, "a.avi").read_bytes(), pixels


VIDEOS = {"person02_walking_d1": 7, "person01_boxing_d1": 5, "person01_boxing_d4": 3}


@pytest.fixture(scope="module")
def videos() -> tuple[dict[str, bytes], dict[str, np.ndarray]]:
    made = {name: avi_bytes(seed, count) for seed, (name, count) in enumerate(VIDEOS.items())}
    return {f"{n}_uncomp.avi": data for n, (data, _) in made.items()}, {n: pixels for n, (_, pixels) in made.items()}


def images_of(source, rows=None):
    return np.concatenate(list(source.images(None if rows is None else np.asarray(rows))))


def test_kth(tmp_path, videos):
    files, pixels = videos
    write_zip(tmp_path / "boxing.zip", {n: d for n, d in files.items() if "boxing" in n})
    write_zip(tmp_path / "walking.zip", {n: d for n, d in files.items() if "walking" in n})
    source = kth.open_source(tmp_path)
    images = images_of(source)
    assert source.shape == images.shape == (15, 64, 64, 1)
    assert source.factor_names == ("person", "action", "scenario")
    assert source.factor_sizes == (2, 6, 4)
    assert source.factors(None).tolist() == [[0, 0, 0]] * 5 + [[0, 0, 3]] * 3 + [[1, 5, 0]] * 7
    order = ("person01_boxing_d1", "person01_boxing_d4", "person02_walking_d1")
    frames = np.concatenate([pixels[name] for name in order])
    for row in range(15):
        np.testing.assert_array_equal(images[row], shrunk(frames[row, :, 20:140, None]))
    np.testing.assert_array_equal(images_of(source, [0, 4, 4, 9, 14]), images[[0, 4, 4, 9, 14]])
    assert "00sequences.txt" in source.notes[0]
    unpacked = write_folder(tmp_path / "all", files)
    np.testing.assert_array_equal(images_of(kth.open_source(unpacked)), images)
    third = kth.open_source(unpacked, every=3)
    np.testing.assert_array_equal(images_of(third), images[[0, 3, 5, 8, 11, 14]])


def test_the_published_codec(tmp_path):
    """MPEG-4, as the published files are: each frame is what ffmpeg makes of the file itself."""
    data, pixels = avi_bytes(0, 40, codec="mpeg4")
    (tmp_path / "a.avi").write_bytes(data)
    command = [avi.require(None), "-v", "error", "-i", tmp_path / "a.avi", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    frames = subprocess.run(command, capture_output=True, check=True).stdout
    found = np.stack(list(avi.frames(data, tmp_path, "a.avi", (120, 160))))
    np.testing.assert_array_equal(found, np.frombuffer(frames, np.uint8).reshape(40, 120, 160, 1))
    assert np.abs(found[..., 0].astype(int) - pixels).mean() < 20


def test_kth_with_its_list_of_sequences(tmp_path, videos, cli):
    files, _ = videos
    text = (
        "Sequences\n\nperson01_boxing_d1\t\tframe\t2-3, 5-9\n"
        "person01_boxing_d4 frame 1-2\nperson02_walking_d1\t\tframe\t1-1, 6-7\n"
    )
    folder = write_folder(tmp_path / "kth", files)
    whole = images_of(kth.open_source(folder))
    write_folder(folder, {"00sequences.txt": text.encode()})
    source = kth.open_source(folder)
    assert source.notes == ()
    np.testing.assert_array_equal(images_of(source), whole[[1, 2, 4, 5, 6, 8, 13, 14]])
    cli("prepare", "kth", "--from", folder, "--every", 2, "-o", tmp_path / "a.h5").printed(tmp_path / "a.h5")
    found = dataset.read(tmp_path / "a.h5")
    np.testing.assert_array_equal(found.images, whole[[1, 4, 5, 8, 14]])
    assert found.class_names["action"][5] == "walking"
    (folder / "00sequences.txt").write_text("person02_walking_d1 frame 1-3")
    (note,) = kth.open_source(folder).notes
    assert "2 videos" in note and "person01_boxing_d1_uncomp.avi" in note
    (folder / "00sequences.txt").write_text("nothing of use")
    cli("prepare", "kth", "--from", folder, "-o", tmp_path / "b.h5").failed(1, "00sequences.txt")


def damaged(video: bytes) -> bytes:
    """With zeros in the middle, which ffmpeg decodes to something all the same."""
    middle = len(video) // 2
    return video[:middle] + bytes(400) + video[middle + 400 :]


def test_kth_that_is_not(tmp_path, videos, cli):
    files, _ = videos
    name = "person01_boxing_d1_uncomp.avi"
    large = avi_bytes(0, 2, (320, 240))[0]
    cases = {
        "19,426": {name: files[name][:-5000]},
        "AVI": {name: b"\0" * 1000},
        "ffmpeg": {name: files[name][:12] + bytes(len(files[name]) - 12)},
        "CRC": {name: damaged(files[name])},
        "240x320": {name: large},
        "person01_dancing_d1_uncomp.avi": {"person01_dancing_d1_uncomp.avi": files[name]},
        "boxing/person01_boxing_d1_uncomp.avi": {f"boxing/{name}": files[name]},
    }
    for number, (problem, change) in enumerate(cases.items()):
        folder = write_folder(tmp_path / str(number), files | change)
        cli("prepare", "kth", "--from", folder, "-o", tmp_path / "out.h5").failed(1, problem)
        assert not (tmp_path / "out.h5").exists()


def test_ffmpeg_may_open_nothing_else(tmp_path, videos):
    """A playlist that points to a file is no AVI, and is not opened as a playlist."""
    listing = b"ffconcat version 1.0\nfile /etc/hostname\n"
    data = b"RIFF" + (len(listing) + 4).to_bytes(4, "little") + b"AVI " + listing
    with pytest.raises(ForeignFile, match="ffmpeg"):
        list(avi.frames(data, tmp_path, "x.avi", (120, 160)))


def test_without_ffmpeg(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(MissingExtra, match="imageio-ffmpeg"):
        kth.open_source(tmp_path)


def test_wrong_usage(tmp_path):
    with pytest.raises(WrongUsage, match="--every 0"):
        kth.open_source(tmp_path, every=0)
    with pytest.raises(MissingFile, match="--from"):
        kth.open_source(None)
