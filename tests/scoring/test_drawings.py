"""The modules of ways to draw rows are imported by name: they have what the protocols say."""

import importlib
import inspect
import typing

import numpy as np
import pytest

from disentool.io.directions_file import Direction
from disentool.metrics import METRICS
from disentool.scoring import DRAWINGS
from disentool.scoring.codes import Codes
from disentool.scoring.metric import ComparesCodes, DrawsAgain, ScoresCodes


def names(function):
    return [name for name in inspect.signature(function).parameters if name != "self"]


def origin(hint):
    return typing.get_origin(hint) or hint


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_module_is_what_its_protocol_says(name):
    module = importlib.import_module(DRAWINGS[name])
    protocol = ComparesCodes if name == "models" else DrawsAgain if name == "table" else ScoresCodes
    draw, score = typing.get_type_hints(module.draw), typing.get_type_hints(module.score)
    assert names(module.draw) == names(protocol.draw)
    assert len(names(module.score)) == len(names(protocol.score))
    assert score["return"] == typing.get_type_hints(protocol.score)["return"]
    assert origin(draw["return"]) == origin(score["drawn"])
    codes = {"control": Direction, "models": typing.get_type_hints(ComparesCodes.score)["codes"]}.get(name, Codes)
    assert list(score.values())[2] == codes
    if name == "table":
        assert typing.get_type_hints(module.resample)["rng"] == np.random.Generator
        assert typing.get_type_hints(module.resample)["return"] == draw["return"]
    for facts in METRICS.values():
        if facts.drawing == name:
            known = typing.get_args(draw["constants"]) or (draw["constants"],)
            assert all(isinstance(constants, known) for constants in facts.protocols.values()), facts.name
