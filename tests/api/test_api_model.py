"""A model from Python: what it says of itself, encoding, decoding, samples, traversals, as the commands give them."""

import h5py
import numpy as np
import pytest
import torch
from api_models import made

import disentool
from disentool.errors import (
    DataMismatch,
    ForeignFile,
    MissingFile,
    UnknownName,
    WrongUsage,
)
from disentool.io import checkpoint, dataset

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
