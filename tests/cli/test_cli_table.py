"""``disentool table``: from files and pipes, in every format, and what it refuses."""

import io
import sys

import plot_records as made
import pytest

from disentool.results.table_formats import FORMATS


@pytest.fixture
def scores(folder):
    return made.write(folder / "scores.jsonl", made.scored("factor", "reconstruction", steps=(500,)))


@pytest.mark.parametrize("form", FORMATS)
def test_every_format(cli, scores, form):
    outcome = cli("table", scores, "--format", form)
    assert (outcome.code, outcome.err) == (0, "")
    assert len(outcome.out.splitlines()) == {"markdown": 8, "latex": 13, "tsv": 5}[form]


def test_keys_and_metrics(cli, scores):
    made.write(scores, [row for row in made.scored("factor", "reconstruction") if row["method"] == "betavae"])
    outcome = cli("table", scores, "--rows", "metric", "--columns", "method,beta", "--metrics", "reconstruction")
    head, _, row, *_ = outcome.out.splitlines()
    assert head == "| metric | β-VAE, β = 1 | β-VAE, β = 4 | n |"
    assert row.startswith("| reconstruction error (nats per image) ↓ | ") and row.endswith(" | 3 |")


def test_records_from_a_pipe_and_beside_others(cli, scores, monkeypatch):
    first = cli("table", scores).out
    made.write(scores.parent / "a.history.jsonl", made.history())
    several = cli("table", scores, "a.history.jsonl")
    assert several.out == first and "a.history.jsonl" in several.err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(scores.read_bytes())))
    assert cli("table", "-").out == first


def test_undefined_scores_are_told(cli, folder):
    made.write(folder / "s.jsonl", [made.record("mig", score, seed=n) for n, score in enumerate((0.1, None, 0.3))])
    outcome = cli("table", "s.jsonl")
    assert outcome.code == 0 and "1 seed" in outcome.err and " 2 |\n" in outcome.out


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        ("none.jsonl", 1, "none.jsonl"),
        ("h.history.jsonl", 1, "history"),
        ("scores.jsonl --rows method", 1, "gamma"),
        ("scores.jsonl --rows delta", 2, "delta"),
        ("scores.jsonl --metrics factor@Paper", 2, "factor@paper"),
        ("scores.jsonl --format html", 2, "html"),
        ("", 2, "RECORDS"),
    ],
)
def test_what_no_table_is_made_of(cli, scores, words, code, expected):
    made.write(scores.parent / "h.history.jsonl", made.history())
    cli("table", *words.split()).failed(code, expected)
