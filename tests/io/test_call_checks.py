"""What a call names: indices that are there, and nothing twice."""

from pathlib import Path

import numpy as np
import pytest

from disentool.errors import WrongUsage
from disentool.io.call_checks import checked_rows, require_indices, require_once, require_outputs_once


def test_what_is_there_once_passes():
    require_once([3, 1, 2], "--dims")
    require_outputs_once([Path("a.png"), Path("b.png")])
    require_indices([0, 9], 10, "--class", "ckpt.pt", "classes")
    rows = checked_rows([4, 0, 4], 5, Path("d.h5"))
    assert rows.dtype == np.int64 and rows.tolist() == [4, 0, 4]


@pytest.mark.parametrize(
    ("check", "word"),
    [
        (lambda: require_once([1, 2, 1, 2], "--dims"), "--dims 1"),
        (lambda: require_once(["zoom", "zoom"], "--transform"), "--transform zoom"),
        (lambda: require_outputs_once([Path("a.png")] * 2), "a.png"),
        (lambda: require_indices([0, 10], 10, "--dims", "c.pt", "dimensions"), "--dims 10"),
        (lambda: require_indices([-1], 10, "--class", "c.pt", "classes"), "--class -1"),
        (lambda: checked_rows([7000], 5000, Path("d.h5")), "--rows 7000"),
        (lambda: checked_rows([], 5, Path("d.h5"), "--class-rows"), "--class-rows"),
    ],
)
def test_what_is_refused(check, word):
    with pytest.raises(WrongUsage, match=word):
        check()
