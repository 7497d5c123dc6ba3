"""Limits of axes: what lies beyond them is not drawn and is counted; what lies at an end is drawn whole."""

import numpy as np
import plot_records as made
import pytest

from disentool.io.schema import HISTORY, SCORE
from disentool.plots import edges, fit, style
from disentool.plots.drawing import draw
from disentool.plots.style import Options
from disentool.results.reading import Table


def of(kind, rows, form=SCORE.name, **options):
    return draw(kind, [Table("records", form, rows)], Options(**options))


def scattered():
    """Records of single seeds at the errors 100, 200, .. 500."""
    rows = []
    for n in range(1, 6):
        model = {"method": "betavae", "weight": float(n)}
        rows += [made.record("factor", n / 10, **model), made.record("reconstruction", 100.0 * n, **model)]
    return rows


def shown(line):
    """The points of a line's marks."""
    return [] if line.get_marker() in ("None", None, "") else line.get_xydata().tolist()


@pytest.mark.parametrize(
    ("limits", "within"),
    [
        ({"xlim": (250.0, None)}, [300, 400, 500]),
        ({"xlim": (None, 200.0)}, [100, 200]),
        ({"ylim": (0.25, 0.45)}, [300, 400]),
        ({"xlim": (600.0, None)}, []),
        ({}, [100, 200, 300, 400, 500]),
    ],
)
def test_marks_beyond_the_limits_are_not_drawn_and_are_counted(limits, within):
    drawing = of("tradeoff", scattered(), **limits)
    (axis,) = drawing.figure.axes
    assert [x for line in axis.lines for x, _ in shown(line)] == within
    assert len(axis.texts) == len(within)
    beyond = 5 - len(within)
    assert (f"Not shown: {beyond} mark" in drawing.caption) == bool(beyond)
    with style.applied(Options()):
        assert fit.problems(drawing.figure) == []
        drawing.figure.canvas.print_figure("/dev/null", format="png")


def test_a_mark_at_an_end_is_drawn_whole():
    (axis,) = of("tradeoff", scattered(), xlim=(200.0, 500.0)).figure.axes
    marks = [line for line in axis.lines if shown(line)]
    assert [x for line in marks for x, _ in shown(line)] == [200, 300, 400, 500]
    assert not any(line.get_clip_on() for line in marks)


def test_lines_end_at_the_limits_with_their_marks():
    drawing = of("control", [made.control(1.0)], xlim=(0.0, None))
    line, _, marks = drawing.figure.axes[0].lines
    assert line.get_clip_on() and len(line.get_xdata()) == 5 and not shown(line)
    assert [x for x, _ in shown(marks)] == pytest.approx([0.0, 0.11, 0.21]) and not marks.get_clip_on()
    assert "Not shown: 2 marks beyond" in drawing.caption


def test_an_interval_whose_mark_lies_beyond_the_limits_is_counted():
    rows = [made.record("reconstruction", value, seed=seed) for seed, value in enumerate((80.0, 100.0, 120.0))]
    drawing = of("compare", rows, xlim=(None, 90.0))
    (axis,) = drawing.figure.axes
    assert [x for line in axis.lines for x, _ in shown(line)] == [80.0], "a seed; the mean is 100"
    assert "Not shown: 3 marks" in drawing.caption


def test_a_history_between_limits_is_clipped():
    (axis,) = of("history", made.history(), HISTORY.name, terms=("kl",), xlim=(200.0, None)).figure.axes
    assert axis.lines[0].get_clip_on() and not axis.lines[0].get_in_layout()


def test_limits_are_those_of_numbers_and_not_of_words():
    drawing = of("sensitivity", made.swept(seed=0), xlim=(150.0, None))
    votes, _, words = drawing.figure.axes
    assert votes.get_xlim()[0] == 150.0 and words.get_xlim() == (-0.5, 1.5)


def test_the_scatter_of_tc_has_the_limits_that_were_asked_for():
    rows = [made.total_correlation(**m) for m in made.models(steps=(500,))]
    (axis,) = of("tc", rows, xlim=(0.0, 9.0), ylim=(0.0, 8.0)).figure.axes
    assert (axis.get_xlim(), axis.get_ylim()) == ((0.0, 9.0), (0.0, 8.0))


def test_inside_counts_the_ends_and_no_nan():
    with style.applied(Options()):
        axis = style.blank(Options(width=60, height=40)).subplots()
        axis.set_xlim(0, 1)
        axis.set_ylim(5, 2)  # upside down
        points = np.array([(0, 2), (1, 5), (1.1, 3), (0.5, 5.5), (np.nan, 3)])
        assert edges.inside(axis, points).tolist() == [True, True, False, False, False]
