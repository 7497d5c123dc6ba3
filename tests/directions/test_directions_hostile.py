"""Generators and directions files that behave badly: nothing runs unasked, and one line says what is wrong."""

import dataclasses

import h5py
import numpy as np
import pytest

from disentool.cli.words import printable
from disentool.errors import ForeignFile
from disentool.io import directions_file
from disentool.io.directions_file import Direction, Directions

MINE = """
import sys
import torch

class Base:
    latent_dim = 3
    def image(self, z):
        grid = (torch.arange(16) + 0.5) / 16 - 0.5
        x = torch.exp(-0.5 * ((grid - 0.08 * z[:, :1]) / 0.12) ** 2)
        return (x[:, None, :] * torch.exp(-0.5 * (grid / 0.12) ** 2)[None, :, None])[:, None]

class Blob(Base):
    def __call__(self, z):
        return self.image(z)

class Chatty(Base):
    def __call__(self, z):
        print("hello")
        return self.image(z)

class Rare(Base):
    def __call__(self, z):
        return torch.where((z[:, 1] < -1.0)[:, None, None, None], torch.nan, self.image(z))

class Leaves(Base):
    calls = 0
    def __call__(self, z):
        Leaves.calls += 1
        if Leaves.calls > 4:
            sys.exit(0)
        return self.image(z)
"""


@pytest.fixture
def mine(folder, own_module):
    own_module("mine", MINE)
    return folder


FIND = ("--transform", "shift-x", "--trust", "--starts", 8, "--device", "cpu")


def test_what_a_generator_prints_is_no_result(cli, mine):
    for method in ("tangent", "lm"):
        done = cli("find-direction", "mine:Chatty", *FIND, "--method", method, "-o", f"{method}.h5")
        done.printed(f"{method}.h5")
        assert "hello" in done.err
    done = cli(
        "score", "tangent.h5", "--trust", "--generator", "mine:Chatty", "--metric", "control", "--protocol", "quick"
    )
    assert done.code == 0 and "hello" not in done.out


def test_starts_that_would_not_fit_are_refused_before_any_work(cli, mine, monkeypatch):
    monkeypatch.setattr("disentool.steering.direction_search._MAX_BYTES", 16 * 16 * 4 * 20)
    words = ("--transform", "shift-x", "--trust", "--device", "cpu", "-o", "d.h5")
    cli("find-direction", "mine:Blob", *words, "--starts", 21).failed(2, "--starts 21")


def test_a_generator_that_leaves_is_an_error(cli, mine):
    cli("find-direction", "mine:Leaves", *FIND, "-o", "d.h5").failed(1, "SystemExit")
    assert not (mine / "d.h5").exists()


@pytest.mark.parametrize("method", ["paper", "lm", "tangent"])
def test_pixels_that_are_no_numbers_now_and_then(cli, mine, method):
    words = ("find-direction", "mine:Rare", *FIND[:-3], 40, "--device", "cpu", "--method", method)
    cli(*words, "-o", "d.h5").failed(1, "NaN")
    assert not (mine / "d.h5").exists()


def test_a_file_of_directions_runs_no_code_by_itself(cli, mine):
    cli("find-direction", "mine:Blob", *FIND, "--method", "tangent", "-o", "d.h5").printed("d.h5")
    few = ("--metric", "control", "--protocol", "quick")
    cli("score", "d.h5", *few).failed(1, "--trust")
    cli("score", "d.h5", *few, "--trust").failed(1, "--generator")
    assert cli("score", "d.h5", *few, "--trust", "--generator", "mine:Blob").code == 0


def made(path, **changes):
    """A file with one direction of codes of 3 dimensions."""
    knots = np.linspace(-2, 2, 5)
    base = Direction("shift-x", np.eye(3, dtype=np.float32)[0], knots, 0.08 * knots, (-0.16, 0.16), "widths")
    direction = dataclasses.replace(base, **changes)
    return Directions(path, {direction.name: direction}, "mine:Blob", "0" * 64, "lm", 0)


def test_a_direction_that_moves_nothing_cannot_be_traversed_in_image_units(cli, mine):
    directions_file.write(made(mine / "flat.h5", values=np.zeros(5), t_valid=(0.0, 0.0)), overwrite=False)
    call = ("traverse", "mine:Blob", "--trust", "--force", "--direction", "flat.h5", "--device", "cpu")
    for name in ("a.png", "a.gif", "a.html"):
        cli(*call, "-o", name).failed(2, "--alpha")
    cli(*call, "--alpha", "-1:1", "-o", "a.png").printed("a.png")


def test_without_a_span_images_go_as_far_as_they_can_from_where_they_are(cli, mine):
    cli("find-direction", "mine:Blob", *FIND, "--method", "tangent", "-o", "d.h5").printed("d.h5")
    with h5py.File("z.h5", "w") as file:
        file["mean"] = np.array([[0.8, 0, 0], [-0.5, 0, 0]], np.float32)
        file["row"] = np.arange(2)
        file.attrs.update(format="disentool.latents", version=1)
    call = ("traverse", "mine:Blob", "--trust", "--direction", "d.h5", "--codes", "z.h5", "--device", "cpu")
    cli(*call, "-o", "a.png").printed("a.png")
    low, high = directions_file.read(mine / "d.h5").directions["shift-x"].t_valid
    cli(*call, "--t", f"{low}:{high}", "-o", "b.png").failed(2, "image 0")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": np.linspace(-0.16, 0.16, 5) + 5, "t_valid": (4.9, 5.1)}, "0 at s"),
        ({"knots": np.linspace(-2e30, 2e30, 5)}, "standard normal"),
        ({"u": np.array([np.nan, 0, 0], np.float32)}, "length"),
        ({"facts": {"transform": ["x"]}}, "transform"),
    ],
)
def test_numbers_that_are_no_direction_are_neither_written_nor_read(tmp_path, changes, message, monkeypatch):
    with pytest.raises(ForeignFile, match=message):
        directions_file.write(made(tmp_path / "d.h5", **changes), overwrite=False)
    with monkeypatch.context() as careless:
        careless.setattr(directions_file, "_check", lambda path, direction: None)
        directions_file.write(made(tmp_path / "d.h5", **changes), overwrite=False)
    with pytest.raises(ForeignFile, match=message):
        directions_file.read(tmp_path / "d.h5")


def test_attributes_of_another_kind(cli, mine):
    directions_file.write(made(mine / "d.h5"), overwrite=False)
    with h5py.File("d.h5", "a") as file:
        file.attrs["seed"] = [1, 2]
    cli("info", "d.h5").failed(1, "seed")
    with h5py.File("d.h5", "a") as file:
        file.attrs["seed"] = 3
        file.attrs["provenance"] = '{"truncation": true}'
        file.attrs["generator"] = "\x1b]0;owned\x07" + "x" * 5000
    done = cli("traverse", "mine:Blob", "--trust", "--direction", "d.h5", "-o", "a.png", "--device", "cpu")
    done.failed(1, "another generator")
    assert "\x1b" not in done.err and "\x07" not in done.err and len(done.err) < 2500


def test_what_people_are_told_is_a_line_that_a_terminal_only_shows():
    assert printable("a\tb\n c \x1b[31m\x07é") == "a b c \\x1b[31m\\x07é"
    assert len(printable("x" * 9999)) < 2010
