"""The train stage from Python: resuming, epochs, snapshots, and that something is learned."""

import signal
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SMALL_FACTOR, square_grid, write_dataset

from disentool import config, methods
from disentool.commands.encode import encode
from disentool.commands.score import score
from disentool.commands.train import train
from disentool.engine.training_loop import Training
from disentool.errors import DataMismatch, ForeignFile, Interrupted, NonFinite, OutputExists
from disentool.io import checkpoint
from disentool.models.model import load_model
from disentool.reporting import Silent
from disentool.scoring.metric import choose_metrics
from disentool.training.plan import plan


def run(output: Path, data: Path, method="factorvae", resume=False, overwrite=False, **options) -> list[Path]:
    base = SMALL_FACTOR if method == "factorvae" else {k: v for k, v in SMALL_FACTOR.items() if "discr" not in k}
    given = base | {"data": str(data), "device": "cpu", "log_every": 5} | options
    return list(train(plan(method, given, output=str(output)), resume=resume, overwrite=overwrite))


def same(a: dict, b: dict) -> bool:
    """Whether two nested states hold equal values, tensors bit for bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


@pytest.mark.parametrize("method", ["vae", "betavae", "factorvae"])
def test_extended_in_pieces_equals_one_run(method, squares, tmp_path):
    """12 steps at once, and 3 + 4 + 5 with the pieces ending inside a logging window, are bit for bit the same."""
    run(tmp_path / "whole.pt", squares, method, steps=12)
    for steps in (3, 7, 12):
        run(tmp_path / "pieces.pt", squares, method, steps=steps, resume=True)
    whole, pieces = (checkpoint.read(tmp_path / f"{n}.pt") for n in ("whole", "pieces"))
    for entry in ("networks", "optimizers", "step", "statistics", "config"):
        assert same(whole[entry], pieces[entry]), entry


def test_history_lines_survive_resuming(squares, tmp_path):
    run(tmp_path / "whole.pt", squares, steps=20)
    run(tmp_path / "pieces.pt", squares, steps=10)
    run(tmp_path / "pieces.pt", squares, steps=20, resume=True)
    a, b = ([{**h, "time": 0} for h in checkpoint.read(tmp_path / f"{n}.pt")["history"]] for n in ("whole", "pieces"))
    assert a == b
    assert [line["step"] for line in a] == [5, 10, 15, 20]


def test_checkpoint_is_plain_torch(trained):
    content = torch.load(trained, weights_only=True)
    assert content["format"] == "disentool.checkpoint"
    assert content["samples"]["images"].shape == (16, 32, 32, 1)
    assert len(content["statistics"]["kl"]) == 4
    assert {"reconstruction", "kl", "tc", "discriminator_accuracy"} <= set(content["history"][-1])


def test_every_seed_is_its_own_run(squares, tmp_path):
    paths = run(tmp_path / "m-{seed}.pt", squares, steps=3, seed=[0, 1])
    alone = run(tmp_path / "alone.pt", squares, steps=3, seed=1)
    assert [p.name for p in paths] == ["m-0.pt", "m-1.pt"]
    first, second, single = (checkpoint.read(p) for p in [*paths, *alone])
    assert same(second["networks"], single["networks"])
    assert not same(first["networks"], second["networks"])


def test_snapshots_are_checkpoints_of_their_step(squares, tmp_path):
    paths = run(tmp_path / "m.pt", squares, steps=10, keep_every=4)
    assert [p.name for p in paths] == ["m-4.pt", "m-8.pt", "m.pt"]
    assert run(tmp_path / "m.pt", squares, steps=10, keep_every=4, resume=True) == paths
    short = run(tmp_path / "short.pt", squares, steps=4)
    assert same(checkpoint.read(paths[0])["networks"], checkpoint.read(short[0])["networks"])
    assert "discriminator" in checkpoint.read(paths[0])["networks"]


def test_epochs_count_passes(squares, tmp_path):
    paths = run(tmp_path / "m.pt", squares, "vae", epochs=0.5)
    assert checkpoint.read(paths[0])["step"] == 6  # 192 images, batches of 16, half a pass


def test_resume_names_the_differing_option(squares, tmp_path):
    run(tmp_path / "m.pt", squares, steps=2)
    with pytest.raises(DataMismatch, match=r"--gamma 40\.0"):
        run(tmp_path / "m.pt", squares, steps=4, gamma=10.0, resume=True)
    with pytest.raises(DataMismatch, match="--seed 0"):
        run(tmp_path / "m.pt", squares, steps=4, seed=3, resume=True)
    other = write_dataset(tmp_path / "other.h5", *square_grid(32)[:1], None)
    with pytest.raises(DataMismatch, match="other data"):
        run(tmp_path / "m.pt", other, steps=4, resume=True)
    with pytest.raises(OutputExists, match="--overwrite"):
        run(tmp_path / "m.pt", squares, steps=4)


def test_snapshots_of_an_extended_run_have_no_holes(squares, tmp_path):
    run(tmp_path / "m.pt", squares, steps=2, keep_every=1)
    paths = run(tmp_path / "m.pt", squares, steps=4, keep_every=1, resume=True)
    assert [p.name for p in paths] == ["m-1.pt", "m-2.pt", "m-3.pt", "m-4.pt", "m.pt"]
    assert [checkpoint.read(p)["step"] for p in paths] == [1, 2, 3, 4, 4]


def test_snapshots_are_probed_when_epochs_have_become_steps(squares, tmp_path):
    (tmp_path / "m-4.pt").write_text("precious")
    with pytest.raises(OutputExists, match=r"m-4\.pt"):
        run(tmp_path / "m.pt", squares, epochs=1, keep_every=4)
    assert (tmp_path / "m-4.pt").read_text() == "precious"


def test_fewer_steps_than_are_there_is_complete(squares, tmp_path):
    paths = run(tmp_path / "m.pt", squares, steps=6)
    before = paths[0].read_bytes()
    assert run(tmp_path / "m.pt", squares, steps=2, resume=True) == paths
    assert paths[0].read_bytes() == before


def test_resume_notices_another_likelihood(squares, tmp_path):
    images, factors = square_grid()
    data = write_dataset(tmp_path / "d.h5", images, factors)
    run(tmp_path / "m.pt", data, steps=2)
    write_dataset(tmp_path / "d.h5", images, factors, likelihood="gaussian")
    with pytest.raises(DataMismatch, match="bernoulli"):
        run(tmp_path / "m.pt", data, steps=4, resume=True)


def change(path: Path, edit) -> None:
    content = torch.load(path, weights_only=True)
    edit(content)
    torch.save(content, path)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (
            lambda c: c["optimizers"]["vae"]["encoder.0.bias"].update(exp_avg=torch.zeros(1)),
            "exp_avg",
        ),
        (lambda c: c["optimizers"]["vae"].pop("encoder.0.bias"), "moments"),
        (lambda c: c["optimizers"]["vae"]["encoder.0.bias"].update(step=torch.tensor(float("nan"))), "finite"),
        (lambda c: c["optimizers"].pop("vae"), "state"),
        (lambda c: c["networks"]["encoder"].update({"0.bias": torch.zeros(3)}), "encoder.0.bias"),
        (lambda c: c.update(stages=[5, 7]), "2 stages"),
        (lambda c: c["window"].pop("vae"), "state"),
    ],
)
def test_a_damaged_checkpoint_is_not_resumed(edit, says, squares, tmp_path):
    paths = run(tmp_path / "m.pt", squares, steps=3)
    change(paths[0], edit)
    with pytest.raises(ForeignFile, match=says):
        run(tmp_path / "m.pt", squares, steps=6, resume=True)


def test_divergence_keeps_the_last_good_checkpoint(squares, tmp_path, monkeypatch):
    """A weight becomes infinite at step 8 of 20; what was saved at step 5 stays, and the error says so."""
    advance = Training.advance

    def poisoned(self):
        advance(self)
        if self.step == 8:
            with torch.no_grad():
                self.networks["encoder"][0].weight[0] = float("inf")

    with monkeypatch.context() as patch:
        patch.setattr(Training, "advance", poisoned)
        with pytest.raises(NonFinite, match="step 9"):
            run(tmp_path / "m.pt", squares, steps=20, checkpoint_every=5)
    assert checkpoint.read(tmp_path / "m.pt")["step"] == 5
    with pytest.raises(NonFinite, match=r"step \d+"):
        run(tmp_path / "bad.pt", squares, steps=5, learning_rate=1e30)
    assert not (tmp_path / "bad.pt").exists()


@pytest.mark.parametrize(("at", "of"), [(3, 5), (5, 5)])
def test_a_signal_is_heard_wherever_it_arrives(at, of, squares, tmp_path, monkeypatch):
    """In the middle of a run it saves that step; in the last one the run is complete, and the next does not start."""
    advance = Training.advance

    def signalled(self):
        advance(self)
        if self.step == at:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Training, "advance", signalled)
    with pytest.raises(Interrupted) as stopped:
        run(tmp_path / "m-{seed}.pt", squares, steps=of, seed=[0, 1])
    assert stopped.value.exit_code == 130
    assert checkpoint.read(tmp_path / "m-0.pt")["step"] == at
    assert not (tmp_path / "m-1.pt").exists()


@pytest.mark.parametrize("method", methods.METHODS)
@pytest.mark.parametrize(("shape", "channels"), [((32, 32), 3), ((64, 64), 1), ((128, 128), 1), ((48, 27), 3)])
def test_every_method_takes_every_size_and_colour(method, shape, channels, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (24, *shape, channels), np.uint8)
    factors = np.stack([np.arange(24) % 3, np.arange(24) // 3], 1)  # two, for the methods that learn from pairs
    data = write_dataset(tmp_path / "d.h5", images, factors, factor_names=["f", "g"], factor_sizes=[3, 8])
    fitting = SMALL_FACTOR | {"class_factor": "f", "group_size": 2, "width": 8}
    options = config.options(methods.load(methods.METHODS[method].config))
    small = {k: v for k, v in fitting.items() if k in options}
    given = small | {"batch_size": 4, "steps": 2, "data": str(data), "device": "cpu"}
    if method in ("drnet", "lord") and min(shape) < 32:
        with pytest.raises(DataMismatch, match="32"):
            next(train(plan(method, given, output=str(tmp_path / "m.pt"))))
        return
    path = next(train(plan(method, given, output=str(tmp_path / "m.pt"))))
    assert encode(path, tmp_path / "z.h5", device="cpu").exists()
    model = load_model(path, "cpu")
    decoded = model.method.decode(model.networks, torch.zeros(3, model.method.codes()["mean"]))
    assert decoded.shape == (3, channels, *shape)
    assert decoded.min() >= 0 and decoded.max() <= 1


def test_more_rows_than_the_statistics_take(tmp_path):
    images, _ = square_grid(16)
    data = write_dataset(tmp_path / "d.h5", np.concatenate([images] * 8), None)
    content = checkpoint.read(run(tmp_path / "m.pt", data, "vae", steps=1)[0])
    assert content["statistics"]["rows"] == 1000


@pytest.mark.slow
def test_factorvae_learns_the_factors(squares, tmp_path):
    """A short run on the grid of squares raises the factor score far above the untrained net's."""
    options = {"gamma": 10.0, "learning_rate": 2e-3, "discriminator_learning_rate": 1e-3, "latent_dim": 6,
               "hidden_units": 64, "discriminator_units": 128, "batch_size": 64, "log_every": 100}  # fmt: skip
    paths = run(tmp_path / "m.pt", squares, steps=1500, checkpoint_every=2000, **options)
    paths += run(tmp_path / "untrained.pt", squares, steps=0, **options)
    records = list(score(paths, choose_metrics(["factor", "reconstruction"], None), device="cpu"))
    trained, nats, untrained, blank = (r["score"] for r in records)
    print({"trained": trained, "untrained": untrained, "nats": nats, "blank": blank})
    assert trained > 0.7  # chance is 1/3; 0.85 to 0.95 by processor
    assert untrained < trained - 0.2
    assert nats < 0.1 * blank


class Told(Exception):
    """Carries the first note out of a run that would take days."""


class Telling(Silent):
    def note(self, message: str) -> None:
        raise Told(message)


def test_a_long_run_on_a_cpu_is_announced_at_once(squares, tmp_path):
    given = SMALL_FACTOR | {"data": str(squares), "device": "cpu", "steps": 10**9}
    jobs = plan("factorvae", given, output=str(tmp_path / "m.pt"))
    with pytest.raises(Told, match="1,000,000,000"):
        list(train(jobs, report=Telling()))
    assert list(tmp_path.iterdir()) == []


def test_a_complete_run_does_not_need_its_data(tmp_path):
    data = write_dataset(tmp_path / "d.h5", *square_grid(16))
    paths = run(tmp_path / "m.pt", data, steps=3)
    data.unlink()
    assert run(tmp_path / "m.pt", data, steps=3, resume=True) == paths


def test_what_another_process_finished_meanwhile_is_not_overwritten(squares, tmp_path, monkeypatch):
    """Two runs of the same name that start together: the second to get its turn finds the first one's work."""

    @contextmanager
    def late(path, **options):
        path.write_text("finished meanwhile")
        yield

    monkeypatch.setattr("disentool.io.files.claim", late)
    with pytest.raises(OutputExists):
        run(tmp_path / "m.pt", squares, steps=3)
    assert (tmp_path / "m.pt").read_text() == "finished meanwhile"


def test_sizes_that_no_network_has_name_the_file(tmp_path):
    data = write_dataset(tmp_path / "odd.h5", np.zeros((4, 27, 5, 1), np.uint8), None)
    with pytest.raises(DataMismatch, match="27x5"):
        run(tmp_path / "m.pt", data, steps=1)


def test_resuming_nothing_overwrites_nothing(squares, tmp_path):
    for name in ("m.history.jsonl", "m-2.pt"):
        (tmp_path / name).write_text("precious")
        with pytest.raises(OutputExists, match=name):
            run(tmp_path / "m.pt", squares, steps=4, keep_every=2, resume=True)
        assert (tmp_path / name).read_text() == "precious"
        (tmp_path / name).unlink()


def test_a_snapshot_lost_to_a_kill_is_made_when_resuming(squares, tmp_path):
    run(tmp_path / "m.pt", squares, steps=2, keep_every=2)
    (tmp_path / "m-2.pt").unlink()  # killed after the checkpoint, before its snapshot
    paths = run(tmp_path / "m.pt", squares, steps=4, keep_every=2, resume=True)
    assert [p.name for p in paths] == ["m-2.pt", "m-4.pt", "m.pt"]
    assert checkpoint.read(paths[0])["step"] == 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143)])
def test_other_signals_save_too_unless_they_are_ignored(number, code, squares, tmp_path, monkeypatch):
    advance = Training.advance

    def signalled(self):
        advance(self)
        if self.step == 3:
            signal.raise_signal(number)

    monkeypatch.setattr(Training, "advance", signalled)
    with pytest.raises(Interrupted) as stopped:
        run(tmp_path / "m.pt", squares, steps=6)
    assert stopped.value.exit_code == code
    assert checkpoint.read(tmp_path / "m.pt")["step"] == 3
    former = signal.signal(number, signal.SIG_IGN)  # as under nohup
    try:
        assert checkpoint.read(run(tmp_path / "n.pt", squares, steps=6)[0])["step"] == 6
    finally:
        signal.signal(number, former)
