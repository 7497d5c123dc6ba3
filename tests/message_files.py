"""The files that the command lines of ``data/messages.txt`` name, each wrong in one way."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import page_files
import plot_records
import torch
from conftest import square_grid, write_dataset
from PIL import Image

from disentool.commands.encode import encode
from disentool.commands.export import export
from disentool.commands.score import score
from disentool.commands.train import train
from disentool.io.records import to_json
from disentool.scoring.metric import choose_metrics
from disentool.training.plan import plan

TINY = {"steps": 1, "log_every": 1, "device": "cpu", "data": "squares.h5"}


def make(trained: Path) -> None:
    """Write all of them into the working folder; ``trained`` is a checkpoint of the squares."""
    shutil.copy(trained, "ckpt.pt")
    data_sets()
    checkpoints()
    codes()
    arrays()
    pictures()
    tables()
    configurations()
    records()
    modules()
    Path("text.h5").write_text("hello\n")
    Path("text.pt").write_text("hello\n")
    Path("there.png").write_text("an output of before\n")
    Path("file").write_text("not a folder\n")
    Path("nothing").mkdir()


def edited(path: str, change: Callable[[h5py.File], object]) -> None:
    """An HDF5 file changed in place."""
    with h5py.File(path, "r+") as file:
        change(file)


def data_sets() -> None:
    images, factors = square_grid()
    for name in ("squares", "newer", "unfinished", "split", "empty-split", "odd-split", "verified", "outside"):
        write_dataset(Path(f"{name}.h5"), images, factors)
    write_dataset(Path("inverted.h5"), 255 - images, factors)
    write_dataset(Path("unlabelled.h5"), images, None)
    write_dataset(Path("wide.h5"), *square_grid(64, channels=3))
    write_dataset(Path("tiny.h5"), np.ascontiguousarray(images[:, :7, :29]), factors)
    write_dataset(Path("one-short.h5"), images[:-1], factors[:-1])
    write_dataset(Path("twice.h5"), images, np.concatenate([factors[:-1], factors[:1]]))
    write_dataset(Path("backwards.h5"), images, factors[::-1])
    edited("newer.h5", lambda file: file.attrs.update(version=99))
    edited("unfinished.h5", lambda file: file.attrs.pop("format"))
    edited("empty-split.h5", lambda file: file.create_dataset("split", data=np.zeros(192, np.uint8)))
    edited("odd-split.h5", lambda file: file.create_dataset("split", data=np.arange(192).astype(np.uint8) % 3))
    edited("split.h5", lambda file: file.create_dataset("split", data=(factors[:, 0] == 2).astype(np.uint8)))
    edited("verified.h5", lambda file: file["images"].__setitem__((5, 0, 0, 0), 1))
    edited("outside.h5", lambda file: file["factors"].__setitem__((5, 0), 9))
    with h5py.File("foreign.h5", "w") as file:
        file["x"] = [1, 2]


def checkpoints() -> None:
    common = TINY | {"class_factor": "size", "batch_size": 16, "data": "split.h5"}
    small = {"hidden_units": 8, "class_dim": 3, "content_dim": 4}
    for name, given in {
        "mlvae": common | small | {"group_size": 4},
        "lord": common | {"class_dim": 3, "content_dim": 4, "width": 4, "reconstruction": "pixel", "stage": "latent"},
        "infogan": TINY | {"batch_size": 16},
    }.items():
        (_,) = train(plan(name, given, output=f"{name}.pt"))
    content = torch.load("ckpt.pt", weights_only=True)
    torch.save(content | {"version": 99}, "newer.pt")
    torch.save({"state_dict": {"w": torch.zeros(3)}}, "foreign.pt")
    torch.save({key: value for key, value in content.items() if key != "networks"}, "part.pt")
    torch.save(content | {"method": "os:system"}, "code.pt")
    torch.save(content | {"method": "gone:WAE"}, "gone.pt")
    torch.save(content | {"samples": {}}, "no-samples.pt")
    torch.save(content | {"optimizers": {}}, "no-moments.pt")
    torch.save(content | {"rng": {}}, "no-seed.pt")
    with zipfile.ZipFile("damaged.pt", "w") as archive:
        archive.writestr("damaged/data.pkl", b"\x80\x02no pickle.")
    for folder in "ab":
        Path(folder).mkdir()
        shutil.copy("ckpt.pt", f"{folder}/x.pt")
    Path("a/x.latents.h5").write_text("an output of before\n")
    export(Path("ckpt.pt"), Path("w.safetensors"))
    export(Path("w.safetensors"), Path("back.pt"))
    facts = json.loads(Path("w.json").read_text())
    for name, text in {
        "w-cut": "{",
        "w-version": json.dumps(facts | {"version": 99}),
        "w-part": json.dumps({key: value for key, value in facts.items() if key != "config"}),
        "w-shape": json.dumps(facts | {"config": facts["config"] | {"latent_dim": 5}}),
        "w-large": json.dumps(facts | {"config": facts["config"] | {"latent_dim": 10**9}}),
        "w-names": json.dumps(facts | {"networks": "encoder"}),
        "w-alone": None,
    }.items():
        shutil.copy("w.safetensors", f"{name}.safetensors")
        if text is not None:
            Path(f"{name}.json").write_text(text)
    page_files.write_directions(Path("ckpt.pt"), Path("moves.h5"))
    page_files.write_directions(Path("ckpt.pt"), Path("other-moves.h5"), sha256="0" * 64)


def codes() -> None:
    encode(Path("ckpt.pt"), Path("z.h5"), data="squares.h5", device="cpu")
    shutil.copy("z.h5", "part-z.h5")
    with h5py.File("part-z.h5", "r+") as file:
        for name in list(file):
            values = file[name][:100]
            del file[name]
            file[name] = values
        file.attrs["grid"] = False
    rng = np.random.default_rng(0)
    with h5py.File("any.h5", "w") as file:
        labels = rng.integers(0, 4, (500, 2))
        file["model/z"], file["labels"] = rng.normal(size=(500, 3)), labels
        file["few"], file["bad"] = labels[:10], np.full((500, 3), np.nan)
        file["one"], file["none"], file["text"] = np.zeros((500, 1)), np.zeros((500, 0)), np.array([b"a"] * 500)
    grid = np.indices((3, 4, 5)).reshape(3, -1).T
    values = rng.normal(size=(60, 3)).astype(np.float32)
    np.savez("own.npz", points=values, truth=grid)
    np.savez("short.npz", codes=values, factors=grid[:-1])
    np.savez("objects.npz", codes=np.array([{}], object))
    np.savez("usual.npz", codes=values, factors=grid)
    np.savez("nan.npz", codes=np.where(np.arange(60)[:, None] == 7, np.nan, values), factors=grid)
    np.savez("huge.npz", codes=values * np.float32(3e37), factors=grid)
    np.savez("five.npz", codes=np.zeros((2, 5), np.float32))


def arrays() -> None:
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 10, 3)).astype(np.uint8)
    for name, given in {
        "whole-numbers": {"images": images.astype(int)},
        "range": {"images": images.astype(np.float32)},
        "infinite": {"images": np.full((2, 8, 8), np.inf, np.float32)},
        "fewer": {"images": images, "factors": np.zeros((11, 2), int)},
        "labelled": {"images": images, "deep": np.zeros((12, 2, 1)), "nan": np.full(12, np.nan), "words": ["a"] * 12},
        "no-rows": {"images": images[:0]},
        "five-channels": {"images": np.zeros((3, 8, 8, 5), np.uint8)},
        "two": {"one": images, "two": images},
        "masks": {"images": images, "labels": np.zeros((12, 8, 10), np.uint8)},
    }.items():
        np.savez(f"{name}.npz", **given)
    np.save("objects.npy", np.array([{}], object), allow_pickle=True)


def pictures() -> None:
    for name, (width, height), grey in [
        *((f"photos/{'ab'[index % 2]}/{index}.png", (40, 40 + 10 * (index == 3)), 12 * index) for index in range(6)),
        ("sizes/square.png", (50, 50), 0),
        ("sizes/wide.png", (60, 20), 0),
        ("both/top.png", (32, 32), 0),
        ("both/class/0.png", (32, 32), 0),
        *((f"in/{index}.png", (32, 32), 40 * index) for index in range(3)),
        ("rafd/a/Rafd045_01_Caucasian_female_sad_frontal.jpg", (64, 64), 0),
        ("rafd/b/Rafd045_01_Caucasian_female_sad_frontal.jpg", (64, 64), 0),
        ("shoes/train/1_AB.jpg", (256, 256), 0),
        ("chairs/x/renders/image_1.png", (64, 64), 0),
        ("large.png", (64, 96), 0),
        ("kaggle/train/cat/0.png", (32, 32), 0),
        ("kaggle/test/0.png", (32, 32), 0),
        ("shard/0.image.png", (32, 32), 0),
        ("shard/1.image.png", (32, 32), 0),
    ]:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((height, width), grey, np.uint8)).save(name)
    Path("photos/a/broken.png").write_text("no picture\n")
    Path("broken").mkdir()
    shutil.copy("photos/a/broken.png", "broken/0.png")
    Path("notes").mkdir()
    Path("notes/a.txt").write_text("no picture\n")
    Path("shard/0.cls").write_text("3")
    Path("phone").mkdir()
    Path("phone/0.heic").write_bytes(b"\0\0\0 ftypheic")
    Image.fromarray(np.zeros((8, 8), np.float32)).save("floating.tiff")


def tables() -> None:
    for name, text in {
        "empty": "",
        "twice": "file,size\n0.png,1\n0.png,2\n",
        "ranks": "rank,id,size\n2,0,1\n0,1,2\n1,2,3\n",
        "numbered": ",image_id,split,size\n0,2,train,1\n1,0,train,2\n2,7,test,3\n",
        "columns": "file,size\n0.png,1\n1.png\n",
        "gaps": "file,size\n0.png,\n1.png,2\n",
        "names": "file,size,size\n0.png,1,2\n",
        "others": "file,size\nx.png,1\n",
        "slash": "file,a/b\n0.png,1\n1.png,2\n2.png,1\n",
        "more": "file,size\n0.png,1\n1.png,2\n2.png,1\ngone.png,1\n",
        "fewer": "file,size\n0.png,1\n1.png,2\n",
        "headless": "0.png,1\n1.png,2\n2.png,1\n",
        "semicolons": "file;size\n0.png;1\n1.png;2\n",
    }.items():
        Path(f"{name}.csv").write_text(text)
    Path("bytes.csv").write_bytes(b"\xff\x00")


def configurations() -> None:
    for name, text in {
        "options": "gama: 10\n",
        "word": "gamma: much\n",
        "mapping": "gamma: {a: 1}\n",
        "devices": "device: [cpu, cuda]\n",
        "list": "- gamma\n",
        "two": "gamma: 1\n---\ngamma: 2\n",
        "unclosed": "gamma: [1\n",
        "both": "steps: 3\nepochs: 3\n",
        "groups": "class-factor: size\nbatch-size: 10\ngroup-size: 4\n",
        "repeated": "batch-size: 3\nbatch_size: 5\n",
    }.items():
        Path(f"{name}.yaml").write_text(text)


def records() -> None:
    write, scored = plot_records.write, plot_records.scored
    found = score(["z.h5"], choose_metrics(["mig", "modularity"], None))
    Path("scores.jsonl").write_text("".join(f"{to_json(record)}\n" for record in found))
    write(Path("several.jsonl"), scored("factor", "reconstruction"))
    two = [*scored("factor", "mig"), *(row | {"protocol": "dlib"} for row in scored("factor"))]
    write(Path("protocols.jsonl"), two)
    votes = [row | {"details": {"changed_options": ["votes"], "votes": 400}} for row in scored("factor", seeds=1)]
    write(Path("constants.jsonl"), [*scored("factor", "mig"), *votes])
    write(Path("newer.jsonl"), [{"format": "disentool.score", "version": 9}])
    write(Path("part.jsonl"), [{"format": "disentool.score", "version": 1}])
    write(Path("history.jsonl"), [{"step": step, "time": step, "loss": 1.0 / step} for step in (1, 2, 3)])
    write(Path("other.jsonl"), [{"a": 1}])
    write(Path("inversion.jsonl"), [{"format": "disentool.inversion", "version": 1, "artefact": "a.pt"}])
    Path("empty.jsonl").write_text("")


def modules() -> None:
    for name, text in {
        "blank": "",
        "function": "def Thing(): pass\n",
        "unready": "class Thing: pass\n",
        "needs": "import nowhere_at_all\n",
        "divides": "1 / 0\n",
        "broken": "def broken(:\n",
        "leaves": "def f(z, y): raise SystemExit(3)\n",
        "nan": "def f(z, y): return float('nan')\n",
        "word": "def f(z, y): return 'high'\n",
        "number": "f = 3\n",
        "still": "import torch\ndef g(z): return torch.zeros(len(z), 1, 16, 16)\ng.latent_dim = 3\n",
        "rings": "import torch\n\n"
        "def g(z):\n    grid = torch.linspace(-2, 2, 32) ** 2\n    rings = torch.sin(3 * (grid[:, None] + grid))\n"
        "    return torch.sigmoid(rings + 0.5 * z.sum(1)[:, None, None])[:, None]\n\n"
        "g.latent_dim = 3\n",
        "grey": "import torch\n\n"
        "def g(z):\n    return torch.sigmoid(z.sum(1))[:, None, None, None].expand(-1, 1, 32, 32)\n\n"
        "g.latent_dim = 3\n",
    }.items():
        Path(f"own_{name}.py").write_text(text)
