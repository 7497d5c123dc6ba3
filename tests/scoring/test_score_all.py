"""``score --metric all`` of a checkpoint: what it will encode is said first, and no whole grid is encoded unasked."""

from pathlib import Path

import numpy as np
import pytest

from disentool.commands.score import score
from disentool.reporting import Silent
from disentool.scoring import score_checkpoint
from disentool.scoring.data_rows import DataRows
from disentool.scoring.metric import choose_metrics
from disentool.scoring.score_checkpoint import MOST_UNASKED, without_whole_grids

SIZES = (3, 6, 40, 32, 32)  # of 2D Shapes: 737,280 combinations


class Notes(Silent):
    """Keeps what is noted."""

    def __init__(self):
        self.said: list[str] = []

    def note(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture(scope="module")
def grid() -> DataRows:
    factors = np.stack(np.unravel_index(np.arange(np.prod(SIZES)), SIZES), 1).astype(np.int32)
    return DataRows.from_factors(factors, ("shape", "scale", "orientation", "x", "y"), SIZES)


def kept(grid: DataRows, names: list[str], **options) -> tuple[set[str], list[str]]:
    """The metrics that stay of these, and what is noted of the others."""
    report = Notes()
    drawn = [(metric, metric.draws(grid, 0, 1, False)) for metric in choose_metrics(names, **options)]
    return {metric.name for metric, _ in without_whole_grids(Path("m.pt"), drawn, grid.n, report)}, report.said


def test_what_needs_the_whole_grid_is_left_out_unless_it_is_asked_for(grid):
    quick, said = kept(grid, ["all"])
    assert {"factor", "mig", "sap", "dci-lasso", "kl", "reconstruction"} <= quick
    assert "higgins" not in quick
    assert len(said) == 1 and "--metric all,higgins" in said[0]
    assert kept(grid, ["all,higgins"]) == (quick | {"higgins"}, [])
    assert kept(grid, ["higgins"]) == ({"higgins"}, [])


def test_a_protocol_that_is_named_counts_as_asking(grid):
    names, said = kept(grid, ["all"], protocol="exact")
    assert "mig" in names
    assert [line for line in said if "higgins" not in line] == []


def test_no_metric_of_all_needs_many_images_of_a_grid(grid):
    names, _ = kept(grid, ["all"])
    for metric in choose_metrics(["all"]):
        if metric.name in names:
            (drawn,) = metric.draws(grid, 0, 1, False)
            assert len(drawn.rows) <= MOST_UNASKED, metric.name


def test_what_will_be_encoded_is_said_before_it_is(trained, monkeypatch):
    report, before = Notes(), []
    encode = score_checkpoint._encode
    monkeypatch.setattr(score_checkpoint, "_encode", lambda *given: (before.extend(report.said), encode(*given))[1])
    list(score([trained], choose_metrics(["all"], None, {"votes": "20"}), device="cpu", report=report))
    assert len(before) == 1
    assert "192 of 192 images" in before[0] and "mig" in before[0]
    report.said.clear()
    list(score([trained], choose_metrics(["kl"]), device="cpu", report=report))
    assert report.said == []
