"""``swap``: what is put together with what, where it stands in the pictures, and all that it refuses."""

import h5py
import numpy as np
import pytest
import torch
from conftest import NAMES, square_grid, write_dataset
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image, ImageSequence
from same_files import assert_same_bytes

from disentool.commands.train import train
from disentool.engine.feed import to_float
from disentool.io import dataset, latents
from disentool.models.model import load_model
from disentool.training.plan import plan

IMAGES, FACTORS = square_grid()
CLASSES = {"class_factor": "size", "class_dim": 3, "content_dim": 4, "device": "cpu", "steps": 20}
METHODS = {
    "mlvae": {"hidden_units": 32, "batch_size": 16, "group_size": 4, "learning_rate": 1e-2},
    "drnet": {"width": 4, "batch_size": 6},
    "lord": {"width": 8, "batch_size": 16, "reconstruction": "pixel", "learning_rate": 1e-2},
}
NEVER = 2  # the size that is not trained on
WORDS = '{"size": ["small", "middle", "large"]}'


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("swap")


@pytest.fixture(scope="module")
def data(home):
    """The squares, named by size; those of the largest are for testing."""
    split = (FACTORS[:, 0] == NEVER).astype(np.uint8)
    path = write_dataset(home / "squares.h5", IMAGES, FACTORS, class_factor="size", class_names=WORDS)
    with h5py.File(path, "r+") as file:
        file["split"] = split
    return path


def made(name, home, data, **options):
    given = CLASSES | METHODS[name] | {"data": str(data)} | options
    return next(train(plan(name, given, output=str(home / f"{name}-{len(options)}.pt"))))


@pytest.fixture(scope="module")
def ckpt(home, data):
    return made("mlvae", home, data)


@pytest.fixture(scope="module")
def lord(home, data):
    """LORD before its second stage: codes are those optimised for the training rows."""
    return made("lord", home, data, stage="latent")


def codes_of(model, rows):
    """Every code of these rows by name, float32 [n,D]."""
    with torch.inference_mode():
        return {
            k: v.numpy()
            for k, v in model.method.encode(model.networks, to_float(torch.from_numpy(IMAGES[rows]))).items()
        }


def decoded(model, of_class, content):
    """uint8 [n,H,W,C] of class codes [n,C] and content codes [n,D]."""
    codes = torch.from_numpy(np.concatenate([of_class, content], 1).astype(np.float32))
    with torch.inference_mode():
        images = model.method.decode(model.networks, codes)
    return (images * 255).round().byte().permute(0, 2, 3, 1).numpy()


def pairs(model, contents, classes):
    """What every content row makes with every class row, uint8 [n,m,H,W,C]."""
    content, of_class = codes_of(model, contents)["content_code"], codes_of(model, classes)["class_code"]
    return np.stack([decoded(model, of_class, np.repeat(c[None], len(of_class), 0)) for c in content])


def near(got, expected) -> bool:
    """Whether images are equal; another batch may round a pixel differently."""
    return got.shape == expected.shape and np.abs(got.astype(int) - expected.astype(int)).max() <= 1


def places(picture, image):
    """Where (y, x) an image, enlarged three times, stands in a picture uint8 [H,W,3], in reading order."""
    large = image[:, :, 0].repeat(3, 0).repeat(3, 1).astype(int)
    grey = picture[:, :, 0].astype(int)
    rows = np.abs(sliding_window_view(grey, large.shape[1], 1) - large[48]).max(2) <= 1
    found = [(y - 48, x) for y, x in np.argwhere(rows) if y >= 48]
    return [(y, x) for y, x in found if near(grey[y : y + len(large), x : x + len(large)], large)]


def read(path):
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


def swapped(cli, *arguments):
    outcome = cli("swap", *arguments, "--device", "cpu", "--overwrite")
    assert outcome.code == 0, outcome
    return outcome


def test_a_grid_has_a_row_for_each_content_and_a_column_for_each_class(ckpt, cli, tmp_path):
    contents, classes = [10, 70, 130], [5, 100]
    out = tmp_path / "grid.png"
    swapped(cli, ckpt, "--content-rows", "10,70,130", "--class-rows", "5,100", "--size", 96, "-o", out).printed(out)
    (picture,) = read(out)
    cells = pairs(load_model(ckpt, "cpu"), contents, classes)
    spots = [[places(picture, cell) for cell in row] for row in cells]
    assert all(found for row in spots for found in row)
    top = min(y for row in spots for found in row for y, _ in found)
    for column, row in enumerate(classes):  # the inputs stand above their columns, and left of their rows
        y, x = places(picture, IMAGES[row])[0]
        assert y < top and all(x in [place[1] for place in found[column]] for found in spots)
    for found, row in zip(spots, contents, strict=True):
        y, x = min(places(picture, IMAGES[row]), key=lambda place: place[1])
        assert all(any(place[0] == y and place[1] > x for place in cell) for cell in found)


def test_a_grid_has_print_size_unasked(ckpt, cli, tmp_path):
    out = tmp_path / "grid.png"
    swapped(cli, ckpt, "--content-rows", "10,70", "--class-rows", "5,100", "-o", out)
    (picture,) = read(out)
    assert len(picture) > 3 * 128
    with Image.open(out) as image:
        assert round(image.info["dpi"][0]) == 300
    swapped(cli, ckpt, "--content-rows", "10,70", "--class-rows", "5,100", "-o", out, "--width", 84)
    with Image.open(out) as image:
        assert image.width / image.info["dpi"][0] * 25.4 == pytest.approx(84, abs=0.05)
    many = [str(row) for row in range(40)]
    swapped(cli, ckpt, "--content-rows", ",".join(many), "--class-rows", "0-29", "-o", out)
    with Image.open(out) as image:
        wide, high = (side / dpi * 25.4 for side, dpi in zip(image.size, image.info["dpi"], strict=True))
    assert wide < 210 and high < 297
    cli("swap", ckpt, "--gif", tmp_path / "a.gif", "--height", 50, "--device", "cpu").failed(2, "--height")


def test_a_data_set_of_every_pair_knows_their_factors(ckpt, cli, tmp_path):
    out = tmp_path / "pairs.h5"
    swapped(cli, ckpt, "--content-rows", "10,70,130", "--class-rows", "5,100", "-o", out).printed(out)
    found = dataset.read(out)
    model = load_model(ckpt, "cpu")
    assert near(np.asarray(found.images), pairs(model, [10, 70, 130], [5, 100]).reshape(6, 32, 32, 1))
    expected = np.repeat(FACTORS[[10, 70, 130]], 2, 0)
    expected[:, 0] = np.tile(FACTORS[[5, 100], 0], 3)
    np.testing.assert_array_equal(found.factors, expected)
    assert found.factor_names == NAMES and found.class_names["size"] == ["small", "middle", "large"]
    swapped(cli, ckpt, "--content-rows", "10,70", "--class-rows", "5", "-o", tmp_path / "folder")
    assert [path.name for path in sorted((tmp_path / "folder").iterdir())] == ["000000.png", "000001.png"]


def duration(path):
    """Of a frame, in thousandths of a second."""
    with Image.open(path) as image:
        return image.info["duration"]


def test_an_animation_goes_through_the_contents(ckpt, cli, tmp_path):
    out = tmp_path / "turn.gif"
    swapped(cli, ckpt, "--content-rows", "8,11,14", "--class-rows", "5,100", "--gif", out).printed(out)
    frames = read(out)
    assert len(frames) == 3
    assert duration(out) == 1000, "each content is seen for a second"
    many = tmp_path / "many.gif"
    swapped(cli, ckpt, "--content-rows", "0-29", "--class-rows", "5", "--gif", many).printed(many)
    assert duration(many) == 200, "thirty take six seconds"
    cells = pairs(load_model(ckpt, "cpu"), [8, 11, 14], [5, 100])
    for frame, row, content in zip(frames, cells, (8, 11, 14), strict=True):
        assert places(frame, IMAGES[content])
        columns = [places(frame, cell)[-1] for cell in row]
        assert columns[0][0] == columns[1][0]  # side by side


def test_lines_from_class_to_class_and_from_content_to_content(ckpt, cli, tmp_path):
    model = load_model(ckpt, "cpu")
    out = tmp_path / "line.h5"
    swapped(cli, ckpt, "--content-rows", 10, "--class-rows", "5,100", "--interpolate", "class", "--steps", 5, "-o", out)
    ends, content = codes_of(model, [5, 100])["class_code"], codes_of(model, [10])["content_code"]
    line = np.stack([(1 - t) * ends[0] + t * ends[1] for t in np.linspace(0, 1, 5)])
    assert near(np.asarray(dataset.read(out).images), decoded(model, line, np.repeat(content, 5, 0)))
    swapped(
        cli, ckpt, "--content-rows", "10,70", "--class-rows", 5, "--interpolate", "content", "--steps", 3, "-o", out
    )
    ends, of_class = codes_of(model, [10, 70])["content_code"], codes_of(model, [5])["class_code"]
    line = np.stack([ends[0], ends.mean(0), ends[1]])
    assert near(np.asarray(dataset.read(out).images), decoded(model, np.repeat(of_class, 3, 0), line))


def test_several_images_of_a_class_have_their_evidence_joined(ckpt, cli, tmp_path):
    """ML-VAE's group posterior is the product of Gaussians; a mean is what other methods take."""
    model = load_model(ckpt, "cpu")
    out = tmp_path / "one.h5"
    swapped(cli, ckpt, "--content-rows", 10, "--class-rows", "65-70", "--average", "-o", out)
    codes = codes_of(model, np.arange(65, 71))
    precision = np.exp(-codes["logvar"][:, :3].astype(np.float64))
    joint = (codes["class_code"] * precision).sum(0) / precision.sum(0)
    assert near(
        np.asarray(dataset.read(out).images), decoded(model, joint[None], codes_of(model, [10])["content_code"])
    )
    (row,) = dataset.read(out).factors
    assert row.tolist() == [1, *FACTORS[10, 1:]]


def test_a_class_by_its_label(ckpt, cli, tmp_path):
    model = load_model(ckpt, "cpu")
    out = tmp_path / "label.h5"
    swapped(cli, ckpt, "--content-rows", 10, "--class-label", "middle", "-o", out)
    codes = codes_of(model, np.flatnonzero(FACTORS[:, 0] == 1))
    precision = np.exp(-codes["logvar"][:, :3].astype(np.float64))
    joint = (codes["class_code"] * precision).sum(0) / precision.sum(0)
    assert near(
        np.asarray(dataset.read(out).images), decoded(model, joint[None], codes_of(model, [10])["content_code"])
    )
    swapped(cli, ckpt, "--content-rows", 10, "--class-label", 1, "-o", tmp_path / "number.h5")
    assert np.array_equal(dataset.read(out).images, dataset.read(tmp_path / "number.h5").images)


def test_labels_that_cannot_be_taken(ckpt, trained, cli, tmp_path):
    common = ("-o", tmp_path / "a.png", "--device", "cpu", "--class-label")
    cli("swap", ckpt, *common, "huge").failed(2, "'huge'")
    cli("swap", ckpt, *common, "large").failed(1, "--class-label large")
    cli("swap", trained, "--dims", 0, *common, "x").failed(2, "--class-label x")


def test_optimised_codes_before_the_encoders_are_trained(lord, cli, tmp_path):
    model = load_model(lord, "cpu")
    out = tmp_path / "a.h5"
    outcome = swapped(cli, lord, "--content-rows", "10,70", "--class-rows", 5, "--class-label", "middle", "-o", out)
    assert "encoders" in outcome.err
    contents = model.networks["contents"].weight.numpy()[[10, 70]]  # the first 128 rows are those trained on
    classes = model.networks["classes"].weight.numpy()[[0, 1]]
    expected = decoded(model, np.tile(classes, (2, 1)), np.repeat(contents, 2, 0))
    assert near(np.asarray(dataset.read(out).images), expected)
    swapped(cli, lord, "-o", tmp_path / "kept.png")  # images that the checkpoint keeps
    Image.fromarray(IMAGES[3, :, :, 0]).save(tmp_path / "a.png")
    common = (lord, "--quiet", "--device", "cpu", "-o", tmp_path / "b.png")
    cli("swap", *common, "--content", tmp_path / "a.png").failed(2, "--content-rows")
    cli("swap", *common, "--content-rows", 150).failed(1, "row 150")
    cli("swap", *common, "--codes", "encoder").failed(2, "--codes encoder")


def test_a_method_that_transfers_by_itself_is_asked(home, data, cli, tmp_path):
    """DrNet's decoder sees the class image itself."""
    path = made("drnet", home, data)
    out = tmp_path / "a.h5"
    swapped(cli, path, "--content-rows", "10,70", "--class-rows", "5,100", "-o", out)
    model = load_model(path, "cpu")
    of_class, content = (to_float(torch.from_numpy(IMAGES[rows])) for rows in ([5, 100, 5, 100], [10, 10, 70, 70]))
    with torch.inference_mode():
        expected = model.method.transfer(model.networks, of_class, content)
    assert near(np.asarray(dataset.read(out).images), (expected * 255).round().byte().permute(0, 2, 3, 1).numpy())


def test_dimensions_of_any_model(trained, squares, cli, tmp_path):
    out = tmp_path / "a.h5"
    swapped(cli, trained, "--data", squares, "--dims", "0,2", "--content-rows", 10, "--class-rows", 5, "-o", out)
    model = load_model(trained, "cpu")
    kept, given = codes_of(model, [10, 5])["mean"]
    kept[[0, 2]] = given[[0, 2]]
    assert near(np.asarray(dataset.read(out).images), decoded(model, kept[None, :0], kept[None]))
    common = (trained, "--data", squares, "-o", tmp_path / "b.png", "--device", "cpu")
    cli("swap", *common).failed(2, "--dims")
    cli("swap", *common, "--dims", "4").failed(2, "--dims 4")


def test_codes_are_put_together_and_decoded_later(ckpt, cli, tmp_path):
    codes, mixed, images, direct = (tmp_path / f"{name}.h5" for name in ("codes", "mixed", "images", "direct"))
    assert cli("encode", ckpt, "-o", codes, "--device", "cpu").code == 0
    table = latents.read(codes)
    np.testing.assert_array_equal(table.class_code, table.mean[:, :3])
    np.testing.assert_array_equal(table.content_code, table.mean[:, 3:])
    swapped(cli, codes, "--content-row", 3, "--class-row", 40, "--class-row", 70, "-o", mixed).printed(mixed)
    found = latents.read(mixed)
    expected = np.concatenate([table.mean[[40, 70], :3], table.mean[[3, 3], 3:]], 1)
    np.testing.assert_array_equal(found.mean, expected)
    np.testing.assert_array_equal(found.factors, [[0, *FACTORS[3, 1:]], [1, *FACTORS[3, 1:]]])
    assert cli("decode", ckpt, mixed, "-o", images, "--device", "cpu").code == 0
    swapped(cli, ckpt, "--content-row", 3, "--class-rows", "40,70", "-o", direct)
    assert near(np.asarray(dataset.read(images).images), np.asarray(dataset.read(direct).images))
    swapped(cli, codes, "--content-row", 3, "--class-label", "middle", "-o", mixed)
    mean = table.mean[FACTORS[:, 0] == 1, :3].mean(0)
    np.testing.assert_allclose(latents.read(mixed).mean[0, :3], mean, rtol=1e-5)
    common = (codes, "-o", tmp_path / "b.h5")
    cli("swap", *common, "--content-row", 3).failed(2, "--content-rows")
    cli("swap", *common, "--content-row", 192, "--class-row", 1).failed(2, "--content-rows 192")
    cli("swap", codes, "-o", tmp_path / "b.png", "--content-row", 3, "--class-row", 1).failed(2, "b.png")


def test_pictures_of_another_size_or_kind(ckpt, cli, tmp_path):
    model, big = load_model(ckpt, "cpu"), tmp_path / "big.png"
    Image.fromarray(IMAGES[70, :, :, 0].repeat(2, 0).repeat(2, 1)).convert("RGB").save(big)
    out = tmp_path / "a.h5"
    outcome = swapped(cli, ckpt, "--content", big, "--class-rows", 5, "-o", out)
    assert f"{big}: 64x64" in outcome.err
    assert near(np.asarray(dataset.read(out).images), pairs(model, [70], [5])[0])
    cli("swap", ckpt, "--content", big, "--strict", "-o", tmp_path / "b.h5", "--device", "cpu").failed(1, "64x64")


def test_folders(ckpt, cli, tmp_path):
    folder = tmp_path / "views"
    folder.mkdir()
    cli("swap", ckpt, "--content", folder, "-o", tmp_path / "a.png", "--device", "cpu").failed(1, str(folder))
    for name, row in (("v10", 70), ("v2", 69), ("v1", 68)):
        Image.fromarray(IMAGES[row, :, :, 0]).save(folder / f"{name}.png")
    out = tmp_path / "a.h5"
    swapped(cli, ckpt, "--content", folder, "--class-rows", 5, "-o", out)
    assert near(np.asarray(dataset.read(out).images), pairs(load_model(ckpt, "cpu"), [68, 69, 70], [5])[:, 0])
    (folder / "broken.png").write_bytes(b"no picture")
    assert "read: 1" in swapped(cli, ckpt, "--content", folder, "-o", out).err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--gif"),
        (("-o", "a.png", "-o", "a.png"), "twice"),
        (("-o", "a.txt"), "a.txt"),
        (("-o", "a.png", "--steps", "3"), "--steps 3"),
        (("-o", "a.gif", "--content-rows", "3"), "a.gif"),
        (("-o", "a.png", "--content-rows", "192"), "--content-rows 192"),
        (("-o", "a.png", "--interpolate", "class", "--steps", "1"), "--steps 1"),
        (("-o", "a.png", "--dims", "9"), "--dims 9"),
        (("-o", "a.png", "--average"), "--average"),
        (("--gif", "a.png"), "--gif a.png"),
    ],
)
def test_what_is_refused_before_any_work(ckpt, cli, arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cli("swap", ckpt, *arguments, "--device", "cpu").failed(2, words)
    assert not list(tmp_path.iterdir())


def test_the_same_inputs_make_the_same_bytes(ckpt, cli, tmp_path):
    for name in ("a.png", "b.png"):
        swapped(cli, ckpt, "--content-rows", "10,70", "-o", tmp_path / name)
    assert_same_bytes(tmp_path / "a.png", tmp_path / "b.png")


def test_a_label_is_shown_from_where_the_data_is_now(home, data, cli, tmp_path):
    moved = tmp_path / "moved.h5"
    moved.write_bytes(data.read_bytes())
    path = made("mlvae", tmp_path, moved, seed=1)
    moved.rename(tmp_path / "there.h5")
    arguments = (path, "--content-rows", 10, "--class-label", "middle", "-o", tmp_path / "a.h5", "--device", "cpu")
    cli("swap", *arguments).failed(1, "moved.h5")
    assert cli("swap", *arguments, "--data", tmp_path / "there.h5").code == 0


def test_a_label_of_a_model_whose_contents_were_amortised(home, data, cli, tmp_path):
    path = made("lord", home, data, stage="latent", content="amortised")
    swapped(cli, path, "--content-rows", 10, "--class-label", "middle", "-o", tmp_path / "label.h5")
    swapped(cli, path, "--content-rows", 10, "--class-rows", 70, "-o", tmp_path / "row.h5")
    assert np.array_equal(dataset.read(tmp_path / "label.h5").images, dataset.read(tmp_path / "row.h5").images)
