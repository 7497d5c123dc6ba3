"""Weights as .safetensors: named tensors and nothing else."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch import Tensor

from disentool.errors import ForeignFile
from disentool.io import files, provenance


@contextmanager
def writing(path: Path, tensors: dict[str, Tensor], *, overwrite: bool) -> Iterator[None]:
    """Write named tensors; the file is in its place at the end of the context, or not at all after an error.

    The same tensors always make the same bytes.
    """
    from safetensors.torch import save

    with files.whole(path, overwrite=overwrite) as temporary:
        own = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
        # Not its own save_file, which makes files that nobody else may read.
        saved = save(own, metadata={"format": "pt", "created_by": provenance.created_by()})
        end = 8 + int.from_bytes(saved[:8], "little")
        with open(temporary, "wb") as file:
            file.write(_sorted(saved[8:end]))
            file.write(memoryview(saved)[end:])
            file.flush()
            os.fsync(file.fileno())
        yield


def _sorted(header: bytes) -> bytes:
    """The header with its length before it, and its metadata in order: the library's order differs from run to run."""
    entries = json.loads(header)
    entries["__metadata__"] = dict(sorted(entries["__metadata__"].items()))
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the tensors begin where their numbers may lie
    return len(text).to_bytes(8, "little") + text


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, on the CPU; MissingFile or ForeignFile. The format holds no code and no sizes to trust."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    files.require(path, "file of weights (.safetensors)", "`disentool export` writes one")
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise ForeignFile(
            f"{path}: not a .safetensors file, or a damaged one; `disentool export` writes one"
        ) from error
