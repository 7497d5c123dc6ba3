"""The codes of a class-and-content method (LORD, ML-VAE, DrNet) as spaces of a generator with a standard normal z."""

from typing import Any

import torch
from torch import Tensor

from disentool.contract import class_content
from disentool.directions.generator import GeneratorFacts
from disentool.errors import ForeignFile, UnknownName, WrongUsage
from disentool.models.model import TrainedModel

SPACES = ("content", "class", "all")


def has_spaces(model: TrainedModel) -> bool:
    """Whether a checkpoint's codes are a class code followed by a content code."""
    return "class_code" in model.method.codes()


class CodeSpace:
    """A decoder driven by the content code, the class code, or both: code = mean + std * z.

    No loss draws such codes to N(0, I), so mean and standard deviation are those of the codes: of the tables that hold
    them where training optimised them itself (LORD), else of what was encoded at the end of training.

    ``content``: the class is chosen where the network has a code for each class it was trained on, else its code is
    the mean of all. ``class``: the content code is the mean of all.
    """

    def __init__(self, model: TrainedModel, space: str):
        if space not in SPACES:
            raise UnknownName("space", space, SPACES)
        widths = model.method.codes()
        self._model, self._space, self._split = model, space, widths["class_code"]
        width = {"content": widths["content_code"], "class": self._split, "all": widths["mean"]}[space]
        self._mean, self._std = (moment.to(model.device) for moment in _law(model))
        table = class_content.code_tables(model.method, model.networks).get("class_code")
        self._table = table if space == "content" else None
        classes = None if self._table is None else len(self._table)
        chunks = (self._split, widths["content_code"]) if space == "all" else ()
        self.facts = GeneratorFacts(width, model.facts.channels, model.facts.height, model.facts.width, chunks, classes)
        self.device = model.device

    def __call__(self, z: Tensor, classes: Tensor | None = None) -> Tensor:
        """z float32 [B,d] ~ N(0, I), classes int64 [B] where there are any -> images float32 [B,C,H,W] in 0..1."""
        return self._model.method.decode(self._model.networks, self.codes(z, classes))

    def codes(self, z: Tensor, classes: Tensor | None = None) -> Tensor:
        """What the method's decoder takes, [B,C+D]."""
        if self._space == "all":
            return self._mean + self._std * z
        split, count = self._split, len(z)
        if self._space == "class":
            return torch.cat([self._mean[:split] + self._std[:split] * z, self._mean[split:].expand(count, -1)], 1)
        if self._table is None:
            klass = self._mean[:split].expand(count, -1)
        elif classes is None:
            raise WrongUsage(
                f"{self._model.path}: was trained on {len(self._table):,} classes; --class N names the one to work with"
            )
        else:
            klass = self._table[classes]
        return torch.cat([klass, self._mean[split:] + self._std[split:] * z], 1)


def _law(model: TrainedModel) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the codes, float32 [C+D] each."""
    widths, statistics = model.method.codes(), model.content["statistics"]
    mean, std = (_numbers(model, statistics.get(name), widths["mean"]) for name in ("mean_mean", "mean_std"))
    tables = class_content.code_tables(model.method, model.networks)
    for name, first in (("class_code", 0), ("content_code", widths["class_code"])):
        if name in tables and len(tables[name]) > 1:
            codes, own = tables[name].detach().cpu(), slice(first, first + widths[name])
            mean[own], std[own] = codes.mean(0), codes.std(0)
    return mean, std


def _numbers(model: TrainedModel, values: Any, width: int) -> Tensor:
    try:
        found = torch.tensor([float(value) for value in values], dtype=torch.float32)
    except (TypeError, ValueError):
        found = torch.empty(0)
    if found.shape != (width,) or not bool(found.isfinite().all()):
        raise ForeignFile(f"{model.path}: its statistics do not hold a number for each of its {width} dimensions")
    return found
