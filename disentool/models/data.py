"""The data set that goes with a model."""

from disentool.contract.configuration import splits_classes
from disentool.datasets.cache import open_data
from disentool.errors import DataMismatch, MissingFile
from disentool.io.dataset import Dataset
from disentool.models import styles
from disentool.models.model import TrainedModel, require_image_size
from disentool.reporting import Reporter


def data_of(model: TrainedModel, data: str | Dataset | None, report: Reporter, *, fit: bool = True) -> Dataset:
    """The data set to put through a model: ``data`` where given, opened or by its name, else the one it was trained on.

    ``fit``: raise DataMismatch where its images are of another size than the model's. Raises MissingFile where it is
    not there, DataMismatch where the file is not the data any more that the model was trained on.
    """
    known = model.content["data"]
    spec = data if isinstance(data, Dataset) else data or known.get("spec", "")
    if not spec:
        raise MissingFile(f"{model.path}: does not say what it was trained on; name --data")
    try:
        dataset = spec if isinstance(spec, Dataset) else open_data(spec, report)
    except MissingFile as error:
        if data:
            raise
        raise MissingFile(f"{error} ({model.path} was trained on it; --data names where it is now)") from None
    if fit:
        require_image_size(model, dataset)
    if not data and dataset.content_sha256 != known.get("content_sha256"):
        raise DataMismatch(
            f"{dataset.path}: is not the data that {model.path} was trained on any more; name it with --data if meant"
        )
    split = splits_classes(model.method.config)
    count = 1 if split is None else split.styles
    found = styles.stored(model.path, model.content, dataset, count)
    return dataset if found is None else styles.attach(dataset, found, count)
