"""The commands that write latents, images and directions, as functions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from disentool.api.arguments import Data, Device, FilePath, FilePaths, Seed, paths_of, public, spec_of
from disentool.api.model import Checkpoint, of_caller
from disentool.arguments.bounds import DRAWS, GRID_PIXELS, STARTS, CodesFrom, Part
from disentool.arguments.defaults import SAMPLE_PIXELS, SAMPLES, SEARCH_LOSS, SEARCH_STARTS
from disentool.commands import decode as decoding
from disentool.commands import encode as encoding
from disentool.commands import find_direction as finding
from disentool.commands import sample as sampling
from disentool.engine.devices import unchanged
from disentool.errors import WrongUsage
from disentool.models.generator import is_foreign
from disentool.reporting import Reporter


@public
def encode(
    checkpoint: Checkpoint,
    output: FilePath,
    *,
    image: FilePaths = (),
    data: Data | None = None,
    rows: Part = "all",
    codes_from: CodesFrom = "auto",
    device: Device = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Encode a data set and write a latents file (.h5), as ``disentool encode`` does. Returns the path of the file.

    ``checkpoint``: a file, or the model that :func:`disentool.load` returned; a model computes on its own device.
    ``image``: one or several picture files, or folders of them, to encode instead of a data set. They are cropped and
    resized to the model's images, and the latents file names them in its attribute ``images``. (Images in memory:
    ``disentool.load(...).encode(images)``.) ``data``: a data-set file (.h5), a name, or what
    :func:`disentool.open_dataset` returned (default: the data that the checkpoint was trained on). ``rows``: ``all``
    rows of the data, or the ``train`` rows or ``test`` rows of its split.
    ``codes_from`` matters only for a method that optimises codes (LORD): ``encoder`` writes what the trained encoders
    give; ``latent`` writes the codes that were optimised for the training images; ``auto`` is ``encoder`` once the
    encoders are trained, and ``latent`` before.
    ``trust``: import the module of a method of your own, which runs its code. ``overwrite``: replace the file.

    Raises UnknownName, WrongUsage, MissingFile, ForeignFile, UnsafeFile, DataMismatch, OutputExists, NotWritable
    or DeviceUnavailable.

    >>> import disentool
    >>> disentool.encode("ckpt.pt", "z.h5", device="cpu")
    PosixPath('z.h5')
    """
    source, there = of_caller(checkpoint, device)
    with unchanged():
        return encoding.encode(
            source,
            Path(output),
            image_files=paths_of(image),
            data=spec_of(data),
            rows=rows,
            codes=codes_from,
            device=there,
            trust=trust,
            overwrite=overwrite,
            report=report,
        )


@public
def decode(
    checkpoint: Checkpoint,
    latents: FilePath,
    output: FilePath,
    *,
    codes_key: str | None = None,
    rows: Sequence[int] | None = None,
    device: Device = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Decode the codes in a file, as ``disentool decode`` does. Returns the path of the output.

    ``checkpoint``: as :func:`encode` has it. ``latents``: a latents file, or any other HDF5 or .npz file; then
    ``codes_key`` is the name of its array of codes [N,D]. ``output``: a data-set file (.h5) to write, or a folder of
    PNGs (a name without a suffix). ``rows``: the numbers of the codes to decode (default: all). ``trust`` and
    ``overwrite``: as :func:`encode` has them.

    Raises UnknownName, WrongUsage, MissingFile, ForeignFile, UnsafeFile, DataMismatch, OutputExists, NotWritable
    or DeviceUnavailable.

    >>> import disentool
    >>> latents = disentool.encode("ckpt.pt", "codes.h5", device="cpu")
    >>> disentool.decode("ckpt.pt", latents, "decoded.h5", rows=range(3), device="cpu")
    PosixPath('decoded.h5')
    >>> disentool.open_dataset("decoded.h5").images.shape
    (3, 32, 32, 1)
    """
    source, there = of_caller(checkpoint, device)
    with unchanged():
        return decoding.decode(
            source,
            Path(latents),
            Path(output),
            key=codes_key,
            rows=None if rows is None else list(rows),
            device=there,
            trust=trust,
            overwrite=overwrite,
            report=report,
        )


@public
def sample(
    checkpoint: Checkpoint,
    output: FilePath,
    count: Annotated[int, DRAWS] = SAMPLES,
    *,
    direction: str | Sequence[str] = (),
    t: str | Sequence[str] = (),
    classes: Sequence[int] = (),
    seed: Seed = 0,
    size: Annotated[int, GRID_PIXELS] = SAMPLE_PIXELS,
    width: float | None = None,
    height: float | None = None,
    device: Device = "auto",
    trust: bool = False,
    force: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Draw ``count`` images from a model's prior, as ``disentool sample`` does. Returns the path of the output.

    ``checkpoint``: as :func:`encode` has it. ``output``: a grid (.png) to write, in which the longer side of an image
    has about ``size`` pixels; or a data-set file (.h5); or a folder of PNGs (a name without a suffix). The n-th image
    depends on ``seed`` and n only. ``width`` and ``height``: the room for a grid on paper, in mm (default: what
    ``size`` needs at 150 dots per inch, and at most a page of 174 by 247 mm).

    ``direction``: one or several directions of a directions file, such as ``dirs.h5:shift-x``. The images are then
    moved along each direction, so that their position t on it follows a law. ``t`` is a list with one law for each
    direction, in the direction's unit: ``"LOW:HIGH"`` or ``"uniform:LOW,HIGH"``, ``"normal:MEAN,STD"``, or a number,
    such as ``"0.1"``.
    ``checkpoint`` may also be any generator, as :func:`find_direction` takes it. ``classes``: numbers of classes to
    draw from, for a generator that has classes. ``force``: use directions that were found in another generator.

    Raises UnknownName, WrongUsage, MissingFile, ForeignFile, UnsafeFile, DataMismatch, OutputExists, NotWritable
    or DeviceUnavailable.

    >>> import disentool
    >>> disentool.sample("ckpt.pt", "samples.png", 16, device="cpu")
    PosixPath('samples.png')
    """
    directions, laws = ([word] if isinstance(word, str) else list(word) for word in (direction, t))
    source, there = of_caller(checkpoint, device)
    foreign = is_foreign(source)
    if not directions and (laws or force or (classes and not foreign)):
        raise WrongUsage("t, classes and force need a direction; name one with direction, such as dirs.h5:shift-x")
    if directions or foreign:
        with unchanged():
            return sampling.sample_along(
                source,
                directions,
                laws,
                Path(output),
                count,
                classes=classes,
                seed=seed,
                size=size,
                width=width,
                height=height,
                device=there,
                trust=trust,
                force=force,
                overwrite=overwrite,
                report=report,
            )
    with unchanged():
        return sampling.sample(
            source,
            Path(output),
            count,
            seed=seed,
            size=size,
            width=width,
            height=height,
            device=there,
            trust=trust,
            overwrite=overwrite,
            report=report,
        )


@public
def find_direction(
    generator: Checkpoint,
    transform: str | Sequence[str],
    output: FilePath = "dirs.h5",
    *,
    method: str | None = None,
    loss: str = SEARCH_LOSS,
    sigma: float | None = None,
    starts: Annotated[int, STARTS] = SEARCH_STARTS,
    extent: float | None = None,
    steps: int | None = None,
    classes: Sequence[int] = (),
    truncation: float | None = None,
    space: str | None = None,
    seed: Seed = 0,
    device: Device = "auto",
    trust: bool = False,
    force: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Find directions of a latent space that shift, zoom, brighten or turn the image (Plumerault et al. 2020).

    Does what ``disentool find-direction`` does. Returns the path of the directions file, ``output``. ``generator``: a
    checkpoint, a loaded model, or a folder with a BigGAN; with ``trust`` also a generator that holds code:
    ``module:name``, a TorchScript file, a .pt2 file or the .pkl file of a StyleGAN. ``transform``: one or several
    changes of the image: ``shift-x``, ``shift-y``, ``zoom``, ``brightness``, ...

    ``method``: ``tangent``, ``lm`` or ``paper`` (default: ``tangent``, or ``lm`` where ``extent`` or ``steps`` is
    given). ``loss``: how images are compared, ``blur`` or another name that the
    command's help lists; ``sigma`` is the standard deviation of the blur in pixels. ``starts``: how many random codes
    to start from. ``extent``: t goes from ``-extent`` to ``extent``, in ``steps`` target images on each side of 0.
    ``classes``: numbers of classes, each of which gets a direction (a generator with classes). ``truncation``: the
    truncation of a BigGAN. ``space``: ``content``, ``class`` or ``all``, the codes of a class-and-content method to
    work with. ``force``: also write directions for changes that the generator cannot make.

    Raises UnknownName, WrongUsage, MissingFile, ForeignFile, UnsafeFile, OutputExists, NotWritable, MissingExtra or
    DeviceUnavailable before the work. Where the generator cannot follow a transform: PartlyDone once the directions of
    the others are written, DataMismatch where there are no others.
    """
    source, there = of_caller(generator, device)
    with unchanged():
        return finding.find_direction(
            source,
            [transform] if isinstance(transform, str) else list(transform),
            Path(output),
            method=method,
            loss=loss,
            sigma=sigma,
            starts=starts,
            extent=extent,
            steps=steps,
            classes=classes,
            truncation=truncation,
            space=space,
            seed=seed,
            device=there,
            trust=trust,
            force=force,
            overwrite=overwrite,
            report=report,
        )
