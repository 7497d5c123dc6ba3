"""Pictures and animations, and reading a user's image."""

from pathlib import Path

import numpy as np

from disentool.errors import ForeignFile, MissingExtra, WrongUsage
from disentool.io import files

STILL = (".png",)
MOVING = (".gif", ".webp", ".mp4", ".webm")
_MAX_PIXELS = 64_000_000  # a small file can claim any size


def read_image(path: Path, channels: int, size: tuple[int, int]) -> np.ndarray:
    """A picture as uint8 [H,W,C] of the given channels (1 or 3) and (height, width); resized with antialiasing."""
    from PIL import Image

    files.require(path, "image file")
    try:
        with Image.open(path) as image:
            if image.width * image.height > _MAX_PIXELS:
                raise ForeignFile(f"{path}: {image.width}x{image.height} pixels; crop or shrink it first")
            image = image.convert("L" if channels == 1 else "RGB")
            if image.size != size[::-1]:
                image = image.resize(size[::-1], Image.Resampling.LANCZOS)
            return np.asarray(image, dtype=np.uint8).reshape(*size, channels)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ForeignFile(f"{path}: not a picture that can be read ({' '.join(str(error).split())[:120]})") from None


def check_suffix(path: Path, allowed: tuple[str, ...]) -> None:
    """WrongUsage unless the name ends in one of ``allowed``; MissingExtra when a video writer is not installed."""
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


def write_png(path: Path, picture: np.ndarray, *, overwrite: bool) -> None:
    """Write uint8 [H,W,3] as PNG."""
    import imageio.v3 as imageio

    with files.whole(path, overwrite=overwrite) as temporary:
        imageio.imwrite(temporary, picture, extension=".png")


def write_animation(path: Path, frames: list[np.ndarray], fps: float, *, overwrite: bool) -> None:
    """Write frames uint8 [H,W,3] as an endless GIF or WebP, or as MP4 or WebM, by the name's suffix."""
    import imageio.v3 as imageio

    suffix = path.suffix.lower()
    with files.whole(path, overwrite=overwrite) as temporary:
        if suffix == ".gif":
            _write_gif(temporary, frames, fps)
        elif suffix == ".webp":
            imageio.imwrite(temporary, np.stack(frames), extension=".webp", duration=1000 / fps, loop=0, lossless=True)
        else:
            even = [np.pad(f, ((0, f.shape[0] % 2), (0, f.shape[1] % 2), (0, 0)), mode="edge") for f in frames]
            codec = "libx264" if suffix == ".mp4" else "libvpx-vp9"
            imageio.imwrite(
                temporary, np.stack(even), extension=suffix, plugin="FFMPEG", fps=fps, codec=codec, macro_block_size=2
            )


def _write_gif(path: Path, frames: list[np.ndarray], fps: float) -> None:
    """One palette for all frames, so that colours do not flicker and unchanged pixels cost nothing."""
    from PIL import Image

    sample = Image.fromarray(np.concatenate(frames[:: max(1, len(frames) // 8)]))
    palette = sample.quantize(colors=256, method=Image.Quantize.MEDIANCUT)
    images = [Image.fromarray(f).quantize(palette=palette, dither=Image.Dither.NONE) for f in frames]
    # GIF counts hundredths of a second, and players slow down below two of them.
    images[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=images[1:],
        duration=max(20, round(100 / fps) * 10),
        loop=0,
        optimize=False,
    )
