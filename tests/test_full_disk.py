"""Commands on a disk that fills up: one line, nothing half written, and they finish once there is space again."""

import os
import subprocess

import pytest
from full_disk import disk, fill
from kills import prepared


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    if not hasattr(os, "fork"):
        pytest.skip("the system does not fork")
    try:
        with disk(tmp_path_factory.mktemp("disk"), 1 << 20):
            pass
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a small disk")
    return prepared(tmp_path_factory.mktemp("start"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shares"), [("train", (0.1, 0.5, 0.9)), ("list", (0.1, 0.5, 0.9)), ("traverse", (0.5,)), ("plot", (0.6,))]
)
def test_a_full_disk_is_said_and_leaves_nothing_broken(name, shares, start, tmp_path):
    assert fill(name, start, tmp_path / "disk", shares) == len(shares)
