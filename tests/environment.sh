# Sourced by examples/quickstart.sh and tests/run.sh: makes and enters .venv beside the project, with pinned packages.
#
# The argument names extras of pyproject.toml to install, such as [test]; give an empty one for none.
#
# torch: the CUDA build where there is an NVIDIA driver, else the CPU build, which is ten times smaller: from PyTorch's
# own wheel index where that is reachable, else whatever the default index has under the same version.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${DISENTOOL_VENV:-$root/.venv}
constraints=$root/tests/constraints.txt
extras=${1:-}

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "disentool needs Python 3.11 or newer; set PYTHON to one (found $("$python" --version 2>&1))" >&2
    exit 1
}
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"

# Installed once per content of the files that decide what is needed.
stamp=$venv/.disentool-$("$python" -c 'import hashlib, sys
print(hashlib.sha256(b"".join(open(p, "rb").read() for p in sys.argv[3:]) + repr(sys.argv[1:3]).encode()).hexdigest()[:16])
' "$root" "$extras" "$root/pyproject.toml" "$constraints")
if [ ! -e "$stamp" ]; then
    echo "installing into $venv" >&2
    install() { "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint "$constraints" "$@"; }
    torch=$(grep '^torch==' "$constraints")
    if ! "$venv/bin/python" -c 'import torch' 2>/dev/null; then
        index=https://download.pytorch.org/whl/cpu
        if [ ! -e /proc/driver/nvidia/version ] && [ "$(uname)" = Linux ] \
            && "$venv/bin/python" -c "import urllib.request as u; u.urlopen('$index/', timeout=10)" 2>/dev/null; then
            install "$torch" --index-url "$index" --extra-index-url https://pypi.org/simple
        else
            install "$torch"
        fi
    fi
    install --editable "$root$extras"
    touch "$stamp"
fi
PATH=$venv/bin:$PATH
