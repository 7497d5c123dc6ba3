"""Small sound files in the formats of publishers and of other programs."""

import itertools
import json
import pickle
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import scipy.io
import torch
import yaml
from lpips_files import as_published, random_weights
from PIL import Image
from raw_files import encoded, idx, norb, picture, write_folder, write_tar, write_zip, zipped
from sound_models import taken

NORB_SIZES = (5, 10, 1, 2, 1, 2)
KTH = "person01_boxing_d1_uncomp.avi"
PICTURES = ("im/a/0.png", "im/b/1.jpg", "im/a/2.tif", "im/b/3.gif", "im/a/4.bmp", "im/b/5.webp", "im/a/moving.gif")
PICTURES = (*PICTURES, "im/b/pages.tif", "im/a/deep.png")
_PARTS = {"train": 6, "t10k": 4}
_SMALL_VGG = 1


def mnist_constants() -> None:
    """Ten images instead of 70,000."""
    from disentool.datasets import mnist

    mnist.PARTS = _PARTS


def norb_constants() -> None:
    """200 pictures instead of 97,200."""
    from disentool.datasets import smallnorb

    smallnorb.SIZES = NORB_SIZES


def cars_constants() -> None:
    """Two cars of 64 pixels a side instead of 183 of 128."""
    from disentool.datasets import cars3d

    cars3d.SIZES, cars3d.SIDE = (4, 2, 2), 64


def vgg_constants() -> None:
    """One channel in each layer of VGG16, instead of 64 to 512: 58 MB otherwise."""
    from disentool.io import vgg
    from disentool.nn import perceptual

    vgg._WIDTHS = dict.fromkeys(vgg._WIDTHS, _SMALL_VGG)
    perceptual._CONVOLUTIONS = tuple(c if c == "pool" else _SMALL_VGG for c in perceptual._CONVOLUTIONS)


def mnist(_: Path, folder: Path) -> None:
    rng = np.random.default_rng(0)
    for part, count in _PARTS.items():
        images, labels = rng.integers(0, 256, (count, 28, 28), np.uint8), np.arange(count, dtype=np.uint8)
        write_folder(folder / "raw", {f"{part}-images-idx3-ubyte": idx(images)})
        write_folder(folder / "raw", {f"{part}-labels-idx1-ubyte.gz": zipped(idx(labels))})


def smallnorb(_: Path, folder: Path) -> None:
    from disentool.datasets.smallnorb import HALVES

    rng = np.random.default_rng(0)
    for half, instances in HALVES.items():
        rest = [range(size) for size in NORB_SIZES[2:5]]
        pairs = np.array(list(itertools.product(range(5), instances, *rest)), np.int32)
        dat = np.repeat(rng.integers(0, 256, (len(pairs), 2, 1, 1), np.uint8), 96 * 96).reshape(-1, 2, 96, 96)
        info = pairs[:, 1:] * [1, 1, 2, 1]
        found = {"dat": norb(dat), "cat": norb(pairs[:, 0].copy()), "info": norb(info.astype(np.int32))}
        write_folder(folder / "raw", {f"{half}-{kind}.mat.gz": zipped(data) for kind, data in found.items()})


def cars3d(_: Path, folder: Path) -> None:
    (folder / "raw").mkdir()
    for number in (3, 7):
        im = np.full((64, 64, 3, 2, 4), number, np.uint8)
        scipy.io.savemat(folder / "raw" / f"car_{number:03}_mesh.mat", {"im": im, "x": 1}, do_compression=number == 3)


def kth(_: Path, folder: Path) -> None:
    from disentool.io import avi

    pixels = np.stack([picture(i, 120, 160, 1)[..., 0] for i in range(3)])
    (folder / "raw").mkdir()
    command = [avi.require(folder), "-v", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "160x120", "-r", "25"]
    command += ["-i", "pipe:0", "-c:v", "mpeg4", "-pix_fmt", "yuv420p", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch, "a.avi")
        subprocess.run([*command, made], input=pixels.tobytes(), capture_output=True, check=True)
        (folder / "raw" / KTH).write_bytes(made.read_bytes())
    (folder / "raw" / "00sequences.txt").write_text("person01_boxing_d1 frame 1-2, 3-3\n")


def pictures(models: Path, folder: Path) -> None:
    """A picture of each kind, of 16x16, in a folder of a class; an animation; one of 16 bits."""
    for number, kind in enumerate(("PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP")):
        write_folder(folder, {PICTURES[number]: encoded(picture(number, 16, 16), kind)})
    frames = [Image.fromarray(picture(i, 16, 16, 1)[..., 0]) for i in range(3)]
    frames[0].save(folder / "im" / "a" / "moving.gif", save_all=True, append_images=frames[1:])
    frames[0].save(folder / "im" / "b" / "pages.tif", save_all=True, append_images=frames[1:], compression="tiff_lzw")
    Image.fromarray(np.arange(256, dtype=np.uint16).reshape(16, 16) * 256).save(folder / "im" / "a" / "deep.png")
    taken(models, "ckpt.pt", folder)


def table(_: Path, folder: Path) -> None:
    """Pictures and a table of them: words, whole numbers, measurements, an identity, a split."""
    rows = ["file,colour,count,weight,angle,split"]
    for number in range(12):
        write_folder(folder, {f"im/{number}.png": encoded(picture(number, 8, 8), "PNG")})
        part = "train" if number < 9 else "test"
        rows.append(
            f"{number}.png,{['red', 'green', 'blue'][number % 3]},{number % 4},{number / 7:.3f},{30 * number},{part}"
        )
    (folder / "t.csv").write_text("\n".join(rows) + "\n")


def configuration(models: Path, folder: Path) -> None:
    """A YAML file of options."""
    values = {"latent_dim": 2, "hidden_units": 8, "steps": 1, "batch_size": 4, "learning_rate": 1e-3, "seed": 3}
    values |= {"likelihood": "bernoulli", "data": "d.h5", "device": "cpu", "epochs": None, "log_every": 1}
    (folder / "c.yaml").write_text(yaml.safe_dump({k: v for k, v in values.items() if v is not None}))
    taken(models, "d.h5", folder)


def archived(_: Path, folder: Path) -> None:
    """The same pictures and their labels in a tar, one zipped, and a zip."""
    members = {f"im/{'ab'[i % 2]}/{i}.png": encoded(picture(i, 8, 8), "PNG") for i in range(6)}
    write_tar(folder / "x.tar", members)
    write_tar(folder / "x.tar.gz", members)
    write_zip(folder / "x.zip", members)


def vgg(models: Path, folder: Path) -> None:
    from disentool.io import vgg as reader

    weights, size = {}, 3
    for layer in reader._WIDTHS:
        weights |= {
            f"features.{layer}.weight": torch.full((1, size, 3, 3), 0.1),
            f"features.{layer}.bias": torch.zeros(1),
        }
        size = _SMALL_VGG
    torch.save(weights | {"classifier.0.weight": torch.zeros(1)}, folder / "vgg.pth")
    taken(models, "d.h5", folder)


def lpips(models: Path, folder: Path) -> None:
    as_published(random_weights("alex"), folder)
    taken(models, "ckpt.pt", folder)


def biggan(_: Path, folder: Path) -> None:
    import pytorch_pretrained_biggan as package

    values = {"output_dim": 32, "z_dim": 12, "class_embed_dim": 12, "channel_width": 8, "num_classes": 3}
    layers = [[False, 16, 16], [True, 16, 8], [True, 8, 4], [False, 4, 4], [True, 4, 2], [False, 2, 1]]
    config = package.BigGANConfig(**values, layers=layers, attention_layer_position=2)
    torch.manual_seed(0)
    (folder / "g").mkdir()
    (folder / "g" / "config.json").write_text(json.dumps(config.to_dict()))
    network = package.BigGAN(config)
    torch.nn.init.ones_(network.generator.bn.weight)
    torch.nn.init.zeros_(network.generator.bn.bias)
    with torch.no_grad():
        for _ in range(5):  # in training, which brings the spectral norms to what they are
            network(torch.randn(8, 12), torch.eye(3)[torch.arange(8) % 3], 1.0)
    torch.save(network.state_dict(), folder / "g" / "pytorch_model.bin")


class Style(torch.nn.Module):
    """Called as the generators of StyleGAN2-ADA."""

    z_dim, c_dim, img_resolution, img_channels = 4, 0, 16, 3

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 3 * 16 * 16)

    def forward(self, z: torch.Tensor, labels: torch.Tensor, **_: object) -> torch.Tensor:
        return torch.tanh(self.layer(z)).view(-1, 3, 16, 16)


class _Exported(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 3 * 16 * 16)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.layer(z)).view(-1, 3, 16, 16)


def stylegan(_: Path, folder: Path) -> None:
    torch.manual_seed(0)
    (folder / "g.pkl").write_bytes(pickle.dumps({"G": None, "D": None, "G_ema": Style()}))


def exported_program(_: Path, folder: Path) -> None:
    """A TorchScript file and a .pt2 file, each with its description."""
    torch.manual_seed(0)
    network = _Exported().eval()
    with torch.no_grad():
        batch = torch.export.Dim("batch", min=2)
        program = torch.export.export(network, (torch.zeros(2, 4),), dynamic_shapes={"z": {0: batch}})
        torch.export.save(program, str(folder / "p.pt2"))
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.jit.trace(network, torch.zeros(2, 4)).save(str(folder / "s.pt"))
    for name in "ps":
        (folder / f"{name}.json").write_text(json.dumps({"latent_dim": 4, "image_range": [0, 1]}))
