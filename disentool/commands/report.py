"""Runs -> one page: what ran and with what, scores beside published numbers, plots, pictures, explorers."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from disentool.contract import ClassContent, Transfers
from disentool.errors import DataMismatch, DisentoolError, WrongUsage
from disentool.io import files
from disentool.pages import document, report_pictures, report_runs
from disentool.pages.report import body_of, title_of
from disentool.pages.report_runs import Run
from disentool.pictures import writing
from disentool.reporting import Reporter, Silent

_STEPS, _SIZE = 9, 64  # of a traversal in a report: values, and pixels of an image
_TRAVERSED = (
    "Each latent dimension from end to end, the others as in the image to the left. Below its name: its KL to the"
    " prior, or how far its codes are spread."
)
_SWAPPED = "The content of each image to the left on the class of each image above."


@dataclass(frozen=True)
class LoadOptions:
    """How checkpoints are opened."""

    device: str
    trust: bool


def report(
    sources: Iterable[str | Path],
    output: Path,
    *,
    device: str = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Iterator[Path]:
    """Write a page of all that ``sources`` hold, and yield its path.

    ``sources``: checkpoints (.pt), histories and score records (.jsonl), files of directions (.h5), correlations;
    folders of those. The page is complete in itself, and the same inputs make the same bytes.

    Where one of several inputs that came through a folder or an iterator cannot be read, or the pictures of a
    checkpoint cannot be made, the page says so, is written, and DisentoolError is raised after it. Raises WrongUsage,
    MissingFile, ForeignFile, OutputExists or NotWritable before that.
    """
    report, output = report or Silent(), Path(output)
    writing.check_suffix(output, (".html",))
    with files.claim_all([output], overwrite=overwrite):
        found = report_runs.gather(sources, report)
        for run in found.runs:
            if run.path:
                files.require_apart(output, run.path)
        body = body_of(found, partial(_pictured, load_options=LoadOptions(device, trust)), report)
        about = {"report": [{"id": run.key, "name": run.name} for run in found.runs]}
        files.write_text(output, document.document(title_of(found.runs), body, about), overwrite=overwrite)
        yield output
    if found.failed:
        raise DisentoolError(f"{output}: is written, without what could not be read or shown ({len(found.failed)})")


def _pictured(run: Run, path: Path, key: str | None, load_options: LoadOptions) -> tuple[str, str]:
    """The pictures of a checkpoint, as `traverse` and `swap` make them, and its explorer, of which the key is ``key``.

    None for a key: no explorer. Raises what opening and drawing a checkpoint raises.
    """
    # Imported here: records alone need no torch.
    from disentool.commands.swap import swap
    from disentool.commands.traverse import traverse
    from disentool.engine import devices
    from disentool.models import starting_codes
    from disentool.models.model import load_model
    from disentool.pages import explorer_content
    from disentool.pages.report_explorer import explorer_of

    device, trust = load_options.device, load_options.trust
    devices.configure(devices.choose(device))
    model = load_model(path, device, trust=trust)
    chosen, notes = explorer_content.choose_dimensions(model, None, Silent())
    dims = [dimension.index for dimension in chosen]

    def traversed(to: Path) -> Iterator[Path]:
        return traverse(path, [to], dims=dims, steps=_STEPS, size=_SIZE, device=device, trust=trust)

    def swapped(to: Path) -> Iterator[Path]:
        return swap(path, [to], size=_SIZE, device=device, trust=trust)

    shown = [report_pictures.figure_of(traversed, _TRAVERSED)]
    if isinstance(model.method, (ClassContent, Transfers)):
        shown.append(report_pictures.figure_of(swapped, _SWAPPED))
    shown += [_directed(path, file.path, load_options) for file in run.directions]
    if key is None:
        return "".join(shown), ""
    starts = starting_codes.find(model, Silent(), count=None, default=explorer_content.STARTS)
    files_of_directions = [file.path for file in run.directions]
    with _told_of_files(files_of_directions):
        explorer = explorer_of(
            path,
            files_of_directions,
            model,
            starts,
            chosen,
            notes,
            key,
            trust=load_options.trust,
            device=load_options.device,
        )
    return "".join(shown), explorer


def _directed(path: Path, directions: Path, load_options: LoadOptions) -> str:
    from disentool.commands.traverse_directions import traverse_directions

    def moved(to: Path) -> Iterator[Path]:
        return traverse_directions(
            path,
            [str(directions)],
            [to],
            images=1,
            steps=_STEPS,
            size=_SIZE,
            device=load_options.device,
            trust=load_options.trust,
        )

    caption = (
        f"Images moved along the directions of {directions.name}, each in its own unit, from where it is in the middle."
    )
    with _told_of_files([directions]):
        return report_pictures.figure_of(moved, caption)


@contextmanager
def _told_of_files(directions: Sequence[Path]) -> Iterator[None]:
    """Directions that cannot be followed, such as one that moves nothing, are no fault of the command line here."""
    try:
        yield
    except WrongUsage as error:
        raise DataMismatch(f"{', '.join(map(str, directions))}: {error}") from error
