"""Weights as .safetensors: named tensors and nothing else."""

from pathlib import Path

from torch import Tensor

from disentool.errors import ForeignFile
from disentool.io import files


def write(path: Path, tensors: dict[str, Tensor], *, overwrite: bool) -> None:
    """Write named tensors whole or not at all."""
    from safetensors.torch import save

    with files.whole(path, overwrite=overwrite) as temporary:
        own = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
        # Not its own save_file, which makes files that nobody else may read. The library writes several entries of
        # metadata in any order; one keeps the same weights the same bytes.
        temporary.write_bytes(save(own, metadata={"format": "pt"}))


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
