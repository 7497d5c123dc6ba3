"""Data sets by name: one file per raw format or renderer, loaded when asked for.

A module has ``open_source(path: Path | None, *, ...) -> Source``: ``None`` renders, a path reads the published files.
What is keyword-only in its signature are the options of ``prepare`` that it takes, by the same name.
"""

DATASETS: dict[str, tuple[str, str]] = {
    "dsprites": (
        "disentool.datasets.dsprites",
        "2D Shapes: 737,280 binary sprites 64x64, five factors; rendered here or read",
    ),
    "folder": (
        "disentool.datasets.folder",
        "your own images: a folder per class, or a folder and a CSV of factors (--from DIR)",
    ),
    "array": (
        "disentool.datasets.array",
        "your own arrays of images and factors: .npy, .npz or HDF5 (--from FILE)",
    ),
}
