"""The engine: knows nothing of any screen."""

__version__ = "0.1.0"
