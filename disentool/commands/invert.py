"""Generator + images -> the codes whose images are most like them, for several losses."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from disentool.arguments.defaults import (
    INVERSION_LOSSES,
    INVERSION_PIXELS,
    INVERSION_RATE,
    INVERSION_STARTS,
    INVERSION_STEPS,
)
from disentool.directions.inversion import Descent, InversionLoss, Inverted, find_codes
from disentool.directions.reconstruction import LOSSES, default_sigma
from disentool.directions.trajectories import generate
from disentool.engine import devices
from disentool.engine.randomness import latent_noise
from disentool.errors import WrongUsage, counted, require_known
from disentool.io import files
from disentool.io.call_checks import require_once
from disentool.models import fitted_images, starting_codes
from disentool.models.generator import Opened, encodes, open_generator, require_there
from disentool.pictures import inversion_files, layout, writing
from disentool.pictures.inversion_files import ENCODER, InversionColumn, Targets
from disentool.pictures.limits import check_pixels
from disentool.reporting import Reporter, Silent, Task
from disentool.scoring import model_functions

_KINDS = (*writing.STILL, ".jsonl", ".h5")
_IMAGES = 4  # of a checkpoint's own, where none is named
_MAX_IMAGES = 1000


def invert(
    spec: str | Path,
    outputs: Sequence[Path],
    *,
    image_files: Sequence[Path] = (),
    rows: Sequence[int] | None = None,
    data: str | None = None,
    images: int | None = None,
    losses: Sequence[str] = INVERSION_LOSSES,
    sigmas: Sequence[float] = (),
    starts: int = INVERSION_STARTS,
    steps: int = INVERSION_STEPS,
    learning_rate: float = INVERSION_RATE,
    classes: Sequence[int] = (),
    truncation: float | None = None,
    space: str | None = None,
    seed: int = 0,
    size: int = INVERSION_PIXELS,
    lpips: Sequence[Path] = (),
    device: str = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Iterator[Path]:
    """Find z with G(z) like each image, once for each loss, and compare; yields each output as it is complete.

    ``spec``: any generator (see :func:`disentool.models.generator.open_generator`). ``outputs``, by the names'
    suffixes: a picture (.png .pdf .svg: a row per image, a column per loss), a table (.jsonl: a line per image and
    loss), or the codes (.h5: a latents file that ``decode`` and ``traverse --codes`` take, a row per image and loss).

    The images: ``image_files``, pictures and folders of them; or of a checkpoint ``rows`` of its data, or as many as
    ``images`` says of those kept in it. A checkpoint's own encoder is shown beside them.

    ``losses``: of mse, dssim and blur; ``sigmas``: of the blur, in pixels (default: half, once and twice 3 at 128
    pixels). ``starts``: random codes that each image is looked for from, for each of ``classes``; the best counts.
    ``steps`` and ``learning_rate`` are Adam's. ``lpips``: files of LPIPS's weights, to measure what was found by it too
    (see :func:`disentool.scoring.model_functions.lpips`).

    Raises what ``open_generator`` does, and WrongUsage, MissingFile, ForeignFile, DataMismatch, OutputExists or
    NotWritable, all before the first code is optimised.
    """
    report = report or Silent()
    outputs = [Path(output) for output in outputs]
    if not outputs:
        require_there(spec)  # the wrong file is what to say first
    _check_outputs(outputs)
    chosen = _losses(losses, sigmas)
    _check_numbers(starts, steps, learning_rate)
    devices.configure(devices.choose(device))
    perceptual = model_functions.lpips(lpips, device) if lpips else None
    with files.claim_all(outputs, overwrite=overwrite), devices.full_precision():
        opened = open_generator(spec, device, trust=trust, truncation=truncation, space=space, classes=classes)
        generator = opened.generator
        if generator.facts.num_classes is not None and not classes:
            raise WrongUsage(f"{spec}: has {generator.facts.num_classes:,} classes; --class N,N names those to try")
        targets = _targets(opened, report, image_files, rows, data, images)
        if perceptual is not None:
            first = targets.images[:1]
            inversion_files.by_lpips(perceptual, first, first)  # images that are too small are told before the search
        if not chosen:
            middle = default_sigma(generator.facts.height, generator.facts.width)
            chosen = _losses(losses, [middle / 2, middle, middle * 2])
        cell = generator.facts.height * generator.facts.width
        cell *= layout.factor(generator.facts.height, generator.facts.width, size) ** 2
        check_pixels(
            len(targets.images) * (len(chosen) + 2) * cell,
            f"{counted(len(targets.images), 'image is', 'images are')} too many for a picture; name fewer or a smaller"
            " --size",
        )
        noise = torch.from_numpy(latent_noise(seed, np.arange(starts), generator.facts.latent_dim)).to(generator.device)
        tried = torch.tensor(classes, dtype=torch.int64, device=generator.device).repeat_interleave(starts)
        noise = noise.repeat(max(1, len(classes)), 1)
        descent = Descent(steps, learning_rate)
        columns = []
        if targets.encoded is not None:
            own = generate(generator, targets.encoded)
            columns.append(InversionColumn(ENCODER, None, targets.encoded, own, None, None))
        pairs = len(targets.images) * len(noise)
        with report.task(f"invert {Path(spec).name}", len(chosen) * pairs * steps, "steps") as task:
            for index, loss in enumerate(chosen):
                done = index * pairs * steps

                def progressed(moved: int, task: Task = task) -> None:
                    nonlocal done
                    done += moved
                    task.update(done)

                found = find_codes(
                    generator, loss, descent, targets.images, noise, tried if classes else None, progressed
                )
                columns.append(_column(opened, loss, found, tried if classes else None))
        constants: dict[str, Any] = {"starts": starts, "steps": steps, "learning_rate": learning_rate, "seed": seed}
        constants |= {k: v for k, v in (("truncation", truncation), ("space", space)) if v is not None}
        records = [
            line
            for column in columns
            for line in inversion_files.table_lines(opened, targets, column, constants, perceptual)
        ]
        for output in outputs:
            inversion_files.write(output, opened, targets, columns, records, size, overwrite, report)
            yield output


def _check_outputs(outputs: list[Path]) -> None:
    if not outputs:
        raise WrongUsage("nothing to write; -o names a picture (.png .pdf .svg), a table (.jsonl) or codes (.h5)")
    for output in outputs:
        writing.check_suffix(output, _KINDS)
    require_once(outputs, "-o")


def _losses(kinds: Sequence[str], sigmas: Sequence[float]) -> list[InversionLoss]:
    """Each loss once, the blur with each sigma; none at all where a blur lacks one yet."""
    require_known("loss", kinds, LOSSES)
    for sigma in sigmas:
        if "blur" not in kinds:
            raise WrongUsage(f"--sigma {sigma:g}: belongs to --loss blur; leave it out")
        if not 0 < sigma <= 64:
            raise WrongUsage(f"--sigma {sigma:g}: expected pixels, more than 0 and at most 64")
    if "blur" in kinds and not sigmas:
        return []
    chosen = [InversionLoss(k, s) for k in dict.fromkeys(kinds) for s in (sigmas if k == "blur" else (0.0,))]
    return list(dict.fromkeys(chosen))


def _check_numbers(starts: int, steps: int, learning_rate: float) -> None:
    for name, value, high in (("--starts", starts, 10_000), ("--steps", steps, 1_000_000)):
        if not 1 <= value <= high:
            raise WrongUsage(f"{name} {value}: expected 1 to {high:,}")
    if not 0 < learning_rate <= 10:
        raise WrongUsage(f"--learning-rate {learning_rate:g}: expected more than 0 and at most 10")


def _targets(
    opened: Opened,
    report: Reporter,
    image_files: Sequence[Path],
    rows: Sequence[int] | None,
    data: str | None,
    count: int | None,
) -> Targets:
    """The images to find: of files, of rows of the data, or those that the checkpoint keeps."""
    model = opened.model
    if image_files and (rows is not None or data or count is not None):
        raise WrongUsage("--image names the images to find; leave out --rows, --data and --images")
    encoded = starts = None
    if image_files:
        pixels, names = fitted_images.of_files(opened, [Path(path) for path in image_files], report)
    elif model is None:
        raise WrongUsage(f"{opened.path} ({opened.name}) keeps no images; --image FILE names those to find")
    else:
        starts = starting_codes.find(model, report, count=count, default=_IMAGES, rows=rows, data=data)
        assert starts.images is not None  # codes alone are known of a latents file only
        pixels, names = starts.images, [str(row) for row in rows] if rows else [f"#{i}" for i in range(len(starts))]
    if len(pixels) > _MAX_IMAGES:
        raise WrongUsage(f"{len(pixels):,} images to find, expected up to {_MAX_IMAGES:,}")
    # Where z is what the decoder takes, an encoder is a way to find it too.
    if model is not None and encodes(opened):
        codes = starting_codes.encoded(model, pixels, chosen=True).codes if starts is None else starts.codes
        encoded = torch.from_numpy(codes).to(opened.generator.device)
    images = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 255
    return Targets(images.to(opened.generator.device).contiguous(), names, encoded)


def _column(opened: Opened, loss: InversionLoss, found: Inverted, tried: Tensor | None) -> InversionColumn:
    classes = None if tried is None else tried[found.start]
    return InversionColumn(
        loss.label, loss, found.z, generate(opened.generator, found.z, classes), classes, found.losses
    )
