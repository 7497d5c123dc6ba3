"""scikit-learn for metrics: an import without side effects, and fits side by side that an interrupt can leave."""

import os
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")
Fitted = TypeVar("Fitted")
Stopped = Callable[[], bool]  # whether a fit is to end, as nobody will take its result

# What importing scikit-learn and joblib sets for OpenMP libraries that a process may load twice.
_SET_BY_IMPORT = ("KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK")


def import_scikit_learn() -> None:
    """Import it, and leave Python's ``random`` and the environment as they were: the import changes both."""
    with process_unchanged():
        import sklearn.linear_model  # noqa: F401


@contextmanager
def process_unchanged() -> Iterator[None]:
    """Python's ``random`` and the environment are afterwards as they were before an import of joblib or of that."""
    state = random.getstate()
    before = {name: os.environ.get(name) for name in _SET_BY_IMPORT}
    try:
        yield
    finally:
        random.setstate(state)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def processors() -> int:
    """How many this process may use."""
    with process_unchanged():
        from joblib import cpu_count

    return int(cpu_count())


def side_by_side(
    fit: Callable[[Item, Stopped], Fitted], items: Sequence[Item], each: Callable[[int], None]
) -> list[Fitted]:
    """``fit(item, stopped)`` of every item, in threads: as many as there are processors. Results are in their order.

    ``each(done)`` is called after each result. An interrupt, or the error of a fit, does not wait for the fits under
    way, which may be in C for minutes: no other is begun, and ``stopped()`` tells those to end. Their threads are
    daemons, so that the process can end before them.
    """
    ended, lock, waiting = threading.Event(), threading.Lock(), iter(enumerate(items))
    answers: SimpleQueue[tuple[int, Fitted] | BaseException] = SimpleQueue()

    def work() -> None:
        while not ended.is_set():
            try:
                with lock:
                    number, item = next(waiting)
            except StopIteration:
                return
            try:
                answers.put((number, fit(item, ended.is_set)))
            except BaseException as error:
                answers.put(error)

    for _ in range(min(processors(), len(items))):
        threading.Thread(target=work, daemon=True).start()
    results: dict[int, Fitted] = {}
    try:
        while len(results) < len(items):
            answer = answers.get()
            if isinstance(answer, BaseException):
                raise answer
            results[answer[0]] = answer[1]
            each(len(results))
    finally:
        ended.set()
    return [results[number] for number in range(len(items))]
