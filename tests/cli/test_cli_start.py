"""What a command loads before it begins."""

import subprocess
import sys

from conftest import SMALL_FACTOR, flags

# Torch loads them by itself for an optimiser, a setting or a first weight: more than a second for nothing.
HEAVY = "torch._dynamo", "torch._inductor", "torch.distributed.tensor", "torch.onnx", "sympy"
COMMANDS = """
import sys
from disentool.cli import run
for line in sys.stdin.read().splitlines():
    code = run(line.split())
    loaded = sorted(set({heavy}) & set(sys.modules))
    if code or loaded:
        sys.exit(f"{{line}}: exit code {{code}}, loaded {{', '.join(loaded)}}")
"""


def test_no_command_loads_torchs_compiler(folder, squares):
    small = " ".join(flags(SMALL_FACTOR))
    commands = (
        "info ckpt.pt",
        "traverse -o a.png",
        "sample -o b.png",
        f"encode --data {squares} -o codes.h5",
        f"score --metric kl --metric mig --data {squares} ckpt.pt",
        "swap --dims 0 -o w.png",
        "export -o a.safetensors",
        "find-direction ckpt.pt --transform shift-x --method paper --steps 1 --starts 5 --force -o d.h5",
        "invert -o i.jsonl --loss mse --starts 1 --steps 1 --images 1",
        f"train lord --data {squares} --class-factor size --preset small --steps 1 --batch-size 4 -o lord.pt",
    )
    trained = f"train factorvae {small} --initialisation he --device cpu --data {squares}"
    lines = "\n".join([f"{trained} --steps 2", f"{trained} --steps 3 --resume", *commands])
    command = [sys.executable, "-c", COMMANDS.format(heavy=HEAVY)]
    done = subprocess.run(command, input=lines, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
