"""Learn, measure and steer disentangled representations.

The command ``disentool`` is the product. What this package offers by name is the same tool without a shell::

    import disentool
    model = disentool.load("ckpt.pt")
    codes = model.encode(images)
    disentool.score(codes, factors, "mig").score

Every name is loaded when it is first used, so importing the package is instant and loads neither torch nor NumPy.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from disentool.api.arrays import Posterior
    from disentool.api.datasets import open_dataset, prepare
    from disentool.api.files import decode, encode, find_direction, sample
    from disentool.api.load import load
    from disentool.api.model import Model
    from disentool.api.pictures import swap, traverse
    from disentool.api.scoring import score
    from disentool.api.train import train
    from disentool.errors import DisentoolError
    from disentool.io.dataset import Dataset
    from disentool.metrics.result import Result
    from disentool.reporting import Reporter

__version__ = "0.1.0"

__all__ = [
    "Dataset",
    "DisentoolError",
    "Model",
    "Posterior",
    "Reporter",
    "Result",
    "__version__",
    "decode",
    "encode",
    "find_direction",
    "load",
    "open_dataset",
    "prepare",
    "sample",
    "score",
    "swap",
    "train",
    "traverse",
]

# Where each name is from. The imports above are for type checkers alone.
_OFFERED = {
    "Dataset": "disentool.io.dataset",
    "DisentoolError": "disentool.errors",
    "Model": "disentool.api.model",
    "Posterior": "disentool.api.arrays",
    "Reporter": "disentool.reporting",
    "Result": "disentool.metrics.result",
    "decode": "disentool.api.files",
    "encode": "disentool.api.files",
    "find_direction": "disentool.api.files",
    "load": "disentool.api.load",
    "open_dataset": "disentool.api.datasets",
    "prepare": "disentool.api.datasets",
    "sample": "disentool.api.files",
    "score": "disentool.api.scoring",
    "swap": "disentool.api.pictures",
    "train": "disentool.api.train",
    "traverse": "disentool.api.pictures",
}

if not TYPE_CHECKING:  # a type checker would take any name for one of the package's

    def __getattr__(name: str) -> object:
        """One of the names offered, from the module that it is in (PEP 562)."""
        if name not in _OFFERED:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(_OFFERED[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
