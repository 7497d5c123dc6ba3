"""Pages for a browser: one file each that loads nothing. Foreign text becomes HTML here, and nowhere else."""

import base64
import hashlib
import html
import json
from importlib import resources
from typing import Any

from disentool.io import provenance


def escape(text: Any) -> str:
    """A foreign text as HTML, for an element or a quoted attribute; what no typeface shows is replaced."""
    return html.escape("".join(c if c.isprintable() else "\ufffd" for c in str(text)), quote=True)


def data(value: Any) -> str:
    """JSON for a script element of type application/json, which nothing in it can end."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def uri(kind: str, content: bytes) -> str:
    """``data:`` with bytes of a media type such as image/png."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def document(title: str, body: str, about: dict[str, Any]) -> str:
    """A whole page of ``body``, which is HTML. ``about``: what the page is of, kept in it as JSON.

    Its policy lets a browser load nothing, and run and apply nothing but the script and style that are in it.
    """
    style, script = _read("page.css"), _read("explorer.js")
    policy = f"default-src 'none'; img-src data:; style-src {_digest(style)}; script-src {_digest(script)};"
    policy += " base-uri 'none'; form-action 'none'"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="{escape(provenance.created_by())}">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
<script type="application/json" id="about">{data(about)}</script>
</head>
<body>
{body}
<script>{script}</script>
</body>
</html>
"""


def footer() -> str:
    """What stands below every page."""
    return f"<footer>Made by {escape(provenance.created_by())}. This file is complete: it loads nothing.</footer>"


def _read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"
