"""The commands that write latents, images and directions, as functions."""

from collections.abc import Sequence
from os import fspath
from pathlib import Path
from typing import Annotated

from disentool.api.arguments import Device, FilePath, Seed, device_name, public
from disentool.commands import decode as decoding
from disentool.commands import encode as encoding
from disentool.commands import find_direction as finding
from disentool.commands import sample as sampling
from disentool.commands.bounds import DRAWS, GRID_PIXELS, CodesFrom, Part
from disentool.engine.device import unchanged
from disentool.errors import WrongUsage
from disentool.reporting import Reporter


@public
def encode(
    checkpoint: FilePath,
    output: FilePath,
    *,
    data: FilePath | None = None,
    rows: Part = "all",
    codes: CodesFrom = "auto",
    device: Device = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Encode a whole data set into a latents file (.h5), as ``disentool encode`` does; gives its path.

    ``data``: the data set (default: what the checkpoint was trained on); ``rows``: those of a part of its split.
    ``codes``: of a method that optimises codes, its encoders', or those optimised for the images it was trained on.

    Raises UnknownName, WrongUsage, MissingFile, ForeignFile, UnsafeFile, DataMismatch, OutputExists, NotWritable
    or DeviceUnavailable.

    >>> import disentool
    >>> disentool.encode("ckpt.pt", "z.h5", device="cpu")
    PosixPath('z.h5')
    """
    with unchanged():
        return encoding.encode(
            Path(checkpoint),
            Path(output),
            data=None if data is None else fspath(data),
            rows=rows,
            codes=codes,
            device=device_name(device),
            trust=trust,
            overwrite=overwrite,
            report=report,
        )


@public
def decode(
    checkpoint: FilePath,
    latents: FilePath,
    output: FilePath,
    *,
    codes: str | None = None,
    rows: Sequence[int] | None = None,
    device: Device = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Decode the codes of a latents file, as ``disentool decode`` does; gives the path of what was written.

    ``latents``: a latents file, or any HDF5 or .npz file, whose array ``codes`` [N,D] is meant. ``output``: a data-set
    file (.h5), or, without a suffix, a folder of PNGs. ``rows``: only these of the codes.

    Raises UnknownName, WrongUsage, MissingFile, ForeignFile, UnsafeFile, DataMismatch, OutputExists, NotWritable
    or DeviceUnavailable.

    >>> import disentool
    >>> latents = disentool.encode("ckpt.pt", "codes.h5", device="cpu")
    >>> disentool.decode("ckpt.pt", latents, "decoded.h5", rows=range(3), device="cpu")
    PosixPath('decoded.h5')
    >>> disentool.open_dataset("decoded.h5").images.shape
    (3, 32, 32, 1)
    """
    with unchanged():
        return decoding.decode(
            Path(checkpoint),
            Path(latents),
            Path(output),
            key=codes,
            rows=None if rows is None else list(rows),
            device=device_name(device),
            trust=trust,
            overwrite=overwrite,
            report=report,
        )


@public
def sample(
    checkpoint: FilePath,
    output: FilePath,
    count: Annotated[int, DRAWS] = 64,
    *,
    direction: str | Sequence[str] = (),
    t: str | Sequence[str] = (),
    classes: Sequence[int] = (),
    seed: Seed = 0,
    size: Annotated[int, GRID_PIXELS] = 64,
    device: Device = "auto",
    trust: bool = False,
    force: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Draw images from a model's prior, as ``disentool sample`` does; gives the path of what was written.

    ``output``: a grid (.png, an image's longer side about ``size`` pixels), a data-set file (.h5), or, without a
    suffix, a folder of PNGs. The n-th image depends on ``seed`` and n only.

    ``direction``: one or several of a directions file, such as ``dirs.h5:shift-x``; images are moved along each so that
    where they are on it follows the law in ``t``, one for each direction: ``uniform:LOW,HIGH``, ``normal:MEAN,STD``, or
    a number, in the direction's unit. ``checkpoint`` may then be any generator; ``classes``: of one that has classes.
    ``force``: take directions that were found in another generator.

    Raises UnknownName, WrongUsage, MissingFile, ForeignFile, UnsafeFile, DataMismatch, OutputExists, NotWritable
    or DeviceUnavailable.

    >>> import disentool
    >>> disentool.sample("ckpt.pt", "samples.png", 16, device="cpu")
    PosixPath('samples.png')
    """
    directions, laws = ([word] if isinstance(word, str) else list(word) for word in (direction, t))
    if not directions and (laws or classes or force):
        raise WrongUsage("t, classes and force are of directions; direction names one, such as dirs.h5:shift-x")
    if directions:
        with unchanged():
            return sampling.sample_along(
                fspath(checkpoint),
                directions,
                laws,
                Path(output),
                count,
                classes=classes,
                seed=seed,
                size=size,
                device=device_name(device),
                trust=trust,
                force=force,
                overwrite=overwrite,
                report=report,
            )
    with unchanged():
        return sampling.sample(
            Path(checkpoint),
            Path(output),
            count,
            seed=seed,
            size=size,
            device=device_name(device),
            trust=trust,
            overwrite=overwrite,
            report=report,
        )


@public
def find_direction(
    generator: FilePath,
    transform: str | Sequence[str],
    output: FilePath = "dirs.h5",
    *,
    method: str = "lm",
    loss: str = "blur",
    sigma: float | None = None,
    starts: int = 50,
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

    As ``disentool find-direction`` does; gives the path of the directions file. ``generator``: a checkpoint, a folder
    with a BigGAN, or, with ``trust``, what holds code: ``module:name``, TorchScript, .pt2, a StyleGAN's .pkl.
    ``transform``: ``shift-x``, ``shift-y``, ``zoom``, ``brightness``, ...; one or several.

    ``method``: lm, tangent or paper. ``loss``: blur (``sigma`` pixels) and others that the command's help lists.
    ``starts``: random codes to begin from. ``extent``: t goes to both sides by so much, in ``steps`` targets to each.
    ``classes``: a direction for each, of a generator that has classes. ``truncation``: of a BigGAN. ``space``: of a
    class-and-content method's codes. ``force``: write directions that the generator cannot follow, too.

    Raises UnknownName, WrongUsage, MissingFile, ForeignFile, UnsafeFile, OutputExists, NotWritable, MissingExtra or
    DeviceUnavailable before the work; DataMismatch where the generator cannot follow a transform.
    """
    with unchanged():
        return finding.find_direction(
            fspath(generator),
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
            device=device_name(device),
            trust=trust,
            force=force,
            overwrite=overwrite,
            report=report,
        )
