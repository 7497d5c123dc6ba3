"""Styles that a checkpoint keeps: a cluster for each image, as one more factor of the data."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentool.errors import ForeignFile
from disentool.io.classes import STYLE
from disentool.io.dataset import Dataset


def attach(data: Dataset, styles: np.ndarray, count: int) -> Dataset:
    """The data set with the factor ``style``, of ``count`` values, beside its own."""
    assert data.factors is not None  # they hold the class that is split
    return replace(
        data,
        factors=np.column_stack([data.factors, styles.astype(np.int32)]),
        factor_names=(*data.factor_names, STYLE),
        factor_sizes=(*data.factor_sizes, count),
    )


def stored(path: Path, content: dict[str, Any], data: Dataset, count: int) -> np.ndarray | None:
    """The styles that a checkpoint's ``content`` has of the rows of ``data``; None where it has none, or of other data.

    ``count``: how many there are of each class. ForeignFile if they are damaged.
    """
    styles = content.get("styles")
    if styles is None or data.content_sha256 != content["data"].get("content_sha256"):
        return None
    whole = isinstance(styles, torch.Tensor) and styles.dtype == torch.int32 and styles.shape == (len(data),)
    if not whole or not bool(((styles >= 0) & (styles < count)).all()):
        raise ForeignFile(f"{path}: its styles are damaged, expected one of each of {len(data):,} images")
    return styles.numpy()
