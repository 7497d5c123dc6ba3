"""Output and input that are not UTF-8: no result is lost, and every name of a file can be read and written."""

import os
import subprocess
import sys
from io import BytesIO, TextIOWrapper

import h5py
import numpy as np
import pytest
from PIL import Image

from disentool.cli.streams import open_to_any_name
from disentool.io import files, hdf5, provenance, records
from disentool.io.schema import DATASET

NAMES = "fβ.h5", os.fsdecode(b"f\xff.h5")


def printed(text: str, encoding: str) -> bytes:
    raw = BytesIO()
    stream = TextIOWrapper(raw, encoding=encoding, newline="\n")
    open_to_any_name(stream)
    stream.write(text)
    stream.flush()
    return raw.getvalue()


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("ascii", ["fβ.h5".encode(), b"f\xff.h5"]),
        ("utf-8", ["fβ.h5".encode(), b"f\xff.h5"]),
        ("latin-1", [b"f\\u03b2.h5", b"f\xff.h5"]),
        ("cp1252", [b"f\\u03b2.h5", b"f\xff.h5"]),
    ],
)
def test_every_name_is_written(encoding, expected):
    assert [printed(name, encoding) for name in NAMES] == expected
    assert printed("half \ud800", encoding) == b"half \\ud800"


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_every_name_is_read(encoding):
    stream = TextIOWrapper(BytesIO(b"f\xce\xb2.h5\nf\xff.h5\n"), encoding=encoding)
    open_to_any_name(stream)
    assert stream.read().splitlines() == list(NAMES)


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are any bytes on Linux")
@pytest.mark.parametrize("given", ["PYTHONIOENCODING=ascii", "PYTHONIOENCODING=cp1252", "LC_ALL=C"])
def test_a_result_is_never_lost_to_an_encoding(tmp_path, given):
    for kind in ("grün", "rot"):
        (tmp_path / "in" / kind).mkdir(parents=True)
        Image.new("L", (8, 8)).save(tmp_path / "in" / kind / "a.png")
    variable, _, value = given.partition("=")
    environment = os.environ | {variable: value}
    if value == "C":
        environment |= {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}

    def tool(*arguments: str, stdin: str = "") -> bytes:
        command = [sys.executable, "-m", "disentool", *arguments]
        done = subprocess.run(command, cwd=tmp_path, input=os.fsencode(stdin), capture_output=True, env=environment)
        assert done.returncode == 0, done
        return done.stdout

    for name in NAMES:
        escaped = b"f\\u03b2.h5" if value == "cp1252" and "β" in name else os.fsencode(name)
        assert tool("prepare", "folder", "--from", "in", "-o", name) == escaped + b"\n"
        assert (tmp_path / name).exists()
        assert b"disentool.dataset" in tool("info", name)
        if value != "cp1252":
            assert b"disentool.dataset" in tool("info", "-", stdin=f"{name}\n")


def test_what_is_written_is_utf_8_whatever_a_name_holds(tmp_path):
    odd = NAMES[1]
    line = printed(records.to_json({"artefact": odd, "step": 1, "time": 0.5}), "utf-8")  # as `score > a.jsonl`
    assert b'"f\xff.h5"' in line
    assert records.parse_lines([line], "a.jsonl")[1][0]["artefact"] == "f\ufffd.h5"
    files.write_text(tmp_path / "a.html", f"<p>{odd}", overwrite=False)
    assert (tmp_path / "a.html").read_bytes().decode("utf-8") == "<p>f\ufffd.h5"
    provenance.set_command(["info", odd])
    with hdf5.create(tmp_path / "a.h5", DATASET) as out:
        out.array("images", np.zeros((1, 8, 8, 1), np.uint8))
        out.attributes(name=odd, factor_names=[odd])
    with h5py.File(tmp_path / "a.h5") as file:
        assert (file.attrs["name"], list(file.attrs["factor_names"])) == ("f\ufffd.h5", ["f\ufffd.h5"])
        assert "xff" in file.attrs["command"]
    provenance.set_command([])
