"""``traverse``: what is in which cell, in what order, from which base; and all that it refuses."""

import json
import sys
from typing import ClassVar

import numpy as np
import pytest
import torch
from conftest import SMALL, square_grid, write_dataset
from PIL import Image, ImageSequence
from same_files import assert_same_bytes

from disentool.commands.encode import encode
from disentool.commands.train import train
from disentool.commands.traverse import traverse
from disentool.engine.feed import to_float
from disentool.errors import DataMismatch, ForeignFile, MissingExtra, MissingFile, OutputBusy, OutputExists, WrongUsage
from disentool.io import checkpoint, files, hdf5
from disentool.io.schema import LATENTS
from disentool.models.model import load_model
from disentool.pictures import traversals
from disentool.reporting import Silent
from disentool.training.plan import plan

KL = [0.5, 0.001, 2.0, 1.25]
ORDER = [2, 3, 0, 1]
# A sheet's measures in pixels: a cell in a still and in an animation, the space around all cells and between them.
STILL = {"side": 128, "edge": 33, "gap": 3}
MOVING = {"side": 64, "edge": 18, "gap": 2}


class Notes(Silent):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def altered(path, output, **changes):
    """A copy of a checkpoint with other entries."""
    checkpoint.write(output, checkpoint.read(path) | changes, overwrite=True)
    return output


@pytest.fixture(scope="module")
def ckpt(trained, tmp_path_factory):
    """The small FactorVAE with a known KL, and a decoder made to respond strongly to each dimension."""
    networks = checkpoint.read(trained)["networks"]
    networks["decoder"]["0.weight"] *= 40
    output = tmp_path_factory.mktemp("traverse") / "ckpt.pt"
    return altered(trained, output, networks=networks, statistics={"rows": 192, "kl": KL, "mean_std": [1.0] * 4})


@pytest.fixture(scope="module")
def model(ckpt):
    return load_model(ckpt, "cpu")


def run(path, *outputs, **options):
    return list(traverse(path, outputs, device="cpu", **options))


def decoded(model, codes):
    """float [n,D] -> uint8 [n,H,W]."""
    with torch.inference_mode():
        images = model.method.decode(model.networks, torch.from_numpy(np.asarray(codes, np.float32)))
    return (images[:, 0] * 255).round().byte().numpy()


def encoded(model, images):
    """uint8 [n,H,W,C] -> float32 [n,D]."""
    with torch.inference_mode():
        return model.method.encode(model.networks, to_float(torch.as_tensor(images)))["mean"].numpy()


def at(code, index, value):
    code = code.copy()
    code[index] = value
    return code


def cells_of(picture, rows, columns, side, edge, gap, bottom=0):
    """uint8 [rows,columns,side,side]: the grid that ends in the picture's lower right corner."""
    height, width = picture.shape[:2]
    out = np.empty((rows, columns, side, side), np.uint8)
    for row, column in np.ndindex(rows, columns):
        y = height - bottom - edge - side - (rows - 1 - row) * (side + gap)
        x = width - edge - side - (columns - 1 - column) * (side + gap)
        cell = picture[y : y + side, x : x + side]
        assert (cell == cell[:, :, :1]).all()
        out[row, column] = cell[:, :, 0]
    return out


def close(cell, image):
    """Whether a cell shows an image, each pixel a sharp square; another batch may round a pixel differently."""
    factor = len(cell) // len(image)
    return np.abs(cell.astype(int) - image.repeat(factor, 0).repeat(factor, 1)).max() <= 1


def read_png(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def read_frames(path):
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


def test_still_has_a_row_per_dimension_by_kl_and_a_column_per_value(ckpt, model, tmp_path):
    assert run(ckpt, tmp_path / "a.png", steps=5, extent=2) == [tmp_path / "a.png"]
    cells = cells_of(read_png(tmp_path / "a.png"), 4, 5, **STILL)
    base = encoded(model, model.content["samples"]["images"][:1])[0]
    for row, dimension in enumerate(ORDER):
        for column, value in enumerate((-2, -1, 0, 1, 2)):
            assert close(cells[row, column], decoded(model, [at(base, dimension, value)])[0])
        assert np.ptp(cells[row].astype(int), axis=0).max() > 5, dimension  # the test would see a mix-up


def test_a_range_may_have_two_ends(ckpt, model, tmp_path, cli):
    run(ckpt, tmp_path / "a.png", tmp_path / "a.gif", steps=3, extent=(0.0, 2.0), frames=4)
    cells = cells_of(read_png(tmp_path / "a.png"), 4, 3, **STILL)
    base = encoded(model, model.content["samples"]["images"][:1])[0]
    for row, dimension in enumerate(ORDER):
        for column, value in enumerate((0, 1, 2)):
            assert close(cells[row, column], decoded(model, [at(base, dimension, value)])[0])
    for name, given in {"pair.gif": "-2:2", "one.gif": "2"}.items():
        cli("traverse", ckpt, "-o", tmp_path / name, "--range", given, "--frames", 4, "--device", "cpu", "-q").printed(
            str(tmp_path / name)
        )
    assert read_frames(tmp_path / "pair.gif")[1].tolist() == read_frames(tmp_path / "one.gif")[1].tolist()
    cli("traverse", ckpt, "-o", tmp_path / "b.png", "--range", "far").failed(2, "LOW:HIGH")


def test_still_shows_input_and_reconstruction(ckpt, model, tmp_path):
    run(ckpt, tmp_path / "a.png", tmp_path / "one.png", dims=None, steps=3)
    image = model.content["samples"]["images"][:1].numpy()
    found = find(read_png(tmp_path / "a.png"), image[0, :, :, 0].repeat(4, 0).repeat(4, 1))
    again = find(read_png(tmp_path / "a.png"), decoded(model, encoded(model, image))[0].repeat(4, 0).repeat(4, 1))
    assert found[1] == again[1] and found[0] + 128 < again[0]  # one under the other


def find(picture, image):
    """Where the picture shows the image, give or take a grey level."""
    grey = picture[:, :, 0].astype(int)
    corners = np.argwhere(np.abs(grey[: -len(image), : -len(image)] - int(image[0, 0])) <= 1)
    for y, x in corners:
        if np.abs(grey[y : y + len(image), x : x + len(image)] - image).max() <= 1:
            return y, x
    raise AssertionError("not in the picture")


class Spy(traversals.Sheet):
    seen: ClassVar[list] = []

    def __init__(self, blocks, *arguments, **options):
        Spy.seen.append(blocks)
        super().__init__(blocks, *arguments, **options)


@pytest.fixture
def blocks(monkeypatch):
    monkeypatch.setattr(traversals, "Sheet", Spy)
    monkeypatch.setattr(Spy, "seen", [])
    return Spy.seen


def test_labels(ckpt, blocks, tmp_path):
    run(ckpt, tmp_path / "a.png", tmp_path / "a.gif", frames=2)
    (still,), (moving,) = blocks
    assert [label.text for label in still.rows] == ["z2", "z3", "z0", "z1"]
    assert [label.detail for label in still.rows] == ["KL 2.00 nats", "KL 1.25 nats", "KL 0.50 nats", "KL <0.01"]
    assert [label.muted for label in still.rows] == [False, False, False, True]
    assert (
        " ".join(label.text for label in still.columns) == "-3.0 -2.5 -2.0 -1.5 -1.0 -0.5 0.0 0.5 1.0 1.5 2.0 2.5 3.0"
    )
    assert [[caption for caption, _ in column] for column in still.aside] == [["input", "reconstruction"]]
    assert moving.columns == still.rows and len(moving.rows) == 4
    assert [[caption for caption, _ in column] for column in moving.aside] == [["input", "", "", ""]]


def test_without_kl_the_spread_of_the_codes_orders_the_dimensions(ckpt, blocks, tmp_path):
    spread = {"rows": 1, "mean_std": [0.1, 0.004, 0.3, 0.2]}
    run(altered(ckpt, tmp_path / "b.pt", statistics=spread), tmp_path / "a.png", steps=2)
    assert [label.text for label in blocks[0][0].rows] == ["z2", "z3", "z0", "z1"]
    assert [label.detail for label in blocks[0][0].rows] == ["sd 0.30", "sd 0.20", "sd 0.10", "sd <0.01"]


def test_dimensions_that_are_named_keep_their_order(ckpt, blocks, tmp_path):
    run(ckpt, tmp_path / "a.png", dims=[0, 3, 2], steps=2)
    assert [label.text for label in blocks[0][0].rows] == ["z0", "z3", "z2"]


def test_rows_of_the_data_each_make_a_block(ckpt, model, squares, tmp_path):
    run(ckpt, tmp_path / "a.png", rows=[5, 100], dims=[2], steps=3)
    cells = cells_of(read_png(tmp_path / "a.png"), 2, 3, **STILL)
    codes = encoded(model, square_grid()[0][[5, 100]])
    for block in range(2):
        for column, value in enumerate((-3, 0, 3)):
            assert close(cells[block, column], decoded(model, [at(codes[block], 2, value)])[0])


def test_several_tall_blocks_are_apart(ckpt, blocks, tmp_path):
    run(ckpt, tmp_path / "a.png", rows=[0, 5, 100], steps=2)
    assert len(blocks[0]) == 3 and all(block.heads for block in blocks[0])
    assert read_png(tmp_path / "a.png").shape[0] > 3 * 4 * 128


def test_an_image_file_is_the_base(ckpt, model, blocks, tmp_path):
    image = square_grid()[0][77]
    Image.fromarray(image[:, :, 0]).save(tmp_path / "fits.png")
    Image.fromarray(image[:, :, 0].repeat(3, 0).repeat(2, 1)).save(tmp_path / "large.png")
    notes = Notes()
    run(ckpt, tmp_path / "a.png", image_files=[tmp_path / "fits.png"], dims=[3], steps=3, report=notes)
    assert notes.notes == []
    cells = cells_of(read_png(tmp_path / "a.png"), 1, 3, **STILL)
    assert close(cells[0, 2], decoded(model, [at(encoded(model, image[None])[0], 3, 3)])[0])
    files_given = [tmp_path / "fits.png", tmp_path / "large.png"]
    run(ckpt, tmp_path / "b.png", image_files=files_given, dims=[3], steps=3, report=notes)
    assert len(notes.notes) == 1 and f"{tmp_path / 'large.png'}: 96x64" in notes.notes[0]
    (tmp_path / "many").mkdir()
    for row in (77, 3):
        Image.fromarray(square_grid()[0][row, :, :, 0]).save(tmp_path / "many" / f"{row}.png")
    run(ckpt, tmp_path / "c.png", image_files=[tmp_path / "many", tmp_path / "fits.png"], dims=[3], steps=3)
    assert len(blocks[-1]) == 3  # 3.png, 77.png and fits.png
    cells = cells_of(read_png(tmp_path / "c.png"), 3, 3, **STILL)
    for row, number in enumerate((3, 77, 77)):
        assert close(cells[row, 2], decoded(model, [at(encoded(model, square_grid()[0][[number]])[0], 3, 3)])[0])


def test_codes_of_a_latents_file_are_the_bases(ckpt, model, blocks, tmp_path):
    encode(ckpt, tmp_path / "z.h5", device="cpu")
    notes = Notes()
    run(ckpt, tmp_path / "a.png", codes=tmp_path / "z.h5", rows=[9], dims=[0], steps=3, report=notes)
    assert notes.notes == []
    code = encoded(model, square_grid()[0][[9]])[0]
    cells = cells_of(read_png(tmp_path / "a.png"), 1, 3, **STILL)
    assert close(cells[0, 0], decoded(model, [at(code, 0, -3)])[0])
    assert [[caption for caption, _ in column] for column in blocks[0][0].aside] == [["decoded"]]
    run(ckpt, tmp_path / "b.png", tmp_path / "b.gif", codes=tmp_path / "z.h5", frames=2)
    assert len(blocks[1]) == 1 and len(blocks[2][0].rows) == 4 and blocks[2][0].aside == ()


def test_codes_of_another_checkpoint_are_noted(ckpt, trained, tmp_path):
    encode(trained, tmp_path / "z.h5", device="cpu")
    notes = Notes()
    run(ckpt, tmp_path / "a.png", codes=tmp_path / "z.h5", steps=2, report=notes)
    assert len(notes.notes) == 1 and "another checkpoint" in notes.notes[0]


def test_data_alone_gives_rows_spread_over_it(ckpt, blocks, squares, tmp_path):
    run(ckpt, tmp_path / "a.gif", data=str(squares), frames=2)
    images = [image for _, image in blocks[0][0].aside[0]]
    assert np.array_equal(images, square_grid()[0][[24, 72, 120, 168]])


def test_the_data_is_not_needed_unless_rows_are_asked_for(ckpt, tmp_path):
    facts = checkpoint.read(ckpt)["data"] | {"spec": str(tmp_path / "gone.h5")}
    moved = altered(ckpt, tmp_path / "moved.pt", data=facts)
    run(moved, tmp_path / "a.png", steps=2)
    with pytest.raises(MissingFile, match=r"gone\.h5"):
        run(moved, tmp_path / "b.png", rows=[0])


def test_animation_goes_to_and_fro(ckpt, model, tmp_path):
    run(ckpt, tmp_path / "a.gif", frames=12)
    frames = read_frames(tmp_path / "a.gif")
    assert len(frames) == 12
    assert all(np.array_equal(frames[i], frames[12 - i]) for i in range(1, 6))
    assert not any(np.array_equal(a, b) for a, b in zip(frames, [*frames[1:], frames[0]], strict=True))
    # The axis and its numbers, below the grid, are this high.
    below = frames[0].shape[0] - 49 - 4 * 66 + 2 - MOVING["edge"]
    codes = encoded(model, model.content["samples"]["images"][:4])
    for frame, value in ((0, -3), (3, 0), (6, 3), (4, -3 * np.cos(2 * np.pi * 4 / 12))):
        cells = cells_of(frames[frame], 4, 4, **MOVING, bottom=below)
        for row in range(4):
            for column, dimension in enumerate(ORDER):
                assert close(cells[row, column], decoded(model, [at(codes[row], dimension, value)])[0])


def test_only_cells_and_marker_move(ckpt, tmp_path):
    run(ckpt, tmp_path / "a.gif", frames=12)
    frames = np.stack(read_frames(tmp_path / "a.gif"))
    moving = (frames != frames[0]).any((0, 3))
    left = np.argwhere(moving).min(0)[1]
    assert left == frames.shape[2] - 18 - 4 * 66 + 2
    assert np.argwhere(moving).min(0)[0] >= 49


def test_default_animation(ckpt, tmp_path):
    run(ckpt, tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as image:
        assert image.n_frames == 40 and image.info["duration"] == 50 and image.info["loop"] == 0


def test_webp(ckpt, tmp_path):
    run(ckpt, tmp_path / "a.webp", tmp_path / "a.gif", frames=4)
    pairs = zip(read_frames(tmp_path / "a.webp"), read_frames(tmp_path / "a.gif"), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_size_is_rounded_to_whole_pixels(ckpt, blocks, tmp_path):
    run(ckpt, tmp_path / "a.png", size=70, dims=[0], steps=2)
    picture = read_png(tmp_path / "a.png")
    assert cells_of(picture, 1, 2, side=64, edge=18, gap=2).any()


def test_colour_images(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 16, 16, 3), np.uint8)
    data = write_dataset(tmp_path / "colour.h5", images, None)
    given = SMALL | {"data": str(data), "steps": 2, "device": "cpu"}
    path = next(train(plan("vae", given, output=str(tmp_path / "colour.pt"))))
    run(path, tmp_path / "a.png", tmp_path / "a.gif", rows=[3], steps=2, frames=2)
    picture = read_png(tmp_path / "a.png")
    large = images[3].repeat(8, 0).repeat(8, 1)
    y, x = np.argwhere((picture[:-128, :-128] == large[0, 0]).all(2))[0]
    assert np.array_equal(picture[y : y + 128, x : x + 128], large)
    assert (read_frames(tmp_path / "a.gif")[0][:15] == 255).all()


def test_same_inputs_same_bytes(ckpt, tmp_path):
    for name in ("a", "b"):
        run(ckpt, *(tmp_path / f"{name}{suffix}" for suffix in (".png", ".gif", ".webp")), frames=6)
    for suffix in (".png", ".gif", ".webp"):
        assert_same_bytes(tmp_path / f"a{suffix}", tmp_path / f"b{suffix}")


def test_a_picture_says_what_it_is_of(ckpt, tmp_path):
    run(ckpt, tmp_path / "a.png", steps=2)
    with Image.open(tmp_path / "a.png") as image:
        comment = json.loads(image.info["Comment"])
    assert comment["method"] == "factorvae" and comment["seed"] == 0 and comment["step"] == 30
    assert comment["checkpoint_sha256"] == files.sha256(ckpt)


def test_outputs_come_one_by_one_and_all_are_claimed(ckpt, tmp_path):
    making = traverse(ckpt, [tmp_path / "a.png", tmp_path / "new" / "b.gif"], steps=2, frames=2, device="cpu")
    assert next(making) == tmp_path / "a.png"
    assert (tmp_path / "a.png").exists() and not (tmp_path / "new" / "b.gif").exists()
    with pytest.raises(OutputBusy):
        run(ckpt, tmp_path / "new" / "b.gif")
    assert list(making) == [tmp_path / "new" / "b.gif"]
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["a.png", "b.gif"]


def test_nothing_is_overwritten(ckpt, tmp_path):
    (tmp_path / "b.gif").write_bytes(b"mine")
    with pytest.raises(OutputExists, match=r"b\.gif"):
        run(ckpt, tmp_path / "a.png", tmp_path / "b.gif")
    assert [path.name for path in tmp_path.iterdir()] == ["b.gif"] and (tmp_path / "b.gif").read_bytes() == b"mine"
    run(ckpt, tmp_path / "b.gif", frames=2, overwrite=True)
    assert len(read_frames(tmp_path / "b.gif")) == 2


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"dims": [4]}, "--dims 4"),
        ({"dims": [-1]}, "--dims -1"),
        ({"dims": [1, 1]}, "--dims 1"),
        ({"dims": []}, "--dims"),
        ({"rows": [192]}, "--rows 192"),
        ({"rows": [-1]}, "--rows -1"),
        ({"rows": []}, "--rows"),
        ({"rows": range(17)}, "17 images"),
        ({"rows": [1], "images": 2}, "--images 2"),
        ({"images": 0}, "--images 0"),
        ({"steps": 1}, "--steps 1"),
        ({"frames": 0}, "--frames 0"),
        ({"frames": 7}, "--frames 7"),
        ({"fps": 0}, "--fps 0"),
        ({"fps": 60.0}, "--fps 60"),
        ({"size": 5000}, "--size 5000"),
        ({"size": 1024, "images": 16}, "832 cells"),
        ({"extent": 0}, "--range 0"),
        ({"extent": float("nan")}, "--range nan"),
        ({"extent": (1.0, 1.0)}, "--range 1:1"),
        ({"extent": (-200.0, 1.0)}, "--range -200:1"),
        ({"extent": (0.0, float("nan"))}, "--range 0:nan"),
        ({"image_files": ["a.png"], "rows": [1]}, "--rows"),
        ({"image_files": ["a.png"], "codes": "z.h5"}, "--rows"),
        ({"codes": "z.h5", "data": "dsprites"}, "--data"),
    ],
)
def test_wrong_usage(ckpt, tmp_path, options, expected):
    with pytest.raises(WrongUsage, match=expected):
        run(ckpt, tmp_path / "a.png", **options)
    assert list(tmp_path.iterdir()) == []


def test_outputs_are_checked_first_unless_none_is_named(ckpt, tmp_path):
    with pytest.raises(WrongUsage, match="output"):
        run(ckpt)
    with pytest.raises(MissingFile, match=r"none\.pt"):
        run(tmp_path / "none.pt")
    with pytest.raises(WrongUsage, match=r"a\.jpg"):
        run(tmp_path / "none.pt", tmp_path / "a.png", tmp_path / "a.jpg")
    with pytest.raises(WrongUsage, match=r"a\.png"):
        run(tmp_path / "none.pt", tmp_path / "a.png", tmp_path / "a.png")
    with pytest.raises(MissingFile, match=r"none\.pt"):
        run(tmp_path / "none.pt", tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_video_without_its_package(ckpt, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(MissingExtra, match="imageio-ffmpeg"):
        run(ckpt, tmp_path / "a.mp4")


def test_unsuitable_inputs(ckpt, squares, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ForeignFile, match=r"text\.png"):
        run(ckpt, tmp_path / "a.png", image_files=[tmp_path / "text.png"])
    with pytest.raises(MissingFile, match=r"none\.png"):
        run(ckpt, tmp_path / "a.png", image_files=[tmp_path / "none.png"])
    other = write_dataset(tmp_path / "other.h5", *square_grid(16))
    with pytest.raises(DataMismatch, match="16x16x1"):
        run(ckpt, tmp_path / "a.png", data=str(other))
    with pytest.raises(ForeignFile, match=r"disentool\.latents"):
        run(ckpt, tmp_path / "a.png", codes=squares)
    assert not (tmp_path / "a.png").exists()


def write_codes(path, codes):
    with hdf5.create(path, LATENTS) as out:
        out.array("mean", np.asarray(codes, np.float32))
        out.array("row", np.arange(len(codes)))
    return path


def test_codes_that_do_not_fit(ckpt, tmp_path):
    with pytest.raises(DataMismatch, match="5 dimensions"):
        run(ckpt, tmp_path / "a.png", codes=write_codes(tmp_path / "five.h5", np.zeros((3, 5))))
    with pytest.raises(WrongUsage, match="--rows 3"):
        run(ckpt, tmp_path / "a.png", codes=write_codes(tmp_path / "few.h5", np.zeros((3, 4))), rows=[3])
    with pytest.raises(WrongUsage, match=r"few\.h5"):
        run(ckpt, tmp_path / "a.gif", codes=tmp_path / "few.h5", images=4)
    with pytest.raises(ForeignFile, match="finite"):
        run(ckpt, tmp_path / "a.png", codes=write_codes(tmp_path / "nan.h5", np.full((3, 4), np.nan)))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"samples": {}}, "images"),
        ({"samples": {"images": torch.zeros(4, 16, 16, 1, dtype=torch.uint8)}}, "images"),
        ({"samples": {"images": torch.zeros(4, 32, 32, 1)}}, "images"),
        ({"statistics": {}}, "4 dimensions"),
        ({"statistics": {"kl": [1.0, 2.0]}}, "statistics"),
        ({"statistics": {"kl": [1.0, 2.0, 3.0, float("nan")]}}, "statistics"),
        ({"statistics": {"kl": "none"}}, "statistics"),
    ],
)
def test_a_damaged_checkpoint(ckpt, tmp_path, changes, expected):
    path = altered(ckpt, tmp_path / "damaged.pt", **changes)
    with pytest.raises(ForeignFile, match=expected):
        run(path, tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


def test_fewer_images_kept_than_asked_for(ckpt, tmp_path):
    kept = {"images": checkpoint.read(ckpt)["samples"]["images"][:2]}
    path = altered(ckpt, tmp_path / "two.pt", samples=kept)
    with pytest.raises(WrongUsage, match=r"two\.pt"):
        run(path, tmp_path / "a.gif", images=3)
    run(path, tmp_path / "a.gif", frames=2)
    none = altered(ckpt, tmp_path / "none.pt", samples={"images": kept["images"][:0]})
    with pytest.raises(ForeignFile, match="--rows"):
        run(none, tmp_path / "b.gif")
