"""What is drawn: each plot's numbers against a plain statement of them."""

import math
from itertools import pairwise

import numpy as np
import plot_records as made
import pytest
from matplotlib.text import Text
from scipy import stats

from disentool.errors import DataMismatch, ForeignFile, UnknownName, WrongUsage
from disentool.io.schema import CORRELATION, HISTORY, SCORE
from disentool.plots import PLOTS, style
from disentool.plots.drawing import draw
from disentool.plots.style import Options
from disentool.plots.terms import unit_of
from disentool.results import labels, settings
from disentool.results.correlations import correlations
from disentool.results.reading import Table
from disentool.results.settings import Setting


def of(kind, rows, form=SCORE.name, **options):
    return draw(kind, [Table("records", form, rows)], Options(**options))


def axes(drawing):
    return drawing.figure.get_axes()


def bars(axis):
    """(x, y) of each mark with error bars -> the ends of its bars."""
    found = {}
    for container in axis.containers:
        (x,), (y,) = container.lines[0].get_data()
        found[float(x), float(y)] = [collection.get_segments()[0] for collection in container.lines[2]]
    return found


def student(values):
    mean, half = np.mean(values), stats.sem(values) * stats.t.ppf(0.975, len(values) - 1)
    return mean, mean - half, mean + half


def last(rows, metric, method, weight):
    chosen = [r for r in rows if (r["metric"], r["method"], r["step"]) == (metric, method, 500)]
    return [r["score"] for r in chosen if weight in (r["config"].get("gamma"), r["config"].get("beta"))]


# ---- tradeoff


def test_tradeoff_shows_means_over_seeds_at_the_last_step():
    rows = made.scored("factor", "reconstruction")
    drawing = of("tradeoff", rows)
    (axis,) = axes(drawing)
    marks = bars(axis)
    assert len(marks) == 4
    for method, weight in (("factorvae", 10.0), ("factorvae", 40.0), ("betavae", 1.0), ("betavae", 4.0)):
        x = student(last(rows, "reconstruction", method, weight))
        y = student(last(rows, "factor", method, weight))
        ((_, across, up),) = [(at, *ends) for at, ends in marks.items() if at == pytest.approx((x[0], y[0]))]
        assert across[:, 0] == pytest.approx(x[1:])
        assert up[:, 1] == pytest.approx(y[1:])
    assert {text.get_text() for text in axis.texts} == {"γ = 10", "γ = 40", "β = 1", "β = 4"}
    assert [text.get_text() for text in drawing.figure.legends[0].get_texts()] == ["FactorVAE", "β-VAE"]
    assert drawing.caption.startswith("Large marks: means of 3 seeds with 95 % intervals (Student's t).")
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("reconstruction error (nats per image)", "FactorVAE score")


def spread(settings):
    """Records of so many settings of two methods, five seeds each, whose intervals cross."""
    rng, rows = np.random.default_rng(1), []
    for n in range(settings):
        model = {"method": ("factorvae", "betavae")[n % 2], "weight": n + 1.0}
        for seed in range(5):
            rows.append(made.record("factor", 0.7 + rng.normal(0, 0.09), seed=seed, **model))
            rows.append(made.record("reconstruction", 170 + rng.normal(0, 40), seed=seed, **model))
    return rows


@pytest.mark.parametrize("rows", [made.scored("factor", "reconstruction"), spread(4), spread(7)])
def test_tradeoff_writes_no_name_over_an_interval(rows):
    (axis,) = axes(of("tradeoff", rows))
    axis.figure.draw_without_rendering()
    ends = [axis.transData.transform(end) for found in bars(axis).values() for end in found]
    assert len(ends) == 2 * len(axis.texts) >= 8
    for name in axis.texts:
        box = Text.get_window_extent(name)  # without its line
        for (left, low), (right, high) in (np.sort(end, axis=0) for end in ends):
            assert right < box.x0 or left > box.x1 or high < box.y0 or low > box.y1, name.get_text()


def test_tradeoff_of_many_settings_numbers_them():
    drawing = of("tradeoff", spread(9))
    (axis,) = axes(drawing)
    assert sorted(text.get_text() for text in axis.texts) == [str(n) for n in range(1, 10)]
    key = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    assert key[:2] == ["1: FactorVAE γ = 1", "2: FactorVAE γ = 3"] and len(key) == 9
    numbers = {text.get_text(): text.xy for text in axis.texts}
    at = [float(np.mean(of_gamma(spread(9), metric, 3.0))) for metric in ("reconstruction", "factor")]
    assert numbers["2"] == pytest.approx(at)


def of_gamma(rows, metric, gamma):
    return [r["score"] for r in rows if r["metric"] == metric and r["config"].get("gamma") == gamma]


def test_tradeoff_has_no_panel_of_an_error_against_itself():
    rows = made.scored("factor", "reconstruction")
    for name in ("reconstruction", "reconstruction@subset"):
        assert len(axes(of("tradeoff", rows, metrics=(f"factor,{name}",)))) == 1
        with pytest.raises(WrongUsage, match="reconstruction"):
            of("tradeoff", rows, metrics=(name,))


def test_tradeoff_says_what_its_means_are_of():
    rows = [r for r in spread(4) if r["method"] != "betavae" or r["seed"] < 2]
    assert of("tradeoff", rows).caption.startswith("Large marks: means of 5 seeds with")


def test_tradeoff_shows_the_way_over_training():
    rows = made.scored("factor", "reconstruction")
    (axis,) = axes(of("tradeoff", rows))
    ways = [line.get_xydata() for line in axis.lines if line.get_linestyle() == "-" and len(line.get_xydata()) == 3]
    assert len(ways) == 4
    steps = [r for r in rows if r["method"] == "factorvae" and r["config"]["gamma"] == 10]
    scores = {(at, m): [r["score"] for r in steps if (r["step"], r["metric"]) == (at, m)] for at in (100, 300, 500)
              for m in ("reconstruction", "factor")}  # fmt: skip
    expected = [[np.mean(scores[at, m]) for m in ("reconstruction", "factor")] for at in (100, 300, 500)]
    assert ways[0] == pytest.approx(np.array(expected))


@pytest.mark.parametrize("seeds", [1, 2])
def test_tradeoff_of_fewer_than_three_seeds_shows_each_and_no_mean(seeds):
    rows = made.scored("factor", "reconstruction", seeds=seeds, steps=(500,))
    drawing = of("tradeoff", rows)
    (axis,) = axes(drawing)
    assert not axis.containers
    hollow = [line for line in axis.lines if line.get_markerfacecolor() == "#ffffff"]
    points = np.concatenate([line.get_xydata() for line in hollow])
    pairs = [[r["score"] for r in rows if r["id"] == key][::-1] for key in dict.fromkeys(r["id"] for r in rows)]
    assert np.array(sorted(points.tolist())) == pytest.approx(np.array(sorted(pairs)))
    assert drawing.caption.startswith("Hollow marks: single seeds, where there are fewer than 3")
    assert [handle.get_markerfacecolor() for handle in drawing.handles] == ["#ffffff"] * 2
    axis.figure.draw_without_rendering()
    assert sorted(text.get_text() for text in axis.texts) == sorted(["γ = 10", "γ = 40", "β = 1", "β = 4"])
    joined = [line.get_xydata() for line in axis.lines if line.get_linestyle() == ":"]
    assert [len(line) for line in joined] == [seeds] * 4
    assert ("dotted lines join" in drawing.caption) == (seeds > 1)


def test_tradeoff_of_few_and_of_several_seeds_has_a_filled_mark_in_its_key():
    rows = [r for r in made.scored("factor", "reconstruction") if r["config"].get("beta") != 4 or r["seed"] == 0]
    assert all(handle.get_markerfacecolor() != "#ffffff" for handle in of("tradeoff", rows).handles)


def test_tradeoff_has_a_panel_for_each_metric():
    drawing = of("tradeoff", made.scored("factor", "mig", "reconstruction"), metrics=("mig,factor",))
    assert [axis.get_ylabel() for axis in axes(drawing)] == ["MIG", "FactorVAE score"]


def test_seeds_of_a_score_are_averaged():
    rows = made.scored("factor", "reconstruction", seeds=3, steps=(500,))
    again = [row | {"score": row["score"] + 0.2} for row in rows if row["metric"] == "factor"]
    one, two = (bars(axes(of("tradeoff", r))[0]) for r in (rows, rows + again))
    assert sorted(y for _, y in two) == pytest.approx(sorted(y + 0.1 for _, y in one))


def test_codes_of_others_are_settings_of_their_own():
    rows = [row | {"method": None, "config": {}, "artefact": f"z{n // 2}.h5"} for n, row in
            enumerate(made.scored("factor", "reconstruction", seeds=1, steps=(500,)))]  # fmt: skip
    drawing = of("tradeoff", rows)
    assert [t.get_text() for t in drawing.figure.legends[0].get_texts()] == ["z0.h5", "z1.h5", "z2.h5", "z3.h5"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (made.scored("factor"), "'reconstruction'"),
        (made.scored("reconstruction"), "beside reconstruction"),
        ([made.record("factor", 0.5), made.record("reconstruction", 40.0, seed=1)], "both factor"),
        (
            [*made.scored("reconstruction"), *made.scored("factor"), made.record("factor", 0.1, data_sha256="e" * 64)],
            "constants",
        ),
    ],
)
def test_records_without_a_tradeoff(rows, words):
    with pytest.raises((DataMismatch, UnknownName), match=words):
        of("tradeoff", rows)


# ---- history


def test_history_has_a_panel_for_each_term_and_a_line_for_each_run():
    runs = [made.history(seed=seed) for seed in range(2)]
    found = [Table(f"run{n}", HISTORY.name, run) for n, run in enumerate(runs)]
    drawing = draw("history", found, Options())
    labels = [axis.get_ylabel().replace("\n", " ") for axis in axes(drawing)]
    assert labels[:4] == ["loss", "reconstruction", "KL (nats per image)", "total correlation (nats per image)"]
    for axis, term in zip(axes(drawing), ("loss", "reconstruction", "kl", "tc"), strict=False):
        for line, run in zip(axis.lines, runs, strict=True):
            assert line.get_xydata().tolist() == [[r["step"], r[term]] for r in run]
    assert len({(line.get_color(), str(line.get_linestyle())) for line in axes(drawing)[0].lines}) == 2
    assert [t.get_text() for t in drawing.figure.legends[0].get_texts()] == ["run0", "run1"]
    chosen = draw("history", found, Options(terms=("kl", "loss")))
    assert [axis.get_ylabel() for axis in axes(chosen)] == ["KL (nats per image)", "loss"]


@pytest.mark.parametrize(
    ("term", "method", "loss", "unit"),
    [
        ("reconstruction", "factorvae", "", "nats per image"),
        ("vae_loss", "factorvae", "", "nats per image"),
        ("reconstruction", "lord", "perceptual", ""),
        ("mlvae_loss", "mlvae", "", "nats per image"),
        ("mlvae_loss", "mlvae", "pixel", ""),
        ("class_kl", "mlvae", "pixel", "nats per image"),
        ("kl", None, "", "nats per image"),
        ("vae_loss", None, "", ""),
        ("discriminator_accuracy", "own.py:Own", "", "share"),
    ],
)
def test_unit_of_a_term(term, method, loss, unit):
    assert unit_of(term, method, loss) == unit


def test_history_knows_the_names_that_progress_prints():
    drawing = of("history", made.history(), HISTORY.name, terms=("rec,kl",))
    assert [axis.get_ylabel().split()[0] for axis in axes(drawing)] == ["reconstruction", "KL"]


def test_history_breaks_labels_before_their_units():
    rows = [{**line, "discriminator_accuracy": 0.5} for line in made.history()]
    drawing = of("history", rows, HISTORY.name, terms=("discriminator_accuracy,tc,kl",), width=174)
    broken = [axis.get_ylabel().split("\n") for axis in axes(drawing)]
    assert len({len(lines) for lines in broken}) == 1 and all(lines[-1].startswith("(") for lines in broken)


def test_history_of_checkpoints_is_by_setting():
    runs = [("a", 0, 1.0), ("b", 1, 1.0), ("c", 0, 4.0)]
    found = [
        Table(name, HISTORY.name, made.history(), {"method": "betavae", "config": {"beta": beta}, "seed": seed})
        for name, seed, beta in runs
    ]
    drawing = draw("history", found, Options(terms=("loss",)))
    one, two, three = (line.get_color() for line in axes(drawing)[0].lines)
    assert one == two != three
    assert [t.get_text() for t in drawing.figure.legends[0].get_texts()] == [
        "β-VAE β = 1 (n = 2)",
        "β-VAE β = 4",
    ]


def of_run(beta, seed, **of):
    known = {"method": "betavae", "config": {"beta": beta}, "seed": seed, "data": {"name": "dsprites"}}
    return Table(f"b{beta}-{seed}", HISTORY.name, made.history(seed=seed), known | of)


def test_history_of_three_seeds_is_their_mean_in_a_band():
    found = [of_run(beta, seed) for beta in (1.0, 4.0) for seed in range(3)]
    drawing = draw("history", found, Options(terms=("kl",)))
    (axis,) = axes(drawing)
    assert len(axis.lines) == len(axis.collections) == 2
    for place in (0, -1):
        mean, low, high = student([table.records[place]["kl"] for table in found[:3]])
        assert axis.lines[0].get_ydata()[place] == pytest.approx(mean)
        step = found[0].records[place]["step"]
        corners = [y for x, y in axis.collections[0].get_paths()[0].vertices if x == step]
        assert (min(corners), max(corners)) == pytest.approx((low, high))
    assert [t.get_text() for t in drawing.figure.legends[0].get_texts()] == [
        "β-VAE β = 1 (n = 3)",
        "β-VAE β = 4 (n = 3)",
    ]
    assert "95 % intervals" in drawing.caption


def test_bands_and_axes_of_a_history_stay_in_a_terms_range():
    far = [{"step": step, "time": 0.0, "kl": 9.0 * (step == 1), "discriminator_accuracy": 0.5} for step in (1, 2)]
    near = [line | {"kl": 1.0, "discriminator_accuracy": 0.99} for line in far]
    of_gamma = {"method": "factorvae", "config": {}, "data": {"name": "dsprites"}}
    found = [Table(str(n), HISTORY.name, run, of_gamma | {"seed": n}) for n, run in enumerate((far, near, near))]
    for axis, (low, high) in zip(axes(draw("history", found, Options())), ((0, np.inf), (0, 1)), strict=True):
        heights = axis.collections[0].get_paths()[0].vertices[:, 1]
        assert low <= heights.min() and heights.max() <= high, "Student's interval reaches beyond"
        assert low <= axis.get_ylim()[0] and axis.get_ylim()[1] <= high
    own = [line | {"kl": -1.0} for line in far]  # another quantity of that name
    (axis, _) = axes(draw("history", [Table("own", HISTORY.name, own)], Options()))
    assert axis.get_ylim()[0] < -1 < axis.get_ylim()[1]


def test_history_says_why_a_loss_has_no_unit():
    lines = [{"step": step, "time": 0.0, "reconstruction": 1.0, "kl": 1.0, "own": 1.0} for step in (1, 2)]
    alone = draw("history", [Table("far", HISTORY.name, lines)], Options())
    assert len(alone.notes) == 1 and "reconstruction" in alone.notes[0] and "far" in alone.notes[0]
    known = {"method": "vae", "config": {}, "seed": 0, "data": {"name": "dsprites"}}
    assert draw("history", [Table("near", HISTORY.name, lines, known)], Options()).notes == ()


def test_history_of_runs_that_end_early_says_so():
    found = [of_run(1.0, seed) for seed in range(3)]
    cut = Table("c", HISTORY.name, found[2].records[:5], found[2].of)
    drawing = draw("history", [*found[:2], cut], Options(terms=("kl",)))
    assert axes(drawing)[0].lines[0].get_xdata().tolist() == [50, 100, 150, 200, 250]
    assert drawing.notes == ("β-VAE: its runs end at steps 250 to 500; the mean ends with the first",)


def test_history_never_averages_over_data_sets():
    found = [of_run(1.0, seed, data={"name": name}) for name in ("dsprites", "shapes3d") for seed in range(2)]
    drawing = draw("history", found, Options(terms=("kl",)))
    assert [t.get_text() for t in drawing.figure.legends[0].get_texts()] == [
        "β-VAE data = dsprites (n = 2)",
        "β-VAE data = shapes3d (n = 2)",
    ]


def test_history_on_a_logarithmic_axis_where_it_can_be():
    lines = [line | {"gap": -1.0} for line in made.history()]
    drawing = draw("history", [Table("a", HISTORY.name, lines)], Options(log=True, terms=("loss,gap",)))
    assert [axis.get_yscale() for axis in axes(drawing)] == ["log", "linear"]


@pytest.mark.parametrize("values", [(3.0, 8.0), (1030.0, 1090.0), (0.011, 0.012), (0.5, 70.0), (1e-3, 1e4), (5.0, 5.0)])
def test_a_logarithmic_axis_has_two_numbers_or_more(values):
    lines = [{"step": step, "time": 0.0, "a": value} for step, value in enumerate(values, 1)]
    (axis,) = axes(draw("history", [Table("a", HISTORY.name, lines)], Options(log=True)))
    low, high = axis.get_ylim()
    assert axis.get_yscale() == "log"
    assert len([tick for tick in axis.get_yticks() if low <= tick <= high]) >= 2
    assert len({label.get_text() for label in axis.get_yticklabels()}) == len(axis.get_yticks())


def test_history_of_one_point_is_a_mark_with_its_interval():
    runs = [[{"step": 40, "time": 1.0, "kl": value}] for value in (4.0, 5.0, 7.0)]
    known = {"method": "betavae", "config": {}, "data": {"name": "dsprites"}}
    found = [Table(f"file{n}", HISTORY.name, run, known | {"seed": n}) for n, run in enumerate(runs)]
    drawing = draw("history", found, Options(terms=("kl",)))
    (axis,) = axes(drawing)
    mean, low, high = student([4.0, 5.0, 7.0])
    (((x, y), (bar,)),) = bars(axis).items()
    assert (x, y) == (40.0, pytest.approx(mean))
    assert bar[:, 1] == pytest.approx([low, high])
    assert axis.get_xticks().tolist() == [40]
    (handle,) = drawing.handles
    assert handle.get_marker() == "o" and handle.get_linestyle() == "None"
    assert "Marks: means over seeds; bars: 95 % intervals" in drawing.caption
    assert len(drawing.notes) == 1 and drawing.notes[0].startswith("β-VAE:") and "file" not in drawing.notes[0]


def test_a_band_that_reaches_zero_has_a_logarithmic_axis():
    found = [Table(str(n), HISTORY.name, [{"step": step, "time": 0.0, "kl": value} for step in (1, 2, 3)],
             {"method": "betavae", "config": {}, "seed": n}) for n, value in enumerate((1.0, 2.0, 30.0))]  # fmt: skip
    (axis,) = axes(draw("history", found, Options(log=True, terms=("kl",))))
    assert axis.get_yscale() == "log" and 0 < axis.get_ylim()[0] < 1, "each seed's value is on it"


def test_what_is_not_finite_or_no_number_is_left_out():
    lines = [{"step": 1, "time": 0, "a": 1.0}, {"step": 2, "time": 0, "a": None}, {"step": 3, "time": 0, "a": "x"}]
    drawing = draw("history", [Table("run", HISTORY.name, lines)], Options())
    assert axes(drawing)[0].lines[0].get_xydata().tolist() == [[1, 1]]
    assert axes(drawing)[0].lines[0].get_marker() == "o", "a single point must be seen"
    assert len(drawing.notes) == 1 and "point" in drawing.notes[0]
    with pytest.raises(DataMismatch, match="step"):
        draw("history", [Table("run", HISTORY.name, [{"step": "x", "time": 1, "a": 2}])], Options())
    with pytest.raises(DataMismatch, match="term"):
        draw("history", [Table("run", HISTORY.name, [{"step": 1, "time": 1}])], Options())
    with pytest.raises(UnknownName, match="'b'"):
        draw("history", [Table("run", HISTORY.name, lines)], Options(terms=("b",)))


# ---- tc


def test_tc_over_steps_and_against_each_other():
    rows = [made.total_correlation(**model) for model in made.models() if model["method"] == "factorvae"]
    drawing = of("tc", rows)
    left, right = axes(drawing)
    curves = {(str(line.get_linestyle()), line.get_color()): line for line in left.lines if len(line.get_xdata()) == 3}
    for weight, colour in ((10.0, style.COLOURS[0]), (40.0, style.COLOURS[1])):
        own = [r for r in rows if r["config"]["gamma"] == weight]
        for dashes, name in (("-", "mixture"), ("--", "discriminator")):
            expected = [
                np.mean([r["details"]["estimates"][name] for r in own if r["step"] == s]) for s in (100, 300, 500)
            ]
            line = curves[dashes, colour]
            assert line.get_xydata() == pytest.approx(np.column_stack([(100, 300, 500), expected]))
    points = np.concatenate([line.get_xydata() for line in right.lines if line.get_linestyle() == "None"])
    expected = [[r["details"]["estimates"][name] for name in ("mixture", "discriminator")] for r in rows]
    assert sorted(points.tolist()) == sorted(expected)
    assert right.get_xlim() == right.get_ylim()
    assert not any(line.get_clip_on() for line in right.lines), "a mark at an end is drawn whole"
    assert "500 draws of z" in drawing.caption and "means of 3 seeds" in drawing.caption


def test_tc_of_few_seeds_tells_true_and_estimated_by_their_marks():
    drawing = of("tc", [made.total_correlation(**m) for m in made.models(seeds=1) if m["method"] == "factorvae"])
    marks = {}
    for line in axes(drawing)[0].lines:
        if line.get_marker() != "None":
            marks.setdefault(line.get_color(), set()).add(line.get_marker())
    assert [len(kinds) for kinds in marks.values()] == [2, 2]
    estimated = set.intersection(*marks.values())
    (entry,) = (handle for handle in drawing.handles if "estimate" in handle.get_label())
    assert {entry.get_marker()} == estimated


def test_tc_at_one_step_is_a_scatter_alone():
    drawing = of("tc", [made.total_correlation(**m) for m in made.models(steps=(500,))])
    (axis,) = axes(drawing)
    assert axis.get_ylabel() == "discriminator estimate (nats)"


def test_tc_without_a_discriminator_takes_the_gaussian_estimate():
    rows = [made.total_correlation(**m) for m in made.models(steps=(500,))]
    for row in rows:
        row["details"]["estimates"]["discriminator"] = None
    assert axes(of("tc", rows))[0].get_ylabel() == "Gaussian estimate (nats)"
    for row in rows:
        row["details"]["estimates"] = {"gaussian": 1.0}
    with pytest.raises(DataMismatch, match="estimate"):
        of("tc", rows)
    with pytest.raises(DataMismatch, match="correlation"):
        of("tc", made.scored("factor"))


# ---- votes


def test_votes_are_shares_of_each_factor():
    row = made.votes()
    drawing = of("votes", [row])
    axis, key = axes(drawing)
    table = np.array(row["details"]["vote_table"])
    shown = np.asarray(axis.images[0].get_array())
    assert shown == pytest.approx((table / table.sum(0)).T)
    assert [t.get_text() for t in axis.get_yticklabels()] == made.FACTORS
    assert [t.get_text() for t in axis.get_xticklabels()] == [f"z{i}" for i in range(10)]
    written = {text.get_position(): text.get_text() for text in axis.texts}
    assert written[0, 3] == f"{table[0, 3] / table[:, 3].sum() * 100:.0f}"
    framed = {(p.get_x() + 0.5, p.get_y() + 0.5) for p in axis.patches if p.get_linewidth() == 1}
    assert framed == {(d, made.FACTORS.index(f)) for d, f in enumerate(row["details"]["majority"]) if f}
    assert axis.get_title(loc="left") == f"FactorVAE, seed 0: FactorVAE score {row['score']:.3f}"
    assert [t.get_fontstyle() == "italic" for t in axis.get_xticklabels()] == [i in (3, 7, 9) for i in range(10)]
    assert f"{table.sum()} votes" in drawing.caption and "Italic: dimensions that do not vary" in drawing.caption
    assert key.get_ylabel() == "share of votes (%)"
    assert {"0", "100"} <= {key.yaxis.get_major_formatter()(tick) for tick in key.get_yticks()}


def test_votes_of_several_models_and_other_matrices():
    assert len(axes(of("votes", [made.votes(seed=s) for s in range(3)]))) == 4 + 1, "2 x 2 panels and a key"
    information = np.random.default_rng(0).random((4, 2))
    details = {"factors": ["a", "b"], "mutual_information": information.tolist(), "factor_entropy": [2.0, 1.0]}
    drawing = of("votes", [made.record("mig", 0.3, details=details), made.votes()], metrics=("mig",))
    assert np.asarray(axes(drawing)[0].images[0].get_array()) == pytest.approx((information / [2, 1]).T)
    sap = {"factors": ["a"], "predictability": [[0.25], [0.5]]}
    assert axes(of("votes", [made.record("sap", 0.3, details=sap)]))[0].images[0].get_array().tolist() == [[0.25, 0.5]]


def test_votes_are_in_the_order_of_settings_and_seeds():
    models = [(beta, seed, step) for beta in (1.0, 16.0, 4.0) for seed in (10, 2) for step in (500, 90)]
    drawing = of("votes", [made.votes(method="betavae", weight=b, seed=n, step=s) for b, n, s in models])
    titles = [axis.get_title(loc="left").replace("\n", " ").partition(":")[0] for axis in axes(drawing)[:12]]
    assert titles == [f"β-VAE β = {b:g}, seed {n}, step {s}" for b, n, s in sorted(models)]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (made.scored("reconstruction"), "one metric"),
        ([made.record("factor", 0.5)], "vote_table"),
        ([made.record("factor", 0.5, details={"factors": ["a"], "vote_table": [[1, 2]]})], "matrix"),
        ([made.record("factor", 0.5, details={"factors": 3, "vote_table": "x"})], "matrix"),
        ([made.votes()] * 13, "13 records"),
    ],
)
def test_records_without_votes(rows, words):
    with pytest.raises((DataMismatch, WrongUsage), match=words):
        of("votes", rows)


# ---- correlation


def test_correlation_of_two_metrics_is_a_scatter():
    rows = made.scored("factor", "mig", steps=(500,))
    drawing = of("correlation", rows)
    (axis,) = axes(drawing)
    x, y = ([r["score"] for r in rows if r["metric"] == metric] for metric in ("factor", "mig"))
    points = np.concatenate([line.get_xydata() for line in axis.lines])
    assert np.array(sorted(points.tolist())) == pytest.approx(np.array(sorted(zip(x, y, strict=True))))
    assert f"12 models. Pearson {stats.pearsonr(x, y)[0]:.2f} (p < 0.001)" in drawing.caption
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("FactorVAE score", "MIG")
    assert drawing.notes == ()
    assert drawing.figure.legends[0].get_texts()[0].get_text() == "FactorVAE γ = 10 (n = 3)"
    (note,) = of("correlation", made.scored("factor", "mig")).notes
    assert "12 runs" in note


def test_correlation_of_more_is_a_matrix_as_correlate_has_it():
    rows = made.scored("factor", "mig", "sap", steps=(500,))
    expected = np.full((2, 2), np.nan)
    for i, j, a, b in ((0, 0, "factor", "mig"), (1, 0, "factor", "sap"), (1, 1, "mig", "sap")):
        x, y = ([r["score"] for r in rows if r["metric"] == metric] for metric in (a, b))
        expected[i, j] = stats.spearmanr(x, y)[0]
    pairs = correlations(rows)
    for drawing in (of("correlation", rows), of("correlation", pairs, CORRELATION.name)):
        axis, key = axes(drawing)
        assert key.get_ylabel().split() == ["Spearman's", "ρ"]
        np.testing.assert_allclose(np.ma.filled(axis.images[0].get_array(), np.nan), expected)
        assert "over 12 models" in drawing.caption
    written = {t.get_position()[::-1]: t.get_text() for t in axes(drawing)[0].texts}
    for pair in pairs:
        coefficient, p = pair["spearman"]["coefficient"], pair["spearman"]["p"]
        assert f"{coefficient:.2f}{'*' if p < 0.05 else ''}" in written.values()
    with pytest.raises(ForeignFile, match="record 1"):
        of("correlation", [{"metrics": ["a", "b"]}], CORRELATION.name)
    with pytest.raises(DataMismatch, match="together"):
        draw("correlation", [Table("a", SCORE.name, rows), Table("b", CORRELATION.name, pairs)], Options())


def test_correlation_marks_what_is_not_sure_and_what_is_not_defined():
    scores = {"factor": (0, 1, 2, 3, 4), "mig": (0, 2, 4, 6, 8), "sap": (3, 1, 4, 1, 5), "irs": (5, 5, 5, 5, 5)}
    rows = [made.record(metric, v / 10, seed=seed) for metric, vs in scores.items() for seed, v in enumerate(vs)]
    drawing = of("correlation", rows)
    axis = axes(drawing)[0]
    written = {(int(y), int(x)): t.get_text() for t in axis.texts for x, y in [t.get_position()]}
    assert written[0, 0] == "1.00*" and not written[1, 0].endswith("*")
    assert [written[2, column] for column in range(3)] == ["–"] * 3
    assert sum(bool(p.get_hatch()) for p in axis.patches) == 3
    assert "Hatched, –: undefined" in drawing.caption and "(1 of 6 pairs" in drawing.caption


# ---- sensitivity


def test_sensitivity_has_a_panel_for_each_constant():
    drawing = of("sensitivity", made.swept(seed=0))
    votes, group, rescaled = axes(drawing)
    assert [axis.get_xlabel() for axis in axes(drawing)] == ["votes", "group size", "rescaled"]
    assert {axis.get_ylabel() for axis in axes(drawing)} == {"FactorVAE score"}
    assert votes.lines[0].get_xydata().tolist() == [
        [v, 0.6 + 0.03 * math.log10(v + 1)] if v != 800 else [800, 0.69] for v in (100, 200, 400, 800, 1600)
    ]
    assert votes.lines[2].get_ydata() == pytest.approx(
        [0.6 + 0.03 * math.log10(101) - 0.02, 0.6 + 0.03 * math.log10(101) + 0.03]
    ), "the metric's own interval, of a single seed"
    assert (votes.get_xscale(), group.get_xscale()) == ("log", "log")
    assert [t.get_text() for t in group.get_xticklabels()] == ["10", "50", "100", "200"]
    assert [t.get_text() for t in rescaled.get_xticklabels()] == ["off", "on"]
    assert [t.get_text() for t in drawing.figure.legends[0].get_texts()] == ["FactorVAE"]
    with pytest.raises(DataMismatch, match="constant"):
        of("sensitivity", [made.record("factor", 0.5)])


def test_sensitivity_groups_seeds_under_their_setting():
    rows = [
        row | {"score": row["score"] + 0.01 * seed, "artefact": f"runs/a-{weight}-{seed}.pt"}
        for weight in (10.0, 40.0)
        for seed in range(4)
        for row in made.swept(seed=seed, weight=weight)
    ]
    drawing = of("sensitivity", rows)
    assert [t.get_text() for t in drawing.figure.legends[0].get_texts()] == ["FactorVAE γ = 10", "FactorVAE γ = 40"]
    first = bars(axes(drawing)[0])
    mean, low, high = student([0.69 + 0.01 * seed for seed in range(4)])
    left, right = [(x, bar) for (x, y), (bar,) in first.items() if y == mean]
    assert 700 < left[0] < 800 < right[0] < 900, "both settings, beside each other"
    assert left[1][:, 1] == pytest.approx([low, high])
    assert "means of 4 seeds" in drawing.caption


@pytest.mark.parametrize("values", [(100, 200, 400, 1600), (700, 750, 900)])
def test_sensitivity_puts_settings_beside_each_other(values):
    rows = []
    for weight in (10.0, 40.0):
        for votes in (*values, 800):
            details = {"votes": votes, "changed_options": [] if votes == 800 else ["votes"]}
            rows.append(made.record("factor", 0.5, details=details, weight=weight))
    (axis,) = axes(of("sensitivity", rows))
    marks = [sorted(line.get_xdata()[0] for line in axis.lines if line.get_color() == colour and
             line.get_marker() != "None") for colour in style.COLOURS[:2]]  # fmt: skip
    ticks = sorted([*values, 800])
    assert axis.get_xticks().tolist() == ticks, "the numbers are where they are"
    assert all(one < tick < two for one, tick, two in zip(marks[0], ticks, marks[1], strict=True))
    gaps = [min(marks[0][n + 1] - marks[1][n] for n in range(len(values))), min(np.diff(ticks))]
    assert gaps[0] >= 0.4 * gaps[1], "nearer to its own number than to the next"


# ---- compare


def test_compare_has_means_and_intervals_of_seeds():
    rows = made.scored("factor", "reconstruction")
    drawing = of("compare", rows)
    left, right = axes(drawing)
    assert [a.get_title(loc="left") for a in (left, right)] == ["FactorVAE score ↑", "reconstruction error ↓"]
    names = ["FactorVAE γ = 10", "FactorVAE γ = 40", "β-VAE β = 1", "β-VAE β = 4"]
    assert [t.get_text() for t in left.get_yticklabels()] == names
    for axis, metric in ((left, "factor"), (right, "reconstruction")):
        for place, which in enumerate((("factorvae", 10.0), ("factorvae", 40.0), ("betavae", 1.0), ("betavae", 4.0))):
            mean, low, high = student(last(rows, metric, *which))
            ((_, (bar,)),) = [(at, ends) for at, ends in bars(axis).items() if at == pytest.approx((mean, place))]
            assert bar[:, 0] == pytest.approx([low, high])
    assert "3 seeds a setting" in drawing.caption and "Hollow" not in drawing.caption


def test_compare_of_one_seed_has_the_metrics_own_interval():
    drawing = of("compare", [made.record("factor", 0.5)])
    (axis,) = axes(drawing)
    assert not axis.containers
    bar, mark = axis.lines
    assert bar.get_xdata() == pytest.approx([0.48, 0.53])
    assert mark.get_xdata() == pytest.approx([0.5])
    assert "not over training runs" in drawing.caption
    with pytest.raises(DataMismatch, match="finite"):
        of("compare", [made.record("factor", None)])


def test_compare_marks_what_is_undefined():
    rows = [made.record("mig", score, seed=seed) for seed, score in enumerate((0.1, 0.2, 0.3, None))]
    rows += [made.record("mig", None, seed=seed, method="betavae") for seed in range(2)]
    drawing = of("compare", rows)
    assert [text.get_text() for text in axes(drawing)[0].texts] == ["1 undefined", "undefined"]
    assert "Undefined: the metric gave no finite score." in drawing.caption
    assert drawing.caption.startswith("2 to 4 seeds a setting.")


def test_compare_tells_undefined_on_the_line_of_its_row():
    rows = [*made.scored("mig", steps=(500,)), made.record("mig", None, seed=9, method="betavae", weight=4.0)]
    (axis,) = axes(of("compare", rows, width=60))
    (told,) = [text for text in axis.texts if "undefined" in text.get_text()]
    places = dict(
        zip((t.get_text().replace("\n", " ") for t in axis.get_yticklabels()), axis.get_yticks(), strict=True)
    )
    assert told.get_position()[1] == pytest.approx(places["β-VAE β = 4"], abs=0.4)


def test_compare_of_a_setting_without_any_score_is_a_figure_as_usual():
    rows = made.scored("mig", "factor", steps=(500,))
    usual = of("compare", rows)
    rows = [row | {"score": None} if (row["metric"], row["method"]) == ("mig", "betavae") else row for row in rows]
    drawing = of("compare", rows)
    assert drawing.notes == ()
    heights = [axes(each)[0].get_position().height * each.figure.get_figheight() for each in (usual, drawing)]
    assert heights[0] == pytest.approx(heights[1], rel=0.02)
    told = {text.get_position()[1]: (text.get_position()[0], text.get_ha()) for text in axes(drawing)[0].texts}
    assert told == {place: (pytest.approx(0.02), "left") for place in (2, 3)}, "at the start of the axis, in its row"


def test_axes_and_intervals_stay_in_the_range_of_a_metric():
    rows = [made.record("modularity", score, seed=seed) for seed, score in enumerate((0.9, 0.99, 1.0))]
    drawing = of("compare", rows)
    (axis,) = axes(drawing)
    _, low, high = student([0.9, 0.99, 1.0])
    assert high > 1
    ((_, (bar,)),) = bars(axis).items()
    assert bar[:, 0] == pytest.approx([low, 1.0])
    assert axis.get_xlim()[1] == 1.0
    assert "cut at the ends of a metric's range" in drawing.caption
    nothing = of("compare", [made.record("mig", 0.0, interval=None, seed=seed) for seed in range(3)])
    assert axes(nothing)[0].get_xlim()[0] == 0.0 < axes(nothing)[0].get_xlim()[1] <= 1.0


# ---- what they share


@pytest.mark.parametrize("kind", PLOTS)
def test_every_plot_names_what_it_reads(kind):
    from disentool.plots.drawing import load

    module = load(kind)
    assert module.READS and set(module.READS) <= {SCORE.name, HISTORY.name, CORRELATION.name}
    assert not module.USES - {"metrics", "terms", "log", "xlim", "ylim"}
    assert PLOTS[kind][1] and not PLOTS[kind][1].endswith(".")


def test_settings_are_told_apart_by_what_varies():
    models = [
        {"method": "betavae", "config": {"beta": 1.0, "latent_dim": 10}},
        {"method": "betavae", "config": {"beta": 4.0, "latent_dim": 10}},
        {"method": "vae", "config": {"latent_dim": 10}},
        {"artefact": "z.h5", "method": None, "config": {}},
    ]
    found = settings.settings(models)
    assert [s.label for s in found] == ["β-VAE β = 1", "β-VAE β = 4", "VAE", "z.h5"]
    older = [{"method": "vae", "config": config} for config in ({}, {"steps": 9}, {"schedule": "constant", "steps": 9})]
    assert [s.label for s in settings.settings(older)] == ["VAE steps = 300,000", "VAE steps = 9", "VAE steps = 9"]
    many = [Setting("m", (("beta", b),)) for b in (16.0, 2.0, 4.0)]
    assert [s.values[0][1] for s in settings.in_order(many)] == [2.0, 4.0, 16.0]


@pytest.mark.parametrize("theme", list(style.INKS))
def test_inks_differ_in_colour_mark_and_dashes(theme):
    options = style.Options(theme=theme)
    looks = [style.look(n, options) for n in range(28)]
    assert len({(x["color"], x["marker"]) for x in looks}) == 28
    assert len({(x["color"], str(x["linestyle"])) for x in looks}) == 28
    colours = [look["color"] for look in looks[: len(style.COLOURS)]] + [style.paper(options)]
    grey = [np.dot([int(c[i : i + 2], 16) for i in (1, 3, 5)], (0.299, 0.587, 0.114)) for c in colours]
    assert min(abs(a - b) for a, b in pairwise(grey[:3])) > 23, "neighbours must differ in lightness"
    assert min(abs(a - grey[-1]) for a in grey[:-1]) > 75, "all must stand out from the background"
    with pytest.raises(WrongUsage, match="28 lines"):
        style.look(28, options)


def test_words_of_others_are_made_harmless():
    assert labels.words("a\nb\x07$x$\udcff") == "a?b?$x$?"
    long = labels.words("runs/" + "x" * 100 + "-seed-4.pt")
    assert len(long) == 40 and long.startswith("runs/") and long.endswith("-seed-4.pt")
    assert [labels.short(v) for v in (500, 20_000, 1.5e6, 0)] == ["500", "20k", "1.5M", "0"]


def test_no_plot_puts_two_data_sets_together():
    models = [m for m in made.models(seeds=2, steps=(500,)) if m["weight"] == 40]
    rows = [made.total_correlation(**m) | {"data": data, "data_sha256": data * 9}
            for m in models for data in ("dsprites", "shapes3d")]  # fmt: skip
    assert [handle.get_label() for handle in of("tc", rows).handles][:2] == [
        "FactorVAE data = dsprites",
        "FactorVAE data = shapes3d",
    ]
    voted = [made.votes(seed=0, data=data) for data in ("dsprites", "shapes3d")]
    titles = [axis.get_title(loc="left").replace("\n", " ") for axis in axes(of("votes", voted))[:2]]
    assert ["data = dsprites" in titles[0], "data = shapes3d" in titles[1]] == [True, True]
    swept = [row | {"data": data, "data_sha256": data * 9} for row in made.swept(seed=0) for data in ("a", "b")]
    assert [handle.get_label() for handle in of("sensitivity", swept).handles] == [
        "FactorVAE data = a",
        "FactorVAE data = b",
    ]


def test_two_data_sets_are_named_and_not_their_digests():
    rows = made.scored("factor", "reconstruction", steps=(500,))
    other = [row | {"data": "shapes3d", "data_sha256": "a" * 64, "id": f"s{n}"} for n, row in enumerate(rows)]
    with pytest.raises(DataMismatch) as refused:
        of("tradeoff", rows + other)
    assert "(data dsprites; data shapes3d)" in str(refused.value)
    assert "aaaa" not in str(refused.value)
    with pytest.raises(DataMismatch, match="aaaaaaaa"):
        of("tradeoff", rows + [row | {"data": "dsprites"} for row in other])
