"""Discrete mutual information, in nats, of binned codes and of factors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentool.metrics.arrays import Array, Floats, Integers

ROUNDING = 1e-12  # nats: what independent classes leave, of either sign


def binned(codes: Array, bins: int) -> Integers:
    """Bin numbers int64 [n, D], 0..bins-1, of float32 [n, D]: equal widths between each dimension's least and most."""
    out = np.empty(codes.shape, np.int64, order="F")
    for j in range(codes.shape[1]):
        column = codes[:, j].astype(np.float64)
        edges = np.histogram_bin_edges(column, bins)
        out[:, j] = np.searchsorted(edges[:-1], column, side="right") - 1
    return out


def pairwise_information(a: Array, b: Array) -> Floats:
    """I(a_i; b_j) float64 [A, B] of class numbers int [n, A] and [n, B], each from 0."""
    out = np.empty((a.shape[1], b.shape[1]))
    rights = [b[:, j].astype(np.int64) for j in range(b.shape[1])]
    for i in range(a.shape[1]):
        left = a[:, i].astype(np.int64)
        height = int(left.max()) + 1
        for j, right in enumerate(rights):
            width = int(right.max()) + 1
            joint = np.bincount(left * width + right, minlength=height * width).reshape(height, width) / len(left)
            independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
            there = joint > 0
            found = (joint[there] * np.log(joint[there] / independent[there])).sum()
            out[i, j] = found if found > ROUNDING else 0.0
    return out


def information_about_factors(codes: Array, factors: Array, bins: int) -> Floats:
    """I(z_i; v_k) float64 [D, K], nats, of binned codes [n, D] and factors int [n, K]."""
    return pairwise_information(binned(codes, bins), factors)


def entropy(labels: Array) -> Floats:
    """H(labels_j) float64 [K] of class numbers int [n, K]."""
    out = np.empty(labels.shape[1])
    for j in range(labels.shape[1]):
        share = np.bincount(labels[:, j]) / len(labels)
        share = share[share > 0]
        out[j] = -(share * np.log(share)).sum()
    return out


def gaps(scores: Floats) -> tuple[Floats, NDArray[Any], list[str]]:
    """For each column of float64 [D, K]: best minus second best [K], and the best.

    A lone dimension's second is 0, and a note says so.
    """
    ordered = np.sort(np.concatenate([np.zeros((1, scores.shape[1])), scores]) if len(scores) < 2 else scores, axis=0)
    notes = ["one dimension only: its gap is to nothing"] if len(scores) == 1 else []
    return ordered[-1] - ordered[-2], scores.argmax(axis=0), notes
