"""Messages that reach a Python caller name arguments and functions, not options and commands."""

import re

import pytest
from conftest import DATA

import disentool
from disentool.api.wording import Arguments, worded
from disentool.errors import DisentoolError, Interrupted, MissingFile, OutputExists, UnknownName, WrongUsage

SWITCHES = Arguments(switches=("overwrite", "resume", "trust", "force", "strict"))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("--dims 9: z.h5 has dimensions 0 to 3", "dims 9: z.h5 has dimensions 0 to 3"),
        ("--range 5: expected less", "extent 5: expected less"),
        ("--factor-sizes: two", "factor_sizes: two"),
        ("--class 3: it has no classes", "classes 3: it has no classes"),
        ("--class-label a: none", "class_labels a: none"),
        ("--set class_factor=NAME says which", "class_factor=NAME says which"),
        ("a.h5: there; --overwrite replaces it, -o names another", "a.h5: there; overwrite=True replaces it,"
         " output names another"),
        ("--resume goes on with --no-skip", "resume=True goes on with skip=False"),
        ("train on, with --stage both", "train on, with stage='both'"),
        ("leave out --data, or --codes encoder", "leave out data, or codes_from='encoder'"),
        ("--preset quick or fewer --steps", "preset='quick' or fewer steps"),
        ("--stage latent: it has none", "stage latent: it has none"),
        ("--stage says which; --rows 5, --rows N and --rows N,N too", "stage says which; rows=5, rows and rows too"),
        ("resume it with `--gamma 40 --rows test --vgg none`", "resume it with gamma=40, rows='test', vgg=None"),
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


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda ckpt: disentool.load("none.pt"), MissingFile),
        (lambda ckpt: disentool.open_dataset("none.h5"), MissingFile),
        (lambda ckpt: disentool.open_dataset("celeba"), WrongUsage),
        (lambda ckpt: disentool.prepare("celeba", "o.h5"), MissingFile),
        (lambda ckpt: disentool.prepare("folder", "o.h5"), WrongUsage),
        (lambda ckpt: disentool.prepare("dsprites", "o.txt"), WrongUsage),
        (lambda ckpt: disentool.prepare("dsprites", "o.h5", csv="a.csv"), WrongUsage),
        (lambda ckpt: disentool.prepare("dsprites", "o.h5", keep={"size": [1]}), UnknownName),
        (lambda ckpt: disentool.train("vae", steps=3, epochs=2), WrongUsage),
        (lambda ckpt: disentool.train("vae", resume=True, overwrite=True), WrongUsage),
        (lambda ckpt: disentool.train("mlvae", batch_size=10, group_size=4), WrongUsage),
        (lambda ckpt: disentool.train("vae", latent_dim=[2, 3], output="o.pt"), WrongUsage),
        (lambda ckpt: disentool.encode(ckpt, "there.h5"), OutputExists),
        (lambda ckpt: disentool.encode(ckpt, "o.h5", rows="test"), DisentoolError),
        (lambda ckpt: disentool.encode(ckpt, "o.h5", codes_from="latent"), WrongUsage),
        (lambda ckpt: disentool.decode(ckpt, "there.h5", "o.h5"), DisentoolError),
        (lambda ckpt: disentool.sample(ckpt, "o.gif"), WrongUsage),
        (lambda ckpt: disentool.sample(ckpt, "o.png", direction="none.h5:zoom", t="0"), MissingFile),
        (lambda ckpt: disentool.find_direction(ckpt, "zoom", extent=5), WrongUsage),
        (lambda ckpt: disentool.find_direction(ckpt, "zoom", method="tangent", extent=0.1), WrongUsage),
        (lambda ckpt: disentool.find_direction(ckpt, "zoom", loss="dssim"), WrongUsage),
        (lambda ckpt: disentool.find_direction(ckpt, "zoom", truncation=0.4), WrongUsage),
        (lambda ckpt: disentool.find_direction(ckpt, "red"), DisentoolError),
        (lambda ckpt: disentool.find_direction("module:name", "zoom"), DisentoolError),
        (lambda ckpt: disentool.traverse(ckpt, "o.png", rows=[0], images=2), WrongUsage),
        (lambda ckpt: disentool.traverse(ckpt, "o.png", image="a.png", rows=[0]), WrongUsage),
        (lambda ckpt: disentool.traverse(ckpt, "o.png", dims=[7]), WrongUsage),
        (lambda ckpt: disentool.swap(ckpt, "o.png"), WrongUsage),
        (lambda ckpt: disentool.swap(ckpt, "o.png", dims=[0], steps=3), WrongUsage),
        (lambda ckpt: disentool.swap(ckpt, "o.png", dims=[0], average=True), WrongUsage),
        (lambda ckpt: disentool.swap(ckpt, "o.png", class_labels="7"), WrongUsage),
    ],
)
def test_errors_of_every_function_are_in_pythons_words(call, error, trained, folder):
    (folder / "there.h5").write_text("an output of before\n")
    with pytest.raises(error) as raised:
        call(trained)
    message = str(raised.value)
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
