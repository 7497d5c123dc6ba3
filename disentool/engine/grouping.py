"""Groups of images, each group of one class: the batches of methods that know the class of an image, and no more."""

import numpy as np

from disentool.errors import DataMismatch, NoFactors


class ClassGroups:
    """Draws classes, and images of each, from the factors of a data set.

    A class is a combination of values, which the data holds, of the factors ``columns``. A batch holds a class at
    most once if the data has enough classes; else all classes come equally often, or one more time. A group holds an
    image at most once if its class has enough images; the images of a smaller class are repeated in turn, so that it is
    learned too.

    Raises NoFactors, or DataMismatch where all images are of one class.
    """

    def __init__(self, factors: np.ndarray | None, columns: tuple[int, ...]):
        """``factors``: int [N,K], or None where the data has none."""
        if factors is None:
            raise NoFactors("has no factors, by which images are grouped; train a method that needs no classes")
        _, classes = np.unique(factors[:, list(columns)], axis=0, return_inverse=True)
        classes = classes.reshape(-1)  # numpy 2.0 alone keeps the second axis
        self.sizes = np.bincount(classes)  # images of each class, int64 [classes], none of them zero
        if len(self.sizes) < 2:
            raise DataMismatch("all its images are of one class, and a class is learned beside others")
        self._rows = np.argsort(classes, kind="stable")  # class by class
        self._first = np.cumsum(self.sizes) - self.sizes

    def draw(self, stream: np.random.Generator, count: int, each: int) -> np.ndarray:
        """``each`` rows of every one of ``count`` classes, group by group: int64 [count * each]."""
        whole, rest = divmod(count, len(self.sizes))
        turns = [stream.permutation(len(self.sizes)) for _ in range(whole)]
        chosen = np.concatenate([*turns, stream.choice(len(self.sizes), rest, replace=False)])
        members = _distinct(stream, self.sizes[chosen], each)
        rows: np.ndarray = self._rows[self._first[chosen][:, None] + members].reshape(-1)
        return rows


def _distinct(stream: np.random.Generator, sizes: np.ndarray, each: int) -> np.ndarray:
    """For each of ``sizes`` (int64 [P]) so many different numbers below it, in random order: int64 [P,each].

    Where ``each`` exceeds the size, every number comes once before any comes again.
    """
    out = np.empty((len(sizes), each), np.int64)
    for place in range(each):
        turn = place // sizes * sizes  # where the group's present turn through its class began, [P]
        got = stream.integers(0, sizes - (place - turn))
        # ``got`` counts what is left; every smaller number that was taken in this turn moves it up by one.
        taken = np.where(np.arange(place) >= turn[:, None], out[:, :place], np.iinfo(np.int64).max)
        for smaller in np.sort(taken, 1).T:
            got += got >= smaller
        out[:, place] = got
    return out
