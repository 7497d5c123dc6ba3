"""Every kind of file that the tool reads: a sound one, the commands that read it, and how it is changed."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mutate_archives as archives
import mutate_bytes
import mutate_hdf5
import mutate_text as text
import mutate_torch
import sound_raw
from mutate_bytes import Mutation
from sound_models import arrays, taken


@dataclass(frozen=True)
class Kind:
    """``make``: writes the sound files, from the folder of models, into another. ``mutations``: beside those of bytes.

    ``commands``: each reads the files; with ``{f}``, the one that is changed. ``targets``: which may be. ``mib``: of
    memory that a command may take. ``patch``: called first in the process of the command, where published files are
    too large to be tried a thousand times. ``plain``: how often only bytes are changed. ``slow``: commands that take
    seconds, tried more rarely.
    """

    make: Callable[[Path, Path], None]
    targets: tuple[str, ...]
    commands: tuple[str, ...]
    mutations: tuple[Mutation, ...] = ()
    mib: int = 512
    patch: Callable[[], None] | None = None
    plain: float = 0.4
    slow: tuple[str, ...] = ()

    def line(self, random_: random.Random) -> str:
        """One of the commands."""
        return random_.choice(self.slow if self.slow and random_.random() < 0.03 else self.commands)

    def change(self, random_: random.Random, path: Path) -> str:
        """Change a file, and say how."""
        if self.mutations and random_.random() > self.plain:
            chosen = random_.choice(self.mutations)
        else:
            chosen = random_.choice(mutate_bytes.MUTATIONS)
        chosen(random_, path)
        return chosen.__name__


def _of(names: str) -> Callable[[Path, Path], None]:
    return lambda models, folder: taken(models, names, folder)


_RUN = "--device cpu -q"
_LINES = (text.json_lines, text.json_lines, text.same_everywhere, text.doubled_key)
_PREPARED = "prepare {} --from {} -q -o o.h5"

KINDS = {
    "dataset": Kind(
        _of("d.h5 ckpt.pt"),
        ("d.h5",),
        (
            "info d.h5",
            "info --json d.h5",
            "info --verify d.h5",
            "prepare --verify d.h5 -q",
            "prepare prepared --from d.h5 --split rows:0.5 -q -o o.h5",
            "prepare prepared --from d.h5 --keep size=0 --size 8 -q -o o.h5",
            "prepare array --from d.h5 -q -o o.h5",
            "prepare d.h5 -q --preview o.png",
            f"encode ckpt.pt --data d.h5 {_RUN} -o o.h5",
            f"score ckpt.pt --data d.h5 --metric mig,modularity --format jsonl {_RUN}",
            f"score d.h5 --codes factors --factors factors --metric mig {_RUN}",
            f"train vae --data d.h5 --steps 1 --batch-size 4 --hidden-units 4 --latent-dim 2 {_RUN} -o o.pt",
            f"train mlvae --data d.h5 --steps 1 --batch-size 8 {_RUN} -o o.pt",
            f"traverse ckpt.pt --data d.h5 --rows 0 --steps 3 {_RUN} -o o.png",
            f"swap ckpt.pt --data d.h5 --content-rows 0,1 --class-rows 2 --dims 0 {_RUN} -o o.png",
        ),
        mutate_hdf5.MUTATIONS,
    ),
    "latents": Kind(
        _of("z.h5 ckpt.pt"),
        ("z.h5",),
        (
            "info z.h5",
            "info --json --verify z.h5",
            f"score z.h5 --metric mig,sap,modularity {_RUN}",
            f"score z.h5 --metric factor,irs,gaussian-tc,kl --format tsv --per-factor {_RUN}",
            f"score z.h5 --codes mean --factors factors --metric mig --format jsonl {_RUN}",
            f"decode ckpt.pt z.h5 --rows 0-3 {_RUN} -o o.h5",
            f"decode ckpt.pt z.h5 --codes mean --rows 0-3 {_RUN} -o pictures",
            f"traverse ckpt.pt --codes z.h5 --steps 3 {_RUN} -o o.png",
            "swap z.h5 --content-rows 0,1 --class-rows 2 --dims 0 -q -o o.h5",
        ),
        mutate_hdf5.MUTATIONS,
    ),
    "directions": Kind(
        _of("dirs.h5 ckpt.pt d.h5"),
        ("dirs.h5",),
        (
            "info dirs.h5",
            "info --json --verify dirs.h5",
            f"traverse ckpt.pt --direction dirs.h5:brightness --steps 3 {_RUN} -o o.png",
            f"sample ckpt.pt --direction dirs.h5:brightness --t 0.1 -n 4 {_RUN} -o o.h5",
        ),
        mutate_hdf5.MUTATIONS,
        slow=(
            f"score dirs.h5 --metric control --set samples=20 --set levels=3 --set measure=objects {_RUN}",
            f"report ckpt.pt dirs.h5 {_RUN} -o o.html",
        ),
    ),
    "checkpoint": Kind(
        _of("ckpt.pt ckpt.history.jsonl d.h5 z.h5"),
        ("ckpt.pt",),
        (
            "info ckpt.pt",
            "info --json ckpt.pt",
            "export ckpt.pt -o o.safetensors",
            f"encode ckpt.pt {_RUN} -o o.h5",
            f"decode ckpt.pt z.h5 --rows 0-3 {_RUN} -o o.h5",
            f"score ckpt.pt --metric mig,reconstruction --format jsonl {_RUN}",
            f"traverse ckpt.pt --steps 3 {_RUN} -o o.png",
            f"sample ckpt.pt -n 2 {_RUN} -o o.png",
            f"invert ckpt.pt --images 1 --starts 1 --steps 2 --loss mse {_RUN} -o o.jsonl",
            f"find-direction ckpt.pt --transform brightness --starts 5 --force {_RUN} -o o.h5",
            "train vae --data d.h5 --latent-dim 2 --hidden-units 8 --steps 22 --log-every 4 --batch-size 8"
            f" --resume {_RUN} -o ckpt.pt",
            "runs . -q",
            "runs . --format jsonl -q",
            "prepare array --from ckpt.pt -q -o o.h5",
        ),
        mutate_torch.MUTATIONS,
        plain=0.25,
        slow=(f"report ckpt.pt {_RUN} -o o.html", "plot history ckpt.pt -o o.svg"),
    ),
    "safetensors": Kind(
        _of("w.safetensors w.json d.h5"),
        ("w.safetensors", "w.json"),
        (
            f"sample w.safetensors -n 2 {_RUN} -o o.png",
            "export w.safetensors -o o.pt",
            f"encode w.safetensors {_RUN} -o o.h5",
            "info w.json",
            "info w.safetensors",
            f"find-direction w.safetensors --transform brightness --starts 5 --force {_RUN} -o o.h5",
        ),
    ),
    "npz": Kind(
        arrays,
        ("a.npz",),
        (
            "prepare array --from a.npz -q -o o.h5",
            "prepare a.npz -q -o o.h5",
            f"score a.npz --codes codes --factors factors --metric mig,modularity --format jsonl {_RUN}",
            f"score a.npz --codes codes --factors factors --metric sap {_RUN}",
            "info a.npz",
        ),
        (archives.other_arrays, archives.other_arrays, archives.other_zip),
    ),
    "idx": Kind(
        sound_raw.mnist,
        ("raw/train-images-idx3-ubyte", "raw/train-labels-idx1-ubyte.gz", "raw/t10k-labels-idx1-ubyte.gz"),
        (_PREPARED.format("mnist", "raw"),),
        (archives.other_gzip,),
        patch=sound_raw.mnist_constants,
    ),
    "norb": Kind(
        sound_raw.smallnorb,
        tuple(f"raw/smallnorb-5x46789x9x18x6x2x96x96-training-{kind}.mat.gz" for kind in ("dat", "cat", "info")),
        (_PREPARED.format("smallnorb --size 8", "raw"),),
        (archives.other_gzip,),
        patch=sound_raw.norb_constants,
    ),
    "mat": Kind(
        sound_raw.cars3d,
        ("raw/car_003_mesh.mat", "raw/car_007_mesh.mat"),
        (_PREPARED.format("cars3d --size 8", "raw"), "info raw/car_003_mesh.mat", "prepare raw/car_007_mesh.mat -q"),
        patch=sound_raw.cars_constants,
    ),
    "avi": Kind(
        sound_raw.kth,
        (f"raw/{sound_raw.KTH}", f"raw/{sound_raw.KTH}", "raw/00sequences.txt"),
        (_PREPARED.format("kth --size 8", "raw"),),
        mib=2048,
    ),
    "picture": Kind(
        sound_raw.pictures,
        sound_raw.PICTURES,
        (
            "prepare folder --from im -q -o o.h5",
            "prepare folder --from im --strict --grey --size 8 -q -o o.h5",
            f"encode ckpt.pt --image {{f}} {_RUN} -o o.h5",
            f"score ckpt.pt --image im --metric reconstruction --format jsonl {_RUN}",
            f"invert ckpt.pt --image {{f}} --starts 1 --steps 2 --loss mse {_RUN} -o o.jsonl",
            "info {f}",
            "prepare {f} -q",
        ),
    ),
    "csv": Kind(
        sound_raw.table,
        ("t.csv",),
        (
            "prepare folder --from im --csv t.csv --bins 3 -q -o o.h5",
            "prepare folder --from im --csv t.csv --strict -q -o o.h5",
            "prepare folder --from im --csv t.csv --keep colour=red --split count:1 -q -o o.h5",
            "prepare folder --from im --csv t.csv -q --preview o.png",
            "info t.csv",
        ),
        (text.other_cells, text.other_column, text.other_table),
    ),
    "yaml": Kind(
        sound_raw.configuration,
        ("c.yaml",),
        (
            "train vae --config c.yaml --dry-run -q",
            "train vae --config c.yaml --data d.h5 --steps 1 --batch-size 4 --hidden-units 8 --latent-dim 2"
            f" {_RUN} --log-every 1 --seed 0 -o o.pt",
        ),
        (text.yaml_text,),
    ),
    "records": Kind(
        _of("scores.jsonl correlations.jsonl ckpt.history.jsonl ckpt.pt"),
        ("scores.jsonl", "scores.jsonl", "correlations.jsonl", "ckpt.history.jsonl"),
        (
            "info {f}",
            "info --json {f}",
            "table {f} -q",
            "table {f} -q --rows metric --columns method,seed --format tsv",
            "table {f} -q --format latex",
            "correlate {f} -q --format jsonl",
            "correlate {f} -q --format table",
            "runs . -q",
            "runs . --format tsv -q",
            "plot compare {f} -o o.svg",
            "plot tradeoff {f} --metrics mig,sap -o o.png",
            "plot correlation {f} -o o.svg",
            "plot history {f} -o o.svg",
        ),
        _LINES,
        plain=0.3,
        slow=(f"report ckpt.pt {{f}} {_RUN} -o o.html",),
    ),
    "tar": Kind(
        sound_raw.archived,
        ("x.tar", "x.tar.gz"),
        ("prepare folder --from {f} --size 8 -q -o o.h5", "prepare {f} -q -o o.h5", "info {f}"),
        (archives.other_tar, archives.other_tar, archives.other_gzip),
    ),
    "zip": Kind(
        sound_raw.archived,
        ("x.zip",),
        ("prepare folder --from {f} --size 8 -q -o o.h5", "prepare {f} -q -o o.h5", "info {f}"),
        (archives.other_zip,),
    ),
    "vgg": Kind(
        sound_raw.vgg,
        ("vgg.pth",),
        (
            "train lord --data d.h5 --reconstruction perceptual --vgg vgg.pth --steps 2 --batch-size 4 --width 4"
            f" --content-dim 2 --class-dim 2 --stage latent {_RUN} -o o.pt",
            "info vgg.pth",
            "prepare array --from vgg.pth -q -o o.h5",
        ),
        mutate_torch.MUTATIONS,
        patch=sound_raw.vgg_constants,
    ),
    "lpips": Kind(
        sound_raw.lpips,
        ("lin.pth", "lin.pth", "trunk.pth"),
        (
            "invert ckpt.pt --images 1 --starts 1 --steps 1 --loss mse --lpips trunk.pth --lpips lin.pth"
            f" {_RUN} -o o.jsonl",
        ),
        mutate_torch.MUTATIONS,
    ),
    "biggan": Kind(
        sound_raw.biggan,
        ("g/config.json", "g/pytorch_model.bin"),
        (f"sample g -n 2 --class 1 {_RUN} -o o.png", "info g/config.json"),
    ),
    "stylegan": Kind(
        sound_raw.stylegan,
        ("g.pkl",),
        (f"sample g.pkl -n 2 {_RUN} -o o.png", f"sample g.pkl -n 2 --trust {_RUN} -o o.png", "info g.pkl"),
    ),
    "program": Kind(
        sound_raw.exported_program,
        ("p.pt2", "s.pt", "p.json"),
        (
            f"sample p.pt2 -n 2 --trust {_RUN} -o o.png",
            f"sample s.pt -n 2 --trust {_RUN} -o o.png",
            f"sample {{f}} -n 2 {_RUN} -o o.png",
            "info {f}",
        ),
    ),
}
