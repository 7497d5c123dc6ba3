"""Generators whose files hold code, so that opening one executes it: the user's own, TorchScript, .pt2, StyleGAN.

Nothing here decides whether that is wanted; ``--trust`` does, before these are called.
"""

import contextlib
import hashlib
import inspect
import logging
import os
import pickle
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from disentool import named_code
from disentool.contract.foreign_generator import stated
from disentool.directions.network import Network
from disentool.errors import DisentoolError, ForeignFile, WrongUsage, typed
from disentool.io import files, generator_description

_STYLEGAN = ("z_dim", "c_dim", "img_resolution")  # what a generator of StyleGAN says of its sizes


def is_torchscript(path: Path) -> bool:
    """Whether a file is what ``torch.jit.save`` writes: a zip with code in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any("/code/" in name for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def open_own(spec: str, device: torch.device) -> tuple[Network, str]:
    """``module:name`` and its digest: of the module's source and, where there are some, of the weights.

    It names a generator, or what makes one when called without arguments: an object that is called with z [B,d] (and
    classes int64 [B]), and whose attributes are those of :class:`Contract`. Raises WrongUsage, ForeignFile or
    DisentoolError.
    """
    found = named_code.load(spec)
    if isinstance(found, type) or (callable(found) and not stated(found, ("latent_dim",))):
        with _running(spec):
            found = found()
    if not callable(found) or not stated(found, ("latent_dim",)):
        raise WrongUsage(
            f"{spec}: is {typed(found)} without latent_dim; expected a function of z [B,latent_dim]"
            " with that attribute, or a class or function that makes one"
        )
    description = generator_description.check(spec, stated(found, generator_description.KEYS))
    digest = _own_digest(spec, found)
    return Network(_on(found, device), description, device, spec), digest


def _own_digest(spec: str, found: Any) -> str:
    """sha256 of the reference, the source it is from, and its numbers."""
    digest = hashlib.sha256(f"{spec}\n".encode())
    with contextlib.suppress(OSError, TypeError):
        digest.update(Path(inspect.getfile(sys.modules[spec.partition(":")[0]])).read_bytes())
    own = vars(found) if not isinstance(found, nn.Module) else {}
    modules = [found] if isinstance(found, nn.Module) else [v for v in own.values() if isinstance(v, nn.Module)]
    arrays = [(k, v) for module in modules for k, v in module.state_dict().items()]
    for name, value in arrays + [(k, v) for k, v in own.items() if isinstance(v, (Tensor, np.ndarray))]:
        array = value.detach().cpu().float().numpy() if isinstance(value, Tensor) else value
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def open_torchscript(path: Path, device: torch.device) -> tuple[Network, str]:
    """A TorchScript file with its description, and their digest."""

    def load() -> Callable[..., Tensor]:
        return torch.jit.load(str(path), map_location=device)

    return _with_description(path, device, "TorchScript file", load)


def open_exported(path: Path, device: torch.device) -> tuple[Network, str]:
    """A .pt2 file of ``torch.export.save`` with its description, and their digest."""

    def load() -> Callable[..., Tensor]:
        program = torch.export.load(str(path))
        if device.type != "cpu":
            from torch.export.passes import move_to_device_pass

            program = move_to_device_pass(program, str(device))
        return program.module()

    return _with_description(path, device, ".pt2 file of torch.export", load)


def _with_description(path: Path, device: torch.device, kind: str, load: Callable) -> tuple[Network, str]:
    files.require(path, kind)
    beside = generator_description.beside(path)
    description = generator_description.read(beside)
    with _opening(path, kind):
        network = load()
    # Directions that were found before name this digest: the text of a Contract is part of their file format.
    digest = hashlib.sha256(f"{files.sha256(path)}\n{description}\n".encode()).hexdigest()
    return Network(_on(network, device), description, device, str(path)), digest


def open_pickle(path: Path, device: torch.device) -> tuple[Network, str]:
    """The generator of a StyleGAN2-ADA or StyleGAN3 pickle, without truncation and with its noise held; and its digest.

    Their code (``dnnlib``, ``torch_utils``) has to be on the Python path. Other pickles with an object of the same
    attributes (z_dim, c_dim, img_resolution, img_channels) do too.
    """
    files.require(path, "pickle of a StyleGAN")
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.append(os.getcwd())
    with _opening(path, "StyleGAN pickle"), open(path, "rb") as file:
        content = pickle.load(file)
    network: Any = content.get("G_ema", content.get("G")) if isinstance(content, dict) else content
    sizes = stated(network, _STYLEGAN)
    if len(sizes) < len(_STYLEGAN) or not all(isinstance(size, int) for size in sizes.values()):
        raise ForeignFile(
            f"{path}: holds no generator of StyleGAN2-ADA or StyleGAN3 (an object with z_dim, c_dim and img_resolution,"
            " by itself or as G_ema)"
        )
    values = {"latent_dim": network.z_dim, "image_range": (-1, 1), "clip": True}
    description = generator_description.check(path, values | ({"num_classes": network.c_dim} if network.c_dim else {}))
    network = _on(network, device)

    def call(z: Tensor, classes: Tensor | None = None) -> Tensor:
        if classes is None or description.num_classes is None:
            labels = z.new_zeros(len(z), 0)
        else:
            labels = nn.functional.one_hot(classes, description.num_classes).to(z.dtype)
        return network(z, labels, noise_mode="const", force_fp32=True)

    return Network(call, description, device, str(path)), files.sha256(path)


def _on(network: Any, device: torch.device) -> Any:
    """The network on the device, frozen, and in evaluation mode where it knows modes."""
    if isinstance(network, nn.Module):
        network = network.to(device)
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        with contextlib.suppress(NotImplementedError):  # an exported program has the mode it was exported in
            network.eval()
    return network


@contextlib.contextmanager
def _running(spec: str) -> Iterator[None]:
    """The user's own code at work: its failures become one line, and what it prints goes to stderr."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except (DisentoolError, MemoryError, KeyboardInterrupt):
        raise
    except (Exception, SystemExit) as error:
        raise DisentoolError(
            f"{spec}: making the generator failed: {type(error).__name__}: {error} (--debug shows where)"
        ) from error


@contextlib.contextmanager
def _opening(path: Path, kind: str) -> Iterator[None]:
    """A foreign file being opened by the library that knows it; whatever that raises becomes ForeignFile."""
    silenced = logging.root.manager.disable
    logging.disable()  # torch.export logs a traceback of what it raises
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
            warnings.simplefilter("ignore")  # remarks on formats that are going away
            yield
    except (DisentoolError, KeyboardInterrupt):
        raise
    except MemoryError:
        raise ForeignFile(f"{path}: asks for more memory than there is; is it a whole {kind}?") from None
    except ModuleNotFoundError as error:
        raise ForeignFile(
            f"{path}: needs the module {error.name}, which made it; run from its folder, or PYTHONPATH=FOLDER adds it"
        ) from error
    except Exception as error:
        first = (str(error).strip().splitlines() or [""])[0]
        reason = first.partition(" Please check the warnings above")[0][:120]
        raise ForeignFile(f"{path}: cannot be opened as a {kind} ({type(error).__name__}: {reason})") from error
    finally:
        logging.disable(silenced)
