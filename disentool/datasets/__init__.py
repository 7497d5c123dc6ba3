"""Data sets by name: one file per raw format or renderer, loaded when asked for.

A module has ``open_source(path: Path | None) -> Source``: ``None`` renders, a path reads the published files.
"""

DATASETS: dict[str, tuple[str, str]] = {
    "dsprites": (
        "disentool.datasets.dsprites",
        "2D Shapes: 737,280 binary sprites 64x64, five factors; rendered here or read",
    ),
}
