"""Directions of a generator's latent space along which one property of its images changes.

Plumerault, Le Borgne & Hudelot, "Controlling generative models with continuous factors of variations" (ICLR 2020).
"""
