"""What one line says of a task's progress: how much is done, how fast, how long it took and will take."""

from disentool.cli.words import printable

_LONGEST_BAR, _SHORTEST_BAR = 20, 6  # columns
_GAP = "  "


class Pace:
    """How fast a task goes. What comes before its first update is start-up, and no part of the rate.

    ``total``: of the task; 0: nobody knows. ``done``: behind it before it began. Times in seconds, of one clock.
    """

    def __init__(self, total: int, done: int, now: float):
        self.total, self.done = total, done
        self._began, self._now = now, now
        self._first: tuple[float, int] | None = None

    def update(self, done: int, now: float) -> None:
        """``done`` of the total is finished ``now``."""
        self.done, self._now = done, now
        self._first = self._first or (now, done)

    @property
    def rate(self) -> float | None:
        """Units a second; None as long as it is not known."""
        since, done = self._first or (self._now, self.done)
        return (self.done - done) / (self._now - since) if self._now > since and self.done > done else None

    @property
    def finished(self) -> bool:
        """Whether all is done."""
        return bool(self.total) and self.done >= self.total

    @property
    def share(self) -> float:
        """How much of the total is done, in 0..1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @property
    def speed(self) -> str:
        """The rate in words, such as ``33.1/s``; empty as long as it is not known."""
        rate = self.rate
        if rate is None:
            return ""
        return f"{rate:,.0f}/s" if rate >= 100 else f"{rate:.1f}/s" if rate >= 1 else f"{rate:.2g}/s"

    @property
    def elapsed(self) -> str:
        """The time since it began, such as ``2:05``."""
        return clock(self._now - self._began)

    @property
    def left(self) -> str:
        """The time that it will still take; empty as long as it is not known."""
        rate = self.rate
        return clock((self.total - self.done) / rate) if rate and self.total and not self.finished else ""

    def count(self, unit: str) -> str:
        """Such as ``1,000/3,000 steps``."""
        of = f"/{self.total:,}" if self.total else ""
        return f"{self.done:,}{of} {unit}".rstrip()


def plain_line(label: str, pace: Pace, unit: str, terms: list[str]) -> str:
    """All of it in words, of any length."""
    label, terms = printable(label), list(map(printable, terms))
    if pace.finished:
        times = [f"done in {pace.elapsed}"]
    else:
        times = [f"{pace.elapsed} elapsed", *([f"{pace.left} left"] if pace.left else [])]
    return f"{label}: {', '.join(filter(None, [pace.count(unit), pace.speed, *times, *terms]))}"


def fitted_line(label: str, pace: Pace, unit: str, terms: list[str], width: int, marks: str) -> str:
    """As much of it as ``width`` columns hold, never a part of a number.

    First the losses are left out, then the bar; then the speed, the words for the times, the unit, and words of the
    label from its end. ``marks``: the bar's characters for what is done and for what is not.
    """
    label, terms = printable(label), list(map(printable, terms))
    times = ", ".join([f"{pace.elapsed} elapsed", *([f"{pace.left} left"] if pace.left else [])])
    short = f"{pace.elapsed}, {pace.left} left" if pace.left else pace.elapsed
    parts = [label, pace.count(unit), pace.speed, times]
    room = width - _columns(parts) - len(_GAP)
    if pace.total and room >= _SHORTEST_BAR:
        length = min(room, _LONGEST_BAR)
        full = int(pace.share * length)
        line = _joined([label, marks[0] * full + marks[1] * (length - full), *parts[1:]])
        for term in terms:
            if _columns([line, term]) > width:
                break
            line = _joined([line, term])
        return line
    for fewer in (
        parts,
        [label, pace.count(unit), times],
        [label, pace.count(unit), short],
        [label, pace.count(""), short],
        *([fewer_words, pace.count(""), short] for fewer_words in _shortened(label)),
        [pace.count(""), short],
        [pace.count("")],
    ):
        if _columns(fewer) <= width:
            return _joined(fewer)
    return ""


def _shortened(label: str) -> list[str]:
    """The label with fewer and fewer words; ``run 2 of 4`` in ``run 2 of 4: vae ckpt.pt`` counts for one."""
    head, colon, rest = label.rpartition(": ")
    words = rest.split()
    found = [f"{head}{colon}{' '.join(words[:n])}" for n in range(len(words) - 1, 0, -1)]
    return [*found, head] if head else found


def clock(seconds: float) -> str:
    """Seconds as ``2:05`` or ``1:02:05``."""
    minutes, seconds = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def terms_in_words(terms: dict[str, float] | None) -> list[str]:
    """The running values worth a place in one line: the losses' parts, not their sums."""
    return [f"{_SHORT.get(k, k)} {v:.4g}" for k, v in (terms or {}).items() if not k.endswith("_loss")]


_SHORT = {"reconstruction": "rec", "discriminator_accuracy": "D acc"}


def _joined(parts: list[str]) -> str:
    return _GAP.join(filter(None, parts))


def _columns(parts: list[str]) -> int:
    from rich.cells import cell_len  # a wide character takes two columns

    return cell_len(_joined(parts))
