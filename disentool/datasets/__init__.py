"""Data sets by name: one file per raw format or renderer, loaded when asked for.

A module has ``open_source(path: Path | None, *, ...) -> Source``: ``None`` renders, a path reads the published files.
What is keyword-only in its signature are the options of ``prepare`` that it takes, by the same name.
"""

DATASETS: dict[str, tuple[str, str]] = {
    "dsprites": (
        "disentool.datasets.dsprites",
        "2D Shapes: 737,280 binary sprites 64x64, five factors; rendered here or read",
    ),
    "shapes3d": (
        "disentool.datasets.shapes3d",
        "3D Shapes: 480,000 colour images 64x64 of an object in a room, six factors; rendered here or read",
    ),
    "cars3d": ("disentool.datasets.cars3d", "3D Cars: 17,568 renderings of 183 cars, three factors; read"),
    "smallnorb": ("disentool.datasets.smallnorb", "Small NORB: 97,200 grey photographs of 50 toys, six factors; read"),
    "mpi3d": ("disentool.datasets.mpi3d", "MPI3D toy, realistic, real: 1,036,800 images 64x64, seven factors; read"),
    "celeba": ("disentool.datasets.celeba", "CelebA: 202,599 faces, identity and 40 attributes; read"),
    "chairs": ("disentool.datasets.chairs", "3D Chairs: 86,366 renderings of 1,393 chairs, three factors; read"),
    "faces": ("disentool.datasets.faces", "3D Faces: renderings of the Basel Face Model, grey; read from a folder"),
    "mnist": ("disentool.datasets.mnist", "MNIST: 70,000 grey digits 28x28; read"),
    "kth": ("disentool.datasets.kth", "KTH: grey video frames of 25 persons, six actions; read"),
    "rafd": ("disentool.datasets.rafd", "Radboud Faces: expression, identity, gaze, camera; read"),
    "edges2shoes": ("disentool.datasets.edges2shoes", "edges2shoes: 50,025 pairs of edges and photographs; read"),
    "folder": (
        "disentool.datasets.folder",
        "your own images: a folder per class, or a folder and a CSV of factors (--from DIR)",
    ),
    "array": (
        "disentool.datasets.array",
        "your own arrays of images and factors: .npy, .npz or HDF5 (--from FILE)",
    ),
}
