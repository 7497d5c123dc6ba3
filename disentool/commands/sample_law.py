"""Generator + directions + laws -> images whose properties follow the laws, and the properties beside them."""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentool.directions import laws
from disentool.directions.laws import Law
from disentool.engine import device as devices
from disentool.engine import inference
from disentool.engine.randomness import latent_noise
from disentool.errors import WrongUsage
from disentool.io import files, hdf5
from disentool.io.schema import DATASET
from disentool.models import generator as generators
from disentool.models.generator import Opened
from disentool.pictures import canvas
from disentool.pictures import writing as pictures
from disentool.pictures.decoded import probe
from disentool.pictures.sample_grid import check_pixels, grid
from disentool.reporting import Reporter, Silent
from disentool.steering import named_directions
from disentool.steering.named_directions import Steer


def sample_law(
    spec: str | Path,
    references: Sequence[str],
    asked: Sequence[str],
    output: Path,
    count: int = 64,
    *,
    classes: Sequence[int] = (),
    seed: int = 0,
    size: int = 64,
    device: str = "auto",
    trust: bool = False,
    force: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Draw ``count`` images whose t of each direction follows a law: z from the unclipped prior, moved so that it does.

    ``references``: ``dirs.h5:shift-x`` words, each with its law in ``asked``: ``uniform:LOW,HIGH``,
    ``normal:MEAN,STD`` or a number, in the direction's unit; see :mod:`disentool.directions.laws`. A normal law is
    truncated to the range that the direction was fitted to, of which a note tells.

    ``output``: as :func:`disentool.commands.sample.sample` has it; beside the images are ``t`` float64 [n,k] and
    ``codes`` in a data set, and the table ``t.csv`` in a folder. The n-th image depends on the seed and n only.

    Raises WrongUsage for a t outside the range, DataMismatch for another generator's directions without ``force``, and
    what opening a generator raises, all before anything is drawn.
    """
    report = report or Silent()
    still = output.suffix.lower() in pictures.STILL
    if still:
        files.probe(output, overwrite=overwrite)
    else:
        probe(output, overwrite=overwrite)
    steers = named_directions.read(references, every=False)
    if len(asked) != len(steers):
        raise WrongUsage(f"--t: {len(asked)} of them for {len(steers)} directions; each --direction needs a --t")
    wanted = [_law(text, steer) for text, steer in zip(asked, steers, strict=True)]
    directions = [steer.direction for steer in steers]
    laws.matrix(directions)
    devices.configure(devices.choose(device))
    opened = named_directions.opened(spec, steers, device, trust=trust, force=force)
    owners = named_directions.classes_of(opened, steers, classes, count)
    for law, direction in zip(wanted, directions, strict=True):
        if law.cut:
            report.note(
                f"--t {law}: truncated to {law.low:g}..{law.high:g}, the valid range of {direction.name},"
                f" which cuts off {law.cut:.2%}"
            )
    facts = opened.generator.facts
    if still:
        factor = canvas.factor(facts.height, facts.width, size)
        check_pixels(output, count, facts.height * factor, facts.width * factor)
    z, t = laws.obey(latent_noise(seed, np.arange(count), facts.latent_dim), directions, wanted)
    about = {
        "method": opened.name,
        "generator_sha256": opened.sha256,
        "seed": seed,
        "laws": {
            d.name: {"law": str(law), "unit": d.unit, "low": law.low, "high": law.high}
            if law.kind == "normal"
            else {"law": str(law), "unit": d.unit}
            for law, d in zip(wanted, directions, strict=True)
        },
    }
    with files.claim(output), report.task(f"sample {Path(spec).name}", count, "images") as task, ExitStack() as stack:
        blocks = _counted(opened, z, owners, task)
        if still:
            picture = grid(np.concatenate(list(blocks)), factor)
            pictures.write_png(output, picture, overwrite=overwrite, comment=json.dumps(about))
        elif output.suffix:
            _write(stack, output, opened, z, t, owners, blocks, steers, about, overwrite)
        else:
            folder = stack.enter_context(files.whole_folder(output))
            _write_table(folder / "t.csv", [d.name for d in directions], t)
            names = iter(range(count))
            for block in blocks:
                for image in block:
                    pictures.save_png(folder / _name(next(names), count), image)
    return output


def _law(text: str, steer: Steer) -> Law:
    return laws.parse(text).within(*steer.direction.t_valid, steer.direction.name)


def _counted(opened: Opened, z: np.ndarray, owners: np.ndarray | None, task) -> Iterator[np.ndarray]:
    """Images uint8 [b,H,W,C], batch by batch."""
    done = 0
    for block in generators.images(opened, z, owners):
        yield generators.pixels(block)
        done += len(block)
        task.update(done)


def _write(
    stack: ExitStack,
    output: Path,
    opened: Opened,
    z: np.ndarray,
    t: np.ndarray,
    owners: np.ndarray | None,
    blocks: Iterator[np.ndarray],
    steers: Sequence[Steer],
    about: dict[str, Any],
    overwrite: bool,
) -> None:
    """A data set; ``codes`` are what `decode` takes, which of most generators is z itself, else ``z`` stands beside."""
    facts = opened.generator.facts
    shape = (len(z), facts.height, facts.width, facts.channels)
    files.probe(output, overwrite=overwrite, need_bytes=int(np.prod(shape)) + z.nbytes + t.nbytes)
    out = stack.enter_context(hdf5.create(output, DATASET, overwrite=overwrite))
    with out.stream("images", shape, np.uint8) as append:
        for block in blocks:
            append(block)
    codes = _codes(opened, z, owners)
    out.array("codes", codes)
    if codes is not z:
        out.array("z", z)
    out.array("t", t)
    if owners is not None:
        out.array("classes", owners)
    names = [steer.direction.name for steer in steers]
    made = (
        {}
        if opened.model is None
        else {"checkpoint_sha256": opened.sha256, "likelihood": opened.model.facts.likelihood}
    )
    out.attributes(
        name=f"{len(z)} samples",
        source=f"sampled from {opened.name} {opened.sha256[:16]} with seed {about['seed']}, along {', '.join(names)}",
        grid=False,
        t_names=names,
        t_laws=json.dumps(about["laws"], ensure_ascii=False),
        **made,
    )


def _codes(opened: Opened, z: np.ndarray, owners: np.ndarray | None) -> np.ndarray:
    """What the decoder of a checkpoint takes; z itself where that is the same, or where there is no checkpoint."""
    if opened.model is None:
        return z
    parts = []
    for start in range(0, len(z), inference.BATCH):
        part = slice(start, start + inference.BATCH)
        with inference.repeatable():
            there = torch.from_numpy(z[part]).to(opened.generator.device)
            given = None if owners is None else torch.from_numpy(owners[part]).to(opened.generator.device)
            parts.append(opened.generator.codes(there, given).float().cpu().numpy())
    codes = np.concatenate(parts)
    return z if np.array_equal(codes, z) else codes


def _name(number: int, count: int) -> str:
    return f"{number:0{max(6, len(str(count - 1)))}}.png"


def _write_table(path: Path, names: Sequence[str], t: np.ndarray) -> None:
    """The t of each picture, a line each."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["file", *names])
        for number, values in enumerate(t.tolist()):
            table.writerow([_name(number, len(t)), *values])
