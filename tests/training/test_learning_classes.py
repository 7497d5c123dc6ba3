"""DrNet and ML-VAE on the grid of squares, their size being the class: resumed exactly; and what they learn."""

import numpy as np
import pytest
import torch
from conftest import square_grid

from disentool.commands.train import train
from disentool.io import checkpoint
from disentool.models.model import load_model
from disentool.training.plan import plan

SMALL = {
    "mlvae": {"class_dim": 3, "content_dim": 4, "hidden_units": 64, "batch_size": 32, "group_size": 8},
    "drnet": {"class_dim": 8, "content_dim": 4, "width": 8, "batch_size": 12},
}


def run(name, data, path, steps, **options):
    given = SMALL[name] | {"class_factor": "size", "data": str(data), "device": "cpu", "log_every": 5} | options
    return next(train(plan(name, given | {"steps": steps}, output=str(path)), resume=True))


def same(a, b) -> bool:
    """Whether two nested states hold equal values, tensors bit for bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


@pytest.mark.parametrize("name", SMALL)
def test_extended_in_pieces_equals_one_run(name, squares, tmp_path):
    whole = checkpoint.read(run(name, squares, tmp_path / "whole.pt", 9))
    for steps in (3, 7, 9):
        pieces = checkpoint.read(run(name, squares, tmp_path / "pieces.pt", steps))
    for entry in ("networks", "optimizers", "step", "statistics", "config", "data"):
        assert same(whole[entry], pieces[entry]), entry
    assert whole["data"]["classes"] == {"factor": "size", "images": [64, 64, 64], "names": {}}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "steps"),
    [("mlvae", {"learning_rate": 2e-3}, 400), ("drnet", {"skip": False}, 400)],
)
def test_class_and_content_are_put_together_anew(name, options, steps, squares, tmp_path):
    """The size of one square at the place of another: of every pair the grid holds the true image."""
    images = torch.from_numpy(square_grid()[0]).permute(0, 3, 1, 2).float() / 255
    factors = square_grid()[1]
    rng = np.random.default_rng(0)
    classes, contents = rng.integers(0, 192, (2, 1000))
    true = factors[classes, 0] * 64 + factors[contents, 1] * 8 + factors[contents, 2]
    other = factors[classes, 0] != factors[contents, 0]
    errors = []
    for length in (1, steps):
        model = load_model(run(name, squares, tmp_path / "m.pt", length, **options), "cpu")
        with torch.inference_mode():
            codes = model.method.encode(model.networks, images)
            mixed = torch.cat([codes["class_code"][classes], codes["content_code"][contents]], 1)
            error = (model.method.decode(model.networks, mixed) - images[true]).square().flatten(1).sum(1).numpy()
        errors.append(error[other].mean())
    kept = (images[contents] - images[true]).square().flatten(1).sum(1).numpy()[other].mean()
    of_class = codes["class_code"].double().numpy()
    centres = np.stack([of_class[factors[:, 0] == size].mean(0) for size in range(3)])
    nearest = ((of_class[:, None] - centres[None]) ** 2).sum(2).argmin(1)
    print(f"{name}: {errors[0]:.1f} -> {errors[1]:.1f} (content's own image: {kept:.1f});"
          f" class told {(nearest == factors[:, 0]).mean():.2f}")  # fmt: skip
    assert errors[1] < errors[0] / 3 and errors[1] < kept * 0.7
    assert (nearest == factors[:, 0]).mean() > 0.9
