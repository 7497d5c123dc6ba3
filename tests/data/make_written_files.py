"""Writes tests/data/written_by_VERSION: python tests/data/make_written_files.py. No test runs this.

The files stand for what users have from an older version. So they are never changed: a new version may make a folder of
its own beside them. tests/test_written_files.py reads them.
"""

import contextlib
import io
import json
import lzma
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import torch
from safetensors.numpy import load_file

from disentool import __version__
from disentool.cli import run

HERE = Path(__file__).parent
FOLDER = HERE / f"written_by_{__version__}"
WORK = Path("/tmp/disentool-written")  # checkpoints hold the path of their data: one that tells of no machine

GRID = "--keep shape=0-2 --keep scale=5 --keep orientation=0 --keep pos_x=0,10,21,31 --keep pos_y=0,10,21,31"
SPLIT = "--split rows:0.25 --compress"
DATA = {
    "sprites8.h5": f"dsprites {GRID} --size 8 {SPLIT}",
    "sprites32.h5": f"dsprites {GRID} --size 32 {SPLIT}",
    "digits8.h5": f"mnist --from mnist --keep digit=0-2 --subset 36 --size 8 {SPLIT}",
}
COMMON = "--device cpu --log-every 4"
RATE = "--learning-rate 0.01"
SMALL = f"--data sprites8.h5 --latent-dim 2 --hidden-units 3 --batch-size 8 {RATE} {COMMON}"
UNITS = "--discriminator-units 4"
CODES = f"--data sprites8.h5 --categorical 3 --continuous 2 --noise-dim 2 --batch-size 8 {RATE} {COMMON}"
CLASSES = "--class-dim 2 --content-dim 2"
LORD = f"lord --data sprites32.h5 {CLASSES} --class-factor shape --width 4 --batch-size 8 --reconstruction pixel"
LORD += f" --learning-rate 0.001 --code-learning-rate 0.1 --amortize-learning-rate 0.001 --latent-share 0.8 {COMMON}"
RUNS = {  # checkpoint: how it is trained, but for --steps
    "vae": f"vae {SMALL}",
    "betavae": f"betavae {SMALL} --beta 2",
    "factorvae": f"factorvae {SMALL} {UNITS} --gamma 10",
    "betatcvae": f"betatcvae {SMALL}",
    "dipvae": f"dipvae {SMALL}",
    "aae": f"aae {SMALL} {UNITS}",
    "infogan": f"infogan {CODES} --discriminator-learning-rate 0.01",
    "infowgan-gp": f"infowgan-gp {CODES} --recogniser own --critic-learning-rate 0.01",
    "adagvae": f"adagvae {SMALL}",
    "mlvae": f"mlvae --data digits8.h5 {CLASSES} {RATE} --hidden-units 3 --batch-size 8 --group-size 4 {COMMON}",
    "drnet": f"drnet --data sprites32.h5 {CLASSES} --class-factor shape --width 1 {UNITS} --batch-size 3 {COMMON}",
    "lord-latent": f"{LORD} --stage latent",
    "lord": LORD,
}
STEPS, MORE = 60, 66  # trained so far, and when resumed
LORD_STEPS = 40  # of both stages, 32 and 8; both files are resumed to these
SCORES = {
    "vae": "factor mig reconstruction kl",
    "gan": "factor mig reconstruction",
    "classes": "mig reconstruction",
}
# Biases that a normalisation takes away again, or whose parts of the critic's loss cancel. Their gradient is a rounding
# error, which Adam makes as large as any other. They differ from one processor to the next; no code and no image does.
ADRIFT = {
    "infogan": r"generator\.layers\.[03]\.bias",
    "infowgan-gp": r"generator\.layers\.[03]\.bias|trunk\.3\.bias",
    "drnet": r".*\.layers\.\d\.0\.bias|decoder\.head\.0\.bias|.*_encoder\.head\.1\.bias",
    "lord-latent": r"generator\.convolutions\.\d\.bias",
    "lord": r"generator\.convolutions\.\d\.bias",
}
FEW = "--set starts=10 --set samples=50 --set levels=7 --set baseline_starts=5 --set resamples=50"
# Widths that no option makes smaller: those of these sizes keep 8 channels or units, and the rest are zero for good.
WIDE = {
    "vae": {"": (32, 512)},
    "gan": {"": (32, 128, 512)},
    "lord": {"generator.dense": (512, 1024), "generator.head": (64,), "encoder": (256,)},
}


def tool(arguments: str | list[str]) -> str:
    """What `disentool ARGUMENTS` prints."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        code = run(arguments.split() if isinstance(arguments, str) else arguments)
    if code:
        raise SystemExit(f"{arguments}: exit code {code}")
    return printed.getvalue()


def thin(path: Path, wide: dict[str, tuple[int, ...]]) -> None:
    """Set most channels and units to zero, in weights and Adam's averages, so that the file can be compressed.

    A channel that gets nothing and gives nothing has gradients of zero: training leaves it as it is.
    """
    content = torch.load(path, weights_only=True)
    for name, tensor in _tensors(content):
        for part, sizes in wide.items():
            for axis, size in enumerate(tensor.shape):
                if part in name and size in sizes and not name.endswith("reference"):
                    channels = 32 if size == 512 else size  # 512: 32 channels of 4x4 pixels
                    keep = (torch.arange(channels) % (channels // 8) == 1).repeat_interleave(size // channels)
                    tensor.mul_(keep.reshape([-1 if other == axis else 1 for other in range(tensor.ndim)]))
    torch.save(content, path)


def _tensors(content: dict) -> Iterator[tuple[str, torch.Tensor]]:
    for network, weights in content["networks"].items():
        for name, tensor in weights.items():
            yield f"{network}.{name}", tensor
    for states in content["optimizers"].values():
        for name, state in states.items():
            yield from ((name, tensor) for tensor in state.values() if isinstance(tensor, torch.Tensor))


def kind(name: str) -> str:
    """Which of the families a checkpoint is of."""
    if name.startswith("info"):
        return "gan"
    return "classes" if name.startswith(("mlvae", "drnet", "lord")) else "vae"


def train(name: str) -> dict:
    """NAME.pt, and what resumes it: a step of all weights, then training with most of them zero."""
    lord = name.startswith("lord")
    steps, more = (LORD_STEPS, LORD_STEPS) if lord else (STEPS, MORE)
    run = RUNS[name]
    if name != "drnet":  # which is as thin by its options
        tool(f"train {run.replace('--stage latent', '')} --steps {steps if lord else 1} --keep-every 1 -o first.pt -q")
        Path("first-1.pt").rename(f"{name}.pt")
        for left in Path().glob("first*"):
            left.unlink()
        thin(f"{name}.pt", WIDE["lord" if lord else "gan" if name.startswith("info") else "vae"])
    tool(f"train {run} --steps {steps} -o {name}.pt --resume -q --keep-every 36")
    if name == "lord":  # in the midst of the second stage
        Path("lord-36.pt").rename("lord.pt")
    return {"train": run.replace("--stage latent", "--stage amortize").split(), "steps": more}


def digest(weights: dict[str, np.ndarray]) -> dict[str, list[float]]:
    """Of each array: the sum, the sum of absolute values, and a sum in which the order matters."""
    found = {}
    for name, array in weights.items():
        flat = array.astype(np.float64).ravel()
        found[name] = [float(v) for v in (flat.sum(), np.abs(flat).sum(), flat @ np.cos(0.7 * np.arange(flat.size)))]
    return found


def weights(name: str) -> dict[str, list[float]]:
    """The digest of a checkpoint's weights."""
    tool(f"export {name}.pt -o weights.safetensors --overwrite")
    return digest(load_file("weights.safetensors"))


def expect(name: str, facts: dict, arrays: dict, scores: list[str]) -> None:
    """Add to these what NAME.pt says, encodes, decodes, scores, and becomes when resumed."""
    tool(f"encode {name}.pt -o codes.h5 --overwrite -q")
    with h5py.File("codes.h5") as file:
        for key, array in file.items():
            if isinstance(array, h5py.Dataset) and array.dtype == np.float32:
                arrays[f"{name}/codes/{key}"] = array[:]
    tool(f"decode {name}.pt codes.h5 --rows 0-5 -o images.h5 --overwrite -q")
    with h5py.File("images.h5") as file:
        arrays[f"{name}/images"] = file["images"][:]
    metrics = [word for metric in SCORES[kind(name)].split() for word in ("--metric", metric)]
    if "sprites32.h5" in RUNS[name]:  # of which every image of each class is known
        metrics += ["--metric", "transfer", "--set", "pairs=50"]
    facts["score"] = metrics
    scores.append(tool(["score", f"{name}.pt", *metrics, "-q"]))
    facts["before"] = weights(name)
    kept = Path(f"{name}.pt").read_bytes()
    history = Path(f"{name}.history.jsonl")
    lines = history.read_bytes()
    tool(["train", *facts["train"], "--steps", str(facts["steps"]), "--resume", "-o", f"{name}.pt", "-q"])
    facts["after"] = {key: sums for key, sums in weights(name).items() if not re.fullmatch(ADRIFT.get(name, ""), key)}
    facts["last"] = json.loads(history.read_text().splitlines()[-1])
    Path(f"{name}.pt").write_bytes(kept)
    history.write_bytes(lines)


def main() -> None:
    """Make the files in a folder of its own, then copy them."""
    torch.set_num_threads(1)
    WORK.mkdir()
    os.chdir(WORK)
    shutil.copytree(HERE / "mnist", "mnist")
    FOLDER.mkdir()
    for name, made in DATA.items():
        tool(f"prepare {made} -o {name} -q")
    expected, arrays = {}, {}
    scores = {"scores.jsonl": [], "classes.scores.jsonl": []}  # records that one `correlate` takes, and the others
    for name in RUNS:
        expected[name] = train(name)
        records = "classes.scores.jsonl" if kind(name) == "classes" else "scores.jsonl"
        expect(name, expected[name], arrays, scores[records])
    for name, lines in scores.items():
        Path(name).write_text("".join(lines))
    tool("encode vae.pt -o vae.latents.h5 -q")
    tool("encode mlvae.pt -o mlvae.latents.h5 -q")
    tool("encode lord.pt --codes latent -o lord.latents.h5 -q")
    tool("decode vae.pt vae.latents.h5 --rows 0-5 -o vae.decoded.h5 -q")
    found = (
        "find-direction vae.pt --transform shift-x --transform brightness --starts 5 --range 0.05 --force --device cpu"
    )
    tool(f"{found} -o dirs.h5 -q")
    tool("invert vae.pt -o found.h5 -o found.jsonl --loss mse --starts 2 --steps 5 --images 2 --device cpu -q")
    tool("export vae.pt -o vae.safetensors")
    printed = {
        "latents.scores.jsonl": "score vae.latents.h5 --metric factor --metric mig --metric kl -q",
        "directions.scores.jsonl": f"score dirs.h5:brightness --metric control {FEW} --device cpu -q",
        "correlations.jsonl": "correlate scores.jsonl --metrics factor,mig,reconstruction -q",
    }
    for name, command in printed.items():
        Path(name).write_text(tool(command))
    others = ["vae.history.jsonl", *scores, *printed, "found.jsonl", "found.h5", "dirs.h5", "vae.decoded.h5"]
    others += [*DATA, "vae.latents.h5", "mlvae.latents.h5", "lord.latents.h5", "vae.safetensors", "vae.json"]
    informed = [*(f"{name}.pt" for name in RUNS), *(name for name in others if name != "vae.json")]
    (FOLDER / "info.jsonl").write_text("".join(tool(["info", "--json", name]) for name in informed))
    for name in RUNS:
        packed = lzma.compress(Path(f"{name}.pt").read_bytes(), preset=9 | lzma.PRESET_EXTREME)
        (FOLDER / f"{name}.pt.xz").write_bytes(packed)
    for name in others:
        (FOLDER / name).write_bytes(Path(name).read_bytes())
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=0) + "\n")
    np.savez_compressed(FOLDER / "expected.npz", **arrays)


if __name__ == "__main__":
    main()
