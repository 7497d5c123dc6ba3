"""The command line: parse, call a tool, print. Commands load when asked for; one boundary turns errors into a line."""

import contextlib
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any

import click

import disentool
from disentool.cli import help as texts
from disentool.cli import streams
from disentool.cli.progress import warnings_as_notes
from disentool.cli.words import on_lines, printable
from disentool.errors import DisentoolError, Interrupted, UnknownName
from disentool.io import provenance
from disentool.system import unfinished

COMMANDS: dict[str, tuple[str, str]] = {
    "prepare": (
        "disentool.cli.prepare:prepare",
        "Write a data set as one HDF5 file: rendered, or read from its published files.",
    ),
    "train": ("disentool.cli.train:train", "Train a method: data in, checkpoint out."),
    "encode": ("disentool.cli.encode:encode", "Encode a data set with a checkpoint: latents out."),
    "decode": ("disentool.cli.decode:decode", "Decode latents with a checkpoint: images out."),
    "sample": ("disentool.cli.sample:sample", "Draw images from a model's prior."),
    "score": ("disentool.cli.score:score", "Measure checkpoints, latents or any codes."),
    "traverse": ("disentool.cli.traverse:traverse", "Draw what each latent dimension does."),
    "find-direction": (
        "disentool.cli.find_direction:find_direction",
        "Find latent directions that shift, zoom, brighten or turn images.",
    ),
    "invert": ("disentool.cli.invert:invert", "Find the codes whose images are like yours."),
    "swap": ("disentool.cli.swap:swap", "Put the content of some images on the class of others."),
    "runs": ("disentool.cli.runs:runs", "List runs: what they are, how far they are, what they score."),
    "correlate": ("disentool.cli.correlate:correlate", "Correlate metrics over the models in score records."),
    "table": ("disentool.cli.table:table", "Print score records as a table for a paper."),
    "plot": ("disentool.cli.plot:plot", "Draw records as a figure for a paper."),
    "report": ("disentool.cli.report:report", "Write one page with runs, scores, pictures and explorers."),
    "export": ("disentool.cli.export:export", "Write weights as .safetensors, or read them back."),
    "info": ("disentool.cli.info:info", "Say what a file is, and what is in it."),
}


_OUT_OF_MEMORY = ("out of memory", "can't allocate memory")  # in the words of CUDA and of a CPU's allocator


class LazyGroup(click.Group):
    """A group whose commands are named in a table and imported when used, so that help is instant."""

    def __init__(
        self,
        *args: Any,
        table: dict[str, tuple[str, str]],
        examples: Sequence[str],
        kind: str = "command",
        **kwargs: Any,
    ):
        super().__init__(*args, epilog=texts.epilog(examples), **kwargs)
        self.table, self.examples, self.kind = table, tuple(examples), kind

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click's, but a call without any word is wrong usage, and the help goes to stderr."""
        if not args and not ctx.resilient_parsing:  # which is how the shell's completion asks
            click.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """As click's, but a reader that has what it wanted (`| head -1`) is no failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _drop_stdout()
            return 0
        except KeyboardInterrupt:  # click would add an empty line
            raise Interrupted(signal.SIGINT, "interrupted") from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The table's names, in its order."""
        return list(self.table)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import and return a command."""
        if name not in self.table:
            return None
        module, _, attribute = self.table[name][0].partition(":")
        return getattr(importlib.import_module(module), attribute)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, but an unknown name gets the nearest ones."""
        known = not args or args[0].startswith("-") or self.get_command(ctx, args[0]) is not None
        if not known and not ctx.resilient_parsing:
            raise UnknownName(self.kind, args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section(f"{self.kind.capitalize()}s"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self.table.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, a line each."""
        texts.write_epilog(self, formatter)


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    examples=(
        "disentool train factorvae --preset quick",
        "disentool score && disentool traverse --gif out.gif",
    ),
)
@click.version_option(disentool.__version__, prog_name="disentool", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def group(debug: bool) -> None:
    """Learn, measure and steer disentangled representations.

    Results go to stdout, messages to stderr. A checkpoint that is not named is ./ckpt.pt. "-" reads paths from stdin.
    Exit codes: 0 done, 1 failed, 2 wrong usage, 130 or 143 interrupted.
    """


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; errors become one line on stderr."""
    provenance.set_command(arguments)
    debug = "--debug" in arguments  # wherever it stands
    arguments = [word for word in arguments if word != "--debug"]
    try:
        os.getcwd()
    except OSError:  # libraries that are loaded from now on would end without a word
        return _fail("the current folder is gone; cd to one that is there", 1)
    try:
        with warnings_as_notes():
            code = group.main(args=arguments, prog_name="disentool", standalone_mode=False)
        sys.stdout.flush()
        return code or 0
    except BrokenPipeError:  # while flushing
        _drop_stdout()
        return 0
    except (KeyboardInterrupt, click.Abort):  # of a caller that has set no handler
        return _fail("interrupted", 130)
    except Exception as error:
        if debug:
            raise
        return _explain(error)


def _explain(error: BaseException) -> int:
    if isinstance(error, DisentoolError):
        return _fail(str(error), error.exit_code)
    if isinstance(error, click.UsageError):
        where = f" (see `{error.ctx.command_path} --help`)" if error.ctx else ""
        return _fail(f"{error.format_message().rstrip('.')}{where}", 2)
    if isinstance(error, click.ClickException):
        return _fail(error.format_message(), error.exit_code)
    if isinstance(error, MemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY):
        return _fail("out of memory; use a smaller --batch-size, fewer rows or samples, or --device cpu", 1)
    if isinstance(error, OSError):
        if not error.filename:
            _drop_stdout()
        return _fail(f"{error.filename or 'stdout'}: {error.strerror or error}", 1)
    return _fail(f"internal error, please report: {type(error).__name__}: {error} (--debug shows where)", 1)


def _fail(message: str, code: int) -> int:
    with contextlib.suppress(OSError):
        print(on_lines(f"disentool: {printable(message)}", sys.stderr), file=sys.stderr, flush=True)
    return code


def _drop_stdout() -> None:
    """Send the rest of the buffer nowhere: a stdout that takes no more must not fail again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end(number: int, frame: object) -> None:
    """End at once, and leave nothing half written.

    Nothing is raised: a library that calls back into Python may swallow what a handler raises, take it for a damaged
    file, or abort. Training, which has something to save, has a handler of its own.
    """
    unfinished.abandon()
    with contextlib.suppress(Exception):  # the signal may have come in the midst of a write to it
        sys.stdout.flush()
    word = "interrupted" if number == signal.SIGINT else "terminated"
    with contextlib.suppress(OSError):  # nobody reads it any more, or the shell closed it
        erased = "\r\x1b[J" if os.isatty(2) else ""  # a progress bar, and the terminal's ^C
        os.write(2, f"{erased}disentool: {word}\n".encode())
    os._exit(128 + number)


def main() -> None:
    """The ``disentool`` command."""
    # Threads that wait for each other may spin for a moment, then sleep. OpenMP's own default spins so long that two
    # runs side by side take ten times as long each. Read when torch loads it, hence here.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # the shell closed it (`>&-`)
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):
            streams.open_to_any_name(stream)
    for number in (signal.SIGINT, signal.SIGTERM, *([] if sys.platform == "win32" else [signal.SIGHUP])):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup, or under `&` of a script
            signal.signal(number, _end)
    sys.exit(run(sys.argv[1:]))
