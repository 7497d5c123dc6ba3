"""Checkpoint + images, or latents -> the content of some of them on the class of the others."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from disentool.arguments.bounds import CodesFrom, Side
from disentool.arguments.defaults import SWAP_FPS, SWAP_SECONDS
from disentool.engine import devices, inference
from disentool.errors import WrongUsage
from disentool.io import files, hdf5
from disentool.io.call_checks import require_outputs_once
from disentool.io.dataset import Dataset
from disentool.models import encoding, mixed_codes, swapped_latents
from disentool.models.generator import require_there
from disentool.models.model import Checkpoint, load_model
from disentool.models.swap_inputs import Finder, Input, SideSelection
from disentool.pictures import decoded, printing, writing
from disentool.pictures.limits import check_fps, check_range, check_size
from disentool.pictures.printing import Paper
from disentool.pictures.swapped import Swap, is_picture
from disentool.reporting import Reporter, Silent

_KEPT = 6  # of the checkpoint's own images stand on a margin for which none are named


def swap(
    checkpoint: Checkpoint,
    outputs: Sequence[Path],
    *,
    content: SideSelection = SideSelection(),  # noqa: B008
    classes: SideSelection = SideSelection(),  # noqa: B008
    average: bool = False,
    dims: Sequence[int] | None = None,
    interpolate: Side | None = None,
    steps: int | None = None,
    codes: CodesFrom = "auto",
    data: str | Dataset | None = None,
    strict: bool = False,
    fps: float | None = None,
    size: int | None = None,
    width: float | None = None,
    height: float | None = None,
    device: str = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Iterator[Path]:
    """Put the content of some images on the class of others; yields each output as it is complete.

    ``outputs``, by the names' suffixes: a still (.png .pdf .svg) with a row for each content and a column for each
    class, and the inputs on its margins; an animation (.gif .webp .mp4 .webm) that goes through the contents in their
    order, all classes side by side; a data-set file (.h5) or, without a suffix, a folder of PNGs, of every pair, all
    classes of the first content first. ``checkpoint`` may be a latents file, whose rows are put together to
    another (one .h5).

    ``content``, ``classes``: the inputs; nothing: those of the other side, or images kept in the checkpoint.
    ``average``: the images of each folder and list of rows, and all single files, are of one class, which gets their
    joint code. ``dims``: these columns of the code are taken from the class side, the others from the content side; for
    models whose codes are not of class and content. ``interpolate``: straight lines through the codes of that side, of
    ``steps`` images from one input to the next, both counted (default: 7 in a still, 13 in an animation, which goes
    through that side, and back to the first).

    ``codes``: where those of rows come from, see :func:`disentool.models.encoding.choose`. ``data``: the rows' data
    set, else what the checkpoint was trained on. Images of another size or kind than the model's are fitted to it, with
    a note; ``strict``: refused. ``fps``: frames a second (default: 12; without ``interpolate`` 1
    to 12, so that all contents take 6 s). ``size``: about how many pixels an image's longer side gets (default: 128 in
    a still, 96 in an animation). ``width``, ``height``: the room for a still in mm (default: as ``size`` needs at 300
    dots per inch, and at most a page of 174 by 247 mm).

    The same inputs make the same bytes. Raises WrongUsage, MissingFile, ForeignFile, DataMismatch, OutputExists,
    NotWritable or MissingExtra, all before anything is decoded.
    """
    report = report or Silent()
    outputs = [Path(output) for output in outputs]
    _check_options(interpolate, steps, fps, size)
    paper = Paper(width, height)
    paper.check()
    printing.require_still(outputs, paper)
    if average and not classes:
        raise WrongUsage("--average: makes one class of several images; name them with --class or --class-rows")
    if not outputs:
        require_there(checkpoint, or_codes=True)  # the wrong file is what to say first
        raise WrongUsage("nothing to write: name an output: -o FILE or --gif FILE")
    if isinstance(checkpoint, (str, Path)) and hdf5.is_hdf5(Path(checkpoint)):
        yield swapped_latents.write(
            Path(checkpoint),
            _one_latents_file(outputs, overwrite),
            content=content,
            classes=classes,
            average=average,
            dims=dims,
            interpolate=interpolate,
            steps=steps,
            overwrite=overwrite,
            report=report,
        )
        return
    _check_outputs(outputs)
    pictures = list(filter(is_picture, outputs))
    for output in outputs:
        if output not in pictures:  # it is claimed as it is written
            decoded.probe(output, overwrite=overwrite)
    with files.claim_all(pictures, overwrite=overwrite):
        devices.configure(devices.choose(device))
        model = load_model(checkpoint, device, trust=trust)
        for output in outputs:
            files.require_apart(output, model.path, *content.files, *classes.files)
        of_class = mixed_codes.columns(model.method.codes(), dims, str(model.path))
        if dims is not None and classes.labels:
            raise WrongUsage(
                f"--dims needs an image for the class, not --class-label {classes.labels[0]}; name one with --class"
            )
        finder = Finder(model, encoding.choose(model, codes, report), data, strict, report)
        with inference.repeatable():
            left, top = _sides(finder, content, classes, average)
        swaps = [Swap(model, output, left, top, of_class, dims, interpolate, steps, size, paper) for output in outputs]
        for each in swaps:
            each.check()
        for each in swaps:
            each.write(fps or _speed(len(left), interpolate), overwrite, report)
            yield each.output


def _check_options(interpolate: str | None, steps: int | None, fps: float | None, size: int | None) -> None:
    if steps is not None and interpolate is None:
        raise WrongUsage(
            f"--steps {steps}: counts the images of an interpolation; add --interpolate class or --interpolate content"
        )
    check_range("--steps", steps, 2, 1000, "images from one input to the next")
    if fps is not None:
        check_fps(fps)
    check_size(size)


def _speed(contents: int, interpolate: str | None) -> float:
    """Frames a second that let one see each of a few contents, and a turn of many as a movement."""
    return SWAP_FPS if interpolate else min(SWAP_FPS, max(1.0, contents / SWAP_SECONDS))


def _check_outputs(outputs: Sequence[Path]) -> None:
    require_outputs_once(outputs)
    for output in outputs:
        if is_picture(output):
            writing.check_suffix(output, writing.STILL + writing.MOVING)
        elif output.suffix and output.suffix.lower() not in (".h5", ".hdf5"):
            known = ", ".join((*writing.STILL, *writing.MOVING, ".h5"))
            raise WrongUsage(f"{output}: expected a name ending in {known}, or without a suffix for a folder of PNGs")


def _one_latents_file(outputs: Sequence[Path], overwrite: bool) -> Path:
    """The one output of a swap of latents, probed."""
    if len(outputs) > 1 or outputs[0].suffix.lower() not in (".h5", ".hdf5"):
        wrong = next((o for o in outputs if o.suffix.lower() not in (".h5", ".hdf5")), outputs[-1])
        raise WrongUsage(
            f"{wrong}: codes put together are one latents file, such as -o swapped.h5;"
            " `disentool decode CKPT swapped.h5 -o FOLDER` makes images of it"
        )
    return files.probe(outputs[0], overwrite=overwrite)


def _sides(
    finder: Finder, content: SideSelection, classes: SideSelection, average: bool
) -> tuple[list[Input], list[Input]]:
    """The inputs of the content side and of the class side; a side without any gets those of the other."""
    left = finder.content(content) if content else []
    top = finder.classes(classes, average=average) if classes else left
    if not left and not average:  # a label has no content
        left = top[: len(top) - len(classes.labels)]
    left = left or finder.kept(_KEPT)
    return left, top or left
