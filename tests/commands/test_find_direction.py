"""``find-direction`` where the truth is known: blobs that move along directions the test chose."""

import json

import numpy as np
import pytest
import torch

from disentool.commands.find_direction import find_direction
from disentool.directions import calibration, fitting, solvers, trajectories
from disentool.directions.generator import GeneratorFacts
from disentool.directions.search import FittedDirection, Search
from disentool.directions.trajectories import Objective
from disentool.errors import DataMismatch, PartlyDone
from disentool.io import directions_file
from disentool.steering import refusals

SLOPE, SIDE = 0.12, 32  # widths per unit of z; pixels

MINE = """
import torch

SLOPE, SIDE = 0.12, 32

class Blob:
    '''A Gaussian blob, linear in z: its place along the first two of these unit vectors, its size along the third.'''
    latent_dim = 6

    def __init__(self):
        random = torch.Generator().manual_seed(3)
        self.directions = torch.linalg.qr(torch.randn(self.latent_dim, 3, generator=random)).Q.T

    def __call__(self, z):
        x, y, size = (z @ self.directions.T.to(z)).T[:, :, None, None]
        grid = (torch.arange(SIDE, device=z.device) + 0.5) / SIDE - 0.5
        far = (grid[None, None, :] - SLOPE * x) ** 2 + (grid[None, :, None] - SLOPE * y) ** 2
        return torch.exp(-0.5 * far / (0.1 * torch.exp(0.2 * size)) ** 2)[:, None]

def enlarged(z):
    '''Three blobs about the middle, all of it enlarged exp(0.2 z[:, 1]) times.'''
    grid = ((torch.arange(SIDE) + 0.5) / SIDE - 0.5) * torch.exp(-0.2 * z[:, 1])[:, None]
    image = 0
    for number, (x, y) in enumerate(((0.12, 0.05), (-0.1, 0.1), (0.0, -0.15))):
        far = (grid[:, None, :] - x) ** 2 + (grid[:, :, None] - y) ** 2
        light = 0.6 + 0.2 * torch.tanh(z[:, 0] + number)[:, None, None]
        image = image + light * torch.exp(-0.5 * far / 0.06**2)
    return image[:, None]
enlarged.latent_dim = 3

def still(z):
    '''Rings whose brightness alone can change.'''
    grid = torch.linspace(-2, 2, SIDE) ** 2
    return torch.sigmoid(torch.sin(3 * (grid[:, None] + grid)) + 0.5 * z.sum(1)[:, None, None])[:, None]
still.latent_dim = 3

def even(z):
    '''One grey.'''
    return torch.sigmoid(z.sum(1))[:, None, None, None].expand(-1, 1, SIDE, SIDE)
even.latent_dim = 3

class Turned:
    '''A blob of two classes: one turns with the last dimension, the other is round; its place is of the others.'''
    latent_dim, num_classes = 3, 2

    def __call__(self, z, classes):
        grid = (torch.arange(SIDE, device=z.device) + 0.5) / SIDE - 0.5
        x, y = grid[None, None, :] - 0.03 * z[:, 0, None, None], grid[None, :, None] - 0.03 * z[:, 1, None, None]
        turn = 0.4 * z[:, 2, None, None]
        along, beside = turn.cos() * x - turn.sin() * y, turn.sin() * x + turn.cos() * y
        long = 1 + 1.5 * (classes == 0).float()[:, None, None]
        return torch.exp(-0.5 * ((along / long) ** 2 + beside**2) / 0.08**2)[:, None]

turned = Turned()
"""


@pytest.fixture
def mine(own_module):
    """The generators above, in a working folder as a module of the user's own."""
    return own_module("mine", MINE)


def found_in(folder, spec, names, **options):
    output = folder / "d.h5"
    find_direction(f"mine:{spec}", names, output, trust=True, device="cpu", overwrite=True, **options)
    return directions_file.read(output)


def check_g(direction, true, slope, room):
    """g is the truth within its own 95 % interval, and ``room`` for what a pixel cannot tell, where it was reached."""
    knots = direction.knots
    low, high = np.quantile(direction.values_bootstrap, [0.025, 0.975], axis=0)
    truth = slope * (direction.u.astype(float) @ true) * knots  # moving along u moves along the true one by so much
    inside = np.abs(knots) <= 1.5
    assert inside.sum() > 5
    assert (low - room <= truth)[inside].all() and (truth <= high + room)[inside].all(), (low, truth, high)


@pytest.mark.parametrize("method", ["lm", "tangent"])
def test_known_shifts_are_recovered(mine, folder, method):
    found = found_in(folder, "Blob", ["shift-x", "shift-y"], method=method, starts=20)
    for name, true in zip(("shift-x", "shift-y"), mine.Blob().directions.numpy(), strict=False):
        direction = found.directions[name]
        assert direction.u @ true > 0.99, name
        check_g(direction, true, SLOPE, 1 / 16 / SIDE)
        low, high = direction.t_valid
        assert low < -1.5 * SLOPE and high > 1.5 * SLOPE  # it was moved by two units from starts within one or two
        assert direction.facts["r2"]["value"] > 0.99
        assert direction.facts["followed"] is True


def test_a_known_zoom_is_recovered(mine, folder):
    direction = found_in(folder, "enlarged", ["zoom"], method="tangent", starts=20).directions["zoom"]
    true = np.array([0.0, 1.0, 0.0])
    assert direction.u @ true > 0.99
    check_g(direction, true, 0.2, 0.01)


@pytest.mark.slow
def test_the_papers_method_comes_near_a_known_shift(mine):
    """Its 100 epochs of Adam stop short of the optimum, by seed at a cosine of .98 to .996; lm and tangent reach .999.

    Along axes of z, as Adam steps equally far along every dimension whose gradient has a sign; with many dimensions, as
    the ball then is no bound; and no farther than codes can move the blob.
    """
    side = 16

    class Generator:
        facts, device = GeneratorFacts(16, 1, side, side), torch.device("cpu")

        def __call__(self, z, classes=None):
            grid = (torch.arange(side) + 0.5) / side - 0.5
            x, y = (torch.exp(-0.5 * ((grid - SLOPE * z[:, k, None]) / 0.1) ** 2) for k in (3, 0))
            return (x[:, None, :] * y[:, :, None])[:, None]

    z = torch.randn(64, 16, generator=torch.Generator().manual_seed(1))
    starts = trajectories.begin(Generator(), z, None)
    objective = Objective("shift-x", "blur", 0.4)
    paths = trajectories.follow(
        Generator(), objective, starts, 0.1, 5, solvers.AdamSolver(), lambda images, error: None
    )
    assert paths.errors.median() < 0.1
    kept = paths.errors[:, [0, -1]].mean(1).argsort()[:58]
    fit = fitting.jointly(starts.z[kept], paths.z[kept], paths.t, fitting.resample(58, 4, 0), 0)
    assert fit.u[0, 3] > 0.98
    inside = np.abs(fit.knots) <= 1
    truth = SLOPE * fit.u[0, 3] * fit.knots
    np.testing.assert_allclose(fit.values[0][inside], truth[inside], atol=1 / 8 / side)


@pytest.mark.slow
def test_the_papers_fit_finds_u_and_g_from_whichever_side_it_begins():
    """Codes that moved along u exactly, with g of two slopes: every seed's random u gets there."""
    random = torch.Generator().manual_seed(0)
    u = torch.nn.functional.normalize(torch.randn(4, generator=random), dim=0)
    z0 = torch.randn(120, 4, generator=random)
    t = torch.tensor([-0.3, -0.15, 0.15, 0.3])

    def g(s):
        return torch.where(s > 0, 0.3 * s, 0.15 * s)

    def inverse(t):
        return torch.where(t > 0, t / 0.3, t / 0.15)

    s0 = z0 @ u
    s = inverse(g(s0)[:, None] + t)
    z = z0[:, None] + (s - s0[:, None])[..., None] * u
    for seed in range(2):
        fit = fitting.jointly(z0, z, t, fitting.resample(120, 0, seed), seed)
        assert fit.u[0] @ u.numpy() > 0.98, seed
        knots = torch.tensor([-1.5, -1.0, 1.0, 1.5])
        np.testing.assert_allclose(np.interp(knots, fit.knots, fit.values[0]), g(knots), atol=0.06)


def test_a_direction_that_does_nothing_is_refused(mine, folder):
    """Each start of a round blob can be followed as it turns, by some shift, but not two of them by the same."""
    with pytest.raises(DataMismatch, match="rotate"):
        found_in(folder, "Blob", ["rotate"], method="tangent", starts=20)
    assert not (folder / "d.h5").exists()
    direction = found_in(folder, "Blob", ["rotate"], method="tangent", starts=20, force=True).directions["rotate"]
    assert direction.facts["r2"]["interval"][0] <= 0 or direction.facts["moves_like_the_transform"] < 0.25


def fitted(
    *,
    r2=(0.9, 0.8, 0.95),
    tilt=0.1,
    slopes=(0.1, 0.1, 0.1),
    like=lambda s: np.ones_like(s, bool),
    gone=lambda s: 0.1 * s,
) -> FittedDirection:
    """A direction of 3 resamples: R2 of each, how far their u tilt, g's slopes; moves to -2..2, like where it says."""
    u = np.zeros((4, 2))
    u[:, 0], u[1:, 1] = 1.0, tilt
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    knots = np.linspace(-2, 2, 9)
    values = np.stack([slope * knots for slope in (0.1, *slopes)])
    s = np.tile(np.linspace(-2, 2, 17), (20, 1))
    s = np.concatenate([np.zeros((20, 1)), s], axis=1)
    left = np.where(like(s), 0.1, 0.9)
    moves = calibration.Moves(*(torch.from_numpy(part) for part in (s, gone(s), left)))
    fit = fitting.DirectionFit(u, knots, values, (-2.0, 2.0))
    everywhere = fitting.explained_of_all_moves(fit, moves, fitting.resample(20, 3, 0))
    return FittedDirection(fit, np.ones(20, bool), np.array([r2[0], *r2]), everywhere, moves, followed=True)


@pytest.mark.parametrize(
    ("found", "word"),
    [
        ({"r2": (0.37, 0.10, 0.81)}, "R2"),
        ({"tilt": 3.0}, "cosine"),
        ({"slopes": (0.1, 0.0, 0.0)}, "range"),
        ({"gone": lambda s: 0.1 * np.abs(s)}, "together"),
        ({"like": lambda s: np.abs(s) < 0.1}, "change"),
    ],
)
def test_what_a_direction_is_refused_for(found, word):
    """R2 may be low, resamples disagree about u or about the range of t, moves do nothing at one end or anywhere."""
    plan = Search("tangent", 0.0, 0, 1, 0.1)
    assert refusals.of_direction("rotate", plan, fitted()) is None
    refusal = refusals.of_direction("rotate", plan, fitted(**found), "@3")
    assert refusal is not None and refusal.forceable and refusal.transform == "rotate"
    assert word in refusal.why and "of no use" in refusal.why and refusal.why.startswith("rotate@3")


def test_a_range_of_nothing_is_told_in_words():
    still = refusals.of_direction("rotate", Search("tangent", 0.0, 0, 1, 0.1), fitted(slopes=(0.0, 0.0, 0.0)))
    assert still is not None and "do not become turned" in still.why and "between" not in still.why


def test_all_moves_in_the_range_count():
    """Also those that are not like the transformation."""
    assert fitted().everywhere[0] == pytest.approx(1)
    assert fitted(like=lambda s: np.abs(s) < 1).everywhere[0] == pytest.approx(1)
    assert fitted(gone=lambda s: -0.1 * s).everywhere[0] == 0
    s = np.linspace(-2, 2, 17)
    t = np.where(np.abs(s) < 1, 0.1 * s, 0.0)
    found = fitted(gone=lambda s: np.where(np.abs(s) < 1, 0.1 * s, 0.0))
    assert found.everywhere[0] == pytest.approx(np.corrcoef(s, t)[0, 1] ** 2)
    assert fitted().ends[0].tolist() == pytest.approx([-0.2, 0.2])


def test_the_papers_r2_may_be_low():
    """It is of codes that moved in all dimensions."""
    low = fitted(r2=(0.3, 0.1, 0.5))
    assert refusals.of_direction("zoom", Search("lm", 0.2, 2, 4, 0.1), low) is not None
    assert refusals.of_direction("zoom", Search("paper", 0.5, 5, 50, 0.01), low) is None


def test_a_class_whose_direction_is_of_no_use_is_named(cli, mine, folder):
    """Class 1 is a round blob, which nothing turns; class 0 is long, and turns with one dimension."""
    call = ("find-direction", "--trust", "mine:turned", "--transform", "rotate", "--class", "0,1", "--device", "cpu")
    done = cli(*call, "--method", "tangent", "--starts", 12, "--force", "-o", "d.h5")
    found = directions_file.read(folder / "d.h5").directions
    assert "of_no_use" not in found["rotate@0"].facts
    assert "of no use" in found["rotate@1"].facts["of_no_use"] and "rotate@1" in done.err


def test_an_image_that_has_gone_does_not_say_how_far():
    """A blob near the edge, and a black image: every shift that pushes it out is equally like."""
    grid = (torch.arange(16) + 0.5) / 16 - 0.5
    blob = torch.exp(-0.5 * ((grid[None, :] - 0.35) / 0.06) ** 2 - 0.5 * (grid[:, None] / 0.06) ** 2)[None, None]
    objective, step = Objective("shift-x", "blur", 0.4), 1 / 32
    moved, _ = objective.target(blob, torch.tensor([-0.2]))
    t, left = calibration.measure(objective, blob, moved, torch.tensor([-0.1]), step)
    assert t.item() == pytest.approx(-0.2, abs=0.01) and left.item() < 0.05
    _, left = calibration.measure(objective, blob, torch.zeros_like(blob), torch.tensor([0.25]), step)
    assert left.item() >= 1


def test_the_range_is_of_what_was_measured():
    """Starts alone, none of whose moves is like the transformation, leave no range."""
    s, t = torch.linspace(-2, 2, 6)[:, None] + torch.tensor([0.0, -1.0, 1.0]), torch.zeros(6, 3)
    left = torch.tensor([0.0, 0.9, 0.9]).expand(6, 3)
    fit = fitting.by_moves(np.eye(3)[:1], calibration.Moves(s, t, left), np.arange(6)[None])
    assert fit.s_valid == (0, 0) and not fit.values.any()


def test_how_far_moves_go_of_what_g_says():
    s = torch.tensor([[0.0, -1.0, 1.0], [0.5, -0.5, 1.5]])
    t = 0.2 * (s - s[:, :1])
    fit = fitting.DirectionFit(np.eye(3)[:1], np.array([-2.0, 2.0]), np.array([[-1.6, 1.6]]), (-1, 1))
    assert fitting.rise(fit, calibration.Moves(s, t, torch.zeros_like(s))) == pytest.approx(0.25)
    assert fitting.rise(fit, calibration.Moves(s, t, torch.ones_like(s))) == 0


# ---- the command


def test_what_a_directions_file_says(cli, mine, folder):
    call = ("find-direction", "--trust", "mine:Blob", "--device", "cpu", "--starts", 12, "--seed", 5)
    names = ("--transform", "shift-x", "--transform", "brightness")
    done = cli(*call, *names, "--method", "lm", "--range", 0.1, "--steps", 1, "-o", "a/d.h5")
    done.printed("a/d.h5")
    assert "of all moves" in done.err
    found = directions_file.read(folder / "a/d.h5")
    assert (found.method, found.seed, found.generator) == ("lm", 5, "mine:Blob")
    expected = {"loss": "blur", "sigma": 0.75, "starts": 12, "dropped": 0.1, "iterations": 4, "damping": 0.1}
    assert found.provenance | expected == found.provenance
    assert len(found.generator_sha256) == 64
    direction = found.directions["shift-x"]
    assert direction.unit == "image widths" and direction.facts["range"] == 0.1
    assert direction.targets.tolist() == pytest.approx([-0.1, 0.1])
    assert direction.errors.shape == (12, 2) and direction.kept.sum() == 11  # a tenth of 12 is dropped
    worst = direction.errors.mean(1).argmax()
    assert not direction.kept[worst]
    assert direction.u_bootstrap.shape == (100, 6) and direction.values_bootstrap.shape == (100, 41)
    np.testing.assert_allclose(np.linalg.norm(direction.u_bootstrap, axis=1), 1, atol=1e-5)
    for r2 in (direction.facts["r2"], direction.facts["r2_of_all_moves"]):
        low, high = r2["interval"]
        assert 0.9 < low <= r2["value"] <= high <= 1
    facts = json.loads(cli("info", "--json", "a/d.h5").out)
    assert facts["directions"]["shift-x"]["t_valid"] == list(direction.t_valid)
    assert facts["directions"]["brightness"]["unit"] == "white minus black"
    cli("info", "--verify", "a/d.h5").out.index("verified: true")


def test_the_same_call_makes_the_same_numbers(cli, mine, folder):
    call = ("find-direction", "--trust", "mine:Blob", "--transform", "shift-y", "--method", "tangent", "--starts", 6)
    for name, seed in (("a.h5", 0), ("b.h5", 0), ("c.h5", 1)):
        cli(*call, "--device", "cpu", "--seed", seed, "-o", name).printed(name)
    digests = [json.loads(cli("info", "--json", name).out)["content_sha256"] for name in ("a.h5", "b.h5", "c.h5")]
    assert digests[0] == digests[1] != digests[2]


def test_starts_do_not_touch_each_other(mine):
    """Every start and both signs go in one batch; losses are summed, so a start finds what it finds alone."""

    class Generator:
        facts, device = GeneratorFacts(6, 1, SIDE, SIDE), torch.device("cpu")

        def __call__(self, z, classes=None):
            return mine.Blob()(z)

    z = torch.randn(3, 6, generator=torch.Generator().manual_seed(2))
    objective = Objective("shift-x", "blur", 0.75)
    for solver in (solvers.AdamSolver(5), solvers.LevenbergMarquardt(3)):

        def followed(codes, solver=solver):
            starts = trajectories.begin(Generator(), codes, None)
            return trajectories.follow(Generator(), objective, starts, 0.1, 2, solver, lambda images, error: None)

        together, alone = followed(z), followed(z[1:2])
        np.testing.assert_allclose(together.z[1], alone.z[0], atol=1e-4)
        assert (together.z.norm(dim=2) <= 6**0.5 + 1e-5).all()
        assert together.t.tolist() == pytest.approx([-0.1, -0.05, 0.05, 0.1])


def test_what_cannot_be_followed_is_refused_and_the_others_are_written(cli, mine, folder):
    call = ("find-direction", "--trust", "mine:still", "--transform", "shift-x", "--transform", "brightness")
    call += ("--starts", 6, "--device", "cpu", "--method", "tangent")
    refused = cli(*call, "-o", "d.h5")
    assert (refused.code, refused.out) == (1, "d.h5\n")
    assert "shift-x" in refused.err.splitlines()[-1]
    assert list(directions_file.read(folder / "d.h5").directions) == ["brightness"]
    forced = cli(*call, "-o", "e.h5", "--force")
    forced.printed("e.h5")
    assert "shift-x" in forced.err
    found = directions_file.read(folder / "e.h5").directions
    assert (found["shift-x"].facts["followed"], found["brightness"].facts["followed"]) == (False, True)


def test_a_direction_does_not_depend_on_those_refused_beside_it(mine, folder):
    settings = {"method": "tangent", "starts": 6, "trust": True, "device": "cpu", "overwrite": True}
    find_direction("mine:still", ["brightness"], folder / "a.h5", **settings)
    with pytest.raises(PartlyDone, match="shift-x") as refused:
        find_direction("mine:still", ["shift-x", "red", "brightness"], folder / "b.h5", **settings)
    assert refused.value.written == folder / "b.h5"
    alone, beside = (directions_file.read(folder / name).directions["brightness"] for name in ("a.h5", "b.h5"))
    assert alone.u.tobytes() == beside.u.tobytes() and alone.values.tobytes() == beside.values.tobytes()


@pytest.mark.parametrize("names", [["shift-y"], ["shift-y", "red"], ["red", "green"]])
@pytest.mark.parametrize("force", [False, True])
def test_where_every_transform_is_refused_nothing_is_written(mine, folder, names, force):
    """One grey: nothing says which way it would move, and it has no colours."""
    settings = {"starts": 6, "trust": True, "device": "cpu", "force": force}
    with pytest.raises(DataMismatch, match=names[0]):
        find_direction("mine:even", names, folder / "e.h5", method="tangent", **settings)
    assert not (folder / "e.h5").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--transform", "shift-z"), 2, "'shift-z'"),
        ((), 2, "--transform"),
        (("--transform", "zoom", "--transform", "zoom"), 2, "--transform zoom"),
        (("--transform", "red"), 1, "3 channels"),
        (("--transform", "zoom", "--starts", "2"), 2, "--starts 2"),
        (("--transform", "zoom", "--range", "2"), 2, "--range 2"),
        (("--transform", "zoom", "--range", "0.1", "--method", "tangent"), 2, "--method tangent"),
        (("--transform", "zoom", "--steps", "0"), 2, "--steps 0"),
        (("--transform", "zoom", "--loss", "dssim", "--method", "lm"), 2, "--loss dssim"),
        (("--transform", "zoom", "--loss", "mse", "--sigma", "3"), 2, "--sigma 3"),
        (("--transform", "zoom", "--class", "1"), 2, "--class 1"),
        (("--transform", "zoom", "-o", "mine.py"), 1, "mine.py"),
    ],
)
def test_bad_input(cli, mine, folder, words, code, message):
    before = sorted(folder.iterdir())
    cli("find-direction", "--trust", "mine:Blob", "--device", "cpu", *words).failed(code, message)
    assert [path for path in sorted(folder.iterdir()) if path.name != "__pycache__"] == before
