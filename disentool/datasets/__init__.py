"""Data sets by name: one file per raw format or renderer, loaded when asked for.

A module has ``open_source(path: Path | None, *, ...) -> Source``: ``None`` renders, a path reads the published files.
What is keyword-only in its signature are the options of ``prepare`` that it takes, by the same name.
"""

DATASETS: dict[str, tuple[str, str]] = {
    "dsprites": (
        "disentool.datasets.dsprites",
        "2D Shapes: 737,280 binary sprites of 64x64 pixels, five factors; can be rendered",
    ),
    "shapes3d": (
        "disentool.datasets.shapes3d",
        "3D Shapes: 480,000 colour images of an object in a room, 64x64 pixels, six factors; can be rendered",
    ),
    "cars3d": ("disentool.datasets.cars3d", "3D Cars: 17,568 renderings of 183 cars, three factors"),
    "smallnorb": ("disentool.datasets.smallnorb", "Small NORB: 97,200 grey photographs of 50 toys, six factors"),
    "mpi3d": (
        "disentool.datasets.mpi3d",
        "MPI3D (toy, realistic or real): 1,036,800 images of 64x64 pixels, seven factors",
    ),
    "celeba": ("disentool.datasets.celeba", "CelebA: 202,599 faces with identity and 40 attributes"),
    "chairs": ("disentool.datasets.chairs", "3D Chairs: 86,366 renderings of 1,393 chairs, three factors"),
    "faces": ("disentool.datasets.faces", "3D Faces: your grey renderings of the Basel Face Model, in a folder"),
    "mnist": ("disentool.datasets.mnist", "MNIST: 70,000 grey digits of 28x28 pixels"),
    "kth": ("disentool.datasets.kth", "KTH: grey video frames of 25 persons and six actions"),
    "rafd": ("disentool.datasets.rafd", "Radboud Faces: photographs by expression, identity, gaze and camera"),
    "edges2shoes": (
        "disentool.datasets.edges2shoes",
        "edges2shoes: 50,025 photographs of shoes, each with its edges",
    ),
    "folder": (
        "disentool.datasets.folder",
        "your own images: a folder for each class, or one folder and a table of factors (--csv)",
    ),
    "array": (
        "disentool.datasets.array",
        "your own arrays of images and factors: a .npy, .npz, HDF5 or .pt file",
    ),
    "prepared": (
        "disentool.datasets.prepared",
        "a data set that disentool wrote: to keep a part of it, resize it or split it",
    ),
}
