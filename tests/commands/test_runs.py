"""``disentool runs``: one row a run, what differs, scores of the records beside it; conditions, order, bad input."""

import io
import json
import shutil

import numpy as np
import plot_records
import pytest
from conftest import SMALL, flags

from disentool.cli import run
from disentool.io.files import sha256


@pytest.fixture(scope="module")
def three(tmp_path_factory, squares):
    """A folder with two beta-VAEs, of which the first has a snapshot, and a VAE in a folder below."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "deep").mkdir()
    small = [*flags(SMALL), "--steps", "4", "--data", str(squares), "-q"]
    for name, *words in (
        ("b1.pt", "betavae", "--beta", "1", "--keep-every", "2"),
        ("b4.pt", "betavae", "--beta", "4", "--seed", "3"),
        ("deep/v.pt", "vae"),
    ):
        assert run(["train", *words, *small, "-o", str(folder / name)]) == 0
    record = plot_records.record("factor", 0.6, id=sha256(folder / "b4.pt")[:16], artefact="b4.pt")
    (folder / "scores.jsonl").write_text(json.dumps(record) + "\n")
    return folder


@pytest.fixture
def here(folder, three):
    shutil.copytree(three, folder / "runs")
    return folder


def listed(cli, *words):
    outcome = cli("runs", "runs", "--format", "jsonl", *words)
    assert (outcome.code, outcome.err) == (0, ""), outcome
    return [json.loads(line) for line in outcome.out.splitlines()]


def names(rows):
    return [row["file"].removeprefix("runs/") for row in rows]


def test_one_row_a_run(cli, here):
    rows = listed(cli)
    assert names(rows) == ["b1.pt", "b4.pt", "deep/v.pt"]
    assert [(row["method"], row["seed"], row["step"], row["steps"]) for row in rows] == [
        ("betavae", 0, 4, 4),
        ("betavae", 3, 4, 4),
        ("vae", 0, 4, 4),
    ]
    assert [row["snapshots"] for row in rows] == [1, None, None]
    assert [row.get("beta") for row in rows] == [1.0, 4.0, None]
    assert [row.get("factor@paper") for row in rows] == [None, 0.6, None]
    assert all(np.isfinite(row["loss"]) and row["data"] == "squares" for row in rows)


def test_the_table_shows_what_differs(cli, here, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    heads, *rows = cli("runs", "runs").out.splitlines()
    assert heads.split() == ["file", "method", "data", "beta", "seed", "step", "steps", "loss", "snapshots", "factor"]
    assert [row.split()[0] for row in rows] == ["runs/b1.pt", "runs/b4.pt", "runs/deep/v.pt"]
    tsv = [line.split("\t") for line in cli("runs", "runs", "--format", "tsv").out.splitlines()]
    assert tsv[2][tsv[0].index("factor@paper")] == "0.6"
    assert len({len(line) for line in tsv}) == 1


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("beta=4", ["b4.pt"]),
        ("beta==4", ["b4.pt"]),
        ("beta != 4", ["b1.pt"]),
        ("beta<=4", ["b1.pt", "b4.pt"]),
        ("beta<4", ["b1.pt"]),
        ("seed>=3", ["b4.pt"]),
        ("step>4", []),
        ("method=VAE", ["deep/v.pt"]),
        ("method!=vae", ["b1.pt", "b4.pt"]),
        ("factor>0.5", ["b4.pt"]),
        ("factor@paper>0.7", []),
        ("latent-dim=4", ["b1.pt", "b4.pt", "deep/v.pt"]),
        ("snapshots>0", ["b1.pt"]),
    ],
)
def test_conditions(cli, here, condition, kept):
    assert names(listed(cli, "--where", condition)) == kept


def test_all_conditions_hold(cli, here):
    assert names(listed(cli, "--where", "method=betavae", "--where", "beta>1")) == ["b4.pt"]


def test_order(cli, here):
    assert names(listed(cli, "--sort", "-beta")) == ["b4.pt", "b1.pt", "deep/v.pt"]
    assert names(listed(cli, "--sort", "method,-seed")) == ["b4.pt", "b1.pt", "deep/v.pt"]
    assert names(listed(cli, "--sort", "-method", "--sort", "seed")) == ["deep/v.pt", "b1.pt", "b4.pt"]


def test_a_failed_score_is_last_in_any_order(cli, here):
    record = json.loads((here / "runs/scores.jsonl").read_text())
    record |= {"id": sha256(here / "runs/b1.pt")[:16], "score": None}
    with open(here / "runs/scores.jsonl", "a") as file:
        file.write(json.dumps(record) + "\n")
    for sort in ("factor", "-factor"):
        assert names(listed(cli, "--sort", sort))[0] == "b4.pt"


def test_the_current_folder_and_paths_from_stdin(cli, here, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert cli("runs").out.count("\n") == 4
    monkeypatch.setattr("sys.stdin", io.StringIO("runs/b4.pt\nruns/b1.pt\n"))
    assert cli("runs", "-").out.count("\n") == 3


def test_what_cannot_be_read_is_told_and_the_rest_is_listed(cli, here, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    (here / "runs/torn.pt").write_bytes((here / "runs/b1.pt").read_bytes()[:3000])
    outcome = cli("runs", "runs")
    assert "runs/torn.pt" in outcome.err and outcome.err.count("\n") == 2
    assert outcome.out.count("\n") == 4
    assert outcome.code == 1


def test_bad_input(cli, here):
    cli("runs", "nowhere").failed(1, "nowhere")
    cli("runs", "runs", "--where", "beta").failed(2, "--where", "beta=4")
    cli("runs", "runs", "--where", "bet=4").failed(2, "bet", "beta")
    cli("runs", "runs", "--where", "method>vae").failed(2, "numbers")
    cli("runs", "runs", "--sort", "gamm").failed(2, "gamm")
    cli("runs", "runs", "--where", "seed=>1").failed(2, "--where")
    cli("runs", "runs/scores.jsonl").failed(1, "checkpoint")
    (here / "empty").mkdir()
    cli("runs", "empty").failed(1, "empty")
