"""``disentool info``."""

import hashlib
import json
import shutil

import h5py
import numpy as np
import pytest
import yaml
from conftest import square_grid, write_dataset

from disentool.commands.score import score
from disentool.io import checkpoint
from disentool.io.records import to_json
from disentool.scoring.metric import choose_metrics


def described(cli, *arguments) -> dict:
    """The facts, the same as YAML for people and as JSON for programs."""
    shown, printed = cli("info", *arguments), cli("info", "--json", *arguments)
    assert (shown.code, shown.err, printed.code, printed.err) == (0, "", 0, "")
    assert printed.out.count("\n") == 1
    facts = json.loads(printed.out)
    assert yaml.safe_load(shown.out) == facts
    return facts


def test_a_data_set(cli, squares):
    facts = described(cli, squares)
    assert facts["file"] == str(squares)
    assert facts["bytes"] == squares.stat().st_size
    assert facts["format"] == "disentool.dataset"
    assert facts["factor_names"] == ["size", "pos_x", "pos_y"]
    assert facts["arrays"] == {"factors": "int32 [192, 3]", "images": "uint8 [192, 32, 32, 1]"}
    assert "verified" not in facts


def test_a_checkpoint(cli, trained):
    facts = described(cli, trained)
    assert facts["format"] == "disentool.checkpoint"
    assert facts["method"] == "factorvae"
    assert facts["config"]["gamma"] == 40.0
    assert facts["step"] == 30
    assert facts["seed"] == 0
    assert facts["weights"].keys() == {"encoder", "decoder", "discriminator"}
    assert facts["last"]["step"] == 30
    assert len(facts["statistics"]["kl"]) == 4
    assert facts["data"]["factor_sizes"] == [3, 8, 8]
    assert len(facts["sha256"]) == 64


def test_long_lists_of_numbers_are_told_in_a_line(cli, trained, tmp_path):
    wide = tmp_path / "wide.pt"
    statistics = {"rows": 192, "mean_std": [0.5, *[1.0] * 40]}
    checkpoint.write(wide, checkpoint.read(trained) | {"statistics": statistics}, overwrite=True)
    assert "mean_std: 41 numbers, 0.5 to 1" in cli("info", wide).out
    assert json.loads(cli("info", "--json", wide).out)["statistics"] == statistics


def test_ckpt_pt_is_the_default(cli, folder, trained):
    cli("info").failed(1, "ckpt.pt")
    shutil.copy(trained, folder / "ckpt.pt")
    assert described(cli)["file"] == "ckpt.pt"


def test_latents_and_records_and_histories(cli, folder, trained):
    cli("encode", trained, "-o", "z.h5").printed("z.h5")
    facts = described(cli, "--verify", "z.h5")
    assert facts["format"] == "disentool.latents"
    assert facts["provenance"]["step"] == 30
    assert facts["verified"]
    (folder / "scores.jsonl").write_text(cli("score", "z.h5", "--metric", "kl", "--metric", "factor").out)
    facts = described(cli, "scores.jsonl")
    assert (facts["format"], facts["records"], facts["metrics"]) == ("disentool.score", 2, ["factor", "kl"])
    facts = described(cli, trained.with_suffix(".history.jsonl"))
    assert (facts["format"], facts["steps"]) == ("disentool.history", [10, 30])
    assert "reconstruction" in facts["terms"]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_nothing_that_a_terminal_obeys_is_printed(cli, folder, options):
    line = {"format": "disentool.score", "version": 1, "metric": "a\u202e\x9b31m", "artefact": "b\x1b[2J"}
    (folder / "s.jsonl").write_text(json.dumps(line) + "\n")
    outcome = cli("info", "s.jsonl", *options)
    assert outcome.code == 0
    assert all(row.isprintable() for row in outcome.out.split("\n")), outcome


def test_several_files(cli, squares, trained):
    outcome = cli("info", "--json", squares, trained, squares)
    assert [json.loads(line)["format"] for line in outcome.out.splitlines()] == [
        "disentool.dataset",
        "disentool.checkpoint",
        "disentool.dataset",
    ]
    outcome = cli("info", "--json", squares, "nothing.h5", trained)
    assert outcome.code == 1
    assert outcome.out.count("\n") == 1  # what was said before the error stays
    assert outcome.err.count("\n") == 1 and "nothing.h5" in outcome.err


def test_damage_is_noticed_when_asked(cli, folder):
    path = write_dataset(folder / "a.h5", *square_grid(16))
    with h5py.File(path) as file:
        place = file["images"].id.get_offset()
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert cli("info", path).code == 0
    cli("info", "--verify", path).failed(1, "content_sha256")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00" * 100, b"{", b'{"a": 1}', b"PK\x05\x06" + bytes(18)])
def test_other_files(cli, folder, content):
    (folder / "other").write_bytes(content)
    cli("info", "other").failed(1, "other: ")
    cli("info", ".").failed(1, " .: ")
    cli("info", "").failed(1, "''")


def test_anyones_codes_are_described_by_the_error(cli, folder, trained):
    with h5py.File("any.h5", "w") as file:
        file["z"], file["labels/y"] = [[1.0]], [[1]]
    cli("info", "any.h5").failed(1, "labels/y")


def test_records_are_what_score_prints(cli, folder, trained, squares):
    records = list(score([trained], choose_metrics(["kl"], None), device="cpu"))
    (folder / "a.jsonl").write_text("".join(to_json(record) + "\n" for record in records))
    assert described(cli, "a.jsonl")["artefacts"] == [str(trained)]


def test_the_formats_are_told(cli):
    out = cli("info", "--schema").out
    for name in ("disentool.dataset", "disentool.latents", "disentool.checkpoint", "disentool.score", "images  uint8"):
        assert name in out


def test_files_written_by_hand_from_that_text_are_accepted(cli, folder):
    """With h5py alone, no attribute but those that must be there: trained on, encoded, scored and verified."""
    rng = np.random.default_rng(0)
    factors = np.stack(np.meshgrid(range(4), range(5), indexing="ij"), -1).reshape(-1, 2).astype(np.int32)
    images = np.zeros((20, 16, 16, 1), np.uint8)
    for image, (x, y) in zip(images, factors, strict=True):
        image[2 + 3 * x : 5 + 3 * x, 1 + 2 * y : 6 + 2 * y] = 255
    with h5py.File("d.h5", "w") as file:
        file["images"], file["factors"] = images, factors
        file["a number"], file["a word"], file["words"] = 3.0, "text", np.array([b"a", b"b"])
        file.attrs["version"], file.attrs["format"] = 1, "disentool.dataset"
    with h5py.File("z.h5", "w") as file:
        file["mean"], file["row"], file["factors"] = rng.normal(size=(20, 3)).astype("f4"), np.arange(20), factors
        file["notes of mine"] = np.arange(3)
        file["a number"], file["a word"], file["words"] = 3.0, "text", np.array([b"a", b"b"])
        file.attrs["version"], file.attrs["format"] = 1, "disentool.latents"
        file.attrs["factor_names"] = ["x", "y"]
    cli("train", "vae", "--data", "d.h5", "--steps", 2, "--batch-size", 8, "-o", "m.pt").printed("m.pt")
    cli("encode", "m.pt", "-o", "mz.h5").printed("mz.h5")
    records = [json.loads(cli("score", name).out) for name in ("m.pt", "mz.h5", "z.h5")]
    assert records[2]["details"]["factors"] == ["x", "y"]
    digest = hashlib.sha256(
        "\n".join(
            sorted(
                [
                    f"images |u1 20x16x16x1 {hashlib.sha256(images.tobytes()).hexdigest()}",
                    f"factors <i4 20x2 {hashlib.sha256(factors.tobytes()).hexdigest()}",
                ]
            )
        ).encode()
    ).hexdigest()
    cli("info", "--verify", "d.h5").failed(1, "content_sha256")
    with h5py.File("d.h5", "a") as file:
        file.attrs["content_sha256"] = digest
    assert json.loads(cli("info", "--json", "--verify", "d.h5").out)["verified"]
