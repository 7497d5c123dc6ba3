"""Names that come from anyone's file never steer the terminal: every command, with a hostile name in every place."""

import ast
import io
import json
import os
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import yaml
from conftest import ROOT, square_grid, write_dataset
from PIL import Image

from disentool.cli import COMMANDS, results, run
from disentool.commands.encode import encode
from disentool.config import write_yaml
from disentool.datasets import DATASETS
from disentool.io import records
from disentool.io.history_file import history_text

# A window's title, a colour, an erased screen in one character (C1), bidi overrides, ends of lines, and half a pair.
EVIL = "e\x1b]0;owned\x07\x1b[31mv\x9b2J\u202ei\u2066l\r\n\t\x0b\u2028z"
NAME = EVIL + os.fsdecode(b"\xff")  # of a file


@pytest.fixture(scope="module")
def made(squares, trained, tmp_path_factory) -> Path:
    """Files of every kind under hostile names, which hold hostile names wherever text can be."""
    place = tmp_path_factory.mktemp("hostile")
    images, factors = square_grid()
    words = {EVIL: [EVIL + str(i) for i in range(3)]}
    data = write_dataset(
        place / "data.h5",
        images,
        factors,
        name=EVIL,
        source=EVIL,
        licence=EVIL,
        citation=EVIL,
        factor_names=(EVIL, "pos_x", "pos_y"),
        class_names=json.dumps(words),
    )
    with h5py.File(data, "r+") as file:
        file.attrs["more"] = EVIL
        file[EVIL] = np.zeros(3)
    data.rename(place / f"{NAME}.h5")
    content = torch.load(trained, weights_only=True)
    content["data"] |= {"name": EVIL, "source": EVIL, "path": EVIL, "factor_names": [EVIL, "pos_x", "pos_y"]}
    content |= {"created_by": EVIL, "command": EVIL, "versions": {EVIL: EVIL}}
    content["history"] = [line | {EVIL: 1.0} for line in content["history"]]
    torch.save(content, place / f"{NAME}.pt")
    (place / f"{NAME}.history.jsonl").write_text(history_text(content["history"]))
    content["config"][EVIL] = EVIL
    torch.save(content, place / "config.pt")
    content["method"] = EVIL
    torch.save(content, place / "method.pt")
    encode(trained, place / "z.h5", device="cpu")
    with h5py.File(place / "z.h5", "r+") as file:
        file.attrs["factor_names"] = [EVIL, "pos_x", "pos_y"]
        file.attrs["method"] = file.attrs["checkpoint"] = EVIL
    shutil.move(place / "z.h5", place / f"{NAME}.latents.h5")
    one = {
        "format": "disentool.score",
        "version": 1,
        "artefact": EVIL,
        "id": EVIL,
        "metric": EVIL,
        "protocol": EVIL,
        "method": EVIL,
        "config": {EVIL: EVIL},
        "seed": 0,
        "step": 1,
        "data": EVIL,
        "score": 0.5,
        "interval": [0.4, 0.6],
        "per_factor": {EVIL: 0.5},
        "details": {EVIL: EVIL},
        "notes": [EVIL],
    }
    others = [one | {"seed": n, "id": f"{EVIL}{n}", "score": n / 7} for n in range(5)]
    others += [record | {"metric": "mig", "protocol": "paper", "score": record["score"] ** 2} for record in others]
    (place / f"{NAME}.jsonl").write_text("".join(records.to_json(record) + "\n" for record in others))
    (place / "pictures" / NAME).mkdir(parents=True)
    (place / "pictures" / "b").mkdir(parents=True)
    for folder in (NAME, "b"):
        Image.new("L", (16, 16)).save(place / "pictures" / folder / f"{NAME}.png")
        (place / "pictures" / folder / f"{NAME}.txt").write_text(EVIL)
        (place / "pictures" / folder / "damaged.png").write_bytes(EVIL.encode())
    (place / "t.csv").write_text(f'path,"{EVIL}"\n"b/gone.png","{EVIL}"\n"b/damaged.png","1"\n', newline="")
    (place / f"{NAME}.yaml").write_text(write_yaml({EVIL: EVIL}))
    (place / f"{NAME}.json").write_text(json.dumps({EVIL: EVIL}))
    np.savez(
        place / f"{NAME}.npz",
        **{"codes": np.zeros((4, 2)), "factors": np.zeros((4, 2), int), "x\x1b\u202e": np.zeros(4)},
    )
    (place / "empty").mkdir()
    return place


DATA, CKPT, LATENTS, RECORDS = f"{NAME}.h5", f"{NAME}.pt", f"{NAME}.latents.h5", f"{NAME}.jsonl"
CALLS = [
    *(["info", file] for file in (DATA, CKPT, LATENTS, RECORDS, f"{NAME}.history.jsonl", "method.pt", "config.pt")),
    *(["info", file] for file in (f"{NAME}.json", f"{NAME}.yaml", f"{NAME}.npz", "pictures", f"{NAME}.gone")),
    *(["info", "--json", file] for file in (DATA, CKPT, LATENTS, RECORDS)),
    *(
        ["score", "--metric", metric, "--format", form, *more, "--data", DATA, CKPT]
        for metric in ("factor", "kl", "mig")
        for form, more in (("table", ["--per-factor"]), ("tsv", ["--per-factor"]), ("jsonl", []))
    ),
    *(["score", "--metric", "mig", "--format", form, LATENTS] for form in ("table", "tsv", "jsonl")),
    ["score", "--metric", "mig", "--codes", EVIL, "--factors", "factors", f"{NAME}.npz"],
    ["score", "--metric", "mig", "--codes", "codes", "--factors", "factors", f"{NAME}.npz"],
    ["score", "--metric", EVIL, CKPT],
    ["score", "--metric", "mig", "--set", f"{EVIL}=1", CKPT],
    ["score", "--metric", "factor", "method.pt", "--data", DATA],
    ["score", "--metric", "factor", "config.pt", "--data", DATA],
    *(["runs", ".", "--format", form] for form in ("table", "tsv", "jsonl")),
    ["runs", ".", "--where", f"{EVIL}=1"],
    ["runs", ".", "--sort", EVIL],
    *(["table", RECORDS, "--format", form] for form in ("markdown", "latex", "tsv")),
    ["table", RECORDS, "--rows", "method,data", "--format", "tsv"],
    ["table", RECORDS, "--rows", EVIL],
    *(["correlate", RECORDS, "--format", form] for form in ("table", "tsv", "jsonl")),
    ["correlate", RECORDS, "--metrics", EVIL],
    ["plot", "compare", RECORDS, "-o", f"{NAME}.svg"],
    ["plot", EVIL, RECORDS, "-o", "x.svg"],
    ["report", ".", "-o", f"{NAME}.html"],
    ["export", CKPT, "-o", f"{NAME}.safetensors"],
    ["encode", CKPT, "--data", DATA, "-o", f"new-{NAME}.h5"],
    ["encode", "config.pt", "--data", DATA, "-o", f"new2-{NAME}.h5"],
    ["decode", CKPT, LATENTS, "-o", f"decoded-{NAME}.h5"],
    ["decode", CKPT, LATENTS, "-o", f"{NAME}-folder"],
    ["sample", CKPT, "-n", "4", "-o", f"sample-{NAME}.png"],
    ["traverse", CKPT, "-o", f"traverse-{NAME}.png"],
    ["traverse", CKPT, "--direction", f"{NAME}.h5:{EVIL}", "-o", f"traverse2-{NAME}.png"],
    ["swap", CKPT, "-o", f"swap-{NAME}.png"],
    ["swap", CKPT, "--rows", EVIL],
    ["invert", CKPT, "--image", f"pictures/b/{NAME}.png", "--steps", "1", "-o", f"inverted-{NAME}.h5"],
    ["find-direction", CKPT, "--transform", EVIL],
    ["prepare", "folder", "--from", "pictures", "-o", f"prepared-{NAME}.h5"],
    ["prepare", "folder", "--from", "pictures", "--csv", "t.csv", "-o", f"prepared2-{NAME}.h5"],
    ["prepare", "folder", "--from", f"pictures/{NAME}", "--strict", "-o", f"prepared3-{NAME}.h5"],
    ["prepare", "prepared", "--from", DATA, "--keep", f"{EVIL}=0", "-o", f"prepared4-{NAME}.h5"],
    ["prepare", "prepared", "--from", DATA, "--keep", f"{EVIL}={EVIL}", "-o", f"prepared5-{NAME}.h5"],
    ["prepare", "array", "--from", f"{NAME}.npz", "-o", f"prepared6-{NAME}.h5"],
    ["prepare", EVIL, "-o", "x.h5"],
    *(["train", "vae", "--data", data, "--steps", "1", "--hidden-units", "4", "--device", "cpu", "-o", f"{n}-{NAME}.pt"]
      for n, data in enumerate((DATA, LATENTS, f"{NAME}.gone", "empty"))),
    ["train", "vae", "--data", DATA, "--steps", "1", "-o", f"{NAME}.pt", "--resume"],
    ["train", "vae", "--data", DATA, "--config", f"{NAME}.yaml"],
    ["train", "vae", "--data", EVIL, "--steps", "1", "--dry-run"],
    ["train", EVIL],
    ["train", "vae", f"--{EVIL}"],
    ["train", "vae", "--loss", EVIL],
    [EVIL],
]  # fmt: skip


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
@pytest.mark.parametrize("call", CALLS, ids=range(len(CALLS)))
def test_no_name_steers_the_terminal(made, folder, monkeypatch, call, terminal):
    shutil.copytree(made, folder / "work")
    monkeypatch.chdir(folder / "work")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    out, err = (Terminal(), Terminal()) if terminal else (io.StringIO(), io.StringIO())
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    arguments = list(call)
    code = run(arguments)
    monkeypatch.undo()
    assert code in (0, 1, 2)
    assert "internal error" not in err.getvalue(), err.getvalue()
    assert hostile(err.getvalue()) == []
    exact = not terminal and is_exact(arguments, out.getvalue())
    assert exact or hostile(out.getvalue()) == []


def hostile(text: str) -> list[str]:
    """The characters of a text that a terminal may obey. A carriage return is what the hostile name has."""
    return [c for c in text if not (c.isprintable() or c in "\n\t")]


def is_exact(arguments: list[str], out: str) -> bool:
    """Whether a pipe gets paths, or lines of JSON, which are as they are."""
    if out.startswith("{"):
        return all(isinstance(json.loads(line), dict) for line in out.rstrip("\n").split("\n"))
    return any(out == f"{word}\n" for word in arguments)


def test_every_command_is_tried():
    assert {call[0] for call in CALLS} >= set(COMMANDS)
    assert "folder" in DATASETS


def test_cells_of_a_table_stay_where_they_are(made, monkeypatch, cli):
    """A tab or the end of a line within a name makes no cell and no row."""
    monkeypatch.chdir(made)
    for call in (["score", "--metric", "mig", LATENTS], ["correlate", RECORDS], ["runs", "."], ["table", RECORDS]):
        lines = cli(*call, "--format", "tsv").out.rstrip("\n").split("\n")
        assert len({line.count("\t") for line in lines}) == 1
    assert len(cli("runs", ".", "--format", "tsv").out.rstrip("\n").split("\n")) == 1 + 3


def test_yaml_gives_back_what_it_escapes():
    values = {EVIL: [EVIL, 1], "plain": "Größe β", "more": {"a": f"{EVIL}\ud800"}}
    text = write_yaml(values)
    assert hostile(text) == []
    assert "Größe β" in text
    assert yaml.safe_load(text) == values


def test_json_on_a_terminal_means_the_same(monkeypatch):
    monkeypatch.setattr(sys, "stdout", shown := Terminal())
    results.print_json({EVIL: f"{EVIL}\ud800é"})
    monkeypatch.undo()
    assert hostile(shown.getvalue()) == []
    assert json.loads(shown.getvalue()) == {EVIL: f"{EVIL}\ud800é"}


def test_text_reaches_the_terminal_in_few_places():
    """A new command prints through these, which make names visible."""
    allowed = {"results.py", "text_table.py", "progress.py", "bars.py", "__init__.py"}
    found = set()
    for path in (ROOT / "disentool" / "cli").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in ("print", "click.echo", "click.secho") or called.endswith(("stdout.write", "stderr.write")):
                found.add(path.name)
    assert found <= allowed
