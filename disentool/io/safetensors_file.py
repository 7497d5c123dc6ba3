"""Weights as .safetensors: named tensors and nothing else."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch import Tensor

from disentool.errors import ForeignFile
from disentool.io import files


@contextmanager
def writing(path: Path, tensors: dict[str, Tensor], *, overwrite: bool) -> Iterator[None]:
    """Write named tensors; the file is in its place at the end of the context, or not at all after an error.

    The same tensors always make the same bytes.
    """
    from safetensors.torch import save

    with files.whole(path, overwrite=overwrite) as temporary:
        own = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
        # Not its own save_file, which makes files that nobody else may read. The library writes several entries of
        # metadata in any order; one keeps the same weights the same bytes.
        with open(temporary, "wb") as file:
            file.write(save(own, metadata={"format": "pt"}))
            file.flush()
            os.fsync(file.fileno())
        yield


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
