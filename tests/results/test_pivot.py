"""Tables of results: their means, deviations, best cells and keys, and what they refuse to average."""

import numpy as np
import plot_records as made
import pytest

from disentool.errors import DataMismatch, UnknownName, WrongUsage
from disentool.results.pivot import decimals, pivot
from disentool.results.seeds import summary
from disentool.results.table_formats import FORMATS, written


def lines(text):
    return [[part.strip() for part in line.strip("|\n").split("|")] for line in text.splitlines()]


def values(rows, metric, weight, step=500):
    some = [row for row in rows if (row["metric"], row["step"]) == (metric, step)]
    return [row["score"] for row in some if weight in (row["config"].get("gamma"), row["config"].get("beta"))]


def test_cells_are_means_over_seeds_at_the_last_step():
    rows = made.scored("factor", "reconstruction")
    table = pivot(rows)
    assert table.row_keys == ("method", "gamma", "beta")
    assert table.rows == (
        ("factorvae", 10.0, None),
        ("factorvae", 40.0, None),
        ("betavae", None, 1.0),
        ("betavae", None, 4.0),
    )
    cell = table.cells[("factorvae", 40.0, None), ("factor@paper",)]
    expected = values(rows, "factor", 40.0)
    assert len(expected) == 3
    assert cell.scores.mean == pytest.approx(np.mean(expected))
    assert cell.scores.deviation == pytest.approx(np.std(expected, ddof=1))


def test_the_best_goes_by_the_direction_of_the_metric():
    rows = made.scored("factor", "reconstruction", "kl", steps=(500,))
    table = pivot(rows)
    for column, pick in (("factor@paper", max), ("reconstruction@subset", min)):
        means = {row: table.cells[row, (column,)].scores.mean for row in table.rows}
        best = [row for row in table.rows if table.cells[row, (column,)].best]
        assert best == [pick(means, key=means.get)]
    assert not any(table.cells[row, ("kl@paper",)].best for row in table.rows), "neither way is better"


def test_cells_compete_within_a_data_set_and_ties_are_all_best():
    rows = [
        made.record("mig", score, seed=seed, method=method, data=data, data_sha256=data * 8)
        for data, shift in (("a", 0.0), ("b", 0.4))
        for method, level in (("factorvae", 0.2), ("betavae", 0.2), ("vae", 0.1))
        for seed, score in enumerate((level + shift - 0.05, level + shift + 0.05))
    ]
    table = pivot(rows, ["data", "method"])
    assert [row for row in table.rows if table.cells[row, ("mig@exact",)].best] == [
        ("a", "factorvae"),
        ("a", "betavae"),
        ("b", "factorvae"),
        ("b", "betavae"),
    ]


def test_any_keys_make_rows_and_columns():
    rows = made.scored("mig", steps=(100, 500))
    table = pivot([r for r in rows if r["method"] == "betavae"], ["beta"], ["step"])
    assert (table.rows, table.columns) == (((1.0,), (4.0,)), ((100,), (500,)))
    assert table.cells[(1.0,), (100,)].scores.mean == pytest.approx(np.mean(values(rows, "mig", 1.0, 100)))
    of_seeds = pivot(rows, ["seed"], ["method", "gamma", "beta"], ["mig"])
    assert [len(cell.scores.values) for cell in of_seeds.cells.values()] == [1] * 12


@pytest.mark.parametrize(
    ("keys", "error", "words"),
    [
        ({"rows": ["method"]}, DataMismatch, "differ in gamma"),
        ({"rows": ["gamma", "beta"], "columns": ["metric"], "metrics": ["mig"]}, None, ""),
        ({"rows": ["metric"], "columns": ["step"]}, DataMismatch, "differ in method"),
        ({"rows": ["method", "alpha"]}, UnknownName, "alpha"),
        ({"rows": ["method", "method"]}, WrongUsage, "twice"),
        ({"rows": ["method", "gamma", "beta"], "columns": ["step"]}, WrongUsage, "--metrics"),
        ({"metrics": ["sap"]}, UnknownName, "sap"),
    ],
)
def test_no_cell_averages_over_what_is_no_seed(keys, error, words):
    rows = made.scored("mig", "factor", steps=(500,))
    if error is None:
        assert pivot(rows, **keys).metrics == ["mig@exact"]
        return
    with pytest.raises(error, match=words):
        pivot(rows, **keys)


def test_data_sets_are_never_averaged():
    rows = [made.record("mig", 0.1, data=name, data_sha256=name * 9) for name in ("dsprites", "shapes3d")]
    with pytest.raises(DataMismatch, match=r"\(dsprites, shapes3d\)"):
        pivot(rows, ["method"])
    assert len(pivot(rows, ["data"]).rows) == 2


def test_data_sets_and_splits_have_rows_of_their_own_and_a_best_each():
    rows = [
        made.record("mig", score, method=method, data=data, data_sha256=digest * 9, split=split)
        for data, digest, split, shift in (("a", "a", "all", 0.0), ("b", "b", "all", 0.2), ("b", "c", "train", 0.4))
        for method, score in (("factorvae", shift + 0.1), ("betavae", shift + 0.2))
    ]
    table = pivot(rows)
    assert table.row_keys == ("data", "split", "method")
    assert [row for row in table.rows if table.cells[row, ("mig@exact",)].best] == [
        ("a", "all", "betavae"),
        ("b (bbbbbbbb)", "all", "betavae"),
        ("b (cccccccc)", "train", "betavae"),
    ]
    assert "Bold: the best of each data set and split." in written(table, "markdown")
    assert pivot(rows[:4]).row_keys == ("data", "method")
    assert [row[0] for row in pivot(rows[:4]).rows] == ["a", "a", "b", "b"], "one data set has the name"
    assert "Bold: the best of each data set." in written(pivot(rows[:4]), "latex")
    assert pivot(rows[:4], columns=["data"], metrics=["mig"]).row_keys == ("method",)


def test_the_method_is_a_row_where_an_option_is_not_of_all_methods():
    rows = made.scored("mig", steps=(500,))
    some = [row for row in rows if row["config"].get("gamma") != 10.0]
    table = pivot(some, ["beta"])
    assert table.row_keys == ("method", "beta")
    assert [row for row in table.rows if row[1] is None] == [("factorvae", None)]
    assert pivot(some, ["beta"], ["method"]).row_keys == ("beta",)
    assert pivot([row for row in rows if row["method"] == "betavae"], ["beta"]).row_keys == ("beta",)


def test_codes_of_others_and_undefined_scores():
    rows = [made.record("mig", score, seed=seed) for seed, score in enumerate((0.2, None, 0.4))]
    rows += [made.record("mig", None, artefact="z/a_b.h5", method=None, config={}, id="z")]
    table = pivot(rows)
    first, second = (table.cells[row, ("mig@exact",)].scores for row in table.rows)
    assert (first.values, first.undefined, second.undefined) == ((0.2, 0.4), 1, 1)
    shown = lines(written(table, "markdown"))
    assert shown[2] == ["FactorVAE", "0.30 ± 0.14", "2"]
    assert shown[3] == ["z/a_b.h5", "undefined", "0"]


def test_a_cell_of_another_number_of_seeds_says_so():
    rows = [made.record(m, 0.1 * seed, seed=seed) for m in ("mig", "sap", "kl") for seed in range(3)]
    rows = [row for row in rows if (row["metric"], row["seed"]) not in {("kl", 2), ("kl", 1)}]
    _, _, first, *_ = lines(written(pivot(rows), "markdown"))
    assert first == ["FactorVAE", "0.10 ± 0.10", "0.10 ± 0.10", "0.00 (n = 1)", "3"]
    assert r"$0.00$ ($n = 1$) & 3 \\" in written(pivot(rows), "latex")


def test_a_table_says_of_what_no_best_is_marked():
    rows = made.scored("mig", "kl", steps=(500,))
    for form in ("markdown", "latex"):
        below = written(pivot(rows), form)
        assert "Bold: the best" in below and "No best of KL," in below
        assert "No best" not in written(pivot(rows, metrics=["mig"]), form)
    assert "Bold" not in written(pivot(rows[:1]), "markdown")


def test_a_refusal_names_the_rows_that_work():
    rows = made.scored("mig", steps=(500,))
    rows += [row | {"data": "other", "data_sha256": "o" * 9} for row in rows]
    with pytest.raises(DataMismatch) as refused:
        pivot(rows, ["method"])
    keys = str(refused.value).partition("--rows ")[2].partition("`")[0].split(",")
    assert keys[0] == "method" and set(keys) == {"method", "data", "gamma", "beta"}
    assert len(pivot(rows, keys).rows) == 8


def test_two_digits_of_the_deviation():
    assert decimals([summary((0.1, 0.2)), summary((0.4, 0.5))]) == 3
    assert decimals([summary((100.0, 130.0))]) == 0
    assert decimals([summary((0.123,))]) == 3
    assert decimals([summary((45.0,)), summary(())]) == 1


def test_markdown():
    rows = made.scored("mig", "reconstruction", steps=(500,))
    head, rule, *body = lines(written(pivot(rows), "markdown"))
    assert head == ["method", "γ", "β", "MIG ↑", "reconstruction error (nats per image) ↓", "n"]
    assert rule == ["---"] * 3 + ["---:"] * 3
    scores = values(rows, "mig", 40.0)
    digits = decimals([cell.scores for cell in pivot(rows, metrics=["mig"]).cells.values()])
    assert body[1][:3] == ["FactorVAE", "40", "–"] and body[1][-1] == "3"
    assert body[1][3].strip("*") == f"{np.mean(scores):.{digits}f} ± {np.std(scores, ddof=1):.{digits}f}"
    assert sum(cell.startswith("**") for row in body for cell in row) == 2


def test_latex_is_escaped_and_in_mathematics():
    rows = [made.record("mig", 0.1 * seed, seed=seed, method=m) for seed in range(3) for m in ("betavae", "50%_$x")]
    text = written(pivot(rows), "latex")
    assert r"50\%\_\$x & $\mathbf{0.10 \pm 0.10}$ & 3 \\" in text
    assert r"method & MIG $\uparrow$ & n \\" in text and r"$\beta$-VAE" in text
    assert text.count("{") == text.count("}") and r"\begin{tabular}{lrr}" in text


def test_tsv_has_full_precision_and_raw_names():
    rows = made.scored("mig", "reconstruction", steps=(500,))
    head, first, *_ = [line.split("\t") for line in written(pivot(rows), "tsv").splitlines()]
    assert head == [
        "method",
        "gamma",
        "beta",
        "mig",
        "mig_sd",
        "mig_n",
        *(f"reconstruction{e}" for e in ("", "_sd", "_n")),
    ]
    assert first[:3] == ["factorvae", "10.0", ""]
    assert float(first[3]) == pytest.approx(np.mean(values(rows, "mig", 10.0)), rel=1e-9)
    assert float(first[4]) == pytest.approx(np.std(values(rows, "mig", 10.0), ddof=1), rel=1e-9)
    assert first[5] == "3"


def test_no_two_columns_of_a_tsv_have_one_name():
    rows = [
        made.record("reconstruction", score, config={"reconstruction": loss, "beta": beta})
        for loss, beta, score in (("pixel", 1.0, 9.0), ("perceptual", 2.0, 8.0))
    ]
    (head, *_) = [line.split("\t") for line in written(pivot(rows), "tsv").splitlines()]
    assert head == ["method", "config.reconstruction", "beta", *(f"reconstruction{e}" for e in ("", "_sd", "_n"))]


def test_protocols_are_named_where_there_are_several():
    rows = [made.record("mig", 0.1, protocol=protocol) for protocol in ("exact", "dlib")]
    assert lines(written(pivot(rows), "markdown"))[0] == ["method", "MIG, exact ↑", "MIG, dlib ↑", "n"]
    assert "mig@exact\tmig@exact_sd" in written(pivot(rows), "tsv")
    assert set(FORMATS) == {"markdown", "latex", "tsv"}
