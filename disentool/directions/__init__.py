"""Directions of a generator's latent space along which one property of its images changes.

Plumerault, Le Borgne & Hudelot, "Controlling generative models with continuous factors of variations" (ICLR 2020).
"""

METHODS = {
    "paper": "the paper's algorithm 1: Adam follows the changed image step by step; u and g fitted together",
    "lm": "Levenberg-Marquardt follows it; u from each start's sum of t * (z - z0), g from moves along u",
    "tangent": "one linear solve per start, without following; g as in lm",
}
