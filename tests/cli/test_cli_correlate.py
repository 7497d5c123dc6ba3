"""``disentool correlate``."""

import json
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

SCORES = np.random.default_rng(0).random((12, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0.2], [0, 0, 1]])


def record(model: int, metric: str, score: float | None, protocol="paper", changed=(), **details) -> dict:
    return {
        "format": "disentool.score",
        "version": 1,
        "artefact": f"{model}.pt",
        "id": f"{model:016x}",
        "metric": metric,
        "protocol": protocol,
        "score": score,
        "details": {"changed_options": list(changed), **details},
    }


def write(folder, records, name="records.jsonl"):
    (folder / name).write_text("".join(json.dumps(r) + "\n" for r in records))


def table(scores=SCORES, metrics=("factor", "higgins", "mig"), **more) -> list[dict]:
    return [record(m, name, float(s), **more) for m, row in enumerate(scores) for name, s in zip(metrics, row)]  # noqa: B905


def pairs(outcome) -> list[dict]:
    assert outcome.code == 0, outcome
    return [json.loads(line) for line in outcome.out.splitlines()]


def test_two_metrics(cli, folder):
    write(folder, table())
    (found,) = pairs(cli("correlate", "records.jsonl", "--metrics", "factor,higgins"))
    assert (found["format"], found["version"]) == ("disentool.correlation", 1)
    assert (found["metrics"], found["protocols"], found["models"]) == (["factor", "higgins"], ["paper", "paper"], 12)
    for name, test in (("pearson", stats.pearsonr), ("kendall", stats.kendalltau), ("spearman", stats.spearmanr)):
        coefficient, p = test(SCORES[:, 0], SCORES[:, 1])
        assert found[name] == {"coefficient": pytest.approx(coefficient), "p": pytest.approx(p)}


def test_every_pair_by_default(cli, folder):
    write(folder, table())
    found = pairs(cli("correlate", "records.jsonl"))
    assert [f["metrics"] for f in found] == [["factor", "higgins"], ["factor", "mig"], ["higgins", "mig"]]
    again = pairs(cli("correlate", "records.jsonl", "--metrics", "mig", "--metrics", "factor"))
    assert [f["metrics"] for f in again] == [["mig", "factor"]]


def test_by_hand(cli, folder):
    # ranks 1 2 3 4 against 1 3 2 4: one of six pairs is out of order
    write(folder, table([[1, 1], [2, 3], [3, 2], [4, 4]], ("factor", "mig")))
    (found,) = pairs(cli("correlate", "records.jsonl"))
    assert found["pearson"]["coefficient"] == pytest.approx(0.8)
    assert found["spearman"]["coefficient"] == pytest.approx(0.8)
    assert found["kendall"]["coefficient"] == pytest.approx(4 / 6)


def test_several_files_and_stdin(folder):
    write(folder, table()[:15], "a.jsonl")
    write(folder, table()[15:], "b.jsonl")
    command = [sys.executable, "-m", "disentool", "correlate", "--metrics", "factor,mig"]
    both = subprocess.run([*command, "a.jsonl", "b.jsonl"], capture_output=True, text=True)
    piped = subprocess.run(f"cat a.jsonl b.jsonl | {' '.join(command)} -", shell=True, capture_output=True, text=True)
    assert (both.returncode, piped.returncode) == (0, 0), (both, piped)
    assert both.stdout == piped.stdout
    assert json.loads(both.stdout)["models"] == 12


def test_other_forms(cli, folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    write(folder, table())
    head, *lines = cli("correlate", "records.jsonl", "--format", "tsv").out.splitlines()
    assert head.split("\t")[:5] == ["metric", "with", "models", "pearson", "pearson_p"]
    assert len(lines) == 3
    assert lines[0].split("\t")[:3] == ["factor@paper", "higgins@paper", "12"]
    shown = cli("correlate", "records.jsonl", "--format", "table").out
    assert "factor@paper" in shown
    assert "kendall" in shown


def test_seeds_of_a_metric_are_averaged(cli, folder):
    moved = [record(m, "factor", float(row[0]) + 0.1) for m, row in enumerate(SCORES)]
    write(folder, table() + moved)
    (once,) = pairs(cli("correlate", "records.jsonl", "--metrics", "factor,mig"))
    assert once["pearson"]["coefficient"] == pytest.approx(stats.pearsonr(SCORES[:, 0], SCORES[:, 2])[0])


def test_models_without_one_of_the_scores_are_left_out(cli, folder):
    write(folder, [*table(), record(50, "factor", 0.3), record(51, "factor", 0.3), record(51, "higgins", None)])
    outcome = cli("correlate", "records.jsonl", "--metrics", "factor,higgins")
    (found,) = pairs(outcome)
    assert found["models"] == 12
    assert len(found["notes"]) == 1 and "2 models" in found["notes"][0]
    assert outcome.err.endswith(f"{found['notes'][0]}\n") and "factor@paper and higgins@paper" in outcome.err
    assert cli("correlate", "records.jsonl", "-q", "--metrics", "factor,higgins").err == ""


def test_a_note_of_several_pairs_is_said_once_with_their_number(cli, folder):
    constant = [record(m, "sap", 0.5) for m in range(len(SCORES))]
    write(folder, [*table(), *constant, record(50, "factor", 0.3)])
    outcome = cli("correlate", "records.jsonl")
    assert len(pairs(outcome)) == 6
    lines = outcome.err.splitlines()
    assert [line for line in lines if "sap@paper" in line] == [lines[1]]
    assert len(lines) == 2 and all(": 3 of 6 pairs: " in line for line in lines)


def test_constant_scores_have_no_correlation(cli, folder):
    write(folder, table([[1, 0.1], [1, 0.2], [1, 0.3]], ("factor", "mig")))
    (found,) = pairs(cli("correlate", "records.jsonl"))
    assert found["pearson"] == {"coefficient": None, "p": None}
    assert "every model" in found["notes"][0]


def test_protocols_are_told_apart(cli, folder):
    write(folder, table() + table(SCORES**2, ("factor",), protocol="dlib"))
    (found,) = pairs(cli("correlate", "records.jsonl", "--metrics", "factor@dlib,factor@paper"))
    assert found["protocols"] == ["dlib", "paper"]
    assert found["spearman"]["coefficient"] == pytest.approx(1)
    cli("correlate", "records.jsonl", "--metrics", "factor,mig").failed(2, "factor@dlib")


@pytest.mark.parametrize(
    ("records", "arguments", "code", "words"),
    [
        (table()[:6], "", 1, "2 models"),
        (table(), "--metrics factor,migg", 2, "'migg'"),
        (table(), "--metrics factor", 2, "correlations"),
        (table(), "--metrics factor,factor", 2, "correlations"),
        (
            [*table(), record(0, "factor", 0.5, changed=["votes"], votes=400)],
            "--metrics factor,mig",
            1,
            "votes",
        ),
        ([{"format": "disentool.score", "version": 1}], "", 1, "record 1"),
        ([{"step": 1, "time": 2}], "", 1, "disentool.history"),
        ([{"a": 1}], "", 1, "training"),
    ],
)
def test_records_that_do_not_correlate(cli, folder, records, arguments, code, words):
    write(folder, records)
    cli("correlate", "records.jsonl", *arguments.split()).failed(code, words)


def test_files_that_are_none(cli, folder):
    cli("correlate", "nothing.jsonl").failed(1, "nothing.jsonl")
    (folder / "bad.jsonl").write_bytes(b"\xff\x00")
    cli("correlate", "bad.jsonl").failed(1, "line 1")
    cli("correlate").failed(2, "RECORDS")
