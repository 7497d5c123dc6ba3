"""3D Shapes: the renderer against published frames and a plain ray caster; the reader against the published layout."""

import colorsys
import hashlib
import math
import os

import h5py
import numpy as np
import pytest
from conftest import DATA
from PIL import Image

from disentool.datasets import shapes3d, shapes3d_scene
from disentool.errors import ForeignFile, MissingFile

FRAMES = DATA / "shapes3d_reference.npz"
N = 480_000
SIZES = (10, 10, 10, 8, 4, 15)
SOME = np.array([0, 1, 1, 479, 480, 5000, 250_000, 250_001, N - 1])  # a row may be asked for twice
HDF5 = "3dshapes.h5"
DIGEST = "70b4f4c58bc052ee729e5710f3e88954492dca7a3d1fdc196ab523929c1286b1"


def images_of(source, rows):
    return np.concatenate(list(source.images(rows)))


def grid():
    return np.indices(SIZES).reshape(6, -1).T


# ---- rendering


def test_facts():
    source = shapes3d.open_source(None)
    assert (source.name, source.shape, source.grid) == ("shapes3d", (N, 64, 64, 3), True)
    assert source.factor_names == ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    assert source.factor_sizes == SIZES
    assert (source.source, source.licence) == ("rendered", "Apache-2.0")
    assert "Burgess" in source.citation
    values = source.factor_values
    assert list(values) == list(source.factor_names)
    for name in source.factor_names[:3]:
        assert values[name].tolist() == pytest.approx([k / 10 for k in range(10)])
    assert values["scale"].tolist() == pytest.approx([0.75 + k / 14 for k in range(8)])
    assert values["shape"].tolist() == [0, 1, 2, 3]
    assert values["orientation"].tolist() == pytest.approx([-30 + 30 * k / 7 for k in range(15)])


def test_factors_are_the_row_major_grid():
    factors = shapes3d.open_source(None).factors
    assert factors(None).dtype == np.int32
    np.testing.assert_array_equal(factors(None), grid())
    np.testing.assert_array_equal(factors(SOME), grid()[SOME])


def object_mask(image, hues):
    """Pixels of colour nearer to the object's hue than to the floor's and the wall's; the sky is paler than all."""
    pixels = image.reshape(-1, 3).astype(float)
    low, high = pixels.min(axis=1), pixels.max(axis=1)
    pure = (pixels - low[:, None]) / np.maximum(high - low, 1)[:, None]
    known = np.array([colorsys.hsv_to_rgb(hue / 10, 1, 1) for hue in hues])
    nearest = ((pure[:, None] - known) ** 2).sum(axis=2).argmin(axis=1)
    return (nearest == 2) & ((high - low) / np.maximum(high, 1) > 0.5)


@pytest.fixture(scope="module")
def frames():
    with np.load(FRAMES) as reference:
        images, factors = reference["images"], reference["factors"]
    rows, places = np.unique(np.ravel_multi_index(tuple(factors.T), SIZES), return_inverse=True)
    return images, images_of(shapes3d.open_source(None), rows)[places], factors


def test_published_frames(frames):
    """Row 0 of the frames is not the published one, so it is left out."""
    published, rendered, _ = frames
    assert len(published) == 50
    error = ((published[:, 1:].astype(float) - rendered[:, 1:]) ** 2).mean(axis=(1, 2, 3))
    psnr = 10 * np.log10(255**2 / error)
    assert psnr.mean() >= 38
    assert psnr.min() >= 33


def test_outline_of_the_object(frames):
    """Where its hue is neither the floor's nor the wall's, so that it can be told apart in the published frame too."""
    overlaps = []
    for published, rendered, factors in zip(*frames, strict=True):
        if factors[2] not in factors[:2]:
            real, ours = object_mask(published, factors[:3]), object_mask(rendered, factors[:3])
            overlaps.append((real & ours).sum() / (real | ours).sum())
    assert len(overlaps) == 37
    assert np.mean(overlaps) >= 0.98
    assert np.min(overlaps) >= 0.93


def test_every_geometry_in_ten_colourings():
    """Known digest: the same bytes on every machine; and the mean colour of the published set."""
    hues = [(k, (k + 3) % 10, (3 * k + 7) % 10) for k in range(10)]  # each as often on floor, wall and object
    rows = 480 * np.sort([(floor * 10 + wall) * 10 + thing for floor, wall, thing in hues])
    images = images_of(shapes3d.open_source(None), np.add.outer(rows, np.arange(480)).ravel())
    assert hashlib.sha256(images.tobytes()).hexdigest() == DIGEST
    mean = images.mean(axis=(0, 1, 2)) / 255
    np.testing.assert_allclose(mean, (0.5026, 0.5788, 0.6034), atol=0.002)


def test_no_sample_is_near_a_step():
    """Between two of 256 levels: the last bits of a machine's arctan2 and arcsin do not matter."""
    nearest = 1.0
    for shape in (shapes3d_scene.CYLINDER, shapes3d_scene.SPHERE, shapes3d_scene.CAPSULE):
        for scale in np.linspace(0.75, 1.25, 8).tolist():
            for degrees in np.linspace(-30, 30, 15)[::5].tolist():
                thing = shapes3d_scene.cast(shape, scale, degrees)[2]
                level = 255 * (np.arange(1, 6)[:, None] / 5 * thing.shade + thing.white)
                level = np.abs(level[level < 255] % 1 - 0.5)
                nearest = min(nearest, level.min())
    assert nearest > 1e-11


def test_rows_are_the_slice_of_the_whole():
    """Each row alone, and with others: which pictures are made depends on what is asked for."""
    source = shapes3d.open_source(None)
    together = images_of(source, SOME)
    for row, image in zip(SOME, together, strict=True):
        np.testing.assert_array_equal(images_of(source, np.array([row]))[0], image)


def test_all_colourings_of_a_geometry():
    """The pictures shared by colourings, against each image painted and reduced by itself in RGB."""
    colourings, geometry = np.arange(0, 1000, 7), 4 * 60 + 2 * 15 + 11
    rendered = images_of(shapes3d.open_source(None), colourings * 480 + geometry)
    surfaces = shapes3d_scene.cast(2, 0.75 + 4 / 14, -30 + 30 * 11 / 7)
    for colouring, image in zip(colourings.tolist(), rendered, strict=True):
        large = np.full((192 * 192, 3), (153, 226, 249), np.uint8)
        for hue, surface in zip(np.unravel_index(colouring, (10, 10, 10)), surfaces, strict=True):
            colour = np.array(colorsys.hsv_to_rgb(hue / 10, 1, 1))
            level = 255 * (colour * surface.shade[:, None] + surface.white[:, None])
            large[surface.where] = np.floor(level.clip(0, 255) + 0.5)
        plain = Image.fromarray(large.reshape(192, 192, 3)).resize((64, 64), Image.Resampling.LANCZOS)
        assert np.abs(np.asarray(plain).astype(int) - image).max() <= 1, colouring


def march(shape, scale, origin, direction):
    """Distance to the object along a ray, by stepping to its signed distance field; None where it is missed."""
    direction = np.array(direction) / np.linalg.norm(direction)
    half = {0: shapes3d_scene._HALF_EDGE, 1: 0.0}.get(shape, 0.0) * scale
    radius = shapes3d_scene._RADIUS.get(shape, 0) * scale
    length = shapes3d_scene._HALF_LENGTH.get(shape, 0) * scale
    at = 0.0
    for _ in range(400):
        x, y, z = np.array(origin) + at * direction
        if shape == 0:
            q = np.array([abs(x) - half, abs(y) - half, abs(z - half) - half])
        elif shape == 1:
            q = np.array([math.hypot(x, y) - radius, abs(z - length) - length])
        if shape < 2:
            away = np.linalg.norm(np.maximum(q, 0)) + min(q.max(), 0)
        else:
            away = math.hypot(x, y, z - min(max(z, radius), radius + 2 * length)) - radius
        if away < 1e-9:
            return at
        at += away
        if at > 5:
            return None
    return None


@pytest.mark.parametrize("shape", range(4))
def test_a_plain_ray_marcher_agrees(shape):
    """Camera rays, and rays from the floor to the light, from a seed."""
    generator = np.random.default_rng(shape)
    for _ in range(100):
        scale = generator.uniform(0.75, 1.25)
        if generator.random() < 0.5:
            origin = np.array([*generator.uniform(-0.5, 0.5, 2), 0])
            if np.linalg.norm(origin) < 0.25:
                continue  # may lie below the object
            target = shapes3d_scene._SHADOW_LIGHT
        else:
            angle = generator.uniform(-0.5, 0.5)
            origin = np.array([0.75 * math.sin(angle), -0.75 * math.cos(angle), 0.22])
            target = generator.uniform((-0.15, -0.15, 0), (0.15, 0.15, 0.4))
        ray = np.array(target) - origin
        found = shapes3d_scene._hit(shape, scale, tuple(origin), tuple(ray[:, None]))[0] * np.linalg.norm(ray)
        expected = march(shape, scale, origin, ray)
        if expected is None:
            assert np.isinf(found)
        else:
            assert found == pytest.approx(expected, abs=1e-6)


def test_the_fifth_root():
    c = np.linspace(0.15, 1, 1000)
    np.testing.assert_allclose(shapes3d_scene._power(c), c**12.2, rtol=1e-13)


def test_no_rows():
    source = shapes3d.open_source(None)
    assert list(source.images(np.array([], dtype=np.int64))) == []
    assert source.factors(np.array([], dtype=np.int64)).shape == (0, 6)


@pytest.mark.parametrize("rows", [[-1], [N], [5, 4]])
def test_rows_outside_or_out_of_order(rows):
    with pytest.raises(ValueError, match="ascend"):
        list(shapes3d.open_source(None).images(np.array(rows)))
    with pytest.raises(ValueError, match="ascend"):
        shapes3d.open_source(None).factors(np.array(rows))


def test_stopped_while_it_renders():
    blocks = shapes3d.open_source(None).images(None)
    assert len(next(blocks)) == 0  # a place to stop, long before the first image
    blocks.close()


def test_prepared_grey_and_small(cli, folder):
    cli("prepare", "shapes3d", "--subset", 6, "--size", 16, "--grey", "-o", "a.h5").printed("a.h5")
    with h5py.File(folder / "a.h5") as file:
        assert file["images"].shape == (6, 16, 16, 1)


# ---- the published file


def labels():
    source = shapes3d.open_source(None)
    columns = [source.factor_values[name][grid()[:, k]] for k, name in enumerate(source.factor_names)]
    return np.stack(columns, axis=1)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The published layout in h5py's own chunks, compressed; only the first 1,000 rows have pixels."""
    path = tmp_path_factory.mktemp("published") / HDF5
    with h5py.File(path, "w") as file:
        images = file.create_dataset("images", (N, 64, 64, 3), np.uint8, chunks=True, compression="gzip")
        count = images.chunks[0]
        for start in range(0, N, count):  # all chunks of one place, so that so much is stored
            images[start : start + count, 60:, 60:, 2:] = np.zeros((min(count, N - start), 4, 4, 1), np.uint8)
        images[:1000] = pixels(0, 1000)
        file.create_dataset("labels", data=labels(), compression="gzip", compression_opts=1)
    return path


def pixels(start, count):
    return np.random.default_rng(start).integers(0, 256, (count, 64, 64, 3), np.uint8)


def test_published_layout(published):
    source, expected = shapes3d.open_source(published), shapes3d.open_source(None)
    assert source.source == f"{HDF5} sha256:{hashlib.sha256(published.read_bytes()).hexdigest()}"
    for name in ("name", "shape", "factor_names", "factor_sizes", "grid", "likelihood", "citation", "licence"):
        assert getattr(source, name) == getattr(expected, name)
    np.testing.assert_array_equal(source.factors(SOME), expected.factors(SOME))
    images = images_of(source, np.array([0, 3, 3, 999]))
    np.testing.assert_array_equal(images, pixels(0, 1000)[[0, 3, 3, 999]])
    stream = source.images(None)
    first = np.concatenate([next(stream), next(stream)])
    np.testing.assert_array_equal(first, pixels(0, 1000)[:960])


def test_folder_with_the_file(published):
    assert shapes3d.open_source(published.parent).source == shapes3d.open_source(published).source


def test_nothing_or_too_much_there(tmp_path):
    with pytest.raises(MissingFile, match=r"3dshapes\.h5"):
        shapes3d.open_source(tmp_path / HDF5)
    with pytest.raises(MissingFile, match="folder"):
        shapes3d.open_source(tmp_path)
    for name in ("a.h5", "b.h5"):
        (tmp_path / name).touch()
    with pytest.raises(ForeignFile, match=r"b\.h5"):
        shapes3d.open_source(tmp_path)


def rejects(path, match=None):
    """One clear line that names the file, what was expected and what to do."""
    with pytest.raises(ForeignFile, match=match) as caught:
        shapes3d.open_source(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.count(str(path)) == 1
    assert "published" in message
    assert "download" in message


def test_other_files(tmp_path):
    for name, content in (("a.h5", b"<html>404</html>"), ("b.h5", b"")):
        (tmp_path / name).write_bytes(content)
        rejects(tmp_path / name, match="HDF5")
    os.mkfifo(tmp_path / HDF5)
    rejects(tmp_path / HDF5, match="folder")


def test_truncated(published, tmp_path):
    whole, path = published.read_bytes(), tmp_path / HDF5
    for length in (9, 100, 1000, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        rejects(path)


def changed(published, path, change):
    path.write_bytes(published.read_bytes())
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def swap(file):
    table = file["labels"][()]
    table[[300_000, 300_001]] = table[[300_001, 300_000]]
    file["labels"][...] = table


def spoil(file):
    file["labels"][7, 2] = np.nan


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (swap, "288000"),
        (spoil, "47999"),
        (lambda file: file.pop("labels"), "'labels'"),
        (lambda file: (file.pop("labels"), file.update(labels=h5py.ExternalLink("elsewhere.h5", "/x"))), "link"),
        (lambda file: (file.pop("labels"), file.update(labels=np.zeros((4, 6)))), r"\[4, 6\]"),
        (lambda file: (file.pop("images"), file.create_group("images")), "group"),
        (
            lambda file: (file.pop("images"), file.create_dataset("images", (N, 64, 64, 3), "u1", chunks=True)),
            "5,898,240,000",
        ),
    ],
)
def test_other_layouts(published, tmp_path, change, match):
    rejects(changed(published, tmp_path / HDF5, change), match=match)


def test_damaged_pixels(published, tmp_path):
    path = tmp_path / HDF5
    path.write_bytes(published.read_bytes())
    with h5py.File(path) as file:
        chunk = file["images"].id.get_chunk_info(0)
    with path.open("r+b") as file:
        file.seek(chunk.byte_offset)
        file.write(b"\xff" * chunk.size)
    source = shapes3d.open_source(path)
    with pytest.raises(ForeignFile, match="download"):
        list(source.images(np.array([0])))
