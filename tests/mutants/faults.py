"""The faults that may be put into a file: another operator, another number, the opposite condition."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OPERATORS: dict[type, str] = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.Pow: "*", ast.Mod: "//"}
COMPARISONS: dict[type, str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.In: "not in",
    ast.NotIn: "in",
}
# Functions whose other is as easily written.
NAMES = {"mean": "sum", "sum": "mean", "min": "max", "max": "min", "argmin": "argmax", "argmax": "argmin"}
# What says things to people, or of what kind they are, is not what the tests of numbers are for.
_WORDS = (ast.Raise, ast.Assert, ast.JoinedStr)


@dataclass(frozen=True)
class Fault:
    """``old`` becomes ``new`` in the source from ``start`` on (line and column, both from 0)."""

    path: Path
    line: int
    column: int
    old: str
    new: str

    def name(self, root: Path) -> str:
        """Where it is and what it changes; unique in the tree."""
        return f"{self.path.relative_to(root)}:{self.line + 1}:{self.column}: {self.old} -> {self.new}"

    def applied(self, text: str) -> str:
        """The source with the fault."""
        lines = text.splitlines(keepends=True)
        line = lines[self.line]
        there = line.encode()[self.column : self.column + len(self.old.encode())].decode()
        if there != self.old:
            raise ValueError(f"{self.path}:{self.line + 1}: expected {self.old!r}, found {there!r}")
        before, after = line.encode()[: self.column], line.encode()[self.column + len(self.old.encode()) :]
        lines[self.line] = (before + self.new.encode() + after).decode()
        return "".join(lines)


def faults_of(path: Path) -> list[Fault]:
    """Every fault that this file can have, in the order of its lines."""
    text = path.read_text()
    lines = text.splitlines()
    found = [fault for node in _counted(ast.parse(text)) for fault in _of_node(path, lines, node)]
    return sorted(set(found), key=lambda fault: (fault.line, fault.column, fault.new))


def _counted(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that compute something: no messages, no annotations, no decorators, not what zip(strict=) checks."""
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, _WORDS):
                yield child
                yield from _counted(child)


def _of_node(path: Path, lines: list[str], node: ast.AST) -> Iterator[Fault]:
    if isinstance(node, ast.BinOp) and (new := OPERATORS.get(type(node.op))):
        yield from _between(path, lines, node.left, node.right, ("**", "//", "+", "-", "*", "/", "%"), new)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and (new := COMPARISONS.get(type(node.ops[0]))):
        signs = ("not in", "in", "<=", ">=", "==", "!=", "<", ">")
        yield from _between(path, lines, node.left, node.comparators[0], signs, new)
    elif isinstance(node, ast.BoolOp):
        other = "or" if isinstance(node.op, ast.And) else "and"
        yield from _between(path, lines, node.values[0], node.values[1], ("and", "or"), other)
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
        old = lines[node.lineno - 1].encode()[node.col_offset : node.end_col_offset].decode()
        value = node.value
        new = (
            str(not value) if isinstance(value, bool) else str(value + 1 if isinstance(value, int) else 2 * value + 0.1)
        )
        yield Fault(path, node.lineno - 1, node.col_offset, old, new)
    elif isinstance(node, ast.Attribute) and node.attr in NAMES and node.end_lineno and node.end_col_offset:
        yield Fault(path, node.end_lineno - 1, node.end_col_offset - len(node.attr), node.attr, NAMES[node.attr])
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
        old = "-" if isinstance(node.op, ast.USub) else "not "
        yield Fault(path, node.lineno - 1, node.col_offset, old, "")


def _between(
    path: Path, lines: list[str], left: ast.expr, right: ast.expr, signs: tuple[str, ...], new: str
) -> Iterator[Fault]:
    """The sign between two operands, where both stand on one line."""
    if left.end_lineno != right.lineno or left.end_lineno is None or left.end_col_offset is None:
        return
    start = left.end_col_offset
    gap = lines[left.end_lineno - 1].encode()[start : right.col_offset].decode()
    for sign in signs:
        if sign in gap:
            yield Fault(path, left.end_lineno - 1, start + len(gap[: gap.index(sign)].encode()), sign, new)
            return
