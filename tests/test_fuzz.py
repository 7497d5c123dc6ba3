"""``python tests/fuzz`` in small: changed files of every kind, each refused in a line or read."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT

COUNT = 6  # of each kind


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_no_changed_file_is_lost(tmp_path):
    pytest.importorskip("pytorch_pretrained_biggan", reason="disentool[biggan] is not installed")
    pytest.importorskip("imageio_ffmpeg", reason="disentool[video] is not installed")
    command = [sys.executable, ROOT / "tests/fuzz", "--count", str(COUNT)]
    done = subprocess.run(command, env=os.environ | {"TMPDIR": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1].endswith(" cases, 0 lost")
    assert not [path for path in tmp_path.iterdir() if "inductor" not in path.name]  # a folder that torch makes
