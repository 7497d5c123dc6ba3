"""Which factors of the content an exchange keeps: the image made, against the images that there are of its class.

A mean error does not tell a blurred image from a sharp one that shows another value of a factor. And no loss tells a
method which values of a factor belong together in two classes: with a code for each image, every class may number them
anew, and each image is still reconstructed without error. So the values themselves are compared.
"""

import math
from collections.abc import Callable

import numpy as np

MOST_VALUES = 32  # where a factor has more, none is compared: each step looks at an image of each value
_IMAGES = 1024  # that are in memory at once
_EQUAL = 1e-6  # of a distance: images that differ by less are equal, and rounding decides nothing


class Cells:
    """Where the rows of every combination of class and content are, for looking up the neighbours of some."""

    def __init__(self, classes: np.ndarray, contents: np.ndarray, names: tuple[str, ...]):
        """``classes`` int [n], ``contents`` int [n,K]: of all rows; ``names``: the K factors'."""
        self.contents = contents
        self.sizes = [int(size) for size in contents.max(axis=0) + 1]
        strides = [math.prod(self.sizes[:factor]) for factor in range(len(self.sizes) + 1)]
        fits = strides[-1] * (int(classes.max()) + 1) < 1 << 62  # else no int64 holds a cell's number
        self.strides = np.array(strides if fits else [0] * len(strides), np.int64)
        fits &= max(self.sizes) <= MOST_VALUES  # a change of a factor left out would pass for changes of the others
        self.compared = {i: n for i, n in enumerate(names) if fits and self.sizes[i] >= 2}
        self.cells = contents.astype(np.int64) @ self.strides[:-1] + classes.astype(np.int64) * self.strides[-1]
        self.known, self.first = np.unique(self.cells, return_index=True)

    def neighbours(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The rows that differ from each of ``rows``, int64 [P], in one factor of the content.

        Gives the places in ``rows`` and the neighbours, int64 [V] each. Of rows that share class and content, the
        first.
        """
        found = [np.zeros((2, 0), np.int64)]
        for factor in self.compared:
            values, own = np.arange(self.sizes[factor])[None], self.contents[rows, factor].astype(np.int64)[:, None]
            wanted = self.cells[rows][:, None] + (values - own) * self.strides[factor]
            at = np.minimum(np.searchsorted(self.known, wanted), len(self.known) - 1)
            place, value = np.nonzero((self.known[at] == wanted) & (values != own))
            found.append(np.stack([place, self.first[at[place, value]]]))
        places, others = np.concatenate(found, axis=1)
        return places, others


def kept(
    made: np.ndarray, errors: np.ndarray, targets: np.ndarray, cells: Cells, images: Callable[[np.ndarray], np.ndarray]
) -> dict[str, np.ndarray]:
    """Each compared factor's name -> bool [P]: whether an image made shows the value that it should.

    ``made``: float32 [P,H,W,C]; ``errors``: their mean squared distances to the true images, float64 [P], whose rows
    are ``targets``, int64 [P]. ``images``: rows int64 [B] -> float32 [B,H,W,C]. What an image shows are the values of
    the nearest image: it is looked for from the true one on, by steps in one factor, for as long as they lead nearer.
    So it is right of hues, sizes and views. Of a small object at a far place it says too often that all is right: an
    image that overlaps with neither is as near to the one as to the other.
    """
    shown, nearest, moving = targets.copy(), errors.copy(), np.arange(len(targets))
    while len(moving):
        places, others = cells.neighbours(shown[moving])
        distances = np.empty(len(places))
        for start in range(0, len(places), _IMAGES):
            part = slice(start, start + _IMAGES)
            difference = made[moving[places[part]]].astype(np.float64) - images(others[part])
            distances[part] = np.square(difference).mean(axis=(1, 2, 3))
        order = np.argsort(distances, kind="stable")
        first, at = np.unique(places[order], return_index=True)  # each place's nearest neighbour
        nearer = distances[order[at]] < nearest[moving[first]] * (1 - _EQUAL)
        moving = moving[first[nearer]]
        shown[moving], nearest[moving] = others[order[at[nearer]]], distances[order[at[nearer]]]
    same = cells.contents[shown] == cells.contents[targets]
    return {name: same[:, factor] for factor, name in cells.compared.items()}
