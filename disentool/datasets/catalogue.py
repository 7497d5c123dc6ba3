"""Facts about the published data sets: how large, where to get them, under which terms: what ``prepare --list`` prints.

Sizes of downloads are rounded, and of some only as commonly stated. Licences are in short what the publishers say.
"""

from typing import NamedTuple


class File(NamedTuple):
    """A file that can be downloaded: its name, addresses that all have it, and a checksum as ``md5:..``, if known."""

    name: str
    mirrors: tuple[str, ...]
    checksum: str = ""


class Facts(NamedTuple):
    """``where``: the page to get it from; ``size``: of the download; ``files``: those that lie at stable addresses."""

    images: str
    factors: str
    where: str
    size: str
    licence: str
    files: tuple[File, ...] = ()


_MNIST = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/")
_NORB = "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/"
_PIX2PIX = ("http://efrosgans.eecs.berkeley.edu/pix2pix/datasets/",)
_KTH = "https://www.csc.kth.se/cvap/actions/"


def _files(mirrors: tuple[str, ...], *names: str, **checksums: str) -> tuple[File, ...]:
    return tuple(File(name, tuple(mirror + name for mirror in mirrors), checksums.get(name, "")) for name in names)


PUBLISHED: dict[str, Facts] = {
    "dsprites": Facts(
        "737,280 x 64x64 grey",
        "shape 3, scale 6, orientation 40, pos_x 32, pos_y 32",
        "rendered here; https://github.com/deepmind/dsprites-dataset",
        "about 26 MB",
        "Apache-2.0",
        _files(
            ("https://raw.githubusercontent.com/deepmind/dsprites-dataset/master/",),
            "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz",
        ),
    ),
    "shapes3d": Facts(
        "480,000 x 64x64 RGB",
        "floor_hue 10, wall_hue 10, object_hue 10, scale 8, shape 4, orientation 15",
        "rendered here; https://github.com/deepmind/3d-shapes",
        "about 270 MB",
        "Apache-2.0",
        _files(("https://storage.googleapis.com/3d-shapes/",), "3dshapes.h5"),
    ),
    "cars3d": Facts(
        "17,568 x 64x64 RGB (published 128x128)",
        "elevation 4, azimuth 24, model 183",
        "http://www.scottreed.info/files/nips2015-analogy-data.tar.gz",
        "about 300 MB",
        "none published",
        _files(("http://www.scottreed.info/files/",), "nips2015-analogy-data.tar.gz"),
    ),
    "smallnorb": Facts(
        "97,200 x 64x64 grey (published 96x96)",
        "category 5, instance 10, elevation 9, azimuth 18, lighting 6, camera 2",
        _NORB,
        "about 250 MB",
        "research only, not commercial",
        _files(
            (_NORB,),
            *(
                f"smallnorb-5x{half}-{kind}.mat.gz"
                for half in ("46789x9x18x6x2x96x96-training", "01235x9x18x6x2x96x96-testing")
                for kind in ("dat", "cat", "info")
            ),
        ),
    ),
    "mpi3d": Facts(
        "1,036,800 x 64x64 RGB",
        "object_color 6, object_shape 6, object_size 2, camera_height 3, background_color 3, horizontal_axis 40,"
        " vertical_axis 40",
        "https://github.com/rr-learning/disentanglement_dataset",
        "up to 12 GB each of toy, realistic, real",
        "CC BY 4.0",
    ),
    "celeba": Facts(
        "202,599 x 64x64 RGB (published 178x218)",
        "identity 10,177, and 40 attributes",
        "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        "about 1.4 GB",
        "research only, not commercial",
    ),
    "chairs": Facts(
        "86,366 x 64x64 RGB (published 600x600)",
        "model 1,393, elevation 2, azimuth 31",
        "https://www.di.ens.fr/willow/research/seeing3Dchairs",
        "about 9 GB",
        "none published",
        _files(("https://www.di.ens.fr/willow/research/seeing3Dchairs/data/",), "rendered_chairs.tar"),
    ),
    "faces": Facts(
        "as rendered, 64x64 grey",
        "identity",
        "by registration, https://faces.dmi.unibas.ch; the renderings are yours",
        "-",
        "of the Basel Face Model: research only",
    ),
    "mnist": Facts(
        "70,000 x 28x28 grey",
        "digit 10",
        "http://yann.lecun.com/exdb/mnist",
        "about 12 MB",
        "CC BY-SA 3.0, as commonly stated",
        _files(
            _MNIST,
            *(f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")),
            **{
                "train-images-idx3-ubyte.gz": "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "train-labels-idx1-ubyte.gz": "md5:d53e105ee54ea40749a09fcbcd1e9432",
                "t10k-images-idx3-ubyte.gz": "md5:9fb629c4189551a2d022fa330f9573f3",
                "t10k-labels-idx1-ubyte.gz": "md5:ec29112dd5afa0611ce80d1b7f02629c",
            },
        ),
    ),
    "kth": Facts(
        "about 290,000 frames, 64x64 grey (published 160x120)",
        "person 25, action 6, scenario 4",
        _KTH,
        "about 1.2 GB",
        "none published",
        _files(
            (_KTH,),
            *(f"{name}.zip" for name in ("boxing", "handclapping", "handwaving", "jogging", "running", "walking")),
            "00sequences.txt",
        ),
    ),
    "rafd": Facts(
        "8,040 x 64x64 RGB (published 681x1024)",
        "expression 8, identity 67, gaze 3, camera 5",
        "by registration, https://rafd.socsci.ru.nl",
        "about 1 GB",
        "research only",
    ),
    "edges2shoes": Facts(
        "100,050 x 64x64 RGB (50,025 pairs, published 256x256)",
        "pair 50,025, domain 2",
        "http://efrosgans.eecs.berkeley.edu/pix2pix/datasets/edges2shoes.tar.gz",
        "about 2.2 GB",
        "of UT Zappos50K: academic, not commercial",
        _files(_PIX2PIX, "edges2shoes.tar.gz", **{"edges2shoes.tar.gz": "md5:71da478b54fedde126e234a2a050bc15"}),
    ),
}


def row(name: str, summary: str) -> tuple[str, ...]:
    """A line of ``prepare --list``: name, images, factors, where to get it, size of the download, licence."""
    if name in PUBLISHED:
        return (name, *PUBLISHED[name][:5])
    return (name, summary, "-", "yours", "-", "yours")
