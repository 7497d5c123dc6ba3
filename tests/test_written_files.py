"""Files that an older version wrote: they open, encode, decode, score and resume as they did.

What is expected was made by the version that wrote them; tests/data/README.md says how. Everything goes through the
command line, and so depends on nothing inside.
"""

import json
import lzma
import math
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from PIL import Image

WRITTEN = Path(__file__).parent / "data/written_by_0.1.0"
EXPECTED = json.loads((WRITTEN / "expected.json").read_text())
NAMES = tuple(EXPECTED)
INFO = [json.loads(line) for line in (WRITTEN / "info.jsonl").read_text().splitlines()]
# Methods whose codes have no variance, of which 0.1.0 said "one sample of q(z|x)" all the same.
NO_VARIANCE = ("infogan", "infowgan-gp", "drnet", "lord-latent", "lord")
# A note that class codes made before the factor metric took Gini's variance for them.
LEFT_OUT = {"dimensions of few whole numbers, taken for quantities even if they are classes: 0"}
# A processor adds numbers in an order of its own.
RELATIVE, ABSOLUTE = 1e-4, 1e-5
TIMES = {"time", "seconds"}


def approximately(found, expected, where="", relative=RELATIVE) -> None:
    """Assert that ``found`` has all that ``expected`` has, numbers within tolerance; it may have more."""
    if isinstance(expected, dict):
        assert isinstance(found, dict), where
        for key in expected.keys() - TIMES:
            assert key in found, f"{where}.{key}"
            approximately(found[key], expected[key], f"{where}.{key}", relative)
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for i, (a, b) in enumerate(zip(found, expected, strict=True)):
            approximately(a, b, f"{where}[{i}]", relative)
    elif isinstance(expected, float) and not isinstance(found, str):
        assert found == pytest.approx(expected, rel=relative, abs=ABSOLUTE), where
    else:
        assert found == expected, where


@pytest.fixture
def written(folder) -> Path:
    """The working folder, with copies of the files in it; checkpoints are unpacked by :func:`unpack`."""
    for path in WRITTEN.iterdir():
        if path.suffix != ".xz":
            shutil.copy(path, folder)
    return folder


def unpack(name: str) -> str:
    """The checkpoint, in the working folder: its name there."""
    Path(f"{name}.pt").write_bytes(lzma.decompress((WRITTEN / f"{name}.pt.xz").read_bytes()))
    return f"{name}.pt"


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def stored(name: str, **values: str) -> list[dict]:
    """The records of a stored file whose fields have these values."""
    records = lines((WRITTEN / name).read_text())
    return [record for record in records if all(record[key] == value for key, value in values.items())]


def data_of(name: str) -> str:
    """The data set that a checkpoint was trained on, which is in the working folder now."""
    options = EXPECTED[name]["train"]
    return options[options.index("--data") + 1]


def weights(name: str) -> dict[str, tuple[float, float, float]]:
    """Of each array of a checkpoint: sum, sum of absolute values, and a sum in which the order matters."""
    content = torch.load(name, weights_only=True)
    arrays = {f"{net}.{key}": value for net, state in content["networks"].items() for key, value in state.items()}
    found = {}
    for key, array in (arrays | {"samples.images": content["samples"]["images"]}).items():
        flat = array.numpy().astype(np.float64).ravel()
        found[key] = (flat.sum(), np.abs(flat).sum(), flat @ np.cos(0.7 * np.arange(flat.size)))
    return found


def differences(found: dict, expected: dict) -> dict[str, float]:
    """How far the sums of each expected array are, in its sum of absolute values."""
    assert expected.keys() <= found.keys()
    return {
        key: max(abs(a - b) for a, b in zip(found[key], expected[key], strict=True)) / max(expected[key][1], 1e-9)
        for key in expected
    }


@pytest.mark.parametrize("facts", INFO, ids=[facts["file"] for facts in INFO])
def test_says_what_it_is(cli, written, facts):
    name = facts["file"]
    if name.endswith(".pt"):
        unpack(name.removesuffix(".pt"))
    done = cli("info", "--json", name)
    assert (done.code, done.err) == (0, "")
    approximately(json.loads(done.out), facts)


@pytest.mark.parametrize("name", NAMES)
def test_a_checkpoint_encodes_and_decodes(cli, written, name):
    arrays = np.load(WRITTEN / "expected.npz")
    cli("encode", unpack(name), "--data", data_of(name), "--device", "cpu", "-o", "z.h5").printed("z.h5")
    with h5py.File("z.h5") as file:
        codes = [key for key in arrays if key.startswith(f"{name}/codes/")]
        assert f"{name}/codes/mean" in codes
        for key in codes:
            np.testing.assert_allclose(file[key.split("/")[-1]], arrays[key], rtol=RELATIVE, atol=ABSOLUTE)
    cli("decode", f"{name}.pt", "z.h5", "--rows", "0-5", "--device", "cpu", "-o", "d.h5").printed("d.h5")
    with h5py.File("d.h5") as file:
        np.testing.assert_allclose(file["images"][:].astype(int), arrays[f"{name}/images"].astype(int), atol=1)


@pytest.mark.parametrize("name", NAMES)
def test_a_checkpoint_scores(cli, written, name):
    done = cli("score", unpack(name), *EXPECTED[name]["score"], "--data", data_of(name), "--device", "cpu")
    assert done.code == 0, done
    classes = name in ("mlvae", "drnet", "lord", "lord-latent")
    expected = stored("classes.scores.jsonl" if classes else "scores.jsonl", artefact=f"{name}.pt")
    assert len(expected) == EXPECTED[name]["score"].count("--metric")
    found = lines(done.out)
    for record, before in zip(found, expected, strict=True):
        said = set(record["details"].pop("notes", ()))  # there may be more: of class codes, of training that goes on
        assert not set(before["details"].pop("notes", ())) - said - LEFT_OUT
        if "z" in before["details"]:
            words = record["details"].pop("z")
            assert words == before["details"].pop("z") or name in NO_VARIANCE
    approximately(found, expected)


@pytest.mark.parametrize("name", NAMES)
def test_a_checkpoint_resumes(cli, written, name):
    facts = EXPECTED[name]
    assert max(differences(weights(unpack(name)), facts["before"]).values()) < 1e-6
    done = cli("train", *facts["train"], "--steps", facts["steps"], "--resume", "-o", f"{name}.pt")
    done.printed(f"{name}.pt")
    found = weights(f"{name}.pt")
    assert found.keys() == facts["before"].keys()
    assert max(differences(found, facts["after"]).values()) < 1e-3
    moved = differences(facts["before"], facts["after"])
    assert max(moved.values()) > 1e-2  # or the line above would say little
    # The critic's biases, whose gradients are rounding errors, shift the losses of a Wasserstein GAN.
    approximately(lines(Path(f"{name}.history.jsonl").read_text())[-1], facts["last"], relative=1e-2)


def test_latents_score(cli, written):
    metrics = ("--metric", "factor", "--metric", "mig", "--metric", "kl")
    done = cli("score", "vae.latents.h5", *metrics)
    assert done.code == 0, done
    approximately(lines(done.out), stored("latents.scores.jsonl"))


def test_latents_of_class_and_content_are_put_together_and_decoded(cli, written):
    unpack("mlvae")
    cli("swap", "mlvae.latents.h5", "--content-rows", "0,1", "--class-rows", "2,3", "-o", "s.h5").printed("s.h5")
    cli("decode", "mlvae.pt", "s.h5", "-o", "d.h5", "--device", "cpu").printed("d.h5")
    with h5py.File("mlvae.latents.h5") as file, h5py.File("s.h5") as swapped, h5py.File("d.h5") as decoded:
        rows = [list(file["row"]).index(row) for row in (0, 1)]
        class_rows = [list(file["row"]).index(row) for row in (2, 3)]
        for i, (content, klass) in enumerate((content, klass) for content in rows for klass in class_rows):
            np.testing.assert_array_equal(swapped["content_code"][i], file["content_code"][content])
            np.testing.assert_array_equal(swapped["class_code"][i], file["class_code"][klass])
        assert decoded["images"].shape == (4, 8, 8, 1)


def test_directions_are_used_and_measured(cli, written):
    unpack("vae")
    (expected,) = stored("directions.scores.jsonl")
    constants = {name: expected["details"][name] for name in expected["details"]["changed_options"]}
    few = [word for item in constants.items() for word in ("--set", "{}={}".format(*item))]
    done = cli("score", "dirs.h5:brightness", "--metric", "control", *few, "--device", "cpu")
    assert done.code == 0, done
    # Random directions, registered motions and the verdict have been measured in another way since then.
    kept = {
        key: expected["details"][key] for key in ("r2", "rise", "spearman", "controlled") if key in expected["details"]
    }
    alike = {key: expected[key] for key in ("metric", "protocol", "score", "interval", "artefact", "data")}
    approximately(json.loads(done.out), alike | {"details": kept})
    for name in ("shift-x", "brightness"):
        move = ("--direction", f"dirs.h5:{name}", "--alpha=-2:2", "--steps", 5, "--images", 2)
        cli("traverse", "vae.pt", *move, "--device", "cpu", "-o", f"{name}.png").printed(f"{name}.png")
        with Image.open(f"{name}.png") as image:
            assert np.asarray(image).std() > 1


def test_codes_that_were_found_are_decoded(cli, written):
    unpack("vae")
    cli("decode", "vae.pt", "found.h5", "-o", "d.h5", "--device", "cpu").printed("d.h5")
    with h5py.File("d.h5") as file, h5py.File("found.h5") as found:
        assert len(file["images"]) == len(found["mean"])


def test_decoded_images_are_a_data_set(cli, written):
    cli("prepare", "--verify", "vae.decoded.h5").printed("vae.decoded.h5")
    cli("encode", unpack("vae"), "--data", "vae.decoded.h5", "--device", "cpu", "-o", "z.h5").printed("z.h5")


@pytest.mark.parametrize("name", ["sprites8.h5", "sprites32.h5", "digits8.h5"])
def test_a_data_set_is_whole(cli, written, name):
    cli("prepare", "--verify", name).printed(name)


def test_records_correlate(cli, written):
    done = cli("correlate", "scores.jsonl", "--metrics", "factor,mig,reconstruction")
    assert done.code == 0, done
    approximately(lines(done.out), stored("correlations.jsonl"))


def test_an_export_goes_back(cli, written):
    cli("export", "vae.safetensors", "-o", "back.pt").printed("back.pt")
    assert not any(math.isnan(value) for sums in weights("back.pt").values() for value in sums)
    assert max(differences(weights("back.pt"), EXPECTED["vae"]["before"]).values()) < 1e-6
    done = cli("score", "back.pt", "--metric", "reconstruction", "--data", "sprites8.h5", "--device", "cpu")
    (expected,) = stored("scores.jsonl", artefact="vae.pt", metric="reconstruction")
    assert json.loads(done.out)["score"] == pytest.approx(expected["score"], rel=RELATIVE)
