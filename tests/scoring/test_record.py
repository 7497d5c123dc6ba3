"""What a record tells beside the score."""

import pytest

from disentool.metrics.constants.disentanglement import Mig
from disentool.metrics.result import Result
from disentool.scoring.record import with_details


@pytest.mark.parametrize(
    ("own", "drawn", "expected"),
    [
        ({}, (), None),
        ({}, ("rows repeat",), ["rows repeat"]),
        ({"notes": []}, (), []),
        ({"notes": ["one dimension"]}, ("rows repeat",), ["rows repeat", "one dimension"]),
    ],
)
def test_notes_of_the_drawing_are_never_lost(own, drawn, expected):
    result = with_details(Result(0.5, details={"bins": 20, **own}), Mig(), {"before": 1}, {"after": 2}, drawn)
    assert result.details.get("notes") == expected
    assert (result.details["before"], result.details["bins"], result.details["after"]) == (1, 20, 2)
    assert (result.score, result.protocol) == (0.5, Mig().protocol)
