"""Commands killed where they change files: what is there is whole, and the same command again succeeds."""

import os

import pytest
from kills import COMMANDS, kill_everywhere, prepared


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("start"))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_leaves_nothing_broken(start, name):
    assert kill_everywhere(name, start, most=16 if name == "train" else 6) >= 4
