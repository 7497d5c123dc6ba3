"""Names beside points: once each, nearest to a point of their own, numbers where that cannot be."""

import numpy as np
import plot_records as made
import pytest

from disentool.io.schema import SCORE
from disentool.plots import fit, placing, style
from disentool.plots.drawing import draw
from disentool.plots.placing import Named
from disentool.plots.style import Options
from disentool.results.reading import Table


def two_seeds(seed, spread=30.0):
    """Records of four weights, two seeds each, whose points lie among those of others."""
    rng = np.random.default_rng(seed)
    rows = []
    for weight in (1.0, 4.0, 8.0, 16.0):
        for number in range(2):
            model = {"method": "betavae", "weight": weight, "seed": number}
            rows.append(made.record("factor", 0.6 + rng.normal(0, 0.05), **model))
            rows.append(made.record("reconstruction", 100 + weight + rng.normal(0, spread), **model))
    return rows


def distances(axis, found):
    """Of each name the distances (points) from its box to the marks of every setting."""
    renderer = fit.drawn(axis.figure)
    scale = 72 / axis.figure.dpi
    at = {name: axis.transData.transform(points) * scale for name, points in found.items()}
    told = {}
    for each in axis.texts:
        box = fit.box_of(each, renderer)
        half = np.array([box.half_width, box.half_height])
        told[each.get_text()] = {
            name: np.hypot(*np.maximum(np.abs(points - (box.x, box.y)) - half, 0).T).min()
            for name, points in at.items()
        }
    return told


@pytest.mark.parametrize("width", [60, 85, 174])
@pytest.mark.parametrize("seed", range(4))
def test_a_name_stands_once_and_nearest_to_its_own_points(seed, width):
    rows = two_seeds(seed)
    drawing = draw("tradeoff", [Table("r", SCORE.name, rows)], Options(width=width))
    (axis,) = drawing.figure.axes
    points = {}
    for one, two in zip(rows[::2], rows[1::2], strict=True):
        points.setdefault(one["config"]["beta"], []).append((two["score"], one["score"]))
    names = {f"β = {beta:g}": beta for beta in points}
    if len(drawing.handles) > 1:
        names = {str(number): beta for number, beta in enumerate(points, 1)}
    assert sorted(each.get_text() for each in axis.texts) == sorted(names)
    led = {each.get_text() for each in axis.texts if each.arrow_patch is not None}
    for name, far in distances(axis, {name: points[beta] for name, beta in names.items()}).items():
        if name not in led or len(drawing.handles) == 1:
            assert far[name] < min(other for of, other in far.items() if of != name), name


def test_settings_at_one_point_are_numbered():
    rows = [made.record(metric, 0.5, method="betavae", weight=weight) for weight in (1.0, 4.0)
            for metric in ("factor", "reconstruction")]  # fmt: skip
    drawing = draw("tradeoff", [Table("r", SCORE.name, rows)], Options())
    assert [handle.get_label() for handle in drawing.handles] == ["1: β-VAE β = 1", "2: β-VAE β = 4"]
    assert sorted(each.get_text() for each in drawing.figure.axes[0].texts) == ["1", "2"]


def test_nothing_is_written_where_a_name_has_no_place_of_its_own():
    with style.applied(Options()):
        axis = style.blank(Options(width=60, height=40)).subplots()
        fit.drawn(axis.figure)
        named = [Named("here", [(0.5, 0.5)]), Named("there", [(0.5, 0.5)])]
        assert not placing.place(axis, named, Options(), alone=True)
        assert not axis.texts
        assert placing.place(axis, named, Options(), alone=False)
        assert len(axis.texts) == 2
