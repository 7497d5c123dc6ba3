"""Pictures on paper: their size in mm, their words as text in vector files, nothing clipped and nothing colliding."""

import base64
import io
import itertools
import re

import numpy as np
import pytest
from PIL import Image
from same_files import assert_same_bytes

from disentool.errors import WrongUsage
from disentool.models.label import Label
from disentool.pictures import lettering, printing, stills, traversal_grid, traversals
from disentool.pictures.canvas import Sheet
from disentool.pictures.layout import Block
from disentool.pictures.printing import Paper
from disentool.pictures.traversal_grid import Variation
from disentool.reporting import Silent

A4 = (210.0, 297.0)
AXIS = "standard deviations of the prior"


class Notes(Silent):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def variations(dims, starts, steps, low=-3.0, high=3.0, axis=AXIS):
    values = np.linspace(low, high, steps)
    codes = np.zeros((starts, steps, 2), np.float32)
    return [Variation(Label(f"z{n}", f"{9.5 - n / 4:.2f} nats"), values, codes, axis, "t") for n in range(dims)]


def planned(output, given, *, size=None, paper=None, stacked=True, side=64, report=None):
    return traversal_grid.lay_out(
        *(output, given, side, side, size),
        paper=paper or Paper(),
        captions=["input", "reconstruction"],
        stacked=stacked,
        report=report or Silent(),
    )


def drawn(plan, colours=3):
    """The sheet of a planned still and its cells, of random pixels."""
    rng = np.random.default_rng(0)
    shape = (plan.height, plan.width, colours)
    images = [rng.integers(0, 255, (*v.codes.shape[:2], *shape), np.uint8) for v in plan.variations]
    beside = [[(caption, np.zeros(shape, np.uint8)) for caption in ("input", "reconstruction")]] * plan.starts
    blocks = list(traversal_grid.blocks_of(plan, beside))
    groups = len(plan.groups)
    cells = [np.stack([images[i][n // groups] for i in places]) for n, (_, places) in enumerate(blocks)]
    size = (plan.height, plan.width, plan.printed.factor)
    return (
        Sheet([block for block, _ in blocks], *size, **plan.printed.letters),
        cells,
        images,
        beside,
    )


def collisions(sheet, cells, more=()):
    """Texts that leave the sheet, or lie on another text or on an image."""
    high, wide = sheet.shape
    texts = [(text.text, text.box) for text in (*sheet.texts, *more)]
    corners = [corner for corner, _ in (*sheet.beside(), *sheet.placed(cells))]
    images = [("image", (x, y, x + sheet.cell_width, y + sheet.cell_height)) for y, x in corners]
    found = [name for name, (x, y, far, low) in texts + images if x < 0 or y < 0 or far > wide or low > high]
    for (name, one), (other, two) in [*itertools.combinations(texts, 2), *itertools.product(texts, images)]:
        if one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]:
            found.append(f"{name} on {other}")
    return found


def words(sheet):
    return [text.text for text in sheet.texts]


def mm_of_png(path):
    with Image.open(path) as image:
        return tuple(side * 25.4 / dpi for side, dpi in zip(image.size, image.info["dpi"], strict=True))


def mm_of_pdf(data):
    box = re.search(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]", data)
    return tuple(float(side) * 25.4 / 72 for side in box.groups())


def mm_of_svg(text):
    found = re.search(r'<svg[^>]*?width="([\d.]+)pt"[^>]*', text), re.search(r'<svg[^>]*?height="([\d.]+)pt"', text)
    return tuple(float(each.group(1)) * 25.4 / 72 for each in found)


@pytest.mark.parametrize("dims", [1, 2, 10])
@pytest.mark.parametrize("starts", [1, 3])
@pytest.mark.parametrize("width", [None, 60, 84, 120, 174])
def test_nothing_is_clipped_and_nothing_collides(tmp_path, dims, starts, width):
    for steps, side, low, high in ((2, 64, -3, 3), (13, 64, -3, 3), (13, 28, -0.1234, 0.2), (9, 200, -1, 1)):
        plan = planned(tmp_path / "a.pdf", variations(dims, starts, steps, low, high), paper=Paper(width), side=side)
        sheet, cells, _, _ = drawn(plan, 1)
        assert collisions(sheet, cells) == []
        assert AXIS in " ".join(words(sheet)) and f"z{dims - 1}" in words(sheet)
        wide, high_ = plan.printed.size(sheet)
        assert wide <= (width or 174) + 0.01 and high_ <= 247.01
        if width:
            assert max(wide / width, high_ / 247) == pytest.approx(1, abs=1e-4)


def test_three_images_are_no_higher_than_a_page(tmp_path):
    plan = planned(tmp_path / "a.png", variations(10, 3, 13))
    sheet, cells, images, beside = drawn(plan)
    traversals.write_still(plan, images, beside, comment="", overwrite=False)
    wide, high = mm_of_png(tmp_path / "a.png")
    assert wide < A4[0] and high < A4[1]
    assert plan.printed.factor == 2 and sheet.draw(cells).shape[0] > 3 * 10 * 128  # no pixel is lost


def test_what_fits_a_page_is_as_it_was(tmp_path):
    plan = planned(tmp_path / "a.png", variations(4, 1, 11))
    assert (plan.printed.factor, plan.printed.font, plan.printed.dpi) == (2, None, 300)


def least_letter(plan):
    """The size of the smallest text of a planned still, in points."""
    return min(text.size for text in drawn(plan)[0].texts) * 72 / plan.printed.dpi


@pytest.mark.parametrize("width", [None, 50, 60, 85, 120, 170, 400])
def test_no_letter_is_below_five_points(tmp_path, width):
    for dims, starts, steps, size in (
        (10, 1, 5, None),
        (10, 1, 13, None),
        (3, 2, 9, 16),
        (1, 3, 7, 64),
        (31, 1, 7, None),
    ):
        plan = planned(tmp_path / "a.pdf", variations(dims, starts, steps), size=size, paper=Paper(width))
        assert 5 <= least_letter(plan) <= 6, (dims, starts, steps, size)


def test_rows_are_as_far_apart_as_their_labels_are_high(tmp_path):
    plan = planned(tmp_path / "a.pdf", variations(3, 3, 13), paper=Paper(60))
    sheet, cells, _, _ = drawn(plan)
    assert sheet.cell_height < sheet.font and collisions(sheet, cells) == []


def still(output, dims, *, steps=None, paper=None, report=None):
    """A traversal as `traverse` writes it to one output, and how many values it shows."""
    shown = []

    def decoded(traversal):
        shown.append(len(traversal.variations[0].values))
        yield np.zeros((traversal.cells, 64, 64, 1), np.uint8)

    style = traversals.Style(64, 64, steps, None, paper or Paper(), ["input"], True, 20.0, "")
    (path,) = traversals.write(
        [output],
        style,
        lambda _, values: variations(dims, 1, values),
        decoded,
        lambda count: [[("input", np.zeros((64, 64, 1), np.uint8))]] * count,
        None,
        label="traverse",
        overwrite=False,
        report=report or Silent(),
    )
    return path, *shown


def test_a_narrow_still_has_fewer_values_unless_they_are_asked_for(tmp_path):
    for name, options, values, words_of_note in (
        ("page.pdf", {}, 13, []),
        ("wide.pdf", {"paper": Paper(174)}, 13, []),
        ("narrow.pdf", {"paper": Paper(60)}, 9, ["--steps 13"]),
        ("asked.pdf", {"paper": Paper(60), "steps": 13}, 13, ["--width"]),
        ("low.pdf", {"paper": Paper(None, 35)}, 13, ["--height"]),  # fewer values would not make images larger
    ):
        report = Notes()
        path, shown = still(tmp_path / name, 10, report=report, **options)
        assert path.is_file() and shown == values, name
        assert len(report.notes) == len(words_of_note) and all(map(str.__contains__, report.notes, words_of_note)), name


def test_a_note_names_the_room_that_makes_small_images_clear(tmp_path):
    for paper in (Paper(60), Paper(60, 40), Paper(None, 40)):
        report = Notes()
        planned(tmp_path / "a.pdf", variations(10, 1, 13), paper=paper, report=report)
        (note,) = report.notes
        room = {flag: int(mm) for flag, mm in re.findall(r"--(width|height) (\d+)", note)}
        larger = Paper(room.get("width", paper.width), room.get("height", paper.height))
        plan = planned(tmp_path / "a.pdf", variations(10, 1, 13), paper=larger, report=report)
        assert plan.printed.side(64, 64) == pytest.approx(printing.CLEAR, abs=0.15) and room
    report = Notes()
    planned(tmp_path / "a.pdf", variations(10, 1, 101), paper=Paper(170), report=report)
    assert "--" not in report.notes[0], "no page has room"


@pytest.mark.parametrize(("paper", "expected"), [(Paper(84), (84, None)), (Paper(None, 50), (None, 50))])
def test_the_size_in_mm_and_text_as_text(tmp_path, paper, expected):
    given = variations(3, 1, 7)
    for suffix in (".png", ".pdf", ".svg"):
        plan = planned(tmp_path / f"a{suffix}", given, paper=paper)
        sheet, _, images, beside = drawn(plan)
        traversals.write_still(plan, images, beside, comment='{"seed": 0}', overwrite=False)
    pdf, svg = (tmp_path / "a.pdf").read_bytes(), (tmp_path / "a.svg").read_text()
    for size in (mm_of_png(tmp_path / "a.png"), mm_of_pdf(pdf), mm_of_svg(svg)):
        for side, asked in zip(size, expected, strict=True):
            assert asked is None or side == pytest.approx(asked, abs=0.05)
    with Image.open(tmp_path / "a.png") as image:
        assert image.info["dpi"][0] >= 299.9
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert sorted(texts) == sorted(lettering.signed(text) for text in words(sheet))
    assert {"input", "reconstruction", "z0", "−3", "0", "3", AXIS} <= set(texts)
    assert b"DejaVuSans" in pdf and b"/ToUnicode" in pdf
    assert pdf.count(b"/Subtype /Image") == svg.count("<image") == 3  # two beside one block
    assert "&quot;seed&quot;" in svg or '{"seed": 0}' in svg


def test_images_in_a_vector_file_keep_every_pixel(tmp_path):
    plan = planned(tmp_path / "a.svg", variations(3, 1, 5))
    sheet, cells, images, beside = drawn(plan)
    traversals.write_still(plan, images, beside, comment="", overwrite=False)
    found = re.findall(r'href="data:image/png;base64,([^"]*)"', (tmp_path / "a.svg").read_text())
    block = np.asarray(Image.open(io.BytesIO(base64.b64decode(found[-1]))).convert("RGB"))
    top, left = sheet.cell(0, 0, 0)
    picture = sheet.draw(cells)
    assert np.array_equal(block, picture[top : top + block.shape[0], left : left + block.shape[1]])


def test_the_same_inputs_make_the_same_bytes(tmp_path):
    for suffix in (".pdf", ".svg"):
        for name in "ab":
            plan = planned(tmp_path / f"{name}{suffix}", variations(2, 1, 3))
            _, _, images, beside = drawn(plan)
            traversals.write_still(plan, images, beside, comment="", overwrite=False)
        assert_same_bytes(tmp_path / f"a{suffix}", tmp_path / f"b{suffix}")


def test_rows_of_one_start_stand_together(tmp_path):
    sheet, *_ = drawn(planned(tmp_path / "a.png", variations(2, 3, 5), stacked=False))
    tops = [sheet.cell(start, row, 0)[0] for start in range(3) for row in range(2)]
    apart = np.diff(tops) - sheet.cell_height
    assert apart[0] == apart[2] == apart[4] < apart[1] / 2 and apart[1] == apart[3]
    mixed = variations(2, 2, 5) + variations(1, 2, 3, 0, 2, "class")
    sheet, *_ = drawn(planned(tmp_path / "b.png", mixed))
    ends = [sheet.cell(block, len(each.rows) - 1, 0)[0] + sheet.cell_height for block, each in enumerate(sheet.blocks)]
    heads = [top - end for top, end in zip(sheet._tops[1:], ends[:-1], strict=True)]
    assert heads[0] == heads[2] < heads[1]
    assert "class" in words(sheet) and AXIS in words(sheet)


@pytest.mark.parametrize(("width", "noted"), [(60, True), (120, False)])
def test_images_that_are_small_on_paper_are_noted(tmp_path, width, noted):
    notes = Notes()
    planned(tmp_path / "a.pdf", variations(10, 2, 13), paper=Paper(width), report=notes)
    assert any("mm" in note for note in notes.notes) is noted


def test_every_block_with_column_heads_says_what_they_are(tmp_path):
    heads = [block for block, _ in traversal_grid.blocks_of(planned(tmp_path / "a.png", variations(4, 3, 5)), [[]] * 3)]
    assert len(heads) == 3
    assert all(bool(block.axis) is block.heads for block in heads)


def test_paper_that_labels_do_not_fit(tmp_path):
    with pytest.raises(WrongUsage, match="--width 20"):
        planned(tmp_path / "a.pdf", variations(10, 1, 13), paper=Paper(20))
    with pytest.raises(WrongUsage, match="--height 20"):
        planned(tmp_path / "a.pdf", variations(10, 3, 13), paper=Paper(None, 20))
    notes = Notes()
    planned(tmp_path / "a.png", variations(32, 16, 3), size=16, side=16, report=notes)
    assert "mm" in notes.notes[0]
    for paper in (Paper(19), Paper(None, 1001), Paper(float("nan"))):
        with pytest.raises(WrongUsage, match="mm"):
            paper.check()
    with pytest.raises(WrongUsage, match="--width"):
        printing.require_still([tmp_path / "a.gif", tmp_path / "a.html"], Paper(84))
    printing.require_still([tmp_path / "a.gif", tmp_path / "a.svg"], Paper(84))


NAMES = ("a very long name of a class", "Übergrößenträger", "x", "category_with_underscores-and-dashes", "Ελληνικά")


@pytest.mark.parametrize("side", [8, 20, 72])
def test_names_are_broken_and_never_left_out(side):
    block = Block((Label("factor", "5 values"),), tuple(map(Label, NAMES)), thinned=False)
    sheet = Sheet([block, block], side, side, 1)
    cells = [np.zeros((1, 5, side, side, 1), np.uint8)] * 2
    assert collisions(sheet, cells) == []
    letters = "".join(words(sheet)).replace(" ", "")
    assert all(letters.count(re.sub(r"\s", "", name)) == 2 for name in NAMES)
    assert {"factor", "values"} <= set(" ".join(words(sheet)).split())


def test_many_named_columns_fit_a_page_with_letters_that_can_be_read(tmp_path):
    labels = tuple(Label(("small", "middle-sized", "large one")[n % 3]) for n in range(30))
    block = Block((Label(""),) * 20, labels, thinned=False)
    printed = printing.fit(tmp_path / "a.pdf", [block], 32, 32, None, 128, paper=Paper(), report=Silent())
    sheet = Sheet([block], 32, 32, printed.factor, **printed.letters)
    assert all(side <= most + 0.01 for side, most in zip(printed.size(sheet), (174, 247), strict=True))
    assert min(text.size for text in sheet.texts) * 72 / printed.dpi >= 5
    assert collisions(sheet, [np.zeros((20, 30, 32, 32, 1), np.uint8)]) == []


def test_an_animation_says_where_each_column_is():
    labels = tuple(Label(name, "white minus black") for name in ("brightness", "shift-of-the-whole-object"))
    block = Block((Label(""),) * 2, labels, thinned=False)
    amounts = ["t = -0.12", "t = -12.5"]
    sheet = Sheet([block], 64, 64, 1, amounts=amounts)
    cells = [np.zeros((2, 2, 64, 64, 1), np.uint8)]
    under = sheet.under_columns(amounts)
    assert collisions(sheet, cells, under) == []
    blank = sheet.draw(cells)
    assert (sheet.draw(cells, None, amounts) != blank).any() and sheet.draw(cells, None, amounts).shape == blank.shape
    narrow = Sheet([Block((Label(""),), (Label("z0"),), thinned=False)], 16, 16, 1, scale=1.5, unit=f"alpha in {AXIS}")
    assert collisions(narrow, [np.zeros((1, 1, 16, 16, 1), np.uint8)]) == []
    assert "alpha" in " ".join(words(narrow))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([-0.1, 0.0, 0.1]), ["t = -0.10", "t = 0.00", "t = 0.10"]),
        (np.array([-30.0, 2.25]), ["t = -30", "t = 2"]),
        (np.array([0, 1, 2]), ["t = 0", "t = 1", "t = 2"]),
    ],
)
def test_amounts_have_one_number_of_decimals(values, expected):
    codes = np.zeros((1, len(values), 2), np.float32)
    assert Variation(Label("a"), values, codes, "t", "t").amounts == expected


def test_a_sheet_without_a_page_is_printed_at_300_dots_per_inch(tmp_path):
    sheet = Sheet([Block((Label("a"),), (Label("b"),))], 8, 8, 4)
    stills.write(tmp_path / "a.pdf", sheet, [np.zeros((1, 1, 8, 8, 1), np.uint8)], overwrite=False, comment="")
    wide, _ = mm_of_pdf((tmp_path / "a.pdf").read_bytes())
    assert wide == pytest.approx(sheet.shape[1] * 25.4 / 300, abs=0.05)


@pytest.mark.parametrize("suffix", ["pdf", "svg"])
def test_every_command_that_draws_a_picture_writes_vectors(cli, trained, squares, tmp_path, suffix):
    on = ("--device", "cpu", "-q")
    calls = {
        "traverse": ("traverse", trained, "-o", tmp_path / f"traverse.{suffix}", "--steps", 3, "--width", 100, *on),
        "swap": ("swap", trained, "--dims", 0, "--data", squares, "-o", tmp_path / f"swap.{suffix}", *on),
        "sample": ("sample", trained, "-n", 4, "-o", tmp_path / f"sample.{suffix}", *on),
        "prepare": ("prepare", "dsprites", "--preview", tmp_path / f"prepare.{suffix}", "-q"),
        "invert": ("invert", trained, "-o", tmp_path / f"invert.{suffix}", "--images", 1, "--steps", 1, *on),
    }
    for name, call in calls.items():
        assert cli(*call).code == 0
        begins = (tmp_path / f"{name}.{suffix}").read_bytes()[:9]
        assert begins.startswith(b"%PDF-" if suffix == "pdf" else b"<?xml"), name
        points = re.findall(r"font-size: ([\d.]+)px", (tmp_path / f"{name}.{suffix}").read_text(errors="replace"))
        assert all(5 <= float(size) <= 6.2 for size in points) and bool(points) == (
            suffix == "svg" and name != "sample"
        )


def test_a_sample_has_a_size_on_paper_and_takes_another(cli, trained, tmp_path):
    for name, options in (("plain.pdf", ()), ("narrow.png", ("--width", 60)), ("low.svg", ("--height", 40))):
        cli("sample", trained, "-n", 25, "-o", tmp_path / name, *options, "--device", "cpu").printed(tmp_path / name)
    wide, high = mm_of_pdf((tmp_path / "plain.pdf").read_bytes())
    assert wide == high == pytest.approx(5 * 64 / 150 * 25.4, rel=0.15)
    assert mm_of_png(tmp_path / "narrow.png")[0] == pytest.approx(60, abs=0.05)
    assert mm_of_svg((tmp_path / "low.svg").read_text())[1] == pytest.approx(40, abs=0.05)
    cli("sample", trained, "-o", tmp_path / "a.h5", "--width", 60).failed(2, "--width")
    cli("sample", trained, "-o", tmp_path / "a.pdf", "--width", 6).failed(2, "--width")


def test_starts_without_images_are_told_apart(tmp_path):
    plan = planned(tmp_path / "a.png", variations(2, 3, 5))
    numbered = [[label.detail for label in block.rows] for block, _ in traversal_grid.blocks_of(plan, [[]] * 3)]
    assert [details[0].rpartition(", ")[2] for details in numbered] == ["start 1", "start 2", "start 3"]
    with_images = traversal_grid.blocks_of(plan, [[("start", None)]] * 3)
    assert not any("start" in label.detail for block, _ in with_images for label in block.rows)
