"""Directions of a generator's latent space along which one property of its images changes.

Plumerault, Le Borgne & Hudelot, "Controlling generative models with continuous factors of variations" (ICLR 2020).
"""

METHODS = {
    "paper": "the paper's algorithm 1: Adam follows the changed image; u, from the starts' mean way on, and g together",
    "lm": "Levenberg-Marquardt follows it; u is the mean of the starts' ways, g is measured by moves along u",
    "tangent": "one linear solve per start, without following; g as in lm",
}
