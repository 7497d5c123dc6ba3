"""The commands that draw pictures, as functions: traversals and swaps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, cast

from disentool.api.arguments import Data, Device, FilePath, FilePaths, Seed, paths_of, public, spec_of
from disentool.api.model import Checkpoint, of_caller
from disentool.arguments.bounds import EXTENT, CodesFrom, Side
from disentool.arguments.defaults import FPS, FRAMES, PATHS, STRAIGHT, TRAVERSAL_EXTENT
from disentool.commands import swap as swapping
from disentool.commands import traverse as traversing
from disentool.commands.traverse_directions import traverse_directions
from disentool.engine.devices import unchanged
from disentool.errors import UnknownName, WrongUsage
from disentool.models.generator import is_foreign
from disentool.models.swap_inputs import SideSelection
from disentool.reporting import Reporter
from disentool.steering.along_direction import Span

Rows = Sequence[int] | Sequence[Sequence[int]]


@public
def traverse(
    checkpoint: Checkpoint,
    output: FilePaths,
    *,
    image: FilePaths = (),
    latents: FilePath | None = None,
    rows: Sequence[int] | None = None,
    data: Data | None = None,
    images: int | None = None,
    dims: Sequence[int] | None = None,
    extent: Annotated[float, EXTENT] | tuple[float, float] | None = None,
    direction: str | Sequence[str] = (),
    t: Sequence[tuple[float, float]] = (),
    alpha: Sequence[tuple[float, float]] = (),
    path: str = STRAIGHT,
    classes: Sequence[int] = (),
    seed: Seed = 0,
    steps: int | None = None,
    frames: int = FRAMES,
    fps: float = FPS,
    size: int | None = None,
    width: float | None = None,
    height: float | None = None,
    device: Device = "auto",
    trust: bool = False,
    force: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> list[Path]:
    """Draw what each latent dimension does, or each direction, as ``disentool traverse`` does. Returns the paths.

    ``checkpoint``: a file, or the model that :func:`disentool.load` returned; a model computes on its own device.
    ``output``: one or several files to write: a picture (.png .pdf .svg), an animation (.gif .webp .mp4 .webm) or a
    page with sliders (.html). ``disentool.load(...).traverse()`` gives the images as an array instead.

    The traversal starts from images that the checkpoint keeps. You may name others: ``image`` is one or several files
    of pictures; ``rows`` are numbers of rows of ``data`` (default: the data that the checkpoint was trained on);
    ``latents`` is a latents file, and ``rows`` are then its rows. ``images``: how many images to start from, where you
    do not name each. ``dims``: the dimensions to draw, in this order (default: all, the largest KL first). ``extent``:
    a dimension goes from ``-extent`` to ``extent``, or from the first to the second of a pair, in standard deviations
    of the prior (default: 3).

    ``direction``: one or several directions of a directions file, such as ``dirs.h5:shift-x``. The images are then
    moved along these directions, and not along dimensions. The traversal starts from codes drawn from the prior with
    ``seed``, unless you name others. ``checkpoint`` may be any generator, as :func:`find_direction` takes it; without
    ``direction`` the dimensions that change its images most are drawn. ``t`` is a list of pairs (low, high)
    that say how far to move, in the direction's unit; ``alpha`` is the same in standard deviations of the prior. Give
    one pair for each direction, or one for all (default: the direction's valid range). ``path``: ``straight``, or
    ``curved`` for each image's own way, which meets t better. ``classes``: numbers of classes,
    for a generator that has classes. ``force``: use directions that were found in another generator.

    ``steps``: how many values a dimension takes in a picture, or on a slider. ``frames``: the length of one period of
    an animation. ``fps``: its frames a second. ``size``: about how many pixels the longer side of an image has.
    ``width`` and ``height``: the room for a picture on paper, in mm (default: what ``size`` needs at 300 dots per inch,
    and at most a page of 174 by 247 mm). ``trust``: import the module of a method of your own, which runs its code.
    ``overwrite``: replace the files.

    Raises UnknownName, WrongUsage, MissingFile, ForeignFile, UnsafeFile, DataMismatch, OutputExists, NotWritable,
    MissingExtra or DeviceUnavailable, all before anything is drawn.

    >>> import disentool
    >>> disentool.traverse("ckpt.pt", ["grid.png", "out.gif"], dims=[0, 1], frames=4, device="cpu")
    [PosixPath('grid.png'), PosixPath('out.gif')]
    """
    outputs, image_files = paths_of(output), paths_of(image)
    source, there = of_caller(checkpoint, device)
    latents_file, spec = None if latents is None else Path(latents), spec_of(data)
    directions = [direction] if isinstance(direction, str) else list(direction)
    foreign = is_foreign(source)
    if not directions and (t or alpha or force or (classes and not foreign)):
        raise WrongUsage("t, alpha, classes and force need a direction; name one, such as dirs.h5:shift-x")
    if path not in PATHS:
        raise UnknownName("path", path, PATHS)
    if not directions and path != STRAIGHT:
        raise WrongUsage(f"path {path} needs a direction; name one, such as dirs.h5:shift-x")
    if not directions and not foreign:
        drawn = traversing.traverse(
            source,
            outputs,
            image_files=image_files,
            codes=latents_file,
            rows=rows,
            data=spec,
            images=images,
            dims=dims,
            extent=TRAVERSAL_EXTENT if extent is None else extent,
            steps=steps,
            frames=frames,
            fps=fps,
            size=size,
            width=width,
            height=height,
            device=there,
            trust=trust,
            overwrite=overwrite,
            report=report,
        )
        with unchanged():
            return list(drawn)
    if directions and (dims is not None or extent is not None):
        raise WrongUsage("dims and extent move dimensions; with direction, use t or alpha")
    if t and alpha:
        raise WrongUsage("t and alpha both say how far; give one of them")
    drawn = traverse_directions(
        source,
        directions,
        outputs,
        [Span(low, high, bool(alpha)) for low, high in [*t, *alpha]],
        path=path,
        image_files=image_files,
        codes=latents_file,
        rows=rows,
        data=spec,
        images=images,
        dims=dims,
        extent=TRAVERSAL_EXTENT if extent is None else extent,
        classes=classes,
        steps=steps,
        frames=frames,
        fps=fps,
        size=size,
        width=width,
        height=height,
        seed=seed,
        device=there,
        trust=trust,
        force=force,
        overwrite=overwrite,
        report=report,
    )
    with unchanged():
        return list(drawn)


@public
def swap(
    checkpoint: Checkpoint,
    output: FilePaths,
    *,
    content: FilePaths = (),
    content_rows: Rows = (),
    classes: FilePaths = (),
    class_rows: Rows = (),
    class_labels: str | Sequence[str] = (),
    average: bool = False,
    dims: Sequence[int] | None = None,
    interpolate: Side | None = None,
    steps: int | None = None,
    codes_from: CodesFrom = "auto",
    data: Data | None = None,
    strict: bool = False,
    fps: float | None = None,
    size: int | None = None,
    width: float | None = None,
    height: float | None = None,
    device: Device = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> list[Path]:
    """Put the content of some images on the class of others, as ``disentool swap`` does. Returns the paths.

    ``output``: one or several files to write: a grid (.png .pdf .svg) with a row for each content and a column for each
    class, an animation (.gif .webp .mp4 .webm), a data-set file (.h5), or a folder of PNGs (a name without a suffix).
    ``checkpoint``: as :func:`traverse` has it. It may be a latents file: its rows are then combined without a model,
    and the output is latents (.h5).

    ``content`` and ``classes`` are the inputs of the two sides: files of pictures, or folders of them.
    ``content_rows`` and ``class_rows`` name rows of ``data`` instead (default: the data that the checkpoint was trained
    on). ``class_labels`` names classes that the model was trained on. If you name inputs for one side only, the other
    side uses the same inputs; if you name none, both use images that the checkpoint keeps. ``average``: make one class
    of the images of each folder and of each list of rows, such as ``class_rows=[[0, 1], [7, 8]]``. ``dims``: for a
    model without codes of class and content, the dimensions to take from the class side; the others come from the
    content side.

    ``interpolate``: go through the codes of this side, ``content`` or ``class``, in straight lines, with ``steps``
    images from one input to the next. ``codes_from``: which codes of a method that optimises codes, as
    ``disentool.encode`` takes it. ``strict``: refuse pictures that are damaged, or of another size or colour than the
    model's images. ``fps``: frames a second of an animation (default: 12; without
    ``interpolate`` 1 to 12, so that all contents take 6 seconds). ``size``: about how many pixels the longer side of an
    image has. ``width`` and ``height``: the room for a picture on paper, in mm, as ``disentool.traverse`` has them.
    ``trust``: import the module of a method of your own, which runs its code. ``overwrite``: replace the files.

    Raises UnknownName, WrongUsage, MissingFile, ForeignFile, UnsafeFile, DataMismatch, OutputExists, NotWritable,
    MissingExtra or DeviceUnavailable, all before anything is drawn.

    >>> import disentool
    >>> disentool.swap("ckpt.pt", "swap.png", content_rows=[0, 100], class_rows=[7, 70], dims=[0, 1], device="cpu")
    [PosixPath('swap.png')]
    """
    labels = [class_labels] if isinstance(class_labels, str) else list(class_labels)
    source, there = of_caller(checkpoint, device)
    made = swapping.swap(
        source,
        paths_of(output),
        content=SideSelection(paths_of(content), _lists(content_rows)),
        classes=SideSelection(paths_of(classes), _lists(class_rows), labels),
        average=average,
        dims=dims,
        interpolate=interpolate,
        steps=steps,
        codes=codes_from,
        data=spec_of(data),
        strict=strict,
        fps=fps,
        size=size,
        width=width,
        height=height,
        device=there,
        trust=trust,
        overwrite=overwrite,
        report=report,
    )
    with unchanged():
        return list(made)


def _lists(rows: Rows) -> list[list[int]]:
    """Rows of the data as lists of them: one list, where they are numbers."""
    if not len(rows):
        return []
    if any(isinstance(each, Sequence) for each in rows):
        return [list(each) for each in cast(Sequence[Sequence[int]], rows)]
    return [list(cast(Sequence[int], rows))]
