"""A checkpoint in memory: images in, codes out, and back."""

import copy
from collections.abc import Mapping, Sequence
from os import fspath
from pathlib import Path
from typing import Annotated, Any, overload

import numpy as np
import torch

from disentool.api import forward, scoring
from disentool.api.arguments import Data, Device, FilePath, Seed, device_name, public, spec_of
from disentool.api.arrays import Array, Posterior
from disentool.arguments.bounds import BOOTSTRAP, DRAWS, EXTENT, REPEATS, Baseline, Bounds, CodesFrom, Part
from disentool.arguments.defaults import TRAVERSAL_EXTENT
from disentool.errors import DataMismatch, WrongUsage
from disentool.metrics.result import Result
from disentool.models import dimensions, prior
from disentool.models.model import TrainedModel
from disentool.pictures.limits import STEPS
from disentool.reporting import Reporter, Silent
from disentool.scoring.score_metric import Spread

_STEPS = Bounds(2, 1000)  # images of a dimension; a picture holds fewer


class Model:
    """A trained model. :func:`disentool.load` makes one.

    Images are uint8 in 0..255 or float in 0..1: NumPy arrays [N,H,W,C] or tensors [N,C,H,W]. Grey images may also be
    [N,H,W]. Codes are float [N,D]. N may be any number: arrays go through the networks batch by batch, without
    gradients. Results are float32 and of the caller's kind: a NumPy array for a NumPy array, and for a tensor a tensor
    on the same device.

    Raises DataMismatch for an array of another type, shape or range, and for an empty one; ForeignFile where a network
    gives NaN or infinity, because its training diverged.

    >>> import disentool
    >>> model = disentool.load("ckpt.pt", device="cpu")
    >>> images = disentool.open_dataset("squares.h5").images[:5]
    >>> codes = model.encode(images)
    >>> codes.shape, codes.dtype
    ((5, 4), dtype('float32'))
    >>> model.decode(codes).shape
    (5, 32, 32, 1)
    """

    def __init__(self, model: TrainedModel):
        self._model = model

    @property
    def path(self) -> Path:
        """The file it was loaded from."""
        return self._model.path

    @property
    def method(self) -> str:
        """Its method's name, as ``train`` takes it."""
        return str(self._model.content["method"])

    @property
    def config(self) -> dict[str, Any]:
        """The options of its method, by name."""
        return copy.deepcopy(dict(self._model.content["config"]))

    @property
    def step(self) -> int:
        """How many steps it was trained."""
        return int(self._model.content["step"])

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._model.device

    @property
    def latent_dim(self) -> int:
        """D, the width of the codes that :meth:`encode` gives."""
        return int(self._model.method.codes()["mean"])

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of its images."""
        facts = self._model.facts
        return facts.height, facts.width, facts.channels

    @property
    def dims(self) -> tuple[int, ...]:
        """Its latent dimensions in the order that pictures show them: the largest KL to the prior first."""
        return tuple(shown.index for shown in dimensions.choose(self._model, None, Silent(), most=self.latent_dim))

    def __repr__(self) -> str:
        height, width, channels = self.image_shape
        return (
            f"<disentool.Model {self.method} at step {self.step:,}: images {height}x{width}x{channels},"
            f" {self.latent_dim} latent dimensions, on {self.device}, from {self.path}>"
        )

    @public
    def encode(self, images: Array) -> Array:
        """The mean of q(z|x) of images (see :class:`Model`), float32 [N,D].

        For a method of class and content, this is the class code followed by the content code. Raises WrongUsage where
        the checkpoint's encoders are not trained yet.
        """
        return self.encode_all(images)["mean"]

    @public
    def posterior(self, images: Array) -> Posterior[Array]:
        """The mean and the log variance of q(z|x), float32 [N,D] each. DataMismatch if the method has no variance."""
        if "logvar" not in self._model.method.codes():
            raise DataMismatch(f"{self.path}: {self.method} encodes to codes without a variance; encode gives them")
        codes = self.encode_all(images)
        return Posterior(codes["mean"], codes["logvar"])

    @public
    def encode_all(self, images: Array) -> dict[str, Array]:
        """All codes that the encoders give, by name, float32 [N,D] each.

        ``mean`` is always there, and ``logvar`` if the method has a variance. A method of class and content also gives
        ``class_code`` and ``content_code``.
        """
        return forward.encoded(self._model, images)

    @public
    def decode(self, codes: Array) -> Array:
        """The mean of p(x|z): codes float [N,D] -> images float32 in 0..1, [N,H,W,C] or, of a tensor, [N,C,H,W].

        Codes are as wide as those of :meth:`encode`, or of :meth:`sample_codes`.
        """
        return forward.decoded(self._model, codes)

    @public
    def reconstruct(self, images: Array) -> Array:
        """The images decoded from their own codes, float32 in 0..1, in the same layout."""
        return self.decode(self.encode(images))

    @public
    def sample_codes(self, count: Annotated[int, DRAWS], seed: Seed = 0) -> np.ndarray:
        """Draws from the prior, float32 [count,W]; the n-th depends on ``seed`` and n only.

        W is D, except for a GAN: its codes also hold the noise, after the D dimensions that it encodes.
        """
        return prior.draw(self._model, count, seed)

    @public
    def sample(self, count: Annotated[int, DRAWS], seed: Seed = 0) -> np.ndarray:
        """Images drawn from the model, float32 [count,H,W,C] in 0..1: :meth:`sample_codes`, decoded."""
        return self.decode(self.sample_codes(count, seed))

    @overload
    def traverse(
        self,
        images: None = None,
        *,
        codes: None = None,
        dims: Sequence[int] | None = None,
        extent: float = TRAVERSAL_EXTENT,
        steps: int = STEPS,
    ) -> np.ndarray: ...

    @overload
    def traverse(
        self, images: Array, *, dims: Sequence[int] | None = None, extent: float = TRAVERSAL_EXTENT, steps: int = STEPS
    ) -> Array: ...

    @overload
    def traverse(
        self, *, codes: Array, dims: Sequence[int] | None = None, extent: float = TRAVERSAL_EXTENT, steps: int = STEPS
    ) -> Array: ...

    @public
    def traverse(
        self,
        images: Any = None,
        *,
        codes: Any = None,
        dims: Sequence[int] | None = None,
        extent: Annotated[float, EXTENT] = TRAVERSAL_EXTENT,
        steps: Annotated[int, _STEPS] = STEPS,
    ) -> Any:
        """Decode codes while one dimension moves and the others stay: float32 [n,dims,steps,H,W,C] in 0..1.

        The traversal starts from n ``images`` or from n ``codes``. If you give neither, it starts from the first image
        that the checkpoint keeps. Tensors give tensors [n,dims,steps,C,H,W]. ``dims``: the dimensions to move, in this
        order; None moves all of them, from 0 on (pictures have the order of :attr:`dims`). A dimension goes from
        ``-extent`` to ``extent``, in standard deviations of the prior, or of the training images' codes for a method
        without a prior (LORD, DrNet). A dimension that a GAN draws uniformly, or as a
        class, goes through all of its own values instead.

        ``disentool.traverse`` draws the same as a picture.

        >>> import disentool
        >>> model = disentool.load("ckpt.pt", device="cpu")
        >>> model.traverse(dims=model.dims[:2], steps=7).shape
        (1, 2, 7, 32, 32, 1)
        """
        return forward.traversed(self._model, images, codes, dims, extent, steps)

    @overload
    def score(
        self,
        metric: str = "factor",
        *,
        data: Data | None = None,
        rows: Part = "all",
        codes_from: CodesFrom = "auto",
        protocol: str | None = None,
        seed: Seed = 0,
        repeats: int = 1,
        bootstrap: int = 0,
        constants: Mapping[str, Any] | None = None,
        baseline: Baseline | None = None,
        report: Reporter | None = None,
    ) -> Result: ...

    @overload
    def score(
        self,
        metric: list[str] | tuple[str, ...],
        *,
        data: Data | None = None,
        rows: Part = "all",
        codes_from: CodesFrom = "auto",
        protocol: str | None = None,
        seed: Seed = 0,
        repeats: int = 1,
        bootstrap: int = 0,
        constants: Mapping[str, Any] | None = None,
        baseline: Baseline | None = None,
        report: Reporter | None = None,
    ) -> dict[str, Result]: ...

    @public
    def score(
        self,
        metric: str | list[str] | tuple[str, ...] = "factor",
        *,
        data: Data | None = None,
        rows: Part = "all",
        codes_from: CodesFrom = "auto",
        protocol: str | None = None,
        seed: Seed = 0,
        repeats: Annotated[int, REPEATS] = 1,
        bootstrap: Annotated[int, BOOTSTRAP] = 0,
        constants: Mapping[str, Any] | None = None,
        baseline: Baseline | None = None,
        report: Reporter | None = None,
    ) -> Result | dict[str, Result]:
        """Measure the model on a data set; the same number as ``disentool score`` gives for its checkpoint.

        Only the rows that the metrics need are encoded, and each is encoded once. ``data``: what
        :func:`disentool.open_dataset` returns or takes (default: the data that the model was trained on). ``rows`` and
        ``codes_from``: as :func:`disentool.encode` has them. The other arguments, and the result, are those of
        :func:`disentool.score`, but ``protocol`` is by default the one that draws few rows, if the metric has one.
        ``baseline="untrained"``: ``result.baseline`` is that of the same model with fresh weights, on the same rows.

        Raises UnknownName, WrongUsage, MissingFile, ForeignFile, NoFactors, or DataMismatch: the data does not fit the
        model, or the metric needs what the method does not have.

        >>> import disentool
        >>> model = disentool.load("ckpt.pt", device="cpu")
        >>> result = model.score("factor", data="squares.h5", constants={"votes": 200})
        >>> 0 <= result.score <= 1, result.protocol
        (True, 'paper')
        >>> list(model.score(["kl", "reconstruction"], data=disentool.open_dataset("squares.h5")))
        ['kl', 'reconstruction']
        """
        return scoring.of_model(
            self._model,
            metric,
            data=spec_of(data),
            rows=rows,
            codes_from=codes_from,
            protocol=protocol,
            seed=seed,
            spread=Spread(repeats, bootstrap),
            constants=constants,
            baseline=baseline,
            report=report or Silent(),
        )


Checkpoint = FilePath | Model


def of_caller(checkpoint: Checkpoint, device: Device) -> tuple[str | TrainedModel, str]:
    """A checkpoint and a device as a command takes them; a loaded model computes where it is."""
    asked = device_name(device)
    if not isinstance(checkpoint, Model):
        return fspath(checkpoint), asked
    there = checkpoint.device.type
    if asked not in ("auto", there):
        raise WrongUsage(f"device: expected {there}, where the model is, got {asked}; load the model on {asked}")
    return checkpoint._model, there
