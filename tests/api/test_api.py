"""The Python API: the tool's own results, from arrays and paths, with nothing of the process changed."""

import doctest
import importlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.stats  # noqa: F401  when imported, these two set filters of warnings
import sklearn.ensemble  # noqa: F401  and environment variables, which is not the toolkit's doing
import torch
from conftest import ROOT, SMALL, SMALL_FACTOR, square_grid
from same_files import assert_same_bytes

import disentool
from disentool.commands.encode import encode
from disentool.commands.train import train
from disentool.errors import (
    DataMismatch,
    ForeignFile,
    MissingFile,
    NoFactors,
    OutputExists,
    UnknownName,
    WrongUsage,
)
from disentool.io import checkpoint, dataset, latents
from disentool.training.plan import plan

MODULES = sorted(path.stem for path in Path(disentool.__file__).parent.glob("api/*.py") if path.stem != "__init__")


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return square_grid()[0]


@pytest.fixture(scope="module")
def model(trained) -> disentool.Model:
    return disentool.load(trained, device="cpu")


@pytest.fixture(scope="module")
def table(trained, tmp_path_factory) -> latents.Latents:
    """What the command makes of the whole data set."""
    return latents.read(encode(trained, tmp_path_factory.mktemp("latents") / "z.h5", device="cpu"))


def made(squares, folder, method: str, **given) -> disentool.Model:
    small = {"steps": 2, "data": str(squares), "device": "cpu", "batch_size": 8}
    return disentool.load(next(train(plan(method, small | given, output=str(folder / f"{method}.pt")))), device="cpu")


# ---- the package


def test_every_name_is_offered():
    assert set(disentool.__all__) <= set(dir(disentool))
    assert set(disentool._OFFERED) == set(disentool.__all__) - {"__version__"}
    for name in disentool.__all__:
        assert getattr(disentool, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = disentool.nothing


def test_importing_it_loads_nothing():
    code = "import sys, disentool; sys.exit(str({'torch', 'numpy', 'click', 'h5py'} & set(sys.modules) or ''))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == ""


def test_everything_offered_says_what_it_does():
    for name in disentool._OFFERED:
        assert getattr(disentool, name).__doc__


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_the_docstrings(name, trained, squares, folder):
    (folder / "ckpt.pt").symlink_to(trained)
    (folder / "squares.h5").symlink_to(squares)
    module = importlib.import_module(f"disentool.api.{name}")
    result = doctest.testmod(module)
    assert result.failed == 0
    assert result.attempted == Path(module.__file__).read_text(encoding="utf-8").count(">>> ")


# ---- what a model says of itself


def test_a_model_says_what_it_is(model, trained):
    content = checkpoint.read(trained)
    assert (model.path, model.method, model.step) == (trained, "factorvae", 30)
    assert (model.latent_dim, model.image_shape, str(model.device)) == (4, (32, 32, 1), "cpu")
    assert model.config == content["config"]
    model.config["gamma"] = -1
    assert model.config == content["config"], "what a caller does to the dict is his own"
    assert model.dims == tuple(np.argsort(-np.array(content["statistics"]["kl"]), kind="stable"))
    assert all(word in repr(model) for word in ("factorvae", "step 30", "32x32x1", "4 latent", "cpu", str(trained)))


# ---- encoding


def test_encoding_is_what_the_command_writes(model, images, table):
    mean, logvar = model.posterior(images)
    assert mean.dtype == logvar.dtype == np.float32
    np.testing.assert_array_equal(mean, table.mean)
    np.testing.assert_array_equal(logvar, table.logvar)
    np.testing.assert_array_equal(model.encode(images), table.mean)
    assert set(model.encode_all(images)) == {"mean", "logvar"}


def test_any_batch_size_and_any_memory(model, images, squares):
    whole = model.encode(np.concatenate([images, images]))  # more than a batch
    assert whole.shape == (384, 4)
    np.testing.assert_allclose(whole[192:], model.encode(images), atol=1e-5)
    np.testing.assert_allclose(model.encode(images[:1]), whole[:1], atol=1e-5)
    np.testing.assert_allclose(model.encode(images[::-3]), whole[:192][::-3], atol=1e-5)
    mapped = dataset.read(squares).images
    assert not mapped.flags.writeable or isinstance(mapped, np.memmap)
    np.testing.assert_allclose(model.encode(mapped[:5]), whole[:5], atol=1e-5)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.dtype(">f4")])
def test_floats_are_the_same_images(model, images, kind):
    np.testing.assert_allclose(model.encode((images[:9] / 255).astype(kind)), model.encode(images[:9]), atol=1e-5)


@pytest.mark.parametrize("kind", [torch.uint8, torch.float32, torch.float64, torch.bfloat16])
def test_tensors_give_tensors(model, images, kind):
    tensor = torch.from_numpy(images[:9]).permute(0, 3, 1, 2)
    tensor = tensor if kind == torch.uint8 else (tensor / 255).to(kind)
    codes = model.encode(tensor)
    assert (type(codes), codes.dtype, codes.device) == (torch.Tensor, torch.float32, tensor.device)
    np.testing.assert_allclose(codes.numpy(), model.encode(images[:9]), atol=1e-5)
    assert not codes.is_inference()
    decoded = model.decode(codes)
    assert (decoded.shape, decoded.dtype) == ((9, 1, 32, 32), torch.float32)
    np.testing.assert_array_equal(decoded.permute(0, 2, 3, 1).numpy(), model.decode(codes.numpy()))
    weight = torch.ones(4, requires_grad=True)
    (codes * weight).sum().backward()
    assert torch.isfinite(weight.grad).all()


def test_grey_images_may_lack_their_channel(model, images):
    expected = model.encode(images[:3])
    np.testing.assert_array_equal(model.encode(images[:3, :, :, 0]), expected)
    np.testing.assert_array_equal(model.encode(torch.from_numpy(images[:3, :, :, 0])).numpy(), expected)


GOOD = np.zeros((2, 32, 32, 1), np.float32)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (GOOD.tolist(), ["list", "NumPy"]),
        (None, ["NoneType"]),
        (GOOD[:0], ["none"]),
        (GOOD[0], ["[32, 32, 1]", "[N,32,32,1]", "axis"]),
        (GOOD[:, :16], ["[2, 16, 32, 1]", "[N,32,32,1]"]),
        (GOOD.reshape(2, 1, 32, 32), ["[2, 1, 32, 32]", "[N,32,32,1]", "images.transpose(0, 2, 3, 1)"]),
        (GOOD.repeat(3, 3), ["[2, 32, 32, 3]"]),
        (torch.zeros(2, 32, 32, 1), ["tensor", "[N,1,32,32]", "images.permute(0, 3, 1, 2)"]),
        (GOOD.astype(np.int64), ["int64", "uint8"]),
        (torch.zeros(2, 1, 32, 32, dtype=torch.int16), ["int16", "uint8"]),
        (GOOD.astype(bool), ["bool"]),
        (GOOD.astype(complex), ["complex"]),
        (GOOD + np.array([0, 255], np.float32)[:, None, None, None], ["image 1", "255 to 255", "0..1"]),
        (GOOD - 0.5, ["image 0", "-0.5", "0..1"]),
        (GOOD + np.array([0, np.nan], np.float32)[:, None, None, None], ["image 1", "NaN"]),
        (np.full((2, 32, 32, 1), 1e300), ["image 0", "infinite"]),
    ],
)
def test_other_images_are_refused(model, given, words):
    with pytest.raises(DataMismatch) as refused:
        model.encode(given)
    assert not [word for word in words if word not in str(refused.value)], refused.value


def test_the_place_of_a_wrong_image_is_counted_over_all_batches(model):
    many = np.zeros((600, 32, 32), np.float32)
    many[555] = 2
    with pytest.raises(DataMismatch, match="image 555"):
        model.encode(many)


def test_class_and_content_codes(squares, tmp_path, images):
    model = made(squares, tmp_path, "mlvae", class_factor="size", class_dim=2, content_dim=3, hidden_units=16)
    codes = model.encode_all(images[:5])
    assert model.latent_dim == 5
    assert (codes["class_code"].shape, codes["content_code"].shape) == ((5, 2), (5, 3))
    np.testing.assert_array_equal(codes["mean"], np.concatenate([codes["class_code"], codes["content_code"]], 1))
    mixed = np.concatenate([codes["class_code"][:1].repeat(5, 0), codes["content_code"]], 1)
    assert model.decode(mixed).shape == (5, 32, 32, 1)


def test_encoders_that_are_not_trained_are_not_used(squares, tmp_path, images):
    options = {"class_factor": "size", "class_dim": 2, "content_dim": 2, "width": 16, "reconstruction": "pixel"}
    model = made(squares, tmp_path, "lord", **options, stage="latent")
    with pytest.raises(WrongUsage, match="train"):
        model.encode(images[:2])
    assert model.decode(model.sample_codes(2)).shape == (2, 32, 32, 1)


def test_a_method_without_a_variance_says_so(squares, tmp_path, images):
    model = made(squares, tmp_path, "aae", posterior="deterministic", discriminator_units=16, hidden_units=16)
    assert list(model.encode_all(images[:2])) == ["mean"]
    with pytest.raises(DataMismatch, match="variance"):
        model.posterior(images[:2])


# ---- decoding, samples, traversals


def test_decoding_is_what_the_command_writes(model, trained, table, tmp_path):
    disentool.decode(trained, table.path, tmp_path / "decoded.h5", device="cpu")
    expected = dataset.read(tmp_path / "decoded.h5").images
    decoded = model.decode(table.mean)
    assert (decoded.shape, decoded.dtype) == ((192, 32, 32, 1), np.float32)
    assert 0 <= decoded.min() < decoded.max() <= 1
    np.testing.assert_array_equal(np.rint(decoded * 255), expected)


def test_reconstructions(model, images):
    np.testing.assert_array_equal(model.reconstruct(images[:7]), model.decode(model.encode(images[:7])))


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ([[0.0] * 4], "list"),
        (np.zeros(4, np.float32), r"\[4\]"),
        (np.zeros((2, 5), np.float32), r"\[N,4\]"),
        (np.zeros((0, 4), np.float32), "none"),
        (np.zeros((2, 4), np.int64), "int64"),
        (np.array([[0] * 4, [np.nan] * 4]), "row 1"),
        (torch.full((2, 4), torch.inf), "row 0"),
        (np.full((2, 4), 1e300), "row 0"),
    ],
)
def test_other_codes_are_refused(model, given, word):
    with pytest.raises(DataMismatch, match=word):
        model.decode(given)


def test_samples_are_those_of_the_command(model, trained, tmp_path):
    disentool.sample(trained, tmp_path / "samples.h5", 5, seed=3, device="cpu")
    drawn = model.sample(5, seed=3)
    assert (drawn.shape, drawn.dtype) == ((5, 32, 32, 1), np.float32)
    np.testing.assert_array_equal(np.rint(drawn * 255), dataset.read(tmp_path / "samples.h5").images)
    with h5py.File(tmp_path / "samples.h5") as file:
        np.testing.assert_array_equal(model.sample_codes(5, seed=3), file["codes"][()])
    np.testing.assert_allclose(model.sample(2, seed=3), drawn[:2], atol=1e-6)
    assert np.abs(model.sample(5, seed=4) - drawn).max() > 0


@pytest.mark.parametrize(("count", "seed"), [(0, 0), (-1, 0), (1, -1), (1, 2**32)])
def test_impossible_draws_are_refused(model, trained, tmp_path, count, seed):
    with pytest.raises(WrongUsage, match="expected"):
        model.sample(count, seed)
    with pytest.raises(WrongUsage, match="expected"):
        disentool.sample(trained, tmp_path / "s.png", count, seed=seed)


def test_a_traversal_moves_one_dimension(model, images):
    drawn = model.traverse(images[:2], dims=[3, 1], extent=2.0, steps=5)
    assert (drawn.shape, drawn.dtype) == ((2, 2, 5, 32, 32, 1), np.float32)
    codes = model.encode(images[:2])
    codes[:, 1] = 1.0  # the fourth of -2, -1, 0, 1, 2
    np.testing.assert_allclose(drawn[:, 1, 3], model.decode(codes), atol=1e-6)
    np.testing.assert_array_equal(
        model.traverse(codes=model.encode(images[:2]), dims=[3, 1], extent=2.0, steps=5), drawn
    )
    tensor = model.traverse(torch.from_numpy(images[:2, :, :, 0]), dims=[3, 1], extent=2.0, steps=5)
    assert tensor.shape == (2, 2, 5, 1, 32, 32)
    np.testing.assert_array_equal(tensor.permute(0, 1, 2, 4, 5, 3).numpy(), drawn)


def test_a_traversal_starts_from_the_kept_image(model, trained):
    kept = checkpoint.read(trained)["samples"]["images"][:1].numpy()
    np.testing.assert_array_equal(model.traverse(steps=3), model.traverse(kept, steps=3))
    assert model.traverse(steps=3).shape == (1, 4, 3, 32, 32, 1)


@pytest.mark.parametrize(
    "wrong", [{"dims": [4]}, {"dims": []}, {"dims": [0, 0]}, {"extent": 0.0}, {"extent": np.nan}, {"steps": 1}]
)
def test_impossible_traversals_are_refused(model, wrong):
    with pytest.raises(WrongUsage):
        model.traverse(**wrong)


def test_a_traversal_has_one_start(model, images):
    with pytest.raises(WrongUsage, match="images and codes"):
        model.traverse(images[:1], codes=model.encode(images[:1]))


def test_the_values_of_a_gan(squares, tmp_path, images):
    model = made(squares, tmp_path, "infogan", categorical="3", continuous=2, noise_dim=5)
    width = model.sample_codes(2).shape[1]
    assert width > model.latent_dim == 3
    assert model.decode(model.sample_codes(3)).shape == (3, 32, 32, 1)
    drawn = model.traverse(codes=model.sample_codes(2), steps=3)
    assert drawn.shape == (2, model.latent_dim, 3, 32, 32, 1)
    with pytest.raises(DataMismatch, match=f"N,{width}"):
        model.decode(np.zeros((1, 1), np.float32))


def test_a_model_that_diverged_is_named(trained, tmp_path, images):
    content = torch.load(trained, weights_only=True)
    for network in content["networks"].values():
        for weight in network.values():
            weight.fill_(torch.nan)
    torch.save(content, tmp_path / "nan.pt")
    model = disentool.load(tmp_path / "nan.pt", device="cpu")
    for act in (lambda: model.encode(images[:1]), lambda: model.decode(np.zeros((1, 4), np.float32))):
        with pytest.raises(ForeignFile, match="diverged"):
            act()


def test_loading_says_what_is_wrong(trained, squares, tmp_path):
    with pytest.raises(MissingFile):
        disentool.load(tmp_path / "none.pt")
    with pytest.raises(ForeignFile):
        disentool.load(squares)
    with pytest.raises(UnknownName, match="device"):
        disentool.load(trained, device="gpu")


# ---- scores


@pytest.mark.parametrize("metric", ["mig", "factor", "sap", "modularity", "kl", "gaussian-tc"])
def test_a_score_is_that_of_the_command(metric, table, cli):
    record = json.loads(cli("score", table.path, "--metric", metric, "--seed", 5, "--device", "cpu").out)
    logvar = table.logvar if metric == "kl" else None
    result = disentool.score(table.mean, table.factors, metric, seed=5, logvar=logvar, factor_names=table.factor_names)
    assert isinstance(result, disentool.Result)
    assert as_recorded(result) == {name: record[name] for name in as_recorded(result)}


@pytest.mark.parametrize("metric", ["factor", "mig", "kl", "tc", "elbo", "reconstruction"])
def test_a_score_of_a_model_is_that_of_the_command(metric, model, trained, squares, cli):
    words = ("--metric", metric, "--seed", 5, "--repeats", 2, "--device", "cpu", "--data", squares)
    record = json.loads(cli("score", trained, *words).out)
    for data in (squares, disentool.open_dataset(squares), None):
        result = model.score(metric, data=data, seed=5, repeats=2)
        assert isinstance(result, disentool.Result)
        assert as_recorded(result) == {name: record[name] for name in as_recorded(result)}


def test_rows_protocol_and_constants_of_a_model_are_those_of_the_command(model, trained, squares, folder, cli):
    disentool.prepare("array", "split.h5", raw=squares, split="rows:0.5")
    words = ("--rows", "test", "--protocol", "dlib", "--set", "bins=7", "--metric", "mig,sap", "--data", "split.h5")
    records = [json.loads(line) for line in cli("score", trained, *words, "--device", "cpu").out.splitlines()]
    results = model.score(["mig", "sap"], data="split.h5", rows="test", protocol="dlib", constants={"bins": 7})
    assert list(results) == ["mig", "sap"]
    for record in records:
        result = as_recorded(results[record["metric"]])
        assert result == {name: record[name] for name in result}


def as_recorded(result: disentool.Result) -> dict:
    found = {"score": result.score, "protocol": result.protocol, "details": result.details}
    found |= {"interval": list(result.interval) if result.interval else None, "per_factor": result.per_factor}
    return json.loads(json.dumps(found))


@pytest.mark.parametrize(("metric", "word"), [("udr", "models"), ("control", "directions")])
def test_what_a_model_cannot_be_scored_by_is_refused(metric, word, model):
    with pytest.raises(DataMismatch, match=word):
        model.score(metric)


def test_constants_repeats_and_bootstrap_are_those_of_the_command(table, cli):
    options = ("--protocol", "dlib", "--set", "bins=7", "--seed", 2)
    results = [
        disentool.score(table.mean, table.factors, "mig", protocol="dlib", constants={"bins": 7}, seed=2, **how)
        for how in ({"repeats": 3}, {"bootstrap": 20})
    ]
    for result, words in zip(results, (("--repeats", 3), ("--bootstrap", 20)), strict=True):
        record = json.loads(cli("score", table.path, "--metric", "mig", *options, *words).out)
        assert result.score == record["score"]
        assert result.details["bins"] == 7
        assert (list(result.interval) if result.interval else None) == record["interval"]


def test_several_scores_are_a_dict(table):
    results = disentool.score(table.mean, table.factors, ["mig", "sap"])
    assert list(results) == ["mig", "sap"]
    assert results["mig"] == disentool.score(table.mean, table.factors)
    everything = disentool.score(table.mean, table.factors, ["all"])
    assert {"mig", "sap", "factor", "modularity"} <= set(everything)
    assert not {"kl", "reconstruction", "control"} & set(everything)
    assert "kl" in disentool.score(table.mean, table.factors, ("all",), logvar=table.logvar)
    assert "mig" not in disentool.score(table.mean, None, ["all"])


def test_tensors_are_scored_as_arrays(table):
    tensors = torch.from_numpy(table.mean), torch.from_numpy(table.factors)
    assert disentool.score(*tensors, "mig") == disentool.score(table.mean, table.factors, "mig")
    assert (
        disentool.score(table.mean, table.factors[:, 0], "mig").score
        == disentool.score(table.mean, table.factors[:, :1], "mig").score
    )


@pytest.mark.parametrize(
    ("codes", "factors", "metric", "error", "word"),
    [
        (np.zeros((4, 2)), np.zeros((5, 1), int), "mig", DataMismatch, "rows"),
        (np.zeros(4), np.zeros((4, 1), int), "mig", DataMismatch, r"\[N,D\]"),
        (np.zeros((0, 2)), None, "gaussian-tc", DataMismatch, r"\[N,D\]"),
        ([[0.0]], None, "mig", DataMismatch, "list"),
        (np.zeros((4, 2)), None, "mig", NoFactors, "factors"),
        (np.full((4, 2), np.nan), np.arange(4) % 2, "mig", DataMismatch, "NaN"),
        (np.zeros((4, 2)), np.arange(4) % 2, "mgi", UnknownName, "mig"),
        (np.zeros((4, 2)), np.arange(4) % 2, "reconstruction", DataMismatch, "decoder"),
        (np.zeros((4, 2)), np.arange(4) % 2, "udr", DataMismatch, "models"),
        (np.zeros((4, 2)), np.arange(4) % 2, "control", DataMismatch, "directions"),
        (np.zeros((4, 2)), np.arange(4) % 2, "kl", DataMismatch, "logvar"),
        (np.zeros((4, 2)), np.arange(4) % 2, "all", WrongUsage, "dict"),
    ],
)
def test_what_cannot_be_scored_is_refused(codes, factors, metric, error, word):
    with pytest.raises(error, match=word):
        disentool.score(codes, factors, metric)


def swapped_arrays(rows: int) -> tuple[np.ndarray, np.ndarray]:
    factors = np.stack([np.arange(rows) % 3, np.arange(rows) % 2], 1)
    return np.random.default_rng(0).normal(size=(rows, 2)).astype(np.float32), factors


@pytest.mark.parametrize("rows", [12, 150, 1000])
def test_codes_and_factors_that_are_swapped_are_told(rows):
    codes, factors = swapped_arrays(rows)
    disentool.score(codes, factors)
    for wrong in (factors, factors.astype(np.float32), torch.from_numpy(factors)):
        with pytest.raises(DataMismatch, match="codes first: score"):
            disentool.score(wrong, codes)
        assert np.isfinite(disentool.score(wrong, codes, "gaussian-tc").score)  # needs no factors


def test_measured_factors_are_cut_with_a_note():
    codes, factors = swapped_arrays(1000)
    result = disentool.score(codes, np.stack([factors[:, 0], codes[:, 0]], 1))
    assert any("factor_1" in note and "20" in note for note in result.details["notes"])
    expected = np.stack([factors[:, 0], np.searchsorted(np.quantile(codes[:, 0], np.arange(1, 20) / 20), codes[:, 0])])
    assert result.score == pytest.approx(disentool.score(codes, expected.T).score, abs=0.01)


def test_factors_that_are_no_classes_but_repeat_are_taken():
    codes, factors = swapped_arrays(60)
    expected = disentool.score(codes, factors).score
    assert disentool.score(codes, factors * 0.25).score == pytest.approx(expected)
    assert disentool.score(codes, (factors + 7).astype(np.float64)).score == pytest.approx(expected)
    assert np.isfinite(disentool.score(codes, codes, "gaussian-tc").score)  # needs no factors


# ---- files


def test_encoding_a_file_is_the_command(trained, table, cli, folder):
    assert disentool.encode(trained, "a.h5", device="cpu") == Path("a.h5")
    cli("encode", trained, "-o", "b.h5", "--device", "cpu").printed("b.h5")
    np.testing.assert_array_equal(latents.read(Path("a.h5")).mean, latents.read(Path("b.h5")).mean)
    with pytest.raises(OutputExists):
        disentool.encode(trained, "a.h5", device="cpu")
    for wrong in ({"device": "gpu"}, {"rows": "some"}, {"codes_from": "mean"}):
        with pytest.raises(UnknownName):
            disentool.encode(trained, "c.h5", **wrong)


def test_pictures_are_the_commands(trained, cli, folder):
    shown = {"rows": [3, 100], "dims": range(2), "size": 32, "device": "cpu"}
    assert disentool.traverse(trained, "a.png", **shown) == [Path("a.png")]
    words = ("--rows", "3,100", "--dims", "0,1", "--size", 32, "--device", "cpu")
    cli("traverse", trained, "-o", "b.png", *words).printed("b.png")
    assert_same_bytes(Path("a.png"), Path("b.png"))
    sides = {"content_rows": [0, 9], "class_rows": [[100, 101], [7]], "average": True, "dims": [1]}
    assert disentool.swap(trained, ["s.png", "s.h5"], **sides, device="cpu") == [Path("s.png"), Path("s.h5")]
    words = ("--content-rows", "0,9", "--class-rows", "100,101", "--class-rows", 7, "--average", "--dims", 1)
    cli("swap", trained, "-o", "t.png", *words, "--device", "cpu").printed("t.png")
    assert_same_bytes(Path("s.png"), Path("t.png"))


def test_directions(trained, cli, folder):
    settings = {"starts": 5, "method": "tangent", "force": True, "device": "cpu"}
    assert disentool.find_direction(trained, "brightness", "a.h5", **settings) == Path("a.h5")
    words = ("--transform", "brightness", "--starts", 5, "--method", "tangent", "--force", "--device", "cpu")
    cli("find-direction", trained, "-o", "b.h5", *words).printed("b.h5")
    with h5py.File("a.h5") as first, h5py.File("b.h5") as second:
        np.testing.assert_array_equal(first["brightness/u"][()], second["brightness/u"][()])
    moved = {"direction": "a.h5:brightness", "size": 32, "device": "cpu"}
    disentool.traverse(trained, "a.png", alpha=[(-1, 1)], **moved)
    words = ("--direction", "a.h5:brightness", "--size", 32, "--device", "cpu")
    cli("traverse", trained, "--alpha=-1:1", "-o", "b.png", *words).printed("b.png")
    assert_same_bytes(Path("a.png"), Path("b.png"))
    disentool.sample(trained, "c.png", 4, t="0", **moved)
    cli("sample", trained, "-n", 4, "--t", 0, "-o", "d.png", *words).printed("d.png")
    assert_same_bytes(Path("c.png"), Path("d.png"))


def test_options_that_contradict_each_other(trained, folder):
    along = {"direction": "dirs.h5:shift-x"}
    for wrong in (
        lambda: disentool.traverse(trained, "a.png", t=[(0, 1)]),
        lambda: disentool.traverse(trained, "a.png", dims=[0], **along),
        lambda: disentool.traverse(trained, "a.png", t=[(0, 1)], alpha=[(0, 1)], **along),
        lambda: disentool.sample(trained, "a.png", t="0"),
        lambda: disentool.swap(trained, "a.png", interpolate="both"),
    ):
        with pytest.raises(WrongUsage):
            wrong()
    assert not list(folder.iterdir())


def test_a_data_set_is_mapped(squares, tmp_path):
    data = disentool.open_dataset(squares)
    assert isinstance(data, disentool.Dataset)
    assert isinstance(data.images, np.memmap)
    assert (data.images.dtype, data.factors.dtype) == (np.uint8, np.int32)
    with pytest.raises(MissingFile):
        disentool.open_dataset(tmp_path / "none.h5")
    with pytest.raises(UnknownName, match="dsprites"):
        disentool.open_dataset("dsprite")


def test_a_data_set_is_prepared_as_by_the_command(folder, cli):
    kept = {"shape": [0, 2], "scale": ["4-5"], "orientation": [0], "pos_x": range(3)}
    assert disentool.prepare("dsprites", "a.h5", keep=kept, subset=100, seed=3) == Path("a.h5")
    words = ("shape=0,2", "scale=4-5", "orientation=0", "pos_x=0-2")
    keeping = [word for rule in words for word in ("--keep", rule)]
    cli("prepare", "dsprites", *keeping, "--subset", 100, "--seed", 3, "-o", "b.h5").printed("b.h5")
    first, second = (disentool.open_dataset(name) for name in ("a.h5", "b.h5"))
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.factors, second.factors)
    with pytest.raises(WrongUsage, match="class_protocol"):
        disentool.prepare("dsprites", "c.h5", class_protocol="pose")


def test_what_is_printed_is_one_line(model, squares, table, images, folder):
    data = disentool.open_dataset(squares)
    shown = {
        repr(data): ("Dataset", "192 images", "32x32x1", "size 3", "pos_x 8", "pos_y 8"),
        repr(disentool.Dataset(Path("a.h5"), images, None)): ("a.h5", "factors: none"),
        repr(disentool.score(table.mean, table.factors)): ("Result", "protocol exact", "per_factor", "details"),
        repr(model): ("Model", "factorvae"),
    }
    for text, words in shown.items():
        assert len(text) < 250
        assert "\n" not in text
        assert not [word for word in words if word not in text], text


def test_the_rows_of_an_unknown_part_are_refused(squares):
    with pytest.raises(UnknownName, match="train"):
        disentool.open_dataset(squares).rows("some")


# ---- training

QUICK = SMALL_FACTOR | {"steps": 4, "log_every": 2, "device": "cpu"}


def test_training_is_the_command(squares, folder, cli):
    assert disentool.train("factorvae", data=squares, output="a.pt", **QUICK) == [Path("a.pt")]
    words = [word for name, value in QUICK.items() for word in (f"--{name.replace('_', '-')}", value)]
    cli("train", "factorvae", "--data", squares, "-o", "b.pt", *words).printed("b.pt")
    first, second = checkpoint.read(Path("a.pt")), checkpoint.read(Path("b.pt"))
    assert first["config"] == second["config"]
    for name, weight in first["networks"]["encoder"].items():
        assert torch.equal(weight, second["networks"]["encoder"][name])


def test_lists_make_runs_and_resuming_goes_on(squares, folder):
    paths = disentool.train("vae", data=squares, output="{seed}.pt", seed=range(2), **SMALL, steps=2, device="cpu")
    assert paths == [Path("0.pt"), Path("1.pt")]
    with pytest.raises(OutputExists):
        disentool.train("vae", data=squares, output="0.pt", **SMALL, steps=3, device="cpu")
    disentool.train("vae", data=squares, output="0.pt", resume=True, **SMALL, steps=3, device="cpu")
    assert disentool.load("0.pt").step == 3
    (folder / "options.yaml").write_text("steps: 1\n")
    disentool.train("vae", data=squares, config_file="options.yaml", **SMALL, device="cpu", tensorboard=None)
    assert disentool.load("ckpt.pt").step == 1


@pytest.mark.parametrize(
    ("method", "options", "error"),
    [
        ("factorva", {}, UnknownName),
        ("factorvae", {"gama": 1}, UnknownName),
        ("factorvae", {"gamma": "much"}, WrongUsage),
        ("factorvae", {"preset": "best"}, UnknownName),
        ("factorvae", {"output": "a.txt"}, WrongUsage),
        ("factorvae", {"device": "gpu"}, UnknownName),
        ("factorvae", {"resume": True, "overwrite": True}, WrongUsage),
    ],
)
def test_wrong_options_are_refused(method, options, error, squares, folder):
    with pytest.raises(error):
        disentool.train(method, data=squares, **options)
    assert not list(folder.iterdir())


class Once:
    """A reporter that does something once, when two steps are done."""

    def __init__(self, act):
        self.act, self.acted = act, False

    def note(self, message):
        pass

    def error(self, message):
        pass

    def task(self, label, total, unit, done=0):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        return None

    def update(self, done, terms=None):
        if done == 2 and not self.acted:
            self.acted = True
            self.act()


def press():
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_saves_and_raises(squares, folder):
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    assert handlers[signal.SIGINT] is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt, match="interrupted"):
        disentool.train("factorvae", data=squares, report=Once(press), **QUICK)
    assert 2 <= disentool.load("ckpt.pt").step < 4
    assert {number: signal.getsignal(number) for number in handlers} == handlers
    disentool.train("factorvae", data=squares, resume=True, **QUICK)
    assert disentool.load("ckpt.pt").step == 4


def test_the_callers_handlers_are_left_alone(squares, folder):
    seen = []

    def own(number, frame):
        seen.append(number)

    def act():
        for number in numbers:
            assert signal.getsignal(number) is own
            signal.raise_signal(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    former = {number: signal.signal(number, own) for number in numbers}
    try:
        disentool.train("factorvae", data=squares, report=Once(act), **QUICK)
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    assert seen == list(numbers)
    assert disentool.load("ckpt.pt").step == 4


def test_training_in_another_thread(squares, folder):
    found = []
    thread = threading.Thread(target=lambda: found.extend(disentool.train("factorvae", data=squares, **QUICK)))
    thread.start()
    thread.join()
    assert found == [Path("ckpt.pt")]


# ---- side effects


def process() -> dict[str, object]:
    """All of a process that a library could change behind its caller's back."""
    return {
        "threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "deterministic": (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        ),
        "cudnn": (
            torch.backends.cudnn.enabled,
            torch.backends.cudnn.benchmark,
            torch.backends.cudnn.deterministic,
            torch.backends.cudnn.allow_tf32,
        ),
        "matmul": (torch.backends.cuda.matmul.allow_tf32, torch.get_float32_matmul_precision()),
        "torch": (torch.get_default_dtype(), torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "torch random": torch.random.get_rng_state().tolist(),
        "numpy random": str(np.random.get_state()),
        "random": random.getstate(),
        "numpy": (np.geterr(), np.get_printoptions()),
        "signals": [signal.getsignal(number) for number in signal.valid_signals()],
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "path": list(sys.path),
        "warnings": list(warnings.filters),
        "hooks": (sys.excepthook, sys.stdout, sys.stderr),
        "threads alive": threading.active_count(),
    }


def test_nothing_of_the_process_is_changed(squares, folder, table):
    torch.manual_seed(17)
    random.seed(17)
    np.random.seed(17)
    before = process()
    disentool.train("factorvae", data=squares, **QUICK)
    model = disentool.load("ckpt.pt")
    data = disentool.open_dataset(squares)
    codes = model.encode(data.images[:20])
    model.decode(codes)
    model.sample(2)
    model.traverse(steps=2)
    model.score(["mig", "elbo"])
    disentool.encode("ckpt.pt", "z.h5")
    disentool.decode("ckpt.pt", "z.h5", "images.h5", rows=[0])
    disentool.sample("ckpt.pt", "samples.png", 4)
    disentool.traverse("ckpt.pt", ["grid.png", "out.gif", "page.html"], frames=4, dims=[0])
    disentool.swap("ckpt.pt", "swap.png", dims=[0])
    disentool.find_direction("ckpt.pt", "brightness", starts=5, method="tangent", force=True)
    few = slice(0, 192, 4)
    disentool.score(table.mean[few], table.factors[few], ["all", "dci-hist"])
    with pytest.raises(MissingFile, match=r"none\.pt"):
        disentool.load("none.pt")
    after = process()
    assert {name for name in before if before[name] != after[name]} == set()


# ---- the example


def test_the_example_runs(folder):
    script = ROOT / "examples" / "python_api.py"
    done = subprocess.run(
        [sys.executable, "-W", "error", script], env=os.environ | {"STEPS": "3"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "6144, 10" in done.stdout
    written = {path.name for path in (folder / "python_api").iterdir()}
    assert written >= {
        "shapes.pt",
        "traversal.png",
        "traversal.gif",
        "explore.html",
        "swap.png",
        "dirs.h5",
        "shift.gif",
    }


@pytest.fixture
def unusual():
    """Settings of a caller's that are not torch's defaults."""
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = True


def test_the_callers_torch_settings_are_left_alone(unusual, squares, folder, table, images, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)  # with it no thread count is ever set
    torch.set_num_threads(64)  # more than this machine has
    before = process()
    try:
        disentool.train("factorvae", data=squares, **QUICK)
        disentool.load("ckpt.pt", device="cpu").encode(images[:3])
        disentool.load("ckpt.pt", device="cpu").score("mig")
        disentool.encode("ckpt.pt", "z.h5", device="cpu")
        disentool.decode("ckpt.pt", "z.h5", "images.h5", rows=[0], device="cpu")
        disentool.sample("ckpt.pt", "samples.png", 4, device="cpu")
        disentool.traverse("ckpt.pt", "grid.png", dims=[0], device="cpu")
        disentool.swap("ckpt.pt", "swap.png", dims=[0], device="cpu")
        disentool.find_direction("ckpt.pt", "brightness", starts=5, method="tangent", force=True, device="cpu")
        disentool.score(table.mean, table.factors, "gaussian-tc")
        after = process()
    finally:
        torch.set_num_threads(1)
    assert {name for name in before if before[name] != after[name]} == set()
