"""`traverse --html`: which frames are on the page, what it says, how large it is, and what it refuses."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import page_files as made
import pytest
from PIL import Image
from same_files import assert_same_bytes
from test_traverse import STILL, at, cells_of, close, decoded, encoded, write_codes

from disentool.errors import WrongUsage
from disentool.models.model import load_model
from disentool.pages import document, explorer, explorer_content, sprite_sheets
from disentool.reporting import Silent

ORDER = [2, 3, 0]  # by KL; z1 is collapsed


@pytest.fixture(scope="module")
def ckpt(trained, tmp_path_factory):
    return made.strong(trained, tmp_path_factory.mktemp("explorer") / "ckpt.pt")


@pytest.fixture(scope="module")
def model(ckpt):
    return load_model(ckpt, "cpu")


@pytest.fixture
def bases(model):
    images = model.content["samples"]["images"][:4].numpy()
    return encoded(model, images)


def test_frames_are_those_of_traverse(cli, folder, ckpt, model, bases):
    cli("traverse", ckpt, "--html", "a.html", "-o", "a.png", "--steps", 5, "--images", 2, "--device", "cpu").printed(
        "a.png", "a.html"
    )
    page = made.Reader(folder / "a.html")
    (data,) = page.explorers()
    assert [axis["name"] for axis in data["axes"]] == ["z2", "z3", "z0"], "the picture's last row is collapsed"
    with Image.open("a.png") as image:
        picture = np.asarray(image.convert("RGB"))
    cells = cells_of(picture, 4, 5, **STILL)  # the lower block: the second base
    sheet = made.frames(data["sheets"][1][0], 32, 32)
    assert np.array_equal(sheet[1:], cells[:3, :, ::4, ::4])
    assert close(sheet[0, 0], decoded(model, bases[1:2])[0])


def test_every_slider_and_the_pad(cli, folder, ckpt, model, bases):
    cli("traverse", ckpt, "--html", "a.html", "--device", "cpu").printed("a.html")
    (data,) = made.Reader(folder / "a.html").explorers()
    assert [axis["name"] for axis in data["axes"]] == ["z2", "z3", "z0"]
    values = np.linspace(-3, 3, 25)
    assert len(data["sheets"]) == 4
    for number, (main, pad) in enumerate(data["sheets"]):
        sheet = made.frames(main, 32, 32)
        assert sheet.shape[:2] == (4, 25)
        for row, dimension in enumerate(ORDER):
            np.testing.assert_allclose(data["axes"][row]["amounts"][number], values, atol=1e-6)
            assert data["axes"][row]["at"][number] == pytest.approx(bases[number, dimension], rel=1e-4)
            for place in (0, 7, 24):
                expected = decoded(model, [at(bases[number], dimension, values[place])])[0]
                assert close(sheet[row + 1, place], expected)
        field = made.frames(pad, 32, 32)
        assert field.shape[:2] == (13, 13)
        np.testing.assert_allclose(data["pad"]["up"][number], values[::2], atol=1e-6)
        for up, across in ((0, 0), (3, 11), (12, 5)):
            code = at(at(bases[number], 2, values[::2][across]), 3, values[::2][up])
            assert close(field[12 - up, across], decoded(model, [code])[0])
    assert len(np.unique(made.frames(data["sheets"][0][1], 32, 32), axis=1)) > 1, "the test would see a mix-up"


def test_what_the_page_says(cli, folder, ckpt):
    cli("traverse", ckpt, "--html", "a.html", "--device", "cpu")
    page = made.Reader(folder / "a.html")
    page.assert_closed()
    labels = [text.split() for text in page.texts["label"]]
    assert ["z2", "KL", "2.00", "nats"] in labels
    assert "without a slider unless --dims names them: z1" in page.text
    assert "factorvae · seed 0 · step 30 · trained on squares" in page.text
    inputs = [attributes for tag, attributes in page.elements if tag == "input" and attributes["type"] == "range"]
    known = {attributes["for"] for tag, attributes in page.elements if tag == "label" and "for" in attributes}
    assert len(inputs) == 5 and {attributes["id"] for attributes in inputs} == known, "each slider has a label"
    about = json.loads(page.texts["script"][0])
    assert about["method"] == "factorvae" and len(about["checkpoint_sha256"]) == 64
    assert (folder / "a.html").stat().st_size < 5_000_000


def test_dimensions_that_are_named(cli, folder, ckpt):
    cli("traverse", ckpt, "--html", "a.html", "--dims", "1,0", "--range", 2, "--steps", 3, "--device", "cpu")
    (data,) = made.Reader(folder / "a.html").explorers()
    assert [axis["name"] for axis in data["axes"]] == ["z1", "z0"]
    assert data["axes"][0]["amounts"][0] == [-2, 0, 2]
    cli("traverse", ckpt, "--html", "b.html", "--dims", "1", "--device", "cpu")
    page = made.Reader(folder / "b.html")
    assert page.explorers()[0]["pad"] is None and "together" not in page.text


def test_codes_without_images(cli, folder, ckpt, model):
    write_codes(folder / "z.h5", np.eye(4))
    cli("traverse", ckpt, "--codes", "z.h5", "--rows", "2", "--html", "a.html", "--device", "cpu").printed("a.html")
    page = made.Reader(folder / "a.html")
    assert "Start from" not in page.text, "one image is no choice"
    sheet = made.frames(page.explorers()[0]["sheets"][0][0], 32, 32)
    assert close(sheet[0, 0], decoded(model, np.eye(4)[2:3])[0])


def test_directions_move_by_image_units(cli, folder, ckpt, model):
    made.write_directions(ckpt, folder / "dirs.h5")
    call = ("traverse", ckpt, "--direction", "dirs.h5", "--device", "cpu", "--seed", 3)
    cli(*call, "--html", "a.html").printed("a.html")
    page = made.Reader(folder / "a.html")
    page.assert_closed()
    (data,) = page.explorers()
    assert [axis["name"] for axis in data["axes"]] == ["shift-x", "zoom", "z2", "z3", "z0"]
    first = data["axes"][0]
    assert (first["unit"], first["relative"]) == ("image widths", True)
    for number in range(4):
        assert first["amounts"][number][0] == pytest.approx(-0.3) and first["amounts"][number][-1] == pytest.approx(
            0.25
        )
        assert first["at"][number] == 0
    assert "Directions, by which the image is moved" in page.text and "drawn from the prior" in page.text
    # By hand: the code at s = 0 for both, from which each goes along its own u by the s of its t.
    from disentool.engine.randomness import latent_noise
    from disentool.io import directions_file

    found = directions_file.read(folder / "dirs.h5").directions
    both = np.stack([d.u for d in found.values()], 1).astype(np.float64)
    z = latent_noise(3, np.arange(4), 4).astype(np.float64)[1]
    z = z - both @ np.linalg.solve(both.T @ both, both.T @ z)
    sheet = made.frames(data["sheets"][1][0], 32, 32)
    assert close(sheet[0, 0], decoded(model, z[None])[0])
    for row, direction in enumerate(found.values(), 1):
        s = np.linspace(-4, 4, 100_001)
        t = np.interp(s, direction.knots, direction.values)
        for place in (0, 10, 24):
            goal = data["axes"][row - 1]["amounts"][1][place]
            expected = decoded(model, (z + s[np.abs(t - goal).argmin()] * direction.u)[None])[0]
            assert np.abs(sheet[row, place].astype(int) - expected).max() <= 2
    cli(*call, "--t", "-0.9:0.9", "--html", "b.html").failed(2, "--t -0.9:0.9")
    cli(*call, "--alpha", "-1:1", "--html", "b.html").printed("b.html")
    assert made.Reader(folder / "b.html").explorers()[0]["axes"][0]["unit"] == "sd"


def test_images_are_moved_as_far_as_each_can_be(cli, folder, ckpt, model):
    made.write_directions(ckpt, folder / "dirs.h5")
    write_codes(folder / "z.h5", [[0.6, 0, 0.8, 0], [0, 0, 0, 0]])  # s is 1 and 0
    cli("traverse", ckpt, "--direction", "dirs.h5:shift-x", "--codes", "z.h5", "--html", "a.html", "--device", "cpu")
    (data,) = made.Reader(folder / "a.html").explorers()
    low, high = ([amounts[end] for amounts in data["axes"][0]["amounts"]] for end in (0, -1))
    assert low == pytest.approx([-0.3 - 0.11, -0.3]) and high == pytest.approx([0.25 - 0.11, 0.25])


def test_same_inputs_same_bytes(cli, folder, ckpt):
    cli("traverse", ckpt, "--html", "a.html", "--device", "cpu")
    code = f"from disentool.cli import run; run(['traverse', {str(ckpt)!r}, '-o', 'b.html', '--device', 'cpu'])"
    subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": "7"}, check=True, capture_output=True
    )
    assert_same_bytes(folder / "a.html", folder / "b.html")


def test_names_are_escaped(cli, folder, ckpt):
    name = "<img src=x onerror=alert(1)>\"'&amp;\u202e漢字.pt"
    (folder / name).write_bytes(ckpt.read_bytes())
    cli("traverse", name, "--html", "a.html", "--device", "cpu").printed("a.html")
    page = made.Reader(folder / "a.html")
    page.assert_closed()
    assert page.texts["h1"] == page.texts["title"][:1] or page.texts["h1"][0] in page.texts["title"][0]
    assert page.texts["h1"] == [name.replace("\u202e", "\ufffd")]


def test_text_and_data_cannot_end_what_they_are_in():
    assert document.escape("<b a='\"'>&\udcff\n") == "&lt;b a=&#x27;&quot;&#x27;&gt;&amp;\ufffd\ufffd"
    text = document.data({"a": "</script><!--"})
    assert "<" not in text and json.loads(text) == {"a": "</script><!--"}


# ---- size


def noise(count=3, steps=9, side=32, seed=0, **options):
    """Noise, of which nothing can be compressed."""
    codes = np.arange(count, dtype=np.float32)[:, None] * 100
    moved = codes[:, None] + np.arange(steps, dtype=np.float32)[None, :, None] + 1
    slider = explorer.Slider(
        "z0", "", "all", "sd", moved, np.broadcast_to(np.linspace(-1, 1, steps), moved.shape[:2]), codes[:, 0]
    )
    return explorer.Content(codes, None, [slider], **options), side


def built(some, most, wider=1):
    content, side = some
    shape = (side, side * wider, 3)
    decoded = (
        np.stack([np.random.default_rng(int(c)).integers(0, 256, shape, dtype=np.uint8) for c in codes[:, 0]])
        for codes in content.codes_to_decode()
    )
    return explorer.build(content, decoded, "e", Silent(), most=most)


def test_what_does_not_fit_is_left_out_step_by_step():
    whole = built(noise(), 10_000_000)
    assert whole.notes == ()
    size = len(made.Reader(f"<main>{whole.markup}</main>").explorers()[0]["sheets"][0][0])
    fewer = built(noise(), int(size * 2.5))
    assert len(fewer.notes) == 1 and "2 of 3" in fewer.notes[0] and f"{size * 2.5 / 1e6:.1f} MB" in fewer.notes[0]
    assert fewer.notes[0] in fewer.markup
    lossy = built(noise(), int(size * 1.8))
    assert any("WebP" in note for note in lossy.notes)
    lossy_size = len(made.Reader(built(noise(count=1), int(size * 0.8)).markup).explorers()[0]["sheets"][0][0])
    assert lossy_size < size * 0.8
    less = built(noise(), int(lossy_size * 1.4))
    (data,) = made.Reader(less.markup).explorers()
    assert data["axes"][0]["amounts"][0] == [-1, -0.5, 0, 0.5, 1] and len(data["sheets"]) == 2
    assert sum(len(sheets[0]) for sheets in data["sheets"]) <= lossy_size * 1.4
    assert any("every 2 values" in note for note in less.notes)
    with pytest.raises(WrongUsage, match="--dims"):
        built(noise(), 1000)


def test_what_was_asked_for_is_not_left_out(monkeypatch):
    asked = built(noise(named=True, stepped=True), 20_000)
    (data,) = made.Reader(asked.markup).explorers()
    assert len(data["sheets"]) == 3 and len(data["axes"][0]["amounts"][0]) == 9
    assert any("asked" in note for note in asked.notes)
    monkeypatch.setattr(explorer, "_MOST", 5_000)
    with pytest.raises(WrongUsage, match="page"):
        built(noise(named=True), 2_000)


def test_large_frames_are_reduced(model):
    frames = np.zeros((2, 300, 600, 3), np.uint8)
    assert sprite_sheets.fitted(frames).shape == (2, 128, 256, 3)
    big = built(noise(count=1, steps=3, side=150), 10_000_000, wider=2)
    assert len(big.notes) == 1 and "128x256" in big.notes[0]  # height first, as everywhere


def test_a_class_is_a_slider_of_its_own_values():
    from disentool.contract import ClassSupport, IntervalSupport
    from disentool.models.dimensions import Dimension
    from disentool.models.label import Label

    shown = [Dimension(0, Label("z0", "3 classes"), ClassSupport(3)), Dimension(1, Label("z1"), IntervalSupport(-1, 1))]
    first, second = explorer_content.dimensions(np.zeros((1, 2), np.float32), shown, (-3.0, 3.0), 5)
    assert first.amounts.tolist() == [[0, 1, 2]] and first.unit == "class" and not first.free
    assert second.amounts.tolist() == [[-1, -0.5, 0, 0.5, 1]] and second.free
    both = replace(noise()[0], sliders=[first, second])
    assert both.pad is None


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("--html a.png", 2, "--html a.png"),
        ("--html a.html -o a.html", 2, "a.html"),
        ("-o a.htm", 2, "a.htm:"),
        ("--html there.html", 1, "there.html"),
        ("--html a.html --steps 1", 2, "--steps 1"),
        ("--html a.html --dims 9", 2, "--dims 9: "),
        ("--html a.html --images 99", 2, "--images 99"),
        ("--html a.html --direction none.h5", 1, "none.h5"),
        ("", 2, "--gif FILE"),
    ],
)
def test_what_cannot_be_explored(cli, folder, ckpt, arguments, code, words):
    (folder / "there.html").write_text("mine")
    cli("traverse", ckpt, "--device", "cpu", *arguments.split()).failed(code, words)
    assert [path.name for path in folder.iterdir()] == ["there.html"]
    assert (folder / "there.html").read_text() == "mine"


def test_class_and_content_have_sliders_of_their_own(squares, folder, cli):
    from disentool.commands.train import train
    from disentool.io import checkpoint
    from disentool.training.plan import plan

    given = {"class_factor": "size", "steps": 2, "batch_size": 16, "hidden_units": 32, "log_every": 1, "group_size": 4}
    list(train(plan("mlvae", given | {"data": str(squares), "device": "cpu"}, output=str(folder / "ml.pt"))))
    content = checkpoint.read(folder / "ml.pt")
    width = len(content["statistics"]["kl"])
    content["statistics"]["kl"] = [float(width - i) for i in range(width)]  # the class's tell most
    checkpoint.write(folder / "ml.pt", content, overwrite=True)
    cli("traverse", "ml.pt", "--html", "a.html", "--device", "cpu").printed("a.html")
    page = made.Reader(folder / "a.html")
    assert [axis["name"] for axis in page.explorers()[0]["axes"]] == [f"z{i}" for i in (*range(5), *range(10, 15))]
    assert "Class code, in standard deviations" in page.text and "Content code, in standard deviations" in page.text
    assert "The 10 of 20 dimensions that tell most have a slider; --dims names others." in page.text
