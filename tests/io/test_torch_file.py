"""Files of ``torch.save`` that ask for more than they hold: what is refused before any memory is taken."""

import collections
import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
import torch

from disentool.errors import DisentoolError, ForeignFile, UnsafeFile
from disentool.io import pretrained_weights, torch_file


def saved(content, **options):
    out = io.BytesIO()
    torch.save(content, out, **options)
    return out.getvalue()


SOUND = saved({"a": torch.arange(6.0), "size": torch.Size([2, 3]), "names": ["x"], "order": collections.OrderedDict()})


def archive(pickle):
    """A torch file of this pickle, without tensors."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("archive/data.pkl", pickle)
        made.writestr("archive/version", "3\n")
    return out.getvalue()


def with_comment(data):
    return data[:-2] + struct.pack("<H", 4) + b"PK\5\6"


def of_other_length(data):
    """Its end record says that the directory is a byte shorter."""
    end = bytearray(data)
    (length,) = struct.unpack_from("<L", end, len(end) - 10)
    struct.pack_into("<L", end, len(end) - 10, length - 1)
    return bytes(end)


def of_several_disks(data):
    """Its end is that of the second of two disks, of which the first has the directory."""
    locator = b"PK\6\7" + struct.pack("<LQL", 1, 0, 2)
    return data[:-22] + locator + data[-22:]


HOSTILE = {
    "memory by a function": archive(b"cbuiltins\nbytearray\n(I4000000000\ntR."),
    "a function of torch": archive(b"ctorch\nzeros\n(I1000000\nI1000000\ntR."),
    "by a computed name": archive(b"\x80\x04\x8c\x08builtins\x8c\x09bytearray\x93(I4000000000\ntR."),
    "two archives": SOUND + SOUND,
    "bytes before": b"0" * 100 + SOUND,
    "bytes behind": SOUND + b"0" * 100,
    "a comment": with_comment(SOUND),
    "several disks": of_several_disks(SOUND),
    "a directory of another length": of_other_length(archive(b"}.")),
}


@pytest.mark.parametrize("read", [torch_file.load, pretrained_weights.read], ids=["any", "weights"])
@pytest.mark.parametrize("name", HOSTILE)
def test_what_asks_for_more_than_it_holds_is_refused(tmp_path, name, read):
    path = tmp_path / "a.pt"
    path.write_bytes(HOSTILE[name])
    words = ("file of tensors", "make it") if read is torch_file.load else ("file of tensors", "get it", "expected")
    tracemalloc.start()
    with pytest.raises((UnsafeFile, ForeignFile), match=r"a\.pt"):
        read(path, *words)
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


@pytest.mark.parametrize("data", [SOUND, saved({"a": torch.ones(3)}, _use_new_zipfile_serialization=False)])
def test_what_torch_writes_is_read(tmp_path, data):
    path = tmp_path / "a.pt"
    path.write_bytes(data)
    assert isinstance(torch_file.load(path, "file", "", legacy=True)["a"], torch.Tensor)


@pytest.mark.parametrize("kind", [torch.uint16, torch.bfloat16, torch.complex64, torch.float8_e4m3fn, torch.bool])
def test_tensors_of_every_kind_are_read(tmp_path, kind):
    path = tmp_path / "a.pt"
    path.write_bytes(saved({"a": torch.ones(3).to(kind), "kind": kind, "where": torch.device("cpu")}))
    assert torch_file.load(path, "file", "")["a"].dtype == kind


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2])
def test_small_floats_become_arrays(kind):
    array = torch_file.as_array(torch.tensor([0.5, 1.0]).to(kind))
    assert array.dtype == np.float32 and array.tolist() == [0.5, 1.0]


def test_what_numpy_has_no_type_for_is_no_array():
    assert torch_file.as_array(torch.zeros(2, dtype=torch.uint3)) is None
    assert torch_file.as_array(torch.ones(2, dtype=torch.complex64).conj()) is None


def test_a_file_cut_anywhere_is_refused(tmp_path):
    path = tmp_path / "a.pt"
    for end in range(0, len(SOUND), 37):
        path.write_bytes(SOUND[:end])
        with pytest.raises(DisentoolError):
            torch_file.load(path, "file", "make it anew", legacy=True)
