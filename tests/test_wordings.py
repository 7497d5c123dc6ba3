"""Tests assert a message by its class and a noun; the wording itself stands in ``data/messages.txt`` alone."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
MOST = 3


def called(node: ast.AST, names: set[str]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    return (function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")) in names


def expectations(tree: ast.AST) -> Iterator[ast.expr]:
    """What is looked for in a message: ``.failed(code, HERE)``, and ``match=HERE`` of any call."""
    for node in ast.walk(tree):
        if called(node, {"failed"}):
            yield from node.args[1:]
        elif called(node, {"cli_rejects"}):
            yield from node.args[4:]
        if isinstance(node, ast.Call):
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "match")


def rows(values: ast.expr) -> list[ast.expr]:
    """The entries of a table that is written out: a list, a tuple, or a dictionary's items."""
    if called(values, {"items", "enumerate"}):
        inner = values.args[0] if values.args else values.func.value
        return rows(inner)
    if isinstance(values, ast.BinOp):
        return rows(values.left) + rows(values.right)
    if isinstance(values, ast.Dict):
        return [ast.Tuple([key, value]) for key, value in zip(values.keys, values.values, strict=True)]
    return list(getattr(values, "elts", []))


def bound(tree: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Each (target, row) of the tables that are written out in a file: parameters of tests, and of ``for``."""
    for node in ast.walk(tree):
        if called(node, {"parametrize"}) and len(node.args) > 1:
            targets = node.args[0]
            if isinstance(targets, ast.Constant):
                targets = ast.Tuple([ast.Name(name.strip()) for name in targets.value.split(",")])
                targets = targets if len(targets.elts) > 1 else targets.elts[0]
            yield from ((targets, row) for row in rows(node.args[1]))
        elif isinstance(node, ast.For):
            yield from ((node.target, row) for row in rows(node.iter))


def pairs(target: ast.expr, row: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The names that a row gives values to."""
    if isinstance(target, ast.Tuple) and isinstance(row, ast.Tuple | ast.List):
        for name, value in zip(target.elts, row.elts, strict=False):
            yield from pairs(name, value)
    elif isinstance(target, ast.Name | ast.Constant):
        yield target.id if isinstance(target, ast.Name) else target.value, row


def strings(node: ast.expr) -> Iterator[str]:
    """The strings of an expression; what is filled into one counts as a word."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        for part in node.elts:
            yield from strings(part)
    elif isinstance(node, ast.BinOp):
        yield " ".join([*strings(node.left), *strings(node.right)])
    elif isinstance(node, ast.IfExp):
        yield from [*strings(node.body), *strings(node.orelse)]
    elif isinstance(node, ast.Starred):
        yield from strings(node.value)


def long(text: str) -> list[str]:
    """What a file looks for in messages and is more than ``MOST`` words; numbers and signs are not counted."""
    tree = ast.parse(text)
    found, names = [], set()
    for node in expectations(tree):
        found += strings(node)
        names |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    for target, row in bound(tree):
        found += [text for name, value in pairs(target, row) if name in names for text in strings(value)]
    words = re.compile(r"\S*[^\W\d_]\S*")
    return [text for text in found if len(words.findall(text)) > MOST]


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=lambda path: str(path.relative_to(TESTS)))
def test_messages_are_asserted_by_a_noun(path):
    assert long(path.read_text(encoding="utf-8")) == []


def test_phrases_are_found_wherever_they_stand():
    phrase = "expected a number above zero"
    table = (
        f'@pytest.mark.parametrize(("given", "words"), [(1, "{phrase}"), (2, "zero")])\ndef test(given, words):\n    '
    )
    for text in (
        f'cli("x").failed(1, "{phrase}")',
        f'cli("x").failed(1, f"{{name}}: {phrase}")',
        f'pytest.raises(ValueError, match=r"a" + "{phrase}")',
        f"{table}cli(given).failed(1, words)",
        f"{table}pytest.raises(ValueError, match=words)",
        f'for words, change in {{"{phrase}": 1}}.items():\n    cli(change).failed(1, words)',
    ):
        assert long(text), text
    assert long(f"{table}cli(given).failed(1, given)") == []
    assert long('cli("x").failed(1, "[64, 64, 3, 24, 4]")') == []
