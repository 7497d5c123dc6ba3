"""Directions of a generator's latent space along which one property of its images changes.

Plumerault, Le Borgne & Hudelot, "Controlling generative models with continuous factors of variations" (ICLR 2020).
"""

METHODS = {
    "paper": "algorithm 1 of the paper: Adam follows the changed image; u and g are then fitted together",
    "lm": "Levenberg-Marquardt follows the changed image; u is the mean direction of all starts; g is measured along u",
    "tangent": "one linear solve per start, without following; g as in lm",
}
