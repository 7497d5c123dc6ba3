"""Messages that reach a Python caller name arguments and functions, not options and commands."""

import re
from pathlib import Path

import pytest
from conftest import DATA, square_grid, write_dataset
from python_messages import assert_worded

import disentool
from disentool.api.wording import Arguments, worded
from disentool.errors import (
    DataMismatch,
    DisentoolError,
    Interrupted,
    MissingFile,
    OutputExists,
    UnknownName,
    WrongUsage,
)

SWITCHES = Arguments(switches=("overwrite", "resume", "trust", "force", "strict"))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("--dims 9: z.h5 has dimensions 0 to 3", "dims 9: z.h5 has dimensions 0 to 3"),
        ("--range 5: expected less", "extent 5: expected less"),
        ("--factor-sizes: two", "factor_sizes: two"),
        ("--class 3: it has no classes", "classes 3: it has no classes"),
        ("--class-label a: none", "class_labels a: none"),
        ("--set class_factor=NAME says which", "constants={'class_factor': ...} says which"),
        ("--set without=none keeps all", "constants={'without': None} keeps all"),
        ("--set bins=2.5: expected a whole number", "bins=2.5: expected a whole number"),
        ("a.h5: there; --overwrite replaces it, -o names another", "a.h5: there; overwrite=True replaces it,"
         " output names another"),
        ("--resume goes on with --no-skip", "resume=True goes on with skip=False"),
        ("train on, with --stage both", "train on, with stage='both'"),
        ("leave out --data, or --codes encoder", "leave out data, or codes_from='encoder'"),
        ("--preset quick or fewer --steps", "preset='quick' or fewer steps"),
        ("--stage latent: it has none", "stage latent: it has none"),
        ("--stage says which; --rows 5, --rows N and --rows N,N too", "stage says which; rows=5, rows and rows too"),
        ("with `--gamma 40 --rows test --no-skip --vgg none`", "with gamma=40, rows='test', skip=False, vgg=None"),
        ("a.pt: none; `disentool train factorvae` writes ./ckpt.pt", "a.pt: none; disentool.train writes ./ckpt.pt"),
        ("a.h5: no split; `disentool prepare --split` makes one", "a.h5: no split; disentool.prepare(split=...) makes"
         " one"),
        ("small; `prepare --size` resizes", "small; disentool.prepare(size=...) resizes"),
        ("a.h5: none; `disentool prepare --list` names them", "a.h5: none"),
        ("a.h5: neither; see `disentool info a.h5`", "a.h5: neither"),
        ("it failed: oh (--debug shows where)", "it failed: oh"),
        ("a:b: no module a; PYTHONPATH=FOLDER adds one", "a:b: no module a"),
        ("unknown method '--steps'; did you mean x?", "unknown method '--steps'; did you mean x?"),
        ("./--rows.h5: no such file, a--b.pt too", "./--rows.h5: no such file, a--b.pt too"),
        ("the direction's unit, --t and the prior's", "the direction's unit, t and the prior's"),
    ],
)  # fmt: skip
def test_options_become_arguments(message, expected):
    assert worded(message, SWITCHES) == expected
    assert worded(expected, SWITCHES) == expected


def test_no_message_of_the_command_line_keeps_a_shells_words():
    """The golden file of messages, but for those that click makes."""
    golden = (DATA / "messages.txt").read_text(encoding="utf-8")
    seen = 0
    for line in golden.splitlines():
        if not line.startswith("disentool: ") or "--help`" in line:
            continue
        text = re.sub(r"'[^']*'", "", worded(line.removeprefix("disentool: "), SWITCHES))
        assert "--" not in text, line
        assert "`" not in text, line
        assert " -o" not in text, line
        seen += "--" in line
    assert seen > 20


@pytest.fixture(scope="module")
def lord(squares, tmp_path_factory) -> Path:
    """A checkpoint whose encoders are not trained yet."""
    options = {"class_factor": "size", "class_dim": 2, "content_dim": 2, "width": 16, "reconstruction": "pixel"}
    run = {"steps": 2, "stage": "latent", "batch_size": 8, "data": squares, "device": "cpu"}
    return disentool.train("lord", output=tmp_path_factory.mktemp("lord") / "lord.pt", **options, **run)[0]


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> Path:
    """Other data than the checkpoints were trained on."""
    shown, factors = square_grid()
    return write_dataset(tmp_path_factory.mktemp("other") / "other.h5", 255 - shown, factors)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ('disentool.load("none.pt")', MissingFile),
        ('disentool.open_dataset("none.h5")', MissingFile),
        ('disentool.open_dataset("celeba")', WrongUsage),
        ('disentool.prepare("celeba", "o.h5")', MissingFile),
        ('disentool.prepare("folder", "o.h5")', WrongUsage),
        ('disentool.prepare("dsprites", "o.txt")', WrongUsage),
        ('disentool.prepare("dsprites", "o.h5", csv="a.csv")', WrongUsage),
        ('disentool.prepare("dsprites", "o.h5", keep={"size": [1]})', UnknownName),
        ('disentool.train("vae", steps=3, epochs=2)', WrongUsage),
        ('disentool.train("vae", resume=True, overwrite=True)', WrongUsage),
        ('disentool.train("mlvae", batch_size=10, group_size=4)', WrongUsage),
        ('disentool.train("vae", latent_dim=[2, 3], output="o.pt")', WrongUsage),
        ('disentool.encode(ckpt, "there.h5")', OutputExists),
        ('disentool.encode(ckpt, "o.h5", rows="test")', DisentoolError),
        ('disentool.encode(ckpt, "o.h5", codes_from="latent")', WrongUsage),
        ('disentool.decode(ckpt, "there.h5", "o.h5")', DisentoolError),
        ('disentool.sample(ckpt, "o.gif")', WrongUsage),
        ('disentool.sample(ckpt, "o.png", direction="none.h5:zoom", t="0")', MissingFile),
        ('disentool.find_direction(ckpt, "zoom", extent=5)', WrongUsage),
        ('disentool.find_direction(ckpt, "zoom", method="tangent", extent=0.1)', WrongUsage),
        ('disentool.find_direction(ckpt, "zoom", loss="dssim")', WrongUsage),
        ('disentool.find_direction(ckpt, "zoom", truncation=0.4)', WrongUsage),
        ('disentool.find_direction(ckpt, "red")', DisentoolError),
        ('disentool.find_direction("module:name", "zoom")', DisentoolError),
        ('disentool.traverse(ckpt, "o.png", rows=[0], images=2)', WrongUsage),
        ('disentool.traverse(ckpt, "o.png", image="a.png", rows=[0])', WrongUsage),
        ('disentool.traverse(ckpt, "o.png", dims=[7])', WrongUsage),
        ('disentool.load(ckpt).score("udr")', DataMismatch),
        ('disentool.load(ckpt).score("transfer")', WrongUsage),
        ('disentool.load(ckpt).score("mig", data="celeba")', WrongUsage),
        ('disentool.load(ckpt).score("mig", rows="test")', DataMismatch),
        ("disentool.load(lord).encode(images)", WrongUsage),
        ('disentool.load(lord).score("mig", codes_from="encoder")', WrongUsage),
        ('disentool.load(lord).score("mig", codes_from="latent", data=other)', DataMismatch),
        ('disentool.encode(lord, "o.h5", codes_from="encoder")', WrongUsage),
        ('disentool.encode(lord, "o.h5", image="none.png")', DisentoolError),
        ('disentool.train("lord", output="l.pt", data="there.h5", stage="amortize")', DisentoolError),
        ('disentool.train("factorvae", data=squares, output=ckpt, resume=True, gamma=7, device="cpu")', DataMismatch),
        ('disentool.train("vae", data=squares, output=ckpt, resume=True, device="cpu")', DataMismatch),
        ('disentool.train("lord", data=squares, reconstruction="pixel", vgg="v.pth")', WrongUsage),
        ('disentool.swap(ckpt, "o.png")', WrongUsage),
        ('disentool.swap(ckpt, "o.png", dims=[0], steps=3)', WrongUsage),
        ('disentool.swap(ckpt, "o.png", dims=[0], average=True)', WrongUsage),
        ('disentool.swap(ckpt, "o.png", class_labels="7")', WrongUsage),
    ],
)
def test_errors_of_every_function_are_in_pythons_words(call, error, trained, squares, other, lord, folder):
    """``call`` is code, so that the golden file can show it."""
    (folder / "there.h5").write_text("an output of before\n")
    files = {"ckpt": trained, "squares": squares, "other": other, "lord": lord}
    with pytest.raises(error) as raised:
        eval(call, files | {"disentool": disentool, "images": square_grid()[0]})
    message = str(raised.value)
    assert_worded(call, [message], [*(path.parent for path in files.values()), folder])
    assert not re.search(r"--|`|(?<!\w)-o\b", message), message
    assert {path.name for path in folder.iterdir()} - {"cache"} == {"there.h5"}


def test_notes_are_in_pythons_words(squares, folder):
    notes = []

    class Listening:
        note = error = staticmethod(notes.append)
        task = staticmethod(lambda *args: pytest.fail("nothing is long enough"))

    disentool.prepare("array", "split.h5", raw=squares, split="rows:0.5")
    with pytest.raises(BaseException, match="nothing is long"):
        disentool.train("vae", data="split.h5", steps=1, device="cpu", report=Listening())
    assert notes
    assert not [note for note in notes if "--" in note]


def test_the_class_of_an_error_and_what_it_knows_stay():
    from disentool.api.wording import in_python

    for made in (UnknownName("option", "x", ["--y"]), Interrupted(15, "stopped; --resume goes on")):
        code = made.exit_code
        with pytest.raises(type(made)) as raised, in_python(SWITCHES):
            raise made
        assert raised.value is made
        assert made.exit_code == code
        assert "--" not in str(made)
