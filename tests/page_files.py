"""What the tests of pages share: a checkpoint whose decoder responds, directions of it, and a reader of pages."""

import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from disentool.io import checkpoint, directions_file, files
from disentool.io.directions_file import Direction, Directions

KL = [0.5, 0.001, 2.0, 1.25]


def strong(trained: Path, output: Path, **changes: Any) -> Path:
    """A copy of a checkpoint of four dimensions with a known KL, and a decoder that responds strongly to each."""
    networks = checkpoint.read(trained)["networks"]
    networks["decoder"]["0.weight"] *= 40
    statistics = {"rows": 192, "kl": KL, "mean_std": [1.0] * 4}
    entries = checkpoint.read(trained) | {"networks": networks, "statistics": statistics} | changes
    checkpoint.write(output, entries, overwrite=True)
    return output


def write_directions(ckpt: Path, output: Path, sha256: str | None = None) -> Path:
    """Two directions of four dimensions, not at right angles, with a g that is not a line."""
    knots = np.linspace(-4, 4, 9)
    found = {}
    for name, u, unit in (
        ("shift-x", [0.6, 0.0, 0.8, 0.0], "image widths"),
        ("zoom", [0.0, 0.0, 0.6, 0.8], "log of the magnification"),
    ):
        values = 0.1 * knots + 0.01 * np.sign(knots) * knots**2
        facts = {"transform": name, "r2": {"value": 0.9, "interval": [0.8, 0.95]}}
        found[name] = Direction(name, np.array(u, np.float32), knots, values, (-0.3, 0.25), unit, facts=facts)
    written = Directions(output, found, ckpt.name, sha256 or files.sha256(ckpt), "tangent", 0)
    return directions_file.write(written, overwrite=True)


class Reader(HTMLParser):
    """Elements as (tag, attributes), and the text of each kind of element."""

    def __init__(self, page: Path | str):
        super().__init__()
        self.source = page.read_text(encoding="utf-8") if isinstance(page, Path) else page
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.texts.setdefault(tag, []).append("")
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        for tag in self._open:
            self.texts[tag][-1] += data

    @property
    def text(self) -> str:
        """All that a person reads."""
        return re.sub(r"\s+", " ", self.texts["main"][0])

    def explorers(self) -> list[dict[str, Any]]:
        """The data of each explorer."""
        parts = re.findall(r'<script type="application/json">(.*?)</script>', self.source, re.S)
        return [json.loads(part) for part in parts]

    def assert_closed(self) -> None:
        """Assert that it names no other place, and that its policy allows its own style and script and nothing else."""
        assert not re.search(r"(https?|ftp|file):", self.source)
        for tag, attributes in self.elements:
            for name, value in attributes.items():
                assert not name.startswith("on"), (tag, attributes)
                assert name != "style", (tag, attributes)
                if name in ("src", "srcset", "href", "data", "action"):
                    assert (value or "").startswith(("data:", "#")), (tag, name, value[:80])
            assert tag not in ("iframe", "object", "embed", "form", "base")
        policy = next(a["content"] for t, a in self.elements if a.get("http-equiv") == "Content-Security-Policy")
        assert policy.startswith("default-src 'none'; img-src data:;") and "unsafe" not in policy
        style, script = (re.findall(rf"<{tag}>(.*?)</{tag}>", self.source, re.S) for tag in ("style", "script"))
        assert len(style) == len(script) == 1
        for text in (*style, *script):
            assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy


def frames(address: str, height: int, width: int) -> np.ndarray:
    """A sheet, uint8 [rows,columns,H,W], of grey images."""
    kind, _, content = address.partition(",")
    assert kind == "data:image/webp;base64"
    with Image.open(io.BytesIO(base64.b64decode(content))) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert (pixels == pixels[:, :, :1]).all()
    grid = pixels[:, :, 0].reshape(len(pixels) // height, height, -1, width)
    return grid.swapaxes(1, 2)
