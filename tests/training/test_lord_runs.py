"""LORD's runs: both stages in one checkpoint, one after the other or resumed in either; styles; which loss is used."""

import pickle

import numpy as np
import pytest
import torch
from conftest import flags, square_grid, write_dataset, write_vgg

from disentool.commands.export import export
from disentool.commands.train import train
from disentool.errors import ForeignFile, MissingFile, UnsafeFile
from disentool.io import checkpoint, dataset, vgg
from disentool.models.data import data_of
from disentool.models.model import load_model
from disentool.nn.perceptual import Vgg16, perceptual_loss
from disentool.reporting import Silent
from disentool.training.plan import plan

SMALL = {"width": 8, "class_dim": 6, "content_dim": 4, "batch_size": 16, "class_factor": "size", "device": "cpu"}
SMALL |= {"reconstruction": "pixel", "log_every": 3}


def run(data, path, steps, **options):
    given = SMALL | {"data": str(data), "steps": steps} | options
    return next(train(plan("lord", given, output=str(path)), resume=True))


def same(a, b) -> bool:
    """Whether two nested states hold equal values, tensors bit for bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


def equal(a, b):
    for entry in ("networks", "optimizers", "rates", "step", "statistics", "data", "stages", "window"):
        assert same(a[entry], b[entry]), entry


@pytest.fixture(scope="module")
def whole(squares, tmp_path_factory):
    """Ten steps in one go, five of each stage; with snapshots of each step on the way."""
    path = tmp_path_factory.mktemp("lord") / "whole.pt"
    given = SMALL | {"data": str(squares), "steps": 10, "keep_every": 1}
    return list(train(plan("lord", given, output=str(path))))[-1]


def test_a_run_that_began_with_other_codes_keeps_them(squares, tmp_path):
    """0.1.0 drew them from N(0, I) with torch's weights; a checkpoint holds them, so that no option has to."""
    path = run(squares, tmp_path / "old.pt", 1, initialisation="torch", latent_share=1)
    content = torch.load(path, weights_only=True)
    drawn = torch.randn(content["networks"]["contents"]["weight"].shape)
    content["networks"]["contents"]["weight"] = drawn
    torch.save(content, path)
    run(squares, path, 2, initialisation="torch", latent_share=1)
    assert (checkpoint.read(path)["networks"]["contents"]["weight"] - drawn).abs().max() < 0.1


@pytest.mark.parametrize("step", [2, 5, 8])
def test_a_run_killed_in_or_between_stages_resumes_exactly(step, whole, squares, tmp_path):
    """What a run that is killed leaves is a checkpoint of some step of the plan: here a snapshot of it."""
    pieces = tmp_path / "pieces.pt"
    pieces.write_bytes(whole.with_name(f"whole-{step}.pt").read_bytes())
    equal(checkpoint.read(whole), checkpoint.read(run(squares, pieces, 10)))


def test_one_stage_after_the_other_equals_both(whole, squares, tmp_path):
    path = run(squares, tmp_path / "a.pt", 10, stage="latent")
    first = checkpoint.read(path)
    assert (first["step"], first["stages"]) == (5, [5, 0])
    for name in ("class_encoder", "content_encoder"):  # not trained yet
        assert not first["optimizers"]["amortize"]
        assert name in first["networks"]
    equal(checkpoint.read(whole), checkpoint.read(run(squares, path, 10, stage="amortize")))


def test_the_second_stage_keeps_the_codes_of_the_first(whole):
    before, after = (checkpoint.read(path)["networks"] for path in (whole.with_name("whole-5.pt"), whole))
    for name in ("contents", "classes"):
        assert same(before[name], after[name])
    for name in ("generator", "class_encoder", "content_encoder"):
        assert not same(before[name], after[name])


def test_stage_amortize_needs_the_first(squares, tmp_path, cli):
    common = flags(SMALL | {"data": squares, "steps": 10})
    out = tmp_path / "a.pt"
    cli("train", "lord", *common, "--stage", "amortize", "-o", out).failed(2, "--resume")
    again = ("--stage", "amortize", "--resume", "-o", out)
    cli("train", "lord", *common, *again).failed(2, "--stage latent")
    run(squares, out, 4, stage="latent")
    cli("train", "lord", *common, "--stage", "amortize", "--resume", "-o", out).failed(2, "step 2")


def test_before_the_second_stage_statistics_are_of_the_optimised_codes(whole):
    model = load_model(whole.with_name("whole-4.pt"), "cpu")
    networks = model.networks
    codes = torch.cat([networks["classes"].weight.repeat_interleave(64, 0), networks["contents"].weight], 1)
    assert model.content["statistics"]["mean_mean"] == pytest.approx(codes.mean(0).tolist(), rel=1e-5, abs=1e-7)
    assert not model.method.encoders_ready(model.content["step"])
    model = load_model(whole, "cpu")
    assert model.method.encoders_ready(model.content["step"])
    images = torch.from_numpy(square_grid()[0]).permute(0, 3, 1, 2).float() / 255
    codes = model.method.encode(model.networks, images)["mean"]
    assert model.content["statistics"]["mean_std"] == pytest.approx(codes.std(0, correction=0).tolist(), rel=1e-4)


def test_samples_have_the_moments_of_the_codes(whole):
    from disentool.models.prior import draw

    model = load_model(whole, "cpu")
    codes = draw(model, 4000, 0)
    deviation = np.array(model.content["statistics"]["mean_std"])
    np.testing.assert_allclose(codes.std(0), deviation, rtol=0.1)
    np.testing.assert_allclose(codes.mean(0), model.content["statistics"]["mean_mean"], atol=0.1 * deviation.max())
    model.content["statistics"]["mean_std"] = [1.0]
    with pytest.raises(ForeignFile, match="mean_std"):
        draw(model, 2, 0)


def test_a_stage_that_goes_on_may_be_longer(squares, tmp_path, cli):
    path = run(squares, tmp_path / "a.pt", 6, stage="latent")
    assert checkpoint.read(run(squares, path, 10, stage="latent"))["step"] == 5
    common = flags(SMALL | {"data": squares, "steps": 16})
    run(squares, path, 10)
    cli("train", "lord", *common, "--resume", "--quiet", "-o", path).failed(1, "5 steps")
    longer = checkpoint.read(run(squares, path, 16, latent_share=5 / 16))
    assert (longer["step"], longer["stages"]) == (16, [5, 11])


def test_classes_of_one_image_are_told(squares, tmp_path, cli):
    given = SMALL | {"data": squares, "steps": 2, "class_factor": "size+pos_x+pos_y"}
    outcome = cli("train", "lord", *flags(given), "-o", tmp_path / "a.pt")
    assert "192 of 192" in outcome.err
    given = SMALL | {"data": squares, "steps": 2, "regularisation": "kl", "noise": 0}
    cli("train", "lord", *flags(given), "-o", tmp_path / "b.pt").failed(2, "variance")


def test_content_codes_below_their_noise_are_told_after_the_stage_and_at_the_end(squares, tmp_path, cli):
    heavy = flags(SMALL | {"data": squares, "steps": 200, "latent_share": 0.5, "penalty_weight": 10.0})
    out = tmp_path / "dead.pt"
    assert cli("train", "lord", *heavy, "-o", out).err.count("--penalty-weight") == 2
    light = flags(SMALL | {"data": squares, "steps": 100, "latent_share": 1.0, "penalty_weight": 0.0, "noise": 0.1})
    fast = ("--code-learning-rate", "0.1", "--final-code-learning-rate", "0.1")
    alive = cli("train", "lord", *light, *fast, "-o", tmp_path / "a.pt")
    alive.printed(tmp_path / "a.pt")
    assert "--penalty-weight" not in alive.err
    for name, seen in ((out, True), (tmp_path / "a.pt", False)):
        shown = cli("sample", name, "-o", tmp_path / "s.png", "--overwrite")
        assert ("--penalty-weight" in shown.err) == seen, shown.err


def test_a_run_goes_on_as_its_preset_was_when_it_began(squares, tmp_path, cli):
    """Presets have changed since: what was not asked for by name stays as the checkpoint has it."""
    out = tmp_path / "a.pt"
    small = {"data": squares, "preset": "small", "width": 8, "class_dim": 6, "batch_size": 16, "class_factor": "size"}
    small |= {"device": "cpu", "reconstruction": "pixel", "log_every": 3, "content_dim": 4}
    began = {"penalty": "sum", "penalty_weight": 0.04, "modulation": "drawn", "cross_entropy": 0.0}
    cli("train", "lord", *flags(small | began | {"steps": 2, "latent_share": 1.0}), "-o", out).printed(out)
    cli("train", "lord", *flags(small | {"steps": 4, "latent_share": 1.0}), "--resume", "-o", out).printed(out)
    content = checkpoint.read(out)
    assert content["step"] == 4 and {name: content["config"][name] for name in began} == began
    other = flags(small | {"steps": 6, "penalty": "mean"})
    cli("train", "lord", *other, "--resume", "-o", out).failed(1, "--penalty")


def test_a_second_stage_that_stopped_early_is_complete_unless_told_to_go_on(squares, tmp_path, cli):
    out = tmp_path / "a.pt"
    given = SMALL | {"data": squares, "steps": 24, "latent_share": 0.125, "least_fall": 1e6}  # an epoch has 12 steps
    assert "early" in cli("train", "lord", *flags(given | {"stop_after": 1}), "-o", out).err
    assert checkpoint.read(out)["step"] == 6 + 12
    assert "early" in cli("train", "lord", *flags(given | {"stop_after": 1}), "--resume", "-o", out).err
    cli("train", "lord", *flags(given | {"stop_after": 0}), "--resume", "-o", out).printed(out)
    assert checkpoint.read(out)["step"] == 24


def test_an_untrained_model_is_scored_beside_a_trained_one(squares, tmp_path, cli):
    out = run(squares, tmp_path / "a.pt", 0)
    done = cli("score", out, "--metric", "leakage", "--set", "seeds=1", "--set", "epochs=1")
    assert done.code == 0 and '"codes": "encoder"' in done.out.replace('":"', '": "'), done


def test_which_loss_is_used_is_said_and_kept(squares, tmp_path, cli, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    out = tmp_path / "a.pt"
    common = flags(SMALL | {"data": squares, "steps": 2, "reconstruction": "auto"})
    outcome = cli("train", "lord", *common, "-o", out)
    outcome.printed(out)
    assert f"{out}: " in outcome.err
    assert checkpoint.read(out)["reconstruction_loss"] == "pixel"
    more = flags(SMALL | {"data": squares, "steps": 2, "reconstruction": "perceptual"})
    cli("train", "lord", *more, "-o", tmp_path / "b.pt").failed(1, "vgg16-397923af.pth")
    write_vgg(tmp_path / "hub" / "checkpoints" / vgg.NAME)
    more = flags(SMALL | {"data": squares, "steps": 4, "reconstruction": "auto", "latent_share": 0.25})
    cli("train", "lord", *more, "-o", out, "--resume").failed(1, "--reconstruction pixel")


def test_perceptual_training(squares, tmp_path):
    weights = write_vgg(tmp_path / "vgg.pth")
    path = run(squares, tmp_path / "a.pt", 2, reconstruction="auto", vgg=str(weights))
    assert checkpoint.read(path)["reconstruction_loss"] == "perceptual"
    assert set(checkpoint.read(path)["networks"]) == {
        "contents", "classes", "generator", "class_encoder", "content_encoder"
    }  # fmt: skip


def test_a_frozen_network_computes_as_the_others_do_and_stays_as_it_is(squares, tmp_path, monkeypatch):
    """In bfloat16 where they do, its features float32; it is no part of the run's networks, and learns nothing."""
    weights, seen = write_vgg(tmp_path / "vgg.pth"), set()
    forward = torch.nn.Conv2d.forward

    def watched(layer, x):
        out = forward(layer, x)
        seen.add((layer.in_channels == 512, out.dtype))
        return out

    monkeypatch.setattr(torch.nn.Conv2d, "forward", watched)
    given = {"reconstruction": "perceptual", "vgg": str(weights), "latent_share": 0.5}
    low = checkpoint.read(run(squares, tmp_path / "b.pt", 4, precision="bf16", **given))
    assert {dtype for is_vgg, dtype in seen if is_vgg} == {torch.bfloat16}
    seen.clear()
    full = checkpoint.read(run(squares, tmp_path / "f.pt", 4, **given))
    assert {dtype for is_vgg, dtype in seen if is_vgg} == {torch.float32}
    assert low["networks"].keys() == full["networks"].keys() and "vgg" not in low["networks"]
    first, second = ({k: v for line in content["history"] for k, v in line.items()} for content in (low, full))
    for term in ("reconstruction", "amortized_reconstruction"):
        assert first[term] == pytest.approx(second[term], rel=0.02)


@pytest.mark.parametrize("kind", ["normalised", "raw"])
def test_perceptual_loss_is_as_written(kind, tmp_path):
    """L1 at conv1_2, conv2_2, conv3_2, conv4_3 after their ReLU, and at pool5."""
    weights = vgg.read(write_vgg(tmp_path / "vgg.pth"))
    double = {name: tensor.double() for name, tensor in weights.items()}
    images, targets = (torch.from_numpy(np.random.default_rng(i).random((2, 1, 32, 32))) for i in (0, 1))

    def features(x):
        x = x.repeat(1, 3, 1, 1)
        if kind == "normalised":
            mean, std = (torch.tensor(v).double().view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
            x = (x - mean) / std
        found, layer = [], 0
        for block, count in enumerate((2, 2, 3, 3, 3), 1):
            for index in range(1, count + 1):
                w, b = (double[f"features.{layer}.{name}"] for name in ("weight", "bias"))
                x = torch.conv2d(x, w, b, padding=1).clamp(min=0)
                if (block, index) in {(1, 2), (2, 2), (3, 2), (4, 3)}:
                    found.append(x)
                layer += 2
            x = torch.nn.functional.max_pool2d(x, 2)
            layer += 1
        return [*found, x]

    costs = [float((a - b).abs().mean()) for a, b in zip(features(images), features(targets), strict=True)]
    if kind == "normalised":
        expected = 255 * (0.229 + 0.224 + 0.225) / 3 * sum(costs) / 5
    else:
        expected = sum(costs) + float((images - targets).abs().mean())
    found = perceptual_loss(Vgg16(weights, kind).double(), images, targets, kind)
    assert float(found) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda w: {k: v for k, v in w.items() if k != "features.12.bias"}, ForeignFile, r"features\.12\.bias"),
        (lambda w: w | {"features.0.weight": torch.zeros(64, 1, 3, 3)}, ForeignFile, r"\[64, 1"),
        (lambda w: w | {"features.0.bias": torch.full((64,), float("nan"))}, ForeignFile, "finite"),
        (lambda w: w | {"features.0.bias": torch.zeros(64, dtype=torch.int32)}, ForeignFile, "expected"),
        (lambda w: [1, 2], ForeignFile, "list"),
        (lambda w: w | {"code": np.random.default_rng}, UnsafeFile, "Python"),
    ],
)
def test_files_that_are_no_vgg16(change, error, words, tmp_path):
    path = write_vgg(tmp_path / "vgg.pth", change)
    with pytest.raises(error, match=words):
        vgg.read(path)


def test_files_that_are_no_torch_files(tmp_path):
    with pytest.raises(MissingFile, match="no such file"):
        vgg.read(tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("hello")
    (tmp_path / "pickle.pth").write_bytes(pickle.dumps(np.random.default_rng))
    for name in ("text.pth", "pickle.pth"):
        with pytest.raises((ForeignFile, UnsafeFile)):
            vgg.read(tmp_path / name)


@pytest.fixture(scope="module")
def spotted(tmp_path_factory):
    """Squares of which those of an odd column are on a grey ground: two evident styles of each size."""
    images, factors = square_grid()
    images = images.copy()
    images[(factors[:, 1] % 2 == 1)] |= 128
    return write_dataset(tmp_path_factory.mktemp("styles") / "spotted.h5", images, factors)


def test_styles_are_clusters_within_classes(spotted, tmp_path):
    path = run(spotted, tmp_path / "a.pt", 4, styles=2)
    content = checkpoint.read(path)
    factors = dataset.read(spotted).factors
    styles, odd = content["styles"].numpy(), factors[:, 1] % 2
    for size in range(3):
        mine = factors[:, 0] == size
        assert len(set(zip(styles[mine], odd[mine], strict=True))) == 2  # one style each, in some order
    assert content["data"]["classes"] == {"factor": "size+style", "images": [32] * 6, "names": {}}
    assert len(content["networks"]["classes"]["weight"]) == 6
    model = load_model(path, "cpu")
    data = data_of(model, None, Silent())
    assert data.factor_names[-1] == "style" and np.array_equal(data.factors[:, -1], styles)
    other = write_dataset(tmp_path / "other.h5", *square_grid())
    assert "style" not in data_of(model, str(other), Silent()).factor_names


def test_styles_are_exported(spotted, tmp_path):
    path = run(spotted, tmp_path / "a.pt", 4, styles=2)
    export(path, tmp_path / "w.safetensors")
    export(tmp_path / "w.safetensors", tmp_path / "b.pt")
    assert torch.equal(checkpoint.read(tmp_path / "b.pt")["styles"], checkpoint.read(path)["styles"])
    content = checkpoint.read(path)
    content["samples"]["rows"] = torch.zeros(2)
    torch.save(content, path)
    with pytest.raises(ForeignFile, match="samples"):
        export(path, tmp_path / "c.safetensors")


def test_a_run_with_styles_keeps_them_when_resumed(spotted, tmp_path):
    whole = checkpoint.read(run(spotted, tmp_path / "whole.pt", 6, styles=2))
    path = run(spotted, tmp_path / "pieces.pt", 6, styles=2, stage="latent")
    content = checkpoint.read(path)
    equal(whole, checkpoint.read(run(spotted, path, 6, styles=2)))
    content["styles"] = content["styles"][:-1]
    checkpoint.write(path, content, overwrite=True)
    with pytest.raises(ForeignFile, match="192 images"):
        run(spotted, path, 6, styles=2)


def test_styles_by_perceptual_features_and_of_few_images(spotted, tmp_path, cli):
    weights = write_vgg(tmp_path / "vgg.pth")
    given = SMALL | {"data": spotted, "steps": 2, "styles": 70, "reconstruction": "perceptual", "vgg": weights}
    outcome = cli("train", "lord", *flags(given), "-o", tmp_path / "a.pt")
    outcome.printed(tmp_path / "a.pt")
    assert "70 styles" in outcome.err
    assert "3 classes" in outcome.err


def light_grid() -> tuple[np.ndarray, np.ndarray]:
    """A soft light of 5 colours at 6 x 6 places: images uint8 [180,32,32,3], factors int32 [180,3]."""
    colours = np.array([[1, 0.2, 0.2], [0.2, 1, 0.2], [0.2, 0.2, 1], [1, 1, 0.2], [0.9, 0.9, 0.9]])
    factors = np.stack(np.meshgrid(range(5), range(6), range(6), indexing="ij"), -1).reshape(-1, 3).astype(np.int32)
    away = np.mgrid[:32, :32] - (4 + factors[:, 1:] * 24 / 5)[:, :, None, None]
    light = 0.15 + 0.8 * np.exp(-np.square(away).sum(1) / 128)
    return np.uint8(255 * light[..., None] * colours[factors[:, 0]][:, None, None]), factors


@pytest.mark.slow
def test_lord_puts_class_and_content_together_anew(tmp_path):
    """The colour of one light at the place of another, by the encoders; of every pair the grid holds the true image."""
    pixels, factors = light_grid()
    names = {"factor_names": ("colour", "row", "column"), "factor_sizes": (5, 6, 6)}
    data = write_dataset(tmp_path / "lights.h5", pixels, factors, **names)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    classes, contents = np.random.default_rng(0).integers(0, len(images), (2, 500))
    true = factors[classes, 0] * 36 + factors[contents, 1] * 6 + factors[contents, 2]
    options = {"learning_rate": 2e-3, "code_learning_rate": 0.1, "final_code_learning_rate": 0.01, "content_dim": 8}
    options |= {"amortize_learning_rate": 3e-3, "latent_share": 0.6, "class_factor": "colour"}
    model = load_model(run(data, tmp_path / "m.pt", 400, **options), "cpu")
    with torch.inference_mode():
        codes = model.method.encode(model.networks, images)
        mixed = torch.cat([codes["class_code"][classes], codes["content_code"][contents]], 1)
        got = model.method.decode(model.networks, mixed)

    def error(of: torch.Tensor) -> float:
        return (of - images[true]).square().flatten(1).sum(1).mean().item()

    print(
        f"transfer {error(got):.1f}; the inputs themselves {error(images[classes]):.1f}, {error(images[contents]):.1f}"
    )
    assert error(got) < 0.2 * min(error(images[classes]), error(images[contents]))
