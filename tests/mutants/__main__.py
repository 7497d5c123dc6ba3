"""Small faults put into the code one at a time: which of them does no test notice?

    python tests/mutants --count 200 --seed 0 --output mutants.jsonl

Each fault goes into a copy of the tree, and the tests of losses, metrics and protocols run there until one fails. The
faults are drawn by seed, so that a survivor can be made again; a second call with the same output goes on where the
first one ended. Printed at the end: the share that was noticed, and each fault that was not.
"""

import argparse
import collections
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

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


def related(fault: Fault) -> list[str]:
    """The files of tests that name the module or what it belongs to: they are run first."""
    words = [fault.path.stem, fault.path.parent.name] if fault.path.stem == "method" else [fault.path.stem]
    files = sorted(path for room in TESTS for path in (ROOT / room).glob("test_*.py"))
    return [str(path.relative_to(ROOT)) for path in files if any(word in path.read_text() for word in words)]


def noticed_by(tree: Path, tests: list[str]) -> str:
    """The first test that fails there, or what ended the tests; empty if all pass."""
    quick = ["-q", "-x", "-n", "0", "-m", "not slow", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *quick, *tests]
    setting = os.environ | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, cwd=tree, env=setting, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return "time"
    if done.returncode == 0:
        return ""
    failed = [line.split()[1] for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0] if failed else f"status {done.returncode}"


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
        for number, fault in enumerate(chosen):
            name = fault.name(ROOT)
            if name in known:
                continue
            target = tree / fault.path.relative_to(ROOT)
            text = target.read_text()
            target.write_text(fault.applied(text))
            first = related(fault)
            rest = [*TESTS, *(f"--ignore={file}" for file in first)]
            by = (noticed_by(tree, first) if first else "") or noticed_by(tree, rest)
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
