"""Texts of every plot stay inside the figure and apart, at any width, with few and many settings and long names."""

import json

import numpy as np
import plot_records as made
import pytest

from disentool.errors import UnknownName, WrongUsage
from disentool.io.schema import HISTORY, SCORE
from disentool.plots import PLOTS, fit, style, text
from disentool.plots.drawing import draw
from disentool.plots.style import Options
from disentool.results.labels import Names
from disentool.results.reading import Table

SETTINGS = [("vae", None), ("betavae", 1.0), ("betavae", 4.0), ("betavae", 16.0), ("factorvae", 10.0),
            ("factorvae", 40.0), ("factorvae", 100.0), ("betatcvae", 6.0)]  # fmt: skip
NAMES = {1: SETTINGS[5:6], 2: SETTINGS[1:3], 3: [SETTINGS[n] for n in (0, 2, 5)], 8: SETTINGS}
LONG = "my_package.experiments.of_autumn:Method"
OPTIONS = {"betavae": "beta", "factorvae": "gamma", "betatcvae": "beta"}


def models(count, long, seeds):
    for method, weight in NAMES[count]:
        name = f"{LONG}{method.capitalize()}WithAnAdversary" if long else method
        config = {"latent_dim": 10} | ({} if weight is None else {OPTIONS[method]: weight})
        for seed in range(seeds):
            of = {"method": name, "config": config, "seed": seed, "artefact": f"runs/{name}-{weight}-{seed}.pt"}
            yield of | {"id": f"{name}{weight}{seed}"}


def records(kind, count, long, seeds):
    """Records of a kind of plot, of ``count`` settings."""
    rng = np.random.default_rng(0)
    rows = []
    for number, of in enumerate(models(count, long, seeds)):
        shift = rng.normal(0, 0.04) + number / seeds / 20
        if kind == "history":
            rows.append(Table("run", HISTORY.name, made.history(seed=number), of | {"data": {"name": "dsprites"}}))
        elif kind in ("tradeoff", "compare", "correlation"):
            values = {"factor": 0.5 + shift, "mig": 0.2 + shift, "modularity": 0.8 + shift / 3, "explicitness": 0.7}
            for step in (1000, 300_000):
                own = of | {"step": step, "id": f"{of['id']}{step}"}
                found = values | {"reconstruction": 45 + 90 * shift + 2000 / step}
                rows += [made.record(metric, value) | own for metric, value in found.items()]
        elif kind == "tc":
            rows += [made.total_correlation(step=step, seed=number % seeds, weight=number) | of | {"step": step}
                     for step in (1000, 300_000)]  # fmt: skip
        elif kind == "votes" and of["seed"] == 0:
            rows.append(made.votes() | of)
        elif kind == "sensitivity":
            rows += [row | of | {"score": row["score"] + shift / 9} for row in made.swept()]
        elif kind in ("control", "distribution"):
            row = json.loads(json.dumps(made.control(beta=number // seeds + 1.0, seed=number % seeds)))
            row["details"]["generator"] |= {"name": of["method"], "config": of["config"]}
            rows.append(row)
        elif kind == "leakage":
            part = made.leak((0.2 + shift, 0.3 + shift), (0.2, 0.3))["details"]["parts"]["training"]
            parts = dict.fromkeys(("training", "held_out_rows", "held_out_classes"), part)
            rows.append(made.leak((0, 0), (0, 0)) | of | {"details": {"parts": parts}})
    return rows


def drawn(kind, count=3, long=False, seeds=3, **options):
    rows = records(kind, count, long, seeds)
    return draw(kind, rows if kind == "history" else [Table("r", SCORE.name, rows)], Options(**options))


def windows(figure):
    """What axes with their labels, legends and texts take, by matplotlib alone: left, low, right, top in points."""
    renderer = fit.drawn(figure)
    figure.draw_without_rendering()
    found = [axis.get_tightbbox(renderer) for axis in figure.axes if axis.axison]
    found += [each.get_window_extent(renderer) for each in (*figure.legends, *figure.texts)]
    return [np.array(window.extents) * 72 / figure.dpi for window in found]


@pytest.mark.parametrize("kind", PLOTS)
@pytest.mark.parametrize(
    ("width", "count", "long"), [(60, 1, False), (60, 8, True), (85, 2, True), (85, 3, False), (180, 8, True)]
)
def test_nothing_is_cut_off_or_collides(kind, width, count, long):
    drawing = drawn(kind, count, long, width=width)
    with style.applied(Options()):
        assert fit.problems(drawing.figure) == []
    assert drawing.figure.get_figwidth() * 25.4 == pytest.approx(width)
    assert not any(word in note for note in drawing.notes for word in ("cut off", "collide"))
    legend = [each.get_text() for each in drawing.figure.legends[0].get_texts()] if drawing.figure.legends else []
    assert not any("/" in label or ".pt" in label for label in legend)


@pytest.mark.parametrize("kind", ["compare", "history", "votes"])
def test_texts_lie_inside_the_figure(kind):
    figure = drawn(kind, 3, False, width=70).figure
    wide, high = figure.get_figwidth() * 72, figure.get_figheight() * 72
    for left, low, right, top in windows(figure):
        assert left > -0.5 and low > -0.5 and right < wide + 0.5 and top < high + 0.5


def test_collisions_and_cuts_are_seen():
    options = Options(width=60, height=40)
    with style.applied(options):
        figure = style.blank(options)
        figure.subplots()
        assert fit.problems(figure) == []
        for x, words in ((0.1, "here"), (0.12, "here too"), (0.95, "far to the right"), (0.3, "turned")):
            figure.text(x, 0.5, words, rotation=90 if words == "turned" else 0)
        found = fit.problems(figure)
    assert "'here' and 'here too' collide" in found
    assert any("far to the right" in line for line in found)
    assert not any("turned" in line for line in found)


def test_a_size_that_holds_no_plot_is_refused():
    for size in ({"width": 20}, {"width": 80, "height": 20}):
        with pytest.raises(WrongUsage, match=f"--{'width' if len(size) == 1 else 'height'}"):
            drawn("compare", 8, True, **size)


def test_a_figure_grows_with_what_stands_around_its_axes():
    axes, figures = [], []
    for options in ({"captioned": False}, {}, {"title": "What was measured " * 9}):
        figure = drawn("tradeoff", 8, **options).figure
        figures.append(figure.get_figheight())
        axes.append(figure.axes[0].get_position().height * figure.get_figheight() * 25.4)
    assert axes == pytest.approx([52] * 3, abs=0.7)
    assert figures == sorted(set(figures))
    assert drawn("tradeoff", 8, captioned=False, height=60).figure.get_figheight() * 25.4 == pytest.approx(60)


def test_title_names_ends_and_font_are_as_asked():
    names = Names({"betavae": "Ours", "factor": "disentanglement", "beta": "weight"})
    options = {"title": "A title", "names": names, "xlim": (0.0, None), "ylim": (None, 0.9), "font": "serif"}
    drawing = drawn("tradeoff", 2, captioned=False, points=9.0, **options)
    (axis,) = drawing.figure.axes
    assert [each.get_text() for each in drawing.figure.texts] == ["A title"]
    assert drawing.figure.legends[0].get_texts()[0].get_text() == "Ours"
    assert axis.get_ylabel() == "disentanglement"
    assert {each.get_text() for each in axis.texts} == {"weight = 1", "weight = 4"}
    assert (axis.get_xlim()[0], axis.get_ylim()[1]) == (0.0, 0.9)
    assert axis.xaxis.label.get_fontsize() == 9.0
    assert axis.xaxis.label.get_fontname() == "STIXGeneral"
    with pytest.raises(UnknownName, match="font"):
        drawn("compare", font="No such typeface")


def test_lines_break_between_words_only():
    options = Options()
    broken = text.wrapped("FactorVAE γ = 40 and more ↑", 45, options)
    assert broken.split("\n") == ["FactorVAE", "γ = 40 and", "more ↑"]
    assert all(text.width(line, options) <= 45 for line in broken.split("\n"))
    broken = text.cut("floor_hue+object_hue", 40, options)
    assert broken.split("\n") == ["floor_hue+", "object_hue"]
    cut = text.cut("AnUnbelievablyLongNameOfAMethod", 40, options)
    assert text.width(cut, options) <= 40 and cut.startswith("AnU") and cut.endswith("thod"[-2:]) and "…" in cut


def test_outer_edges_of_a_matrix_are_whole():
    for axis in drawn("votes", 3).figure.axes[:3]:
        cells = [patch for patch in axis.patches if patch.get_gid() == "cell"]
        assert cells and not any(cell.get_clip_on() for cell in cells)


def test_a_figure_higher_than_a_page_is_noted():
    assert any("page" in note for note in drawn("compare", 8, width=40).notes)


def test_names_beside_points_hide_no_mark():
    figure = drawn("tradeoff", 8).figure
    (axis,) = figure.axes
    renderer = fit.drawn(figure)
    names = [fit.box_of(each, renderer) for each in axis.texts]
    assert len(names) == 6
    means = [container.lines[0].get_xydata()[0] for container in axis.containers]
    for x, y in axis.transData.transform(means) * 72 / figure.dpi:
        for name in names:
            inside = abs(x - name.x) < name.half_width and abs(y - name.y) < name.half_height
            assert not inside, name.text


@pytest.mark.parametrize("dpi", [72, 150, 300])
def test_texts_are_as_wide_in_pixels_as_they_are_measured(dpi):
    """What fits into a .pdf fits into a .png of any resolution."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    options, words = Options(), "Lines: the property's mean of 10 starts at each t, within the range"
    with style.applied(options):
        figure = Figure(dpi=dpi)
        shown = figure.text(0, 0, words, fontsize=options.small)
        window = shown.get_window_extent(FigureCanvasAgg(figure).get_renderer())
    assert window.width * 72 / dpi == pytest.approx(text.width(words, options, options.small), rel=0.01)
