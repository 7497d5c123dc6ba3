"""Writing pictures and animations."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from disentool.errors import MissingExtra, WrongUsage
from disentool.io import files
from disentool.io.figure_files import PRINT

STILL = (".png", ".pdf", ".svg")
MOVING = (".gif", ".webp", ".mp4", ".webm")
MAX_FPS = 50  # GIF counts hundredths of a second, and players slow down below two of them
_SAMPLE = 50_000  # pixels that decide on a palette
_HARDLY = 3  # of 255 levels: a change that nobody sees


def check_suffix(path: Path, allowed: tuple[str, ...]) -> None:
    """WrongUsage unless the name ends in one of ``allowed``; MissingExtra when a video writer is not installed."""
    files.require_file_name(path)
    suffix = path.suffix.lower()
    if suffix not in allowed:
        raise WrongUsage(f"{path}: expected a name ending in {', '.join(allowed)}")
    if suffix in (".mp4", ".webm"):
        try:
            import imageio_ffmpeg  # noqa: F401
        except ImportError:
            raise MissingExtra(
                f"{path}: writing {suffix} needs the package imageio-ffmpeg: pip install 'disentool[video]';"
                " .gif and .webp work without it"
            ) from None


def write_png(path: Path, picture: np.ndarray, *, overwrite: bool, comment: str = "", dpi: float = PRINT) -> None:
    """Write uint8 [H,W,3] as PNG, with a comment that says where it comes from.

    ``dpi``: dots per inch, which a document sizes a picture by when it names no width.
    """
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    if comment:
        info.add_text("Comment", comment)
    with files.whole(path, overwrite=overwrite) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG", dpi=(dpi, dpi), pnginfo=info)


def save_png(path: Path, image: np.ndarray) -> None:
    """Write uint8 [H,W,C], C 1 or 3, as a small PNG; for files of a folder that is itself written whole."""
    from PIL import Image

    Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image).save(path, format="PNG")


def write_animation(
    path: Path, frames: Sequence[np.ndarray], fps: float, *, overwrite: bool, comment: str = ""
) -> None:
    """Write frames uint8 [H,W,3] as an endless GIF or WebP, or as MP4 or WebM, by the name's suffix.

    ``fps``: frames a second, up to 50; a GIF rounds a frame's time to hundredths of a second. WebP keeps every colour,
    a GIF too as long as the frames have 256 of them, so grey is exact. The comment is kept by GIF only.
    """
    suffix = path.suffix.lower()
    with files.whole(path, overwrite=overwrite) as temporary:
        if suffix == ".gif":
            _write_gif(temporary, frames, fps, comment)
        elif suffix == ".webp":
            _write_webp(temporary, frames, fps)
        else:
            _write_video(temporary, frames, fps)


def _write_gif(path: Path, frames: Sequence[np.ndarray], fps: float, comment: str) -> None:
    """One palette for all frames, so that colours do not flicker and unchanged pixels cost nothing."""
    from PIL import Image

    colours = _colours(frames)
    exact = len(colours) <= 256
    table = _unpacked(colours) if exact else _palette(frames)
    index = np.zeros(1 << 24, np.uint8)
    for start in range(0, len(colours), 1 << 16):
        some = colours[start : start + (1 << 16)]
        index[some] = _nearest(_unpacked(some), table)
    images, shown = [], None
    for frame in frames:
        pixels = index[_packed(frame)]
        if shown is not None and not exact:
            # A pixel that hardly changes is not written: small changes from a decoder would be most of the file.
            pixels = np.where(np.abs(table[shown].astype(np.int16) - frame).max(2) <= _HARDLY, shown, pixels)
        images.append(Image.fromarray(pixels))
        images[-1].putpalette(table.tobytes())
        shown = pixels
    images[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=images[1:],
        duration=max(1000 // MAX_FPS, round(100 / fps) * 10),
        loop=0,
        palette=table.tobytes(),
        optimize=True,
        comment=comment.encode(),
    )


def _palette(frames: Sequence[np.ndarray]) -> np.ndarray:
    """255 colours near those of the frames, white among them, uint8 [255,3]; the 256th is for unchanged pixels."""
    from PIL import Image

    pixels = np.concatenate([frame.reshape(-1, 3) for frame in frames])
    few = pixels[:: len(pixels) // _SAMPLE | 1]  # an odd stride, so that it meets every column
    # Median cut alone loses the rarer colours; k-means brings the error down by a third or more.
    found = Image.fromarray(few[None]).quantize(colors=254, method=Image.Quantize.MEDIANCUT, kmeans=1)
    return np.array([*(found.getpalette() or ()), 255, 255, 255], np.uint8).reshape(-1, 3)


def _nearest(colours: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Index of the nearest entry of ``table`` (uint8 [n,3]) for each of ``colours`` (uint8 [m,3])."""
    a, b = colours.astype(np.float32), table.astype(np.float32)  # exact: whole numbers below 2**24
    return ((b * b).sum(1) - 2 * (a @ b.T)).argmin(1)


def _packed(frame: np.ndarray) -> np.ndarray:
    """uint8 [H,W,3] -> int32 [H,W], red in the highest byte."""
    red, green, blue = np.moveaxis(frame.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def _unpacked(colours: np.ndarray) -> np.ndarray:
    """int [n] -> uint8 [n,3]."""
    return np.stack([colours >> 16, colours >> 8 & 255, colours & 255], 1).astype(np.uint8)


def _colours(frames: Sequence[np.ndarray]) -> np.ndarray:
    """All colours of the frames, packed, in order."""
    seen = np.zeros(1 << 24, bool)
    for frame in frames:
        seen[_packed(frame)] = True
    return np.flatnonzero(seen)


def _write_webp(path: Path, frames: Sequence[np.ndarray], fps: float) -> None:
    from PIL import Image

    images = [Image.fromarray(frame) for frame in frames]
    images[0].save(
        path, format="WEBP", save_all=True, append_images=images[1:], duration=round(1000 / fps), loop=0, lossless=True
    )


def _write_video(path: Path, frames: Sequence[np.ndarray], fps: float) -> None:
    import imageio.v2 as imageio

    codec, quality = ("libx264", "18") if path.suffix.lower() == ".mp4" else ("libvpx-vp9", "24")
    writer = imageio.get_writer(
        path,
        format="FFMPEG",
        fps=fps,
        codec=codec,
        quality=None,
        macro_block_size=2,
        # bitexact: no random identifiers, so that the same frames make the same bytes
        output_params=["-crf", quality, "-b:v", "0", "-fflags", "+bitexact"],
        ffmpeg_log_level="error",
    )
    with writer:
        for frame in frames:
            # Both codecs halve the colours' resolution, so sides must be even.
            writer.append_data(np.pad(frame, ((0, frame.shape[0] % 2), (0, frame.shape[1] % 2), (0, 0)), mode="edge"))
