"""How long things take, measured apart from the tests: `python -m tests.benchmarks [NAME...]`."""
