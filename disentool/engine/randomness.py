"""Every random number of a run, from the key (seed, step, phase, repeat): no state is kept from step to step.

A counter-based generator (Philox) is set to the key and read in a fixed order: the rows first, then the noise as
declared. So resuming needs only the step, a run of several seeds draws what single runs draw, and a CPU and a GPU see
the same numbers.
"""

import numpy as np

from disentool.contract import Draw, Noise, Phase
from disentool.engine.grouping import ClassGroups
from disentool.engine.pairing import Pairs

# The purpose of a stream: the draws of a step, the order of a pass, the codes of a row, the rows a stage starts with.
_STEP, _PASS, _ROW, _START = 0, 1, 2, 3


def _stream(seed: int, purpose: int, phase: int, repeat: int, index: int) -> np.random.Generator:
    key = np.array([seed, (purpose << 48) | (phase << 32) | repeat], dtype=np.uint64)
    # The generator counts in the low words; the step sits in the high one, so that streams never meet.
    return np.random.Generator(np.random.Philox(key=key, counter=np.array([0, 0, 0, index], dtype=np.uint64)))


class _Steps:
    """The streams of a run's steps, one at a time: what :func:`_stream` gives, without making a generator anew."""

    def __init__(self, seed: int):
        self._bits = np.random.Philox(key=np.array([seed, 0], dtype=np.uint64))
        self._generator = np.random.Generator(self._bits)
        self._state = self._bits.state  # as it is before the first number

    def at(self, phase: int, repeat: int, step: int) -> np.random.Generator:
        """The stream of this update; the one before it ends here."""
        self._state["state"]["key"][1] = (_STEP << 48) | (phase << 32) | repeat
        self._state["state"]["counter"][3] = step
        self._bits.state = self._state
        return self._generator


class Randomness:
    """The draws of one run: ``seed`` over a data set of ``rows`` rows, with ``factors`` int [rows,K] or None."""

    def __init__(self, seed: int, rows: int, factors: np.ndarray | None = None):
        self.seed, self.rows, self.factors = seed, rows, factors
        self._steps = _Steps(seed)
        self._pairs: dict[int | None, Pairs] = {}
        self._groups: dict[tuple[int, ...], ClassGroups] = {}
        self._orders: dict[tuple[int, int], np.ndarray] = {}

    def draw(self, phase: Phase, index: int, step: int, repeat: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Rows int64 [B] and the named noise tensors of phase number ``index`` at ``step`` (of its stage)."""
        stream = self._steps.at(index, repeat, step)
        if phase.draw.kind == "epoch":
            rows = self._epoch(phase.draw, index, step * phase.repeats + repeat)
        else:
            rows = self._independent(phase.draw, stream)
        return rows, {noise.name: _noise(noise, stream) for noise in phase.noise}

    def reference(self, draw: Draw, stage: int) -> np.ndarray:
        """The rows int64 [B] that stage number ``stage`` is shown when it starts; any draw but ``epoch``."""
        return self._independent(draw, _stream(self.seed, _START, stage, 0, 0))

    def check(self, phase: Phase, index: int) -> None:
        """Raise NoFactors or DataMismatch if the data cannot give what this phase draws."""
        if phase.draw.kind in ("pairs", "groups"):
            self.draw(phase, index, 0)

    def _independent(self, draw: Draw, stream: np.random.Generator) -> np.ndarray:
        """Rows of a draw that remembers nothing."""
        if draw.kind == "uniform":
            return stream.integers(0, self.rows, draw.batch)
        if draw.kind == "pairs":
            return self._paired(draw).draw(stream, draw.batch)
        return self._grouped(draw).draw(stream, draw.batch // draw.each, draw.each)

    def _grouped(self, draw: Draw) -> ClassGroups:
        if draw.columns not in self._groups:
            self._groups[draw.columns] = ClassGroups(self.factors, draw.columns)
        return self._groups[draw.columns]

    def _paired(self, draw: Draw) -> Pairs:
        if draw.changes not in self._pairs:
            self._pairs[draw.changes] = Pairs(self.factors, draw.changes)
        return self._pairs[draw.changes]

    def _epoch(self, draw: Draw, index: int, turn: int) -> np.ndarray:
        """The rows at positions turn*B .. turn*B + B of the endless stream of shuffled passes."""
        first, last = turn * draw.batch, (turn + 1) * draw.batch
        passes = range(first // self.rows, (last - 1) // self.rows + 1)
        orders: dict[tuple[int, int], np.ndarray] = {}
        for p in passes:
            known = self._orders.get((index, p))
            if known is None:
                known = _stream(self.seed, _PASS, index, 0, p).permutation(self.rows)
            orders[index, p] = known
        self._orders = {k: v for k, v in self._orders.items() if k[0] != index} | orders  # forget finished passes
        return np.concatenate([orders[index, p][max(first - p * self.rows, 0) : last - p * self.rows] for p in passes])


def _noise(noise: Noise, stream: np.random.Generator) -> np.ndarray:
    if noise.law == "normal":
        return stream.standard_normal(noise.shape, dtype=np.float32)
    uniform = stream.random(noise.shape, dtype=np.float32 if noise.law == "uniform" else np.float64)
    if noise.law == "uniform":
        return uniform
    return np.argsort(uniform, axis=0)  # float64 keys: ties, which would bias the order, do not occur in practice


def latent_noise(seed: int, rows: np.ndarray, size: int) -> np.ndarray:
    """Standard normals float32 [n,size] that depend on (seed, row) only, whatever rows are asked for together."""
    return np.stack([_stream(seed, _ROW, 0, 0, int(row)).standard_normal(size, dtype=np.float32) for row in rows])
