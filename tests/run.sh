#!/usr/bin/env bash
# Set up whatever is missing and run the whole test suite; arguments go to pytest: bash tests/run.sh -k factor
# Files of tests run side by side, each test on one thread; -n 0 runs them one after another.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/environment.sh" '[test]'
cd "$here/.."
ruff check .
ruff format --check --quiet . || { echo "ruff format . would change files" >&2; exit 1; }
codespell .
mypy
exec python -m pytest -n auto --maxprocesses 8 --dist loadfile "$@"
