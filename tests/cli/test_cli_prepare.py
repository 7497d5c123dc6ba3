"""``disentool prepare``, and the cache that ``--data NAME`` fills."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import shell
from PIL import Image

from disentool.commands.info import info
from disentool.datasets import DATASETS
from disentool.io import dataset, files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_list_is_for_programs(cli):
    outcome = cli("prepare", "--list")
    assert (outcome.code, outcome.err) == (0, "")
    assert [line.split("\t")[0] for line in outcome.out.splitlines()] == list(DATASETS)


def test_a_subset_is_drawn_from_the_seed(cli, folder):
    cli("prepare", "dsprites", "--subset", 40, "-o", "new/a.h5").printed("new/a.h5")
    cli("prepare", "dsprites", "--subset", 40, "-o", "b.h5", "-q").printed("b.h5")
    cli("prepare", "dsprites", "--subset", 40, "--seed", 1, "-o", "c.h5").printed("c.h5")
    one, same, other = (dataset.read(folder / name) for name in ("new/a.h5", "b.h5", "c.h5"))
    assert one.content_sha256 == same.content_sha256 != other.content_sha256
    assert one.images.shape == (40, 64, 64, 1)
    assert set(np.unique(one.images)) == {0, 255}
    assert not one.grid
    assert one.factor_names == ("shape", "scale", "orientation", "pos_x", "pos_y")
    assert "40 rows drawn with seed 0" in one.source
    rows = np.ravel_multi_index(one.factors.T, (3, 6, 40, 32, 32))
    assert (np.diff(rows) > 0).all()  # in order, none twice
    facts = info(folder / "b.h5", verify=True)
    assert facts["command"] == "disentool prepare dsprites --subset 40 -o b.h5 -q"
    assert "Matthey" in facts["citation"]


def test_quiet_is_silent_and_short_work_says_what_it_found(cli, folder):
    assert cli("prepare", "dsprites", "--subset", 10, "-o", "a.h5").err == (
        "disentool: a.h5: 10 images 64x64x1; factors shape 3, scale 6, orientation 40, pos_x 32, pos_y 32, 10 of"
        " 737,280 combinations\n"
    )
    assert cli("prepare", "dsprites", "--subset", 10, "-o", "b.h5", "-q").err == ""


def test_compressed_holds_the_same(cli, folder):
    cli("prepare", "dsprites", "--subset", 100, "-o", "a.h5").printed("a.h5")
    cli("prepare", "dsprites", "--subset", 100, "-o", "b.h5", "--compress").printed("b.h5")
    plain, small = dataset.read(folder / "a.h5"), dataset.read(folder / "b.h5")
    assert np.array_equal(plain.images, small.images)
    assert plain.content_sha256 == small.content_sha256
    assert (folder / "b.h5").stat().st_size < (folder / "a.h5").stat().st_size / 5


def test_the_default_name(cli, folder):
    cli("prepare", "dsprites", "--subset", 5).printed("dsprites.h5")
    cli("prepare", "dsprites", "--subset", 5).failed(1, "--overwrite")
    before = (folder / "dsprites.h5").read_bytes()
    cli("prepare", "dsprites", "--subset", 6, "--overwrite").printed("dsprites.h5")
    assert (folder / "dsprites.h5").read_bytes() != before
    assert names(folder) == ["dsprites.h5"]


def test_wrong_usage(cli, folder):
    cli("prepare").failed(2, "--list")
    cli("prepare", "dsprite").failed(2, "dsprites?")
    cli("prepare", "dsprites", "--subset", 0).failed(2, "--subset")
    cli("prepare", "dsprites", "--subset", "ten").failed(2, "'ten'")
    cli("prepare", "dsprites", "--subset", 737_281).failed(2, "737,280")
    cli("prepare", "dsprites", "--seed", -1).failed(2, "--seed")
    assert names(folder) == []


def test_outputs_that_cannot_be(cli, folder):
    (folder / "file").write_text("mine")
    cli("prepare", "dsprites", "--subset", 5, "-o", "file/a.h5").failed(1, "file/a.h5")
    cli("prepare", "dsprites", "--subset", 5, "-o", ".").failed(1, " .: ")
    cli("prepare", "dsprites", "--subset", 5, "-o", "/dev/null", "--overwrite").failed(1, "/dev/null")
    (folder / "link.h5").symlink_to("nowhere.h5")
    cli("prepare", "dsprites", "--subset", 5, "-o", "link.h5").failed(1, "link.h5")
    with files.claim(folder / "a.h5"):
        cli("prepare", "dsprites", "--subset", 5, "-o", "a.h5").failed(1, "running")
    assert names(folder) == ["file", "link.h5"]
    assert (folder / "file").read_text() == "mine"


def test_an_input_is_no_output(cli, folder):
    source = folder / "dsprites.npz"
    np.savez(source, imgs=np.zeros(3))
    before = source.read_bytes()
    outcome = cli("prepare", "dsprites", "--from", source, "-o", source, "--overwrite")
    assert outcome.code in (1, 2)
    assert source.read_bytes() == before


def test_published_files_that_are_not(cli, folder):
    cli("prepare", "dsprites", "--from", "nothing.npz").failed(1, "nothing.npz")
    (folder / "empty").mkdir()
    cli("prepare", "dsprites", "--from", "empty").failed(1, "empty: ")
    np.savez(folder / "other.npz", imgs=np.zeros((2, 64, 64), np.uint8))
    cli("prepare", "dsprites", "--from", "other.npz").failed(1, "other.npz: ")
    assert names(folder) == ["empty", "other.npz"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_leaves_nothing(folder, number, code):
    with shell("prepare", "dsprites", "--subset", 60_000, "-o", "a.h5", cwd=folder) as process:
        deadline = time.monotonic() + 30
        while not any(name.startswith(".a.h5.partial") for name in names(folder)) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (code, "")
    assert err.strip() in ("disentool: interrupted", "disentool: terminated")
    assert names(folder) == []


@pytest.mark.parametrize("no_colour", [True, False])
def test_a_bar_on_a_terminal(folder, no_colour):
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "CI")}
    environment |= {"TERM": "xterm-256color", "COLUMNS": "100"} | ({"NO_COLOR": "1"} if no_colour else {})
    screen, terminal = pty.openpty()
    with shell(
        "prepare", "dsprites", "--subset", 3000, "-o", "[b]a[/c].h5", cwd=folder, stderr=terminal, env=environment
    ) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                shown += os.read(screen, 65536)
            except OSError:  # Linux's way to say that the other end is closed
                break
        assert process.stdout.read() == "[b]a[/c].h5\n"
    os.close(screen)
    assert process.returncode == 0
    assert b"prepare dsprites" in shown
    assert b"3,000/3,000 images" in shown
    assert (b"\x1b[38;5;" in shown) != no_colour


# ---- the cache; a small source stands in for the data sets, which take gigabytes

SOURCE = """
import time
from pathlib import Path
import numpy as np
from disentool.datasets.source import Source

def open_source(path):
    def images(rows):
        with Path("rendered").open("a") as log:
            log.write("once\\n")
        for _ in range(5):
            time.sleep(0.2)
            yield np.zeros((2, 8, 8, 1), np.uint8)
    return Source("tiny", (10, 8, 8, 1), images, lambda rows: np.zeros((10, 0), np.int32), (), ())
"""
OPEN = """
import sys
from disentool.cli.progress import reporter
from disentool.datasets import DATASETS
from disentool.datasets.cache import open_data
DATASETS["tiny"] = ("tiny", "for a test")
print("ready", flush=True)
sys.stdin.readline()
print(len(open_data("tiny", reporter(False))))
"""


def test_two_processes_want_a_data_set_at_once(folder):
    (folder / "tiny.py").write_text(SOURCE)
    environment = os.environ | {"PYTHONPATH": str(folder)}
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    both = [
        subprocess.Popen([sys.executable, "-c", OPEN], cwd=folder, env=environment, text=True, **pipes)
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = []
    for process in both:
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (0, "10\n"), err
        said.append(err)
    assert (folder / "rendered").read_text() == "once\n"
    assert names(folder / "cache") == ["tiny.h5"]
    rendering, waiting = sorted(said, key=lambda err: "waiting" in err)
    assert f"{folder}/cache/tiny.h5" in rendering and "$DISENTOOL_CACHE" in rendering
    assert "tiny.h5" in waiting


def test_a_cache_that_cannot_be_written(cli, folder, monkeypatch):
    (folder / "file").write_text("mine")
    monkeypatch.setenv("DISENTOOL_CACHE", str(folder / "file"))
    cli("train", "vae", "--steps", 1).failed(1, "file/dsprites.h5")
    assert names(folder) == ["file"]


def test_a_user_without_a_home(cli, folder, monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    for name in ("DISENTOOL_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    cli("train", "vae", "--steps", 1).failed(1, "$DISENTOOL_CACHE")
    assert names(folder) == []


# ---- a path in place of a name and --from


@pytest.fixture
def photos(folder) -> Path:
    """Pictures of two classes in ``sets/photos.v2``, and the same as arrays."""
    for i in range(4):
        picture = folder / "sets" / "photos.v2" / "ab"[i % 2] / f"{i}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), i).save(picture)
    np.savez(folder / "sets" / "some.arrays.npz", images=np.zeros((4, 8, 8), np.uint8))
    return folder


def test_a_path_is_taken_for_what_it_is(cli, photos):
    for given in (["sets/photos.v2"], ["folder", "sets/photos.v2"], ["folder", "--from", "sets/photos.v2"]):
        cli("prepare", *given, "-o", "d.h5", "--overwrite").printed("d.h5")
        assert dataset.read(photos / "d.h5").class_names == {"class": ["a", "b"]}
    cli("prepare", "sets/photos.v2/").printed("photos.v2.h5")
    cli("prepare", "sets/some.arrays.npz").printed("some.arrays.h5")
    assert dataset.read(photos / "some.arrays.h5").images.shape == (4, 8, 8, 1)
    cli("prepare", "sets/photos.v2", "--preview", "p.png").printed("p.png")


def test_paths_that_cannot_be(cli, photos):
    cli("prepare", "sets/none").failed(1, "sets/none")
    cli("prepare", "none").failed(2, "none")
    cli("prepare", "folder", "sets/photos.v2", "--from", "sets").failed(2, "--from")
    cli("prepare", "sets", "sets/photos.v2").failed(2, "sets")
    (photos / "dsprites").mkdir()  # a name means the data set first
    cli("prepare", "dsprites", "--subset", 3).printed("dsprites.h5")


def test_grey_and_rgb_exclude_each_other(cli, photos):
    for both in (["--grey", "--rgb"], ["--rgb", "--grey"]):
        cli("prepare", "sets/photos.v2", *both).failed(2, "--grey")
    cli("prepare", "sets/photos.v2", "--rgb", "-o", "c.h5").printed("c.h5")
    assert dataset.read(photos / "c.h5").images.shape[3] == 3


def test_lord_needs_no_option_for_folders_of_classes(cli, folder):
    for i in range(8):
        picture = folder / "in" / "ab"[i % 2] / f"{i}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (32, 32), 30 * i).save(picture)
    cli("prepare", "in").printed("in.h5")
    cli("train", "lord", "--data", "in.h5", "--steps", 1, "--device", "cpu", "-o", "l.pt").printed("l.pt")


def test_a_split_that_is_not_written_is_told(cli, folder):
    for part in ("train", "test"):
        (folder / "in" / part / "a").mkdir(parents=True)
        Image.new("L", (8, 8)).save(folder / "in" / part / "a" / "0.png")
    assert "--split published" in cli("prepare", "in").err
    assert "--split published" not in cli("prepare", "in", "--split", "published", "--overwrite").err
