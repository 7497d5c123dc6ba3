"""Learn, measure and steer disentangled representations."""

__version__ = "0.1.0"
