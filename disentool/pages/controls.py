"""The controls of an explorer as HTML: native range inputs with labels, and the text beside them."""

from collections.abc import Sequence

from disentool.pages.document import escape


def choice(thumbnails: Sequence[str], key: str) -> str:
    """One of several images, by their addresses; names begin with ``key``."""
    cells = [
        f'<label><input type="radio" name="{key}-base" value="{number}"{"" if number else " checked"}>'
        f'<img src="{address}" alt="image {number + 1}" width="52" height="52"><kbd>{number + 1}</kbd></label>'
        for number, address in enumerate(thumbnails)
    ]
    return f'<fieldset class="bases"><legend>Start from</legend>{"".join(cells)}</fieldset>'


def slider(name: str, detail: str, key: str, place: int, count: int) -> str:
    """A slider of ``count`` values, the one at this place, with a picture at either end."""
    return (
        f'<div class="slider"><label for="{key}"><b>{escape(name)}</b> <small>{escape(detail)}</small></label>'
        '<canvas class="end low" aria-hidden="true"></canvas>'
        f'<span class="track"><input type="range" id="{key}" data-axis="{place}" min="0" max="{count - 1}" step="1">'
        '<i class="mark" aria-hidden="true"></i></span><canvas class="end high" aria-hidden="true"></canvas>'
        f'<output for="{key}"></output></div>'
    )


def pad(across: tuple[str, int], up: tuple[str, int], key: str) -> str:
    """A field to point at, and a slider for each of its sides; a side is a name and how many values it has."""
    rows = [
        f'<div class="slider"><label for="{key}-{way}"><b>{escape(name)}</b> <small>{way}</small></label>'
        f'<span class="track"><input type="range" id="{key}-{way}" class="{way}" min="0" max="{count - 1}" step="1">'
        f'<i class="mark" aria-hidden="true"></i></span><output for="{key}-{way}"></output></div>'
        for way, (name, count) in (("across", across), ("up", up))
    ]
    return (
        f'<fieldset class="pad"><legend>{escape(across[0])} and {escape(up[0])} together</legend>'
        f'<canvas class="field" aria-hidden="true"></canvas><div>{"".join(rows)}</div></fieldset>'
    )


def explanation(notes: Sequence[str], *, several: bool) -> str:
    """An explanation of the controls, remarks, and the keys; ``several``: there are several images to start from."""
    words = (
        "One slider moves at a time: the picture is the image to start from, with that one changed and all others as"
        " they are in the image itself, where the small tick is. All frames were decoded beforehand."
    )
    extra = "".join(f"<p>{escape(note[:1].upper() + note[1:])}.</p>" for note in notes)
    keys = "Keys: arrows move a slider, <kbd>Home</kbd> and <kbd>End</kbd> go to its ends"
    keys += ", <kbd>1</kbd>–<kbd>9</kbd> choose the image" if several else ""
    return f'<div class="note"><p>{words}</p>{extra}<p>{keys}, <kbd>Esc</kbd> goes back to it.</p></div>'
