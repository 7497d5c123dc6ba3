"""Processors: those the process is bound to, within a container's quota."""

import os

import pytest
import torch

from disentool import processors
from disentool.engine import device


@pytest.fixture
def group(tmp_path, monkeypatch):
    """A folder in place of the system's, and sixteen processors."""
    monkeypatch.setattr(processors, "_CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    (tmp_path / "cpu").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max 100000", 16), ("250000 100000", 3), ("10000 100000", 1), ("6400000 100000", 16), ("", 16), ("5 0", 16)],
)
def test_of_cgroups_2(group, quota, expected):
    (group / "cpu.max").write_text(quota + "\n")
    assert processors.available() == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1", 16), ("200000", 2), ("zero", 16)])
def test_of_cgroups_1(group, quota, expected):
    (group / "cpu" / "cpu.cfs_quota_us").write_text(quota + "\n")
    (group / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert processors.available() == expected


def test_torch_takes_no_more_threads_than_the_quota_unless_told(group, monkeypatch):
    (group / "cpu.max").write_text("200000 100000")
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(5)
        monkeypatch.setenv("OMP_NUM_THREADS", "5")
        device.choose("cpu")
        assert torch.get_num_threads() == 5
        monkeypatch.delenv("OMP_NUM_THREADS")
        device.choose("cpu")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
