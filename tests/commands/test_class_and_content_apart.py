"""``traverse`` and ``sample`` of methods of class and content show the two apart, and say where there is no prior."""

import imageio.v3 as imageio
import numpy as np
import pytest

from disentool.commands.train import train
from disentool.models import dimensions, prior
from disentool.models.model import load_model
from disentool.pictures import printing, sample_grid
from disentool.reporting import Silent
from disentool.training.plan import plan

SMALL = {"class_factor": "size", "steps": 1, "log_every": 1, "device": "cpu", "class_dim": 3, "content_dim": 4}
OWN = {
    "lord": {"batch_size": 16, "width": 4, "reconstruction": "pixel"},
    "drnet": {"batch_size": 2, "width": 4},
    "mlvae": {"batch_size": 16, "group_size": 4, "hidden_units": 8},
}


@pytest.fixture(scope="module", params=OWN)
def model(request, squares, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    given = SMALL | OWN[request.param] | {"data": str(squares)}
    (path,) = train(plan(request.param, given, output=str(folder / f"{request.param}.pt")))
    return load_model(path, "cpu")


def test_dimensions_of_the_class_stand_before_those_of_the_content(model):
    shown = dimensions.choose(model, None, Silent())
    assert sorted(each.index for each in shown) == list(range(7))
    assert {each.index for each in shown[:3]} == {0, 1, 2}
    for each in shown:
        assert each.label.text == f"{'class' if each.index < 3 else 'content'} z{each.index}"
    assert [each.index for each in dimensions.choose(model, [5, 1], Silent())] == [5, 1]


@pytest.mark.parametrize(("most", "of_class"), [(2, 1), (4, 2), (6, 3), (1, 0)])
def test_class_and_content_share_what_there_is_room_for(model, most, of_class):
    shown = dimensions.choose(model, None, Silent(), most)
    assert [each.index < 3 for each in shown] == [True] * of_class + [False] * (most - of_class)


def test_a_grid_has_a_content_in_each_row_and_a_class_in_each_column(model):
    codes = prior.draw_apart(model, 3, 2, seed=5).reshape(3, 2, 7)
    assert np.ptp(codes[:, :, :3], axis=0).max() == 0 and np.ptp(codes[:, :, 3:], axis=1).max() == 0
    alone = prior.draw(model, 3, seed=5)
    np.testing.assert_array_equal(codes[0, :, :3], alone[:2, :3])
    np.testing.assert_array_equal(codes[:, 0, 3:], alone[:, 3:])
    assert len(np.unique(codes.reshape(6, 7), axis=0)) == 6


def test_a_grid_is_labelled_only_where_it_is_apart(folder):
    images = np.zeros((5, 16, 16, 1), np.uint8)
    assert sample_grid.shape(5, 16, 16) == (2, 3)
    for apart in (False, True):
        how = {"paper": printing.Paper(), "apart": apart, "overwrite": False, "comment": "{}", "report": Silent()}
        sample_grid.write(folder / f"{apart}.png", [images], 2, **how)
    plain, labelled = (imageio.imread(folder / f"{apart}.png") for apart in (False, True))
    assert labelled.shape[0] > plain.shape[0] and labelled.shape[1] > plain.shape[1]


def test_samples_without_a_prior_say_what_they_are_drawn_from(cli, model, folder):
    has_prior = model.content["method"] == "mlvae"
    for words in (("-n", 6, "-o", "grid.png"), ("-n", 6, "-o", "samples.h5")):
        outcome = cli("sample", model.path, "--device", "cpu", *words)
        outcome.printed(words[-1])
        assert ("no prior" in outcome.err) != has_prior
    outcome = cli("traverse", model.path, "--device", "cpu", "--size", 16, "-o", "t.png")
    outcome.printed("t.png")
    assert ("no prior" in outcome.err) != has_prior
    assert cli("sample", model.path, "--device", "cpu", "-q", "-o", "quiet.png").err == ""


def test_without_a_prior_dimensions_move_in_deviations_of_the_codes(model):
    codes = prior.draw(model, 2, seed=0)
    statistics = model.content["statistics"]
    for each in dimensions.choose(model, None, Silent()):
        moved = each.moved(codes, np.array([-2.0, 0.0]))[0, :, each.index]
        expected = [-2.0, 0.0]
        if model.content["method"] != "mlvae":
            mean, deviation = (statistics[name][each.index] for name in ("mean_mean", "mean_std"))
            expected = [mean - 2 * deviation, mean]
        np.testing.assert_allclose(moved, expected, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(each.values(each.moved(codes, np.array([1.5]))[:, 0]), 1.5, rtol=1e-4)


def test_the_model_of_one_code_is_as_before(trained, folder):
    model = load_model(trained, "cpu")
    assert all(each.label.text == f"z{each.index}" for each in dimensions.choose(model, None, Silent()))
