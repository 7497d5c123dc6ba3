"""What stands out, on made pictures: coloured and chequered squares on a textured ground, at places that are known."""

import numpy as np
import pytest
from scipy import ndimage

from disentool.directions import measurements
from disentool.directions.saliency import saliency_map, salient
from disentool.errors import DataMismatch
from disentool.scoring import image_measurement


def picture(x, y, half, side=64, seed=0, colour=(0.9, 0.2, 0.1), width=None):
    """A chequered square at x, y (sides, 0 the middle) on a grey ground with a gradient and a texture."""
    rng = np.random.default_rng(seed)
    width = width or side
    down = ((np.arange(side) + 0.5) / side - 0.5)[:, None]
    across = ((np.arange(width) + 0.5) / width - 0.5)[None]
    texture = ndimage.gaussian_filter(rng.standard_normal((side, width)), 3, mode="wrap")
    ground = 0.35 + 0.25 * (texture - texture.min()) / np.ptp(texture) + 0.1 * down
    inside = (np.abs(across - x) < half) & (np.abs(down - y) < half)
    chequered = np.where(np.sin(40 * across) * np.sin(40 * down) > 0, 1.0, 0.6)
    image = np.repeat(ground[..., None], 3, axis=2)
    image[inside] = (chequered[..., None] * np.array(colour))[inside]
    return image


PLACES = [(x, y, half) for x in (-0.25, 0.0, 0.2) for y in (-0.2, 0.05, 0.25) for half in (0.07, 0.12)]


@pytest.mark.parametrize("side", [48, 64, 160])
def test_the_place_and_the_size_are_those_drawn(side):
    images = np.stack([picture(*place, side=side, seed=n) for n, place in enumerate(PLACES)])
    found = salient(images)
    x, y, half = np.array(PLACES).T
    assert np.abs(found["x"] - x).max() < 0.015
    assert np.abs(found["y"] - y).max() < 0.015
    assert np.corrcoef(found["scale"], np.log(half))[0, 1] > 0.98
    # a bright object is not what these pictures show
    assert np.abs(measurements.objects(images)["x"] - x).max() > 0.1


def test_dark_objects_grey_pictures_and_other_formats():
    dark = salient(picture(0.1, -0.15, 0.1, colour=(0.02, 0.02, 0.02))[None])
    assert [dark["x"][0], dark["y"][0]] == pytest.approx([0.1, -0.15], abs=0.015)
    grey = salient(picture(0.1, -0.15, 0.1, colour=(0.02, 0.02, 0.02))[None, :, :, :1])
    assert [grey["x"][0], grey["y"][0]] == pytest.approx([0.1, -0.15], abs=0.015)
    wide = salient(picture(-0.2, 0.1, 0.1, side=48, width=96)[None])
    assert [wide["x"][0], wide["y"][0]] == pytest.approx([-0.2, 0.1], abs=0.015)


def test_the_map_is_largest_on_the_object():
    image = picture(0.2, -0.2, 0.1)
    (found,) = saliency_map(image[None])
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert (column + 0.5) / 64 - 0.5 == pytest.approx(0.2, abs=0.1)
    assert (row + 0.5) / 64 - 0.5 == pytest.approx(-0.2, abs=0.1)


def test_nothing_stands_out_of_one_colour():
    found = salient(np.full((2, 32, 32, 3), 0.4))
    assert all(np.isnan(values).all() for values in found.values())


def test_it_is_a_measure_of_control():
    images = np.stack([picture(x, 0.0, 0.1) for x in (-0.2, 0.0, 0.2)])[None].astype(np.float32)
    measure = image_measurement.choose("saliency", "shift-x", images[0], trust=False)
    found = measure.moved(measure.along(images, 1))
    assert found.controlled == "x"
    assert found.values["x"] == pytest.approx(np.array([[-0.2, 0.0, 0.2]]), abs=0.015)
    assert found.units["x"] == "image widths"
    assert "x" not in found.relative
    with pytest.raises(DataMismatch, match="saliency"):
        image_measurement.choose("saliency", "rotate", images[0], trust=False)
