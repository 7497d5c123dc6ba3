"""The pages in a real browser: what moves the picture, and that nothing is asked of anybody."""

import page_files as made
import plot_records
import pytest
from browser import PROGRAM, Browser

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="needs chromium or google-chrome on the PATH")

PICTURE = "document.querySelector('.picture').toDataURL()"
TOLD = "document.querySelector('.readout').textContent"
# The picture of a frame of the first sheet, cut out by the test itself.
CUT = """(async () => {
  const data = JSON.parse(document.querySelector('.explorer script').textContent);
  const image = new Image();
  image.src = data.sheets[%d][%d];
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = data.width; canvas.height = data.height;
  canvas.getContext('2d').drawImage(image, -%d * data.width, -%d * data.height);
  return canvas.toDataURL();
})()"""


@pytest.fixture(scope="module")
def ckpt(trained, tmp_path_factory):
    return made.strong(trained, tmp_path_factory.mktemp("browser") / "ckpt.pt")


@pytest.fixture(scope="module")
def browser():
    with Browser() as one:
        yield one


@pytest.fixture
def page(browser, cli, folder, ckpt):
    """An explorer with directions and dimensions, open and drawn."""
    made.write_directions(ckpt, folder / "dirs.h5")
    cli("traverse", ckpt, "--direction", "dirs.h5", "--html", "a.html", "--device", "cpu").printed("a.html")
    browser.problems.clear()
    browser.requests.clear()
    browser.open(folder / "a.html")
    browser.wait(f"{PICTURE} === {cut(browser, 0, 0)!r}")
    yield browser
    assert browser.problems == []
    outside = [url for url in browser.requests if not url.startswith("data:") and url != (folder / "a.html").as_uri()]
    assert outside == []


def cut(browser, row, column, base=0, which=0):
    return browser.evaluate(CUT % (base, which, column, row))


def value(browser, key):
    return int(browser.evaluate(f"document.getElementById('explorer-{key}').value"))


def focus(browser, key):
    browser.evaluate(f"document.getElementById('explorer-{key}').focus()")


def test_all_values_of_sliders_have_as_many_decimals(page):
    shown = page.evaluate("[...document.querySelectorAll('.slider output')].map(each => each.textContent)")
    assert len(shown) >= 5
    assert {len(text.split()[0].partition(".")[2]) for text in shown} == {2}


def test_a_slider_moves_the_picture(page):
    assert page.evaluate(TOLD) == "Image 1, as the model makes it"
    focus(page, 2)
    page.press("End", 35)
    page.wait(f"{PICTURE} === {cut(page, 3, 24)!r}")
    assert page.evaluate(TOLD) == "Image 1 with z2 at +3.00 sd"
    assert page.evaluate("document.activeElement.getAttribute('aria-valuetext')") == "+3.00 sd"
    page.press("ArrowLeft", 37)
    page.wait(f"{PICTURE} === {cut(page, 3, 23)!r}")
    assert page.evaluate(TOLD) == "Image 1 with z2 at +2.75 sd"
    before = value(page, 2)
    focus(page, 0)
    page.press("Home", 36)
    page.wait(f"{PICTURE} === {cut(page, 1, 0)!r}")
    assert page.evaluate(TOLD) == "Image 1 with shift-x moved by −0.30 image widths"
    assert before == 23 and value(page, 2) != 23, "the others go back to the image"


def test_escape_and_numbers(page):
    focus(page, 3)
    page.press("End", 35)
    page.press("Escape", 27)
    page.wait(f"{PICTURE} === {cut(page, 0, 0)!r}")
    page.press("3")
    page.wait(f"{PICTURE} === {cut(page, 0, 0, base=2)!r}")
    assert page.evaluate(TOLD) == "Image 3, as the model makes it"
    assert page.evaluate("document.querySelector('.bases input:checked').value") == "2"
    page.evaluate("document.querySelectorAll('.bases input')[1].click()")
    page.wait(f"{PICTURE} === {cut(page, 0, 0, base=1)!r}")
    page.press("9")  # there is none
    assert page.evaluate(TOLD) == "Image 2, as the model makes it"


def test_the_pad(page):
    page.evaluate("document.querySelector('.field').scrollIntoView()")
    box = page.evaluate("JSON.parse(JSON.stringify(document.querySelector('.field').getBoundingClientRect()))")
    page.click(box["x"] + box["width"] * 2.5 / 13, box["y"] + box["height"] * 0.5 / 13)
    page.wait(f"{PICTURE} === {cut(page, 0, 2, which=1)!r}")
    assert page.evaluate(TOLD) == "Image 1 with z2 at −2.00 sd and z3 at +3.00 sd"
    focus(page, "up")
    page.press("ArrowDown", 40)
    page.wait(f"{PICTURE} === {cut(page, 1, 2, which=1)!r}")
    assert page.evaluate(TOLD) == "Image 1 with z2 at −2.00 sd and z3 at +2.50 sd"
    focus(page, 2)
    page.press("Home", 36)
    page.wait(f"{PICTURE} === {cut(page, 3, 0)!r}")


def test_light_and_dark(page):
    papers, rings = [], []
    focus(page, "up")
    page.press("End", 35)
    ring = "document.querySelector('.field').toDataURL()"
    for scheme in ("light", "dark"):
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        papers.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.evaluate("new Promise(requestAnimationFrame)")
        rings.append(page.evaluate(ring))
    page.call("Emulation.setEmulatedMedia", features=[])
    assert rings[0] != rings[1]
    assert papers == ["rgb(255, 255, 255)", "rgb(22, 24, 28)"]


def test_a_narrow_window_needs_no_scrolling_sideways(page):
    page.call("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=1, mobile=False)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.call("Emulation.clearDeviceMetricsOverride")


def test_the_policy_holds(page):
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img id=x onerror=\"window.bad = 1\" src=\"https://a.example/\">')"
    )
    page.wait("document.getElementById('x').complete")
    assert page.evaluate("window.bad") is None
    assert len(page.problems) >= 1 and all("Content Security Policy" in problem for problem in page.problems)
    page.problems.clear()
    page.requests[:] = [url for url in page.requests if "a.example" not in url]  # told of, and blocked


def test_a_report(browser, cli, folder, ckpt):
    made.write_directions(ckpt, folder / "dirs.h5")
    other = made.strong(ckpt, folder / "<b>other.pt", step=29)
    plot_records.write(folder / "s.jsonl", plot_records.scored("factor", "reconstruction"))
    cli("report", ckpt, other, "s.jsonl", "dirs.h5", "-o", "r.html", "--device", "cpu").printed("r.html")
    browser.problems.clear()
    browser.requests.clear()
    browser.open(folder / "r.html")
    assert browser.evaluate("document.querySelectorAll('.explorer').length") == 2
    second = "document.querySelectorAll('.explorer')[1]"
    picture = f"{second}.querySelector('.picture').toDataURL()"
    browser.wait(f"{picture}.length > 500")
    before, first = browser.evaluate(picture), browser.evaluate(PICTURE)
    browser.evaluate(f"{second}.querySelector('input[data-axis]').focus()")
    browser.press("End", 35)
    browser.wait(f"{picture} !== {before!r}")
    assert browser.evaluate(PICTURE) == first, "each explorer is one for itself"
    images = "[...document.images]"
    browser.wait(f"{images}.every(image => image.complete)")
    assert browser.evaluate(f"{images}.filter(image => !image.naturalWidth).length") == 0
    assert browser.evaluate("document.querySelectorAll('b').length") > 0
    assert "<b>other.pt" in browser.evaluate("document.body.innerText")
    broken = "[...document.querySelectorAll('nav a')].filter(a => !document.querySelector(a.getAttribute('href')))"
    assert browser.evaluate(f"{broken}.length") == 0
    assert browser.problems == []
    assert [url for url in browser.requests if not url.startswith("data:")] == [(folder / "r.html").as_uri()]
