"""Scenario files: their model, and the built-in ones (built_in/, with a README)."""
