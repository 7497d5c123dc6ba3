"""``prepare --download`` against a server on this machine: resume, mirrors, checksums."""

import functools
import hashlib
import http.server
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from conftest import square_grid, write_dataset
from raw_files import idx, zipped

from disentool.datasets import cache, catalogue, mnist
from disentool.datasets.catalogue import Facts, File
from disentool.datasets.download import download
from disentool.datasets.source import Source
from disentool.errors import DownloadFailed, NotWritable, WrongUsage
from disentool.io import dataset
from disentool.reporting import Silent

CONTENT = np.random.default_rng(0).bytes(3_000_000)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves ``server.content`` by path; ``server.ranges``: whether it can resume; ``server.stop``: bytes it sends.

    ``server.tag``: the ETag that it sends, and compares with If-Range. ``server.lie``: a wrong answer that it gives.
    """

    def do_GET(self):
        data = self.server.content.get(self.path)
        self.server.asked.append((self.path, self.headers.get("Range")))
        if data is None:
            self.send_error(404)
            return
        start = 0
        if self.server.lie:
            self.lie(data)
            return
        changed = "If-Range" in self.headers and self.headers["If-Range"] != self.server.tag
        if self.server.ranges and not changed and (asked := self.headers.get("Range")):
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(data):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(data)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(data) - start))
        if self.server.tag:
            self.send_header("ETag", self.server.tag)
        self.end_headers()
        self.wfile.write(data[start : self.server.stop])

    def lie(self, data):
        if self.server.lie == "no length":
            self.send_response(200)
        else:
            self.send_response(206)
            self.send_header("Content-Length", "1000")
            start = {"a part": 0, "another part": 500}[self.server.lie]
            self.send_header("Content-Range", f"bytes {start}-{start + 999}/{len(data)}")
        self.end_headers()
        self.wfile.write(data[:1000])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.content, server.ranges, server.stop, server.asked = {"/data.bin": CONTENT}, True, None, []
        server.tag, server.lie = "", ""
        thread = threading.Thread(target=functools.partial(server.serve_forever, 0.01))
        thread.start()
        server.address = f"http://127.0.0.1:{server.server_address[1]}"
        yield server
        server.shutdown()
        thread.join()


def known(monkeypatch, *files):
    monkeypatch.setitem(catalogue.PUBLISHED, "tiny", Facts("1", "none", "a page", "3 MB", "free", files))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def sha256(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def test_a_file(tmp_path, server, monkeypatch):
    known(monkeypatch, File("data.bin", (f"{server.address}/data.bin",), sha256(CONTENT)))
    assert download("tiny", tmp_path / "raw") == tmp_path / "raw" / "data.bin"
    assert (tmp_path / "raw" / "data.bin").read_bytes() == CONTENT
    assert names(tmp_path / "raw") == ["data.bin"]
    server.asked.clear()
    download("tiny", tmp_path / "raw")
    assert server.asked == []  # there already


@pytest.mark.parametrize("ranges", [True, False])
def test_resume(tmp_path, server, monkeypatch, ranges):
    known(monkeypatch, File("data.bin", (f"{server.address}/data.bin",), sha256(CONTENT)))
    server.stop = 1_200_000
    with pytest.raises(DownloadFailed, match="1,200,000"):
        download("tiny", tmp_path)
    (part,) = names(tmp_path)
    assert part.endswith(".part")
    assert (tmp_path / part).stat().st_size == 1_200_000
    server.stop, server.ranges = None, ranges
    download("tiny", tmp_path)
    assert server.asked[-1] == ("/data.bin", "bytes=1200000-")
    assert (tmp_path / "data.bin").read_bytes() == CONTENT
    assert names(tmp_path) == ["data.bin"]


def test_a_part_that_is_whole_already(tmp_path, server, monkeypatch):
    known(monkeypatch, File("data.bin", (f"{server.address}/data.bin",)))
    server.stop = 1000
    with pytest.raises(DownloadFailed):
        download("tiny", tmp_path)
    (part,) = tmp_path.iterdir()
    server.stop = None
    for there in (CONTENT, CONTENT + b"more than the server has"):
        part.write_bytes(there)
        download("tiny", tmp_path)
        assert (tmp_path / "data.bin").read_bytes() == CONTENT
        (tmp_path / "data.bin").unlink()


def test_a_file_without_a_checksum_goes_on_only_where_it_is_the_same(tmp_path, server, monkeypatch):
    known(monkeypatch, File("data.bin", (f"{server.address}/data.bin",)))
    server.tag, server.stop = '"one"', 1_200_000
    with pytest.raises(DownloadFailed):
        download("tiny", tmp_path)
    server.stop = None
    download("tiny", tmp_path)
    assert server.asked[-1] == ("/data.bin", "bytes=1200000-")
    assert (tmp_path / "data.bin").read_bytes() == CONTENT
    assert names(tmp_path) == ["data.bin"]


@pytest.mark.parametrize("tag", ['"two"', ""])
def test_a_file_that_has_changed_starts_over(tmp_path, server, monkeypatch, tag):
    """Or whose server does not say whether it has."""
    known(monkeypatch, File("data.bin", (f"{server.address}/data.bin",)))
    server.tag, server.stop = '"one"' if tag else "", 1_200_000
    with pytest.raises(DownloadFailed):
        download("tiny", tmp_path)
    server.tag, server.stop, server.content["/data.bin"] = tag, None, CONTENT[::-1]
    download("tiny", tmp_path)
    assert (tmp_path / "data.bin").read_bytes() == CONTENT[::-1]
    assert names(tmp_path) == ["data.bin"]


@pytest.mark.parametrize(
    ("lie", "word"), [("no length", "how long"), ("a part", "1,000"), ("another part", "not asked for")]
)
def test_what_cannot_be_told_from_a_whole_file_is_not_kept(tmp_path, server, monkeypatch, lie, word):
    known(monkeypatch, File("data.bin", (f"{server.address}/data.bin",)))
    server.lie = lie
    with pytest.raises(DownloadFailed, match=word):
        download("tiny", tmp_path)
    assert not (tmp_path / "data.bin").exists()
    server.lie = ""
    download("tiny", tmp_path)
    assert (tmp_path / "data.bin").read_bytes() == CONTENT
    assert names(tmp_path) == ["data.bin"]


def test_with_a_checksum_the_length_need_not_be_told(tmp_path, server, monkeypatch):
    server.content["/data.bin"], server.lie = CONTENT[:1000], "no length"
    known(monkeypatch, File("data.bin", (f"{server.address}/data.bin",), sha256(CONTENT[:1000])))
    download("tiny", tmp_path)
    assert (tmp_path / "data.bin").read_bytes() == CONTENT[:1000]


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("data.bin", b"\n <!DOCTYPE html><title>Log in</title>", "page"),
        ("data.bin", b"<html><body>404</body></html>", "page"),
        ("data.tar.gz", b"PK\3\4 no gzip", ".gz"),
        ("data.npz", b"\x1f\x8b no zip", ".npz"),
        ("data.h5", b"nothing", ".h5"),
    ],
)
def test_files_of_another_kind_are_not_kept(tmp_path, server, monkeypatch, name, content, word):
    known(monkeypatch, File(name, (f"{server.address}/{name}",)))
    server.content[f"/{name}"] = content
    with pytest.raises(DownloadFailed, match=word):
        download("tiny", tmp_path)
    assert names(tmp_path) == []
    (tmp_path / name).write_bytes(content)  # as an earlier version kept it
    with pytest.raises(DownloadFailed, match="remove it"):
        download("tiny", tmp_path)


def test_mirrors(tmp_path, server, monkeypatch):
    server.content["/wrong.bin"] = CONTENT[::-1]
    mirrors = tuple(f"{server.address}/{name}.bin" for name in ("none", "wrong", "data"))
    known(monkeypatch, File("data.bin", mirrors, f"md5:{hashlib.md5(CONTENT).hexdigest()}"))
    download("tiny", tmp_path)
    assert [path for path, _ in server.asked] == ["/none.bin", "/wrong.bin", "/data.bin"]
    assert (tmp_path / "data.bin").read_bytes() == CONTENT


def test_failures_are_one_line(tmp_path, server, monkeypatch):
    dead = "http://127.0.0.1:1/data.bin"
    known(monkeypatch, File("data.bin", (dead, f"{server.address}/none", "file:///etc/hostname"), sha256(CONTENT)))
    with pytest.raises(DownloadFailed) as caught:
        download("tiny", tmp_path)
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in (dead, "404", "address", "--from"))
    known(monkeypatch, File("data.bin", (f"{server.address}/data.bin",), sha256(b"else")))
    with pytest.raises(DownloadFailed, match="sha256"):
        download("tiny", tmp_path)
    assert names(tmp_path) == []


def test_what_is_not_downloaded(cli, tmp_path):
    with pytest.raises(WrongUsage, match="celeba"):
        download("celeba", tmp_path)
    cli("prepare", "rafd", "--download", "-o", tmp_path / "a.h5").failed(2, "rafd")
    cli("prepare", "folder", "--download", "-o", tmp_path / "a.h5").failed(2, "folder")


def test_prepare_fetches_and_reads(cli, folder, server, monkeypatch):
    monkeypatch.setattr(mnist, "PARTS", {"train": 6, "t10k": 4})
    pixels = np.random.default_rng(1).integers(0, 256, (6, 28, 28), np.uint8)
    server.content = {
        "/train-images-idx3-ubyte.gz": zipped(idx(pixels)),
        "/train-labels-idx1-ubyte.gz": zipped(idx(np.arange(6, dtype=np.uint8))),
    }
    files = tuple(File(name[1:], (server.address + name,)) for name in server.content)
    monkeypatch.setitem(catalogue.PUBLISHED, "mnist", catalogue.PUBLISHED["mnist"]._replace(files=files))
    outcome = cli("prepare", "mnist", "--download", "-o", "a.h5")
    outcome.printed("a.h5")
    assert "downloaded" in outcome.err
    assert names(folder / "cache" / "raw" / "mnist") == [file.name for file in files]
    cli("prepare", "mnist", "--download", "--from", "mine", "-o", "b.h5").printed("b.h5")
    assert names(folder / "mine") == [file.name for file in files]


# ---- the cache of what is rendered


class Notes(Silent):
    def __init__(self):
        self.lines = []

    def note(self, message):
        self.lines.append(message)


@pytest.fixture
def rendered(tmp_path, monkeypatch):
    """The cache's file of dSprites; here that is four images of 8x8, so that it is rendered in no time."""
    monkeypatch.setenv("DISENTOOL_CACHE", str(tmp_path))
    images = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)
    factors = np.arange(4, dtype=np.int32)[:, None]
    tiny = Source(
        name="dsprites",
        shape=images.shape,
        images=lambda rows: iter([images if rows is None else images[rows]]),
        factors=lambda rows: factors if rows is None else factors[rows],
        factor_names=("place",),
        factor_sizes=(4,),
        grid=True,
        source="rendered",
    )
    monkeypatch.setattr(cache, "open_source", lambda *_, **__: tiny)
    return tmp_path / "dsprites.h5"


def test_a_data_set_is_rendered_once(rendered):
    notes = Notes()
    assert cache.cached("dsprites", notes) == rendered
    assert len(notes.lines) == 1
    before = rendered.stat()
    assert cache.cached("dsprites", notes) == rendered
    assert len(notes.lines) == 1
    assert (rendered.stat().st_ino, rendered.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def _other_images(path):
    write_dataset(path, *square_grid())


def _of_another_size(path):
    write_dataset(path, *square_grid(), name="dsprites", source="rendered")


def _torn(path):
    path.write_bytes(path.read_bytes()[:3000])


def _no_hdf5(path):
    path.write_text("<html>")


@pytest.mark.parametrize("spoil", [_other_images, _of_another_size, _torn, _no_hdf5])
def test_what_is_not_what_is_rendered_is_made_again(rendered, spoil):
    cache.cached("dsprites")
    whole = dataset.read(rendered).content_sha256
    spoil(rendered)
    notes = Notes()
    assert cache.cached("dsprites", notes) == rendered
    assert dataset.read(rendered).content_sha256 == whole
    assert str(rendered) in notes.lines[0] and "made again" in notes.lines[0]
    assert len(notes.lines) == 2


def test_a_cache_that_another_user_has_just_filled_is_read(rendered, monkeypatch):
    """Whose folder this user cannot write to: no lock can be taken there, and none is needed any more."""
    cache.cached("dsprites")
    content = rendered.read_bytes()
    rendered.unlink()

    @contextmanager
    def refused(path, *, wait):
        if full:
            path.write_bytes(content)
        raise NotWritable(f"{path}: permission denied")
        yield

    monkeypatch.setattr("disentool.io.files.claim", refused)
    full = False
    with pytest.raises(NotWritable):
        cache.cached("dsprites")
    full = True
    assert cache.cached("dsprites") == rendered
