"""``disentool report``: what belongs together, what is published beside it, what is missing, and foreign inputs."""

import io
import json
import math
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import page_files as made
import plot_records
import pytest
from conftest import square_grid, write_dataset
from scipy import stats

from disentool.io import checkpoint, directions_file
from disentool.pages import published_results, report_pictures, report_tables
from disentool.pages import report as report_page

SCORES = ("factor", "reconstruction", "mig")


@pytest.fixture(scope="module")
def ckpt(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    shutil.copy(trained.with_suffix(".history.jsonl"), folder / "ckpt.history.jsonl")
    return made.strong(trained, folder / "ckpt.pt")


@pytest.fixture
def own(folder, ckpt):
    """A working folder with the checkpoint and its history."""
    for name in ("ckpt.pt", "ckpt.history.jsonl"):
        shutil.copy(ckpt.parent / name, folder)
    return folder


@pytest.fixture
def report(cli, own):
    """The page of a command line, which must succeed."""

    def call(*words):
        cli("report", *words, "-o", "r.html", "--device", "cpu", "--overwrite").printed("r.html")
        page = made.Reader(own / "r.html")
        page.assert_closed()
        return page

    return call


def of_ckpt(own, **entries):
    from disentool.io import files

    return plot_records.record("factor", 0.61, id=files.sha256(own / "ckpt.pt")[:16], artefact="ckpt.pt", **entries)


def rows(page):
    """The rows of all tables, as lists of cells."""
    found = re.findall(r"<tr>(.*?)</tr>", page.source, re.S)
    return [
        [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)] for row in found
    ]


def test_a_checkpoint_alone(report):
    page = report("ckpt.pt")
    assert page.texts["h1"] == ["ckpt.pt"]
    assert [c for c in rows(page)[1] if c][:6] == ["ckpt.pt", "FactorVAE", "0", "30", "squares", "192"]
    text = page.text
    for words in (
        "latent_dim 4 (default 10)",
        "steps 30 (default 300,000)",
        "disentool 0.1.0, python",
        "192 images of 32×32×1",
        "No score record was given",
        "Losses against steps, FactorVAE. 1 run",
        "Each latent dimension from end to end",
        "One slider moves at a time",
    ):
        assert words in text, words
    (data,) = page.explorers()
    assert [axis["name"] for axis in data["axes"]] == ["z2", "z3", "z0"]


def test_without_a_name_it_is_the_checkpoint_here(report):
    assert report().texts["h1"] == ["ckpt.pt"]


def test_scores_history_and_directions_go_to_their_checkpoint(report, own):
    made.write_directions(own / "ckpt.pt", own / "dirs.h5")
    control = plot_records.record(
        "control", 0.8, artefact="dirs.h5:zoom", id="f" * 16, method="tangent", protocol="grid", step=None,
        details={"changed_options": [], "generator": {"sha256": made.files.sha256(own / "ckpt.pt")}},
    )  # fmt: skip
    plot_records.write(own / "s.jsonl", [of_ckpt(own), control])
    page = report("ckpt.pt", "s.jsonl", "ckpt.history.jsonl", "dirs.h5")
    assert page.texts["h1"] == ["ckpt.pt"], "one run"
    assert "1 checkpoint · 2 score records · 1 history · 2 directions" in page.text
    table = rows(page)
    assert ["ckpt.pt", "FactorVAE", "0", "500", "3,000", "0.610", "0.590 … 0.640", "", ""] in table
    assert any(row[:2] == ["dirs.h5:zoom", "FactorVAE"] for row in table)
    assert ["shift-x", "dirs.h5", "tangent", "-0.300 … 0.250", "image widths", "0.900", "0.800 … 0.950"] in table
    assert [axis["name"] for axis in page.explorers()[0]["axes"]] == ["shift-x", "zoom", "z2", "z3", "z0"]
    assert "Images moved along the directions of dirs.h5" in page.text


def test_published_numbers_stand_beside_scores_of_the_same(report, own):
    plot_records.write(own / "s.jsonl", plot_records.scored(*SCORES, seeds=2, steps=(500,)))
    page = report("s.jsonl")
    table = rows(page)
    stated = [row for row in table if row[0] == "published"]
    assert [(row[1].split(",")[0], row[5]) for row in stated] == [
        ("FactorVAE", "0.82"), ("β-VAE", "0.73"), ("FactorVAE", "45"), ("β-VAE", "45")
    ]  # fmt: skip
    assert all("Kim &amp; Mnih 2018" in row[-1] for row in stated)
    assert "FactorVAE γ = 40" in [row[1] for row in table if len(row) == 9]
    for words in ("Methods by metrics", "A score against the reconstruction error", "FactorVAE and β-VAE"):
        assert words in page.text, words
    other = [record | {"data": "cars3d"} for record in plot_records.scored("factor", seeds=1, steps=(500,))]
    plot_records.write(own / "t.jsonl", other)
    assert not [row for row in rows(report("t.jsonl")) if row[0] == "published"], "of other data"


def test_published_numbers_are_those_of_the_papers():
    """As stated in the texts: figure 5 of Kim & Mnih (2018), and figures 10 and 11."""
    known = {(p.method, p.metric, p.data): p.value for p in published_results.PUBLISHED}
    assert known["factorvae", "factor", "dsprites"] == 0.82 and known["betavae", "factor", "dsprites"] == 0.73
    assert known["factorvae", "reconstruction", "shapes3d"] == 3515
    assert known["betavae", "reconstruction", "shapes3d"] == 3570
    assert published_results.CORRELATION[1] == {"pearson": 0.404, "kendall": 0.31, "spearman": 0.444}


def test_correlations(cli, report, own):
    plot_records.write(own / "s.jsonl", plot_records.scored("factor", "higgins", steps=(500,)))
    outcome = cli("correlate", "s.jsonl", "--metrics", "factor,higgins", "--format", "jsonl")
    (own / "c.jsonl").write_text(outcome.out)
    page = report("c.jsonl")
    assert ["published", "", "0.404", "0.310", "0.444", "Kim &amp; Mnih 2018, section 6, on dsprites"] in rows(page)
    assert rows(page)[1][:2] == ["factor and higgins", "12"]


def test_records_alone_have_no_pictures(report, own):
    plot_records.write(own / "s.jsonl", plot_records.scored("factor", seeds=1, steps=(500,))[:1])
    page = report("s.jsonl")
    assert "The checkpoint is not among the inputs, so there are no pictures of it." in page.text
    assert "No training history was given." in page.text
    assert page.explorers() == []
    plot_records.write(own / "x.history.jsonl", plot_records.history()[:1])
    assert "x: a single line, which is drawn as a point" in report("x.history.jsonl").text


def test_a_history_of_a_checkpoint_that_records_tell_of(report, own):
    records = plot_records.scored("factor", seeds=1, steps=(500,))[:1]
    plot_records.write(own / "s.jsonl", [records[0] | {"artefact": "elsewhere/a.pt"}])
    plot_records.write(own / "a.history.jsonl", plot_records.history())
    page = report("s.jsonl", "a.history.jsonl")
    assert page.texts["h1"] == ["a.pt"] and "Losses against steps, FactorVAE. 1 run" in page.text


def test_a_folder(cli, own):
    made.write_directions(own / "ckpt.pt", own / "in" / "a" / "dirs.h5")
    shutil.move(own / "ckpt.pt", own / "in" / "ckpt.pt")
    plot_records.write(own / "in" / "s.jsonl", plot_records.scored("factor", seeds=1))
    write_dataset(own / "in" / "data.h5", *square_grid(16))
    (own / "in" / ".hidden.pt").write_text("not looked at")
    (own / "in" / "notes.txt").write_text("nor this")
    outcome = cli("report", "in", "-o", "r.html", "--device", "cpu")
    outcome.printed("r.html")
    assert "1 file" in outcome.err
    assert made.Reader(own / "r.html").text.count("explorer") or made.Reader(own / "r.html").explorers()
    (own / "in" / "b.pt").write_bytes(b"PK\x03\x04 cut off")
    outcome = cli("report", "in", "-o", "b.html", "--device", "cpu")
    assert (outcome.code, outcome.out) == (1, "b.html\n")
    assert re.search(r"^disentool: in/b\.pt: ", outcome.err, re.M)
    assert "b.html" in outcome.err.splitlines()[-1] and "(1)" in outcome.err.splitlines()[-1]
    assert "in/b.pt" in made.Reader(own / "b.html").text


def test_paths_from_stdin(cli, own, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("ckpt.pt\nnone.pt\n"))
    outcome = cli("report", "-", "-o", "r.html", "--device", "cpu")
    assert (outcome.code, outcome.out) == (1, "r.html\n")
    assert "none.pt" in outcome.err
    assert "none.pt" in made.Reader(own / "r.html").text


def test_pictures_that_cannot_be_made(cli, own, ckpt):
    made.strong(ckpt, own / "odd.pt", samples={})
    outcome = cli("report", "odd.pt", "ckpt.pt", "-o", "r.html", "--device", "cpu")
    assert (outcome.code, outcome.out) == (1, "r.html\n")
    assert "odd.pt" in outcome.err
    page = made.Reader(own / "r.html")
    assert "odd.pt" in page.text and len(page.explorers()) == 1


def test_a_direction_that_moves_nothing_does_not_lose_the_page(cli, own, ckpt):
    """It may be in a file: `find-direction --force` writes it."""
    found = directions_file.read(made.write_directions(own / "ckpt.pt", own / "dirs.h5"))
    name, direction = next(iter(found.directions.items()))
    still = replace(direction, values=np.zeros_like(direction.values), t_valid=(0.0, 0.0))
    directions_file.write(replace(found, directions={name: still}), overwrite=True)
    outcome = cli("report", "ckpt.pt", "dirs.h5", "-o", "r.html", "--device", "cpu", "-q")
    assert (outcome.code, outcome.out) == (1, "r.html\n")
    assert outcome.err.startswith("disentool: dirs.h5: ")
    assert "dirs.h5: " in made.Reader(own / "r.html").text


def test_no_more_explorers_than_a_page_can_hold(report, own, ckpt, monkeypatch):
    monkeypatch.setattr(report_page, "MAX_EXPLORERS", 1)
    monkeypatch.setattr(report_page, "MAX_PICTURED", 2)
    for seed in (28, 29):
        made.strong(ckpt, own / f"s{seed}.pt", rng=checkpoint.read(ckpt)["rng"] | {"seed": seed})
    page = report("ckpt.pt", "s28.pt", "s29.pt")
    assert len(page.explorers()) == 1
    assert (
        "Explorers are of the first 1 checkpoints" in page.text
        and "Pictures are of the first 2 checkpoints" in page.text
    )
    assert page.texts["h1"] == ["3 runs of FactorVAE"]


def test_snapshots_are_folded_under_their_run(report, own, ckpt):
    for step in (10, 20):
        made.strong(ckpt, own / f"ckpt-{step}.pt", step=step)
    digests = {name: made.files.sha256(own / f"{name}.pt")[:16] for name in ("ckpt-10", "ckpt-20", "ckpt")}
    kept = checkpoint.read(own / "ckpt.pt")
    of = {"method": "factorvae", "config": kept["config"], "seed": 0}
    plot_records.write(own / "s.jsonl", [
        plot_records.record("factor", 0.2 + step / 100, id=digests[name], artefact=f"{name}.pt", step=step) | of
        for name, step in (("ckpt-10", 10), ("ckpt-20", 20), ("ckpt", 30))
    ])  # fmt: skip
    page = report("ckpt-10.pt", "ckpt-20.pt", "ckpt.pt", "s.jsonl")
    assert page.texts["h1"] == ["ckpt.pt"], "one run"
    assert "3 checkpoints · 3 score records" in page.text
    assert "ckpt-10.pt (step 10), ckpt-20.pt (step 20)" in page.text
    assert len(page.explorers()) == 1
    fold = re.search(r'<tr class="fold">.*?</details>', page.source, re.S)[0]
    assert "2 snapshots of ckpt.pt" in fold
    scores = [[row[0], row[3], row[5]] for row in rows(page) if len(row) == 9 and row[0].startswith("ckpt")]
    assert ["ckpt.pt", "30", "0.500"] in scores and ["ckpt-10.pt", "10", "0.300"] in scores
    assert page.source.index(">0.500<") < page.source.index(fold) < page.source.index(">0.300<")


def test_means_over_seeds_stand_above_their_runs(report, own):
    records = plot_records.scored("factor", seeds=3, steps=(500,))
    plot_records.write(own / "s.jsonl", records)
    table = rows(report("s.jsonl"))
    own_scores = [r["score"] for r in records if r["config"].get("gamma") == 40.0]
    half = stats.sem(own_scores) * stats.t.ppf(0.975, 2)
    place = next(n for n, row in enumerate(table) if row[:2] == ["mean of 3 seeds", "FactorVAE γ = 40"])
    mean, deviation = np.mean(own_scores), np.std(own_scores, ddof=1)
    assert table[place][5:7] == [f"{mean:.3f} ± {deviation:.3f}", f"{mean - half:.3f} … {mean + half:.3f}"]
    assert [row[5] for row in table[place + 1 : place + 4]] == [f"{score:.3f}" for score in own_scores]


def test_a_page_says_once_what_a_deviation_is(report, own):
    plot_records.write(own / "s.jsonl", plot_records.scored("factor", "mig", seeds=3, steps=(500,)))
    assert report("s.jsonl").text.count("standard deviation over its seeds") == 1
    plot_records.write(own / "s.jsonl", plot_records.scored("factor", "mig", seeds=1, steps=(500,)))
    assert "standard deviation over its seeds" not in report("s.jsonl").text


def test_a_note_of_several_runs_stands_below_their_table_once(report, own):
    notes = {0: ["of all", "of some"], 1: ["of all", "of some"], 2: ["of all", "of one"]}
    plot_records.write(own / "s.jsonl", [
        plot_records.record("factor", 0.5, seed=n, id=f"{n}" * 16, artefact=f"{n}.pt", details={"notes": found})
        for n, found in notes.items()
    ])  # fmt: skip
    page = report("s.jsonl")
    assert [row[8] for row in rows(page) if len(row) == 9 and row[0].endswith(".pt")] == ["(1)", "(1)", "of one"]
    assert "Of all." in page.text and "(1) Of some." in page.text
    assert "of all" not in page.text and "of some" not in page.text


def test_runs_stand_in_the_order_of_their_options(report, own):
    plot_records.write(own / "s.jsonl", [
        plot_records.record("factor", 0.5, id=f"{gamma:016}", artefact=f"g{gamma}.pt", config={"gamma": float(gamma)})
        for gamma in (1, 16, 4, 100, 8)
    ])  # fmt: skip
    shown = [row[0] for row in rows(report("s.jsonl")) if row[1] == "FactorVAE"]
    assert shown == ["g1.pt", "g4.pt", "g8.pt", "g16.pt", "g100.pt"]


def test_directions_are_no_runs(report, own):
    control = {
        "method": "tangent", "protocol": "grid", "step": None, "config": {"loss": "blur"},
        "details": {"changed_options": [], "generator": {"sha256": "a" * 64}},
    }  # fmt: skip
    names = ("shift-x", "zoom")
    directions = [plot_records.record("control", 0.8, artefact=f"d.h5:{n}", id=n * 2, **control) for n in names]
    plot_records.write(own / "s.jsonl", [*directions, *plot_records.scored("factor", seeds=1, steps=(500,))])
    page = report("s.jsonl")
    (title,) = page.texts["h1"]
    assert title.startswith("4 runs of FactorVAE and β-VAE") and title.endswith("and 2 directions")
    assert not any("tangent" in line for line in re.findall(r"Not the defaults[^<]*", page.source))
    runs = page.source.partition('<section id="runs">')[2].partition("</section>")[0]
    assert "shift-x" not in runs and page.source.index("<h2>d.h5:zoom") > page.source.rindex("<h2>d.h5:shift-x")
    plot_records.write(own / "s.jsonl", directions)
    assert report("s.jsonl").texts["h1"] == ["2 directions"]


def test_a_collapsed_run_is_called_so(report, own, ckpt):
    content = checkpoint.read(own / "ckpt.pt")
    kl = content["statistics"]["kl"]
    for name, values, step in (("flat.pt", [0.0] * len(kl), 1000), ("early.pt", [0.0] * len(kl), 9)):
        made.strong(ckpt, own / name, step=step, statistics=content["statistics"] | {"kl": values})
    page = report("flat.pt")
    assert "0 of 4: collapsed" in page.text and "the model has collapsed" in page.text
    assert "collapsed" not in report("early.pt").text.partition("Each latent dimension")[0].replace(
        "to call it a coll", ""
    )
    assert "of 4 dimensions carry information" in report("ckpt.pt").text


def test_numbers_side_by_side_have_as_many_decimals(report, own):
    rows_ = [plot_records.record("reconstruction", score, seed=n) for n, score in enumerate((99.5, 100.0, 101.5))]
    plot_records.write(own / "s.jsonl", rows_)
    page = report("s.jsonl")
    mean = next(row for row in rows(page) if row[0] == "mean of 3 seeds")
    assert mean[5] == "100.3 ± 1.0" and all(end[-2] == "." for end in mean[6].split(" … "))
    assert ">45 … 102</th>" in page.source, "from what is published: the small drawings say what their ends are"
    assert report_tables.numbers(9.9, None, 123.4, math.nan) == ["9.9", "–", "123.4", "–"]


def test_each_data_set_has_tables_and_plots_of_its_own(report, own):
    records = plot_records.scored("factor", seeds=1, steps=(500,))
    other = [r | {"data": "cars3d", "data_sha256": "c" * 64, "id": f"c{n}"} for n, r in enumerate(records)]
    plot_records.write(own / "s.jsonl", records + other)
    page = report("s.jsonl")
    assert [text for text in page.texts["h3"] if "factor" in text] == ["factor, dsprites", "factor, cars3d"]
    assert page.text.count("Methods by metrics, with intervals, ") == 2
    assert "different constants" not in page.text
    first, second = page.source.index("<h3>factor, dsprites"), page.source.index("<h3>factor, cars3d")
    stated = [match.start() for match in re.finditer(">published<", page.source)]
    assert len(stated) == 2 and all(first < place < second for place in stated), "of 2D Shapes alone"


def test_published_numbers_follow_the_rows_of_their_method(report, own):
    plot_records.write(own / "s.jsonl", plot_records.scored("factor", seeds=1, steps=(500,)))
    shown = [row[1].split()[0].strip(",") for row in rows(report("s.jsonl")) if len(row) == 9][1:]
    assert shown == ["FactorVAE"] * 3 + ["β-VAE"] * 3


def test_published_correlations_are_of_their_pair_and_data(cli, report, own):
    scores = plot_records.scored("factor", "higgins", "mig", steps=(500,))
    plot_records.write(own / "s.jsonl", scores)
    (own / "c.jsonl").write_text(cli("correlate", "s.jsonl", "--format", "jsonl").out)
    table = rows(report("c.jsonl", "s.jsonl"))
    place = next(n for n, row in enumerate(table) if row[0] == "published" and row[2] == "0.404")
    assert table[place - 1][0] == "factor and higgins"
    plot_records.write(own / "s.jsonl", [row | {"data": "cars3d"} for row in scores])
    assert not any("0.404" in row for row in rows(report("c.jsonl", "s.jsonl")))


def test_a_phone_shows_the_columns_that_matter(report, own):
    plot_records.write(own / "s.jsonl", plot_records.scored("factor", seeds=1, steps=(500,)))
    page = report("s.jsonl")
    kept = re.findall(r'<th scope="col"(?: class="number")?>(.*?)</th>', page.source)
    assert kept == ["run", "method", "setting", "run", "setting", "score"]
    assert ".less { display: none; }" in page.source.partition("@media (max-width: 640px)")[2]


def test_class_and_content_checkpoints_have_a_swap_grid(report, own, squares):
    from disentool.commands.train import train
    from disentool.training.plan import plan

    given = {"class_factor": "size", "steps": 2, "batch_size": 16, "hidden_units": 32, "log_every": 1, "group_size": 4}
    list(train(plan("mlvae", given | {"data": str(squares), "device": "cpu"}, output=str(own / "ml.pt"))))
    page = report("ml.pt")
    assert "The content of each image to the left on the class of each image above." in page.text
    assert "code, in standard deviations" in page.text, "the sliders say of which code they are"


def test_same_inputs_same_bytes(cli, own):
    plot_records.write(own / "s.jsonl", plot_records.scored("factor", "reconstruction", seeds=2))
    cli("report", "ckpt.pt", "s.jsonl", "-o", "a.html", "--device", "cpu").printed("a.html")
    code = "from disentool.cli import run; run(['report', 'ckpt.pt', 's.jsonl', '-o', 'b.html', '--device', 'cpu'])"
    settings = os.environ | {"PYTHONHASHSEED": "7", "MPLCONFIGDIR": str(own)}
    subprocess.run([sys.executable, "-c", code], env=settings, check=True, capture_output=True)
    same = (own / "a.html").read_bytes() == (own / "b.html").read_bytes()
    assert same  # without pytest's diff of two pages, which takes an hour


def test_foreign_texts_are_escaped(report, own, ckpt):
    odd = "<img src=x onerror=alert(1)>\"'&\u202e漢字"
    shutil.copy(ckpt, own / f"{odd}.pt")
    record = plot_records.record(
        "factor", 0.5, artefact=odd, data=odd, method=odd, config={odd: odd}, seed=odd, step=odd
    )
    record["details"]["notes"] = [odd]
    record["metric"] = record["protocol"] = odd
    plot_records.write(own / "s.jsonl", [record])
    plot_records.write(
        own / f"{odd}.history.jsonl", [{"step": 1, "time": 1, odd: 2.0}, {"step": 2, "time": 1, odd: 3.0}]
    )
    made.write_directions(ckpt, own / "d.h5", sha256="0" * 64)
    page = report(f"{odd}.pt", "s.jsonl", f"{odd}.history.jsonl", "d.h5")
    assert "Of generators whose checkpoints are not among the runs." in page.text
    assert "x" not in [attributes.get("src") for _, attributes in page.elements]
    assert "<img src=x" in page.text


def test_records_of_any_shape(report, own):
    """Valid score records whose other entries are nonsense are shown all the same."""
    odd = plot_records.record(
        "factor", None, config=[1], seed={"a": 1}, step=[2], rows="many", data=None, interval="wide"
    )
    plot_records.write(own / "s.jsonl", [odd, odd | {"id": "2", "method": 7, "score": 1e300, "interval": [0, None]}])
    scores = [row[5] for row in rows(report("s.jsonl")) if len(row) == 9]
    assert scores[1] == "–" and scores[2].startswith("1,000,000,000")


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        ("none.pt -o r.html", 1, "none.pt"),
        ("ckpt.pt none.jsonl -o r.html", 1, "none.jsonl"),
        ("data.h5 -o r.html", 1, "disentool.dataset"),
        ("text.jsonl -o r.html", 1, "line 1"),
        ("empty.jsonl -o r.html", 1, "empty.jsonl"),
        ("newer.jsonl -o r.html", 1, "version 9"),
        ("part.jsonl -o r.html", 1, "record 1"),
        ("inversion.jsonl -o r.html", 1, "disentool.inversion"),
        ("damaged.pt -o r.html", 1, "damaged.pt: "),
        ("w.safetensors -o r.html", 1, "w.safetensors"),
        ("nothing -o r.html", 1, "nothing"),
        ("ckpt.pt -o r.pdf", 2, "r.pdf"),
        ("ckpt.pt -o there.html", 1, "there.html"),
        ("ckpt.pt", 2, "'-o'"),
        ("ckpt.pt - -o r.html", 2, "stdin"),
    ],
)
def test_what_cannot_be_reported(cli, own, words, code, expected):
    write_dataset(own / "data.h5", *square_grid(16))
    (own / "text.jsonl").write_text("hello\n")
    (own / "empty.jsonl").write_text("")
    (own / "there.html").write_text("mine")
    (own / "damaged.pt").write_bytes(b"PK\x03\x04" + bytes(100))
    (own / "nothing").mkdir()
    (own / "w.safetensors").write_bytes(bytes(8))
    plot_records.write(own / "newer.jsonl", [plot_records.record("factor", 0.5, version=9)])
    plot_records.write(own / "part.jsonl", [{"format": "disentool.score", "version": 1, "metric": "factor"}])
    plot_records.write(own / "inversion.jsonl", [{"format": "disentool.inversion", "version": 1}])
    before = sorted(own.rglob("*"))
    cli("report", *words.split()).failed(code, expected)
    assert sorted(own.rglob("*")) == before


def test_large_pictures_are_compressed(report, monkeypatch):
    small = report("ckpt.pt").source
    monkeypatch.setattr(report_pictures, "_PICTURE", 1000)
    monkeypatch.setattr(report_pictures, "_VECTORS", 1000)
    page = report("ckpt.pt")
    kinds = [attributes["src"].partition(";")[0] for tag, attributes in page.elements if tag == "img"]
    assert kinds[:2] == ["data:image/png", "data:image/webp"] and "svg+xml" in small


def test_help_needs_no_torch():
    code = "import sys; from disentool.cli import run; run(['report', '--help']); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "Examples:\n  disentool score" in done.stdout


def test_the_plots_are_vectors_in_two_inks(report, own):
    import base64

    plot_records.write(own / "s.jsonl", plot_records.scored("factor", seeds=1))
    page = report("s.jsonl")
    light = [attributes["src"] for tag, attributes in page.elements if tag == "img"]
    dark = [attributes["srcset"] for tag, attributes in page.elements if tag == "source"]
    assert len(light) == len(dark) >= 1 and all("image/svg+xml" in address for address in (*light, *dark))
    for address, paper in ((light[0], "#ffffff"), (dark[0], "#16181c")):
        assert f"fill: {paper}" in base64.b64decode(address.partition(",")[2]).decode()
    assert np.unique([json.dumps(address) for address in (light[0], dark[0])]).size == 2
