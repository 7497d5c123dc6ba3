"""Every argument of the Python API: what it cannot be is refused by name, before anything is written."""

import inspect
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import square_grid
from python_messages import assert_worded, golden_sections

import disentool
from disentool.api.datasets import OwnOptions
from disentool.errors import DataMismatch, DisentoolError, UnknownName, WrongUsage

# Values that an argument of each kind cannot have.
NOT_A_NUMBER = (True, "3", [], [1], {}, object(), math.nan, math.inf, None)
NOT_WHOLE = (*NOT_A_NUMBER, 2.5, 2.0, np.float64(2.5), np.bool_(True), np.array([1]))
NOT_A_FLAG = (0, 1, 1.5, "yes", None, [], np.int64(1))
NOT_TEXT = (5, 2.5, True, "", b"a", [], ["a", 5], {}, object())
NOT_A_PATH = (*NOT_TEXT, "a\0b")
NOT_NUMBERS = (3, 0, True, "0-3", [], [1.5], [True], ["0"], [[0]], [None], {}, {0}, 2.5, np.array(3), np.array([0.5]))
NOT_A_DEVICE = ("gpu", 0, None, True, ["cpu"], "", "cpu:0:0", torch.device("cuda", 1))
NOT_NAMED = ("some", "", 0, True, ["all"], 2.5)
NOT_A_REPORTER = (1, True, "yes", [], print)
SEED = (*NOT_WHOLE, -1, 2**32)
DIMS = (*NOT_NUMBERS, [-1], [99], [0, 0])
ROWS = (*NOT_NUMBERS, [-1], [10**6])
SPANS = ("0:1", 1, [0, 1], [(0,)], [(0, "1")], [(0, math.nan)], [(0, 1, 2)], {}, True)
RUN = {"device": NOT_A_DEVICE, "trust": NOT_A_FLAG, "overwrite": NOT_A_FLAG, "report": NOT_A_REPORTER}
LISTS = tuple(
    value for value in NOT_NUMBERS if not isinstance(value, list) or value
)  # where an empty list stands for none

# Function -> argument -> values that it cannot have.
REFUSED = {
    "open_dataset": {"data": (*NOT_A_PATH, None), "report": NOT_A_REPORTER},
    "prepare": {
        "name": (*NOT_TEXT, None, "dsprite"),
        "output": (*NOT_A_PATH, None),
        "raw": NOT_A_PATH,
        "download": NOT_A_FLAG,
        "keep": (
            "shape=0",
            [("shape", [0])],
            {"shape": 0},
            {"shape": "0"},
            {"shape": []},
            {"shape": [0.5]},
            {0: [0]},
            {"shape": [None]},
            {"size": [0]},
            {"shape": [7]},
        ),
        "subset": tuple(v for v in (*NOT_WHOLE, 0, -1, 10**9) if v is not None),
        "seed": SEED,
        "compress": NOT_A_FLAG,
        "size": (64, "64", (64,), (0, 0), (64, 0), (-1, 64), (64, 64, 1), (64.0, 64), (True, 64), (64, 4097), [], {}),
        "grey": tuple(v for v in NOT_A_FLAG if v is not None),
        "split": (*NOT_TEXT, "half"),
        "overwrite": NOT_A_FLAG,
        "report": NOT_A_REPORTER,
        "csv": NOT_A_PATH,
        "strict": tuple(v for v in NOT_A_FLAG if v is not None),
        "images_key": NOT_TEXT,
        "factors_key": NOT_A_PATH,
        "bins": (0, 1, 2.5, True, "5", [], -3),
        "crop": (0, 2.5, True, "5", [], -3),
        "class_protocol": NOT_NAMED,
        "every": (0, 2.5, True, "5", [], -3),
    },
    "train": {
        "method": (*NOT_TEXT, None, "factorva"),
        "data": (*NOT_A_PATH, None),
        "output": NOT_A_PATH,
        "preset": (*NOT_TEXT, "best"),
        "config_file": NOT_A_PATH,
        "resume": NOT_A_FLAG,
        "overwrite": NOT_A_FLAG,
        "tensorboard": NOT_A_PATH,
        "report": NOT_A_REPORTER,
        "device": NOT_A_DEVICE,
        "seed": (-1, 1.5, True, math.nan, "x", [], [0, 1.5], {}, None, object()),
        "latent_dim": (0, -1, 2.5, True, math.nan, [], (), range(0), np.array([]), {}, {3}, None, [[]], [None]),
        "learning_rate": (0, -1.0, True, math.nan, math.inf, "much", [], {}, None),
        "deterministic": (0, 1, "yes", [], None),
    },
    "encode": RUN
    | {
        "checkpoint": (*NOT_A_PATH, None),
        "output": (*NOT_A_PATH, None),
        "image": (5, True, "", ["a.png", 5], {}, None),
        "data": NOT_A_PATH,
        "rows": (*NOT_NAMED, None),
        "codes_from": (*NOT_NAMED, None),
    },
    "decode": RUN
    | {
        "checkpoint": (*NOT_A_PATH, None),
        "latents": (*NOT_A_PATH, None),
        "output": (*NOT_A_PATH, None),
        "codes_key": (*NOT_TEXT, "none"),
        "rows": (*ROWS, [0, 0]),
    },
    "sample": RUN
    | {
        "checkpoint": (*NOT_A_PATH, None),
        "output": (*NOT_A_PATH, None),
        "count": (*NOT_WHOLE, 0, -1, 10**8),
        "direction": (5, True, "", ["a.h5:b", 5], {}, None),
        "t": (0.5, True, "", [0.5], {}, None),
        "classes": (*LISTS, None),
        "seed": SEED,
        "size": (*NOT_WHOLE, 0, -1, 7, 1025),
        "width": (*(v for v in NOT_A_NUMBER if v is not None), 0, -1, 19, 1001),
        "height": (*(v for v in NOT_A_NUMBER if v is not None), 0, -1, 19, 1001),
        "force": NOT_A_FLAG,
    },
    "find_direction": RUN
    | {
        "generator": (*NOT_A_PATH, None),
        "transform": (5, True, "", [], ["zoom", 5], {}, None, "shift", ["zoom", "zoom"]),
        "output": (*NOT_A_PATH, None),
        "method": (*NOT_TEXT, "best"),
        "loss": (*NOT_TEXT, None, "l1"),
        "sigma": (*(v for v in NOT_A_NUMBER if v is not None), 0, -1, 65),
        "starts": (*NOT_WHOLE, 0, -1, 4, 10**6),
        "extent": (*(v for v in NOT_A_NUMBER if v is not None), 0, -1, 100),
        "steps": (*(v for v in NOT_WHOLE if v is not None), 0, -1, 1001),
        "classes": (*LISTS, None, [3]),
        "truncation": (*(v for v in NOT_A_NUMBER if v is not None), 0.5),
        "space": (*NOT_TEXT, "both"),
        "seed": SEED,
        "force": NOT_A_FLAG,
    },
    "traverse": RUN
    | {
        "checkpoint": (*NOT_A_PATH, None),
        "output": (*NOT_A_PATH, None, ["a.png", 5]),
        "image": (5, True, "", ["a.png", 5], {}, None),
        "latents": NOT_A_PATH,
        "rows": ROWS,
        "data": NOT_A_PATH,
        "images": (*(v for v in NOT_WHOLE if v is not None), 0, -1, 17),
        "dims": DIMS,
        "extent": (*(v for v in NOT_A_NUMBER if v is not None), 0, -1, 101),
        "direction": (5, True, "", ["a.h5:b", 5], {}, None),
        "t": (*SPANS, None),
        "alpha": (*SPANS, None),
        "path": (*NOT_TEXT, None, "bent", "curved"),
        "classes": (*LISTS, None),
        "seed": SEED,
        "steps": (*(v for v in NOT_WHOLE if v is not None), 0, 1, -1, 102),
        "frames": (*NOT_WHOLE, 0, 1, 3, -2, 1002),
        "fps": (*NOT_A_NUMBER, 0, -1, 1000),
        "size": (*(v for v in NOT_WHOLE if v is not None), 0, -1, 15, 1025),
        "width": (*(v for v in NOT_A_NUMBER if v is not None), 0, -1, 19, 1001),
        "height": (*(v for v in NOT_A_NUMBER if v is not None), 0, -1, 19, 1001),
        "force": NOT_A_FLAG,
    },
    "swap": RUN
    | {
        "checkpoint": (*NOT_A_PATH, None),
        "output": (*NOT_A_PATH, None, ["a.png", 5]),
        "content": (5, True, "", ["a.png", 5], {}, None),
        "content_rows": (3, "3", 2.5, [1.5], [True], [[]], [0, [1]], [-1], [10**6], {}, None),
        "classes": (5, True, "", ["a.png", 5], {}, None),
        "class_rows": (3, "3", 2.5, [1.5], [True], [[]], [0, [1]], [-1], [10**6], {}, None),
        "class_labels": (5, True, "", ["a", 5], {}, None),
        "average": NOT_A_FLAG,
        "dims": DIMS,
        "interpolate": NOT_NAMED,
        "steps": (*(v for v in NOT_WHOLE if v is not None), 0, 1, -1, 1001),
        "codes_from": (*NOT_NAMED, None),
        "data": NOT_A_PATH,
        "strict": NOT_A_FLAG,
        "fps": (*(v for v in NOT_A_NUMBER if v is not None), 0, -1, 1000),
        "size": (*(v for v in NOT_WHOLE if v is not None), 0, -1, 15, 1025),
        "width": (*(v for v in NOT_A_NUMBER if v is not None), 0, -1, 19, 1001),
        "height": (*(v for v in NOT_A_NUMBER if v is not None), 0, -1, 19, 1001),
    },
    "load": {"checkpoint": (*NOT_A_PATH, None), "device": NOT_A_DEVICE, "trust": NOT_A_FLAG, "precision": NOT_NAMED},
    "score": {
        "codes": (3, None, "z", [[0.0]], {}),
        "factors": (3, "f", [[0]], {}),
        "metric": (5, None, True, "", [], {}, ["mig", 5], "mgi", "all", "mig,sap"),
        "protocol": (*NOT_TEXT, "dblib"),
        "seed": SEED,
        "logvar": (3, "v", [[0.0]], {}),
        "factor_names": ("abc", 5, True, [], ["a", 5, "c"], ["a"], ["a", "a", "b"], {}),
        "factor_sizes": (3, "388", 2.5, True, [], [4.5, 8, 8], [0, 8, 8], [True, 8, 8], [3], [1, 1, 1], {}),
        "repeats": (*NOT_WHOLE, 0, -1),
        "bootstrap": (*NOT_WHOLE, -1, 3),
        "constants": (3, "bins=3", [("bins", 3)], {0: 3}, {"bin": 3}, {"bins": 2.5}, {"bins": True}, {"bins": [3]}),
        "report": NOT_A_REPORTER,
    },
}
# Method of Model -> the same.
OF_A_MODEL = {
    "encode": {"images": (None, 3, "images", [[0]])},
    "posterior": {"images": (None, 3, "images", [[0]])},
    "encode_all": {"images": (None, 3, "images", [[0]])},
    "reconstruct": {"images": (None, 3, "images", [[0]])},
    "decode": {"codes": (None, 3, "codes", [[0.0]])},
    "sample": {"count": (*NOT_WHOLE, 0, -1, 10**8), "seed": SEED},
    "sample_codes": {"count": (*NOT_WHOLE, 0, -1, 10**8), "seed": SEED},
    "score": {
        "metric": (5, None, True, "", [], {}, ["mig", 5], "mgi", "all", "mig,sap", "control"),
        "data": (*NOT_A_PATH, np.zeros(3)),
        "rows": (*NOT_NAMED, None, "test"),
        "codes_from": (*NOT_NAMED, None, "latent"),
        "protocol": (*NOT_TEXT, "dblib"),
        "seed": SEED,
        "repeats": (*NOT_WHOLE, 0, -1),
        "bootstrap": (*NOT_WHOLE, -1, 3),
        "constants": (3, "bins=3", [("bins", 3)], {0: 3}, {"bin": 3}, {"bins": 2.5}, {"bins": True}),
        "baseline": (*NOT_NAMED, "trained"),
        "report": NOT_A_REPORTER,
    },
    "traverse": {
        "images": (3, "images", [[0]]),
        "codes": (3, "codes", [[0.0]]),
        "dims": (*DIMS, [0.5]),
        "extent": (*NOT_A_NUMBER, 0, -1, 101),
        "steps": (*NOT_WHOLE, 0, 1, -1, 1001),
    },
}


@pytest.fixture(scope="module")
def given(trained, squares, tmp_path_factory) -> dict[str, dict[str, object]]:
    """What each function is called with beside the argument in question."""
    folder = tmp_path_factory.mktemp("given")
    latents = disentool.encode(trained, folder / "z.h5", device="cpu")
    codes = np.random.default_rng(0).normal(size=(192, 3)).astype(np.float32)
    _, factors = square_grid()
    model = {"checkpoint": trained, "device": "cpu"}
    return {
        "open_dataset": {"data": squares},
        "prepare": {"name": "dsprites", "output": "o.h5"},
        "train": {"method": "factorvae", "data": squares, "device": "cpu"},
        "encode": model | {"output": "o.h5"},
        "decode": model | {"latents": latents, "output": "o.h5"},
        "sample": model | {"output": "o.png", "count": 2},
        "find_direction": {"generator": trained, "transform": "zoom", "device": "cpu"},
        "traverse": model | {"output": "o.gif"},
        "swap": model | {"output": "o.png", "dims": [0]},
        "load": model,
        "score": {"codes": codes, "factors": factors},
    }


# What an argument says something about only beside another.
BESIDE = {
    ("traverse", "t"): {"direction": "a.h5:b"},
    ("traverse", "alpha"): {"direction": "a.h5:b"},
    ("swap", "steps"): {"interpolate": "class"},
}
# In messages of the core.
OTHER_NAMES = {
    "name": "data set",
    "content_rows": "content",
    "class_rows": "class",
    "codes_key": "array",
    "factor_names": "names",
    "factor_sizes": "factor",
    "constants": "bins",
}


@pytest.mark.parametrize(("function", "argument"), [(f, a) for f, table in REFUSED.items() for a in table])
def test_what_an_argument_cannot_be_is_refused(function, argument, given, folder):
    values = REFUSED[function][argument]
    beside = given[function] | BESIDE.get((function, argument), {})
    wrong, said = faults(lambda value: getattr(disentool, function)(**beside | {argument: value}), argument, values)
    assert not wrong
    assert not list(folder.iterdir())
    assert_core_worded(f"{function} {argument}", said, given, folder)


@pytest.mark.parametrize(("method", "argument"), [(m, a) for m, table in OF_A_MODEL.items() for a in table])
def test_what_an_argument_of_a_model_cannot_be_is_refused(method, argument, trained, given, folder):
    model = disentool.load(trained, device="cpu")
    beside = {"count": 1} if method.startswith("sample") else {"metric": "mig"} if method == "score" else {}
    values = OF_A_MODEL[method][argument]
    wrong, said = faults(lambda value: getattr(model, method)(**beside | {argument: value}), argument, values)
    assert not wrong
    assert_core_worded(f"Model.{method} {argument}", said, given, folder)


def assert_core_worded(heading: str, said: list[str], given: dict[str, dict[str, object]], folder: Path) -> None:
    """The messages, but for those of the check by annotations, which are the same everywhere, are the golden file's."""
    own = f"WrongUsage: {heading.split()[1]}: expected "
    paths = given["load"]["checkpoint"], given["decode"]["latents"], given["open_dataset"]["data"]
    places = [*(Path(path).parent for path in paths), folder]
    assert_worded(heading, [message for message in said if not message.startswith(own)], places)


def test_the_golden_file_holds_no_other_arguments():
    kept = {heading for heading in golden_sections() if "(" not in heading}
    tables = REFUSED | {f"Model.{method}": table for method, table in OF_A_MODEL.items()}
    assert kept <= {f"{function} {argument}" for function, table in tables.items() for argument in table}


def faults(call, argument: str, values) -> tuple[list[str], list[str]]:
    """The values that are not refused with a named error, and what is said of the others.

    A message is one line that names the argument, in Python's words.
    """
    found, said = [], []
    names = [name.rstrip("s") for name in (argument, OTHER_NAMES.get(argument, argument))]
    for value in values:
        try:
            call(value)
        except DisentoolError as error:
            message = str(error)
            said.append(f"{type(error).__name__}: {message}")
            if not any(name in message for name in names) or any(sign in message for sign in ("--", "`", "\n")):
                found.append(f"{value!r}: {message}")
        except Exception as error:
            found.append(f"{value!r}: {type(error).__name__}: {error}")
        else:
            found.append(f"{value!r}: was taken")
    return found, said


def test_the_tables_hold_every_argument():
    functions = {name for name in disentool._OFFERED if inspect.isfunction(getattr(disentool, name))}
    assert functions == set(REFUSED)
    for name in functions:
        arguments = set(inspect.signature(getattr(disentool, name)).parameters) - {"options"}
        extra = set(OwnOptions.__annotations__) if name == "prepare" else set()
        assert arguments | extra <= set(REFUSED[name]), name
    for name, method in inspect.getmembers(disentool.Model, inspect.isfunction):
        arguments = set(inspect.signature(method).parameters) - {"self"}
        assert name.startswith("_") or arguments == set(OF_A_MODEL[name]), name


def test_a_refusal_says_what_was_expected_and_what_came(trained, folder):
    for call, words in (
        (lambda: disentool.prepare("dsprites", "o.h5", size=64), ("size", "pair of whole numbers", "64")),
        (lambda: disentool.prepare("dsprites", "o.h5", keep={"shape": 0}), ("keep", "dict", "lists", "{'shape': 0}")),
        (lambda: disentool.prepare("dsprites", "o.h5", seed=1.5), ("seed", "whole number", "4,294,967,295", "1.5")),
        (lambda: disentool.sample(trained, "o.png", size=0), ("size", "8 to 1,024", "got 0")),
        (lambda: disentool.swap(trained, "o.png", content_rows=3), ("content_rows", "list of whole numbers", "got 3")),
        (lambda: disentool.train("vae", latent_dim=[]), ("latent_dim", "list", "empty")),
        (lambda: disentool.train("vae", latent_dim=2.5), ("latent_dim", "whole number", "2.5")),
        (lambda: disentool.load(trained, report=1), ()),
    ):
        with pytest.raises(WrongUsage if words else TypeError) as refused:  # an unknown keyword is Python's to refuse
            call()
        assert not [word for word in words if word not in str(refused.value)], refused.value


def test_numbers_of_numpy_are_numbers(trained, squares, folder):
    one = np.int64(1)
    assert disentool.prepare("dsprites", "few.h5", keep={"shape": np.arange(1), "scale": (one,)}, subset=np.uint8(9))
    assert disentool.open_dataset("few.h5").factor_sizes[:2] == (1, 1)
    small = {"data": squares, "steps": one, "batch_size": np.int32(8), "hidden_units": np.int16(16), "device": "cpu"}
    made = disentool.train("vae", output="{latent_dim}.pt", latent_dim=np.array([2, 3]), **small)
    assert made == [Path("2.pt"), Path("3.pt")]
    disentool.train("vae", output="f.pt", deterministic=np.bool_(False), learning_rate=np.float32(1e-3), **small)
    assert disentool.sample(trained, "s.png", np.int64(2), seed=np.uint32(3), size=np.int16(32), device="cpu")
    shown = {"rows": np.arange(2), "dims": np.array([0, 1]), "extent": np.float32(2), "steps": np.int64(3)}
    assert disentool.traverse(trained, "t.png", **shown, fps=np.int64(5), size=np.int32(32), device="cpu")
    sides = {"content_rows": np.arange(2), "class_rows": np.array([[0, 1], [2, 3]]), "average": np.bool_(True)}
    assert disentool.swap(trained, "w.png", **sides, dims=range(1), device="cpu")
    model = disentool.load(trained, device="cpu")
    assert len(model.sample(np.int64(2), seed=np.int64(1))) == 2
    assert model.traverse(dims=np.array([1]), steps=np.int64(3), extent=np.float64(1)).shape[:3] == (1, 1, 3)
    images, factors = square_grid()
    counts = {"repeats": np.int64(2), "seed": np.int64(1), "factor_sizes": np.array([3, 8, 8]), "bootstrap": np.int8(0)}
    assert disentool.score(model.encode(images), factors, "mig", **counts, constants={"bins": np.int64(9)}).score >= 0


def test_a_device_of_torchs_is_taken_everywhere(trained, squares, folder):
    cpu = torch.device("cpu")
    assert disentool.load(trained, device=cpu).device == cpu
    assert disentool.load(trained, device=torch.device("cpu", 0)).device == cpu
    disentool.encode(trained, "z.h5", device=cpu)
    disentool.decode(trained, "z.h5", "d.h5", device=cpu)
    disentool.sample(trained, "s.png", 2, device=cpu)
    disentool.traverse(trained, "t.png", dims=[0], device=cpu)
    disentool.swap(trained, "w.png", dims=[0], device=cpu)
    disentool.find_direction(trained, "zoom", starts=5, method="tangent", force=True, device=cpu)
    disentool.train("vae", data=squares, steps=1, device=cpu)
    with pytest.raises(UnknownName, match="xpu"):
        disentool.load(trained, device=torch.device("xpu"))


@pytest.mark.filterwarnings("ignore:.*nested tensors")
@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: torch.zeros(2, 1, 32, 32, device="meta"), "data"),
        (lambda: torch.zeros(2, 1, 32, 32).to_sparse(), "sparse"),
        (lambda: torch.nested.nested_tensor([torch.zeros(1, 32, 32)]), "nested"),
        (lambda: np.ma.masked_array(np.zeros((2, 32, 32, 1), np.float32)), "mask"),
    ],
)
def test_arrays_without_all_their_numbers_are_refused(trained, make, word):
    tensor = make()
    model = disentool.load(trained, device="cpu")
    for call in (model.encode, model.decode, disentool.score, lambda given: model.traverse(codes=given)):
        with pytest.raises(DataMismatch, match=word):
            call(tensor)
