"""The model of scenario files, and the built-in scenarios (built_in/, with a README)."""
