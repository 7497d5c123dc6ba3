"""Runs tests in children of a process that has torch and pytest already; notes which tests run each line."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest
import torch

_POLL = 0.05  # seconds between two looks at a running child
_OPTIONS = ("-q", "-n", "0", "-m", "not slow", "-p", "no:cacheprovider")


class Lines:
    """A plugin of pytest: which tests run each line of the package in ``tree``, and how many seconds a test takes.

    Written to a JSON file: ``{"lines": {file: {line: [test]}}, "seconds": {test: seconds}}``.
    """

    def __init__(self, tree: Path, output: Path):
        self._tree, self._output, self._seconds = tree, output, dict[str, float]()
        self._coverage = coverage.Coverage(data_file=None, source=[str(tree / "disentool")], messages=False)

    def pytest_sessionstart(self) -> None:
        """Begin to record; what has been imported by now is recorded when it is called."""
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note the test that the next lines belong to."""
        self._coverage.switch_context(item.nodeid)
        begun = time.perf_counter()
        try:
            return (yield)
        finally:
            self._seconds[item.nodeid] = time.perf_counter() - begun

    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        self._coverage.stop()
        data, lines = self._coverage.get_data(), dict[str, Any]()
        for file in data.measured_files():
            found = data.contexts_by_lineno(file).items()
            named = {str(line): [test for test in tests if test] for line, tests in found}
            lines[str(Path(file).relative_to(self._tree))] = {line: tests for line, tests in named.items() if tests}
        self._output.write_text(json.dumps({"lines": lines, "seconds": self._seconds}))


class First:
    """A plugin of pytest that keeps the name of the first test that fails, or that cannot be collected."""

    def __init__(self) -> None:
        self.name = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Of a test's set-up, its call, and its end."""
        if report.failed:
            self.name = self.name or report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Of a file."""
        if report.failed:
            self.name = self.name or report.nodeid


def first_failure(tree: Path, tests: list[str], limit: float, *plugins: object) -> str:
    """The first of these tests of ``tree`` that fails, "time" after ``limit`` seconds, or "" if all pass."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        _run(tree, tests, tell, plugins)
    os.close(tell)
    deadline = time.monotonic() + limit
    with os.fdopen(told) as answer:
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            time.sleep(_POLL)
            if time.monotonic() > deadline:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return "time"
        return (answer.read() or "the process died").strip(" ")


def _run(tree: Path, tests: list[str], tell: int, plugins: tuple[object, ...]) -> None:
    """Run the tests in this process, and write the first failure, or a blank if there is none; the process ends."""
    os.setpgid(0, 0)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    try:
        os.chdir(tree)
        sys.path.insert(0, str(tree))
        torch.set_num_threads(1)
        first = First()
        code = int(pytest.main(["-x", *_OPTIONS, *tests], plugins=[first, *plugins]))
        import disentool

        if not Path(str(disentool.__file__)).is_relative_to(tree):
            first.name = f"another disentool was imported: {disentool.__file__}"
        os.write(tell, (first.name or (" " if code == 0 else f"status {code}")).encode())
    finally:
        os._exit(0)
