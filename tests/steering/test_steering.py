"""Along directions from the shell: traverse, sample and score, in a generator whose directions are known."""

import csv
import json
import shutil
import sys
from dataclasses import replace

import h5py
import numpy as np
import page_files
import pytest
import torch
from conftest import ROOT
from PIL import Image
from same_files import assert_same_bytes
from scipy import stats

from disentool.directions import curves, laws, measurements
from disentool.directions.generator import GeneratorFacts
from disentool.directions.trajectories import Objective
from disentool.engine.randomness import latent_noise
from disentool.errors import WrongUsage
from disentool.io import directions_file
from disentool.io.directions_file import Direction, Directions
from disentool.models.generator import generated_pixels, open_generator
from disentool.reporting import Silent
from disentool.steering import along_direction, dimension_moves, named_directions

EXAMPLE = ROOT / "examples" / "your_generator.py"
ALONG = ("--direction", "dirs.h5:shift-x", "--trust", "--device", "cpu")
BLOB = "your_generator:Blob"


@pytest.fixture
def own(folder, monkeypatch):
    """A working folder with the example, and its true directions: g is 0.08 widths a unit, the zoom's 0.1."""
    shutil.copy(EXAMPLE, folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    opened = open_generator(BLOB, "cpu", trust=True)
    true = sys.modules["your_generator"].Blob().directions.numpy()
    knots = np.linspace(-3, 3, 13)
    units = {"shift-x": (0.08, "image widths"), "shift-y": (0.08, "image heights"), "zoom": (0.1, "log")}
    made = {
        name: Direction(name, u.astype(np.float32), knots, slope * knots, (-3 * slope, 3 * slope), unit)
        for (name, (slope, unit)), u in zip(units.items(), true, strict=True)
    }
    found = Directions(folder / "dirs.h5", made, BLOB, opened.sha256, "known", 0)
    directions_file.write(found, overwrite=False)
    yield replace(found, path=folder / "other.h5", generator_sha256="0" * 64)
    sys.modules.pop("your_generator", None)


# ---- traverse


def test_traverse_moves_by_t_image_widths(cli, own, folder):
    call = ("traverse", BLOB, *ALONG, "--t", "-0.2:0.2", "--steps", 3, "--images", 1)
    cli(*call, "--size", 32, "-o", "out.png").printed("out.png")
    with Image.open(folder / "out.png") as picture:
        assert picture.width > 3 * 32  # and labels
        said = json.loads(next(text for text in picture.text.values() if "shift-x" in text))
    assert said["directions"] == ["shift-x"] and len(said["generator_sha256"]) == 64
    named = named_directions.read(["dirs.h5:shift-x"], every=True)[0]
    start = np.random.default_rng(0).standard_normal((5, 8))
    for span, placed in (
        (along_direction.Span(-0.1, 0.1), True),
        (along_direction.Span(-1.0, 1.0, latent=True), False),
    ):
        move = along_direction.Move(named.direction, span, placed)
        z = move.codes(start, np.array([-0.05, 0.0, 0.05]))
        u = named.direction.u.astype(float)
        expected = (0.0 if placed else start @ u[:, None]) + np.array([-0.05, 0, 0.05]) / (1 if span.latent else 0.08)
        np.testing.assert_allclose(z @ u, np.broadcast_to(expected, (5, 3)), atol=1e-5)
        rest = z - (z @ u)[..., None] * u  # nothing else of the code changes
        np.testing.assert_allclose(
            rest, np.broadcast_to((start - (start @ u)[:, None] * u)[:, None], rest.shape), atol=1e-5
        )


def test_a_page_of_any_generator(cli, own, folder):
    cli("traverse", BLOB, *ALONG, "--html", "out.html", "--images", 2).printed("out.html")
    page = page_files.Reader(folder / "out.html")
    page.assert_closed()
    (data,) = page.explorers()
    assert [axis["name"] for axis in data["axes"]] == ["shift-x"] and len(data["sheets"]) == 2 and data["pad"] is None
    assert page.texts["h1"] == [BLOB]


def test_an_animation_of_several_directions(cli, own, folder):
    call = ("traverse", BLOB, "--direction", "dirs.h5", "--trust", "--device", "cpu", "--frames", 6, "--images", 2)
    cli(*call, "--alpha", "-2:2", "--gif", "pan.gif", "-o", "a.png").printed("a.png", "pan.gif")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--t", "-0.5:0.2"), 2, "-0.24:0.24"),
        (("--t", "0.2:0.1"), 2, "--t 0.2:0.1"),
        (("--t", "far"), 2, "--t far"),
        (("--t", "-0.1:0.1", "--alpha", "-1:1"), 2, "--alpha"),
        (("--dims", "1"), 2, "--dims"),
        (("--class", "1"), 2, "--class 1"),
        (("--direction", "dirs.h5:zooom"), 2, "zoom?"),
        (("--direction", "dirs.h5:shift-x"), 2, "--direction shift-x"),
        (("--direction", "none.h5:zoom"), 1, "none.h5"),
    ],
)
def test_bad_traversals(cli, own, folder, words, code, message):
    cli("traverse", BLOB, *ALONG, *words, "-o", "out.png").failed(code, message)
    assert not (folder / "out.png").exists()


def test_one_t_is_for_directions_of_one_unit(cli, own, folder):
    """Shares of the width and of the height are alike; a log of the magnification is not."""
    every = ("traverse", BLOB, "--direction", "dirs.h5", "--trust", "--device", "cpu")
    cli(*every, "--t", "-0.1:0.1", "-o", "a.png").failed(2, "zoom")
    cli(*every, *("--t", "-0.1:0.1") * 3, "--steps", 3, "--images", 1, "--size", 16, "-o", "a.png").printed("a.png")
    directions = [each.direction for each in named_directions.read(["dirs.h5"], every=True)]
    span = along_direction.Span(-0.1, 0.1)
    assert along_direction.spans_of(directions[:2], [span]) == [span, span]
    turned = along_direction.Span(-1, 1, latent=True)
    assert along_direction.spans_of(directions, [turned]) == [turned] * 3
    with pytest.raises(WrongUsage, match="zoom"):
        along_direction.spans_of(directions[1:], [span])


@pytest.mark.parametrize(
    ("low", "high", "steps", "expected"),
    [
        (-0.2, 0.2, 5, [-0.2, -0.1, 0, 0.1, 0.2]),
        (-0.3, 0.5, 4, [-0.3, 0, 0.7 / 3, 0.5]),
        (-1, 3, 3, [-1, 0, 3]),
        (-1, 1, 2, [-1, 1]),
        (0.1, 0.3, 3, [0.1, 0.2, 0.3]),
        (0, 0.4, 3, [0, 0.2, 0.4]),
    ],
)
def test_the_image_itself_is_among_those_that_it_is_moved_to(low, high, steps, expected):
    np.testing.assert_allclose(along_direction.amounts(low, high, steps), expected, atol=1e-12)
    both = along_direction.amounts(np.array([low, -1.0]), np.array([high, 1.0]), steps)
    np.testing.assert_allclose(both[0], expected, atol=1e-12)
    assert both.shape == (2, steps)


# ---- along curves


class Entangled:
    """A blob whose place is moved by another direction of two dimensions at each value of the third."""

    facts, device = GeneratorFacts(3, 1, 32, 32), torch.device("cpu")

    def __call__(self, z, classes=None):
        grid = (torch.arange(32) + 0.5) / 32 - 0.5
        turn = 1.2 * z[:, 2]
        x, y = (
            0.08 * (turn.cos() * z[:, 0] + turn.sin() * z[:, 1]),
            0.08 * (turn.cos() * z[:, 1] - turn.sin() * z[:, 0]),
        )
        across, down = grid[None] - x[:, None], grid[None] - y[:, None]
        return torch.exp(-0.5 * (across[:, None] ** 2 + down[:, :, None] ** 2) / 0.1**2)[:, None]


def test_a_curve_meets_t_where_no_straight_line_can():
    generator = Entangled()
    start = 0.5 * np.random.default_rng(0).standard_normal((12, 3))
    amounts = np.array([-0.08, -0.04, 0.0, 0.04, 0.08])
    found = curves.Curve(generator, Objective("shift-x", "blur", 0.75)).codes(start, amounts, None)
    assert found.shape == (12, 5, 3) and found.dtype == np.float32
    np.testing.assert_array_equal(found[:, 2], start.astype(np.float32))

    def places(z):
        images = generator(torch.from_numpy(z.reshape(-1, 3)).float()).permute(0, 2, 3, 1).numpy()
        return [values.reshape(12, 5) for name, values in measurements.objects(images).items() if name in "xy"]

    line = start[:, None] + (amounts / 0.08)[:, None] * np.array([1.0, 0.0, 0.0])  # the best of all straight lines
    missing = []
    for z in (found, line):
        x, y = places(z)
        missing.append(np.sqrt(np.mean(np.square(x - x[:, 2:3] - amounts) + np.square(y - y[:, 2:3]))))
    assert missing[0] < 0.4 * missing[1] and missing[0] < 0.01


def test_curves_from_the_shell(cli, own, folder):
    call = ("traverse", BLOB, *ALONG, "--steps", 3, "--size", 16, "--images", 1)
    cli(*call, "--t", "-0.1:0.1", "--path", "curved", "-o", "a.png").printed("a.png")
    cli(
        "traverse", "your_generator:Moons", *ALONG, "--path", "curved", "--force", "--frames", 4, "--gif", "a.gif"
    ).printed("a.gif")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*ALONG, "--alpha", "-1:1", "-o", "a.png"), "--alpha"),
        ((*ALONG, "--html", "a.html"), "a.html"),
        (("--trust", "-o", "a.png"), "--path"),
    ],
)
def test_what_has_no_curve(cli, own, folder, words, message):
    cli("traverse", BLOB, "--path", "curved", *words).failed(2, message)


# ---- without directions: what a generator makes


def test_a_generator_of_anyones_shows_what_it_makes(cli, own, folder):
    call = ("--trust", "--device", "cpu")
    cli("sample", BLOB, *call, "-n", 5, "--seed", 2, "-o", "s.h5").printed("s.h5")
    opened = open_generator(BLOB, "cpu", trust=True)
    with h5py.File(folder / "s.h5") as file:
        images, codes, names = file["images"][()], file["codes"][()], set(file)
        assert "t_names" not in file.attrs
    assert "t" not in names and images.shape == (5, 32, 32, 1)
    np.testing.assert_array_equal(codes, latent_noise(2, np.arange(5), 8))
    np.testing.assert_array_equal(images, np.concatenate(list(generated_pixels(opened, codes))))
    cli("sample", "your_generator:Moons", *call, "-n", 4, "--class", "1", "-o", "s.png").printed("s.png")
    cli("sample", BLOB, *call, "-n", 4, "-o", "folder").printed("folder")
    assert len(list((folder / "folder").iterdir())) == 4
    few = ("--size", 16, "--images", 1, "--dims", "3,0")
    cli("traverse", BLOB, *call, *few, "--range", "-1:2", "--steps", 4, "-o", "t.png").printed("t.png")
    with Image.open(folder / "t.png") as picture:
        said = json.loads(next(text for text in picture.text.values() if "generator_sha256" in text))
    assert said["directions"] == ["z3", "z0"]
    cli("traverse", "your_generator:Moons", *call, "--images", 2, "--steps", 3, "--html", "t.html").printed("t.html")
    (data,) = page_files.Reader(folder / "t.html").explorers()
    assert data["axes"][0]["name"].startswith("z")


def test_the_dimensions_that_change_the_images_most_come_first(own):
    opened = open_generator(BLOB, "cpu", trust=True)
    axes = np.square(sys.modules["your_generator"].Blob().directions.numpy()[:2]).sum(0)  # of the two places
    moves = dimension_moves.choose(opened, None, (-2.0, 2.0), (), Silent())
    order = [int(move.direction.name[1:]) for move in moves]
    assert sorted(order) == list(range(8)) and order[0] in np.argsort(-axes)[:2] and order[-1] in np.argsort(axes)[:2]
    z = moves[0].codes(np.ones((1, 8)), np.array([-2.0, 0.0, 1.5]))
    np.testing.assert_allclose(z[0, :, order[0]], [-2, 0, 1.5], atol=1e-6)
    assert (np.delete(z[0], order[0], axis=1) == 1).all()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("traverse", BLOB, "--trust", "--dims", "8", "-o", "a.png"), 2, "--dims 8"),
        (("traverse", BLOB, "--trust", "--t", "0:1", "-o", "a.png"), 2, "--t"),
        (("traverse", BLOB, "--trust", "--range", "0", "-o", "a.png"), 2, "--range 0"),
        (("traverse", BLOB, "-o", "a.png"), 1, "--trust"),
        (("traverse", BLOB, "--trust", "--rows", "1", "-o", "a.png"), 2, "invert"),
        (("sample", BLOB, "-o", "a.png"), 1, "--trust"),
        (("sample", BLOB, "--trust", "--class", "1", "-o", "a.png"), 2, "--class 1"),
        (("sample", BLOB, "--trust", "--t", "0", "-o", "a.png"), 2, "--t"),
    ],
)
def test_bad_calls_without_directions(cli, own, folder, words, code, message):
    cli(*words, "--device", "cpu").failed(code, message)
    assert not (folder / "a.png").exists()


# ---- sample


def test_samples_follow_the_laws_asked_for(cli, own, folder):
    """Kolmogorov and Smirnov's distance of where the blobs are from the law is what chance makes of 600 draws."""
    call = ("sample", BLOB, *ALONG, "--direction", "dirs.h5:shift-y", "-n", 600, "--seed", 3)
    cli(*call, "--t", "uniform:-0.2,0.1", "--t", "normal:0,0.08", "-o", "s.h5").printed("s.h5")
    with h5py.File(folder / "s.h5") as file:
        images, t, names = file["images"][()], file["t"][()], list(file.attrs["t_names"])
    assert names == ["shift-x", "shift-y"] and images.shape == (600, 32, 32, 1)
    found = measurements.objects(images / np.float32(255))
    uniform, normal = stats.uniform(-0.2, 0.3), stats.truncnorm(-3, 3, 0, 0.08)
    for values, law in ((t[:, 0], uniform), (found["x"], uniform), (t[:, 1], normal), (found["y"], normal)):
        assert stats.kstest(values, law.cdf).statistic < 1.63 / np.sqrt(600) + 0.02  # 1 %; and pixels
    assert abs(np.corrcoef(t.T)[0, 1]) < 0.1
    np.testing.assert_allclose(found["x"], t[:, 0], atol=0.02)


def test_a_sample_depends_on_its_number_alone(cli, own, folder):
    for count, name in ((5, "five"), (3, "three")):
        cli("sample", BLOB, *ALONG, "--t", "0.1", "-n", count, "-o", name).printed(name)
    few, more = ([*csv.DictReader((folder / name / "t.csv").read_text().splitlines())] for name in ("three", "five"))
    assert few == more[:3] and {row["shift-x"] for row in more} == {"0.1"}
    for row in few:
        assert_same_bytes(folder / "three" / row["file"], folder / "five" / row["file"])
    cli("sample", BLOB, *ALONG, "--t", "0.1", "-n", 4, "-o", "grid.png").printed("grid.png")


@pytest.mark.parametrize(
    ("law", "code", "message"),
    [
        ("uniform:-0.3,0.1", 2, "-0.24..0.24"),
        ("0.25", 2, "--t 0.25"),
        ("normal:0,0.5", 2, "shift-x"),
        ("uniform:0.1", 2, "uniform:LOW,HIGH"),
        ("poisson:2", 2, "uniform:LOW,HIGH"),
        ("nan", 2, "uniform:LOW,HIGH"),
        ("0.1:-0.1", 2, "LOW:HIGH"),
        ("0.1:0.2,0.3", 2, "LOW:HIGH"),
        ("-0.3:0.1", 2, "-0.24..0.24"),
    ],
)
def test_bad_laws(cli, own, folder, law, code, message):
    cli("sample", BLOB, *ALONG, "--t", law, "-o", "s.h5").failed(code, message)
    assert not (folder / "s.h5").exists()


def test_laws_by_their_plain_formulas():
    share = np.linspace(0.001, 0.999, 101)
    normal = laws.parse("normal:0.1,0.05").within(0.0, 0.25, "x")
    plain = stats.truncnorm(-2, 3, 0.1, 0.05)
    np.testing.assert_allclose(normal.quantile(share), plain.ppf(share), atol=1e-9)
    np.testing.assert_allclose(normal.cdf(plain.ppf(share)), share, atol=1e-9)
    uniform = laws.parse("uniform:-1,3")
    assert laws.parse("-1:3") == uniform
    np.testing.assert_allclose(uniform.quantile(share), -1 + 4 * share)
    np.testing.assert_allclose(uniform.cdf(uniform.quantile(share)), share)


def test_directions_that_are_not_orthogonal_are_set_independently():
    """All coordinates at once, by the least change of z."""
    rng = np.random.default_rng(0)
    u = np.array([[1.0, 0, 0, 0], [0.6, 0.8, 0, 0]])
    knots = np.array([-4.0, 0.0, 4.0])
    values = np.array([-0.4, 0.0, 0.8])
    given = [Direction(n, v.astype(np.float32), knots, values, (-0.4, 0.8)) for n, v in zip("ab", u, strict=True)]
    z, t = laws.follow(rng.standard_normal((4000, 4)), given, [laws.parse("uniform:-0.2,0.4"), laws.parse("0.2")])
    reached = np.interp(z @ u.T, knots, values)
    np.testing.assert_allclose(reached, t, atol=1e-5)
    assert stats.kstest(t[:, 0], stats.uniform(-0.2, 0.6).cdf).pvalue > 0.01
    one, _ = laws.follow(rng.standard_normal((5, 4)), given[:1], [laws.parse("0.2")])
    np.testing.assert_allclose(one[:, 0], 1.0, atol=1e-6)  # g(1) = 0.2
    nearly = replace(given[0], name="c", u=np.array([0.999, 0.0447, 0, 0], np.float32))
    with pytest.raises(WrongUsage, match="parallel"):
        laws.matrix([given[0], nearly])


# ---- score


def test_control_of_known_directions(cli, own, folder):
    """From the shell: a record a direction; the law's distance is in it; --generator names the generator."""
    quick = ("--metric", "control", "--protocol", "quick", "--trust", "--device", "cpu", "--set", "extent=2")
    quick += ("--set", "resamples=50", "--set", "starts=12", "--set", "samples=60")
    cli("score", *quick, "dirs.h5").failed(1, "--generator")
    other, quick = (*quick, "--generator", "your_generator:Moons"), (*quick, "--generator", BLOB)
    done = cli("score", *quick, "dirs.h5")
    records = [json.loads(line) for line in done.out.splitlines()]
    assert [r["artefact"].rpartition(":")[2] for r in records] == ["shift-x", "shift-y", "zoom"]
    for record in records[:2]:
        details = record["details"]
        assert record["score"] > 0.98 and details["measure"] == "objects"
        assert details["baseline"]["r2"]["value"] < record["score"]
        assert details["law"]["slope"]["value"] == pytest.approx(1, abs=0.05)
        assert details["law"]["ks"]["value"] < details["law"]["ks_asked"] + 0.05
        assert details["t_valid"] == pytest.approx([-0.24, 0.24])
    own_measure = "def right(images):\n    return images[..., 0].sum(1).argmax(1) / images.shape[2] - 0.5\n"
    (folder / "yourown.py").write_text(own_measure)
    words = (*quick, "--set", "measure=yourown:right", "dirs.h5:shift-x")
    (record,) = map(json.loads, cli("score", *words).out.splitlines())
    assert record["details"]["measure"] == "yourown:right" and record["score"] > 0.95
    sys.modules.pop("yourown", None)
    cli("score", *other, "dirs.h5").failed(1, "another generator")
    cli("score", "--metric", "factor", "dirs.h5").failed(1, "control")
    cli("score", *quick, "--set", "measure=salience", "dirs.h5:zoom").failed(2, "'salience'")


# ---- whose directions they are


def test_another_generators_directions_need_force(cli, own, folder):
    directions_file.write(own, overwrite=False)
    call = ("--direction", "other.h5:shift-x", "--trust", "--device", "cpu")
    for words in (("traverse", BLOB, *call, "-o", "a.png"), ("sample", BLOB, *call, "--t", "0.1", "-o", "a.png")):
        cli(*words).failed(1, "--force")
        cli(*words, "--force").printed("a.png")
        (folder / "a.png").unlink()
    narrow = {"shift-x": replace(own.directions["shift-x"], u=np.eye(5, dtype=np.float32)[0])}
    directions_file.write(replace(own, directions=narrow), overwrite=True)
    cli("sample", BLOB, *call, "--t", "0.1", "--force", "-o", "b.png").failed(1, "5 dimensions")


def test_a_checkpoints_rows_are_moved_from_where_they_are(cli, folder, trained, squares):
    opened = open_generator(trained, "cpu")
    knots = np.linspace(-6, 6, 5)
    u = torch.nn.functional.normalize(torch.ones(4), dim=0).numpy()
    made = {"zoom": Direction("zoom", u, knots, 0.1 * knots, (-0.6, 0.6), "log")}
    directions_file.write(Directions(folder / "d.h5", made, str(trained), opened.sha256, "known", 0), overwrite=False)
    call = ("traverse", trained, "--direction", "d.h5", "--rows", "0,5", "--data", squares, "--device", "cpu")
    cli(*call, "--t", "-0.05:0.05", "-o", "a.png").printed("a.png")
    cli(*call, "--t", "-0.6:0.6", "-o", "b.png").failed(2, "zoom")
