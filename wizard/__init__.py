"""The engine: knows nothing of any screen."""

__version__ = "0.1.0"
TOOL = {"name": "aks-kms", "version": __version__}
"""What plans and reports say that they were made with."""
