"""What -o may name, of every command that has it; and files that are given in the place of others."""

import pytest

from disentool.cli.words import on_lines

OUTPUTS = [
    "prepare dsprites -o",
    "prepare dsprites --preview",
    "train vae -o",
    "encode -o",
    "decode ckpt.pt z.h5 -o",
    "sample -o",
    "traverse -o",
    "traverse --gif",
    "traverse --html",
    "swap --dims 0 -o",
    "swap --dims 0 --gif",
    "find-direction --transform shift-x -o",
    "invert -o",
    "plot history a.jsonl -o",
    "report . -o",
    "export -o",
]


@pytest.mark.parametrize("command", OUTPUTS)
@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_stdout_is_no_output_of_any_command(cli, folder, trained, command, name):
    """No folder of this name, no replaced link, no file for another kind of thing."""
    (folder / "ckpt.pt").write_bytes(trained.read_bytes())
    why = ("stdout",) if command.endswith("-o") else ()
    cli(*command.split(), name).failed(2, *why)
    cli(*command.split(), name, "--overwrite").failed(2, *why)
    assert [path.name for path in folder.iterdir()] == ["ckpt.pt"]


@pytest.mark.parametrize("name", ["q.txt", "q.csv", "q.npz", "q.PNG", "q.pt", "q.jsonl", "{stem}.mat"])
def test_codes_and_directions_are_written_under_no_name_of_another_kind(cli, folder, trained, name):
    (folder / "ckpt.pt").write_bytes(trained.read_bytes())
    cli("encode", "-o", name).failed(2, ".h5")
    if "{" not in name:
        cli("find-direction", "--transform", "shift-x", "-o", name).failed(2, ".h5")
    assert [path.name for path in folder.iterdir()] == ["ckpt.pt"]


def test_the_suffixes_that_there_are_are_named(cli, folder, trained):
    cli("sample", trained, "-o", "a.jpg").failed(2, ".png", ".h5")


@pytest.mark.parametrize(("command", "output"), [("traverse", "a.png"), ("encode", "a.h5"), ("sample", "a.png")])
def test_a_data_set_in_the_place_of_a_checkpoint(cli, folder, squares, command, output):
    cli(command, squares, "-o", output).failed(1, "--data")


@pytest.mark.parametrize("command", ["traverse", "swap", "invert"])
def test_a_wrong_input_is_said_before_a_missing_output(cli, folder, trained, squares, command):
    (folder / "photos").mkdir()
    (folder / "a.csv").write_text("file,class\n")
    for name, code, words in (
        ("nothere.pt", 1, ("nothere.pt", "train")),
        ("photos", 1, ("photos", "folder")),
        ("a.csv", 1, ("a.csv", "checkpoint")),
        (squares, 1, ("--data",)),
        (trained, 2, ("write",)),
    ):
        cli(command, name).failed(code, *words)


def test_a_folder_of_pictures_is_no_file_that_tells_of_itself(cli, folder):
    (folder / "my photos").mkdir()
    cli("info", "my photos").failed(1, "prepare", "'my photos'")


@pytest.mark.parametrize("name", ["labels", "annotations", "metadata", "attributes"])
def test_other_names_of_the_option_csv(cli, folder, name):
    cli("prepare", "folder", "photos", f"--{name}", "a.csv").failed(2, "--csv")


class Terminal:
    def isatty(self):
        return True

    def fileno(self):
        raise OSError


def test_no_option_is_broken_over_lines_of_a_terminal():
    line = "disentool: ckpt.pt: " + " ".join(f"--learning-rate 0.00{i}, not --batch-size {i}" for i in range(30))
    lines = on_lines(line, Terminal()).split("\n")
    assert len(lines) > 5 and max(map(len, lines)) < 80
    assert all(not each.endswith(("--learning-rate", "--batch-size", "-", "--batch", "--learning")) for each in lines)
    assert " ".join(lines) == line
    assert on_lines("disentool: short", Terminal()) == "disentool: short"
