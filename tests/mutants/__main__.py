"""Small faults put into the code one at a time: which of them does no test notice?

    python tests/mutants --count 200 --seed 0 --output mutants.jsonl

The tests of losses, metrics and protocols run once with ``coverage`` (a package), to know which of them run each line.
Then each fault goes into a copy of the tree, and the tests of its line run there, the quickest first, until one fails.
The faults are drawn by seed, so that a survivor can be made again; a second call with the same output goes on where the
first one ended. Printed at the end: the share that was noticed, and each fault that was not.
"""

import argparse
import collections
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from covering import Lines, first_failure
from faults import Fault, faults_of

ROOT = Path(__file__).parents[2]
CODE = (
    "disentool/metrics/*.py",
    "disentool/scoring/drawing/*.py",
    "disentool/methods/*/method.py",
    "disentool/methods/_*/*.py",
    "disentool/nn/*.py",
)
TESTS = ("tests/metrics", "tests/nn", "tests/methods", "tests/scoring")
LIMIT = 600  # seconds; a fault that makes an endless loop has been noticed
RECORDING = 3600  # seconds


def tests_of(fault: Fault, known: dict[str, Any]) -> list[str]:
    """The tests that run the fault's line, the quickest first; every test where the line runs at import."""
    found = known["lines"].get(str(fault.path.relative_to(ROOT)), {}).get(str(fault.line + 1), [])
    return sorted(found, key=lambda test: known["seconds"].get(test, 0)) or list(TESTS)


def main() -> None:
    """Draw the faults, put each in, and say which no test noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="how many faults")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--output", type=Path, default=Path("mutants.jsonl"), help="a line for each fault")
    options = parser.parse_args()
    every = [fault for pattern in CODE for path in sorted(ROOT.glob(pattern)) for fault in faults_of(path)]
    chosen = random.Random(options.seed).sample(every, min(options.count, len(every)))
    known = {}
    if options.output.exists():
        known = {line["fault"]: line for line in map(json.loads, options.output.read_text().splitlines())}
    with tempfile.TemporaryDirectory() as folder, open(options.output, "a") as out:
        tree = Path(folder) / "tree"
        left_out = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache")
        shutil.copytree(ROOT, tree, ignore=left_out)
        lines = options.output.with_suffix(".lines.json")
        if not lines.exists() and (
            failed := first_failure(tree, list(TESTS), RECORDING, Lines(tree, lines.absolute()))
        ):
            sys.exit(f"without a fault: {failed}")
        covered = json.loads(lines.read_text())
        for number, fault in enumerate(chosen):
            name = fault.name(ROOT)
            if name in known:
                continue
            target = tree / fault.path.relative_to(ROOT)
            text = target.read_text()
            target.write_text(fault.applied(text))
            by = first_failure(tree, tests_of(fault, covered), LIMIT)
            target.write_text(text)
            known[name] = {"fault": name, "noticed_by": by}
            print(json.dumps(known[name]), file=out, flush=True)
            print(f"{number + 1}/{len(chosen)} {name}: {by or 'NOT NOTICED'}", file=sys.stderr, flush=True)
    of_these = [known[fault.name(ROOT)] for fault in chosen]
    survivors = [line["fault"] for line in of_these if not line["noticed_by"]]
    rooms = collections.Counter(fault.path.relative_to(ROOT).parts[1] for fault in chosen)
    print(f"{len(every):,} faults there are; {len(chosen)} drawn with seed {options.seed}: {dict(rooms)}")
    print(f"noticed: {len(of_these) - len(survivors)} of {len(of_these)}")
    print(*survivors, sep="\n")


if __name__ == "__main__":
    main()
