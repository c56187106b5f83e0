"""The engine: knows nothing of any screen."""
