"""Records as `score` prints them, made up: two methods, two weights each, seeds and steps, for the tests of plots."""

import hashlib
import json
from pathlib import Path

import numpy as np

FACTORS = ["shape", "scale", "orientation", "pos_x", "pos_y"]


def record(metric: str, score: float | None, **entries) -> dict:
    """One score record of a model; ``details`` and other entries as given."""
    method, weight, seed, step = (entries.pop(k, d) for k, d in zip(
        ("method", "weight", "seed", "step"), ("factorvae", 40.0, 0, 500), strict=True
    ))  # fmt: skip
    name = {"factorvae": "gamma", "betavae": "beta"}.get(method, "weight")
    return {
        "format": "disentool.score",
        "version": 1,
        "artefact": f"runs/{method}-{weight:g}-{seed}-{step}.pt",
        "id": hashlib.sha256(repr((method, weight, seed, step)).encode()).hexdigest()[:16],
        "method": method,
        "config": {name: weight, "latent_dim": 10, "steps": 500},
        "seed": seed,
        "step": step,
        "data": "dsprites",
        "data_sha256": "d" * 64,
        "split": "all",
        "rows": 3000,
        "metric": metric,
        "protocol": {"reconstruction": "subset", "tc": "mixture", "mig": "exact"}.get(metric, "paper"),
        "score": score,
        "interval": None if score is None else [score - 0.02, score + 0.03],
        "per_factor": {},
        "details": {"changed_options": []},
    } | entries


def models(seeds: int = 3, steps: tuple[int, ...] = (100, 300, 500)) -> list[dict]:
    """(method, weight, seed, step) of every model, as keyword arguments of :func:`record`."""
    return [
        {"method": method, "weight": weight, "seed": seed, "step": step}
        for method, weights in (("factorvae", (10.0, 40.0)), ("betavae", (1.0, 4.0)))
        for weight in weights
        for seed in range(seeds)
        for step in steps
    ]


def scored(*metrics: str, **which) -> list[dict]:
    """Records of these metrics for all :func:`models`: more training, less error and a higher score."""
    rng = np.random.default_rng(0)
    found = []
    for model in models(**which):
        heavy = model["weight"] / (40 if model["method"] == "factorvae" else 4)
        bonus = 0.15 if model["method"] == "factorvae" else 0
        error = 60 + 40 * heavy + 9000 / model["step"] + rng.normal(0, 6)
        for metric in metrics:
            score = error if metric == "reconstruction" else 0.35 + 0.2 * heavy + bonus + model["step"] / 2500
            found.append(record(metric, score + (0 if metric == "reconstruction" else rng.normal(0, 0.05)), **model))
    return found


def votes(**model) -> dict:
    """A factor record with its table of votes: ten dimensions, three of them collapsed."""
    rng = np.random.default_rng(3)
    table = rng.poisson(4, (10, 5))
    for dimension, factor in ((0, 3), (1, 4), (2, 1), (4, 2), (6, 0)):
        table[dimension, factor] += 110
    table[[3, 7, 9]] = 0
    details = {
        "factors": FACTORS,
        "vote_table": table.tolist(),
        "majority": [FACTORS[row.argmax()] if row.any() else None for row in table],
        "active_dimensions": [0, 1, 2, 4, 5, 6, 8],
        "votes": int(table.sum()),
        "changed_options": [],
    }
    return record("factor", float(table.max(1).sum() / table.sum()), details=details, **model)


def total_correlation(**model) -> dict:
    """A tc record: the discriminator sees less than there is."""
    true = 0.3 + 900 / (model["step"] + 100) / (1 + model["weight"] / 20) + 0.05 * model["seed"]
    estimates = {"mixture": true, "discriminator": 0.4 * true, "gaussian": 0.6 * true}
    details = {"estimates": estimates, "samples": 500, "unit": "nats", "changed_options": []}
    return record("tc", true, interval=[true - 0.05, true + 0.05], details=details, **model)


def swept(**model) -> list[dict]:
    """factor records with other constants, one at a time."""
    found = []
    for key, values in (("votes", (100, 200, 400, 1600)), ("group_size", (10, 50, 200)), ("rescaled", (True,))):
        for value in values:
            details = {"votes": 800, "group_size": 100, "rescaled": False, key: value, "changed_options": [key]}
            found.append(record("factor", 0.6 + 0.03 * np.log10(float(value) + 1), details=details, **model))
    usual = {"votes": 800, "group_size": 100, "rescaled": False, "changed_options": []}
    return [*found, record("factor", 0.69, details=usual, **model)]


def history(steps: int = 500, every: int = 50, seed: int = 0) -> list[dict]:
    """A FactorVAE's history lines."""
    rng = np.random.default_rng(seed)
    return [
        {
            "step": step,
            "time": step / 20,
            "loss": 100 + 9000 / step + rng.normal(0, 3),
            "reconstruction": 90 + 9000 / step + rng.normal(0, 3),
            "kl": 20 * step / (step + 100) + rng.normal(0, 0.3),
            "tc": 0.5 + rng.normal(0, 0.1),
        }
        for step in range(every, steps + 1, every)
    ]


def _quantity(value):
    return {"value": value, "interval": [value - 0.01, value + 0.01]}


def control(beta: float = 1.0, seed: int = 0, direction: str = "shift-x", **details) -> dict:
    """A direction's record: t known within the fitted range, the property bends."""
    alpha = np.linspace(-3, 3, 7)
    t = 0.1 * alpha + 0.01 * beta
    t[3] = 0.0
    edges = np.linspace(-0.3, 0.3, 4)
    held = {
        "direction": direction,
        "controlled": "x",
        "measured_unit": "image widths",
        "t_unit": "image widths",
        "starts": 30,
        "generator": {"name": "betavae", "config": {"beta": beta, "latent_dim": 10}, "seed": seed},
        "curve": {
            "alpha": alpha.tolist(),
            "t": [None, *t[1:-1].tolist(), None],
            "mean": (0.5 + 0.9 * t).tolist(),
            "std": (0.01 + 0 * t).tolist(),
        },
        "law": {
            "asked": [-0.2, 0.2],
            "ks": _quantity(0.12),
            "ks_moved": _quantity(0.05),
            "histogram": {"edges": edges.tolist(), "measured": [10, 20, 10], "moved": [0, 40, 0]},
        },
    }
    return record("control", 0.9, method="tangent", seed=0, details=held | details)


def leak(clean, noisy, method="lord", codes="encoder", **entries) -> dict:
    """A leakage record of (logistic, mlp) accuracies on clean codes and on noisy ones."""
    accuracies = {
        kind: {probe: {"mean": mean, "std": 0.0} for probe, mean in zip(("logistic", "mlp"), means, strict=True)}
        for kind, means in (("clean", clean), ("noisy", noisy))
    }
    part = {"rows": 100, "class_from_content": accuracies | {"chance": 0.05, "majority": 0.06}}
    return record("leakage", clean[1], method=method, codes=codes, details={"parts": {"training": part}}, **entries)


def write(path: Path, lines: list[dict]) -> Path:
    """A JSON-lines file."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path
