"""Figures as files: whole or not at all."""

import signal

import pytest
from matplotlib.figure import Figure

from disentool.errors import NotWritable
from disentool.io import figure_files


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_a_disk_that_fills_up_is_said(suffix, tmp_path):
    resource = pytest.importorskip("resource", reason="needs the system's limit of file sizes")
    figure = Figure()
    figure.add_subplot().plot([0, 1], [1, 0])
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(NotWritable, match=f"figure{suffix}: cannot be written"):
            figure_files.save(figure, tmp_path / f"figure{suffix}", dpi=100, overwrite=False, told="")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []
