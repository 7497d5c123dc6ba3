"""The commands that draw pictures, as functions: traversals and swaps."""

from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Annotated, cast

from disentool.api.arguments import Device, FilePath, FilePaths, Seed, device_name, public
from disentool.commands import swap as swapping
from disentool.commands import traverse as traversing
from disentool.commands.bounds import EXTENT, CodesFrom, Side
from disentool.engine.device import unchanged
from disentool.errors import WrongUsage
from disentool.models.swap_inputs import Wanted
from disentool.reporting import Reporter
from disentool.steering.along_direction import Span

Rows = Sequence[int] | Sequence[Sequence[int]]


@public
def traverse(
    checkpoint: FilePath,
    output: FilePaths,
    *,
    image: FilePaths = (),
    codes: FilePath | None = None,
    rows: Sequence[int] | None = None,
    data: FilePath | None = None,
    images: int | None = None,
    dims: Sequence[int] | None = None,
    extent: Annotated[float, EXTENT] | None = None,
    direction: str | Sequence[str] = (),
    t: Sequence[tuple[float, float]] = (),
    alpha: Sequence[tuple[float, float]] = (),
    classes: Sequence[int] = (),
    seed: Seed = 0,
    steps: int | None = None,
    frames: int = 40,
    fps: float = 20.0,
    size: int | None = None,
    device: Device = "auto",
    trust: bool = False,
    force: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> list[Path]:
    """Draw what each latent dimension does, or each direction, as ``disentool traverse`` does; gives the paths.

    ``output``: one or several of a still (.png), an animation (.gif .webp .mp4 .webm) and a page with sliders (.html).
    ``disentool.load(...).traverse()`` gives the images themselves.

    The start are the images kept in the checkpoint; or ``image`` files; or ``rows`` of ``data`` (default: what it was
    trained on); or those of a latents file, ``codes``. ``images``: how many, where they are not named one by one.
    ``dims``: these dimensions, in this order (default: all, by KL). ``extent``: from -extent to extent, in standard
    deviations of the prior (default: 3).

    ``direction``: one or several of a directions file, such as ``dirs.h5:shift-x``; then ``checkpoint`` may be any
    generator, and the start are codes from the prior of ``seed``, unless others are named. How far: ``t``, (low, high)
    in the direction's unit, or ``alpha``, the same in the prior's standard deviations: one pair for each direction, or
    one for all (default: its valid range). ``classes``: of a generator that has classes. ``force``: take directions
    that were found in another generator.

    ``steps``: values in a still or of a slider. ``frames``: of a period of an animation, ``fps`` a second. ``size``:
    about how many pixels an image's longer side gets.

    Raises UnknownName, WrongUsage, MissingFile, ForeignFile, UnsafeFile, DataMismatch, OutputExists, NotWritable,
    MissingExtra or DeviceUnavailable, all before anything is drawn.

    >>> import disentool
    >>> disentool.traverse("ckpt.pt", ["grid.png", "out.gif"], dims=[0, 1], frames=4, device="cpu")
    [PosixPath('grid.png'), PosixPath('out.gif')]
    """
    outputs, image_files = _paths(output), _paths(image)
    codes_file, spec = None if codes is None else Path(codes), None if data is None else fspath(data)
    directions = [direction] if isinstance(direction, str) else list(direction)
    if not directions:
        if t or alpha or classes or force:
            raise WrongUsage("t, alpha, classes and force are of directions; direction names one, as dirs.h5:shift-x")
        drawn = traversing.traverse(
            Path(checkpoint),
            outputs,
            image_files=image_files,
            codes=codes_file,
            rows=rows,
            data=spec,
            images=images,
            dims=dims,
            extent=3.0 if extent is None else extent,
            steps=steps,
            frames=frames,
            fps=fps,
            size=size,
            device=device_name(device),
            trust=trust,
            overwrite=overwrite,
            report=report,
        )
        with unchanged():
            return list(drawn)
    if dims is not None or extent is not None:
        raise WrongUsage("dims and extent are of dimensions; along a direction t or alpha says how far")
    if t and alpha:
        raise WrongUsage("t and alpha both say how far; give one of them")
    drawn = traversing.traverse_directions(
        fspath(checkpoint),
        directions,
        outputs,
        [Span(low, high, bool(alpha)) for low, high in [*t, *alpha]],
        image_files=image_files,
        codes=codes_file,
        rows=rows,
        data=spec,
        images=images,
        classes=classes,
        steps=steps,
        frames=frames,
        fps=fps,
        size=size,
        seed=seed,
        device=device_name(device),
        trust=trust,
        force=force,
        overwrite=overwrite,
        report=report,
    )
    with unchanged():
        return list(drawn)


@public
def swap(
    checkpoint: FilePath,
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
    codes: CodesFrom = "auto",
    data: FilePath | None = None,
    strict: bool = False,
    fps: float = 12.0,
    size: int | None = None,
    device: Device = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> list[Path]:
    """Put the content of some images on the class of others, as ``disentool swap`` does; gives the paths.

    ``output``: one or several of a still (.png: a row for each content, a column for each class), an animation, a
    data-set file (.h5), and, without a suffix, a folder of PNGs. ``checkpoint`` may be a latents file, whose rows are
    put together to another.

    Each side is named by files or folders of pictures (``content``, ``classes``), by rows of ``data`` (default: what
    the checkpoint was trained on), or, the class, by ``class_labels`` that it was trained on. A side that is not named
    has the inputs of the other one, or images kept in the checkpoint. ``average``: the images of each folder and of
    each list of rows (``class_rows=[[0, 1], [7, 8]]``) are of one class. ``dims``: of any model, these dimensions are
    taken from the class side, the others from content.

    ``interpolate``: straight lines through the codes of that side, of ``steps`` images from one input to the next.
    ``codes``: of a method that optimises codes, whose. ``strict``: refuse pictures of another size or kind than the
    model's. ``fps``: frames a second. ``size``: about how many pixels an image's longer side gets.

    Raises UnknownName, WrongUsage, MissingFile, ForeignFile, UnsafeFile, DataMismatch, OutputExists, NotWritable,
    MissingExtra or DeviceUnavailable, all before anything is drawn.

    >>> import disentool
    >>> disentool.swap("ckpt.pt", "swap.png", content_rows=[0, 100], class_rows=[7, 70], dims=[0, 1], device="cpu")
    [PosixPath('swap.png')]
    """
    labels = [class_labels] if isinstance(class_labels, str) else list(class_labels)
    made = swapping.swap(
        Path(checkpoint),
        _paths(output),
        content=Wanted(_paths(content), _lists(content_rows)),
        classes=Wanted(_paths(classes), _lists(class_rows), labels),
        average=average,
        dims=dims,
        interpolate=interpolate,
        steps=steps,
        codes=codes,
        data=None if data is None else fspath(data),
        strict=strict,
        fps=fps,
        size=size,
        device=device_name(device),
        trust=trust,
        overwrite=overwrite,
        report=report,
    )
    with unchanged():
        return list(made)


def _paths(given: FilePaths) -> list[Path]:
    return [Path(given)] if isinstance(given, (str, PathLike)) else [Path(each) for each in given]


def _lists(rows: Rows) -> list[list[int]]:
    """Rows of the data as lists of them: one list, where they are numbers."""
    if not len(rows):
        return []
    if any(isinstance(each, Sequence) for each in rows):
        return [list(each) for each in cast(Sequence[Sequence[int]], rows)]
    return [list(cast(Sequence[int], rows))]
