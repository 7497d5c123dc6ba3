"""Numbers that papers state, for a report to put beside measured ones. Only what is written in a text is here."""

from dataclasses import dataclass

_FACTOR = "Kim & Mnih 2018"


@dataclass(frozen=True)
class Published:
    """One number: of a method, by a metric with its protocol (``""``: any), on a data set; ``setting``: how made."""

    method: str
    metric: str
    protocol: str
    data: str
    value: float
    setting: str
    source: str


PUBLISHED = (
    Published(
        "factorvae", "factor", "paper", "dsprites", 0.82, "γ=40, best mean score, 300,000 steps", f"{_FACTOR}, fig. 5"
    ),
    Published(
        "betavae", "factor", "paper", "dsprites", 0.73, "β=4, best mean score, 300,000 steps", f"{_FACTOR}, fig. 5"
    ),
    Published("factorvae", "reconstruction", "", "dsprites", 45.0, "γ=40, about", f"{_FACTOR}, fig. 5"),
    Published("betavae", "reconstruction", "", "dsprites", 45.0, "β=4, about", f"{_FACTOR}, fig. 5"),
    Published("factorvae", "reconstruction", "", "shapes3d", 3515.0, "γ=36, 1,000,000 steps", f"{_FACTOR}, fig. 10"),
    Published("betavae", "reconstruction", "", "shapes3d", 3570.0, "β=24, 1,000,000 steps", f"{_FACTOR}, fig. 11"),
    Published(
        "lord",
        "leakage",
        "",
        "smallnorb",
        0.65,
        "class from noise-free content by an MLP; chance 0.02",
        "Gabbay & Hoshen 2020's method, as others measured it",
    ),
)

# Over the models of figure 4: the factor metric with Higgins et al.'s.
CORRELATION = (
    {"factor", "higgins"},
    {"pearson": 0.404, "kendall": 0.310, "spearman": 0.444},
    "dsprites",
    f"{_FACTOR}, section 6",
)


def of(metric: str, protocol: str, models: set[tuple[str, str]]) -> list[Published]:
    """What is published of a metric for any of ``models``, which are pairs of method and data set."""
    return [
        known
        for known in PUBLISHED
        if known.metric == metric and known.protocol in ("", protocol) and (known.method, known.data) in models
    ]
