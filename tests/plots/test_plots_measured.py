"""Plots of control, of distributions and of leakage: their numbers against the records'."""

import copy
import sys

import numpy as np
import plot_records as made
import pytest
from scipy import stats

from disentool.errors import DataMismatch
from disentool.io.schema import SCORE
from disentool.plots.distribution import mean_density
from disentool.plots.drawing import draw
from disentool.plots.style import Options
from disentool.results.reading import Table


def of(kind, rows):
    return draw(kind, [Table("records", SCORE.name, rows)], Options())


def test_control_shows_the_property_against_t_where_t_is_known():
    rows = [made.control(beta, direction=name) for beta in (1.0, 20.0) for name in ("shift-x", "shift-y")]
    drawing = of("control", rows)
    left, right = drawing.figure.get_axes()
    assert [axis.get_title(loc="left") for axis in (left, right)] == ["shift-x", "shift-y"]
    assert (left.get_xlabel(), left.get_ylabel()) == ("asked: t (image widths)", "measured: x (image widths)")
    first, second, asked = (line.get_xydata() for line in left.lines)
    held = rows[0]["details"]["curve"]
    assert first == pytest.approx(np.column_stack([held["t"][1:-1], held["mean"][1:-1]]))
    assert len(second) == 5
    assert (asked[1] - asked[0])[1] == pytest.approx((asked[1] - asked[0])[0])  # slope 1
    assert np.interp(0.0, *asked.T) == pytest.approx(0.5)
    band = left.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == pytest.approx(held["mean"][1] - 0.01)
    labels = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    assert labels == ["β-VAE β = 1", "β-VAE β = 20", "as asked"]
    assert "mean of 30 starts" in drawing.caption


def test_control_of_three_seeds_is_their_mean_with_intervals():
    rows = [made.control(seed=seed) for seed in range(3)]
    for seed, row in enumerate(rows):
        row["details"]["curve"]["mean"] = [0.5 + 0.1 * seed] * 7
    drawing = of("control", rows)
    (axis,) = drawing.figure.get_axes()
    (container,) = axis.containers
    assert container.lines[0].get_ydata() == pytest.approx(np.full(5, 0.6))
    low, high = container.lines[2][0].get_segments()[0][:, 1]
    half = 0.1 / np.sqrt(3) * stats.t.ppf(0.975, 2)
    assert (low, high) == pytest.approx((0.6 - half, 0.6 + half))
    assert "Means over 3 seeds" in drawing.caption


def test_distribution_shows_densities_and_what_was_asked():
    drawing = of("distribution", [made.control()])
    (axis,) = drawing.figure.get_axes()
    assert axis.get_title(loc="left") == "shift-x"
    measured, moved = (patch.get_data() for patch in axis.patches)
    assert measured.values == pytest.approx(np.array([0.25, 0.5, 0.25]) / 0.2)
    assert moved.values == pytest.approx(np.array([0, 1, 0]) / 0.2)
    x, y = axis.lines[0].get_data()
    assert (list(x), list(y)) == ([-0.2, -0.2, 0.2, 0.2], pytest.approx([0, 2.5, 2.5, 0]))
    assert axis.texts[0].get_text() == "distance 0.12\nof moves 0.05"
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("x (image widths)", "density (per unit of x)")
    assert drawing.caption.startswith("40 samples: ")


def test_distribution_of_several_seeds_is_the_mean_of_their_densities():
    rows = [made.control(seed=0), made.control(seed=1)]
    law = rows[1]["details"]["law"]
    law["histogram"]["measured"], law["ks"] = [40, 0, 0], {"value": 0.32}
    drawing = of("distribution", rows)
    (axis,) = drawing.figure.get_axes()
    assert axis.patches[0].get_data().values == pytest.approx(np.array([0.625, 0.25, 0.125]) / 0.2)
    assert axis.texts[0].get_text() == "distance 0.22 ± 0.14\nof moves 0.05 ± 0.00"
    assert drawing.caption.startswith("40 samples of each of 2 seeds: ")


def test_distributions_are_in_the_order_of_settings():
    drawing = of("distribution", [made.control(beta) for beta in (1.0, 16.0, 4.0)])
    titles = [axis.get_title(loc="left").replace("\n", " ") for axis in drawing.figure.get_axes()]
    assert titles == [f"shift-x, β-VAE β = {beta}" for beta in (1, 4, 16)]


def test_a_mean_of_densities_is_one_over_other_bins():
    halves, edges = np.array([0.0, 0.5, 1.0]), np.linspace(-1, 2, 13)
    found = mean_density(edges, [(halves, np.array([3, 1])), (np.array([0.0, 2.0]), np.array([5]))])
    assert (found * np.diff(edges)).sum() == pytest.approx(1.0)
    assert found[4] == pytest.approx((1.5 + 0.5) / 2)
    assert found[-1] == pytest.approx(0.25)


def test_leakage_has_a_mark_for_every_probe():
    rows = [made.leak((0.2, 0.4), (0.1, 0.1), seed=0), made.leak((0.4, 0.6), (0.1, 0.2), seed=1)]
    rows += [made.leak((0.1, 0.3), (0.05, 0.05), codes="latent"), made.leak((0.9, 1.0), (0.8, 0.9), method="mlvae")]
    drawing = of("leakage", rows)
    (axis,) = drawing.figure.get_axes()
    assert [t.get_text() for t in axis.get_yticklabels()] == ["LORD codes = encoder", "LORD codes = latent", "ML-VAE"]
    marks = [line for line in axis.lines if line.get_marker() in ("o", "s")]
    assert [list(line.get_xdata()) for line in marks] == [
        pytest.approx(values)
        for values in [(0.2, 0.4), (0.4, 0.6), (0.1, 0.1), (0.1, 0.2)]
        + [(value,) for value in (0.1, 0.3, 0.05, 0.05, 0.9, 1.0, 0.8, 0.9)]
    ]
    places = [line.get_ydata()[0] for line in marks]
    assert places == sorted(places)
    assert any(line.get_xdata()[0] == 0.05 and line.get_marker() == "None" for line in axis.lines)
    assert axis.get_title(loc="left") == "rows trained on"
    assert axis.get_xlim() == (0.0, 1.0)
    assert "1 to 2 seeds a setting" in drawing.caption


def test_leakage_of_three_seeds_has_means_with_intervals():
    values = (0.2, 0.3, 0.7)
    drawing = of("leakage", [made.leak((v, v), (v, v), seed=seed) for seed, v in enumerate(values)])
    axis = drawing.figure.get_axes()[0]
    bar, mark = axis.lines[1], axis.lines[2]
    half = stats.sem(values) * stats.t.ppf(0.975, 2)
    assert mark.get_xdata() == pytest.approx([0.4])
    assert bar.get_xdata() == pytest.approx([max(0.0, 0.4 - half), min(1.0, 0.4 + half)])


def test_leakage_of_several_data_sets_has_a_line_of_panels_for_each():
    rows = [made.leak((v, v), (v, v), data=data, data_sha256=digest * 9, seed=seed)
            for data, digest, v in (("coil20", "a", 0.2), ("photos", "b", 0.4), ("photos", "c", 1.0))
            for seed in range(2)]  # fmt: skip
    rows[2]["details"]["parts"]["held_out_rows"] = rows[2]["details"]["parts"]["training"]
    rows[-1]["config"] = rows[-1]["config"] | {"weight": 3.0}
    drawing = of("leakage", rows)
    panes = drawing.figure.get_axes()
    titles = [axis.get_title(loc="left").replace("\n", " ") for axis in panes if axis.axison]
    first, second, third = "coil20", "photos (bbbbbbbb)", "photos (cccccccc)"
    trained, held = "rows trained on", "rows held out"
    assert titles == [f"{first}: {trained}", f"{second}: {trained}", f"{second}: {held}", f"{third}: {trained}"]
    labels = [[t.get_text() for t in axis.get_yticklabels() if t.get_text()] for axis in panes[::2]]
    assert labels == [["LORD"], ["LORD"], ["LORD weight = 3", "LORD weight = 40"]], "settings are those of a data set"
    marks = [[x for line in axis.lines if line.get_marker() in ("o", "s") for x in line.get_xdata()] for axis in panes]
    assert [set(each) for each in marks] == [{0.2}, set(), {0.4}, {0.4}, {1.0}, set()]
    assert not any(line.get_clip_on() for axis in panes for line in axis.lines), "a mark at 1 is drawn whole"


@pytest.mark.parametrize("width", [60, 85, 174])
def test_leakage_of_several_data_sets_fits(width):
    long = {"config": {"class_factor": "floor_hue+wall_hue+object_hue+shape"}}
    rows = [made.leak((0.2, 0.4), (0.1, 0.1), data=data, data_sha256=data * 9, **entries)
            for data in ("coil20", "shapes3d", "dsprites")
            for entries in ({}, long | {"codes": "latent"}, {"method": "mlvae"})]  # fmt: skip
    drawing = draw("leakage", [Table("records", SCORE.name, rows)], Options(width=width))
    labels = [t.get_text() for axis in drawing.figure.get_axes() for t in axis.get_yticklabels()]
    assert not any("…" in label for label in labels), "broken, not cut"
    assert any("floor_hue+wall_hue+object_hue+shape" in label.replace("\n", "") for label in labels)


def test_leakage_has_the_chance_of_each_setting_beside_it():
    rows = [made.leak((0.2, 0.4), (0.1, 0.1)), made.leak((0.2, 0.4), (0.1, 0.1), method="mlvae")]
    rows[1]["details"]["parts"]["training"]["class_from_content"]["chance"] = 0.25
    (axis,) = of("leakage", rows).figure.get_axes()
    chance = {line.get_xdata()[0]: list(line.get_ydata()) for line in axis.lines if line.get_marker() == "None"}
    assert chance == {0.05: [-0.5, 0.5], 0.25: [0.5, 1.5]}


def damaged(change):
    row = copy.deepcopy(made.control())
    change(row["details"])
    return [row]


@pytest.mark.parametrize(
    ("kind", "rows", "words"),
    [
        ("control", made.scored("factor"), "control"),
        ("control", damaged(lambda d: d.pop("curve")), "curve"),
        ("control", damaged(lambda d: d["curve"].update(mean="x")), "curve"),
        ("control", damaged(lambda d: d["curve"].update(mean=[1.0])), "curve"),
        ("control", damaged(lambda d: d["curve"].update(t=[None] * 7)), "curve"),
        ("distribution", made.scored("factor"), "control"),
        ("distribution", damaged(lambda d: d.update(law=3)), "histogram"),
        ("distribution", damaged(lambda d: d["law"].pop("histogram")), "histogram"),
        ("distribution", damaged(lambda d: d["law"]["histogram"].update(moved=[0, 0, 0])), "histogram"),
        ("distribution", damaged(lambda d: d["law"]["histogram"].update(edges=[0, 1, 1, 0])), "histogram"),
        ("leakage", made.scored("factor"), "leakage"),
        ("leakage", [made.record("leakage", 0.5, details={"parts": {"training": {}}})], "leakage record"),
        ("leakage", [made.record("leakage", 0.5, details={"parts": [1]})], "leakage record"),
    ],
)
def test_records_without_what_is_drawn(kind, rows, words):
    with pytest.raises(DataMismatch, match=words):
        of(kind, rows)


def test_what_score_writes_of_a_direction_is_drawn(cli, folder, monkeypatch):
    (folder / "mine.py").write_text(MINE)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    found = ("--trust", "--transform", "shift-x", "--method", "tangent", "--starts", "6")
    cli("find-direction", "mine:Bar", *found, "-o", "d.h5").printed("d.h5")
    few = ("--set", "starts=5", "--set", "samples=30", "--set", "baseline=2", "--set", "resamples=50")
    outcome = cli(
        "score", "d.h5", "--trust", "--generator", "mine:Bar", "--metric", "control", *few, "--format", "jsonl"
    )
    (folder / "r.jsonl").write_text(outcome.out)
    for kind in ("control", "distribution"):
        cli("plot", kind, "r.jsonl", "-o", f"{kind}.svg").printed(f"{kind}.svg")
    sys.modules.pop("mine", None)


MINE = """
import torch


class Bar:
    latent_dim = 3

    def __call__(self, z):
        grid = (torch.arange(16, device=z.device) + 0.5) / 16 - 0.5
        across = torch.exp(-0.5 * ((grid - 0.08 * z[:, :1]) / 0.12) ** 2)
        return (across[:, None, :] * torch.exp(-0.5 * (grid / 0.2) ** 2)[:, None])[:, None]
"""
