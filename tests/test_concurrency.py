"""Commands that want the same files at once: refused in a line, or in turn; no file is ever half of anything."""

import os

import pytest
from concurrency import SITUATIONS, tried
from kills import prepared

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("start"))


@pytest.mark.parametrize("locks", [True, False], ids=["locks", "no-locks"])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_files_that_several_want_at_once(situation, locks, start, tmp_path):
    assert tried(situation, start, tmp_path / "scratch", locks)
