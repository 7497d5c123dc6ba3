"""The user's own methods and metrics: ``train module:Class``, ``score --metric module:function``, ``--trust``."""

import json
import sys
from pathlib import Path

import pytest
from conftest import ROOT, shell, square_grid, write_dataset

from disentool.io import checkpoint

EXAMPLES = ROOT / "examples"


@pytest.fixture
def own(folder, monkeypatch) -> Path:
    """A working folder with the examples in it and a small data set; what it imports is forgotten afterwards."""
    before = set(sys.modules)
    for name in ("your_method.py", "your_metric.py"):
        (folder / name).write_text((EXAMPLES / name).read_text())
    monkeypatch.setattr(sys, "path", [*sys.path])
    write_dataset(folder / "d.h5", *square_grid())
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith("your") or name.startswith("mine"):
            del sys.modules[name]


TRAIN = ("train", "your_method:WAE", "--data", "d.h5", "--batch-size", 16, "--latent-dim", 4, "--device", "cpu")


@pytest.mark.parametrize("name", ["your_method.py", "your_metric.py"])
def test_the_examples_are_short(name):
    assert len((EXAMPLES / name).read_text().splitlines()) < 60


def test_an_own_method_is_trained_resumed_and_used(cli, own):
    cli(*TRAIN, "--steps", 6, "-o", "whole.pt").printed("whole.pt")
    cli(*TRAIN, "--steps", 4, "-o", "parts.pt").printed("parts.pt")
    cli(*TRAIN, "--steps", 6, "-o", "parts.pt", "--resume").printed("parts.pt")
    whole, parts = (checkpoint.read(own / name) for name in ("whole.pt", "parts.pt"))
    assert whole["method"] == "your_method:WAE" and whole["config"]["latent_dim"] == 4
    for name, tensor in whole["networks"]["decoder"].items():
        assert tensor.equal(parts["networks"]["decoder"][name])
    cli("encode", "--trust", "whole.pt", "-o", "z.h5").printed("z.h5")
    cli("decode", "--trust", "whole.pt", "z.h5", "-o", "again.h5").printed("again.h5")
    cli("sample", "--trust", "whole.pt", "-o", "s.png").printed("s.png")
    cli("traverse", "--trust", "whole.pt", "-o", "t.png").printed("t.png")
    cli("export", "whole.pt", "-o", "w.safetensors").printed("w.safetensors", "w.json")
    cli("info", "whole.pt")
    done = cli("score", "--trust", "whole.pt")
    assert json.loads(done.out)["method"] == "your_method:WAE"
    cli("score", "--trust", "--metric", "reconstruction", "whole.pt").failed(1, "reconstruction error")


def test_own_code_runs_only_where_it_is_trusted(cli, own):
    cli(*TRAIN, "--steps", 1, "-o", "c.pt").printed("c.pt")
    words = "your_method:WAE"
    for command in (
        ("encode", "c.pt"),
        ("score", "c.pt"),
        ("traverse", "c.pt", "-o", "t.png"),
        ("sample", "c.pt", "-o", "s.png"),
        ("decode", "c.pt", "d.h5", "--codes", "factors", "-o", "s.h5"),
    ):
        cli(*command).failed(1, words)
    del sys.modules["your_method"]
    (own / "your_method.py").unlink()
    cli("score", "--trust", "c.pt").failed(1, "module")


def test_lists_presets_and_names(cli, own):
    done = cli(*TRAIN, "--steps", 1, "--penalty", "1,10", "-o", "{method}-{penalty}.pt")
    done.printed("your_method.WAE-1.pt", "your_method.WAE-10.pt")
    assert cli(*TRAIN, "--dry-run").out.count("penalty: 100.0") == 1
    help_ = cli("train", "your_method:WAE", "--help")
    assert help_.code == 0 and "Wasserstein autoencoder" in help_.out and "--penalty" in help_.out
    cli(*TRAIN, "--penalty", -1).failed(2, "--penalty")


@pytest.mark.parametrize(
    ("text", "name", "code", "words"),
    [
        ("", "mine:Thing", 2, "no Thing"),
        ("def Thing(): pass", "mine:Thing", 2, "function"),
        ("class Thing: pass", "mine:Thing", 2, "Config"),
        ("import nowhere_at_all", "mine:Thing", 1, "nowhere_at_all"),
        ("1 / 0", "mine:Thing", 1, "ZeroDivisionError"),
        ("def broken(:", "mine:Thing", 1, "SyntaxError"),
        ("", "mine_not_there:Thing", 2, "mine_not_there"),
        ("", "os;x:Thing", 2, "module:name"),
        ("", "mine:", 2, "module:name"),
    ],
)
def test_what_is_no_method(cli, own, text, name, code, words):
    (own / "mine.py").write_text(text)
    cli("train", name, "--data", "d.h5").failed(code, words)


def test_a_configuration_without_what_training_needs(cli, own):
    text = (EXAMPLES / "your_method.py").read_text()
    (own / "mine.py").write_text(text.replace("    batch_size: int", "    batches: int"))
    cli("train", "mine:WAE", "--data", "d.h5").failed(2, "batch_size")
    del sys.modules["mine"]
    (own / "mine2.py").write_text(text.replace('opt(64, "images in a batch", low=2)', "64"))
    cli("train", "mine2:WAE", "--data", "d.h5").failed(2, "disentool.config.opt")


def test_an_own_metric(cli, own, trained):
    done = cli("score", "--metric", "your_metric:best_correlation", "--metric", "kl", trained)
    record, kl = map(json.loads, done.out.splitlines())
    assert (record["metric"], record["protocol"]) == ("your_metric:best_correlation", "own")
    assert 0 < record["score"] <= 1 and len(record["per_factor"]) == 3
    assert len(record["details"]["best_dimension"]) == 3 and record["details"]["rows"] == 192
    assert kl["metric"] == "kl"


def test_an_own_metric_cannot_touch_the_others_or_stdout(cli, own, trained):
    (own / "mine.py").write_text(
        "print('import')\ndef f(z, y):\n    print('call')\n    z[:] = y[:] = 0\n    return 1.0\n"
    )
    done = cli("score", "--metric", "mine:f,kl", trained)
    records = [json.loads(line) for line in done.out.splitlines()]
    alone = json.loads(cli("score", "--metric", "kl", trained).out)
    assert records[1]["score"] == alone["score"] > 0
    assert "import" in done.err and "call" in done.err


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("def f(z, y): raise SystemExit(3)", 1, "SystemExit"),
        ("def f(z, y): return 1 / 0", 1, "ZeroDivisionError"),
        ("def f(z, y): return float('nan')", 1, "nan"),
        ("def f(z, y): return 'high'", 1, "ValueError"),
        ("def f(z, y): return {}", 1, "KeyError"),
        ("f = 3", 2, "function"),
    ],
)
def test_what_is_no_metric(cli, own, trained, text, code, words):
    (own / "mine.py").write_text(text)
    cli("score", "--metric", "mine:f", trained).failed(code, words)


def test_the_real_command_finds_code_in_its_folder(own):
    process = shell(*TRAIN, "--steps", 1, "-o", "c.pt", cwd=own)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (0, "c.pt\n"), err
