"""Figures as files: whole or not at all."""

import signal

import pytest

from disentool.cli import run
from disentool.io.history_file import HistoryFile


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_a_disk_that_fills_up_is_said(suffix, tmp_path, capsys):
    resource = pytest.importorskip("resource", reason="needs the system's limit of file sizes")
    records, figure = tmp_path / "m.history.jsonl", tmp_path / f"h.{suffix}"
    HistoryFile(records).write([{"step": step, "time": step / 8, "vae_loss": 100 - step} for step in range(20)])
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
    try:
        assert run(["plot", "history", str(records), "-o", str(figure)]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert f"{figure}: cannot be written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [records]
