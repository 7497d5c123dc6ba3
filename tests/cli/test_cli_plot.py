"""``disentool plot``: files, sizes, bytes, streams, and what it refuses."""

import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import plot_records as made
import pytest
from PIL import Image
from same_files import assert_same_bytes

from disentool.cli import run
from disentool.io.records import to_json
from disentool.plots import PLOTS

RECORDS = {
    "tradeoff": made.scored("factor", "reconstruction"),
    "history": made.history(),
    "tc": [made.total_correlation(**m) for m in made.models()],
    "votes": [made.votes()],
    "correlation": made.scored("factor", "mig", steps=(500,)),
    "sensitivity": made.swept(),
    "control": [made.control(beta) for beta in (1.0, 20.0)],
    "distribution": [made.control()],
    "leakage": [made.leak((0.2, 0.4), (0.1, 0.1)), made.leak((0.9, 1.0), (0.8, 0.9), method="mlvae")],
    "compare": made.scored("factor", "reconstruction"),
}


@pytest.fixture
def files(folder):
    for kind, lines in RECORDS.items():
        made.write(folder / f"{kind}.jsonl", lines)
    return folder


def svg_text(path) -> str:
    return " ".join(
        "".join(node.itertext()) for node in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")
    )


@pytest.mark.parametrize("kind", PLOTS)
def test_every_kind_in_every_form(cli, files, kind):
    names = [f"out/{kind}{suffix}" for suffix in (".png", ".pdf", ".svg")]
    cli("plot", kind, f"{kind}.jsonl", *(word for name in names for word in ("-o", name))).printed(*names)
    with Image.open(names[0]) as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert len(np.unique(np.asarray(image.convert("L")))) > 20
        assert '"records_sha256"' in image.info["Comment"]
    pdf = (files / names[1]).read_bytes()
    assert pdf.startswith(b"%PDF") and b"CreationDate" not in pdf and b"/Type3" not in pdf
    assert len(svg_text(names[2])) > 50, "text must stay text"


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_the_same_records_make_the_same_bytes(cli, files, suffix):
    code = f"from disentool.cli import run; run(['plot', 'tradeoff', 'tradeoff.jsonl', '-o', 'b{suffix}'])"
    cli("plot", "tradeoff", "tradeoff.jsonl", "-o", f"a{suffix}")
    settings = {"PYTHONHASHSEED": "7", "MPLCONFIGDIR": str(files), "SOURCE_DATE_EPOCH": "0"}
    (files / "matplotlibrc").write_text("font.size: 30\naxes.facecolor: red\n")  # a user's own style changes nothing
    subprocess.run([sys.executable, "-c", code], env=os.environ | settings, check=True, capture_output=True)
    assert_same_bytes(files / f"a{suffix}", files / f"b{suffix}")


def test_sizes_are_in_mm(cli, files):
    cli(
        "plot",
        "compare",
        "compare.jsonl",
        "-o",
        "a.svg",
        "-o",
        "a.png",
        "--width",
        "100",
        "--height",
        "50",
        "--dpi",
        "254",
    )
    root = ElementTree.parse("a.svg").getroot()
    assert [float(root.get(side).removesuffix("pt")) for side in ("width", "height")] == pytest.approx(
        [100 / 25.4 * 72, 50 / 25.4 * 72], abs=1e-3
    )
    with Image.open("a.png") as image:
        assert image.size == (1000, 500)


def test_themes(cli, files):
    for theme, paper in (("light", (255, 255, 255)), ("dark", (22, 24, 28))):
        cli("plot", "votes", "votes.jsonl", "-o", f"{theme}.png", "--theme", theme)
        with Image.open(f"{theme}.png") as image:
            assert image.convert("RGB").getpixel((0, 0)) == paper


def test_what_score_and_train_write(cli, folder, trained, squares):
    """The real commands' records, of a real model."""
    outcome = cli("score", "--metric", "factor,mig,reconstruction,tc", "--data", squares, trained, "--format", "jsonl")
    (folder / "scores.jsonl").write_text(outcome.out)
    history = trained.with_suffix(".history.jsonl")
    for kind, source in {
        "tradeoff": "scores.jsonl",
        "votes": "scores.jsonl",
        "tc": "scores.jsonl",
        "compare": "scores.jsonl",
        "history": history,
    }.items():
        cli("plot", kind, source, "-o", f"{kind}.svg").printed(f"{kind}.svg")
    assert "pos_x" in svg_text("votes.svg")
    assert "discriminator estimate" in svg_text("tc.svg")
    cli("plot", "votes", "scores.jsonl", "--metrics", "mig", "-o", "mig.svg").printed("mig.svg")
    cli("plot", "history", trained, "-o", "of_checkpoint.svg").printed("of_checkpoint.svg")
    assert "FactorVAE" in svg_text("of_checkpoint.svg")
    assert "discriminator accuracy" in svg_text("history.svg")


def test_records_from_a_pipe(files):
    command = f"cat tradeoff.jsonl | {sys.executable} -m disentool plot tradeoff - -o a.svg"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "a.svg\n", "")
    assert run(["plot", "tradeoff", "tradeoff.jsonl", "-o", "b.svg"]) == 0
    assert_same_bytes(files / "a.svg", files / "b.svg")


def test_several_histories_in_one_file_are_several_runs(cli, files):
    made.write(files / "two.jsonl", made.history() + made.history(seed=1))
    cli("plot", "history", "two.jsonl", "-o", "a.svg").printed("a.svg")
    assert "two 1" in svg_text("a.svg") and "two 2" in svg_text("a.svg")


def test_a_history_is_named_after_the_checkpoint_beside_it_and_counts_once(cli, folder, trained):
    history = trained.with_suffix(".history.jsonl")
    cli("plot", "history", history, trained, "-o", "a.svg").printed("a.svg")
    shown = svg_text("a.svg")
    assert "FactorVAE" in shown and "ckpt" not in shown and "1 run;" in shown
    (folder / "alone.history.jsonl").write_bytes(history.read_bytes())
    cli("plot", "history", "alone.history.jsonl", "-o", "b.svg").printed("b.svg")
    assert "alone" in svg_text("b.svg")
    (folder / "alone.pt").write_bytes(b"PK\x03\x04 cut off")
    outcome = cli("plot", "history", "alone.history.jsonl", "-o", "c.svg")
    outcome.printed("c.svg")
    assert "alone.pt" in outcome.err and "alone" in svg_text("c.svg")


def test_files_of_another_kind_are_passed_over(cli, files, trained):
    outcome = cli("plot", "history", "history.jsonl", "tradeoff.jsonl", "-o", "a.svg")
    outcome.printed("a.svg")
    passed_over, unit = outcome.err.splitlines()
    assert "tradeoff.jsonl" in passed_over and "reconstruction: no unit" in unit
    outcome = cli("plot", "tradeoff", trained, "tradeoff.jsonl", "history.jsonl", "-o", "b.svg")
    outcome.printed("b.svg")
    assert len(outcome.err.splitlines()) == 2
    cli("plot", "tradeoff", trained, "history.jsonl", "-o", "c.svg").failed(1, "no records")


def test_words_ends_and_the_typeface_are_chosen(cli, files):
    words = ("--title", "My title", "--label", "factorvae=Ours", "--label", "gamma=weight", "--no-caption")
    cli("plot", "tradeoff", "tradeoff.jsonl", "-o", "a.svg", *words, "--xlim", "40:", "--ylim", ":1").printed("a.svg")
    shown = svg_text("a.svg")
    assert "My title" in shown and "Ours" in shown and "weight = 40" in shown
    assert "FactorVAE " not in shown.replace("FactorVAE score", "") and "Student" not in shown
    cli("plot", "tradeoff", "tradeoff.jsonl", "-o", "b.pdf", "--font", "serif:8").printed("b.pdf")
    pdf = (files / "b.pdf").read_bytes()
    assert b"STIXGeneral" in pdf and b"/Type3" not in pdf
    cli("plot", "tradeoff", "tradeoff.jsonl", "-o", "c.svg", "--font", "mono").printed("c.svg")
    assert "DejaVu Sans Mono" in (files / "c.svg").read_text()


@pytest.mark.parametrize(
    ("words", "noun"),
    [
        ("--xlim 1", "LOW:HIGH"),
        ("--xlim a:b", "number"),
        ("--xlim 2:1", "--xlim"),
        ("--ylim 0:nan", "--ylim"),
        ("--font :99", "points"),
        ("--font :x", "number"),
        ("--font NoSuchTypeface", "font"),
        ("--label factorvae", "NAME=TEXT"),
        ("--label nothing=x", "nothing"),
        ("--width 22", "--width"),
    ],
)
def test_looks_that_cannot_be(cli, files, words, noun):
    cli("plot", "tradeoff", "tradeoff.jsonl", "-o", "a.svg", *words.split()).failed(2, noun)
    assert not (files / "a.svg").exists()


def test_a_point_where_a_curve_is_asked(cli, files):
    made.write(files / "one.history.jsonl", made.history()[:1])
    outcome = cli("plot", "history", "one.history.jsonl", "-o", "a.svg")
    outcome.printed("a.svg")
    assert (
        outcome.err.count("\n") == 2 and "one: " in outcome.err and "point" in outcome.err and "no unit" in outcome.err
    )


def test_names_of_others_are_escaped(cli, files):
    odd = {"artefact": "<script>alert(1)</script>&$\\frac{x}$.h5", "method": None, "config": {}}
    made.write(files / "odd.jsonl", [made.record("factor", 0.5) | odd, made.record("reconstruction", 40.0) | odd])
    cli("plot", "tradeoff", "odd.jsonl", "-o", "a.svg", "-o", "a.pdf", "-o", "a.png").printed("a.svg", "a.pdf", "a.png")
    assert "<script" not in (files / "a.svg").read_text()
    made.write(files / "cjk.jsonl", [made.record("factor", 0.5, artefact="漢字\udcff.h5", method=None, config={})])
    cli("plot", "compare", "cjk.jsonl", "-o", "b.svg", "-o", "b.png").printed("b.svg", "b.png")
    assert "漢字?.h5" in svg_text("b.svg")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("tradeof tradeoff.jsonl -o a.png", 2, "tradeoff?"),
        ("tradeoff tradeoff.jsonl -o a.gif", 2, "a.gif"),
        ("tradeoff tradeoff.jsonl -o a.png -o a.png", 2, "a.png"),
        ("tradeoff tradeoff.jsonl -o tradeoff.jsonl", 2, "tradeoff.jsonl"),
        ("tradeoff nothing.jsonl -o a.png", 1, "nothing.jsonl"),
        ("tradeoff empty.jsonl -o a.png", 1, "empty.jsonl"),
        ("tradeoff history.jsonl -o a.png", 1, "disentool.history"),
        ("history tradeoff.jsonl -o a.png", 1, "disentool.score"),
        ("tradeoff newer.jsonl -o a.png", 1, "version 9"),
        ("tradeoff text.jsonl -o a.png", 1, "line 1"),
        ("tradeoff part.jsonl -o a.png", 1, "record 1"),
        ("tradeoff CKPT -o a.png", 1, "ckpt.pt"),
        ("votes SQUARES -o a.png", 1, "squares.h5"),
        ("tradeoff tradeoff.jsonl -o there.png", 1, "there.png"),
        ("tradeoff tradeoff.jsonl --term kl -o a.png", 2, "--term"),
        ("history history.jsonl --metrics mig -o a.png", 2, "--metrics"),
        ("tradeoff tradeoff.jsonl --width 5 -o a.png", 2, "--width"),
        ("tradeoff tradeoff.jsonl --dpi 9999 -o a.png", 2, "--dpi"),
        ("tradeoff tradeoff.jsonl --dpi 1200 --width 900 --height 900 -o a.png", 2, "million"),
        ("tradeoff tradeoff.jsonl --metrics mig -o a.png", 2, "'mig'"),
        ("tradeoff tradeoff.jsonl", 2, "'-o'"),
        ("tradeoff -o a.png", 2, "RECORDS"),
    ],
)  # fmt: skip
def test_what_cannot_be_plotted(cli, files, trained, squares, arguments, code, words):
    (files / "empty.jsonl").write_text("")
    (files / "there.png").write_text("x")
    (files / "text.jsonl").write_text("hello\n")
    made.write(files / "newer.jsonl", [made.record("factor", 0.5, version=9)])
    made.write(files / "part.jsonl", [{"format": "disentool.score", "version": 1, "metric": "factor"}])
    given = [{"CKPT": trained, "SQUARES": squares}.get(word, word) for word in arguments.split()]
    before = sorted(files.iterdir())
    cli("plot", *given).failed(code, words)
    assert sorted(files.iterdir()) == before


def test_outputs_replace_only_when_asked(cli, files):
    (files / "a.png").write_text("x")
    cli("plot", "votes", "votes.jsonl", "-o", "a.png", "--overwrite").printed("a.png")
    assert (files / "a.png").read_bytes().startswith(b"\x89PNG")


def test_help_names_every_kind(cli):
    out = cli("plot", "--help").out
    assert all(re.search(rf"^  {kind} ", out, re.M) for kind in PLOTS)


@pytest.mark.parametrize(
    "change",
    [
        {"data": "ein Würfel's", "data_sha256": "a" * 64},
        {"data_sha256": "a" * 64},
        {"split": "train"},
        {"details": {"changed_options": ["votes"], "votes": 400}},
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_records_that_do_not_compare_come_with_the_command_that_keeps_some(cli, folder, change, order):
    rows = made.scored("factor", steps=(500,))
    both = [*rows, *(row | change for row in rows)][::order]
    (folder / "r.jsonl").write_text("".join(f"{to_json(row)}\n" for row in both), encoding="utf-8")
    outcome = cli("plot", "compare", "r.jsonl", "-o", "a.svg")
    outcome.failed(1, "grep")
    command = outcome.err.partition("`")[2].partition("`")[0].replace("RECORDS", "r.jsonl")
    subprocess.run(command, shell=True, check=True)
    assert len((folder / "one.jsonl").read_text(encoding="utf-8").splitlines()) == len(rows)
    cli("plot", "compare", "one.jsonl", "-o", "a.svg").printed("a.svg")
