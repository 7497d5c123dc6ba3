"""Data sets that were prepared before are prepared again, and keep what they say of themselves."""

from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from disentool.io import dataset

WORDS = ("dog", "cat", "emu")


def pictures(folder: Path) -> None:
    """Four pictures each of three classes, grey by class and picture, and a table of a measurement."""
    rows = ["file,x"]
    for number, word in enumerate(WORDS):
        (folder / "in" / word).mkdir(parents=True)
        for each in range(4):
            Image.new("L", (16, 16), 20 * number + each).save(folder / "in" / word / f"{each}.png")
            rows.append(f"{word}/{each}.png,{0.25 * (4 * number + each)}")
    (folder / "x.csv").write_text("\n".join(rows))


def facts(path: str) -> dict:
    """All that a file says, but where it comes from."""
    with h5py.File(path) as file:
        found = {name: np.asarray(value).tolist() for name, value in file.attrs.items()}
        arrays = {}
        file.visititems(lambda name, item: arrays.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
    apart = ("command", "content_sha256", "source")
    return {name: value for name, value in found.items() if name not in apart} | {
        name: values.tolist() for name, values in arrays.items() if name != "images"
    }


def test_names_split_and_measurements_are_kept(cli, folder):
    pictures(folder)
    cli("prepare", "in", "--split", "rows:0.25", "-o", "a.h5").printed("a.h5")
    done = cli("prepare", "a.h5", "--size", 32, "--compress", "-o", "b.h5")
    done.printed("b.h5")
    assert facts("b.h5") == facts("a.h5") and dataset.read(Path("b.h5")).images.shape == (12, 32, 32, 1)
    assert "resized from 16x16" in done.err and "3 for testing" in done.err
    cli("prepare", "in", "--csv", "x.csv", "--bins", 3, "-o", "c.h5").printed("c.h5")
    cli("prepare", "c.h5", "-o", "d.h5").printed("d.h5")
    first, second = (dataset.read(Path(name)) for name in ("c.h5", "d.h5"))
    assert facts("d.h5") == facts("c.h5") and first.content_sha256 == second.content_sha256
    assert "continuous/x" in facts("d.h5") and facts("d.h5")["binning"] != "{}"


def test_a_part_is_kept_by_the_words_and_the_numbers(cli, folder):
    pictures(folder)
    cli("prepare", "in", "-o", "a.h5").printed("a.h5")
    cli("prepare", "a.h5", "--keep", "class=emu,cat", "-o", "b.h5").printed("b.h5")
    data = dataset.read(Path("b.h5"))
    assert data.class_names == {"class": ["cat", "emu"]} and set(data.images[:, 0, 0, 0]) == {
        *range(20, 24),
        *range(40, 44),
    }
    cli("prepare", "in", "--csv", "x.csv", "--bins", 3, "-o", "c.h5").printed("c.h5")
    cli("prepare", "c.h5", "--keep", "x=0-0.5,2.75", "-o", "d.h5").printed("d.h5")
    assert facts("d.h5")["continuous/x"] == [0.0, 0.25, 0.5, 2.75]
    cli("prepare", "a.h5", "--subset", 5, "--split", "rows:2", "-o", "e.h5").printed("e.h5")
    cli("prepare", "e.h5", "--split", "rows:1", "-o", "f.h5").printed("f.h5")
    assert dataset.read(Path("f.h5")).split.sum() == 1


def test_a_rendered_grid_stays_one(cli, folder):
    keep = ("--keep", "shape=0", "--keep", "scale=0,5", "--keep", "orientation=0", "--keep", "pos_x=0,9,31")
    cli("prepare", "dsprites", *keep, "--size", 16, "-o", "a.h5").printed("a.h5")
    cli("prepare", "a.h5", "--keep", "pos_x=1-2", "-o", "b.h5").printed("b.h5")
    whole, part = (dataset.read(Path(name)) for name in ("a.h5", "b.h5"))
    assert whole.grid and part.grid and part.factor_sizes == (1, 2, 1, 2, 32)
    rows = whole.factors[:, 3] > 0
    assert np.array_equal(part.images, whole.images[rows])
    assert part.factor_values["pos_x"].tolist() == whole.factor_values["pos_x"][1:].tolist()
    cli("prepare", "array", "--from", "a.h5", "-o", "c.h5").printed("c.h5")
    assert dataset.read(Path("c.h5")).content_sha256 == whole.content_sha256


def test_what_is_no_part_of_a_data_set_is_named(cli, folder):
    pictures(folder)
    cli("prepare", "in", "--csv", "x.csv", "--bins", 3, "-o", "a.h5").printed("a.h5")
    with h5py.File("a.h5", "a") as file:
        file["codes"] = np.zeros((12, 2), np.float32)
    assert "codes" in cli("prepare", "a.h5", "-o", "b.h5").err
    with h5py.File("a.h5", "a") as file:
        del file["continuous/x"]
        file["continuous/x"] = np.zeros(3)
    cli("prepare", "a.h5", "-o", "c.h5").failed(1, "continuous/x")
    cli("prepare", "prepared", "-o", "c.h5").failed(2, "--from")


def test_measured_numbers_are_cut_anew(cli, folder):
    pictures(folder)
    cli("prepare", "in", "--csv", "x.csv", "--bins", 3, "--split", "rows:3", "-o", "a.h5").printed("a.h5")
    cli("prepare", "in", "--csv", "x.csv", "--bins", 4, "--split", "rows:3", "-o", "b.h5").printed("b.h5")
    done = cli("prepare", "a.h5", "--bins", 4, "-o", "c.h5")
    done.printed("c.h5")
    assert facts("c.h5") == facts("b.h5") and "4 bins" in done.err
    cli("prepare", "a.h5", "--bins", 20, "-o", "d.h5").printed("d.h5")
    assert facts("d.h5")["factor_sizes"] == [12] and "continuous/x" not in facts("d.h5")
    cli("prepare", "in", "-o", "e.h5").printed("e.h5")
    cli("prepare", "e.h5", "--bins", 4, "-o", "no.h5").failed(2, "--bins")


def test_numbers_of_few_bits_are_as_they_were_written(cli, folder):
    labels = np.arange(60, dtype=np.float32) % 5 / 10 + np.float32(0.1)
    np.savez("f.npz", images=np.zeros((60, 8, 8), np.uint8), labels=labels)
    cli("prepare", "f.npz", "-o", "a.h5").printed("a.h5")
    assert dataset.read(Path("a.h5")).factor_values["labels"].tolist() == [0.1, 0.2, 0.3, 0.4, 0.5]
    cli("prepare", "a.h5", "--keep", "labels=0.1-0.3", "-o", "b.h5").printed("b.h5")
    assert dataset.read(Path("b.h5")).factor_sizes == (3,)
