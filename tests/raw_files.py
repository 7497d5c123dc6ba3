"""Small raw files in the published layouts, written byte by byte as the publishers' tools did."""

import gzip
import io
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def picture(seed: int, height: int, width: int, channels: int = 3) -> np.ndarray:
    """Smooth random pixels, uint8 [H,W,C], which JPEG keeps well."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 5, channels), np.uint8)
    image = Image.fromarray(small[:, :, 0] if channels == 1 else small)
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC)).reshape(height, width, channels)


def encoded(pixels: np.ndarray, kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(out, format=kind, quality=95)
    return out.getvalue()


def decoded(data: bytes, channels: int = 3) -> np.ndarray:
    image = np.asarray(Image.open(io.BytesIO(data)).convert("L" if channels == 1 else "RGB"))
    return image.reshape(*image.shape[:2], channels)


def shrunk(pixels: np.ndarray, height: int = 64, width: int = 64) -> np.ndarray:
    """Pillow's own Lanczos, which the readers must equal."""
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else np.ascontiguousarray(pixels))
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS)).reshape(height, width, -1)


def write_folder(folder: Path, members: dict[str, bytes]) -> Path:
    for name, data in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def write_tar(path: Path, members: dict[str, bytes], format: int = tarfile.GNU_FORMAT) -> Path:
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w", format=format) as archive:
        folders = {name.rpartition("/")[0] for name in members} - {""}
        for folder in sorted(folders):
            info = tarfile.TarInfo(folder)
            info.type = tarfile.DIRTYPE
            archive.addfile(info)
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def idx(values: np.ndarray) -> bytes:
    """LeCun's IDX: two zero bytes, type 8, dimensions, sizes (big-endian), values."""
    return bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def norb(values: np.ndarray) -> bytes:
    """NYU's binary matrix: magic, dimensions, at least three sizes (little-endian), values."""
    magic = {"uint8": 0x1E3D4C55, "int32": 0x1E3D4C54}[values.dtype.name]
    sizes = [*values.shape, *[1] * (3 - values.ndim)]
    return struct.pack(f"<{2 + len(sizes)}i", magic, values.ndim, *sizes) + values.tobytes()


def zipped(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)
