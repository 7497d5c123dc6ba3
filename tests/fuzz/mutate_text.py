"""Changes of JSON, JSON lines, YAML and tables that keep them readable, or nearly so."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mutate_bytes import Mutation

_WORDS = (
    "\ud800",
    "a\x1b[31mb",
    "../../x",
    "nan",
    "",
    "x" * 5000,
    "a\nb",
    "'; $(touch CANARY)",
    "\u202eabc",
    "\0",
    "é",
)


def odd_value(random_: random.Random) -> Any:
    """A value that is rarely expected: of another type, without an end, very large, deep, no Unicode."""
    return random_.choice(
        (
            None,
            True,
            -1,
            0,
            10**30,
            10**400,
            1e308,
            0.5,
            float("nan"),
            float("inf"),
            [],
            {},
            [[1]],
            {"a": [1]},
            [None],
            [float("nan")] * 3,
            [1, "a"],
            list(range(300)),
            random_.choice(_WORDS),
            random_.choice(_WORDS),
            nested(random_.choice((5, 90, 330, 3000))),
        )
    )


def nested(depth: int) -> Any:
    """A list in a list, so many times."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def places(value: Any, deepest: int = 6) -> list[tuple[Any, Any]]:
    """Every place of a tree of lists and dicts: what holds it, and its key there."""
    found: list[tuple[Any, Any]] = []
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    for key in keys if deepest else []:
        found += [(value, key), *places(value[key], deepest - 1)]
    return found


def changed_tree(random_: random.Random, tree: Any) -> Any:
    """A tree with some of its values replaced, removed, renamed or doubled."""
    for _ in range(random_.choice((1, 1, 1, 2, 4))):
        where = places(tree)
        if not where:
            return odd_value(random_)
        holder, key = random_.choice(where)
        kind = random_.randrange(8)
        if kind == 0:
            del holder[key]
        elif kind == 1 and isinstance(holder, dict):
            holder[random_.choice(_WORDS)] = holder.pop(key)
        elif kind == 2 and isinstance(holder, list):
            holder *= random_.choice((0, 2, 20))
        elif kind == 3:
            other, name = random_.choice(where)
            if isinstance(other, (dict, list)) and (name in other if isinstance(other, dict) else name < len(other)):
                holder[key] = json.loads(_text(other[name]))
        else:
            holder[key] = odd_value(random_)
    return tree


def _text(tree: Any) -> str:
    """JSON of any depth, as Python's own is bounded."""
    if isinstance(tree, list):
        depth, inner = 0, tree
        while isinstance(inner, list) and len(inner) == 1:
            depth, inner = depth + 1, inner[0]
        if depth > 80:
            return "[" * depth + _text(inner) + "]" * depth
        return "[" + ", ".join(map(_text, tree)) + "]"
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))}: {_text(item)}" for key, item in tree.items()) + "}"
    return json.dumps(tree)


def json_tree(random_: random.Random, path: Path) -> None:
    """One JSON object: some of its values are others."""
    path.write_text(_text(changed_tree(random_, json.loads(path.read_text()))))


def json_lines(random_: random.Random, path: Path) -> None:
    """JSON lines: some values are others, lines are doubled, mixed or lost."""
    lines = path.read_text().splitlines()
    for _ in range(random_.choice((1, 1, 3))):
        at = random_.randrange(len(lines))
        lines[at] = _text(changed_tree(random_, json.loads(lines[at])))
    kind = random_.randrange(8)
    if kind == 0:
        random_.shuffle(lines)
    elif kind == 1:
        lines += [random_.choice(lines)] * random_.choice((1, 500))
    elif kind == 2:
        lines.insert(random_.randrange(len(lines)), random_.choice(("", "[]", "null", "{}", "{", '"a"', "NaN")))
    path.write_text("\n".join(lines) + "\n")


def same_everywhere(random_: random.Random, path: Path) -> None:
    """JSON lines: the same entry of every line has the same odd value."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    key, value = random_.choice(list(lines[0])), odd_value(random_)
    path.write_text("".join(_text(line | {key: value}) + "\n" for line in lines))


def doubled_key(random_: random.Random, path: Path) -> None:
    """JSON: a key twice in an object."""
    text = path.read_text()
    path.write_text(text.replace("{", random_.choice(('{"config": 1, ', '{"version": 2, ', '{"": 0, ')), 1))


def yaml_text(random_: random.Random, path: Path) -> None:
    """YAML: other values, tags, anchors, bombs of aliases, doubled and odd keys."""
    lines = path.read_text().splitlines()
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 30))
    key = random_.choice(lines).partition(":")[0]
    value = random_.choice(
        (
            "!!python/object/apply:os.system ['touch CANARY']",
            "!!python/name:os.system",
            "!!binary aGVsbG8=",
            "!!set {a, b}",
            "!!timestamp 2001-01-01",
            "!unknown x",
            "*missing",
            "&a [*a]",
            "[" * random_.choice((3, 200, 3000)),
            "{" * 300,
            "{a: b}",
            "? [a]\n: b",
            "|\n  text",
            '"\\ud800"',
            '"\\x1b[31m"',
            "1e999999",
            ".nan",
            "0o777",
            "0b1",
            "1:30:00",
            "9" * 5000,
            "yes",
            "~",
            "",
            "- 1\n- 2",
            "2001-99-99",
            "1,2,x",
            "x" * 5000,
        )
    )
    extra = random_.choice((f"{key}: {value}", f"{value}: {key}", bomb, f"--- \n{key}: {value}", f"<<: {value}", value))
    kind = random_.randrange(3)
    if kind == 0:
        lines.insert(random_.randrange(len(lines) + 1), extra)
    elif kind == 1:
        lines[random_.randrange(len(lines))] = extra
    else:
        lines = [extra]
    path.write_text("\n".join(lines) + "\n")


def _cells(change: Callable[[random.Random, list[list[str]]], None]) -> Mutation:
    def mutation(random_: random.Random, path: Path) -> None:
        rows = [line.split(",") for line in path.read_text().splitlines()]
        change(random_, rows)
        path.write_bytes("\n".join(",".join(row) for row in rows).encode("utf-8", "surrogatepass"))

    mutation.__name__ = change.__name__
    return mutation


@_cells
def other_cells(random_: random.Random, rows: list[list[str]]) -> None:
    """A table: cells, often of the header, are others."""
    for _ in range(random_.choice((1, 1, 5))):
        row = rows[0] if random_.random() < 0.4 else random_.choice(rows)
        row[random_.randrange(len(row))] = random_.choice(
            (*_WORDS, "1e400", "-", "1,2", '"', '""a', "/etc/passwd", "x" * 300, "9" * 400, "=1+1", " ", "NaN", "1;2")
        )


@_cells
def other_column(random_: random.Random, rows: list[list[str]]) -> None:
    """A table: a whole column is another, or there are many."""
    at, kind = random_.randrange(len(rows[0])), random_.randrange(6)
    value = random_.choice(
        ("1e308", "", "a b", "0.1", "-1", "nan", "\ud800", "\x1b[2J", "1970-01-01", "9" * 30, "1e-300")
    )
    for number, row in enumerate(rows[1:]):
        if at >= len(row):
            continue
        if kind == 0:
            row[at] = value
        elif kind == 1:
            row[at] = str(number)
        elif kind == 2:
            del row[at]
        elif kind == 3:
            row[at] = f"{value} {number}"
        elif kind == 4:
            row += [value] * 50
        else:
            row[at] = str((-1) ** number * 10.0 ** (number * 40 - 200))


def other_table(random_: random.Random, path: Path) -> None:
    """A table in another encoding, with other separators, quotes, ends of lines; or with its header changed."""
    text = path.read_text()
    kind = random_.randrange(10)
    if kind < 3:
        text = text.replace(",", random_.choice((";", "\t", "|", " ", "\0", ",,", '","', "\u2028")))
    elif kind == 3:
        text = text.replace("\n", random_.choice(("\r", "\r\n", "\n\n", "\0\n", "\x0c", "\x1e")))
    elif kind == 4:
        text = "".join(text.splitlines(keepends=True)[1:])
    elif kind == 5:
        text = (
            random_.choice(("sep=;\n", "# a comment\n", "\n\n\n", '"', "x" * 300 + "\n", "a," * 20_000 + "\n")) + text
        )
    elif kind == 6:
        text = text.replace(random_.choice(text.split(",")), random_.choice(('"a\nb"', '"', "'")), 1)
    elif kind == 7:
        text = text + random_.choice(("a", ",,,,,,,,", '"' + "x" * 200_000, "\x1a", "a.png," * 3)) + "\n"
    encoding = random_.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1", "utf-7"))
    path.write_bytes(text.encode(encoding, "replace"))
