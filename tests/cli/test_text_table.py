"""Tables on narrow terminals: names are broken over lines, numbers never are."""

import json
import re

import pytest
from conftest import SMALL_FACTOR

from disentool.cli.text_table import broken, laid_out

HEADS = ["artefact", "metric", "protocol", "factor", "score", "95 % interval"]
ROWS = [
    ["runs/betavae-16-10.pt", "mutual-information", "paper", "", "-1.234e+05", "-1.334e+05 .. -1.134e+05"],
    ["runs/betavae-16-10.pt", "factor", "paper", "orientation", "0.5925", "0.5587 .. 0.625"],
]


@pytest.mark.parametrize("width", [60, 61, 70, 80, 100, 120, 1000])
def test_a_table_fits_and_keeps_its_numbers(width):
    lines = laid_out(HEADS, ROWS, 4, width)
    assert max(map(len, lines)) <= width
    for row in ROWS:
        (line,) = [line for line in lines if line.endswith(row[-1])]
        assert f" {row[-2]}  " in line
    assert "16" in re.findall(r"\d+", " ".join(lines)) and "10" in re.findall(r"\d+", " ".join(lines))


def test_a_word_is_broken_only_where_the_columns_cannot_hold_it():
    rows = [["rep/b1-0.pt", "reconstruction", "subset", "898.7", "879.9 .. 917.5"]]
    heads = ["artefact", "metric", "protocol", "score", "95 % interval"]
    shown = "\n".join(laid_out(heads, rows, 3, 60))
    assert "reconstruction" in shown and "artefact" in shown and max(map(len, shown.split("\n"))) <= 60
    narrower = laid_out(heads, rows, 3, 57)
    assert "reconstruction" in "\n".join(narrower) and max(map(len, narrower)) <= 57
    narrowest = laid_out(heads, rows, 3, 45)
    assert "reconstruction" not in "\n".join(narrowest) and max(map(len, narrowest)) <= 45


def test_a_table_with_room_breaks_nothing():
    assert [line.split() for line in laid_out(HEADS, ROWS, 4, 1000)][1][:3] == ROWS[0][:3]
    assert len(laid_out(HEADS, ROWS, 4, 1000)) == 3


@pytest.mark.parametrize(
    ("name", "width", "lines"),
    [
        ("runs/ckpt-10.pt", 20, ["runs/ckpt-10.pt"]),
        ("runs/ckpt-10.pt", 10, ["runs/ckpt-", "10.pt"]),
        ("abcdefgh", 4, ["abcd", "efgh"]),
        ("ab1000", 4, ["ab", "1000"]),
        ("123456", 4, ["1234", "56"]),  # there is no other way
        ("", 4, [""]),
    ],
)
def test_a_name_is_broken_after_separators_and_not_in_numbers(name, width, lines):
    assert broken(name, width) == lines


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_scores_and_correlations_are_whole_at_any_width(cli, folder, trained, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    command = ["score", trained, "--metric", "factor,mig,kl,reconstruction", "--format"]
    records = [json.loads(line) for line in cli(*command, "jsonl").out.splitlines()]
    shown = cli(*command, "table").out.splitlines()
    assert max(map(len, shown)) <= columns
    for record in records:
        assert any(f" {record['score']:.4g}" in line for line in shown), record["metric"]
    scores = [
        {"format": "disentool.score", "version": 1, "artefact": f"{i}.pt", "id": f"{i}", "metric": metric}
        | {"protocol": "paper", "score": value, "method": "factorvae", "config": SMALL_FACTOR, "seed": i, "step": 30}
        | {"interval": None, "per_factor": {}, "details": {}, "data": "squares", "data_sha256": "0", "split": "all"}
        for i, pair in enumerate([(0.1, 0.5), (0.2, 0.9), (0.4, 0.7), (0.6, 0.2)])
        for metric, value in zip(("factor", "mig"), pair, strict=True)
    ]
    (folder / "s.jsonl").write_text("".join(json.dumps(each) + "\n" for each in scores))
    (pair,) = [json.loads(line) for line in cli("correlate", "s.jsonl", "--format", "jsonl").out.splitlines()]
    shown = cli("correlate", "s.jsonl", "--format", "table").out.splitlines()
    assert max(map(len, shown)) <= columns
    for test in ("pearson", "kendall", "spearman"):
        for number in pair[test].values():
            assert any(f" {number:.3f}" in line for line in shown), test
