"""DrNet: its two losses against hand-written statements, its negatives, and what it is normalised by."""

import numpy as np
import pytest
import torch
from conftest import pixel_cost

from disentool.config import build
from disentool.contract import Batch, DataFacts
from disentool.errors import DataMismatch
from disentool.methods.drnet.config import DrNetConfig
from disentool.methods.drnet.method import DrNet, another
from disentool.methods.drnet.networks import Decoder, Encoder

FACTS = DataFacts(
    rows=40, channels=1, height=32, width=32, factor_names=("a", "b"), factor_sizes=(5, 8), class_factor="a"
)
SMALL = {"class_dim": 5, "content_dim": 3, "width": 4, "batch_size": 4}


def make(**options):
    """The method and its networks in float64, with a reference."""
    model = DrNet(build(DrNetConfig, SMALL | options), FACTS)
    torch.manual_seed(0)
    networks = {name: net.double() for name, net in model.networks().items()}
    images = torch.rand(32, 1, 32, 32, generator=torch.Generator().manual_seed(1)).double()
    model.keep_reference(networks, Batch(images, torch.arange(32), None))
    return model, networks


def batch_of(classes, each):
    rng = np.random.default_rng(0)
    labels = np.repeat(classes, each)
    factors = torch.from_numpy(np.stack([labels, np.arange(len(labels)) % 8], 1))
    return Batch(torch.from_numpy(rng.random((len(labels), 1, 32, 32))), torch.arange(len(labels)), factors)


def normal(x, norm, rows, features):
    """Batch normalisation by the first rows, one feature at a time."""
    out = np.empty_like(x)
    for f in range(features):
        mean, variance = x[:rows, f].mean(), x[:rows, f].var()
        out[:, f] = (x[:, f] - mean) / np.sqrt(variance + 1e-5)
        out[:, f] = out[:, f] * float(norm.weight[f].detach()) + float(norm.bias[f].detach())
    return out


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def run(layer, x):
    return layer(torch.from_numpy(x)).detach().numpy()


def encoded(net, images):
    """Codes and features of the reference and of images, layer by layer."""
    x, features = np.concatenate([net.reference.numpy(), images]), []
    for convolution, norm, _ in net.layers:
        x = leaky(normal(run(convolution, x), norm, 32, convolution.out_channels))
        features.append(x)
    linear, norm = net.head[1], net.head[2]
    return np.tanh(normal(run(linear, x.reshape(len(x), -1)), norm, 32, linear.out_features)), features


def decoded(net, codes, features):
    """Pixels 0..1 of the images after the reference."""
    x = run(net.head[0], codes).reshape(len(codes), -1, 4, 4)
    x = leaky(normal(x, net.head[2], 32, x.shape[1]))
    for depth, layer in enumerate(net.layers, 1):
        x = run(layer[0], np.concatenate([x, features[-depth]], 1) if features else x)
        if len(layer) > 1:
            x = leaky(normal(x, layer[1], 32, x.shape[1]))
    return 1 / (1 + np.exp(-x[32:]))


def answers(net, first, second):
    """The probability that two codes are of one class."""
    logits = run(net, np.concatenate([first, second], 1))[:, 0]
    return 1 / (1 + np.exp(-logits))


@pytest.mark.parametrize(("skip", "reconstruction"), [(True, "native"), (False, "native"), (False, "pixel")])
def test_autoencoder_loss_equals_its_hand_written_statement(skip, reconstruction):
    model, networks = make(skip=skip, reconstruction=reconstruction, similarity_weight=0.7, adversary_weight=0.3)
    model.stages()
    batch = batch_of([3, 0, 4, 1], 4)
    loss, terms, _ = model.autoencoder_loss(networks, batch, {}, {}, torch.tensor(0))
    x = batch.images.numpy()
    c1, c2, p1, p2 = (x[np.arange(4) * 4 + i] for i in range(4))
    (h1, features), (h2, _) = encoded(networks["class_encoder"], c1), encoded(networks["class_encoder"], c2)
    (s1, _), (s2, _) = encoded(networks["content_encoder"], p1), encoded(networks["content_encoder"], p2)
    image = decoded(networks["decoder"], np.concatenate([h1, s1], 1), features if skip else [])
    error = ((image - p1) ** 2).mean() if reconstruction == "native" else pixel_cost(image, p1)
    similarity = ((h1[32:] - h2[32:]) ** 2).mean()
    c = answers(networks["discriminator"], s1[32:], s2[32:])
    adversary = (-0.5 * np.log(c) - 0.5 * np.log(1 - c)).mean()
    assert float(loss.detach()) == pytest.approx(error + 0.7 * similarity + 0.3 * adversary, rel=1e-9)
    assert float(terms["similarity"].detach()) == pytest.approx(similarity, rel=1e-9)


def test_discriminator_loss_equals_its_hand_written_statement():
    model, networks = make()
    classes = [3, 3, 1, 3]  # there are fewer classes than groups
    batch = batch_of(classes, 2)
    loss, terms, _ = model.discriminator_loss(networks, batch, {}, {}, torch.tensor(0))
    codes = encoded(networks["content_encoder"], batch.images.numpy())[0][32:]
    total, right = 0.0, 0
    for group, partner in enumerate([2, 2, 3, 2]):
        assert classes[group] != classes[partner]
        same = answers(networks["discriminator"], codes[[2 * group]], codes[[2 * group + 1]])[0]
        different = answers(networks["discriminator"], codes[[2 * group]], codes[[2 * partner + 1]])[0]
        total += (-np.log(same) - np.log(1 - different)) / 8
        right += (same > 0.5) + (different < 0.5)
    assert float(loss.detach()) == pytest.approx(total, rel=1e-9)
    assert float(terms["discriminator_accuracy"]) == right / 8


def test_negatives_are_of_another_class_wherever_there_are_two():
    rng = np.random.default_rng(0)
    for _ in range(200):
        classes = rng.integers(0, rng.integers(2, 6), rng.integers(2, 12))
        if len(set(classes.tolist())) > 1:
            chosen = another(torch.from_numpy(classes)).numpy()
            assert (classes[chosen] != classes).all()


def test_only_the_first_of_each_pair_of_codes_learns():
    """c2 and p2 are what c1 and p1 are drawn to, or told from: fixed."""
    model, networks = make(skip=False, adversary_weight=1.0)
    batch = batch_of([3, 0, 4, 1], 4)
    images = batch.images.clone().requires_grad_()
    loss, _, _ = model.autoencoder_loss(networks, batch._replace(images=images), {}, {}, torch.tensor(0))
    gradient = torch.autograd.grad(loss, images)[0].flatten(1).abs().sum(1).unflatten(0, (4, 4))
    assert bool((gradient[:, [0, 2]] > 0).all())
    assert not gradient[:, [1, 3]].any()


@pytest.mark.parametrize("skip", [True, False])
def test_an_images_code_and_picture_depend_on_it_alone(skip):
    """Whatever else is in the batch, and nothing is remembered of it: what batch normalisation would break."""
    model, networks = make(skip=skip)
    before = {n: {k: v.clone() for k, v in net.state_dict().items()} for n, net in networks.items()}
    images = torch.rand(6, 1, 32, 32).double()
    together = model.encode(networks, images)
    decoded_together = model.decode(networks, together["mean"])
    alone = [model.encode(networks, image[None]) for image in images]
    for name in together:
        torch.testing.assert_close(together[name], torch.cat([codes[name] for codes in alone]))
    torch.testing.assert_close(decoded_together, torch.cat([model.decode(networks, codes["mean"]) for codes in alone]))
    model.autoencoder_loss(networks, batch_of([3, 0, 4, 1], 4), {}, {}, torch.tensor(0))
    model.discriminator_loss(networks, batch_of([3, 0, 4, 1], 2), {}, {}, torch.tensor(0))
    for name, net in networks.items():
        assert all(torch.equal(before[name][key], value) for key, value in net.state_dict().items())


def test_transfer_takes_the_class_of_one_and_the_content_of_another():
    model, networks = make(skip=False)
    images = torch.rand(4, 1, 32, 32).double()
    codes = model.encode(networks, images)
    mixed = torch.cat([codes["class_code"][:2], codes["content_code"][2:]], 1)
    torch.testing.assert_close(model.transfer(networks, images[:2], images[2:]), model.decode(networks, mixed))
    assert {name: value.shape[1] for name, value in codes.items()} == model.codes()


def test_with_skips_the_class_image_itself_matters():
    model, networks = make()
    images = torch.rand(4, 1, 32, 32).double()
    codes = model.encode(networks, images)["mean"]
    _, own = model.reconstruction(networks, codes, images)
    torch.testing.assert_close(own, model.transfer(networks, images, images))
    reference = networks["class_encoder"].reference[:4]
    at_reference = model.encode(networks, reference)["mean"]
    torch.testing.assert_close(
        model.decode(networks, at_reference), model.reconstruction(networks, at_reference, reference)[1]
    )
    assert not torch.allclose(model.decode(networks, codes), own)


@pytest.mark.parametrize("size", [(32, 32), (33, 65), (64, 64), (100, 75), (128, 128)])
@pytest.mark.parametrize(("channels", "skips"), [(1, True), (3, False)])
def test_networks_fit_any_size_from_32_up(size, channels, skips):
    encoder, decoder = Encoder(2, channels, *size, 2, 5), Decoder(2, channels, *size, 2, 5, skips)
    codes, features = encoder(torch.zeros(3, channels, *size))
    assert codes.shape == (5, 5)
    assert decoder(codes, features if skips else ()).shape == (5, channels, *size)


def test_networks_for_64_pixels_are_dcgans():
    encoder, decoder = Encoder(2, 3, 64, 64, 64, 128), Decoder(2, 3, 64, 64, 64, 138, skips=True)
    assert [layer[0].out_channels for layer in encoder.layers] == [64, 128, 256, 512]
    assert encoder.head[1].in_features == 512 * 16
    assert [(layer[0].in_channels, layer[0].out_channels) for layer in decoder.layers] == [
        (1024, 256), (512, 128), (256, 64), (128, 3),
    ]  # fmt: skip


def test_sizes_too_small_are_refused():
    with pytest.raises(DataMismatch, match="28x40"):
        Encoder(2, 1, 28, 40, 4, 5)
