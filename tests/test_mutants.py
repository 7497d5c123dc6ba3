"""The faults of ``python tests/mutants``: each changes one place, and what is left is Python."""

import ast

import faults
import pytest
from conftest import ROOT

TEXT = '''"""Words with 1 + 1."""


def value(a: int, b: float = 0.5) -> float:
    """More words: 2 * 2."""
    if a < 3 and not b:
        raise ValueError(f"{a + 1} is too few")
    return -(a + b).mean(axis=0) ** 2 if a in (True,) else a.max(list(zip(a, b, strict=True)))
'''


def test_each_fault_changes_what_is_computed(tmp_path):
    path = tmp_path / "some.py"
    path.write_text(TEXT)
    found = faults.faults_of(path)
    changes = [(fault.line + 1, fault.old, fault.new) for fault in found]
    assert sorted(changes) == sorted(
        [
            (4, "0.5", "1.1"),
            (6, "<", "<="),
            (6, "3", "4"),
            (6, "and", "or"),
            (6, "not ", ""),
            (8, "-", ""),
            (8, "+", "-"),
            (8, "mean", "sum"),
            (8, "0", "1"),
            (8, "**", "*"),
            (8, "2", "3"),
            (8, "in", "not in"),
            (8, "True", "False"),
            (8, "max", "min"),
        ]
    )
    for fault in found:
        assert ast.dump(ast.parse(fault.applied(TEXT))) != ast.dump(ast.parse(TEXT)), fault


def test_a_fault_of_other_source_is_refused(tmp_path):
    fault = faults.Fault(tmp_path / "some.py", 0, 0, "1", "2")
    with pytest.raises(ValueError, match="expected"):
        fault.applied("3\n")


def test_every_fault_in_a_metric_is_another_text_in_python():
    found = [fault for path in sorted((ROOT / "disentool/metrics").glob("*.py")) for fault in faults.faults_of(path)]
    assert len(found) > 1000
    for fault in found:
        text = fault.path.read_text()
        assert fault.applied(text) != text, fault
        ast.parse(fault.applied(text))
