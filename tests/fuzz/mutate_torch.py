"""Changes of what torch saved: other values in the tree, other tensors, other pickles, other zips around them."""

import collections
import io
import pickle
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from mutate_bytes import Mutation
from mutate_text import odd_value, places


class _Runs:
    """What a pickle runs when it is read by ``pickle``."""

    def __init__(self, random_: random.Random):
        self._call = random_.choice(
            (
                (exec, ("open('CANARY', 'w').close()",)),
                (open, ("CANARY", "w")),
                (bytearray, (10**10,)),
                (getattr, (1, "real")),
                (torch.load, ("x.pt",)),
                (collections.defaultdict, (list,)),
                (set, ([1],)),
                (torch.zeros, ((1 << 33,),)),
                (torch.nn.Linear, (2, 2)),
                (bytes, (10**9,)),
                (complex, (1.0, 2.0)),
            )
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return self._call


def odd_tensor(random_: random.Random) -> torch.Tensor:
    """A tensor that is rarely expected."""
    return random_.choice(
        (
            torch.tensor(1.5),
            torch.tensor(True),
            torch.zeros(0),
            torch.zeros(3, 0),
            torch.full((2, 3), float("nan")),
            torch.tensor([1e38, float("inf")]),
            torch.zeros(4, dtype=torch.complex64),
            torch.zeros(4, dtype=torch.bfloat16),
            torch.arange(5),
            torch.zeros(1).expand(1 << 40),
            torch.zeros(1).expand(1000, 1000, 1000),
            torch.zeros((2, 2)).to_sparse(),
            torch.zeros(4, device="meta"),
            torch.nn.Parameter(torch.ones(2)),
            torch.zeros(6, dtype=torch.uint8)[::2],
            torch.zeros((1,) * 40),
            torch.zeros(5, dtype=torch.float8_e4m3fn),
            torch.tensor([2**62, -5]),
        )
    )


def _odd(random_: random.Random, old: Any) -> Any:
    kind = random_.randrange(10)
    if isinstance(old, torch.Tensor) and kind < 6 and old.numel():
        return random_.choice(
            (old.double(), old.half(), old[None], old.flatten(), old * float("nan"), old * 1e30, old[:0], old.mT)
            if old.dim() == 2
            else (old.double(), old[None], old.flatten()[:1], old.float() * float("inf"), old.int())
        )
    if kind < 4:
        return odd_tensor(random_)
    if kind == 4:
        return _Runs(random_)
    if kind == 5:
        return random_.choice((b"bytes", (1, 2), {1: 2}, {None: 1}, {(1, 2): 3}, torch.float32, torch.Size([2]), 1j))
    return odd_value(random_)


def _trees(change: Callable[[random.Random, Any], Any]) -> Mutation:
    """Read, changed and written as torch does it."""

    def mutation(random_: random.Random, path: Path) -> None:
        tree = change(random_, torch.load(path, weights_only=False))
        legacy = random_.random() < 0.1
        torch.save(tree, path, _use_new_zipfile_serialization=not legacy)

    mutation.__name__ = change.__name__
    return mutation


def _where(random_: random.Random, tree: Any) -> tuple[Any, Any]:
    """A place of the tree, of any of its upper parts with the same odds."""
    if not isinstance(tree, dict) or not tree:
        return None, None
    top = random_.choice(list(tree))
    inner = places({top: tree[top]}, 5)[1:]
    if not inner or random_.random() < 0.3:
        return tree, top
    return random_.choice(inner)


@_trees
def other_leaf(random_: random.Random, tree: Any) -> Any:
    for _ in range(random_.choice((1, 1, 1, 2, 5))):
        holder, key = _where(random_, tree)
        if holder is None:
            return _odd(random_, tree)
        with_old = key in holder if isinstance(holder, dict) else key < len(holder)
        holder[key] = _odd(random_, holder[key] if with_old else None)
    return tree


@_trees
def lost_or_renamed(random_: random.Random, tree: Any) -> Any:
    holder, key = _where(random_, tree)
    if holder is None:
        return {}
    old = holder.pop(key)
    if isinstance(holder, dict) and random_.random() < 0.6:
        holder[random_.choice(("", "\ud800", "a\x1b[31m", "x" * 2000, 5, None, True, 1.5, "../a", "0.weight"))] = old
    return tree


@_trees
def other_whole(random_: random.Random, tree: Any) -> Any:
    looped: list[Any] = []
    looped.append(looped)
    bomb: Any = []
    for _ in range(60):
        bomb = [bomb, bomb]
    return random_.choice(
        (
            None,
            [],
            {},
            [tree],
            {"state_dict": tree},
            {"model": tree},
            torch.zeros(3),
            looped,
            bomb,
            tree | {"history": bomb} if isinstance(tree, dict) else bomb,
            tree | {"config": {"a": looped}} if isinstance(tree, dict) else looped,
            collections.OrderedDict(tree) if isinstance(tree, dict) else tree,
            _Runs(random_),
            torch.nn.Linear(2, 2),
        )
    )


def _archive(change: Callable[[random.Random, dict[str, bytes]], int]) -> Mutation:
    """Each member of the zip by its name; ``change`` may say how they are to be compressed."""

    def mutation(random_: random.Random, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        how = change(random_, members)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", how) as archive:
            for name, data in members.items():
                archive.writestr(zipfile.ZipInfo(name), data, how)
        path.write_bytes(out.getvalue())

    mutation.__name__ = change.__name__
    return mutation


@_archive
def other_member(random_: random.Random, members: dict[str, bytes]) -> int:
    name = random_.choice(list(members))
    kind = random_.randrange(6)
    if kind == 0:
        del members[name]
    elif kind == 1:
        members[name] = members[name][: len(members[name]) // 2]
    elif kind == 2:
        members[f"../{name}"] = members.pop(name)
    elif kind == 3:
        members["archive/code/CANARY.py"] = members["ckpt/constants.pkl"] = (
            b"\x80\x02cposix\nsystem\nX\x01\0\0\0x\x85R."
        )
    elif kind == 4:
        members[name] = bytes(1 << 20)
        return zipfile.ZIP_DEFLATED
    else:
        members["archive/.data/serialization_id"] = b"x"
        members[name] += bytes(random_.randrange(100))
    return zipfile.ZIP_STORED


@_archive
def other_pickle(random_: random.Random, members: dict[str, bytes]) -> int:
    """The pickle that describes the tree: other opcodes, numbers and names in it."""
    name = next((n for n in members if n.endswith("data.pkl")), None)
    if name is None:
        return zipfile.ZIP_STORED
    data = bytearray(members[name])
    for _ in range(random_.choice((1, 1, 2, 6))):
        kind, at = random_.randrange(6), random_.randrange(len(data))
        if kind == 0:
            data[at] = random_.choice(b"()]}.0123Nctbu\x85\x86\x87R\x81\x93\x8c\x8e\x96\x97QPhjqr")
        elif kind == 1:
            data[at : at + 4] = struct.pack("<I", random_.choice((2**31 - 1, 2**32 - 1, 10**9, 0)))
        elif kind == 2:
            globals_ = (b"torch\nHalfStorage\n", b"builtins\nbytearray\n", b"torch\nSize\n", b"torch\nfloat64\n")
            data = bytearray(bytes(data).replace(b"torch\nFloatStorage\n", random_.choice(globals_), 1))
        elif kind == 3:
            data[at:at] = random_.choice(
                (b"cbuiltins\nexec\n", pickle.dumps([1])[2:-1], b"\x8a\xff" + b"\xff" * 255, b"(" * 5000)
            )
        else:
            data[at] ^= 1 << random_.randrange(8)
    members[name] = bytes(data)
    return zipfile.ZIP_STORED


def legacy(random_: random.Random, path: Path) -> None:
    """The format of torch before 1.6, with a number of a storage, or some bytes, changed."""
    tree = torch.load(path, weights_only=False)
    torch.save(tree, path, _use_new_zipfile_serialization=False)
    data = bytearray(path.read_bytes())
    for _ in range(random_.choice((0, 1, 1, 4))):
        at = random_.randrange(min(len(data), 3000))
        data[at : at + random_.choice((1, 4))] = struct.pack("<I", random_.choice((2**31 - 1, 10**9, 0, 7)))[
            : random_.choice((1, 4))
        ]
    path.write_bytes(data)


def two_directories(random_: random.Random, path: Path) -> None:
    """A zip whose end says where another directory begins; or two zips behind each other."""
    data = path.read_bytes()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"a": 1}, 2))
        archive.writestr("archive/data/0", bytes(1 << 20))
        archive.writestr("archive/version", b"3\n")
    other = out.getvalue()
    path.write_bytes(
        random_.choice((data + other, other + data, data + other[-22:], data[:-22] + other[-22:], data + b"x"))
    )


MUTATIONS: tuple[Mutation, ...] = (
    other_leaf,
    other_leaf,
    other_leaf,
    lost_or_renamed,
    other_whole,
    other_member,
    other_pickle,
    legacy,
    two_directories,
)
