"""A checkpoint's file -> a model in memory."""

from pathlib import Path

from disentool.api.arguments import Device, FilePath, device_name, public
from disentool.api.model import Model
from disentool.contract.precision import Precision
from disentool.models.model import load_model


@public
def load(checkpoint: FilePath, device: Device = "auto", trust: bool = False, precision: Precision = "auto") -> Model:
    """Open a checkpoint (.pt), or the weights that ``disentool export`` wrote (.safetensors).

    ``device``: ``auto``, ``cpu``, ``cuda`` or ``mps``, or a ``torch.device``. ``trust``: a checkpoint of a method of
    your own names a module; import that module, which runs its code. ``precision``: what its networks compute
    in, ``fp32`` (also ``auto``), ``tf32`` (of CUDA) or ``bf16``; codes and images are float32 always.

    Raises MissingFile, ForeignFile (no checkpoint, damaged, or newer), UnsafeFile (without ``trust``), UnknownName or
    DeviceUnavailable (the device).

    >>> import disentool
    >>> disentool.load("ckpt.pt", device="cpu")
    <disentool.Model factorvae at step 30: images 32x32x1, 4 latent dimensions, on cpu, from ckpt.pt>
    """
    return Model(load_model(Path(checkpoint), device_name(device), trust=trust, precision=precision))
