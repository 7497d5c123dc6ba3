"""Data sets published as pictures (CelebA, 3D Chairs, 3D Faces, RaFD, edges2shoes), in the publishers' layouts."""

import itertools
import re

import numpy as np
import pytest
from raw_files import decoded, encoded, picture, shrunk, write_folder, write_tar, write_zip

from disentool.commands.prepare import prepare
from disentool.datasets import celeba, chairs, edges2shoes, faces, picture_sizes, rafd
from disentool.errors import MissingFile, UnsafeFile, WrongUsage
from disentool.io import archive, dataset, published_images


def images_of(source, rows=None):
    return np.concatenate(list(source.images(None if rows is None else np.asarray(rows))))


def consistent(source, some):
    """Whole and rows agree, the shape is true, factors are within their sizes. Returns all images."""
    whole = images_of(source)
    assert whole.shape == source.shape
    assert whole.dtype == np.uint8
    np.testing.assert_array_equal(images_of(source, some), whole[some])
    factors = source.factors(None)
    np.testing.assert_array_equal(source.factors(np.asarray(some)), factors[some])
    assert factors.dtype == np.int32
    assert factors.shape == (len(whole), len(source.factor_sizes))
    assert factors.size == 0 or (factors.min() >= 0 and (factors.max(axis=0) < source.factor_sizes).all())
    assert all(len(v) == source.factor_sizes[source.factor_names.index(n)] for n, v in source.factor_values.items())
    assert all(len(v) == source.factor_sizes[source.factor_names.index(n)] for n, v in source.class_names.items())
    if source.grid:
        np.testing.assert_array_equal(np.ravel_multi_index(factors.T, source.factor_sizes), np.arange(len(whole)))
    return whole


def cli_rejects(cli, tmp_path, name, path, *words, code=1):
    cli("prepare", name, "--from", path, "-o", tmp_path / "out.h5").failed(code, *words)
    assert not (tmp_path / "out.h5").exists()


# ---- CelebA

ATTRIBUTES = ("5_o_Clock_Shadow", "Smiling", "Young")


def celeba_files(count=6) -> tuple[dict[str, bytes], dict[str, bytes], np.ndarray]:
    """Images as in the zip, the lists, and the attributes."""
    jpgs = {f"img_align_celeba/{i:06}.jpg": encoded(picture(i, 218, 178), "JPEG") for i in range(1, count + 1)}
    attributes = np.random.default_rng(0).integers(0, 2, (count, len(ATTRIBUTES)))
    identity = [2880, 2937, 8692, 2880, 17, 2937][:count]
    rows = [" ".join(f"{v:2}" for v in row) for row in attributes * 2 - 1]
    lists = {
        celeba.IDENTITIES: "".join(f"{i + 1:06}.jpg {identity[i]}\n" for i in range(count)),
        celeba.ATTRIBUTES: f"{count}\n{' '.join(ATTRIBUTES)} \n"
        + "".join(f"{i + 1:06}.jpg {row}\n" for i, row in enumerate(rows)),
        celeba.PARTITION: "".join(f"{i + 1:06}.jpg {(0, 0, 0, 1, 2, 2)[i]}\n" for i in range(count)),
    }
    return jpgs, {name: text.encode() for name, text in lists.items()}, attributes


def test_celeba(tmp_path):
    jpgs, lists, attributes = celeba_files()
    write_zip(tmp_path / "a" / "img_align_celeba.zip", jpgs) if (tmp_path / "a").mkdir() is None else None
    write_folder(tmp_path / "a", lists)
    source = celeba.open_source(tmp_path / "a" / "img_align_celeba.zip")
    images = consistent(source, [0, 2, 2, 5])
    assert source.shape == (6, 64, 64, 3)
    for row, data in enumerate(jpgs.values()):
        np.testing.assert_array_equal(images[row], shrunk(decoded(data)[35:183, 15:163]))  # 148 in the middle
    assert source.factor_names == ("identity", "5_o_clock_shadow", "smiling", "young")
    assert source.factor_sizes == (4, 2, 2, 2)
    assert source.factor_values["identity"].tolist() == [17, 2880, 2937, 8692]
    assert source.factors(None)[:, 0].tolist() == [1, 2, 3, 1, 0, 2]
    np.testing.assert_array_equal(source.factors(None)[:, 1:], attributes)
    assert source.split.tolist() == [0, 0, 0, 0, 1, 1]
    assert source.notes == ()
    assert all(name in source.source for name in ("img_align_celeba.zip sha256:", "identity_CelebA.txt sha256:"))
    lord = images_of(celeba.open_source(tmp_path / "a", crop=128))
    np.testing.assert_array_equal(lord[3], shrunk(decoded(jpgs["img_align_celeba/000004.jpg"])[45:173, 25:153]))
    unpacked = celeba.open_source(write_folder(tmp_path / "b", jpgs | lists))
    np.testing.assert_array_equal(images_of(unpacked), images)
    assert celeba.open_source(tmp_path / "b", size=(32, 32)).shape == (6, 32, 32, 3)


def test_celeba_without_lists(tmp_path, cli):
    jpgs, lists, _ = celeba_files()
    folder = write_folder(tmp_path / "celeba", jpgs)
    outcome = cli("prepare", "celeba", "--from", folder, "--crop", 128, "-o", tmp_path / "a.h5")
    outcome.printed(tmp_path / "a.h5")
    assert "identity_CelebA.txt" in outcome.err
    found = dataset.read(tmp_path / "a.h5")
    assert found.factors is None
    assert "centre 128 to 64x64" in found.source
    write_folder(folder, {celeba.IDENTITIES: lists[celeba.IDENTITIES]})
    assert celeba.open_source(folder).factor_names == ("identity",)


def test_celeba_that_is_not(tmp_path, cli):
    jpgs, lists, _ = celeba_files()
    identities, attributes = lists[celeba.IDENTITIES], lists[celeba.ATTRIBUTES]
    jpg = jpgs["img_align_celeba/000002.jpg"]
    cases = {
        "000006.jpg": {celeba.IDENTITIES: identities[: -len("000006.jpg 2937\n")]},
        "line 1": {celeba.IDENTITIES: b"000001.jpg \n" + identities},
        "line 3": {celeba.ATTRIBUTES: attributes.replace(b"000001.jpg ", b"000001.jpg 1 ")},
        "-1 and 1": {celeba.ATTRIBUTES: attributes.replace(b"-1", b" 0")},
        "of names": {celeba.ATTRIBUTES: identities},
        "64x64 pixels": {"img_align_celeba/000002.jpg": encoded(picture(0, 64, 64), "JPEG")},
        "picture": {"img_align_celeba/000002.jpg": jpg[: len(jpg) // 2]},
        "img_celeba/000001.jpg": {"img_celeba/000001.jpg": jpg},
    }
    for number, (problem, change) in enumerate(cases.items()):
        folder = write_folder(tmp_path / str(number), jpgs | lists | change)
        cli_rejects(cli, tmp_path, "celeba", folder, problem)
    with pytest.raises(WrongUsage, match="--crop 200"):
        celeba.open_source(folder, crop=200)


def as_csv(text: bytes, header: str = "") -> bytes:
    """A published list as a mirror has it."""
    lines = text.decode().splitlines()
    names = header or ",".join(["image_id", *lines[1].split()])
    return "\r\n".join([names, *(",".join(line.split()) for line in lines[0 if header else 2 :]), ""]).encode()


CHANGES = {
    "quotes": lambda text: re.sub(r"[^,\r\n]+", r'"\g<0>"', text),
    "row numbers": lambda text: "".join(f"{i or ''},{line}\n" for i, line in enumerate(text.splitlines())),
    "semicolons": lambda text: text.replace(",", ";"),
    "0 and 1": lambda text: text.replace("-1", "0"),
    "no suffix": lambda text: text.replace(".jpg", ""),
}


@pytest.mark.parametrize("change", CHANGES)
def test_celeba_with_lists_as_programs_write_them(tmp_path, change):
    jpgs, lists, _ = celeba_files()
    published = celeba.open_source(write_folder(tmp_path / "a", jpgs | lists))
    changed = {
        "identity_celeba.CSV": as_csv(lists[celeba.IDENTITIES], "image_id,identity"),
        "List_Attr_CelebA.csv": as_csv(lists[celeba.ATTRIBUTES]),
    }
    texts = {name: CHANGES[change](text.decode()).encode() for name, text in changed.items()}
    found = celeba.open_source(write_folder(tmp_path / "b", jpgs | texts))
    assert found.factor_names == published.factor_names
    np.testing.assert_array_equal(found.factors(None), published.factors(None))


def test_celeba_with_lists_as_utf_16_and_without_suffixes(tmp_path):
    jpgs, lists, _ = celeba_files()
    published = celeba.open_source(write_folder(tmp_path / "a", jpgs | lists))
    for folder, change in (("b", lambda text: text.encode("utf-16")), ("c", lambda t: t.replace(".jpg", "").encode())):
        texts = {name: change(text.decode()) for name, text in lists.items()}
        found = celeba.open_source(write_folder(tmp_path / folder, jpgs | texts))
        np.testing.assert_array_equal(found.factors(None), published.factors(None))
        np.testing.assert_array_equal(found.split, published.split)


def test_what_is_said_of_square_images():
    assert picture_sizes.square_made(96, (96, 96)) == ""
    assert picture_sizes.square_made(96, (64, 64)) == "resized from 96x96 to 64x64"
    assert picture_sizes.square_made(None, (32, 64)) == "cropped about its centre and resized to 32x64"


def test_celeba_with_lists_as_csv(tmp_path):
    jpgs, lists, _ = celeba_files()
    published = celeba.open_source(write_folder(tmp_path / "a", jpgs | lists))
    mirrored = {
        "identity_CelebA.csv": as_csv(lists[celeba.IDENTITIES], "image_id,identity"),
        "list_attr_celeba.csv": as_csv(lists[celeba.ATTRIBUTES]),
        "list_eval_partition.csv": as_csv(lists[celeba.PARTITION], "image_id,partition"),
    }
    nested = {f"img_align_celeba/{name}": data for name, data in jpgs.items()}
    beside = write_folder(tmp_path / "b", nested | mirrored)
    for path in (beside, beside / "img_align_celeba"):
        source = celeba.open_source(path)
        assert source.factor_names == published.factor_names and source.notes == ()
        np.testing.assert_array_equal(source.factors(None), published.factors(None))
        np.testing.assert_array_equal(source.split, published.split)
    write_folder(beside, {celeba.ATTRIBUTES: lists[celeba.ATTRIBUTES]})  # beside the CSV: the published one
    np.testing.assert_array_equal(celeba.open_source(beside).factors(None), published.factors(None))


def test_celeba_as_png(tmp_path, cli):
    jpgs, lists, _ = celeba_files()
    pngs = {f"img_align_celeba_png/{i:06}.png": encoded(picture(i, 218, 178), "PNG") for i in range(1, 7)}
    source = celeba.open_source(write_folder(tmp_path / "a", pngs | lists))
    assert source.factors(None)[:, 0].tolist() == [1, 2, 3, 1, 0, 2]
    np.testing.assert_array_equal(images_of(source)[2], shrunk(picture(3, 218, 178)[35:183, 15:163]))
    both = write_folder(tmp_path / "b", pngs | jpgs | lists)
    cli_rejects(cli, tmp_path, "celeba", both, "000001")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r\n", 3),
        lambda text: text.replace("\n", "\r", 2).replace("\n", "\n\n", 1),
        lambda text: "image_id identity\n" + text,
        lambda text: "6\n" + text,
        lambda text: "\ufeff6\r\nimage_id,identity\r\n" + text.replace(" ", "\t"),
        lambda text: text.rstrip("\n"),
    ],
)
def test_identities_of_celeba_as_downloads_have_them(tmp_path, change):
    jpgs, lists, _ = celeba_files()
    lists[celeba.IDENTITIES] = change(lists[celeba.IDENTITIES].decode()).encode()
    source = celeba.open_source(write_folder(tmp_path / "a", jpgs | lists))
    assert source.factors(None)[:, 0].tolist() == [1, 2, 3, 1, 0, 2]
    assert source.factor_values["identity"].tolist() == [17, 2880, 2937, 8692]


# ---- 3D Chairs


def chair_files() -> dict[str, bytes]:
    """Two models of two elevations and three azimuths, named as published, and the list that is not read."""
    files = {"rendered_chairs/all_chair_names.mat": b"never opened"}
    for seed, model in enumerate(("d1ef2c8f4ffaab6c94f1f0a0bd8a8d2b", "1028b32dc1873c2afe26a3ac360dbd4")):
        views = itertools.product((20, 30), (11, 232, 349))
        for view, (elevation, azimuth) in enumerate(views):
            name = f"rendered_chairs/{model}/renders/image_{view + 1:03}_p{elevation:03}_t{azimuth:03}_r096.png"
            files[name] = encoded(picture(10 * seed + view, 150, 150), "PNG")
    return files


def test_chairs(tmp_path):
    files = chair_files()
    source = chairs.open_source(write_tar(tmp_path / "rendered_chairs.tar", files))
    images = consistent(source, [0, 7, 7, 11])
    assert source.grid
    assert source.factor_names == ("model", "elevation", "azimuth")
    assert source.factor_sizes == (2, 2, 3)
    assert source.factor_values["elevation"].tolist() == [20, 30]
    assert source.factor_values["azimuth"].tolist() == [11, 232, 349]
    np.testing.assert_array_equal(images[0], shrunk(picture(10, 150, 150)))  # the model whose name sorts first
    np.testing.assert_array_equal(images[6 + 4], shrunk(picture(4, 150, 150)))
    unpacked = chairs.open_source(write_folder(tmp_path / "folder", files))
    np.testing.assert_array_equal(images_of(unpacked), images)
    # Shuffled in a compressed archive, and read in small passes: the same file.
    names = np.random.default_rng(0).permutation(sorted(files))
    shuffled = write_tar(tmp_path / "chairs.tgz", {name: files[name] for name in names})
    np.testing.assert_array_equal(images_of(chairs.open_source(shuffled)), images)
    del files[next(name for name in files if "t349" in name)]
    assert not chairs.open_source(write_tar(tmp_path / "less.tar", files)).grid


def test_chairs_that_are_not(tmp_path, cli):
    files = chair_files()
    name = next(name for name in files if name.endswith(".png"))
    cases = {
        "image_1.png": {"rendered_chairs/x/renders/image_1.png": files[name]},
        "image_099_p020_t011_r096.png": {name.replace("image_001", "image_099"): files[name]},
        "picture": {name: files[name][:200]},
        "9000x9000": {name: encoded(np.zeros((9000, 9000, 1), np.uint8), "PNG")},
    }
    for number, (problem, change) in enumerate(cases.items()):
        tar = write_tar(tmp_path / f"{number}.tar", files | change)
        cli_rejects(cli, tmp_path, "chairs", tar, problem)


# ---- 3D Faces


def test_faces(tmp_path, cli):
    flat = {f"face_{i:02}.png": encoded(picture(i, 80, 80, 1), "PNG") for i in (10, 2, 0)}
    source = faces.open_source(write_folder(tmp_path / "flat", flat))
    images = consistent(source, [0, 2])
    assert source.shape == (3, 64, 64, 1)
    assert source.factor_names == ()
    np.testing.assert_array_equal(images[1], shrunk(picture(2, 80, 80, 1)))
    persons = {f"{person}/{view}.png": encoded(picture(person, 70, 90), "PNG") for person in (3, 7) for view in (1, 2)}
    source = faces.open_source(write_zip(tmp_path / "faces.zip", persons))
    images = consistent(source, [1, 3])
    assert source.factors(None).tolist() == [[0], [0], [1], [1]]
    assert source.class_names == {"identity": ("3", "7")}
    grey = decoded(persons["7/1.png"], 1)
    np.testing.assert_array_equal(images[2], shrunk(grey[:, 10:80]))  # the square in the middle
    (tmp_path / "basel_face_renders.pth").write_bytes(b"PK\x03\x04")
    with pytest.raises(UnsafeFile, match="pickle"):
        faces.open_source(tmp_path / "basel_face_renders.pth")
    cli("prepare", "faces", "--from", tmp_path / "flat", "-o", tmp_path / "a.h5").printed(tmp_path / "a.h5")
    assert dataset.read(tmp_path / "a.h5").factors is None


# ---- RaFD


def rafd_files() -> dict[str, bytes]:
    files = {}
    shots = itertools.product((45, 90), ((1, "Caucasian", "female"), (72, "Moroccan", "male")), ("sad", "angry"))
    for number, (camera, (person, group, sex), expression) in enumerate(shots):
        name = f"Rafd{camera:03}_{person:02}_{group}_{sex}_{expression}_{('frontal', 'left')[number % 2]}.jpg"
        files[name] = encoded(picture(number, 1024 // 8, 681 // 8), "JPEG")
    return files


def test_rafd(tmp_path, cli):
    files = rafd_files()
    folder = write_folder(tmp_path / "rafd", files | {"holiday.jpg": b"", "Rafd090_1_x_male_merry_left.jpg": b""})
    source = rafd.open_source(folder)
    images = consistent(source, [0, 1, 7])
    assert source.factor_names == ("expression", "identity", "gaze", "camera")
    assert source.factor_sizes == (8, 2, 3, 5)
    assert source.factor_values["identity"].tolist() == [1, 72]
    assert source.factor_values["camera"].tolist() == [0, 45, 90, 135, 180]
    assert source.class_names["expression"][6] == "sad"
    # 0: angry, person 1, left, camera 45; 6: sad, person 72, frontal, camera 45
    assert source.factors(np.array([0, 6])).tolist() == [[0, 0, 1, 1], [6, 1, 0, 1]]
    data = files["Rafd045_72_Moroccan_male_sad_frontal.jpg"]
    np.testing.assert_array_equal(images[6], shrunk(decoded(data)[21:106]))  # 85 wide, 128 high
    outcome = cli("prepare", "rafd", "--from", folder, "--grey", "-o", tmp_path / "a.h5")
    outcome.printed(tmp_path / "a.h5")
    assert "holiday.jpg" in outcome.err
    assert "Rafd090_1_x_male_merry_left.jpg" in outcome.err
    assert dataset.read(tmp_path / "a.h5").images.shape == (8, 64, 64, 1)


def test_rafd_that_is_not(tmp_path, cli):
    folder = write_folder(tmp_path / "other", {"holiday.jpg": b""})
    cli_rejects(cli, tmp_path, "rafd", folder, "RaFD")
    name, data = next(iter(rafd_files().items()))
    folder = write_folder(tmp_path / "twice", {f"a/{name}": data, f"b/{name}": data})
    cli_rejects(cli, tmp_path, "rafd", folder, "shot")


# ---- edges2shoes


def shoe_files() -> dict[str, bytes]:
    names = [f"edges2shoes/train/{i}_AB.jpg" for i in (1, 2, 10)] + ["edges2shoes/val/1_AB.jpg"]
    return {name: encoded(picture(i, 256, 512), "JPEG") for i, name in enumerate(names)}


def test_edges2shoes(tmp_path):
    files = shoe_files()
    source = edges2shoes.open_source(write_tar(tmp_path / "edges2shoes.tar.gz", files))
    images = consistent(source, [0, 3, 3, 7])
    assert source.grid
    assert source.factor_names == ("pair", "domain")
    assert source.factor_sizes == (4, 2)
    assert source.split.tolist() == [0] * 6 + [1] * 2
    for pair, name in enumerate(sorted(files)):  # train/10 sorts before train/1_ and train/2
        whole = decoded(files[name])
        np.testing.assert_array_equal(images[2 * pair], shrunk(whole[:, :256]))
        np.testing.assert_array_equal(images[2 * pair + 1], shrunk(whole[:, 256:]))
    unpacked = edges2shoes.open_source(write_folder(tmp_path / "folder", files))
    np.testing.assert_array_equal(images_of(unpacked), images)


def test_edges2shoes_that_are_not(tmp_path, cli):
    files = shoe_files()
    name = next(iter(files))
    cases = {
        "256x256": {name: encoded(picture(0, 256, 256), "JPEG")},
        "9_AB.jpg": {"edges2shoes/9_AB.jpg": files[name]},
    }
    for number, (problem, change) in enumerate(cases.items()):
        tar = write_tar(tmp_path / f"{number}.tar.gz", files | change)
        cli_rejects(cli, tmp_path, "edges2shoes", tar, problem)


# ---- all of them


def test_the_same_bytes_make_the_same_file(tmp_path):
    """Also where the archive's order, and the file system's, differ."""
    files = shoe_files()
    one = write_folder(tmp_path / "one" / "raw", files)
    other = write_folder(tmp_path / "other" / "raw", dict(reversed(files.items())))
    written = [prepare("edges2shoes", path.parent / "data.h5", raw=path).read_bytes() for path in (one, other)]
    assert written[0] == written[1]


def test_pictures_of_every_mode(tmp_path):
    rgba = np.dstack([picture(0, 20, 20), np.full((20, 20), 128, np.uint8)])
    expected = np.round(rgba[..., :3] * (128 / 255) + 255 * (127 / 255))
    with published_images.decoded(encoded(rgba, "PNG"), tmp_path, "a.png", 3) as laid:
        assert np.abs(laid - expected).max() <= 1
    red, green, blue = np.moveaxis(picture(1, 20, 20).astype(float), -1, 0)
    with published_images.decoded(encoded(picture(1, 20, 20), "PNG"), tmp_path, "a.png", 1) as grey:
        assert np.abs(grey[..., 0] - (0.299 * red + 0.587 * green + 0.114 * blue)).max() <= 1


@pytest.mark.parametrize("module", [celeba, chairs, faces, rafd, edges2shoes])
def test_nothing_to_render(module, tmp_path):
    with pytest.raises(MissingFile, match="--from"):
        module.open_source(None)
    with pytest.raises(MissingFile, match="nothing:"):
        module.open_source(tmp_path / "nothing")


def test_memory_stays_small(tmp_path, monkeypatch):
    """Members are read a few ahead of what is taken, never all."""
    members = {f"{i:03}.png": encoded(picture(i, 12, 12), "PNG") for i in range(60)}
    source = faces.open_source(write_folder(tmp_path / "folder", members))
    read = []
    original = archive._whole
    monkeypatch.setattr(archive, "_whole", lambda data, size: read.append(size) or original(data, size))
    monkeypatch.setattr("disentool.datasets.source._BLOCK", 1)  # bytes: every image is a block
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    for count, block in enumerate(source.images(None), 1):
        np.testing.assert_array_equal(block[0], shrunk(decoded(members[f"{count - 1:03}.png"], 1)))
        assert count <= len(read) <= count + 8
    assert count == 60
