"""InfoGAN and InfoWGAN-GP: losses against hand-written statements, the codes, stopping early, TensorBoard."""

import math
import sys

import h5py
import numpy as np
import pytest
import torch
from conftest import square_grid, write_dataset

from disentool import methods
from disentool.commands import traverse as drawing
from disentool.commands.decode import decode
from disentool.commands.sample import sample
from disentool.commands.train import train
from disentool.config import build
from disentool.contract import Batch, ClassSupport, DataFacts, IntervalSupport
from disentool.errors import DataMismatch, MissingExtra, NotWritable, WrongUsage
from disentool.io import checkpoint
from disentool.methods._infogan.latent_codes import LatentCodes
from disentool.methods._infogan.recognition import stop_early
from disentool.methods.infowgangp.gradient_penalty import gradient_penalty
from disentool.models.decoding import images_of
from disentool.models.model import load_model
from disentool.training.plan import plan

FACTS = DataFacts(rows=100, channels=1, height=16, width=16)
FACTS_64 = DataFacts(rows=100, channels=1, height=64, width=64)
CODES = {"categorical": "3+4", "continuous": 2, "noise_dim": 5, "batch_size": 6}


def make(name, facts=FACTS, **options):
    entry = methods.find(name)
    method = methods.load(entry.implementation)(build(methods.load(entry.config), CODES | options), facts)
    torch.manual_seed(0)
    return method, {n: net.double() for n, net in method.networks().items()}


@pytest.mark.parametrize("name", ["infogan", "infowgan-gp"])
@pytest.mark.parametrize("recogniser", ["shared", "own"])
@pytest.mark.parametrize("law", ["uniform", "normal"])
def test_losses_equal_their_hand_written_statement(name, recogniser, law):
    method, net = make(name, recogniser=recogniser, continuous_law=law, information_weight=0.7)
    rng = np.random.default_rng(0)
    u, rest, mix = rng.random((6, 2)), rng.standard_normal((6, 5)), rng.random(6)
    drawn = rng.random((6, 2)) if law == "uniform" else rng.standard_normal((6, 2))
    x = torch.from_numpy(rng.random((6, 1, 16, 16)))
    noise = {"classes": u, "continuous": drawn, "rest": rest, "mix": mix}
    noise = {key: torch.from_numpy(value) for key, value in noise.items()}
    judge = net["critic" if name == "infowgan-gp" else "discriminator"]
    list(judge.parameters())[-1].data.fill_(0.5)  # the bias: answers are between 0 and 1, where a share can tell
    got, told = [], {}
    for phase in method.stages()[0].phases:
        loss, terms, _ = phase.loss(net, Batch(x, torch.arange(6), None), noise, {}, torch.tensor(0))
        got.append(float(loss.detach()))
        told |= terms
    first = second = 0.0
    right = 0
    for i in range(6):
        a, b = int(u[i, 0] * 3), int(u[i, 1] * 4)
        c = 2 * drawn[i] - 1 if law == "uniform" else drawn[i]
        given = torch.from_numpy(np.concatenate([np.eye(3)[a], np.eye(4)[b], c, rest[i]]))[None]
        fake = torch.sigmoid(net["generator"](given)).detach()
        d_fake, d_real = (float(judge(net["trunk"](image)).detach()) for image in (fake, x[i : i + 1]))
        right += (d_real > 0) + (d_fake < 0)
        h = net["q"](net["q_trunk" if recogniser == "own" else "trunk"](fake))[0].detach().numpy()
        log_q = h[a] - math.log(np.exp(h[:3]).sum()) + h[3 + b] - math.log(np.exp(h[3:7]).sum())
        for value, mean, logvar in zip(c, h[7:9], h[9:11], strict=True):
            log_q += -0.5 * (value - mean) ** 2 / math.exp(logvar) - 0.5 * math.log(2 * math.pi * math.exp(logvar))
        entropy = math.log(12) + 2 * (math.log(2) if law == "uniform" else 0.5 * math.log(2 * math.pi * math.e))
        information = 0.7 * (log_q + entropy)
        if name == "infogan":
            first += (-math.log(1 / (1 + math.exp(-d_real))) - math.log(1 / (1 + math.exp(d_fake))) - information) / 6
            second += (-math.log(1 / (1 + math.exp(-d_fake))) - information) / 6
        else:
            point = (mix[i] * x[i : i + 1] + (1 - mix[i]) * fake).requires_grad_()
            (slope,) = torch.autograd.grad(judge(net["trunk"](point)).sum(), point)
            first += (d_fake - d_real + 10 * (float(slope.norm()) - 1) ** 2 - information) / 6
            second += (-d_fake - information) / 6
    assert got == pytest.approx([first, second], rel=1e-8)
    if name == "infogan":
        assert float(told["discriminator_accuracy"]) == right / 12


def test_a_code_is_read_off_q_as_its_most_probable_classes_and_its_means():
    codes = LatentCodes((3, 2), 2, "uniform", noise=1)
    logits_and_means = [[0.1, 2.0, -1.0, 0.5, 0.4, 0.7, -0.3], [1.0, 0.0, 3.0, 0.0, 0.1, 0.2, 0.6]]
    outputs = torch.cat([torch.tensor(logits_and_means), torch.full((2, 2), 9.0)], 1)  # and logvars
    torch.testing.assert_close(codes.mean(outputs), torch.tensor([[1, 0, 0.7, -0.3], [2, 1, 0.2, 0.6]]))


def test_large_networks_have_the_widths_of_infogan():
    _, networks = make("infogan", FACTS_64, architecture="large")
    sizes = [layer.out_channels for layer in networks["trunk"].modules() if isinstance(layer, torch.nn.Conv2d)]
    assert sizes == [64, 128, 256, 256]


def test_penalty_of_a_linear_critic_is_known_and_reaches_its_weights():
    weight = torch.tensor([3.0, 4.0], requires_grad=True)  # a slope of 5 everywhere: (5 - 1)^2
    real, fake = torch.rand(7, 1, 1, 2), torch.rand(7, 1, 1, 2)
    penalty = gradient_penalty(lambda x: x.flatten(1) @ weight, real, fake, torch.rand(7))
    assert float(penalty.detach()) == pytest.approx(16, rel=1e-5)
    (gradient,) = torch.autograd.grad(penalty, weight)
    assert gradient.tolist() == pytest.approx([2 * 4 * 0.6, 2 * 4 * 0.8], rel=1e-5)


def test_an_image_depends_on_its_own_code_and_the_weights_alone():
    """Training, evaluation, and any company in the batch decode alike; decoding changes nothing that is saved."""
    method, net = make("infogan")
    codes = method.prior(torch.randn(8, 4).double())
    before = {k: v.clone() for k, v in net["generator"].state_dict().items()}
    together = method.decode(net, codes)
    net["generator"].eval()
    alone = torch.cat([method.decode(net, code[None]) for code in codes])
    torch.testing.assert_close(together, alone)
    assert all(torch.equal(before[k], v) for k, v in net["generator"].state_dict().items())
    assert "reference" in before


def test_the_prior_is_what_the_generator_was_trained_on():
    method, _ = make("infogan")
    codes = method.prior(torch.randn(20_000, 4, generator=torch.Generator().manual_seed(0)))
    for column, count in ((0, 3), (1, 4)):
        shares = np.bincount(codes[:, column].long().numpy(), minlength=count) / 20_000
        assert shares == pytest.approx([1 / count] * count, abs=0.015)
    assert float(codes[:, 2:].min()) >= -1 and float(codes[:, 2:].max()) <= 1
    assert float(codes[:, 2].std()) == pytest.approx(1 / math.sqrt(3), abs=0.01)
    assert method.supports() == (
        ClassSupport(3),
        ClassSupport(4),
        IntervalSupport(-1.0, 1.0),
        IntervalSupport(-1.0, 1.0),
    )


@pytest.mark.parametrize("text", ["0", "1", "-3", "10+", "9999", "3x4", "ten"])
def test_codes_that_make_no_sense_are_refused(text):
    with pytest.raises(WrongUsage, match="--categorical"):
        make("infogan", categorical=text)
    with pytest.raises(WrongUsage, match="--continuous 0"):
        make("infogan", categorical=None, continuous=0)
    with pytest.raises(DataMismatch, match="101 classes"):
        make("infogan", categorical="101")


def test_it_stops_when_the_information_has_not_risen_for_so_long():
    lines = [{"step": s, "information": v} for s, v in ((10, 1.0), (20, 2.0), (30, 1.5), (40, 1.9))]
    assert not stop_early(lines, None) and not stop_early(lines, 21) and not stop_early([], 1)
    assert stop_early(lines, 20)
    assert not stop_early([*lines, {"step": 50, "information": 2.1}], 20)


def run(path, squares, name="infogan", resume=False, tensorboard=None, **options):
    given = CODES | {"data": str(squares), "device": "cpu", "log_every": 2} | options
    return next(train(plan(name, given, output=str(path)), resume=resume, tensorboard=tensorboard))


def test_a_run_that_stopped_early_is_complete(squares, tmp_path):
    path = run(tmp_path / "m.pt", squares, steps=400, early_stop=2)
    content = checkpoint.read(path)
    assert content["step"] < 400
    before = path.read_bytes()
    assert run(path, squares, steps=400, early_stop=2, resume=True) == path
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["infogan", "infowgan-gp", "betatcvae", "dipvae", "aae", "adagvae"])
def test_extended_in_pieces_equals_one_run(name, squares, tmp_path):
    options = {} if "info" in name else {"categorical": None}
    known = methods.load(methods.find(name).config)
    base = {"data": str(squares), "device": "cpu", "log_every": 2, "batch_size": 6}
    base |= CODES if not options else {"latent_dim": 4}
    base |= {"discriminator_units": 16} if hasattr(known, "discriminator_units") else {}
    for path, lengths in (("whole.pt", [5]), ("pieces.pt", [2, 5])):
        for steps in lengths:
            next(train(plan(name, base | {"steps": steps}, output=str(tmp_path / path)), resume=True))
    whole, pieces = (checkpoint.read(tmp_path / f"{n}.pt")["networks"] for n in ("whole", "pieces"))
    assert all(torch.equal(whole[n][k], pieces[n][k]) for n in whole for k in whole[n])


def test_a_checkpoint_encodes_and_decodes_in_colour(tmp_path):
    data = write_dataset(tmp_path / "d.h5", *square_grid(16, 3))
    model = load_model(run(tmp_path / "m.pt", data, steps=2), "cpu")
    codes = model.method.encode(model.networks, torch.rand(3, 3, 16, 16))["mean"]
    assert codes.shape == (3, 4) and set(codes[:, 0].tolist()) <= {0, 1, 2}
    assert model.method.decode(model.networks, codes).shape == (3, 3, 16, 16)


@pytest.mark.parametrize("law", ["uniform", "normal"])
@pytest.mark.parametrize("suffix", [".png", ".gif"])
def test_a_traversal_steps_through_the_classes(law, suffix, squares, tmp_path, monkeypatch):
    path = run(tmp_path / "m.pt", squares, steps=2, continuous_law=law)  # 3 classes, 4 classes, 2 continuous
    seen = []
    monkeypatch.setattr(drawing, "images_of", lambda model, codes: seen.append(codes) or images_of(model, codes))
    output = tmp_path / f"t{suffix}"
    options = {"dims": [0, 1, 2, 3], "images": 1, "steps": 5, "frames": 24, "size": 16, "extent": 3.0}
    assert list(drawing.traverse(path, [output], device="cpu", **options)) == [output]
    lengths = [3, 4, 5, 5] if suffix == ".png" else [13] * 4  # there and back in 24 frames: 13 of them differ
    parts = np.split(seen[0], np.cumsum(lengths)[:-1])
    for column, part in enumerate(parts):
        others = np.delete(part, column, axis=1)
        assert (others == others[0]).all()
        values = part[:, column]
        assert (np.diff(values) >= 0).all()
        if column < 2:
            count = (3, 4)[column]
            assert np.unique(values).tolist() == list(range(count))
            assert np.bincount(values.astype(int)).min() >= len(values) // count - 2  # each is seen
        else:
            end = 1 if law == "uniform" else 3
            assert (values[0], values[-1]) == (-end, end) and len(np.unique(values)) == len(values)


def test_samples_vary_what_q_need_not_recognise(squares, tmp_path):
    """With the noise at zero, all samples of a class (here: all that there is) would be one image."""
    path = run(tmp_path / "m.pt", squares, steps=30, categorical="2", continuous=0)
    made = sample(path, tmp_path / "s.h5", 40, device="cpu")
    with h5py.File(made) as file:
        codes, images = file["codes"][()], file["images"][()]
    assert codes.shape == (40, 1 + 5) and set(codes[:, 0]) == {0, 1}
    assert codes[:, 1:].std() == pytest.approx(1, abs=0.15)
    same = images[codes[:, 0] == 0].astype(float)
    assert same.std(0).max() > 2  # of 255: not rounding
    again = decode(path, made, tmp_path / "again.h5", key="codes", device="cpu")
    with h5py.File(again) as file:
        assert np.array_equal(file["images"][()], images)
    zero = np.pad(codes[:, :1], ((0, 0), (0, 5)))
    assert np.array_equal(*(next(images_of(load_model(path, "cpu"), c)) for c in (zero, codes[:, :1])))


def test_tensorboard_gets_the_history(squares, tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    monkeypatch.chdir(tmp_path)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run("m.pt", squares, steps=4, tensorboard=tmp_path / "tb")
    events = EventAccumulator(str(tmp_path / "tb" / "m")).Reload()
    history = checkpoint.read(tmp_path / "m.pt")["history"]
    for name in set(history[0]) - {"step", "time"}:
        read = [(event.step, event.value) for event in events.Scalars(name)]
        assert read == [(line["step"], pytest.approx(line[name], rel=1e-6)) for line in history]
    (tmp_path / "tb" / "x").write_text("in the way")
    with pytest.raises(NotWritable, match="--tensorboard"):
        run("x.pt", squares, steps=4, tensorboard=tmp_path / "tb")
    assert not (tmp_path / "x.pt").exists()


def test_tensorboard_missing_is_said_before_the_work(squares, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(MissingExtra, match=r"disentool\[tensorboard\]"):
        run(tmp_path / "m.pt", squares, steps=4, tensorboard=tmp_path / "tb")
    assert not (tmp_path / "m.pt").exists()
