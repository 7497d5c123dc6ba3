"""Nothing in a foreign file is executed: which calls could, where they may stand and why, and files that try."""

import ast
import io
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT

# Calls that execute what they are given, or write where an archive says. Each place that has one, and its reason.
EXECUTES = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "pickle.load",
    "pickle.loads",
    "pickle.Unpickler",
    "marshal.loads",
    "shelve.open",
    "joblib.load",
    "os.system",
    "os.popen",
    "torch.jit.load",
    "torch.export.load",
    "torch.package.PackageImporter",
    "torch.hub.load",
    "yaml.load",
    "yaml.unsafe_load",
    "yaml.full_load",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
}
ALLOWED = {
    ("training/worker.py", "pickle.loads"): "of what the line itself has pickled: can this error travel?",
    ("directions/trusted_generators.py", "pickle.load"): "a StyleGAN, with --trust",
    ("directions/trusted_generators.py", "torch.jit.load"): "a generator, with --trust",
    ("directions/trusted_generators.py", "torch.export.load"): "a generator, with --trust",
}
# Calls that are safe with this argument alone.
NEEDS = {"torch.load": ("weights_only", True), "np.lib.format.read_array": ("allow_pickle", False)}
NEVER = {("shell", True), ("allow_pickle", True), ("weights_only", False)}


def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]


def name_of(call: ast.Call) -> str:
    return ast.unparse(call.func)


def arguments_of(call: ast.Call) -> set[tuple[str, object]]:
    return {(k.arg, k.value.value) for k in call.keywords if k.arg and isinstance(k.value, ast.Constant)}


@pytest.mark.parametrize("path", sorted((ROOT / "disentool").rglob("*.py")), ids=lambda path: path.stem)
def test_what_could_execute_stands_where_it_may(path):
    place = path.relative_to(ROOT / "disentool").as_posix()
    for call in calls(path):
        name, given = name_of(call), arguments_of(call)
        assert name not in EXECUTES or (place, name) in ALLOWED, (place, call.lineno, name)
        assert name not in NEEDS or NEEDS[name] in given, (place, call.lineno, name)
        assert not given & NEVER, (place, call.lineno, name)
        assert not name.endswith(("extractall", ".extract")), (place, call.lineno, name)
        if name in ("subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_output"):
            assert not isinstance(call.args[0], ast.JoinedStr | ast.Constant), (place, call.lineno, "a shell's words")


def test_each_exception_is_still_there():
    found = {(place, name_of(call)) for place, _ in ALLOWED for call in calls(ROOT / "disentool" / place)}
    assert set(ALLOWED) <= found


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


@pytest.fixture
def canary(folder) -> Path:
    """A file that is there once anything has been executed."""
    return folder / "executed"


def hostile_files(canary: Path) -> dict[str, bytes]:
    """Files by name, each of which would make the canary if it were executed."""
    touch = Touch(canary)
    zipped, legacy, arrays, archive, tar = (io.BytesIO() for _ in range(5))
    torch.save({"format": "disentool.checkpoint", "version": 1, "config": touch}, zipped)
    torch.save({"format": "disentool.checkpoint", "config": touch}, legacy, _use_new_zipfile_serialization=False)
    np.savez(arrays, codes=np.array([touch, touch], object), factors=np.zeros((2, 1), np.int32))
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("../executed", "")
        members.writestr(str(canary), "")
        members.writestr("a/b.png", b"")
    with tarfile.open(fileobj=tar, mode="w") as members:
        for name, kind in (("../executed", tarfile.REGTYPE), (str(canary), tarfile.REGTYPE), ("a", tarfile.SYMTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, str(canary.parent)
            members.addfile(member, io.BytesIO())
        members.addfile(tarfile.TarInfo("a/executed"), io.BytesIO())
    plain = pickle.dumps(touch)
    text = f"!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.PosixPath ['{canary}']]\n"
    return {
        "zip.pt": zipped.getvalue(),
        "legacy.pt": legacy.getvalue(),
        "arrays.npz": arrays.getvalue(),
        "members.zip": archive.getvalue(),
        "members.tar": tar.getvalue(),
        "tag.yaml": text.encode(),
        **{
            f"plain.{suffix}": plain
            for suffix in ("pt", "pkl", "h5", "npz", "npy", "safetensors", "csv", "png", "jsonl")
        },
    }


READERS = (
    "info {file}",
    "score {file} --metric mig",
    "score {file} --metric mig --codes codes --factors factors",
    "encode {file} --data {file} -o z.h5",
    "train vae --data {file} --steps 1 -o m.pt",
    "train vae --config {file} --steps 1 -o m.pt",
    "train lord --data {file} --vgg {file} --reconstruction perceptual --steps 1 -o m.pt",
    "prepare folder --from {file} -o d.h5",
    "prepare array --from {file} -o d.h5",
    "prepare faces --from {file} -o d.h5",
    "prepare folder --from . --csv {file} -o d.h5",
    "find-direction {file} --transform zoom -o dirs.h5",
    "invert {file} --image {file} -o i.h5",
    "traverse {file} -o t.png",
    "export {file} -o e.safetensors",
    "report {file} -o r.html",
    "table {file}",
    "plot history {file} -o h.png",
)


@pytest.mark.parametrize("reader", READERS)
def test_no_command_executes_a_file(reader, canary, cli):
    for name, data in hostile_files(canary).items():
        Path(name).write_bytes(data)
        done = cli(*reader.format(file=name).split())
        assert not canary.exists(), name
        assert done.code in (0, 1, 2) and "internal error" not in done.err, (name, done.err)


def test_the_canary_sings(canary):
    pickle.loads(pickle.dumps(Touch(canary)))
    assert canary.exists()
